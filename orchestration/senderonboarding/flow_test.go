package senderonboarding_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

type kinds = []senderonboarding.EventKind

// The full-automatic flow, whatever becomes of the # on its way.
func TestFullAutomaticFlow(t *testing.T) {
	t.Parallel()
	for name, escaping := range map[string]digiposttest.Escaping{
		"literal": digiposttest.LiteralHash, "escaped": digiposttest.EscapedHash, "escaped twice": digiposttest.EscapedTwice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(escaping))
			started := w.start("acme", acme)
			w.run()
			link := w.register(started, acme)
			v := w.visitor()
			res, page := v.open(link)
			require.Equal(t, http.StatusOK, res.StatusCode)
			require.Empty(t, res.Request.URL.RawQuery, "the nonce must not stay in the address bar")
			require.Contains(t, page, "Vi kontrollerer kontoen")
			w.run()
			_, page = v.get(res.Request.URL.String())
			require.Contains(t, page, "Digipost er klart til bruk")

			s := w.session(started.Session.ID)
			account, _ := w.fake.Account(string(acme))
			require.Equal(t, senderonboarding.StateReady, s.State)
			require.Equal(t, digipost.SenderID(account.SenderID), s.SenderID)
			require.True(t, s.Proven)
			require.Equal(t, "acme", s.Tenant)
			if escaping == digiposttest.LiteralHash {
				require.Empty(t, s.Address, "half an address is none")
			} else {
				require.Equal(t, account.Address, s.Address)
			}
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(s.ID))
			sender, err := w.flow.Sender(t.Context(), "acme")
			require.NoError(t, err)
			require.Equal(t, s.SenderID, sender.ID)
			require.Equal(t, acme, sender.Organisation)

			// A replay shows the result and changes nothing.
			before := w.session(s.ID)
			_, page = v.open(link)
			require.Contains(t, page, "Digipost er klart til bruk")
			w.run()
			require.Equal(t, before, w.session(s.ID))
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(s.ID))
		})
	}
}

func TestSemiAutomaticFlow(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(w *world) { w.newFake(digiposttest.WithBackendMethod(method)) },
				withConfig(func(c *senderonboarding.Config) {
					c.BackendTokens = []countersign.Secret{countersign.NewSecret("BACKENDTOKEN2345672345AB")}
				}))
			started := w.start("acme", acme)
			id, err := w.fake.Apply(started.Address.Reveal(), string(acme))
			require.NoError(t, err)
			w.pass(13*time.Hour, time.Hour)
			require.Equal(t, senderonboarding.StateWaiting, w.session(started.Session.ID).State)
			w.pass(4*24*time.Hour, 6*time.Hour)
			require.NoError(t, w.fake.Approve(t.Context(), id))
			w.run()
			s := w.session(started.Session.ID)
			require.Equal(t, senderonboarding.StateReady, s.State)
			require.True(t, s.Proven)
			require.Equal(t, kinds{"started", "waiting", "ready"}, w.told(s.ID))

			require.NoError(t, w.fake.Approve(t.Context(), id), "again")
			w.run()
			require.Equal(t, s, w.session(s.ID))
			text := senderonboarding.ReadyText(s, "Fakturabyrået", "nb")
			require.Contains(t, text.Body, string(acme))
			require.Contains(t, senderonboarding.ReadyText(s, "Invoices", "en").Body, "Invoices")
		})
	}
}

// Back-end and browser may come in any order, and both.
func TestBothCallbacks(t *testing.T) {
	t.Parallel()
	for name, backendFirst := range map[string]bool{"back-end first": true, "browser first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(digiposttest.EscapedHash))
			started := w.start("acme", acme)
			link := w.register(started, acme)
			account, _ := w.fake.Account(string(acme))
			_, nonce := secrets(t, started)
			backend := func() { require.NoError(t, w.fake.CallBack(t.Context(), w.partner.ID, account.SenderID, nonce)) }
			if backendFirst {
				backend()
				w.run()
			}
			w.visitor().open(link)
			w.run()
			if !backendFirst {
				backend()
				w.run()
			}
			s := w.session(started.Session.ID)
			require.Equal(t, senderonboarding.StateReady, s.State)
			require.False(t, s.Approved.IsZero())
			require.Zero(t, s.Contradicting)
			require.Len(t, w.told(s.ID), map[bool]int{true: 2, false: 3}[backendFirst])
		})
	}
}

// A closed tab: no callback ever comes, and Digipost is asked.
func TestLostCallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.start("acme", acme)
	w.pass(30*time.Minute, time.Minute)
	w.register(started, acme)
	w.pass(2*time.Hour, time.Minute)
	s := w.session(started.Session.ID)
	require.Equal(t, senderonboarding.StateReady, s.State)
	require.True(t, s.Proven)
	require.True(t, s.Returned.IsZero())
	require.Equal(t, kinds{"started", "ready"}, w.told(s.ID))
}

// Polling backs off: a session that nothing comes of costs little.
func TestPollingBacksOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.start("acme", acme)
	w.pass(15*24*time.Hour, 10*time.Minute)
	s := w.session(started.Session.ID)
	require.Equal(t, senderonboarding.StateExpired, s.State)
	require.NotEmpty(t, s.Reason)
	require.True(t, s.NextAttempt.IsZero())
	require.Equal(t, kinds{"started", "waiting", "expired"}, w.told(s.ID))
	require.Less(t, w.asked.calls, 14*24+20)
	calls := w.asked.calls
	w.pass(48*time.Hour, time.Hour)
	require.Equal(t, calls, w.asked.calls)
}

// However little is known, every session ends.
func TestEverySessionEnds(t *testing.T) {
	t.Parallel()
	const off, allowed = senderonboarding.ProofOff, senderonboarding.ProofWhenAllowed
	for name, tc := range map[string]struct {
		proof  senderonboarding.Proof
		org    digipost.OrganisationNumber
		setup  func(*world)
		click  bool
		want   senderonboarding.State
		proven bool
	}{
		"no credentials":                  {"", acme, func(w *world) { w.deps.Senders = nil }, true, senderonboarding.StateUnproven, false},
		"no credentials, no click":        {"", acme, func(w *world) { w.deps.Senders = nil }, false, senderonboarding.StateExpired, false},
		"no credentials, when allowed":    {allowed, acme, func(w *world) { w.deps.Senders = nil }, true, senderonboarding.StateReady, false},
		"no organisation":                 {"", "", nil, true, senderonboarding.StateUnproven, false},
		"no organisation, when allowed":   {allowed, "", nil, true, senderonboarding.StateReady, false},
		"no right to look up":             {"", acme, func(w *world) { w.asked.fail(errForbidden) }, true, senderonboarding.StateUnproven, false},
		"no right, when allowed":          {allowed, acme, func(w *world) { w.asked.fail(errForbidden) }, true, senderonboarding.StateReady, false},
		"no right, no click":              {"", acme, func(w *world) { w.asked.fail(errForbidden) }, false, senderonboarding.StateExpired, false},
		"Digipost is down":                {"", acme, func(w *world) { w.asked.fail(errDown) }, true, senderonboarding.StateUnproven, false},
		"Digipost is down, when allowed":  {allowed, acme, func(w *world) { w.asked.fail(errDown) }, true, senderonboarding.StateUnproven, false},
		"off":                             {off, "", func(w *world) { w.deps.Senders = nil }, true, senderonboarding.StateReady, false},
		"off, no click":                   {off, acme, nil, false, senderonboarding.StateExpired, false},
		"proven though only when allowed": {allowed, acme, nil, true, senderonboarding.StateReady, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) { c.Proof = tc.proof }))
			if tc.setup != nil {
				tc.setup(w)
				w.restart()
			}
			started := w.start("acme", tc.org)
			if tc.click {
				w.visitor().open(w.register(started, acme))
			}
			w.pass(15*24*time.Hour, 3*time.Hour)
			s := w.session(started.Session.ID)
			require.Equal(t, tc.want, s.State, s.Reason)
			require.Equal(t, tc.proven, s.Proven)
			require.Equal(t, tc.click, s.SenderID != 0, "a sender-id is kept")
			require.True(t, s.NextAttempt.IsZero())
			if tc.want != senderonboarding.StateReady {
				require.NotEmpty(t, s.Reason)
				_, err := w.flow.Sender(t.Context(), "acme")
				require.ErrorIs(t, err, senderonboarding.ErrNoSender)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for accept, want := range map[bool]senderonboarding.State{true: senderonboarding.StateReady, false: senderonboarding.StateRefused} {
		w := newWorld(t, withEscaping(digiposttest.EscapedHash), withDeps(func(d *senderonboarding.Deps) { d.Senders = nil }))
		started := w.start("acme", acme)
		_, err := w.flow.Decide(t.Context(), started.Session.ID, accept, "kari", "called them")
		require.ErrorIs(t, err, senderonboarding.ErrNotUnproven)
		w.visitor().open(w.register(started, acme))
		w.run()
		s, err := w.flow.Decide(t.Context(), started.Session.ID, accept, "kari", "called them")
		require.NoError(t, err)
		require.Equal(t, want, s.State)
		w.run()
		require.Equal(t, kinds{"started", "returned", "unproven", senderonboarding.EventKind(want)}, w.told(s.ID))
		_, err = w.flow.Sender(t.Context(), "acme")
		require.Equal(t, accept, err == nil)
		var who []string
		for e, err := range w.flow.Journal(t.Context(), s.ID) {
			require.NoError(t, err)
			who = append(who, e.Who)
		}
		require.Contains(t, who, "kari")
	}
}

// A passing outage only delays, and nobody is told to wait for approval; a longer
// one is like waiting.
func TestOutage(t *testing.T) {
	t.Parallel()
	for minutes, told := range map[int]kinds{1: {"started", "returned", "ready"}, 10: {"started", "returned", "waiting", "ready"}} {
		w := newWorld(t, withEscaping(digiposttest.EscapedHash))
		w.asked.fail(errDown)
		started := w.start("acme", acme)
		w.visitor().open(w.register(started, acme))
		w.run()
		require.Equal(t, senderonboarding.StateReturned, w.session(started.Session.ID).State)
		require.NotEmpty(t, w.session(started.Session.ID).Reason)
		w.pass(time.Duration(minutes)*time.Minute-time.Second, time.Minute)
		w.asked.fail(nil)
		w.pass(10*time.Minute, time.Minute)
		require.Equal(t, senderonboarding.StateReady, w.session(started.Session.ID).State)
		require.Equal(t, told, w.told(started.Session.ID))
	}
}

// An event is told until it is taken, then never again, in order.
func TestEventsAreToldUntilTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	failures := 3
	var ids []string
	w.cfg.OnEvent = func(_ context.Context, e senderonboarding.Event) error {
		ids = append(ids, e.ID)
		if failures > 0 {
			failures--
			return errors.New("mail server is away")
		}
		return w.note(t.Context(), e)
	}
	w.restart()
	started := w.start("acme", acme)
	w.visitor().open(w.register(started, acme))
	w.pass(2*time.Minute, time.Second)
	require.Equal(t, kinds{"started", "returned", "ready"}, w.told(started.Session.ID))
	require.Equal(t, []string{ids[0], ids[0], ids[0], ids[0]}, ids[:4])
	w.restart()
	w.pass(time.Hour, time.Minute)
	require.Len(t, ids, 6)
}

// Events behind one that is not taken wait for it in silence, until it is given up;
// then they are told, and it can be told again.
func TestEventNeverTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	away := true
	w.cfg.OnEvent = func(ctx context.Context, e senderonboarding.Event) error {
		if away && e.Kind == senderonboarding.EventStarted {
			return errors.New("mail server is away")
		}
		return w.note(ctx, e)
	}
	w.restart()
	f := w.fresh("acme", acme)
	w.run()
	w.clock.Advance(time.Millisecond)
	w.visitor().open(w.register(f.Started, acme))
	w.run()
	for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: "senderonboarding.event"}) {
		require.NoError(t, err)
		require.Equal(t, rec.Key == string(f.Session.ID)+"/started", rec.LastError != "", rec.Key)
	}
	w.pass(2*day, time.Hour)
	require.Empty(t, w.told(f.Session.ID))
	w.pass(3*day, time.Hour)
	require.Equal(t, kinds{"returned", "ready"}, w.told(f.Session.ID))
	away = false
	n, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.run()
	require.Equal(t, kinds{"returned", "ready", "started"}, w.told(f.Session.ID))
}

func TestPublicPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	s, err := w.flow.Start(t.Context(), senderonboarding.Start{Prefill: acme})
	require.NoError(t, err)
	require.Contains(t, s.Address.Reveal(), "&org="+string(acme))
	w.visitor().open(w.register(s, acme))
	w.run()
	require.Equal(t, senderonboarding.StateReturned, w.session(s.Session.ID).State, "whose it is nobody knows yet")

	_, err = w.flow.Claim(t.Context(), countersign.NewSecret("guessed"), senderonboarding.Claimant{Tenant: "acme"})
	require.ErrorIs(t, err, senderonboarding.ErrUnknown)
	claimed, err := w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: acme})
	require.NoError(t, err)
	require.Equal(t, "acme", claimed.Tenant)
	w.run()
	require.Equal(t, senderonboarding.StateReady, w.session(s.Session.ID).State)

	_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: acme})
	require.NoError(t, err, "again, by the same")
	_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "mallory", Organisation: other})
	require.ErrorIs(t, err, senderonboarding.ErrClaimed)
}

// What a visitor typed is no proof: without the vendor's own knowledge of the
// organisation number a claimed session ends unproven.
func TestTypedNumberProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	s, err := w.flow.Start(t.Context(), senderonboarding.Start{Prefill: acme})
	require.NoError(t, err)
	w.visitor().open(w.register(s, acme))
	_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme"})
	require.NoError(t, err)
	w.run()
	require.Equal(t, senderonboarding.StateUnproven, w.session(s.Session.ID).State)
}

func TestNobodySignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	s, err := w.flow.Start(t.Context(), senderonboarding.Start{})
	require.NoError(t, err)
	w.visitor().open(w.register(s, acme))
	w.pass(15*24*time.Hour, 12*time.Hour)
	require.Equal(t, senderonboarding.StateExpired, w.session(s.Session.ID).State)
	_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: acme})
	require.ErrorIs(t, err, senderonboarding.ErrTooLate)
}
