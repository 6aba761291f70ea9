package ledgersync_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

func date(y int, m time.Month, d int) countersign.Date {
	return countersign.Date{Year: y, Month: m, Day: d}
}

func TestFirstLoadCarriesTheNineItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := w.document(cloudsigntest.Document{Title: "書類のタイトル", Attribute: &cloudsigntest.Attribute{
		Title: "管理用タイトル", Counterparty: "株式会社例", ContractAt: "2026-03-01", ValidityStartAt: "2026-03-02", ValidityEndAt: "2027-03-01",
		ValidityEndNoticeAt: "2027-01-31", AutoUpdate: cloudsigntest.AutoUpdateYes, LocalID: "K-001", Amount: new(int64(-5)),
	}}, "契約書.pdf", "別紙.pdf")
	bare := w.document(cloudsigntest.Document{Title: "覚書"}, "memo.pdf")
	w.start()

	require.Equal(t, ledgersync.Summary{Documents: 2, Files: 3, Linked: 3}, w.summary())
	for i, name := range []string{"契約書.pdf", "別紙.pdf"} {
		e := w.entry(full, i)
		require.Equal(t, contractone.Items{
			Title: "管理用タイトル", SignedOn: date(2026, 3, 1), StartsOn: date(2026, 3, 2), EndsOn: date(2027, 3, 1),
			Amount: contractone.Yen(-5), AutoRenewal: contractone.RenewalYes, NoticeDeadline: date(2027, 1, 31),
			FileName: name, ApprovalNumber: "K-001",
		}, e.Items, "the nine, and the counterparty is not among them")
		require.Equal(t, w.link, e.Link)
		require.Equal(t, contractone.Groups("Legal"), e.Share)
		require.Equal(t, settings(w.account).Responsible, e.Responsible)
		require.Equal(t, contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: full.ID, FileID: full.Files[i].ID, FileIndex: i + 1, FileCount: 2}, e.Source)
		require.Equal(t, contractone.Linked, e.Provenance[contractone.ItemAmount].Authority)
	}
	require.Equal(t, contractone.Items{Title: "覚書", FileName: "memo.pdf"}, w.entry(bare, 0).Items, "present values only")
	require.EqualValues(t, 2, w.fake.Log().Tally(cloudsigntest.OpGetAttribute).Requests, "once for each document")
	require.EqualValues(t, 3, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests, "once for each file")
}

func TestPreviewCountsFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.document(cloudsigntest.Document{Status: cloudsigntest.Imported}, "c.pdf")
	w.document(cloudsigntest.Document{Private: true}, "d.pdf", "e.pdf", "f.pdf")
	w.document(cloudsigntest.Document{Status: cloudsigntest.Pending}, "g.pdf")
	w.document(cloudsigntest.Document{Status: cloudsigntest.Declined}, "h.pdf")
	w.ledger.SetContracted(100)
	p := w.add()
	require.Equal(t, contractone.Count{Documents: 2, Files: 5}, p.Concluded)
	require.Equal(t, contractone.Count{Documents: 1, Files: 1}, p.Imported)
	require.Equal(t, contractone.Count{Documents: 1, Files: 3}, p.Confidential)
	require.Equal(t, p.Confidential, p.Excluded)
	require.Equal(t, contractone.Count{Documents: 3, Files: 6}, p.Linkable())
	require.EqualValues(t, 3, p.Registrations)
	require.Equal(t, &contractone.Usage{Contracted: 100}, p.Usage)
	require.Equal(t, []ledgersync.Advice{ledgersync.AdviceDedicatedUser, ledgersync.AdviceSeesConfidential}, p.Advice)
	require.Empty(t, w.entries(), "nothing is registered")
	require.Zero(t, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)

	data, err := json.Marshal(p)
	require.NoError(t, err)
	var back ledgersync.Preview
	require.NoError(t, json.Unmarshal(data, &back))
	require.NoError(t, w.flow.Start(t.Context(), w.link, back), "a preview survives being stored and sent")
	w.run()
	require.Len(t, w.entries(), 3)
	require.Equal(t, &contractone.Count{Documents: 3, Files: 6}, w.state().Settings.Confirmed)
}

func TestConfidentialDocumentsOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	secret := w.document(cloudsigntest.Document{Private: true}, "d.pdf")
	w.start(func(s *ledgersync.Settings) { s.IncludeConfidential = true })
	require.Equal(t, "d.pdf", w.entry(secret, 0).Items.FileName)
}

func TestStartNeedsTheConfirmedPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	old := w.add()
	require.ErrorIs(t, w.flow.Start(t.Context(), w.link, ledgersync.Preview{Link: w.link}), countersign.ErrConflict, "no preview")
	w.clock.Advance(time.Minute)
	w.document(cloudsigntest.Document{}, "b.pdf")
	err := w.flow.Start(t.Context(), w.link, old)
	grew, ok := errors.AsType[*ledgersync.GrewError](err)
	require.True(t, ok, "%v", err)
	require.ErrorIs(t, err, ledgersync.ErrGrew)
	require.EqualValues(t, 1, grew.Confirmed)
	require.EqualValues(t, 2, grew.Preview.Registrations)
	w.run()
	require.Empty(t, w.entries(), "nothing starts")
	require.ErrorIs(t, w.flow.Start(t.Context(), w.link, old), countersign.ErrConflict, "the old one is not the last one any more")

	require.NoError(t, w.flow.Start(t.Context(), w.link, grew.Preview))
	require.ErrorIs(t, w.flow.Start(t.Context(), w.link, grew.Preview), countersign.ErrConflict, "it runs already")
	w.run()
	require.Len(t, w.entries(), 2)
}

func TestDailyDifference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.document(cloudsigntest.Document{Title: "一"}, "a.pdf")
	w.start()
	link := w.state()
	require.Equal(t, time.Date(2026, 4, 1, 18, 0, 0, 0, time.UTC), link.NextRun, "03:00 in Japan")

	w.clock.Advance(time.Hour)
	second := w.document(cloudsigntest.Document{}, "b.pdf", "c.pdf")
	w.fake.SetAttribute(first.ID, cloudsigntest.Attribute{Title: "later", Amount: new(int64(7))})
	w.run()
	require.Len(t, w.entries(), 1, "nothing before its time")
	before := w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests
	w.clock.Set(link.NextRun)
	w.run()
	require.Len(t, w.entries(), 3)
	require.Equal(t, "b.pdf", w.entry(second, 0).Items.FileName)
	require.Equal(t, "一", w.entry(first, 0).Items.Title, "what changes after linking does not arrive")
	require.EqualValues(t, 2, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests-before, "what is linked is not read again")
	require.Equal(t, link.NextRun.Add(24*time.Hour), w.state().NextRun)
	require.Equal(t, contractone.Count{Documents: 2, Files: 3}, w.state().Seen)

	why := map[string]int{}
	for e, err := range w.flow.Journal(t.Context(), w.link) {
		require.NoError(t, err)
		require.NotEmpty(t, e.Hashes["sha256"])
		why[e.Why]++
	}
	require.Equal(t, map[string]int{"first load": 1, "daily difference": 2}, why)
}

func TestCatchesUpOnceAfterDowntime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	lists := w.fake.Log().Tally(cloudsigntest.OpListTeamDocuments).Requests
	for range 10 {
		w.clock.Advance(24 * time.Hour)
		w.document(cloudsigntest.Document{}, "x.pdf")
	}
	w.restart()
	w.run()
	require.Len(t, w.entries(), 10)
	require.EqualValues(t, 1, w.fake.Log().Tally(cloudsigntest.OpListTeamDocuments).Requests-lists)
	require.True(t, w.state().NextRun.After(w.clock.Now()))
}

func TestSettableSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Schedule = orchestration.Interval(time.Hour) }))
	w.start()
	w.document(cloudsigntest.Document{}, "x.pdf")
	w.clock.Advance(time.Hour)
	w.run()
	require.Len(t, w.entries(), 1)
	w.clock.Advance(time.Minute)
	w.document(cloudsigntest.Document{}, "y.pdf")
	require.NoError(t, w.flow.RunNow(t.Context(), w.link))
	w.run()
	require.Len(t, w.entries(), 2)
}

func TestOverlapFindsWhatBecameVisibleLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	hidden := w.document(cloudsigntest.Document{Private: true}, "x.pdf")
	w.start()
	require.Empty(t, w.entries())
	w.fake.UpdateDocument(hidden.ID, func(d *cloudsigntest.Document) { d.Private = false })
	w.nextDay()
	require.Len(t, w.entries(), 1, "its time of conclusion lies before the last run")
}

func TestUserWithoutTheRightSeesOwnDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities = cloudsigntest.Authorities{} }))
	other := w.fake.AddUser(cloudsigntest.User{})
	mine := w.document(cloudsigntest.Document{}, "mine.pdf")
	imported := w.document(cloudsigntest.Document{Status: cloudsigntest.Imported}, "imported.pdf")
	w.fake.AddDocument(cloudsigntest.Document{UserID: other.ID, Status: cloudsigntest.Concluded})
	w.fake.AddDocument(cloudsigntest.Document{UserID: w.user.ID, Status: cloudsigntest.Draft})
	p := w.add()
	require.Equal(t, []ledgersync.Advice{ledgersync.AdviceDedicatedUser, ledgersync.AdviceNotAdministrator}, p.Advice)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 2)
	w.entry(mine, 0)
	w.entry(imported, 0)
}

func TestManyPages(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	last := map[string]orchestration.Event{}
	w := newWorld(t, withConfig(func(c *ledgersync.Config) {
		c.Progress = func(e orchestration.Event) {
			mu.Lock()
			defer mu.Unlock()
			last[e.Phase] = e
		}
	}))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 320, Files: 500})
	w.start()
	s := w.summary()
	require.Equal(t, s.Files, s.Linked)
	require.EqualValues(t, len(w.entries()), s.Linked)
	require.Equal(t, s.Linked, last["register"].Done)
	require.Equal(t, s.Linked, last["register"].Total)
	require.Positive(t, last["register"].Bytes)
	require.Equal(t, last["list"].Total, last["list"].Done)
	for key, n := range w.fake.Log().Subjects(cloudsigntest.OpDownloadFile) {
		require.EqualValues(t, 1, n.Requests, key)
	}
	n := 0
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileLinked) {
		require.NoError(t, err)
		require.NotEmpty(t, r.PDF.SHA256)
		require.NotEmpty(t, r.TitleFrom)
		n++
	}
	require.EqualValues(t, s.Linked, n)
}

func TestTwoLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared := w.document(cloudsigntest.Document{}, "shared.pdf")
	w.start()
	first := w.link
	_, err := w.flow.AddLink(t.Context(), settings(w.account))
	require.ErrorIs(t, err, countersign.ErrConflict, "the same client ID twice")
	require.ErrorContains(t, err, string(first))

	team := w.fake.AddTeam(cloudsigntest.Team{Name: "Other"})
	colleague := w.fake.AddUser(cloudsigntest.User{Authorities: w.user.Authorities})
	foreign := w.fake.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: w.user.Authorities})
	w.fake.AddDocument(cloudsigntest.Document{UserID: foreign.ID, Status: cloudsigntest.Concluded, Files: []cloudsigntest.File{{Name: "other.pdf"}}})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	same, other := w.newAccount(colleague, tr), w.newAccount(foreign, tr)
	w.restart(same, other)
	for _, a := range []ledgersync.Account{same, other} {
		link, err := w.flow.AddLink(t.Context(), settings(a))
		require.NoError(t, err)
		require.NotEqual(t, first, link.ID)
		w.link = link.ID
		require.NoError(t, w.flow.Start(t.Context(), link.ID, w.preview()))
	}
	w.run()
	require.Len(t, w.entries(), 2, "what two links see is registered once")
	require.Equal(t, first, w.entry(shared, 0).Link)
	links, err := w.flow.Links(t.Context())
	require.NoError(t, err)
	require.Len(t, links, 3)
}

func TestInstancesNeverSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.cfg.Name = "second"
	w.restart()
	links, err := w.flow.Links(t.Context())
	require.NoError(t, err)
	require.Empty(t, links)
	w.start()
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 1, Known: 1}, w.summary(), "found, not registered")
	require.Len(t, w.entries(), 1)
	require.False(t, slices.Equal(ledgersync.Tables(""), ledgersync.Tables("second")))
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, change := range map[string]func(*ledgersync.Settings){
		"responsible": func(s *ledgersync.Settings) { s.Responsible = nil },
		"share":       func(s *ledgersync.Settings) { s.Share = contractone.Share{} },
		"mode":        func(s *ledgersync.Settings) { s.Mode = "" },
		"reviewers":   func(s *ledgersync.Settings) { s.Mode = contractone.ModeReview },
		"unknown": func(s *ledgersync.Settings) {
			s.Credential = contractone.NewCredential("x", countersign.NewSecret("another"))
		},
		"empty": func(s *ledgersync.Settings) { s.Credential = contractone.Credential{} },
	} {
		s := settings(w.account)
		change(&s)
		_, err := w.flow.AddLink(t.Context(), s)
		_, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", field, err)
	}
	for name, cfg := range map[string]ledgersync.Config{
		"name": {Name: "Not Good"}, "overlap": {Overlap: -1}, "lanes": {Lanes: 65}, "attempts": {Attempts: -1},
	} {
		_, err := ledgersync.New(cfg, ledgersync.Deps{Store: w.store, Ledger: w.ledger, Accounts: []ledgersync.Account{w.account}})
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
	for name, deps := range map[string]ledgersync.Deps{
		"store": {Ledger: w.ledger, Accounts: []ledgersync.Account{w.account}}, "ledger": {Store: w.store, Accounts: []ledgersync.Account{w.account}},
		"accounts": {Store: w.store, Ledger: w.ledger}, "empty account": {Store: w.store, Ledger: w.ledger, Accounts: []ledgersync.Account{{}}},
	} {
		_, err := ledgersync.New(ledgersync.Config{}, deps)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
	_, err := w.flow.Preview(t.Context(), "ABCD-EFGH")
	require.ErrorIs(t, err, countersign.ErrNotFound)
	require.ErrorContains(t, err, "ABCD-EFGH")
}

func TestForgetAndPurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "秘密のタイトル"}, "a.pdf")
	bad := w.document(cloudsigntest.Document{Title: "秘密のタイトル", Files: []cloudsigntest.File{{Name: "empty.pdf", Content: cloudsigntest.Bytes([]byte{})}}})
	w.start()
	stored := func() (out []string) {
		require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
			recs, err := tx.List(t.Context(), orchestration.Query{Table: ledgersync.Tables("")[1]})
			for _, r := range recs {
				out = append(out, string(r.Body))
			}
			return err
		}))
		return out
	}
	require.Equal(t, 1, strings.Count(strings.Join(stored(), ""), "秘密"), "a linked file's title is the ledger's")
	require.NoError(t, w.flow.Forget(t.Context(), bad.ID))
	require.Zero(t, strings.Count(strings.Join(stored(), ""), "秘密"))
	w.clock.Advance(time.Hour)
	n, err := w.flow.Purge(t.Context(), w.clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, stored(), 2, "the keys stay")
	w.entry(doc, 0)
}

func TestRunStopsWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 30, Files: 40})
	require.NoError(t, w.flow.Start(t.Context(), idOf(w, nil), w.preview()))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	require.NoError(t, w.engine.Run(ctx))
	w.restart()
	w.run()
	s := w.summary()
	require.Equal(t, s.Files, s.Linked)
	require.EqualValues(t, len(w.entries()), s.Linked)
}
