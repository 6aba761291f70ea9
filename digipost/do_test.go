package digipost_test

import (
	"encoding/xml"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// Do goes where Path, Link or Relation lead, with the checks of all calls.
func TestDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var status struct {
		XMLName xml.Name `xml:"sender-information"`
		Status  string   `xml:"status"`
	}
	for _, r := range []digipost.Request{
		{Path: []string{"sender-information-example", "34567"}},
		{Relation: "get_sender_information", More: []string{"34567"}},
		{Relation: "GET_SENDER_INFORMATION", Sender: w.sender(), Query: url.Values{"org_id": {"984661185"}}},
		{Link: "https://elsewhere.example/sender-information-example?org_id=1", Query: url.Values{"org_id": {"984661185"}}},
	} {
		status.Status = ""
		require.NoError(t, w.client.Do(ctx, r, &status), "%+v", r)
		require.Equal(t, "VALID_SENDER", status.Status)
	}
	type batch struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 batch"`
		UUID    string   `xml:"uuid"`
	}
	created := batch{UUID: digipost.NewUUID()}
	require.NoError(t, w.client.Do(ctx, digipost.Request{Method: "POST", Relation: "create_batch", XML: created, Idempotent: true}, nil))
	raw, err := xml.Marshal(created)
	require.NoError(t, err)
	var got batch
	require.NoError(t, w.client.Do(ctx, digipost.Request{Method: "POST", Relation: "create_batch", XML: raw}, &got))
	require.Equal(t, created.UUID, got.UUID)
	require.NoError(t, w.client.Do(ctx, digipost.Request{Method: "POST", Path: []string{"batch-example", got.UUID, "complete"}}, nil))

	for _, bad := range []digipost.Request{{}, {Link: "/", Path: []string{"a"}}, {Link: "/a", Relation: "search"}, {Path: []string{"..", "a"}}, {Link: "/%2e%2e/a"}, {Link: "::"}} {
		require.Error(t, w.client.Do(ctx, bad, nil), "%+v", bad)
	}
	e, ok := errors.AsType[*digipost.LinkError](w.client.Do(ctx, digipost.Request{Relation: "register_organisation"}, nil))
	require.True(t, ok)
	require.Equal(t, "register_organisation", e.Relation)
}

// A call that Do doesn't know to be repeatable is sent once.
func TestDoRepeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(idempotent bool) error {
		w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpCreateBatch, Fault: countersigntest.LoseAnswer(), Next: 1})
		return w.client.Do(t.Context(), digipost.Request{
			Method: "POST", Relation: "create_batch", Idempotent: idempotent,
			XML: []byte(`<batch xmlns="http://api.digipost.no/schema/v8"><uuid>` + digipost.NewUUID() + `</uuid></batch>`),
		}, nil)
	}
	require.ErrorIs(t, send(false), countersign.ErrOutcomeUnknown)
	require.NoError(t, send(true))
}

// Links says what is offered; a sender's entry point is its own.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inbox := func(sender digipost.SenderID) string {
		links, err := w.client.Links(t.Context(), sender)
		require.NoError(t, err)
		for _, l := range links {
			if l.Rel == "https://api.digipost.no/relations/get_inbox" {
				return l.URI
			}
		}
		return ""
	}
	require.Equal(t, w.srv.URL()+"/12345/inbox", inbox(0))
	require.Equal(t, w.srv.URL()+"/34567/inbox", inbox(w.sender()))
	_, err := w.client.Links(t.Context(), 1)
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)
}

// Entry points are fetched once for many callers, once a sender, and again when
// they are old.
func TestEntryPointsAreRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := w.client.Links(t.Context(), 0)
			require.NoError(t, err)
			_, err = w.client.Links(t.Context(), w.sender())
			require.NoError(t, err)
		})
	}
	group.Wait()
	count := func(op string) int { return int(w.srv.Log().Tally(op).Requests) }
	require.Equal(t, []int{1, 1}, []int{count(digiposttest.OpEntryPoint), count(digiposttest.OpSenderEntryPoint)})
	for range 15 { // used every four minutes: for an hour
		w.srv.Clock().Advance(4*time.Minute - time.Second)
		_, err := w.client.Links(t.Context(), 0)
		require.NoError(t, err)
	}
	require.Equal(t, 1, count(digiposttest.OpEntryPoint))
	w.srv.Clock().Advance(4 * time.Minute)
	for range 2 {
		_, err := w.client.Links(t.Context(), w.sender())
		require.NoError(t, err)
		_, err = w.client.Links(t.Context(), 0)
		require.NoError(t, err)
	}
	require.Equal(t, []int{2, 2}, []int{count(digiposttest.OpEntryPoint), count(digiposttest.OpSenderEntryPoint)})
}
