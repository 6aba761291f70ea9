package digipost_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// A message-id that another message has is no success, whatever came before the
// refusal: the letter that was to be sent is nowhere.
func TestDuplicateOfAnotherMessage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault countersigntest.Fault
		doubt bool
	}{
		"429": {countersigntest.TooManyRequests(0), false},
		"503": {countersigntest.Status(503), true},
		"500": {countersigntest.Status(500), true},
	} {
		w := newWorld(t)
		m := w.message()
		m.ID = "order-1"
		_, err := w.client.Messages.Send(t.Context(), m)
		require.NoError(t, err)
		w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpSend, Fault: tc.fault, Next: 1})
		d, err := w.client.Messages.Send(t.Context(), m)
		require.ErrorIs(t, err, digipost.ErrDuplicate, name)
		require.EqualValues(t, 3, w.srv.Log().Tally(digiposttest.OpSend).Requests, name)
		require.False(t, d.Duplicate, name)
		if tc.doubt {
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, name)
		} else {
			require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, name)
		}
		require.Len(t, w.srv.Messages(), 1)
	}
}

// Where the message-id is the caller's own, Digipost is asked whether it was this
// message that arrived, whoever its sender is.
func TestDuplicateIsConfirmed(t *testing.T) {
	t.Parallel()
	lose := countersigntest.Rule{Operation: digiposttest.OpSend, Fault: countersigntest.LoseAnswer(), Next: 1}
	for name, change := range map[string]func(*world, *digipost.Message) digipost.SenderID{
		"sender": func(w *world, _ *digipost.Message) digipost.SenderID { return w.sender() },
		"broker": func(w *world, m *digipost.Message) digipost.SenderID {
			m.Sender = 0
			return digipost.SenderID(w.broker.ID)
		},
		"organisation": func(w *world, m *digipost.Message) digipost.SenderID {
			m.Sender, m.SenderOrganisation = 0, &digipost.SenderOrganisation{ID: "984661185"}
			return w.sender()
		},
	} {
		w := newWorld(t)
		m := w.message()
		m.ID = "order-1"
		sender := change(w, &m)
		w.srv.Faults().Add(lose)
		d, err := w.client.Messages.Send(t.Context(), m)
		require.NoError(t, err, name)
		require.True(t, d.Duplicate, name)
		require.Equal(t, digipost.ChannelDigipost, d.Channel, name)
		require.Equal(t, sender, d.SenderID, name)
		require.Equal(t, w.srv.Messages()[0].Documents[1].UUID, d.Documents[1], name)
	}

	// Where it can't be asked, nothing is claimed.
	w := newWorld(t, digiposttest.WithOrganisationLookup(false))
	m := w.message()
	m.ID, m.Sender, m.SenderOrganisation = "order-1", 0, &digipost.SenderOrganisation{ID: "984661185"}
	w.srv.Faults().Add(lose)
	d, err := w.client.Messages.Send(t.Context(), m)
	require.ErrorIs(t, err, digipost.ErrDuplicate)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, w.srv.Messages()[0].Documents[0].UUID, d.Documents[0], "the caller can ask")
}

// A 500 is no end for what has a message-id, but its doubt stays.
func TestSendAfter500(t *testing.T) {
	t.Parallel()
	requests := func(w *world) int { return int(w.srv.Log().Tally(digiposttest.OpSend).Requests) }
	once := countersigntest.Rule{Operation: digiposttest.OpSend, Fault: countersigntest.Status(500), Next: 1}

	w := newWorld(t)
	w.srv.Faults().Add(once)
	d, err := w.client.Messages.Send(t.Context(), w.message())
	require.NoError(t, err)
	require.Equal(t, digipost.ChannelDigipost, d.Channel)
	require.Equal(t, 2, requests(w))

	w.srv.Faults().Add(once)
	_, err = w.client.Messages.Send(t.Context(), w.message(), countersign.WithoutRetry())
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, 3, requests(w))

	m := w.message()
	m.Recipient.PersonalID = "12345678901"
	w.srv.Faults().Add(once)
	_, err = w.client.Messages.Send(t.Context(), m)
	require.ErrorIs(t, err, digipost.ErrNotDigipostUser)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)

	w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpSend, Fault: countersigntest.Status(500)})
	before := requests(w)
	_, err = w.client.Messages.Send(t.Context(), w.message())
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, before+2, requests(w))
}

// The first answer is a 500 although the message was taken.
func TestTakenDespite500(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var failed atomic.Bool
	w.between(t, func(res *http.Response) {
		if res.Request.URL.Path == "/messages" && failed.CompareAndSwap(false, true) {
			_ = res.Body.Close()
			res.StatusCode, res.Header = 500, http.Header{}
			res.Body, res.ContentLength = io.NopCloser(strings.NewReader("")), 0
		}
	})
	d, err := w.client.Messages.Send(t.Context(), w.message())
	require.NoError(t, err)
	require.True(t, d.Duplicate)
	require.Len(t, w.srv.Messages(), 1)
	require.Equal(t, w.srv.Messages()[0].ID, d.MessageID)
}

// Ids that were made for a message are told whatever goes wrong, so that it can be
// sent again as the same message.
func TestIDsStandBesideErrors(t *testing.T) {
	t.Parallel()
	send := func(ctx context.Context, c *digipost.Client, m digipost.Message) (*digipost.Delivery, error) {
		return c.Messages.Send(ctx, m)
	}
	orPrint := func(ctx context.Context, c *digipost.Client, m digipost.Message) (*digipost.Delivery, error) {
		return c.Messages.SendOrPrint(ctx, m, *paper())
	}
	for _, tc := range []struct {
		op   string
		call func(context.Context, *digipost.Client, digipost.Message) (*digipost.Delivery, error)
	}{{digiposttest.OpEntryPoint, send}, {digiposttest.OpSend, send}, {digiposttest.OpIdentify, orPrint}, {digiposttest.OpSend, orPrint}} {
		w := newWorld(t)
		m := w.message()
		w.srv.Faults().Add(countersigntest.Rule{Operation: tc.op, Fault: countersigntest.Status(503)})
		d, err := tc.call(t.Context(), w.client, m)
		require.Error(t, err, tc.op)
		require.NotNil(t, d, tc.op)
		require.Len(t, d.Documents, 2)

		w.srv.Faults().Clear()
		m.ID, m.Primary.UUID, m.Attachments[0].UUID = d.MessageID, d.Documents[0], d.Documents[1]
		again, err := tc.call(t.Context(), w.client, m)
		require.NoError(t, err)
		require.Equal(t, d.MessageID, again.MessageID)
		require.Equal(t, d.Documents, again.Documents)

		m.Recipient = digipost.Recipient{}
		d, err = tc.call(t.Context(), w.client, m)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.Nil(t, d, "a message that can't be sent has nothing to be asked for")
	}
}

// Whom Digipost knows several of may be a user: that is no case for paper.
func TestUnclearRecipientIsNotPrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.AddNamesakes("Ola Nordmann")
	m := w.message()
	m.Recipient = digipost.Recipient{NameAndAddress: &digipost.NameAndAddress{FullName: "Ola Nordmann", AddressLine1: "x", PostalCode: "0460", City: "Oslo"}}
	who, err := w.client.Recipients.Identify(t.Context(), m.Recipient)
	require.NoError(t, err)
	require.Equal(t, digipost.ReasonMultipleMatches, who.Reason)
	_, err = w.client.Messages.SendOrPrint(t.Context(), m, *paper())
	require.ErrorIs(t, err, digipost.ErrUnclearRecipient)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Empty(t, w.srv.Messages())

	w.srv.AddKnown("Kari Nordmann")
	for _, name := range []string{"Kari Nordmann", "Nobody"} { // known without being a user; not found
		m.Recipient.NameAndAddress.FullName = name
		d, err := w.client.Messages.SendOrPrint(t.Context(), m, *paper())
		require.NoError(t, err, name)
		require.Equal(t, digipost.ChannelPrint, d.Channel, name)
	}
}
