package envelopesync_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
	"github.com/countersign/countersign/orchestration/storetest"
)

// turns works until nothing is due in turns that are over after some questions, and
// tells how many rounds of them it took.
func (w *world) turns(questions int) (rounds int) {
	w.t.Helper()
	for ; rounds < 500; rounds++ {
		e := storetest.NewTurns(w.store, w.clock.Now, questions)
		w.flow.Register(e)
		n, err := e.Turn(w.t.Context())
		require.NoError(w.t, err)
		if n == 0 {
			return rounds
		}
	}
	require.Fail(w.t, "the work does not get on")
	return rounds
}

// Messages that carry ids alone are a call each: what a turn looked at is not looked
// at again in the next one.
func TestMessagesTakeManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	const messages = 20
	for i := range messages {
		at := began.Add(time.Duration(i+1) * time.Second).Format(time.RFC3339)
		require.Equal(t, 200, w.deliver(`{"event":"recipient-sent","generatedDateTime":"`+at+`","data":{"accountId":"`+string(w.account())+
			`","envelopeId":"`+string(id)+`","recipientId":"1"}}`))
	}
	w.ds.Log().Reset()
	require.Greater(t, w.turns(1), 5)
	require.EqualValues(t, messages, w.ds.Log().Tally("GET /v2.1/accounts/{accountId}/envelopes/{envelopeId}").Requests)
	require.Equal(t, "Sent", w.record(id, robin.email)["status"])
}

// Messages that were looked at before one failed are not looked at again: where each
// fifth call fails, all get their turn.
func TestMessagesBeforeAFailureCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	const messages, every = 12, 5
	for i := range messages {
		at := began.Add(time.Duration(i+1) * time.Second).Format(time.RFC3339)
		require.Equal(t, 200, w.deliver(`{"event":"recipient-sent","generatedDateTime":"`+at+`","data":{"accountId":"`+string(w.account())+
			`","envelopeId":"`+string(id)+`","recipientId":"1"}}`))
	}
	const read = "GET /v2.1/accounts/{accountId}/envelopes/{envelopeId}"
	w.ds.Log().Reset()
	w.ds.Faults().Add(countersigntest.Rule{Operation: read, Fault: countersigntest.Status(http.StatusForbidden), Every: every})
	for range messages {
		w.turns(100)
		w.clock.Advance(2 * time.Minute)
	}
	require.EqualValues(t, messages, w.ds.Log().Tally(read).Answered)
}

// The daily purge goes on where the turn before ended, counts as done only when it
// is, and does not go past what it purged before once more.
func TestRetentionTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.turns(0) // makes the schedule
	const messages = 1000
	var recs []orchestration.Record
	for i := range messages {
		recs = append(recs, orchestration.Record{
			Table: envelopesync.Tables("")[1], Key: fmt.Sprint(i), Scope: string(w.account()), State: "merged", Updated: w.clock.Now(), Body: []byte(`{"raw":"e30="}`),
		})
	}
	require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), recs...)
		return err
	}))
	w.clock.Advance(envelopesync.KeepRaw + 48*time.Hour)
	require.Equal(t, 4, w.turns(0))
	require.NotContains(t, w.table(envelopesync.Tables("")[1]), "e30=")
	w.clock.Advance(24 * time.Hour)
	require.Equal(t, 1, w.turns(0))
}
