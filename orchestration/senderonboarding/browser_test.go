package senderonboarding_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
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
	w.mux.Handle("GET /landing", w.flow.LandingHandler("/start", nil))
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

// full reports the size of the proofs that the documentation claims.
func full() bool { return os.Getenv("COUNTERSIGN_PROOF") == "full" }

// pair holds each setting of ways once.
func pair() []way {
	return []way{{"scripts, literal", true, digiposttest.LiteralHash}, {"no scripts, escaped", false, digiposttest.EscapedHash}}
}

// ways are all ways; where time is short, a pair of them.
func ways() []way {
	if testing.Short() {
		return pair()
	}
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
			t.Parallel()
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
			tab.news(tc.scripts)
			tab.shows("Digipost er klart til bruk")
			tab.screenshot("done " + tc.name)

			s := w.only()
			account, _ := w.fake.Account(string(acme))
			require.Equal(t, senderonboarding.StateReady, s.State)
			require.EqualValues(t, account.SenderID, s.SenderID)
			require.True(t, s.SameBrowser, "the cookie comes with the click")
			if tc.scripts || tc.escaping == digiposttest.EscapedHash {
				require.Equal(t, account.Address, s.Address)
			} else {
				require.Empty(t, s.Address, "half an address is none")
			}

			// Back to Digipost's page, and the link once more.
			tab.back()
			tab.shows("Kontoen er klar")
			tab.click("#back", 1)
			tab.shows("Digipost er klart til bruk")
			w.run()
			require.Equal(t, s, w.only())
			require.Equal(t, kinds{"started", "returned", "ready"}, w.told(s.ID))
			t.Logf("proof: digipost browser flow=full-automatic %s ready=1", strings.ReplaceAll(tc.name, ", ", "+"))
		})
	}
}

func TestDigipostBrowserSemiAutomatic(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for _, tc := range ways() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
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
			t.Logf("proof: digipost browser flow=semi-automatic %s ready=1", strings.ReplaceAll(tc.name, ", ", "+"))
		})
	}
}

func doubleClick(t *testing.T, b *browser, tc way) {
	w := browserWorld(t, tc.escaping)
	tab := b.tab(t, tc.scripts)
	w.toDigipost(tab)
	tab.click("#register", 1)
	tab.shows("Kontoen er klar")
	tab.click("#back", 2)
	tab.shows("Vi kontrollerer kontoen")
	w.run()
	tab.news(tc.scripts)
	tab.shows("Digipost er klart til bruk")
	require.Equal(t, kinds{"started", "returned", "ready"}, w.told(w.only().ID))
}

func secondTab(t *testing.T, b *browser, tc way) {
	w := browserWorld(t, tc.escaping)
	started := w.start("acme", acme)
	link := w.register(started, acme)
	tabs := []*tab{b.tab(t, tc.scripts), b.tab(t, tc.scripts)}
	for _, tab := range tabs {
		tab.open(link)
		tab.shows("Vi kontrollerer kontoen")
	}
	w.run()
	for _, tab := range tabs {
		tab.news(tc.scripts)
		tab.shows("Digipost er klart til bruk")
	}
	require.Equal(t, kinds{"started", "returned", "ready"}, w.told(started.Session.ID))
}

func expiredLink(t *testing.T, b *browser, tc way) {
	w := browserWorld(t, tc.escaping)
	started := w.start("acme", acme)
	link := w.register(started, acme)
	w.clock.Advance(13 * time.Hour)
	tab := b.tab(t, tc.scripts)
	tab.open(link)
	tab.shows("Lenken er utløpt")
	tab.screenshot("expired " + tc.name)
	require.True(t, w.session(started.Session.ID).Returned.IsZero())
}

func TestDigipostBrowserHabits(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	habits := pair()
	if full() {
		habits = ways()
	}
	for _, tc := range habits {
		for name, habit := range map[string]func(*testing.T, *browser, way){"double click": doubleClick, "second tab": secondTab, "expired": expiredLink} {
			t.Run(name+", "+tc.name, func(t *testing.T) {
				t.Parallel()
				habit(t, b, tc)
			})
		}
	}
	t.Run("landing page in two languages", func(t *testing.T) {
		t.Parallel()
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

// A registration that redirects to another host is reached from the landing page.
func TestMovedRegistration(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	w := browserWorld(t, digiposttest.LiteralHash)
	w.newFake(digiposttest.WithMovedRegistration(true))
	w.cfg.Web = w.fake.URL()
	w.restart()
	w.toDigipost(b.tab(t, true))
}

// news gets the page's news where no script does.
func (t *tab) news(scripts bool) {
	t.t.Helper()
	if !scripts {
		t.click(`a[href="?"]`, 1)
	}
}

// The pages fit a window of 320 pixels, and one of 640 in which everything is twice
// as large, and Chromium's accessibility tree has a name for all that can be used.
func TestPagesInASmallWindow(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	mux := http.NewServeMux()
	pages := everyPage("nb")
	for i, p := range pages {
		p.data.Brand.LogoURL = ""
		page := p.html(t, senderonboarding.Pages())
		mux.HandleFunc(fmt.Sprintf("GET /%d", i), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	}
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	tab := b.tab(t, true)
	for i, p := range pages {
		tab.do("Emulation.setDeviceMetricsOverride", params{"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": true}, nil)
		tab.open(fmt.Sprintf("%s/%d", web.URL, i))
		tab.until("document.readyState === 'complete' && location.pathname === '/" + strconv.Itoa(i) + "'")
		require.LessOrEqual(t, tab.number("document.documentElement.scrollWidth"), 320.0, p.name)
		tab.screenshot("320 " + p.name)
		tab.do("Emulation.setDeviceMetricsOverride", params{"width": 640, "height": 640, "deviceScaleFactor": 1, "mobile": false}, nil)
		require.LessOrEqual(t, tab.number("document.documentElement.style.fontSize = '200%', document.documentElement.scrollWidth"), 640.0, p.name)
		require.Empty(t, tab.nameless(), p.name)
	}
	// The measure measures: a page that is too wide is found.
	require.Greater(t, tab.number("document.querySelector('main').style.minWidth = '5000px', document.documentElement.scrollWidth"), 640.0)
}

// From the landing page to Digipost without a mouse, with a mistake on the way.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	w := newWorld(t)
	tab := b.tab(t, true)
	tab.open(w.web.URL + "/digipost/")
	tab.shows("Du trenger signaturrett")
	tab.press("Tab", 9, "")
	tab.until("document.activeElement.id === 'org'")
	tab.until("getComputedStyle(document.activeElement).outlineStyle === 'solid'")
	tab.do("Input.insertText", params{"text": "123"}, nil)
	tab.press("Enter", 13, "\r")
	tab.shows("Organisasjonsnummeret er ikke gyldig")
	tab.until("document.activeElement.id === 'org' && document.activeElement.value === '123'")
	require.Contains(t, tab.described("textbox"), "Feil: Organisasjonsnummeret er ikke gyldig")
	tab.screenshot("landing error")
	for range 3 {
		tab.press("Delete", 46, "") // the cursor stands before the mistake
	}
	tab.do("Input.insertText", params{"text": string(acme)}, nil)
	tab.press("Tab", 9, "")
	tab.until("document.activeElement.tagName === 'BUTTON'")
	tab.until("getComputedStyle(document.activeElement).outlineStyle === 'solid'")
	tab.press("Enter", 13, "\r")
	tab.shows("Opprett virksomhetskonto")
}
