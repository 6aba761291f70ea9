package senderonboarding_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// A customer who reads Digipost's last page while Digipost is asked already: the
// click still brings the address, and nothing is told twice.
func TestClickAfterReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	f := w.fresh("acme", acme)
	link := w.register(f.Started, acme)
	w.pass(2*time.Minute, time.Minute)
	require.Equal(t, senderonboarding.StateReady, w.session(f.Session.ID).State)
	require.Empty(t, w.session(f.Session.ID).Address)

	w.call(f.state, callback(1, f.nonce)) // another sender-id changes nothing
	require.True(t, w.session(f.Session.ID).Returned.IsZero())
	w.visitor().open(link)
	w.run()
	s := w.session(f.Session.ID)
	account, _ := w.fake.Account(string(acme))
	require.Equal(t, senderonboarding.StateReady, s.State)
	require.Equal(t, account.Address, s.Address)
	require.Equal(t, w.clock.Now(), s.Returned)
	sender, err := w.flow.Sender(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, account.Address, sender.Address)
	require.Equal(t, kinds{"started", "ready"}, w.told(s.ID))
}

// Whoever has only the address of a session, from a log say, can't end it: what
// comes with the nonce takes the place of what came without, and is proved.
func TestAddressAloneEndsNothing(t *testing.T) {
	t.Parallel()
	for name, genuine := range map[string]func(*world, fresh, int64){
		"back-end": func(w *world, f fresh, sender int64) {
			require.NoError(w.t, w.fake.CallBack(w.t.Context(), w.partner.ID, sender, f.nonce))
		},
		"click": func(w *world, f fresh, sender int64) { w.call(f.state, callback(sender, f.nonce)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mine, theirs := w.customer(acme), w.customer(other)
			f := w.fresh("acme", acme)
			w.call(f.state, fmt.Sprintf("sender-id=%d&dp-address=x&relay=1", theirs))
			require.Equal(t, senderonboarding.StateUnproven, w.session(f.Session.ID).State)
			genuine(w, f, mine)
			w.run()
			s := w.session(f.Session.ID)
			require.Equal(t, senderonboarding.StateReady, s.State, s.Reason)
			require.EqualValues(t, mine, s.SenderID)
			require.True(t, s.Proven)
			require.Equal(t, 1, s.Contradicting)
			require.Equal(t, kinds{"started", "returned", "unproven", "ready"}, w.told(s.ID))
		})
	}
}

// A session that ended unproven and is asked about again stays so until more is
// known, and does not wait longer than its deadline.
func TestUnprovenIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.customer(acme), w.customer(other)
	f := w.fresh("acme", acme)
	w.call(f.state, fmt.Sprintf("sender-id=%d&dp-address=x&relay=1", theirs))
	w.asked.fail(errDown)
	require.NoError(t, w.fake.CallBack(t.Context(), w.partner.ID, mine, f.nonce))
	w.pass(2*day, 6*time.Hour)
	s := w.session(f.Session.ID)
	require.Equal(t, senderonboarding.StateUnproven, s.State)
	require.False(t, s.NextAttempt.IsZero())
	require.Contains(t, s.Reason, "organisation number", "of the contradiction")
	w.pass(14*day, 6*time.Hour)
	s = w.session(f.Session.ID)
	require.Equal(t, senderonboarding.StateUnproven, s.State)
	require.True(t, s.NextAttempt.IsZero())
	require.Equal(t, kinds{"started", "returned", "unproven"}, w.told(s.ID))
}

// Who has no right to a session learns nothing of it.
func TestRefusedReturnTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	arrival := senderonboarding.Arrival{State: countersign.NewSecret(f.state), Nonce: countersign.NewSecret("AAAAAAAAAAAAAAAAAAAAAAAAAA"), SenderID: 1}
	s, first, err := w.flow.Return(t.Context(), arrival)
	require.ErrorIs(t, err, senderonboarding.ErrForeignNonce)
	require.False(t, first)
	require.Zero(t, s)
	w.clock.Advance(13 * time.Hour)
	arrival.Nonce = countersign.NewSecret(f.nonce)
	s, _, err = w.flow.Return(t.Context(), arrival)
	require.ErrorIs(t, err, senderonboarding.ErrTooLate)
	require.Zero(t, s)
}

// The start binds a session to its browser, by a cookie that on https no other host
// can set.
func TestBrowserCookie(t *testing.T) {
	t.Parallel()
	flow, err := senderonboarding.New(senderonboarding.Config{BaseURL: "https://vendor.example/digipost", PartnerID: 1, Environment: digipost.Test, Public: true},
		senderonboarding.Deps{Store: orchestration.NewMemory()})
	require.NoError(t, err)
	start := func(cookies ...*http.Cookie) map[string]*http.Cookie {
		req, rec := httptest.NewRequest(http.MethodPost, "/digipost/start", nil), httptest.NewRecorder()
		for _, c := range cookies {
			req.AddCookie(c)
		}
		flow.Handler().ServeHTTP(rec, req)
		require.Equal(t, http.StatusSeeOther, rec.Code)
		out := map[string]*http.Cookie{}
		for _, c := range rec.Result().Cookies() {
			require.True(t, c.HttpOnly && c.Secure && c.Path == "/" && c.Domain == "" && c.SameSite == http.SameSiteLaxMode)
			require.True(t, strings.HasPrefix(c.Name, "__Host-digipost-"), c.Name)
			out[c.Name] = c
		}
		require.Len(t, out, 2, "the browser's and the claim")
		return out
	}
	const name = "__Host-digipost-browser"
	first := start()[name]
	require.Equal(t, int(senderonboarding.DefaultBrowserWindow.Seconds()), first.MaxAge)
	require.Equal(t, first.Value, start(first)[name].Value, "one browser, one secret")
	require.NotEqual(t, "short", start(&http.Cookie{Name: name, Value: "short"})[name].Value)
}

// An approval that comes after the deadline changes nothing, but it is written down
// where support staff look.
func TestApprovalAfterTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	w.pass(15*day, 6*time.Hour)
	sender := w.customer(acme)
	for range 2 {
		err := w.flow.Approve(t.Context(), digipost.Callback{SenderID: digipost.SenderID(sender), Nonce: countersign.NewSecret(f.nonce)})
		require.ErrorIs(t, err, senderonboarding.ErrTooLate)
	}
	w.run()
	s := w.session(f.Session.ID)
	require.Equal(t, senderonboarding.StateExpired, s.State)
	require.Equal(t, w.clock.Now(), s.Approved)
	var late []string
	for e, err := range w.flow.Journal(t.Context(), s.ID) {
		require.NoError(t, err)
		if e.What == "approved too late" {
			late = append(late, e.IDs["sender"])
		}
	}
	require.Equal(t, []string{fmt.Sprint(sender)}, late)
	require.Equal(t, kinds{"started", "waiting", "expired"}, w.told(s.ID))
}

// An error names its session where there is one, and reads well where there is none.
func TestErrorsNameTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.flow.Resume(t.Context(), countersign.NewSecret("guessed"))
	require.ErrorIs(t, err, senderonboarding.ErrUnknown)
	named, ok := errors.AsType[*senderonboarding.SessionError](err)
	require.True(t, ok)
	require.Empty(t, named.Session)
	require.NotContains(t, err.Error(), " :")
	f := w.fresh("acme", acme)
	w.clock.Advance(13 * time.Hour)
	_, _, err = w.flow.Return(t.Context(), senderonboarding.Arrival{State: countersign.NewSecret(f.state), SenderID: 1})
	named, ok = errors.AsType[*senderonboarding.SessionError](err)
	require.True(t, ok)
	require.Equal(t, f.Session.ID, named.Session)
}
