package senderonboarding_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// browserWorld is a world with a landing page behind a login.
func browserWorld(t *testing.T, e digiposttest.Escaping) *world {
	w := newWorld(t, withEscaping(e), withConfig(func(c *senderonboarding.Config) { c.Public = false }))
	w.mux.Handle("GET /landing", w.flow.LandingHandler("/start"))
	return w
}

// only is the only session there is.
func (w *world) only() senderonboarding.Session {
	w.t.Helper()
	var out []senderonboarding.Session
	for s, err := range w.flow.Sessions(w.t.Context(), "") {
		require.NoError(w.t, err)
		out = append(out, s)
	}
	require.Len(w.t, out, 1)
	return out[0]
}

// toDigipost walks from the landing page to the registration.
func (w *world) toDigipost(tab *tab) {
	w.t.Helper()
	tab.open(w.web.URL + "/landing")
	tab.shows("Kom i gang med Digipost")
	tab.click("button", 1)
	tab.shows("Opprett virksomhetskonto")
}

// way is one way through the registration in a browser.
type way struct {
	name     string
	scripts  bool
	escaping digiposttest.Escaping
}

func ways() []way {
	var out []way
	for _, scripts := range []bool{true, false} {
		for name, e := range map[string]digiposttest.Escaping{"literal": digiposttest.LiteralHash, "escaped": digiposttest.EscapedHash} {
			on := map[bool]string{true: "scripts", false: "no scripts"}[scripts]
			out = append(out, way{on + ", " + name, scripts, e})
		}
	}
	return out
}

func TestDigipostBrowserFullAutomatic(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for _, tc := range ways() {
		t.Run(tc.name, func(t *testing.T) {
			w := browserWorld(t, tc.escaping)
			tab := b.tab(t, tc.scripts)
			w.toDigipost(tab)
			tab.click("#register", 1)
			tab.shows("Kontoen er klar")
			tab.click("#back", 1)
			address := tab.shows("Vi kontrollerer kontoen")
			u, err := url.Parse(address)
			require.NoError(t, err)
			require.Empty(t, u.RawQuery+u.Fragment, "no secret stays in the address")
			tab.screenshot("waiting " + tc.name)
			w.run()
			tab.shows("Digipost er klart til bruk")
			tab.screenshot("done " + tc.name)

			s := w.only()
			account, _ := w.fake.Account(string(acme))
			require.Equal(t, senderonboarding.StateReady, s.State)
			require.EqualValues(t, account.SenderID, s.SenderID)
			if tc.scripts || tc.escaping == digiposttest.EscapedHash {
				require.Equal(t, account.Address, s.Address)
			} else {
				require.Equal(t, account.Address[:strings.IndexByte(account.Address, '#')], s.Address)
			}

			// Back to Digipost's page, and the link once more.
			tab.back()
			tab.shows("Kontoen er klar")
			tab.click("#back", 1)
			tab.shows("Digipost er klart til bruk")
			w.run()
			require.Equal(t, s, w.only())
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(s.ID))
			fmt.Printf("proof: digipost browser flow=full-automatic %s ready=1\n", strings.ReplaceAll(tc.name, ", ", "+"))
		})
	}
}

func TestDigipostBrowserSemiAutomatic(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for _, tc := range ways() {
		t.Run(tc.name, func(t *testing.T) {
			w := browserWorld(t, tc.escaping)
			tab := b.tab(t, tc.scripts)
			w.toDigipost(tab)
			tab.click("#apply", 1)
			tab.shows("Søknaden er sendt")
			w.pass(3*24*time.Hour, 6*time.Hour)
			require.Equal(t, senderonboarding.StateWaiting, w.only().State)
			for _, id := range w.fake.Applications() {
				require.NoError(t, w.fake.Approve(t.Context(), id))
			}
			w.run()
			require.Equal(t, senderonboarding.StateReady, w.only().State)
			require.Equal(t, kinds{"started", "waiting", "ready"}, w.told(w.only().ID))
			fmt.Printf("proof: digipost browser flow=semi-automatic %s ready=1\n", strings.ReplaceAll(tc.name, ", ", "+"))
		})
	}
}

func TestDigipostBrowserHabits(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for _, scripts := range []bool{true, false} {
		name := map[bool]string{true: "scripts", false: "no scripts"}[scripts]
		t.Run("double click, "+name, func(t *testing.T) {
			w := browserWorld(t, digiposttest.LiteralHash)
			tab := b.tab(t, scripts)
			w.toDigipost(tab)
			tab.click("#register", 1)
			tab.shows("Kontoen er klar")
			tab.click("#back", 2)
			tab.shows("Vi kontrollerer kontoen")
			w.run()
			tab.shows("Digipost er klart til bruk")
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(w.only().ID))
		})
		t.Run("second tab, "+name, func(t *testing.T) {
			w := browserWorld(t, digiposttest.LiteralHash)
			started := w.start("acme", acme)
			link := w.register(started, acme)
			first, second := b.tab(t, scripts), b.tab(t, scripts)
			first.open(link)
			first.shows("Vi kontrollerer kontoen")
			second.open(link)
			second.shows("Vi kontrollerer kontoen")
			w.run()
			first.shows("Digipost er klart til bruk")
			second.shows("Digipost er klart til bruk")
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(started.Session.ID))
		})
		t.Run("expired, "+name, func(t *testing.T) {
			w := browserWorld(t, digiposttest.LiteralHash)
			started := w.start("acme", acme)
			link := w.register(started, acme)
			w.clock.Advance(13 * time.Hour)
			tab := b.tab(t, scripts)
			tab.open(link)
			tab.shows("Lenken er utløpt")
			tab.screenshot("expired " + name)
			require.True(t, w.session(started.Session.ID).Returned.IsZero())
		})
	}
	t.Run("landing page in two languages", func(t *testing.T) {
		w := newWorld(t)
		tab := b.tab(t, true)
		tab.open(w.web.URL + "/digipost/")
		tab.shows("Du trenger signaturrett")
		tab.screenshot("landing nb")
		tab.do("Network.enable", params{}, nil)
		tab.do("Network.setExtraHTTPHeaders", params{"headers": params{"Accept-Language": "en-GB,en;q=0.9"}}, nil)
		tab.open(w.web.URL + "/digipost/")
		tab.shows("You need signature right")
		tab.screenshot("landing en")
	})
}
