package senderonboarding_test

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// apiWorld is a world whose flow asks and sends through the real client.
func apiWorld(t *testing.T, opts ...digiposttest.Option) *world {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	tr := &http.Transport{}
	w := newWorld(t, func(w *world) {
		w.newFake(append(opts, digiposttest.WithEscaping(digiposttest.EscapedHash))...)
		w.partner = w.fake.AddPartner(digiposttest.Partner{Key: &key.PublicKey})
		client, err := digipost.New(digipost.Config{
			BrokerID: digipost.BrokerID(w.partner.ID), Auth: digipost.SignatureAuth{Key: key}, Clock: w.clock.Now,
		}, countersign.WithBaseURL(w.fake.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}),
			countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))
		require.NoError(t, err)
		w.deps.Senders, w.deps.Messages = client.Senders, client.Messages
	})
	t.Cleanup(tr.CloseIdleConnections)
	return w
}

func letter() digipost.Message {
	return digipost.Message{
		ID: "first-letter", Recipient: digipost.Recipient{PersonalID: "01043100358"},
		Primary: digipost.Document{
			Subject: "Hei", FileType: "txt", Authentication: digipost.LevelTwoFactor, Sensitivity: digipost.SensitivityNormal,
			Content: countersign.Upload{Size: 3, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("Hei")), nil }},
		},
	}
}

// From the first click to the first letter, through the real client.
func TestSendOnBehalf(t *testing.T) {
	t.Parallel()
	w := apiWorld(t)
	w.fake.AddUser("01043100358")
	_, err := w.flow.Send(t.Context(), "acme", letter())
	require.ErrorIs(t, err, senderonboarding.ErrNoSender)
	started := w.start("acme", acme)
	w.visitor().open(w.register(started, acme))
	w.run()
	s := w.session(started.Session.ID)
	require.Equal(t, senderonboarding.StateReady, s.State, s.Reason)
	d, err := w.flow.Send(t.Context(), "acme", letter())
	require.NoError(t, err)
	require.Equal(t, s.SenderID, d.SenderID)
	_, err = w.flow.Send(t.Context(), "acme", letter())
	require.ErrorIs(t, err, digipost.ErrDuplicate)
	foreign := letter()
	foreign.Sender = s.SenderID + 1
	_, err = w.flow.Send(t.Context(), "acme", foreign)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = w.flow.Send(t.Context(), "mallory", letter())
	require.ErrorIs(t, err, senderonboarding.ErrNoSender)
	require.Len(t, w.fake.Messages(), 1)
}

// A broker that may not look up by organisation number: the session ends
// unproven, with the sender-id kept.
func TestNoRightToLookUp(t *testing.T) {
	t.Parallel()
	w := apiWorld(t, digiposttest.WithOrganisationLookup(false))
	started := w.start("acme", acme)
	w.visitor().open(w.register(started, acme))
	w.run()
	s := w.session(started.Session.ID)
	require.Equal(t, senderonboarding.StateUnproven, s.State)
	require.NotZero(t, s.SenderID)
}
