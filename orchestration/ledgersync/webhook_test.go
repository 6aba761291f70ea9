package ledgersync_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

const webhookToken = "0123456789abcdefghijklmnop"

// notify sends a webhook as CloudSign does, and gives the answer's status.
func (w *world) notify(h http.Handler, token, documentID string) int {
	w.t.Helper()
	body := `{"documentID":"` + documentID + `","status":2,"userID":"u","email":"a@example.jp","text":"COMPLETED : T sent by S\n<https://www.cloudsign.jp/document/` + documentID + `/summary>"}`
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/cloudsign/"+token, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Code
}

func (w *world) webhook() http.Handler {
	w.t.Helper()
	h, err := w.flow.Webhook(w.t.Context(), w.link, ledgersync.WebhookConfig{Tokens: []countersign.Secret{countersign.NewSecret(webhookToken)}})
	require.NoError(w.t, err)
	return h
}

func TestWebhookLinksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	h := w.webhook()
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	for range 3 { // the service repeats itself
		require.Equal(t, http.StatusOK, w.notify(h, webhookToken, doc.ID))
	}
	w.run()
	require.Len(t, w.entries(), 2)
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, w.state().Seen)
	w.nextDay()
	require.Len(t, w.entries(), 2, "the daily run knows them")
	lines := 0
	for e, err := range w.flow.Journal(t.Context(), w.link) {
		require.NoError(t, err)
		require.Equal(t, "webhook", e.Why)
		lines++
	}
	require.Equal(t, 2, lines)
}

func TestWebhookBelievesTheServiceAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	w.start()
	h := w.webhook()
	pending := w.document(cloudsigntest.Document{Status: cloudsigntest.Pending}, "a.pdf")
	secret := w.document(cloudsigntest.Document{Private: true}, "b.pdf")
	require.Equal(t, http.StatusUnauthorized, w.notify(h, "x"+webhookToken[1:], pending.ID))
	for _, id := range []string{pending.ID, secret.ID, "unknown-unknown-unknown-unknown-0"} {
		require.Equal(t, http.StatusOK, w.notify(h, webhookToken, id), "nothing to repeat")
	}
	w.run()
	require.Empty(t, w.entries())
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpGetDocument, Fault: countersigntest.Status(503)})
	require.Equal(t, http.StatusServiceUnavailable, w.notify(h, webhookToken, pending.ID), "to be repeated")
}

func TestWebhookOfALinkThatIsNotActive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	h := w.webhook()
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	require.Equal(t, http.StatusOK, w.notify(h, webhookToken, doc.ID))
	w.run()
	require.Empty(t, w.entries())
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Len(t, w.entries(), 1, "the next run finds it")
	_, err := w.flow.Webhook(t.Context(), "ABCD-EFGH", ledgersync.WebhookConfig{})
	require.ErrorIs(t, err, countersign.ErrNotFound)
}

// TestWebhookWhileTheStoreIsAway: nothing is acknowledged that is not kept.
func TestWebhookWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	healthy := w.store
	dying := &frail{Store: healthy}
	dying.left.Store(1) // for mounting the handler
	w.store = dying
	w.restart()
	h := w.webhook()
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	require.Equal(t, http.StatusServiceUnavailable, w.notify(h, webhookToken, doc.ID))
	w.store = healthy
	w.restart()
	require.Zero(t, w.state().Seen)
	require.Zero(t, w.summary().Files)
	require.Equal(t, http.StatusOK, w.notify(w.webhook(), webhookToken, doc.ID), "repeated by the service")
	w.run()
	require.Len(t, w.entries(), 1)
}
