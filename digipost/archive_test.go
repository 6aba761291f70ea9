package digipost_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// What is archived is found again by everything that it is known by.
func TestArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	added, err := w.client.Archive.Add(ctx, w.archive())
	require.NoError(t, err)
	require.Len(t, added, 2)
	kept := w.srv.Archived(w.customer.SenderID)
	require.Equal(t, "Hei", string(kept[0].Content))
	require.Equal(t, "bilag", kept[0].Archive)
	require.Equal(t, map[string]string{"INR": "123123", "custid": ""}, kept[0].Attributes)

	d, err := w.client.Archive.GetByExternalID(ctx, w.sender(), "invoice 1")
	require.NoError(t, err)
	require.Equal(t, "faktura.txt", d.FileName)
	require.Equal(t, 2031, d.Deletion.Year())
	found, err := w.client.Archive.FindByReference(ctx, w.sender(), "1")
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.NoError(t, w.client.Archive.AddUUID(ctx, *d, digipost.UUIDOf("second")))
	again, err := w.client.Archive.GetByExternalID(ctx, w.sender(), "second")
	require.NoError(t, err)
	require.Equal(t, d.FileName, again.FileName)

	d.Attributes = append(d.Attributes, digipost.ArchiveAttribute{Key: "Status", Value: "DONE"})
	changed, err := w.client.Archive.Update(ctx, *d)
	require.NoError(t, err)
	require.Equal(t, "DONE", changed.Attribute("Status"))
	require.Equal(t, "123123", changed.Attribute("INR"))
	require.Empty(t, changed.Attribute("none"))

	require.NoError(t, w.client.Archive.Delete(ctx, *changed))
	_, err = w.client.Archive.Get(ctx, w.sender(), d.UUID)
	require.ErrorIs(t, err, countersign.ErrNotFound)
	_, err = w.client.Archive.List(ctx, 1)
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)
}

// After a lost answer the document's own UUID tells whether it was kept.
func TestArchiveLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpArchiveAdd, Fault: countersigntest.LoseAnswer(), Next: 1})
	_, err := w.client.Archive.Add(t.Context(), w.archive())
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	_, err = w.client.Archive.GetByExternalID(t.Context(), w.sender(), "invoice 1")
	require.NoError(t, err)
	require.Len(t, w.srv.Archived(w.customer.SenderID), 2)
	_, err = w.client.Archive.Add(t.Context(), w.archive())
	require.ErrorIs(t, err, countersign.ErrConflict)

	w = newWorld(t, digiposttest.WithArchiveReplacing(true))
	n := w.archive()
	n.Documents = n.Documents[:1]
	for range 2 {
		_, err = w.client.Archive.Add(t.Context(), n)
		require.NoError(t, err)
	}
	require.Len(t, w.srv.Archived(w.customer.SenderID), 1)
}

// Queries are added to each page's link; both ways to write dates are possible.
func TestArchiveQuery(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		w := newWorld(t, digiposttest.WithPlainArchiveDates(plain))
		now := w.srv.Clock().Now()
		for i := range 9 {
			w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{
				UUID: digipost.NewUUID(), FileType: "pdf", Archived: now.AddDate(0, 0, -i), Attributes: map[string]string{"odd": fmt.Sprint(i % 2), "all": "æ+/"},
			})
		}
		list, err := w.client.Archive.List(t.Context(), w.sender())
		require.NoError(t, err)
		count := func(q digipost.ArchiveQuery) (n int) {
			for _, err := range w.client.Archive.Documents(t.Context(), list[0], q) {
				require.NoError(t, err)
				n++
			}
			return n
		}
		days := digipost.ArchiveQuery{From: now.AddDate(0, 0, -4), To: now, PlainDates: plain}
		require.Equal(t, 9, count(digipost.ArchiveQuery{}))
		require.Equal(t, 5, count(days))
		days.Attributes = map[string]string{"odd": "1", "all": "æ+/"}
		require.Equal(t, 2, count(days))
		require.Equal(t, 4, count(digipost.ArchiveQuery{Attributes: days.Attributes}))
		require.Zero(t, count(digipost.ArchiveQuery{Attributes: map[string]string{"odd": "2"}}))

		days.PlainDates = !plain
		_, err = w.client.Archive.Page(t.Context(), list[0], days, "")
		require.ErrorIs(t, err, countersign.ErrInvalid)
		for _, bad := range []digipost.ArchiveQuery{
			{From: now}, {From: now, To: now.Add(-1)}, {Attributes: map[string]string{"a,b": "c"}}, {Attributes: map[string]string{"": "c"}},
		} {
			_, err = w.client.Archive.Page(t.Context(), list[0], bad, "")
			require.ErrorIs(t, err, countersign.ErrInvalid)
		}
	}
}

// A page's place can be kept and gone on from.
func TestArchivePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{UUID: digipost.NewUUID(), FileType: "pdf"})
	}
	list, err := w.client.Archive.List(t.Context(), w.sender())
	require.NoError(t, err)
	seen := map[string]bool{}
	for next := ""; ; {
		page, err := w.client.Archive.Page(t.Context(), list[0], digipost.ArchiveQuery{}, next)
		require.NoError(t, err)
		for _, d := range page.Items {
			seen[d.UUID] = true
		}
		if next = page.Next; next == "" {
			break
		}
	}
	require.Len(t, seen, 5)
	page, err := w.client.Archive.Page(t.Context(), digipost.Archive{}, digipost.ArchiveQuery{}, "")
	require.NoError(t, err)
	require.Empty(t, page.Items, "an archive that offers no documents has none")
}

// The link is good once, without a credential, and its secret is not shown.
func TestArchiveContentLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	added, err := w.client.Archive.Add(t.Context(), w.archive())
	require.NoError(t, err)
	link, err := w.client.Archive.ContentLink(t.Context(), added[0])
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v", link, link), link.URI.Reveal())
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, status := range []int{http.StatusOK, http.StatusNotFound} {
		res, err := hc.Get(link.URI.Reveal())
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, status, res.StatusCode)
		require.Equal(t, status == http.StatusOK, string(body) == "Hei")
	}
	late, err := w.client.Archive.ContentLink(t.Context(), added[0])
	require.NoError(t, err)
	w.srv.Clock().Advance(31 * time.Second)
	res, err := hc.Get(late.URI.Reveal())
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNotFound, res.StatusCode)
}

func TestArchiveRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, change := range map[string]func(*digipost.NewArchived){
		"Sender":                    func(n *digipost.NewArchived) { n.Sender = 1 },
		"Documents":                 func(n *digipost.NewArchived) { n.Documents = nil },
		"Documents[0].UUID":         func(n *digipost.NewArchived) { n.Documents[0].UUID = "x" },
		"Documents[1].FileType":     func(n *digipost.NewArchived) { n.Documents[1].FileType = "" },
		"Documents[1].FileName":     func(n *digipost.NewArchived) { n.Documents[1].FileName = string(make([]byte, 256)) },
		"Documents[1].Reference":    func(n *digipost.NewArchived) { n.Documents[1].Reference = string(make([]byte, 256)) },
		"Documents[1].Content.Open": func(n *digipost.NewArchived) { n.Documents[1].Content.Open = nil },
		"Documents[1].Attributes":   func(n *digipost.NewArchived) { n.Documents[1].Attributes = make([]digipost.ArchiveAttribute, 2) },
	} {
		n := w.archive()
		change(&n)
		_, err := w.client.Archive.Add(t.Context(), n)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
	_, err := w.client.Archive.Get(t.Context(), w.sender(), "../messages")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = w.client.Archive.FindByReference(t.Context(), w.sender(), "")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	for name, err := range map[string]error{
		"update": func() error { _, err := w.client.Archive.Update(t.Context(), digipost.ArchivedDocument{}); return err }(),
		"delete": w.client.Archive.Delete(t.Context(), digipost.ArchivedDocument{}),
		"uuid":   w.client.Archive.AddUUID(t.Context(), digipost.ArchivedDocument{}, digipost.NewUUID()),
	} {
		_, ok := errors.AsType[*digipost.LinkError](err)
		require.True(t, ok, name)
	}
}

// The same text makes the same UUID as java.util.UUID.nameUUIDFromBytes, which
// Digipost's clients use.
func TestUUIDOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, "5d41402a-bc4b-3a76-b971-9d911017c592", digipost.UUIDOf("hello"))
	require.Equal(t, "d41d8cd9-8f00-3204-a980-0998ecf8427e", digipost.UUIDOf(""))
}
