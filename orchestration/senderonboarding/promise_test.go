package senderonboarding_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// The registration address of the session: Digipost's parameters in Digipost's
// order, with the state in the path of the redirect URL.
func TestRegistrationAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	redirect := url.QueryEscape(w.web.URL + "/digipost/back/" + f.state)
	require.Equal(t, w.fake.URL()+"/registrering/bedrift?partner-id=12345&redirect-url="+redirect+"&nonce="+f.nonce+"&org="+string(acme), f.Address.Reveal())
	require.NotEqual(t, f.state, f.nonce)
	require.GreaterOrEqual(t, len(f.state)*5, 128, "bits, at five a character")
	require.GreaterOrEqual(t, len(f.nonce)*5, 128)

	public, err := w.flow.Start(t.Context(), senderonboarding.Start{})
	require.NoError(t, err)
	require.NotContains(t, public.Address.Reveal(), "org=", "it may be left out")
	require.Equal(t, w.web.URL+"/digipost/backend", w.flow.BackendURL().Reveal(), "separate from the redirect URL")
}

// The relay page is given once: what it sends on is taken, however little it is,
// and a link that was used leads to the result.
func TestRelayNeverLoops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	w.customer(acme)
	v := w.visitor()
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	address := w.web.URL + "/digipost/back/" + f.state + "?sender-id=34567&dp-address=kunde"
	res, page := v.get(address)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, page, "location.replace")
	require.True(t, w.untouched(f), "the relay page takes nothing")
	policy := res.Header.Get("Content-Security-Policy")
	require.Regexp(t, `^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; frame-ancestors 'none'; form-action 'none'$`, policy)

	for _, again := range []string{address + "&relay=1", address, address + "&relay=1"} {
		res, page = v.get(again)
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		require.True(t, strings.HasPrefix(res.Header.Get("Location"), "/digipost/back/"+f.state+"?"))
		require.NotContains(t, res.Header.Get("Location"), "relay")
		require.Empty(t, page)
	}
	require.False(t, w.session(f.Session.ID).Returned.IsZero())
}

// What the event of readiness carries is all that sending needs.
func TestReadyCarriesWhatSendingNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	f := w.fresh("acme", acme)
	w.visitor().open(w.register(f.Started, acme))
	w.run()
	account, _ := w.fake.Account(string(acme))
	last := w.events[len(w.events)-1]
	require.Equal(t, senderonboarding.EventReady, last.Kind)
	require.EqualValues(t, account.SenderID, last.Session.SenderID)
	require.Equal(t, account.Address, last.Session.Address)
	require.Equal(t, acme, last.Session.Organisation)
	require.Equal(t, "acme", last.Session.Tenant)
	sender, err := w.flow.Sender(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, last.Session.SenderID, sender.ID)
	require.Equal(t, account.Address, sender.Address)
	require.True(t, sender.Proven)
}

// Before customers leave they read what Digipost's page says they should know: who
// may do it, what they accept and give, what happens otherwise and how long it
// takes, and that the way back is a link.
func TestLandingTellsWhatHappens(t *testing.T) {
	t.Parallel()
	for language, words := range map[string][]string{
		"nb": {"Digipost-konto", "signaturrett", "Brønnøysundregistrene", "vilkårene og avtalen", "systemleverandør", "fullmakt", "skjema", "manuelt", "noen dager", "viser Digipost en lenke"},
		"en": {"Digipost account", "signature right", "Brønnøysund", "terms and the agreement", "system supplier", "authorises", "form", "by hand", "some days", "Digipost shows a link"},
	} {
		w := newWorld(t)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.web.URL+"/digipost/", nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Language", "de, "+language+";q=0.8")
		_, page := w.visitor().do(req)
		for _, word := range words {
			require.Contains(t, page, word)
		}
	}
}

// Support staff see where everybody is, and why.
func TestSupportSeesEverySession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	ready, closed := w.fresh("acme", acme), w.fresh("beta", other)
	w.visitor().open(w.register(ready.Started, acme))
	w.pass(15*day, 6*time.Hour)
	states := map[string]senderonboarding.State{}
	for s, err := range w.flow.Sessions(t.Context(), "") {
		require.NoError(t, err)
		states[s.Tenant] = s.State
	}
	require.Equal(t, map[string]senderonboarding.State{"acme": senderonboarding.StateReady, "beta": senderonboarding.StateExpired}, states)
	var what []string
	for e, err := range w.flow.Journal(t.Context(), closed.Session.ID) {
		require.NoError(t, err)
		what = append(what, e.What)
	}
	require.Equal(t, []string{"started", "waiting", "expired"}, what)
	require.Equal(t, "no callback came until the deadline", w.session(closed.Session.ID).Reason)
	for _, err := range w.flow.Sessions(t.Context(), "", senderonboarding.StateWaiting) {
		require.NoError(t, err)
		t.Error("nobody waits any more")
	}
}
