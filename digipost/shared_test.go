package digipost_test

import (
	"io"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// From the request to the end of the sharing.
func TestSharedDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	d, err := w.client.Messages.Send(ctx, w.request())
	require.NoError(t, err)
	uuid := d.Documents[0]
	shared, err := w.client.Shared.Get(ctx, w.sender(), uuid)
	require.NoError(t, err)
	require.Empty(t, shared.Documents)
	require.True(t, shared.Shared.IsZero())
	require.ErrorIs(t, w.client.Shared.Stop(ctx, w.sender(), *shared), countersign.ErrForbidden, "nothing to be stopped")

	require.Error(t, w.srv.Share(d.Documents[1]), "nothing was asked for there")
	require.NoError(t, w.srv.Share(uuid, digiposttest.SharedDocument{Subject: "Lønn", FileType: "pdf", Name: "Ola", Content: []byte("%PDF")}))
	now := w.srv.Clock().Now()
	var events []digipost.DocumentEvent
	for e, err := range w.client.Documents.AllEvents(ctx, digipost.EventQuery{From: now.Add(-time.Hour), To: now.Add(time.Hour), Sender: w.sender()}) {
		require.NoError(t, err)
		events = append(events, e)
	}
	require.Len(t, events, 1)
	require.Equal(t, digipost.EventDocumentsShared, events[0].Type)
	require.Equal(t, uuid, events[0].UUID)
	shared, err = w.client.Shared.Get(ctx, w.sender(), uuid)
	require.NoError(t, err)
	require.Equal(t, 14*24*time.Hour, shared.Expiry.Sub(shared.Shared))
	require.Equal(t, "Ola", shared.Documents[0].Person.Name)
	require.Nil(t, shared.Documents[0].Organisation)
	require.EqualValues(t, 4, shared.Documents[0].Bytes)
	file, err := w.client.Shared.Content(ctx, shared.Documents[0])
	require.NoError(t, err)
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, "%PDF", string(content))

	require.NoError(t, w.client.Shared.Stop(ctx, w.sender(), *shared))
	_, err = w.client.Shared.Content(ctx, shared.Documents[0])
	require.ErrorIs(t, err, countersign.ErrNotFound)
	shared, err = w.client.Shared.Get(ctx, w.sender(), uuid)
	require.NoError(t, err)
	require.False(t, shared.Withdrawn.IsZero())
	require.Empty(t, shared.Documents)
	_, err = w.client.Shared.Get(ctx, w.sender(), digipost.NewUUID())
	require.ErrorIs(t, err, countersign.ErrNotFound)
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, call := range []func() error{
		func() error { return w.client.Tags.AddPublicMailbox(ctx, "") },
		func() error { _, err := w.client.Tags.Get(ctx, ""); return err },
		func() error { _, err := w.client.Recipients.CreateAccount(ctx, digipost.NewUser{}); return err },
	} {
		require.ErrorIs(t, call(), countersign.ErrInvalid)
	}
	require.ErrorIs(t, w.client.Tags.AddPublicMailbox(ctx, "12345678901"), countersign.ErrNotFound)
	_, err := w.client.Recipients.CreateAccount(ctx, digipost.NewUser{PersonalID: "12345678901", Phone: "99999999", Email: "ola@example.com"})
	require.NoError(t, err)
	require.NoError(t, w.client.Tags.AddPublicMailbox(ctx, "12345678901"))
	tags, err := w.client.Tags.Get(ctx, "12345678901")
	require.NoError(t, err)
	require.Equal(t, []string{digipost.TagPublicMailbox}, tags)
	require.NoError(t, w.client.Tags.RemovePublicMailbox(ctx, "12345678901"))
	tags, err = w.client.Tags.Get(ctx, "12345678901")
	require.NoError(t, err)
	require.Empty(t, tags)
}
