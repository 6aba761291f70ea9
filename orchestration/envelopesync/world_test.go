package envelopesync_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

const (
	hookToken = "HOOKTOKEN2345672345672345"
	hmacKey   = "made-up-connect-key"
	baseURL   = "https://sync.example/docusign"
)

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is both services, a flow between them and its engine, on one clock.
type world struct {
	t       *testing.T
	clock   *countersigntest.Clock
	ds      *docusigntest.Server
	ac      *activecampaigntest.Server
	client  *docusign.Client
	acTo    *activecampaign.Client
	store   orchestration.Store
	flow    *envelopesync.Flow
	engine  *orchestration.Local
	mu      sync.Mutex
	notices []envelopesync.Notice
}

// setting is what a test changes of a world.
type setting struct {
	cfg envelopesync.Config
	ac  []activecampaigntest.Option
	ds  []docusigntest.Option
}

func newWorld(t *testing.T, change ...func(*setting)) *world {
	t.Helper()
	clock := countersigntest.NewClock(began)
	set := setting{
		cfg: envelopesync.Config{BaseURL: baseURL, WebhookTokens: []countersign.Secret{countersign.NewSecret(hookToken)}, Clock: clock.Now},
		ac:  []activecampaigntest.Option{activecampaigntest.WithClock(clock), activecampaigntest.WithRateLimit(0)},
	}
	for _, c := range change {
		c(&set)
	}
	w := &world{
		t: t, clock: clock, store: orchestration.NewMemory(),
		ds: docusigntest.NewServer(append(set.ds, docusigntest.WithClock(clock), docusigntest.WithHourlyLimit(1_000_000), docusigntest.WithBurstLimit(1_000_000))...),
		ac: activecampaigntest.NewServer(set.ac...),
	}
	t.Cleanup(w.ds.Close)
	t.Cleanup(w.ac.Close)
	w.ds.SetConnectKeys(hmacKey)
	var err error
	w.client, err = docusign.New(docusign.Config{
		Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(w.ds.AccessToken(w.ds.User().ID))},
	}, countersign.WithBaseURL(w.ds.URL()))
	require.NoError(t, err)
	account, key := w.ac.Tracking()
	w.acTo, err = activecampaign.New(activecampaign.Config{
		APIKey:   countersign.NewSecret(w.ac.APIKey()),
		Tracking: activecampaign.Tracking{AccountID: account, EventKey: countersign.NewSecret(key)},
	}, countersign.WithBaseURL(w.ac.URL()), countersign.WithLimiter(rate.NewLimiter(rate.Inf, 1)), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	set.cfg.Notify = func(n envelopesync.Notice) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notices = append(w.notices, n)
	}
	w.open(set.cfg)
	return w
}

// open makes the flow and its engine, as a program does when it starts.
func (w *world) open(cfg envelopesync.Config) {
	w.t.Helper()
	var err error
	w.flow, err = envelopesync.New(cfg, envelopesync.Deps{
		Store: w.store, ActiveCampaign: w.acTo,
		Accounts: []envelopesync.Account{{
			ID: w.account(), Client: w.client, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret(hmacKey)},
		}},
	})
	require.NoError(w.t, err)
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now))
	w.flow.Register(w.engine)
	w.ds.Receive(baseURL+"/connect", w.flow.Handler())
}

func (w *world) account() docusign.AccountID { return docusign.AccountID(w.ds.Account().ID) }

func (w *world) connection() envelopesync.Connection {
	return envelopesync.Connection{Account: w.account()}
}

// live goes live with a connection that has what the test wants.
func (w *world) live(change ...func(*envelopesync.Connection)) *envelopesync.Plan {
	w.t.Helper()
	c := w.connection()
	for _, f := range change {
		f(&c)
	}
	p, err := w.flow.Apply(w.t.Context(), c)
	require.NoError(w.t, err)
	return p
}

// person is a recipient of an envelope.
type person struct{ name, email string }

var (
	robin = person{"Robin Van Recipient", "robin@example.com"}
	kim   = person{"Kim Second", "kim@example.com"}
)

// send sends an envelope to signers who get it at the same time.
func (w *world) send(people ...person) docusign.EnvelopeID {
	w.t.Helper()
	var r docusign.Recipients
	for i, p := range people {
		r.Signers = append(r.Signers, docusign.Recipient{ID: docusign.RecipientID(string(rune('1' + i))), Name: p.name, Email: p.email, RoutingOrder: "1"})
	}
	return w.sendTo(r)
}

func (w *world) sendTo(r docusign.Recipients) docusign.EnvelopeID {
	w.t.Helper()
	made, err := w.client.Envelopes.Create(w.t.Context(), docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: "Offer 7",
		Documents:    []docusign.Document{{ID: "1", Name: "offer.pdf", FileExtension: "pdf", Content: []byte("%PDF-1.4")}},
		Recipients:   &r,
		CustomFields: &docusign.CustomFields{Text: []docusign.CustomField{{Name: "deal", Value: "D-42"}}},
	})
	require.NoError(w.t, err)
	w.clock.Advance(time.Minute)
	return made.ID
}

func (w *world) view(id docusign.EnvelopeID, recipient string) {
	w.ds.View(string(id), recipient)
	w.clock.Advance(time.Minute)
}

func (w *world) sign(id docusign.EnvelopeID, recipient string) {
	w.ds.Sign(string(id), recipient)
	w.clock.Advance(time.Minute)
}

// run lets Connect deliver and the engine work until nothing is due.
func (w *world) run(how ...docusigntest.Delivery) {
	w.t.Helper()
	done := w.ds.Deliver(how...)
	require.Zero(w.t, done.Failed+done.Waiting, "%+v", done)
	w.work()
}

func (w *world) work() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(w.t, w.engine.RunUntilIdle(ctx))
}

// later lets time pass and works.
func (w *world) later(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	w.work()
}

// record gives the values of an envelope's record for a contact.
func (w *world) record(id docusign.EnvelopeID, email string) map[string]any {
	w.t.Helper()
	c, ok := w.ac.Contact(email)
	require.True(w.t, ok, email)
	for _, r := range w.ac.Records(contactmap.RecordSlug) {
		if r.Values["envelope-id"] == string(id) && len(r.Contacts) == 1 && r.Contacts[0] == c.ID {
			return r.Values
		}
	}
	return nil
}

func (w *world) noticed(kind envelopesync.NoticeKind) (out []envelopesync.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.notices {
		if n.Kind == kind {
			out = append(out, n)
		}
	}
	return out
}

// firings collects what automations were started with, as text.
type firings struct {
	mu   sync.Mutex
	list []string
	fail error
}

func (f *firings) run(_ context.Context, x envelopesync.Firing) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.list = append(f.list, x.Automation+" "+string(x.Trigger.Kind)+" "+string(x.Action))
	return nil
}

func (f *firings) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.list...)
}

// deliver posts a Connect message that the test made, signed.
func (w *world) deliver(body string) int {
	w.t.Helper()
	return w.post(body, docusigntest.SignConnect([]byte(body), w.ds.Account().ID, hmacKey))
}

// post posts a Connect message with headers of the test's own.
func (w *world) post(body string, header http.Header) int {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, baseURL+"/connect", strings.NewReader(body))
	req.Header = header
	rec := httptest.NewRecorder()
	w.flow.Handler().ServeHTTP(rec, req)
	return rec.Code
}

// table is all that the store holds in a table, as text; what is stored in base64
// is shown as it was.
func (w *world) table(name string) string {
	w.t.Helper()
	var b strings.Builder
	for rec, err := range orchestration.Records(w.t.Context(), w.store, orchestration.Query{Table: name}) {
		require.NoError(w.t, err)
		var body struct {
			Raw []byte `json:"raw"`
		}
		require.NoError(w.t, json.Unmarshal(rec.Body, &body))
		b.WriteString(rec.Key + rec.Group + rec.Ref + rec.LastError + string(rec.Body) + string(body.Raw) + "\n")
	}
	return b.String()
}

// stored is the table of messages.
func (w *world) stored() string { return w.table(envelopesync.Tables("")[1]) }
