package senderonboarding_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// attack tries something and reports whether a session became ready, or changed,
// that must not.
type attack func(t *testing.T, w *world) (accepted bool)

// fresh is a session that waits for its customer, and what a callback of it says.
type fresh struct {
	senderonboarding.Started
	state, nonce string
}

func (w *world) fresh(tenant string, org digipost.OrganisationNumber) fresh {
	s := w.start(tenant, org)
	state, nonce := secrets(w.t, s)
	return fresh{s, state, nonce}
}

// call opens a callback's address and lets the flow work.
func (w *world) call(state, query string) int {
	res, _ := w.visitor().open(w.web.URL + "/digipost/back/" + state + "?" + query)
	w.run()
	return res.StatusCode
}

// backend brings a back-end callback and gives the status of its answer.
func (w *world) backend(sender int64, nonce string) int {
	w.t.Helper()
	err := w.fake.CallBack(w.t.Context(), w.partner.ID, sender, nonce)
	if err == nil {
		return http.StatusNoContent
	}
	refused, ok := errors.AsType[*digiposttest.StatusError](err)
	require.True(w.t, ok, err)
	return refused.StatusCode
}

func callback(sender int64, nonce string) string {
	return url.Values{"sender-id": {fmt.Sprint(sender)}, "dp-address": {"kunde#1A2B"}, "nonce": {nonce}}.Encode()
}

// untouched reports that nothing happened to a session.
func (w *world) untouched(f fresh) bool {
	s := w.session(f.Session.ID)
	return s.State == senderonboarding.StateStarted && s.SenderID == 0 && s.Returned.IsZero() && s.Approved.IsZero()
}

func (w *world) ready(f fresh) bool {
	return w.session(f.Session.ID).State == senderonboarding.StateReady
}

// customer is somebody else's account that the partner may send for.
func (w *world) customer(org digipost.OrganisationNumber) int64 {
	return w.fake.AddAccount(digiposttest.Account{Organisation: string(org), Partners: []int64{w.partner.ID}}).SenderID
}

func attacks() map[string]attack {
	all := secretAttacks()
	maps.Copy(all, senderAttacks())
	maps.Copy(all, tenantAttacks())
	maps.Copy(all, rightAttacks())
	maps.Copy(all, siteAttacks())
	return all
}

// secretAttacks try to get in without the session's secrets.
func secretAttacks() map[string]attack {
	return map[string]attack{
		"guessed state": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call("AAAAAAAAAAAAAAAAAAAAAAAAAA", callback(w.customer(acme), f.nonce)) != http.StatusNotFound || !w.untouched(f)
		},
		"guessed nonce": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call(f.state, callback(w.customer(acme), "AAAAAAAAAAAAAAAAAAAAAAAAAA")) != http.StatusNotFound || !w.untouched(f)
		},
		"guessed nonce, back-end": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.backend(w.customer(acme), "AAAAAAAAAAAAAAAAAAAAAAAAAA") != http.StatusNotFound || !w.untouched(f)
		},
		"nonce of another session": func(_ *testing.T, w *world) bool {
			mine, theirs := w.fresh("mallory", other), w.fresh("acme", acme)
			return w.call(theirs.state, callback(w.customer(other), mine.nonce)) != http.StatusNotFound || !w.untouched(theirs) || !w.untouched(mine)
		},
		"state as nonce": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.backend(w.customer(acme), f.state) != http.StatusNotFound || !w.untouched(f)
		},
		"nonce as state": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call(f.nonce, callback(w.customer(acme), f.nonce)) != http.StatusNotFound || !w.untouched(f)
		},
		"expired in the browser": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			w.clock.Advance(12 * time.Hour)
			return w.call(f.state, callback(w.customer(acme), f.nonce)) != http.StatusGone || !w.session(f.Session.ID).Returned.IsZero()
		},
		"expired at the back-end": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			w.pass(14*24*time.Hour, 24*time.Hour)
			return w.backend(w.customer(acme), f.nonce) != http.StatusNotFound || w.ready(f)
		},
		"claim of a session that has a tenant": func(t *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			for _, secret := range []string{f.state, f.nonce} {
				if _, err := w.flow.Claim(t.Context(), countersign.NewSecret(secret), senderonboarding.Claimant{Tenant: "mallory", Organisation: other}); err == nil {
					return true
				}
			}
			return w.session(f.Session.ID).Tenant != "acme"
		},
		"back-end from elsewhere": func(_ *testing.T, w *world) bool {
			w.cfg.BackendSources = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
			w.restart()
			f := w.fresh("acme", acme)
			return w.backend(w.customer(acme), f.nonce) != http.StatusNotFound || !w.untouched(f)
		},
		"back-end without the address's secret": func(_ *testing.T, w *world) bool {
			w.cfg.BackendTokens = []countersign.Secret{countersign.NewSecret("BACKENDTOKEN2345672345AB")}
			w.restart()
			f := w.fresh("acme", acme)
			return w.backend(w.customer(acme), f.nonce) != http.StatusNotFound || !w.untouched(f)
		},
	}
}

// senderAttacks hold a session's secrets and try to get a sender-id that is not
// the tenant's.
func senderAttacks() map[string]attack {
	return map[string]attack{
		"replay with another sender": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			mine := w.customer(acme)
			w.call(f.state, callback(mine, f.nonce))
			before := w.session(f.Session.ID)
			w.call(f.state, callback(mine+1, f.nonce))
			return before != w.session(f.Session.ID)
		},
		"replay with another sender, back-end": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			mine := w.customer(acme)
			if w.backend(mine, f.nonce) != http.StatusNoContent {
				return true
			}
			for range 2 { // before and after the proof
				before := w.session(f.Session.ID)
				w.clock.Advance(time.Second)
				if w.backend(mine+1, f.nonce) != http.StatusNoContent {
					return true
				}
				if before != w.session(f.Session.ID) || before.SenderID != digipost.SenderID(mine) {
					return true
				}
				w.run()
			}
			return !w.ready(f)
		},
		"another customer's sender": func(_ *testing.T, w *world) bool {
			theirs := w.customer(other)
			w.customer(acme)
			f := w.fresh("acme", acme)
			w.call(f.state, callback(theirs, f.nonce))
			return w.ready(f)
		},
		"another customer's sender, back-end": func(_ *testing.T, w *world) bool {
			theirs := w.customer(other)
			w.customer(acme)
			f := w.fresh("acme", acme)
			if w.backend(theirs, f.nonce) != http.StatusNoContent {
				return true
			}
			w.run()
			return w.ready(f)
		},
		"another customer's sender before one's own exists": func(_ *testing.T, w *world) bool {
			theirs := w.customer(other)
			f := w.fresh("acme", acme)
			w.call(f.state, callback(theirs, f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.ready(f)
		},
		"swapped between two tenants": func(_ *testing.T, w *world) bool {
			a, b := w.customer(acme), w.customer(other)
			mine, theirs := w.fresh("acme", acme), w.fresh("mallory", other)
			w.call(mine.state, callback(b, mine.nonce))
			w.call(theirs.state, callback(a, theirs.nonce))
			return w.ready(mine) || w.ready(theirs)
		},
	}
}

// tenantAttacks reach for what another tenant has, or for what nobody may have.
func tenantAttacks() map[string]attack {
	return map[string]attack{
		"sender that another tenant has": func(_ *testing.T, w *world) bool {
			sender := w.customer(acme)
			first := w.fresh("acme", acme)
			w.call(first.state, callback(sender, first.nonce))
			second := w.fresh("mallory", acme) // the vendor knows both by one number
			w.call(second.state, callback(sender, second.nonce))
			return !w.ready(first) || w.ready(second)
		},
		"sender that another tenant has, believed": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofOff
			w.restart()
			sender := w.customer(acme)
			first := w.fresh("acme", acme)
			w.call(first.state, callback(sender, first.nonce))
			second := w.fresh("mallory", other)
			w.call(second.state, callback(sender, second.nonce))
			return !w.ready(first) || w.ready(second)
		},
		"sender that another tenant has, decided": func(t *testing.T, w *world) bool {
			sender := w.customer(acme)
			first, second := w.fresh("acme", acme), w.fresh("mallory", "")
			w.call(second.state, callback(sender, second.nonce))
			w.call(first.state, callback(sender, first.nonce))
			s, err := w.flow.Decide(t.Context(), second.Session.ID, true, "kari", "")
			return err != nil || s.State != senderonboarding.StateRefused
		},
		"squatted sender": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofWhenAllowed
			w.restart()
			sender := w.customer(acme)
			squatter, owner := w.fresh("mallory", ""), w.fresh("acme", acme)
			w.call(squatter.state, callback(sender, squatter.nonce))
			w.call(owner.state, callback(sender, owner.nonce))
			return w.ready(squatter) || !w.ready(owner)
		},
		"own session sent to another customer, believed": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofOff
			w.restart()
			started := w.visitor().begin(w)
			link, err := w.fake.Register(w.t.Context(), started, string(other))
			require.NoError(w.t, err)
			w.visitor().open(link) // the other customer's browser
			w.run()
			return w.only().State != senderonboarding.StateUnproven
		},
		"typed number of another customer": func(t *testing.T, w *world) bool {
			theirs := w.customer(other)
			s, err := w.flow.Start(t.Context(), senderonboarding.Start{Prefill: other})
			require.NoError(t, err)
			state, nonce := secrets(t, s)
			w.call(state, callback(theirs, nonce))
			_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "mallory", Organisation: acme})
			require.NoError(t, err)
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.session(s.Session.ID).State == senderonboarding.StateReady
		},
	}
}

// rightAttacks hold a sender-id for which the proof is not complete.
func rightAttacks() map[string]attack {
	return map[string]attack{
		"another customer's sender, when allowed": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofWhenAllowed
			w.restart()
			theirs := w.customer(other)
			f := w.fresh("acme", acme)
			w.call(f.state, callback(theirs, f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.ready(f)
		},
		"sender that the partner may not act for": func(_ *testing.T, w *world) bool {
			w.asked.blind = true
			f := w.fresh("acme", acme)
			w.call(f.state, callback(w.customer(acme), f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.ready(f)
		},
		"revoked right": func(_ *testing.T, w *world) bool {
			sender := w.customer(acme)
			w.fake.Revoke(sender, w.partner.ID)
			f := w.fresh("acme", acme)
			w.call(f.state, callback(sender, f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.ready(f)
		},
		"sender that nobody knows, without a number": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofWhenAllowed
			w.restart()
			f := w.fresh("acme", "")
			w.call(f.state, callback(999_999, f.nonce))
			w.pass(15*24*time.Hour, 12*time.Hour)
			return w.ready(f)
		},
		"truncated, with another's sender": func(_ *testing.T, w *world) bool {
			theirs := w.customer(other)
			w.customer(acme)
			f := w.fresh("acme", acme)
			w.call(f.state, fmt.Sprintf("sender-id=%d&dp-address=kunde", theirs))
			return w.ready(f)
		},
	}
}

// malformed are queries that no callback has; none may change a session.
func malformed(nonce string) map[string]string {
	return map[string]string{
		"header injection":        "sender-id=1&nonce=" + nonce + "%0d%0aSet-Cookie:%20a=b",
		"header injection, bare":  "sender-id=1&nonce=" + nonce + "&dp-address=a%0d%0aLocation:%20https://evil.example",
		"log injection":           "sender-id=1%0alevel=ERROR%20msg=evil&nonce=" + nonce,
		"log injection, nonce":    "sender-id=1&nonce=a%0alevel=ERROR%20msg=evil",
		"header injection, path":  "/%0d%0aLocation:%20https://evil.example?sender-id=1&nonce=" + nonce,
		"markup":                  "sender-id=1&nonce=%3Cscript%3Ealert(1)%3C/script%3E",
		"open redirect":           "redirect-url=https://evil.example&next=//evil.example",
		"oversized":               "sender-id=1&nonce=" + nonce + "&x=" + strings.Repeat("a", 10_000),
		"two nonces":              "sender-id=1&nonce=" + nonce + "&nonce=b",
		"two senders":             "sender-id=1&sender-id=2&nonce=" + nonce,
		"negative sender":         "sender-id=-1&nonce=" + nonce,
		"overflow":                "sender-id=18446744073709551617&nonce=" + nonce,
		"NUL":                     "sender-id=1&nonce=" + nonce + "&dp-address=a%00b",
		"relay without anything":  "relay=1",
		"relay without a session": "sender-id=1&relay=1",
	}
}

func TestDigipostAttacks(t *testing.T) {
	t.Parallel()
	var tried, accepted atomic.Int64
	t.Cleanup(func() {
		t.Logf("proof: digipost attacks=%d accepted=%d", tried.Load(), accepted.Load())
	})
	for name, try := range attacks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tried.Add(1)
			if try(t, newWorld(t, withEscaping(digiposttest.EscapedHash))) {
				accepted.Add(1)
				t.Error("accepted")
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(malformed(""))) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tried.Add(1)
			w := newWorld(t)
			f := w.fresh("acme", acme)
			w.customer(acme)
			query := malformed(f.nonce)[name]
			if !strings.HasPrefix(query, "/") {
				query = "?" + query
			}
			res, page := w.visitor().open(w.web.URL + "/digipost/back/" + f.state + query)
			log := w.logged.String()
			if res.StatusCode != http.StatusNotFound || !w.untouched(f) || res.Header.Get("Set-Cookie") != "" || res.Header.Get("Location") != "" ||
				strings.Contains(page, "evil") || strings.Contains(page, "<script>alert") || strings.Contains(log, f.nonce) || strings.Contains(log, "evil") {
				accepted.Add(1)
				t.Errorf("accepted with %d", res.StatusCode)
			}
		})
	}
}
