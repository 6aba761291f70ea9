package cloudsigntest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

func TestSeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := cloudsigntest.Account{Documents: 120, Files: 200, Private: 5, Imported: 10, Others: 12, Seed: 1}
	ids := w.Seed(w.user, account)
	require.Len(t, ids, 120)
	var files, private, imported, without int
	amounts := map[string]bool{}
	titles := map[string]bool{}
	for _, id := range ids {
		d, ok := w.Document(id)
		require.True(t, ok)
		require.Len(t, id, 32)
		require.NotEmpty(t, d.Files)
		require.False(t, d.CreatedAt.After(start))
		files += len(d.Files)
		titles[d.Title] = true
		if d.Private {
			private++
			require.Equal(t, cloudsigntest.Concluded, d.Status)
		}
		if d.Status == cloudsigntest.Imported {
			imported++
		}
		switch a := d.Attribute; {
		case a == nil:
			without++
		case a.Amount == nil:
			amounts["absent"] = true
		case *a.Amount == 0:
			amounts["zero"] = true
		case *a.Amount < 0:
			amounts["negative"] = true
		case *a.Amount > 1<<31:
			amounts["large"] = true
		}
	}
	require.Equal(t, []int{200, 5, 10, 15}, []int{files, private, imported, without})
	require.Len(t, amounts, 4)
	require.Less(t, len(titles), 120, "some titles are equal")
	require.Equal(t, json.Number("132"), w.get(w.user, "/documents").json["total"])
	for status, want := range map[string]string{"0": "3", "1": "3", "2": "110", "3": "3", "4": "3"} {
		require.Equal(t, json.Number(want), w.get(w.user, "/documents?status="+status).json["total"], status)
	}
	require.Equal(t, json.Number("121"), w.get(w.admin, "/team_documents").json["total"]) // without confidential ones, drafts, templates
}

func TestSeedRepeats(t *testing.T) {
	t.Parallel()
	account := cloudsigntest.Account{Documents: 30, Files: 50, Private: 3, Imported: 3, Others: 5, Seed: 7}
	a, b := newWorld(t), newWorld(t)
	first := a.Seed(a.user, account)
	require.Equal(t, first, b.Seed(b.user, account))
	for _, id := range first {
		x, _ := a.Document(id)
		y, _ := b.Document(id)
		for i := range x.Files {
			require.Nil(t, x.Files[i].Content.Open)
		}
		require.Equal(t, x, y)
	}
	account.Seed++
	for _, id := range b.Seed(b.user, account) {
		require.NotContains(t, first, id)
	}
}

func TestArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.Seed(w.user, cloudsigntest.Account{Documents: 3, Files: 3, Seed: 1})
	w.Clock().Advance(24 * time.Hour)
	fresh := w.Arrive(w.user, 3, 2)
	require.Len(t, fresh, 3)
	since := start.Add(22 * time.Hour).Format(time.RFC3339)
	require.ElementsMatch(t, fresh, w.get(w.user, "/documents?status=2&from="+since).ids())
	require.Equal(t, []string{fresh[2], fresh[1], fresh[0], old[2], old[1], old[0]}, w.get(w.user, "/documents").ids())
}

func TestLargeAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	w.Seed(w.user, cloudsigntest.Account{Documents: 20_000, Files: 30_000, Seed: 1})
	auth := "Bearer " + w.tokenOf(w.user)
	for _, page := range []string{"1", "100", "200"} {
		require.Len(t, w.send(w.request(http.MethodGet, "/documents?page="+page, auth)).ids(), 100)
	}
	t.Logf("20,000 documents in %v", time.Since(began))
}

func TestStateIsTheServersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	given := cloudsigntest.Document{
		UserID: w.user.ID, Status: cloudsigntest.Concluded, Files: []cloudsigntest.File{{Name: "a.pdf"}},
		Attribute: &cloudsigntest.Attribute{Title: "a", Amount: new(int64(1)), Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "a"}}},
	}
	d := w.AddDocument(given)
	for _, mine := range []cloudsigntest.Document{given, d} {
		mine.Files[0].Name, mine.Attribute.Title = "b.pdf", "b"
		*mine.Attribute.Amount = 2
		mine.Attribute.Options[0].Content = "b"
	}
	kept, _ := w.Document(d.ID)
	require.Equal(t, "a.pdf", kept.Files[0].Name)
	require.Equal(t, "a", kept.Attribute.Title)
	require.EqualValues(t, 1, *kept.Attribute.Amount)
	require.Equal(t, "a", kept.Attribute.Options[0].Content)
}

func TestMisuseIsAPanic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(cloudsigntest.Draft)
	empty := cloudsigntest.NewServer()
	t.Cleanup(empty.Close)
	for name, f := range map[string]func(){
		"no users":         func() { empty.AddDocument(cloudsigntest.Document{}) },
		"id taken":         func() { w.AddDocument(cloudsigntest.Document{ID: id}) },
		"client id taken":  func() { w.AddUser(cloudsigntest.User{ClientID: w.user.ClientID}) },
		"unknown team":     func() { w.AddUser(cloudsigntest.User{TeamID: "x"}) },
		"unknown user":     func() { w.RemoveUser("x") },
		"unknown document": func() { w.Conclude("x") },
		"team to update":   func() { w.UpdateTeam("x", func(*cloudsigntest.Team) {}) },
	} {
		require.Panics(t, f, name)
	}
	require.Equal(t, http.StatusOK, w.get(w.user, "/me").status, "a panic leaves no lock behind")
}
