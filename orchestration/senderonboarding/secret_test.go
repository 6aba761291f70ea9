package senderonboarding_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// Of many uses of one nonce at the same moment exactly one click counts and exactly
// one approval, and of all their sender-ids one.
func TestDigipostOneOfAThousandWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	sender := w.customer(acme)
	var won, failed atomic.Int64
	var wg sync.WaitGroup
	for i := range 1000 {
		id, nonce := digipost.SenderID(sender+int64(i)), countersign.NewSecret(f.nonce)
		wg.Go(func() {
			if i%2 == 0 {
				if w.flow.Approve(t.Context(), digipost.Callback{SenderID: id, Nonce: nonce}) != nil {
					failed.Add(1)
				}
				return
			}
			_, first, err := w.flow.Return(t.Context(), senderonboarding.Arrival{State: countersign.NewSecret(f.state), Nonce: nonce, SenderID: id})
			switch {
			case err != nil:
				failed.Add(1)
			case first:
				won.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("proof: digipost concurrent=1000 won=%d", won.Load())
	require.EqualValues(t, 1, won.Load())
	require.Zero(t, failed.Load(), "the others see the session as it is")
	s := w.session(f.Session.ID)
	require.NotZero(t, s.SenderID)
	require.Equal(t, 1, s.Contradicting, "one click and one approval, each with a sender-id of its own")
	var journal []string
	for e, err := range w.flow.Journal(t.Context(), s.ID) {
		require.NoError(t, err)
		journal = append(journal, e.What)
	}
	require.ElementsMatch(t, []string{"started", "returned", "approved"}, journal)
	w.run()
	require.Equal(t, kinds{"started", "returned"}, w.told(s.ID)[:2])
	require.Len(t, w.told(s.ID), 3)
	require.Equal(t, s.SenderID, w.session(s.ID).SenderID)
}

// No secret of a session is in the store, the log, an event or a page.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash), withConfig(func(c *senderonboarding.Config) {
		c.BackendTokens = []countersign.Secret{countersign.NewSecret("BACKENDTOKEN2345672345AB")}
	}))
	s, err := w.flow.Start(t.Context(), senderonboarding.Start{})
	require.NoError(t, err)
	state, nonce := secrets(t, s)
	_, _ = w.visitor().open(w.web.URL + "/digipost/back/" + state + "?sender-id=1&nonce=" + nonce + "x")
	require.Equal(t, http.StatusNotFound, w.backend(1, "BBBBBBBBBBBBBBBBBBBBBBBBBB"))
	_, page := w.visitor().open(w.register(s, acme))
	_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: acme})
	require.NoError(t, err)
	w.run()
	require.Equal(t, senderonboarding.StateReady, w.session(s.Session.ID).State)
	require.NotEmpty(t, w.logged.String())

	var all strings.Builder
	for _, table := range senderonboarding.Tables("") {
		for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: table}) {
			require.NoError(t, err)
			raw, err := json.Marshal(rec)
			require.NoError(t, err)
			all.Write(raw)
		}
	}
	events, err := json.Marshal(w.events)
	require.NoError(t, err)
	places := map[string]string{
		"store": all.String(), "log": w.logged.String(), "events": string(events), "page": page,
		"started": fmt.Sprintf("%v %+v %#v", s, s, s), "backend": fmt.Sprint(w.flow.BackendURL()),
	}
	kept := map[string]string{"state": state, "nonce": nonce, "claim": s.Claim.Reveal(), "token": "BACKENDTOKEN2345672345AB"}
	found := 0
	for where, text := range places {
		for what, secret := range kept {
			if strings.Contains(text, secret) {
				found++
				t.Errorf("%s in %s", what, where)
			}
		}
	}
	t.Logf("proof: digipost secrets=%d places=%d found=%d", len(kept), len(places), found)
	require.NotContains(t, w.logged.String(), "BBBBBBBBBBBBBBBBBBBBBBBBBB")
}
