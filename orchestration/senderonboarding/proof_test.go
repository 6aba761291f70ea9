package senderonboarding_test

import (
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// coded is an answer of Digipost's that has a code; a gateway's has none.
func coded(status int, code string, kind error) error {
	return &countersign.Error{Provider: "digipost", Op: "get sender", StatusCode: status, Code: code, Kind: kind}
}

// Where one question can't be asked, the other still is, and has to agree.
func TestWhatCanBeAskedIsAsked(t *testing.T) {
	t.Parallel()
	const unproven, ready = senderonboarding.StateUnproven, senderonboarding.StateReady
	gateway := coded(403, "", countersign.ErrForbidden)
	for name, tc := range map[string]struct {
		org         digipost.OrganisationNumber
		byOrg, byID error
		known       bool // by the callback's sender-id
		want        senderonboarding.State
	}{
		"no number, known":                {"", nil, nil, true, ready},
		"no number, not known":            {"", nil, nil, false, unproven},
		"may not ask, known":              {acme, errForbidden, nil, true, ready},
		"may not ask, not known":          {acme, errForbidden, nil, false, unproven},
		"may ask neither":                 {acme, errForbidden, errForbidden, true, ready},
		"may not act for it":              {acme, errForbidden, coded(403, "BROKER_NOT_AUTHORIZED", digipost.ErrNotAuthorised), true, unproven},
		"a gateway refuses":               {acme, gateway, nil, true, unproven},
		"a gateway refuses the other":     {acme, errForbidden, gateway, true, unproven},
		"a code that nobody knows":        {acme, coded(403, "WHATEVER", countersign.ErrForbidden), nil, true, unproven},
		"no sender, may not ask about it": {other, nil, errForbidden, true, unproven},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) { c.Proof = senderonboarding.ProofWhenAllowed }))
			w.asked.byOrg, w.asked.byID = tc.byOrg, tc.byID
			sender := w.customer(acme)
			if !tc.known {
				sender = 999_999
			}
			f := w.fresh("acme", tc.org)
			w.call(f.state, callback(sender, f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			s := w.session(f.Session.ID)
			require.Equal(t, tc.want, s.State, s.Reason)
			require.False(t, s.Proven)
			require.EqualValues(t, sender, s.SenderID, "it is kept")
		})
	}
}

// Where callback and Digipost name two senders, a person decides: the organisation
// may have two accounts, and the callback be right.
func TestContradictionIsForAPerson(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		w := newWorld(t, withEscaping(digiposttest.EscapedHash))
		first := w.customer(acme)
		second := first + 1
		if known {
			second = w.customer(acme) // a part of the organisation with an account of its own
		}
		f := w.fresh("acme", acme)
		w.call(f.state, callback(second, f.nonce))
		s := w.session(f.Session.ID)
		require.Equal(t, senderonboarding.StateUnproven, s.State)
		require.EqualValues(t, second, s.SenderID)
		require.NotEmpty(t, s.Reason)
		s, err := w.flow.Decide(t.Context(), s.ID, true, "kari", "they have two accounts")
		require.NoError(t, err)
		require.Equal(t, senderonboarding.StateReady, s.State)
		require.EqualValues(t, second, s.SenderID)
		require.False(t, s.Proven)
		w.run()
		require.Equal(t, kinds{"started", "returned", "unproven", "ready"}, w.told(s.ID))
	}
}

// Whoever can prove a sender-id gets it from whom it was only believed of, and the
// one who loses it is told.
func TestProvenBeatsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) { c.Proof = senderonboarding.ProofWhenAllowed }))
	sender := w.customer(acme)
	squatter := w.fresh("mallory", "")
	w.call(squatter.state, callback(sender, squatter.nonce))
	require.Equal(t, senderonboarding.StateReady, w.session(squatter.Session.ID).State)
	w.clock.Advance(time.Hour)
	n, err := w.flow.Purge(t.Context(), w.clock.Now())
	require.NoError(t, err)
	require.Zero(t, n, "whoever may lose a sender-id is to be found")

	owner := w.fresh("acme", acme)
	w.call(owner.state, callback(sender, owner.nonce))
	require.Equal(t, senderonboarding.StateReady, w.session(owner.Session.ID).State)
	require.True(t, w.session(owner.Session.ID).Proven)
	s, err := w.flow.Sender(t.Context(), "acme")
	require.NoError(t, err)
	require.EqualValues(t, sender, s.ID)
	require.True(t, s.Proven)

	lost := w.session(squatter.Session.ID)
	require.Equal(t, senderonboarding.StateRefused, lost.State)
	require.NotEmpty(t, lost.Reason)
	require.Equal(t, kinds{"started", "returned", "ready", "refused"}, w.told(lost.ID))
	_, err = w.flow.Sender(t.Context(), "mallory")
	require.ErrorIs(t, err, senderonboarding.ErrNoSender)

	again := w.fresh("mallory", "")
	w.call(again.state, callback(sender, again.nonce))
	require.Equal(t, senderonboarding.StateRefused, w.session(again.Session.ID).State, "it is known whose it is")
}

// Two tenants for whom a sender-id is only believed: the first keeps it until a
// person decides.
func TestBelievedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) { c.Proof = senderonboarding.ProofOff }))
	sender := w.customer(acme)
	first, second := w.fresh("beta", ""), w.fresh("acme", "")
	w.call(first.state, callback(sender, first.nonce))
	w.call(second.state, callback(sender, second.nonce))
	require.Equal(t, senderonboarding.StateReady, w.session(first.Session.ID).State)
	require.Equal(t, senderonboarding.StateUnproven, w.session(second.Session.ID).State)
	s, err := w.flow.Decide(t.Context(), second.Session.ID, true, "kari", "called them")
	require.NoError(t, err)
	require.Equal(t, senderonboarding.StateReady, s.State)
	w.run()
	require.Equal(t, senderonboarding.StateUnproven, w.session(first.Session.ID).State)
	require.Equal(t, kinds{"started", "returned", "ready", "unproven"}, w.told(first.Session.ID))
	s, err = w.flow.Decide(t.Context(), first.Session.ID, true, "per", "no, these")
	require.NoError(t, err)
	require.Equal(t, senderonboarding.StateUnproven, s.State, "one decision does not undo another")
}
