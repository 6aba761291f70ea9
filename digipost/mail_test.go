package digipost_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// Content comes from another host, which sees none of our headers.
func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 120 {
		w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Subject: fmt.Sprint(i), Sender: "Posten", ContentType: "application/pdf", Content: []byte("%PDF")})
	}
	var all []digipost.InboxDocument
	for d, err := range w.client.Inbox.All(t.Context(), w.sender()) {
		require.NoError(t, err)
		all = append(all, d)
	}
	require.Len(t, all, 120)
	require.Equal(t, "119", all[0].Subject)
	file, err := w.client.Inbox.Content(t.Context(), all[0])
	require.NoError(t, err)
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, "%PDF", string(content))
	require.Zero(t, w.srv.Leaks())
	require.NoError(t, w.client.Inbox.Delete(t.Context(), all[0]))
	page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 1000)
	require.NoError(t, err)
	require.Len(t, page.Items, 119)
	_, err = w.client.Inbox.List(t.Context(), 1, 0, 0)
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)
	_, err = w.client.Inbox.Content(t.Context(), digipost.InboxDocument{})
	require.ErrorIs(t, err, countersign.ErrForbidden)
}

func TestEventsAndArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.srv.Clock().Now()
	for i := range 25 {
		w.srv.AddEvents(digiposttest.Event{Broker: w.broker.ID, UUID: digipost.NewUUID(), Type: "OPENED", Created: now.Add(time.Duration(i) * time.Second)})
	}
	n := 0
	for e, err := range w.client.Documents.AllEvents(t.Context(), digipost.EventQuery{From: now, To: now.Add(time.Hour), PageSize: 10}) {
		require.NoError(t, err)
		require.Equal(t, digipost.EventOpened, e.Type)
		n++
	}
	require.Equal(t, 25, n)
	require.EqualValues(t, 3, w.srv.Log().Tally(digiposttest.OpEvents).Requests)
	_, err := w.client.Documents.Events(t.Context(), digipost.EventQuery{From: now, To: now})
	require.ErrorIs(t, err, countersign.ErrInvalid)

	for range 5 {
		w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{UUID: digipost.NewUUID(), FileName: "a.pdf", FileType: "pdf", Content: []byte("%PDF")})
	}
	archives, err := w.client.Archive.List(t.Context(), w.sender())
	require.NoError(t, err)
	require.Len(t, archives, 1)
	var docs []digipost.ArchivedDocument
	for d, err := range w.client.Archive.Documents(t.Context(), archives[0], digipost.ArchiveQuery{}) {
		require.NoError(t, err)
		docs = append(docs, d)
	}
	require.Len(t, docs, 5)
	file, err := w.client.Archive.Content(t.Context(), docs[4])
	require.NoError(t, err)
	defer file.Close()
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.Equal(t, "%PDF", string(content))
}

// Events say what is known beyond their type, and are narrowed down by sender.
func TestEventMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.srv.Clock().Now()
	w.srv.AddEvents(w.events()...)
	w.srv.AddEvents(digiposttest.Event{Broker: w.broker.ID, UUID: digipost.NewUUID(), Type: "OPENED", Created: now.Add(-time.Minute)})
	list := func(q digipost.EventQuery) map[digipost.EventType]digipost.DocumentEvent {
		q.From, q.To = now.Add(-time.Hour), now
		page, err := w.client.Documents.Events(t.Context(), q)
		require.NoError(t, err)
		out := map[digipost.EventType]digipost.DocumentEvent{}
		for _, e := range page.Items {
			out[e.Type] = e
		}
		return out
	}
	all := list(digipost.EventQuery{})
	require.Nil(t, all[digipost.EventOpened].Metadata)
	require.Equal(t, &digipost.EventMetadata{Kind: "failed-print-metadata", ErrorCode: "INVALID_PDF_CONTENT"}, all[digipost.EventPrintFailed].Metadata)
	require.Equal(t, "99999999", all[digipost.EventSMSNotificationFailed].Metadata.MobileNumber)
	require.Equal(t, "a@example.com", all[digipost.EventEmailNotificationFailed].Metadata.EmailAddress)
	require.Equal(t, 2026, all[digipost.EventPostmarked].Metadata.Postmarked.Year())
	require.Equal(t, "print", all[digipost.EventRegistrationExpired].Metadata.FallbackChannel)
	require.Len(t, list(digipost.EventQuery{Sender: w.sender()}), 7)
	require.Len(t, list(digipost.EventQuery{Organisation: "984661185", Part: "p"}), 7)
	require.Empty(t, list(digipost.EventQuery{Sender: 1}))
}

// Attachments are read and deleted like documents, by links and by the older
// addresses alike.
func TestInboxAttachments(t *testing.T) {
	t.Parallel()
	for _, older := range []bool{false, true} {
		w := newWorld(t, digiposttest.WithOlderInbox(older))
		w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{
			Reference: "ref", Sender: "Posten", Content: []byte("main"), Attachments: []digiposttest.InboxDocument{{Sender: "Posten", ContentType: "text/plain", Content: []byte("attached")}},
		})
		page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 0)
		require.NoError(t, err)
		require.Equal(t, "ref", page.Items[0].Reference)
		attached := page.Items[0].Attachments[0]
		file, err := w.client.Inbox.Content(t.Context(), attached)
		require.NoError(t, err)
		content, err := io.ReadAll(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.Equal(t, "attached", string(content))
		require.NoError(t, w.client.Inbox.Delete(t.Context(), attached))
		require.ErrorIs(t, w.client.Inbox.Delete(t.Context(), attached), countersign.ErrNotFound)
		page, err = w.client.Inbox.List(t.Context(), w.sender(), 0, 0)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.Empty(t, page.Items[0].Attachments)
	}
}
