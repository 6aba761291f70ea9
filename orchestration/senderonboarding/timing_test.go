package senderonboarding_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// happening is one thing that happens at its time, counted from the start.
type happening struct {
	after time.Duration
	what  string // "account", "click", "back-end"
}

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// play lets things happen at their times, and lets the flow work in between and
// after each.
func (w *world) play(f fresh, happenings []happening) {
	w.t.Helper()
	begin := w.clock.Now()
	slices.SortStableFunc(happenings, func(a, b happening) int { return cmp.Compare(a.after, b.after) })
	for _, h := range happenings {
		w.pass(begin.Add(h.after).Sub(w.clock.Now()), time.Hour)
		account, _ := w.fake.Account(string(acme))
		switch h.what {
		case "account":
			w.register(f.Started, acme)
		case "click":
			w.call(f.state, callback(account.SenderID, f.nonce))
		case "back-end":
			// Too late and too often are answered, too: the fake reports it.
			_ = w.fake.CallBack(w.t.Context(), w.partner.ID, account.SenderID, f.nonce)
		}
		w.run()
	}
}

// Callbacks come early, late, twice, in any order or not at all; what becomes of
// the session and what is told of it is the same each time.
func TestCallbacksWheneverTheyCome(t *testing.T) {
	t.Parallel()
	const ready, expired = senderonboarding.StateReady, senderonboarding.StateExpired
	for name, tc := range map[string]struct {
		happenings []happening
		believed   bool // ProofOff: the callbacks alone decide
		want       senderonboarding.State
		told       kinds
	}{
		"browser at once": {[]happening{{minute, "account"}, {minute, "click"}}, true, ready, kinds{"started", "returned", "ready"}},
		"browser, back-end days later": {
			[]happening{{minute, "account"}, {minute, "click"}, {3 * day, "back-end"}}, true, ready, kinds{"started", "returned", "ready"},
		},
		"back-end, browser hours later": {
			[]happening{{minute, "account"}, {minute, "back-end"}, {11 * time.Hour, "click"}}, true, ready, kinds{"started", "ready"},
		},
		"back-end after days": {[]happening{{5 * day, "account"}, {5 * day, "back-end"}}, true, ready, kinds{"started", "waiting", "ready"}},
		"back-end in the last minute": {
			[]happening{{13 * day, "account"}, {14*day - minute, "back-end"}}, true, ready, kinds{"started", "waiting", "ready"},
		},
		"back-end at the deadline": {[]happening{{13 * day, "account"}, {14 * day, "back-end"}}, true, expired, kinds{"started", "waiting", "expired"}},
		"back-end after the deadline": {
			[]happening{{13 * day, "account"}, {15 * day, "back-end"}}, true, expired, kinds{"started", "waiting", "expired"},
		},
		"browser in the last minute": {
			[]happening{{minute, "account"}, {12*time.Hour - minute, "click"}}, true, ready, kinds{"started", "returned", "ready"},
		},
		"browser too late, back-end in time": {
			[]happening{{minute, "account"}, {13 * time.Hour, "click"}, {2 * day, "back-end"}}, true, ready, kinds{"started", "waiting", "ready"},
		},
		"browser too late": {[]happening{{minute, "account"}, {13 * time.Hour, "click"}}, true, expired, kinds{"started", "waiting", "expired"}},
		"each three times": {repeat(3, happening{minute, "account"}, happening{minute, "click"}, happening{2 * minute, "back-end"}), true, ready, kinds{"started", "returned", "ready"}},
		"twice, back-end first": {
			repeat(2, happening{minute, "account"}, happening{2 * minute, "back-end"}, happening{3 * minute, "click"}), true, ready, kinds{"started", "ready"},
		},
		"never, but Digipost knows": {[]happening{{6 * day, "account"}}, false, ready, kinds{"started", "waiting", "ready"}},
		"never":                     {nil, false, expired, kinds{"started", "waiting", "expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) {
				if tc.believed {
					c.Proof = senderonboarding.ProofOff
				}
			}))
			f := w.fresh("acme", acme)
			w.play(f, tc.happenings)
			w.pass(16*day, 6*time.Hour)
			s := w.session(f.Session.ID)
			require.Equal(t, tc.want, s.State, s.Reason)
			require.Equal(t, tc.told, w.told(s.ID))
			require.Zero(t, s.Contradicting)
			require.True(t, s.NextAttempt.IsZero())
		})
	}
}

func repeat(times int, all ...happening) []happening {
	var out []happening
	for range times {
		out = append(out, all...)
	}
	return out
}

// The semi-automatic flow with the customer's click, in each order of account,
// click and approval, with a proof: no order is proved less.
func TestEachOrderIsProved(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"account", "click", "back-end"}, {"account", "back-end", "click"}} {
		for _, gap := range []time.Duration{0, minute, 5 * time.Hour} {
			t.Run(fmt.Sprint(order, gap), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, withEscaping(digiposttest.EscapedHash))
				f := w.fresh("acme", acme)
				var happenings []happening
				for i, what := range order {
					happenings = append(happenings, happening{time.Duration(i) * gap, what})
				}
				w.play(f, happenings)
				s := w.session(f.Session.ID)
				require.Equal(t, senderonboarding.StateReady, s.State)
				require.True(t, s.Proven)
				require.Equal(t, "ready", string(w.told(s.ID)[len(w.told(s.ID))-1]))
			})
		}
	}
}

// Both callbacks before the flow works, and a process that is started anew between
// all steps: nothing rests in memory.
func TestRestartBetweenCallbacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	f := w.fresh("acme", acme)
	link := w.register(f.Started, acme)
	account, _ := w.fake.Account(string(acme))
	w.restart()
	require.NoError(t, w.fake.CallBack(t.Context(), w.partner.ID, account.SenderID, f.nonce))
	w.restart()
	res, _ := w.visitor().open(link)
	require.Equal(t, http.StatusOK, res.StatusCode)
	w.restart()
	w.run()
	s := w.session(f.Session.ID)
	require.Equal(t, senderonboarding.StateReady, s.State)
	require.Equal(t, digipost.SenderID(account.SenderID), s.SenderID)
	require.Equal(t, account.Address, s.Address)
	require.Equal(t, kinds{"started", "returned", "ready"}, w.told(s.ID))
}
