package cloudsigntest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

func (w *world) add(status cloudsigntest.Status, change ...func(*cloudsigntest.Document)) string {
	d := cloudsigntest.Document{UserID: w.user.ID, Status: status}
	for _, c := range change {
		c(&d)
	}
	return w.AddDocument(d).ID
}

func TestStatusFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithOrder(cloudsigntest.OldestFirst))
	ids := map[cloudsigntest.Status]string{}
	all := []string{}
	for _, s := range []cloudsigntest.Status{
		cloudsigntest.Draft, cloudsigntest.Pending, cloudsigntest.Concluded,
		cloudsigntest.Declined, cloudsigntest.Template, cloudsigntest.Imported,
	} {
		ids[s] = w.add(s)
		all = append(all, ids[s])
	}
	require.Equal(t, all, w.get(w.user, "/documents").ids())
	require.Equal(t, all, w.get(w.user, "/documents?status=").ids())
	require.Equal(t, all, w.get(w.user, "/documents?status=-1").ids())
	for s := cloudsigntest.Draft; s <= cloudsigntest.Template; s++ {
		require.Equal(t, []string{ids[s]}, w.get(w.user, fmt.Sprintf("/documents?status=%d", s)).ids())
	}
	for _, bad := range []string{"13", "5", "-2", "x", "2.0"} {
		a := w.get(w.user, "/documents?status="+bad)
		require.Equal(t, http.StatusBadRequest, a.status, bad)
		require.Equal(t, "bad_request", a.code())
	}
	require.Equal(t,
		[]string{ids[cloudsigntest.Pending], ids[cloudsigntest.Concluded], ids[cloudsigntest.Declined], ids[cloudsigntest.Imported]},
		w.get(w.admin, "/team_documents").ids())

	hidden := newWorld(t, cloudsigntest.WithImportedInAll(false))
	hidden.add(cloudsigntest.Imported)
	require.Empty(t, hidden.get(hidden.user, "/documents").ids())
	require.Len(t, hidden.get(hidden.admin, "/team_documents").ids(), 1)
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithOrder(cloudsigntest.OldestFirst))
	want := []string{}
	for range 201 {
		want = append(want, w.add(cloudsigntest.Concluded))
	}
	got := []string{}
	for page := 1; page <= 3; page++ {
		a := w.get(w.user, fmt.Sprintf("/documents?page=%d", page))
		require.Equal(t, json.Number("201"), a.json["total"])
		require.Equal(t, json.Number(fmt.Sprint(page)), a.json["page"])
		got = append(got, a.ids()...)
	}
	require.Equal(t, want, got)
	for _, past := range []string{"4", "9223372036854775807"} {
		a := w.get(w.user, "/documents?page="+past)
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, []any{}, a.json["documents"])
		require.Equal(t, json.Number("201"), a.json["total"])
	}
	for _, invalid := range []string{"", "0", "-3", "x", "1.5"} {
		require.Equal(t, want[:100], w.get(w.user, "/documents?page="+invalid).ids(), invalid)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order cloudsigntest.Order
		want  []int // after the documents 0, 1 and 2 were made and 0 was concluded last
	}{
		{cloudsigntest.NewestFirst, []int{2, 1, 0}},
		{cloudsigntest.OldestFirst, []int{0, 1, 2}},
		{cloudsigntest.LastProcessedFirst, []int{0, 2, 1}},
	} {
		w := newWorld(t, cloudsigntest.WithOrder(c.order))
		ids := []string{w.add(cloudsigntest.Pending)}
		for range 2 {
			w.Clock().Advance(time.Hour)
			ids = append(ids, w.add(cloudsigntest.Concluded))
		}
		require.Len(t, w.get(w.user, "/documents").ids(), 3) // so that a list is remembered
		w.Clock().Advance(time.Hour)
		w.Conclude(ids[0])
		want := []string{ids[c.want[0]], ids[c.want[1]], ids[c.want[2]]}
		require.Equal(t, want, w.get(w.user, "/documents").ids())
	}
}

func TestOrderOfDocumentsAddedOutOfOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	newer := w.add(cloudsigntest.Concluded, func(d *cloudsigntest.Document) { d.CreatedAt = start.Add(time.Hour) })
	older := w.add(cloudsigntest.Concluded)
	require.Equal(t, []string{newer, older}, w.get(w.user, "/documents").ids())
}

// addAround adds documents processed around the start, and names them by id.
func addAround(w *world) map[string]string {
	at := func(d time.Duration) func(*cloudsigntest.Document) {
		return func(doc *cloudsigntest.Document) {
			doc.Participants = []cloudsigntest.Participant{{Email: "s@example.jp"}, {Email: "r@example.jp", ProcessedAt: start.Add(d)}}
		}
	}
	return map[string]string{
		w.add(cloudsigntest.Concluded, at(0)):                               "first",
		w.add(cloudsigntest.Concluded, at(time.Microsecond)):                "second",
		w.add(cloudsigntest.Concluded, at(2*time.Microsecond)):              "third",
		w.add(cloudsigntest.Pending):                                        "pending",
		w.add(cloudsigntest.Draft):                                          "draft",
		w.add(cloudsigntest.Concluded, at(-time.Hour)):                      "early",
		w.add(cloudsigntest.Concluded, at(time.Hour+500*time.Nanosecond)):   "late",
		w.add(cloudsigntest.Declined, at(time.Hour+9*time.Microsecond)):     "declined",
		w.add(cloudsigntest.Imported, at(time.Hour+10*time.Microsecond)):    "imported",
		w.add(cloudsigntest.Concluded, at(48*time.Hour)):                    "much later",
		w.add(cloudsigntest.Concluded, at(-48*time.Hour+1*time.Nanosecond)): "much earlier",
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	micro := func(d time.Duration) string { return start.Add(d).Format("2006-01-02T15:04:05.000000Z07:00") }
	window := func(from, to string) string {
		q := url.Values{}
		for k, v := range map[string]string{"from": from, "to": to} {
			if v != "" {
				q.Set(k, v)
			}
		}
		return "?" + q.Encode()
	}
	for name, c := range map[string]struct {
		opts     []cloudsigntest.Option
		from, to string
		want     []string
	}{
		"both bounds included": {nil, micro(0), micro(2 * time.Microsecond), []string{"first", "second", "third", "draft"}},
		"both bounds excluded": {
			[]cloudsigntest.Option{cloudsigntest.WithBounds(false, false)}, micro(0), micro(2 * time.Microsecond), []string{"second"},
		},
		"only from":       {nil, micro(time.Hour + 9*time.Microsecond), "", []string{"declined", "imported", "much later"}},
		"only to":         {nil, "", micro(-time.Hour), []string{"early", "much earlier"}},
		"seconds":         {nil, "2025-04-01T10:00:00Z", "2025-04-01T10:00:00Z", []string{"late"}},
		"another zone":    {nil, "2025-04-01T19:00:00+09:00", "2025-04-01T19:00:00+09:00", []string{"late"}},
		"empty is absent": {nil, "", "", []string{"first", "second", "third", "pending", "draft", "early", "late", "declined", "imported", "much later", "much earlier"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.opts...)
			names := addAround(w)
			got := []string{}
			for _, id := range w.get(w.user, "/documents"+window(c.from, c.to)).ids() {
				got = append(got, names[id])
			}
			require.ElementsMatch(t, c.want, got)
		})
	}
}

func TestWindowThatIsNoTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []string{"2025-04-01", "yesterday", "2025-04-01T00:00:00+09:00"} { // the last one not escaped
		require.Equal(t, "bad_request", w.get(w.user, "/documents?from="+bad).code())
		require.Equal(t, "bad_request", w.get(w.admin, "/team_documents?to="+bad).code())
	}
	lenient := newWorld(t, cloudsigntest.WithLenientTimes(true))
	require.Equal(t, http.StatusOK, lenient.get(lenient.user, "/documents?from=yesterday").status)
}

func TestPartsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(cloudsigntest.Concluded, func(d *cloudsigntest.Document) {
		d.Reportees = []cloudsigntest.Reportee{{Email: "c@example.jp", Name: "共有"}}
		d.Attachment = &cloudsigntest.Attachment{Files: []cloudsigntest.AttachedFile{{Name: "a.pdf"}, {Name: "b.pdf", Deleted: true}}}
	})
	parts := []string{"files", "participants", "reportees", "attachment"}
	for _, c := range []struct {
		query           string
		documents, team []string
	}{
		{"", []string{"files", "participants"}, nil},
		{"?with_files=y&with_participants=y&with_reportees=y&with_attachment=y", parts, parts},
		{"?with_files=n&with_participants=", nil, nil},
		{"?with_files=yes&with_reportees=1", []string{"participants"}, nil},
	} {
		for path, want := range map[string][]string{"/documents": c.documents, "/team_documents": c.team} {
			d := w.get(w.admin, path+c.query).json["documents"].([]any)[0].(map[string]any)
			got := []string{}
			for _, p := range parts {
				if _, ok := d[p]; ok {
					got = append(got, p)
				}
			}
			require.ElementsMatch(t, want, got, path+c.query)
		}
	}
}

func TestSharedTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.add(cloudsigntest.Template)
	shared := w.AddDocument(cloudsigntest.Document{UserID: w.admin.ID, Status: cloudsigntest.Template, Shared: true}).ID
	w.AddDocument(cloudsigntest.Document{UserID: w.admin.ID, Status: cloudsigntest.Template})
	require.ElementsMatch(t, []string{own}, w.get(w.user, "/documents?status=4").ids())
	require.ElementsMatch(t, []string{own, shared}, w.get(w.user, "/documents?status=4&with_shared_templates=y").ids())
	require.ElementsMatch(t, []string{own}, w.get(w.user, "/documents?with_shared_templates=y").ids())
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private := w.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{
		TeamDocumentAdministrator: true, PrivateDocumentAdministrator: true,
	}})
	foreign := w.AddUser(cloudsigntest.User{TeamID: w.AddTeam(cloudsigntest.Team{}).ID})
	byForeign := func(d *cloudsigntest.Document) { d.UserID = foreign.ID }
	withUser := func(d *cloudsigntest.Document) {
		d.Participants = []cloudsigntest.Participant{{Email: foreign.Email}, {Email: w.user.Email, ProcessedAt: start}}
	}
	secret := func(d *cloudsigntest.Document) { d.Private = true }
	names := map[string]string{
		w.add(cloudsigntest.Concluded):                              "own",
		w.add(cloudsigntest.Concluded, secret):                      "own secret",
		w.add(cloudsigntest.Draft):                                  "own draft",
		w.add(cloudsigntest.Concluded, byForeign, withUser):         "received",
		w.add(cloudsigntest.Concluded, byForeign, withUser, secret): "received secret",
		w.add(cloudsigntest.Draft, byForeign, withUser):             "foreign draft",
		w.add(cloudsigntest.Concluded, byForeign):                   "foreign",
	}
	for who, c := range map[string]struct {
		user      cloudsigntest.User
		documents []string
		team      []string // nil: refused
	}{
		"user":    {w.user, []string{"own", "own secret", "own draft", "received", "received secret"}, nil},
		"admin":   {w.admin, []string{"own", "received"}, []string{"own", "received"}},
		"private": {private, []string{"own", "own secret", "received", "received secret"}, []string{"own", "own secret", "received", "received secret"}},
		"foreign": {foreign, []string{"received", "received secret", "foreign draft", "foreign"}, nil},
	} {
		seen := []string{}
		for _, id := range w.get(c.user, "/documents").ids() {
			seen = append(seen, names[id])
		}
		require.ElementsMatch(t, c.documents, seen, who)
		for id, name := range names {
			want := http.StatusForbidden
			for _, s := range seen {
				if s == name {
					want = http.StatusOK
				}
			}
			require.Equal(t, want, w.get(c.user, "/documents/"+id).status, who+" "+name)
		}
		team := w.get(c.user, "/team_documents")
		if c.team == nil {
			require.Equal(t, "forbidden", team.code(), who)
			continue
		}
		seen = seen[:0]
		for _, id := range team.ids() {
			seen = append(seen, names[id])
		}
		require.ElementsMatch(t, c.team, seen, who)
	}
}

func TestVisibilityKnobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithPrivateListed(true))
	w.add(cloudsigntest.Concluded, func(d *cloudsigntest.Document) { d.Private = true })
	require.Len(t, w.get(w.admin, "/documents").ids(), 1)
	require.Len(t, w.get(w.admin, "/team_documents").ids(), 1)

	w = newWorld(t, cloudsigntest.WithTeamInDocuments(false))
	id := w.add(cloudsigntest.Concluded)
	require.Empty(t, w.get(w.admin, "/documents").ids())
	require.Len(t, w.get(w.admin, "/team_documents").ids(), 1)
	require.Equal(t, http.StatusOK, w.get(w.admin, "/documents/"+id).status)

	w = newWorld(t, cloudsigntest.WithTeamDocumentsFor(func(a cloudsigntest.Authorities) bool { return a.TeamAdministrator }))
	w.add(cloudsigntest.Concluded)
	lead := w.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamAdministrator: true}})
	require.Equal(t, "forbidden", w.get(w.admin, "/team_documents").code())
	require.Len(t, w.get(lead, "/team_documents").ids(), 1)

	w = newWorld(t, cloudsigntest.WithEnterpriseTeamVisible(true))
	team := w.AddTeam(cloudsigntest.Team{Enterprise: true})
	member := w.AddUser(cloudsigntest.User{TeamID: team.ID})
	w.AddDocument(cloudsigntest.Document{UserID: member.ID, Status: cloudsigntest.Concluded})
	boss := w.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: w.admin.Authorities})
	require.Len(t, w.get(boss, "/documents").ids(), 1)
}
