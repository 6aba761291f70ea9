package docusign_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/stretchr/testify/require"
)

var everything = docusign.Webhook{
	Name: "all", URL: "https://hooks.example.com/connect",
	Events: []docusign.EventKind{
		docusign.EventEnvelopeSent, docusign.EventEnvelopeDelivered, docusign.EventEnvelopeCompleted, docusign.EventEnvelopeDeclined, docusign.EventEnvelopeVoided,
		docusign.EventRecipientSent, docusign.EventRecipientDelivered, docusign.EventRecipientCompleted, docusign.EventRecipientDeclined,
	},
	Include: []docusign.Include{docusign.IncludeRecipients, docusign.IncludeTabs, docusign.IncludeCustomFields},
}

func TestWebhookCanOnlyBeSIM(t *testing.T) {
	t.Parallel()
	c, err := everything.Configuration()
	require.NoError(t, err)
	require.True(t, c.IsSIM())
	require.True(t, bool(c.Enabled && c.HMAC && c.Acknowledge && c.Log && c.AllUsers))
	n, err := docusign.EnvelopeHook{URL: everything.URL, Events: everything.Events, WithHMAC: true}.Notification()
	require.NoError(t, err)
	require.Equal(t, "SIM", n.DeliveryMode)

	for want, change := range map[string]func(*docusign.Webhook){
		"Name is empty":                func(w *docusign.Webhook) { w.Name = " " },
		"URL is not an https":          func(w *docusign.Webhook) { w.URL = "http://hooks.example.com/" },
		"URL is not an https address ": func(w *docusign.Webhook) { w.URL = "https://a:b@hooks.example.com/" },
		"Events is empty":              func(w *docusign.Webhook) { w.Events = nil },
		"Events has an event that":     func(w *docusign.Webhook) { w.Events = []docusign.EventKind{"Completed"} },
		"envelope-sent twice":          func(w *docusign.Webhook) { w.Events = []docusign.EventKind{"envelope-sent", "envelope-sent"} },
		"Include has workflow":         func(w *docusign.Webhook) { w.Include = []docusign.Include{docusign.IncludeWorkflow} },
		"AllExcept is set without":     func(w *docusign.Webhook) { w.AllExcept = true },
	} {
		w := everything
		change(&w)
		_, err := w.Configuration()
		_, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, want)
		require.ErrorContains(t, err, want)
	}
	_, err = docusign.EnvelopeHook{URL: everything.URL, Events: []docusign.EventKind{docusign.EventTemplateCreated}}.Notification()
	require.ErrorContains(t, err, "is not about an envelope")
	for _, broken := range []docusign.ConnectConfiguration{{}, {DeliveryMode: "SIM", Events: everything.Events}, {DeliveryMode: "Aggregate", Events: everything.Events, EventData: c.EventData}} {
		require.False(t, broken.IsSIM())
	}
}

func TestConnectConditions(t *testing.T) {
	t.Parallel()
	_, c := account(t, docusigntest.WithoutConnect())
	err := c.Connect.Check(t.Context())
	require.ErrorIs(t, err, docusign.ErrConnectNotEnabled)
	require.ErrorIs(t, err, countersign.ErrForbidden)
	require.ErrorContains(t, err, "Business Pro")

	srv, c := account(t)
	require.NoError(t, c.Connect.Check(t.Context()))
	clerk := srv.AddUser(docusigntest.User{Name: "Clerk"})
	c = connect(t, srv, docusign.StaticToken{Token: countersign.NewSecret(srv.AccessToken(clerk.ID))})
	err = c.Connect.Check(t.Context())
	require.ErrorIs(t, err, docusign.ErrNotAdministrator)
	require.ErrorContains(t, err, "administrators")
}

// mailbox is a receiver that keeps what it accepts, and refuses while it is shut.
type mailbox struct {
	mu     sync.Mutex
	shut   bool
	events []docusign.Event
}

func (i *mailbox) accept(_ context.Context, e docusign.Event) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.shut {
		return errors.New("away")
	}
	i.events = append(i.events, e)
	return nil
}

func (i *mailbox) kinds() []docusign.EventKind {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := make([]docusign.EventKind, len(i.events))
	for k, e := range i.events {
		out[k] = e.Kind
	}
	return out
}

// wired is a fake whose Connect sends to a receiver with one of its two keys.
func wired(t *testing.T) (*docusigntest.Server, *docusign.Client, *mailbox, *docusign.ConnectConfiguration) {
	t.Helper()
	srv, c := account(t)
	srv.SetConnectKeys("old key", "new key")
	in := &mailbox{}
	r, err := docusign.NewReceiver(docusign.ReceiverConfig{Keys: []countersign.Secret{countersign.NewSecret("new key")}, Accept: in.accept})
	require.NoError(t, err)
	srv.Receive(everything.URL, r)
	made, err := c.Connect.Create(t.Context(), everything)
	require.NoError(t, err)
	return srv, c, in, made
}

func TestConnectFromEndToEnd(t *testing.T) {
	t.Parallel()
	srv, c, in, _ := wired(t)
	made, err := c.Envelopes.Create(t.Context(), offer("to the end"))
	require.NoError(t, err)
	srv.Sign(string(made.ID), "1")
	report := srv.Deliver()
	require.Equal(t, docusigntest.Delivered{Sent: 6, Acked: 6}, report)
	require.Equal(t, []docusign.EventKind{
		docusign.EventEnvelopeSent, docusign.EventRecipientSent, docusign.EventRecipientDelivered, docusign.EventEnvelopeDelivered,
		docusign.EventRecipientCompleted, docusign.EventEnvelopeCompleted,
	}, in.kinds())
	last := in.events[4]
	require.Equal(t, made.ID, last.EnvelopeID)
	require.Equal(t, srv.Account().ID, string(last.AccountID))
	who, ok := last.Recipient()
	require.True(t, ok)
	require.Equal(t, "robin@example.com", who.Email)

	declined, err := c.Envelopes.Create(t.Context(), offer("declined"))
	require.NoError(t, err)
	srv.Decline(string(declined.ID), "1", "too dear")
	require.Equal(t, 6, srv.Deliver(docusigntest.Delivery{Shuffle: true, Duplicate: 1, Seed: 3}).Acked)
	require.Len(t, in.events, 18, "each of the six came twice")
}

func TestConnectRepeatsAndRecovers(t *testing.T) {
	t.Parallel()
	srv, c, in, hook := wired(t)
	in.shut = true
	_, err := c.Envelopes.Create(t.Context(), offer("later"))
	require.NoError(t, err)
	require.Equal(t, docusigntest.Delivered{Sent: 1, Failed: 1, Waiting: 2}, srv.Deliver(), "the first refusal marks the configuration down")
	require.Equal(t, docusigntest.Delivered{Waiting: 2}, srv.Deliver(), "and nothing is tried before a day has passed")
	failures, err := c.Connect.Failures(t.Context(), time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, failures, 1)
	require.Equal(t, hook.ID, failures[0].ConnectID)

	in.shut = false
	srv.Clock().Advance(25 * time.Hour)
	require.Equal(t, docusigntest.Delivered{Sent: 2, Acked: 2}, srv.Deliver())
	require.ElementsMatch(t, []docusign.EventKind{docusign.EventEnvelopeSent, docusign.EventRecipientSent}, in.kinds())
	require.Equal(t, 1, in.events[0].RetryCount+in.events[1].RetryCount)
}

func TestConnectWithAnUnknownKey(t *testing.T) {
	t.Parallel()
	srv, c, in, _ := wired(t)
	srv.SetConnectKeys("some other key")
	_, err := c.Envelopes.Create(t.Context(), offer("forged"))
	require.NoError(t, err)
	require.Equal(t, 1, srv.Deliver().Failed)
	require.Empty(t, in.events)
	srv.SetConnectKeys()
	srv.Clock().Advance(25 * time.Hour)
	require.Equal(t, 1, srv.Deliver().Failed, "unsigned messages are refused too")
}

func TestEnvelopeHookIsSentTo(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	in := &mailbox{}
	r, err := docusign.NewReceiver(docusign.ReceiverConfig{WithoutHMAC: true, Accept: in.accept})
	require.NoError(t, err)
	srv.Receive("https://hooks.example.com/one", r)
	d := offer("own hook")
	d.EventNotification, err = docusign.EnvelopeHook{URL: "https://hooks.example.com/one", Events: []docusign.EventKind{docusign.EventEnvelopeCompleted}}.Notification()
	require.NoError(t, err)
	made, err := c.Envelopes.Create(t.Context(), d)
	require.NoError(t, err)
	srv.Sign(string(made.ID), "1")
	require.Equal(t, docusigntest.Delivered{Sent: 1, Acked: 1}, srv.Deliver())
	require.Nil(t, in.events[0].Envelope, "nothing was to be included")
}

var _ http.Handler = (*docusign.Receiver)(nil)
