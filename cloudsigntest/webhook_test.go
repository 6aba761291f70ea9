package cloudsigntest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

// listener keeps what arrives and answers with a status.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string
}

func listen(t *testing.T) *listener {
	l := &listener{status: http.StatusOK}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, r.Method+" "+r.Header.Get("Content-Type")+" "+r.UserAgent()+" "+string(body))
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w, all, conclusions := newWorld(t), listen(t), listen(t)
	w.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) {
		tm.Webhooks = []cloudsigntest.Webhook{{URL: all.URL, Concluded: true, Declined: true, Bounced: true}, {URL: conclusions.URL, Concluded: true}}
	})
	text := func(d cloudsigntest.Document, status, word, tail string) string {
		return `POST application/json CloudSignWebHook {"documentID":"` + d.ID + `","status":` + status + `,"userID":"` + w.user.ID + `","email":"` + w.user.Email +
			`","text":"` + word + ` : 契約 sent by 佐藤` + tail + `\n<https://www.cloudsign.jp/document/` + d.ID + `/summary>"}`
	}
	concluded, declined := w.pending(), w.pending()
	require.Empty(t, w.DeliverWebhooks(t.Context()))
	w.Bounce(concluded.ID, "r@example.jp")
	w.Conclude(concluded.ID)
	w.Refuse(declined.ID, declined.Participants[1].ID, "")
	require.Empty(t, all.take(), "nothing is sent by itself")
	require.Len(t, w.DeliverWebhooks(t.Context()), 4)
	completed := text(concluded, "2", "COMPLETED", "")
	require.Equal(t, []string{text(concluded, "1", "BOUNCED", " for r@example.jp"), completed, text(declined, "3", "CANCELED", "")}, all.take())
	require.Equal(t, []string{completed}, conclusions.take())
	require.Empty(t, w.DeliverWebhooks(t.Context()))
	w.SetAttribute(concluded.ID, cloudsigntest.Attribute{Title: "x"})
	require.Empty(t, w.DeliverWebhooks(t.Context()), "nobody is told of document information")
}

func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	w, l := newWorld(t), listen(t)
	w.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) {
		tm.Webhooks = []cloudsigntest.Webhook{{URL: l.URL, Concluded: true}, {URL: "http://127.0.0.1:1/", Concluded: true}}
	})
	l.status = http.StatusServiceUnavailable
	w.Conclude(w.pending().ID)
	for attempt := 1; attempt <= 4; attempt++ {
		got := w.DeliverWebhooks(t.Context())
		require.Equal(t, 503, got[0].Status)
		require.Equal(t, attempt, got[0].Attempt)
		require.Equal(t, attempt == 1, len(got) == 2, "what did not answer is not tried again by default")
		w.Clock().Advance(10*time.Minute - time.Second)
		require.Empty(t, w.DeliverWebhooks(t.Context()))
		w.Clock().Advance(time.Second)
	}
	require.Empty(t, w.DeliverWebhooks(t.Context()), "three times, then never again")
	require.Len(t, l.take(), 4)
}

func TestWebhookKnobs(t *testing.T) {
	t.Parallel()
	l := listen(t)
	l.status = http.StatusNotFound
	w := newWorld(t, cloudsigntest.WithWebhookCopies(2), cloudsigntest.WithWebhooksReversed(true),
		cloudsigntest.WithWebhookRetries(1, time.Second), cloudsigntest.WithWebhookRetryOn(func(status int) bool { return status == 404 }))
	w.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.Webhooks = []cloudsigntest.Webhook{{URL: l.URL, Concluded: true}} })
	first, second := w.pending(), w.pending()
	w.Conclude(first.ID)
	w.Conclude(second.ID)
	got := w.DeliverWebhooks(t.Context())
	require.Len(t, got, 4)
	require.Contains(t, got[0].Body, second.ID)
	require.Contains(t, got[3].Body, first.ID)
	w.Clock().Advance(time.Second)
	require.Len(t, w.DeliverWebhooks(t.Context()), 4)
	w.Clock().Advance(time.Second)
	require.Empty(t, w.DeliverWebhooks(t.Context()))
	require.Panics(t, func() {
		w.AddTeam(cloudsigntest.Team{Webhooks: make([]cloudsigntest.Webhook, 21)})
	})
	require.Panics(t, func() { w.Bounce("nowhere", "a@example.jp") })
}
