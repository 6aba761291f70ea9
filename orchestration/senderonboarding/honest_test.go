package senderonboarding_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// honest are callbacks that are to be accepted, brought as the attacks are: they
// show that an attack fails for what it says and not on its way.
func honest() map[string]attack {
	return map[string]attack{
		"browser": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call(f.state, callback(w.customer(acme), f.nonce)) == http.StatusOK && w.ready(f)
		},
		"browser, truncated": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call(f.state, fmt.Sprintf("sender-id=%d&dp-address=kunde", w.customer(acme))) == http.StatusOK && w.ready(f)
		},
		"browser, just in time": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			w.clock.Advance(12*time.Hour - time.Second)
			return w.call(f.state, callback(w.customer(acme), f.nonce)) == http.StatusOK && w.ready(f)
		},
		"back-end": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			status := w.backend(w.customer(acme), f.nonce)
			w.run()
			return status == http.StatusNoContent && w.ready(f)
		},
		"back-end, allowed address and secret": func(_ *testing.T, w *world) bool {
			w.cfg.BackendSources = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			w.cfg.BackendTokens = []countersign.Secret{countersign.NewSecret("BACKENDTOKEN2345672345AB")}
			w.restart()
			w.fake.SetBackendURL(w.partner.ID, w.flow.BackendURL().Reveal())
			f := w.fresh("acme", acme)
			status := w.backend(w.customer(acme), f.nonce)
			w.run()
			return status == http.StatusNoContent && w.ready(f)
		},
		"own browser, believed": func(_ *testing.T, w *world) bool {
			w.cfg.Proof = senderonboarding.ProofOff
			w.restart()
			v := w.visitor()
			link, err := w.fake.Register(w.t.Context(), v.begin(w), string(acme))
			require.NoError(w.t, err)
			v.open(link)
			w.run()
			return w.only().State == senderonboarding.StateReady && w.only().SameBrowser
		},
		"well-formed": func(_ *testing.T, w *world) bool {
			f := w.fresh("acme", acme)
			return w.call(f.state, "sender-id=1&nonce="+f.nonce) == http.StatusOK && !w.untouched(f)
		},
	}
}

func TestHonestCallbacksAreAccepted(t *testing.T) {
	t.Parallel()
	for name, try := range honest() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, try(t, newWorld(t, withEscaping(digiposttest.EscapedHash))))
		})
	}
}
