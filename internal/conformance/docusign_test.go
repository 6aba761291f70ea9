package conformance_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/internal/conformance"
)

// operations are the committed list: what the client of DocuSign covers.
func operations(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/docusign.operations.txt")
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// loadDocuSign loads the file once for all tests: it has 4 MB.
var loadDocuSign = sync.OnceValues(func() (*conformance.Spec, error) {
	return conformance.LoadDocuSign(filepath.Join(os.Getenv("COUNTERSIGN_SPECS"), docuSignFile))
})

const docuSignFile = "docusign-esignature-v2.1.json"

// newDocuSign gives each test a record of its own.
func newDocuSign(t *testing.T) *conformance.Spec {
	t.Helper()
	specFile(t, docuSignFile) // skips or fails without the folder
	spec, err := loadDocuSign()
	require.NoError(t, err)
	return spec.Fresh()
}

// checked sends the REST API's calls through the specification. The account
// server is not part of it.
func checked(spec *conformance.Spec, base http.RoundTripper) http.RoundTripper {
	through := spec.Transport(base)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/oauth/") || strings.HasSuffix(r.URL.Path, "/documents/archive") {
			return base.RoundTrip(r)
		}
		return through.RoundTrip(r)
	})
}

// guide is a client of a fake whose calls are checked both ways.
type guide struct {
	t   *testing.T
	ctx context.Context
	srv *docusigntest.Server
	c   *docusign.Client
}

func (g guide) must(errs ...error) {
	g.t.Helper()
	for _, err := range errs {
		require.NoError(g.t, err)
	}
}

// got fails on an error and gives the value.
func got[T any](v T, err error) func(guide) T {
	return func(g guide) T {
		g.t.Helper()
		require.NoError(g.t, err)
		return v
	}
}

func TestDocuSign(t *testing.T) {
	t.Parallel()
	spec := newDocuSign(t)
	require.NoError(t, spec.Narrow(operations(t)))
	// The file is older than nextUri of listStatusChanges.
	srv := docusigntest.NewServer(docusigntest.WithBurstLimit(10_000), docusigntest.WithoutNextURI())
	defer srv.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client, err := docusign.New(docusign.Config{
		Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(srv.AccessToken(srv.User().ID))},
	}, countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: checked(spec, base)}))
	require.NoError(t, err)
	g := guide{t, t.Context(), srv, client}
	template := tourTemplates(g)
	tourEnvelopes(g, template)
	tourParts(g)
	tourBulk(g, template)
	tourAccount(g)
	tourConnect(g)
	require.Empty(t, spec.Violations())
	require.Equal(t, operations(t), spec.Covered())
	fmt.Println(spec.Line())
	for _, name := range conformance.DocuSignOutside() {
		t.Log("outside the file:", name)
	}
}

const pdf = "%PDF-1.4 one page %%EOF"

func file(name, content string) countersign.Upload {
	return countersign.Upload{Name: name, ContentType: "application/pdf", Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

func tourTemplates(g guide) docusign.TemplateID {
	s := g.c.Templates
	id := got(s.Create(g.ctx, docusign.Template{
		Name: "Offer", EmailSubject: "Your offer", Shared: new(docusign.Bool(false)),
		Documents: []docusign.Document{{
			ID: "1", Name: "offer.pdf", FileExtension: "pdf", Content: []byte(pdf), Order: "1",
			Tabs: &docusign.Tabs{Prefill: &docusign.Tabs{Text: []docusign.Tab{{Label: "price", PageNumber: "1", X: "10", Y: "20"}}}},
		}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{
			ID: "1", RoleName: "signer", RoutingOrder: "1",
			Tabs: &docusign.Tabs{
				Text:        []docusign.Tab{{Label: "city", DocumentID: "1", PageNumber: "1", X: "1", Y: "2", Required: new(docusign.Bool(true))}},
				SignHere:    []docusign.Tab{{DocumentID: "1", AnchorString: "/sign/", AnchorX: "1", AnchorUnits: "mms", AnchorOptional: new(docusign.Bool(true))}},
				Checkbox:    []docusign.Tab{{Label: "news", Selected: new(docusign.Bool(false)), DocumentID: "1", PageNumber: "1", X: "5", Y: "6"}},
				List:        []docusign.Tab{{Label: "size", Items: []docusign.ListItem{{Text: "Small", Value: "s"}}, DocumentID: "1", PageNumber: "1", X: "3", Y: "4"}},
				RadioGroups: []docusign.RadioGroup{{GroupName: "colour", DocumentID: "1", Radios: []docusign.Radio{{Value: "red", PageNumber: "1", X: "7", Y: "8"}}}},
			},
		}}},
		CustomFields: &docusign.CustomFields{Text: []docusign.CustomField{{Name: "region", Value: "west", Show: new(docusign.Bool(true))}}},
	}))(g)
	g.must(s.Update(g.ctx, id, docusign.Template{Name: "Offer 2", EmailBlurb: "Please sign."}))
	require.Len(g.t, got(s.List(g.ctx, docusign.TemplateQuery{SearchText: "offer", UserFilter: "owned_by_me", OrderBy: "name", Order: "asc", Count: 5, Include: []docusign.Include{docusign.IncludeDocuments}}))(g).Items, 1)
	got(s.Get(g.ctx, id, []docusign.Include{docusign.IncludeTabs}))(g)
	got(s.Documents(g.ctx, id))(g)
	g.must(got(s.Download(g.ctx, id, "1"))(g).Close())
	got(s.Recipients(g.ctx, id, true))(g)
	got(s.RecipientTabs(g.ctx, id, "1"))(g)
	got(s.CustomFields(g.ctx, id))(g)
	require.Len(g.t, got(s.Fields(g.ctx, id))(g), 5)
	return id
}

func hook(g guide) *docusign.EventNotification {
	return got(docusign.EnvelopeHook{
		URL: "https://hooks.example.com/one", Events: []docusign.EventKind{docusign.EventEnvelopeCompleted}, Include: []docusign.Include{docusign.IncludeRecipients},
	}.Notification())(g)
}

func tourEnvelopes(g guide, template docusign.TemplateID) {
	s := g.c.Envelopes
	made := got(s.Create(g.ctx, docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, TemplateID: template, EventNotification: hook(g), TransactionID: "tx-1",
		TemplateRoles: []docusign.TemplateRole{{
			RoleName: "signer", Name: "Robin Recipient", Email: "robin@example.com", ClientUserID: "7", RoutingOrder: "1",
			EmailNotification: &docusign.EmailNotification{Subject: "Hello", Body: "Sign", Language: "en"},
			Tabs:              &docusign.Tabs{Text: []docusign.Tab{{Label: "city", Value: new(docusign.Text("Kyoto"))}}},
		}},
		CustomFields: &docusign.CustomFields{Text: []docusign.CustomField{{Name: "crm", Value: "17"}}},
		Notification: &docusign.Notification{Reminders: &docusign.Reminders{Enabled: new(docusign.Bool(true)), Delay: 2, Frequency: 2}},
	}))(g)
	require.True(g.t, got(s.CreateOnce(g.ctx, docusign.EnvelopeDefinition{TransactionID: "tx-1"}))(g).Found)
	all := []docusign.Include{
		docusign.IncludeRecipients, docusign.IncludeTabs, docusign.IncludeCustomFields, docusign.IncludeDocuments, docusign.IncludeFolders,
	}
	got(s.Get(g.ctx, made.ID, all))(g)
	from := time.Now().Add(-time.Hour)
	q := docusign.EnvelopeQuery{
		From: from, FromToStatus: "changed", Status: []docusign.EnvelopeStatus{docusign.EnvelopeSent}, Count: 10, Order: "asc", OrderBy: "created",
		CustomFieldName: "crm", CustomFieldValue: "17", Include: []docusign.Include{docusign.IncludeRecipients}, SearchText: "offer",
	}
	n := 0
	for e, err := range s.ListStatusChanges(g.ctx, q) {
		g.must(err)
		require.Equal(g.t, made.ID, e.ID)
		n++
	}
	require.Equal(g.t, 1, n)
	require.Len(g.t, got(s.Statuses(g.ctx, []docusign.EnvelopeID{made.ID}))(g), 1)
	g.must(s.Resend(g.ctx, made.ID), s.Update(g.ctx, made.ID, docusign.EnvelopeUpdate{EmailSubject: "Again"}))
	got(s.Notification(g.ctx, made.ID))(g)
	got(s.SetNotification(g.ctx, made.ID, docusign.Notification{Expirations: &docusign.Expiration{Enabled: new(docusign.Bool(true)), After: 30, Warn: 3}}))(g)
	got(g.c.Views.Recipient(g.ctx, made.ID, docusign.RecipientView{ReturnURL: "https://app.example.com/", Email: "robin@example.com", UserName: "Robin Recipient", ClientUserID: "7"}))(g)
	got(g.c.Views.Correct(g.ctx, made.ID, "https://app.example.com/"))(g)
	got(g.c.Views.Console(g.ctx, made.ID, "https://app.example.com/"))(g)
	g.srv.Enter(string(made.ID), "1", map[string]string{"city": "Nara"})
	got(s.FormData(g.ctx, made.ID))(g)
	g.srv.Sign(string(made.ID), "1")
	got(s.AuditEvents(g.ctx, made.ID))(g)
	for _, id := range []docusign.DocumentID{"1", docusign.Combined, docusign.Certificate, docusign.Archive} {
		g.must(got(g.c.Documents.Download(g.ctx, made.ID, id, docusign.DownloadOptions{Certificate: new(true)}))(g).Close())
	}
	g.must(s.Purge(g.ctx, made.ID, docusign.PurgeDocuments))
	composite := got(s.Create(g.ctx, docusign.EnvelopeDefinition{CompositeTemplates: []docusign.CompositeTemplate{{
		ServerTemplates: []docusign.ServerTemplate{{Sequence: "1", TemplateID: template}},
		InlineTemplates: []docusign.InlineTemplate{{Sequence: "2", Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{RoleName: "signer", ID: "1", Name: "A", Email: "a@example.com"}}}}},
		Document:        &docusign.Document{ID: "1", Name: "other.pdf", FileExtension: "pdf", Content: []byte(pdf)},
	}}}))(g)
	g.must(s.SendDraft(g.ctx, composite.ID), s.Void(g.ctx, composite.ID, "a mistake"))
}

func tourParts(g guide) {
	id := got(g.c.Envelopes.Create(g.ctx, docusign.EnvelopeDefinition{
		EmailSubject: "Parts", Documents: []docusign.Document{{ID: "1", Name: "a.pdf", FileExtension: "pdf", Content: []byte(pdf)}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: "A", Email: "a@example.com"}}},
	}))(g).ID
	r := g.c.Recipients
	got(r.Add(g.ctx, id, docusign.Recipients{CarbonCopies: []docusign.Recipient{{ID: "2", Name: "B", Email: "b@example.com", RoutingOrder: "2"}}}))(g)
	g.must(r.Correct(g.ctx, id, docusign.Recipients{CarbonCopies: []docusign.Recipient{{ID: "2", Email: "c@example.com"}}}, docusign.CorrectOptions{Resend: true}))
	got(r.List(g.ctx, id, true))(g)
	got(r.Remove(g.ctx, id, "2"))(g)

	tabs := g.c.Tabs
	ours := got(tabs.AddToRecipient(g.ctx, id, "1", docusign.Tabs{Text: []docusign.Tab{{Label: "a", DocumentID: "1", PageNumber: "1", X: "1", Y: "1"}}}))(g)
	got(tabs.UpdateOfRecipient(g.ctx, id, "1", docusign.Tabs{Text: []docusign.Tab{{ID: ours.Text[0].ID, Value: new(docusign.Text("b"))}}}))(g)
	got(tabs.OfRecipient(g.ctx, id, "1"))(g)
	got(tabs.RemoveFromRecipient(g.ctx, id, "1", docusign.Tabs{Text: []docusign.Tab{{ID: ours.Text[0].ID}}}))(g)
	pre := got(tabs.AddToDocument(g.ctx, id, "1", docusign.Tabs{Prefill: &docusign.Tabs{
		Text:     []docusign.Tab{{Label: "x", DocumentID: "1", PageNumber: "1", X: "1", Y: "1"}},
		Checkbox: []docusign.Tab{{Label: "y", DocumentID: "1", PageNumber: "1", X: "1", Y: "1"}},
	}}))(g)
	g.must(tabs.Prefill(g.ctx, id, "1", map[string]string{"x": "1", "y": "true"}))
	got(tabs.RemoveFromDocument(g.ctx, id, "1", docusign.Tabs{Prefill: &docusign.Tabs{Text: []docusign.Tab{{ID: pre.Prefill.Text[0].ID}}}}))(g)

	f := g.c.CustomFields
	fields := got(f.Add(g.ctx, id, docusign.CustomFields{Text: []docusign.CustomField{{Name: "n", Value: "v"}}, List: []docusign.CustomField{{Name: "l", Value: "a", Items: []string{"a", "b"}}}}))(g)
	got(f.Update(g.ctx, id, docusign.CustomFields{Text: []docusign.CustomField{{ID: fields.Text[0].ID, Value: "w"}}}))(g)
	got(f.List(g.ctx, id))(g)
	got(f.Remove(g.ctx, id, docusign.CustomFields{Text: []docusign.CustomField{{ID: fields.Text[0].ID}}}))(g)

	d := g.c.Documents
	got(d.Put(g.ctx, id, "2", file("second.pdf", pdf)))(g)
	require.Len(g.t, got(d.List(g.ctx, id))(g), 3)
	got(d.Remove(g.ctx, id, []docusign.DocumentID{"2"}))(g)
	got(g.c.Views.Sender(g.ctx, id, "https://app.example.com/"))(g)
	got(g.c.Views.Edit(g.ctx, id, "https://app.example.com/"))(g)
}

func tourBulk(g guide, template docusign.TemplateID) {
	s, source := g.c.BulkSend, string(template)
	list := docusign.BulkList{Name: "people", Copies: []docusign.BulkCopy{{
		EmailSubject: "Yours", CustomFields: []docusign.BulkField{{Name: "crm", Value: "18"}},
		Recipients: []docusign.BulkRecipient{{RoleName: "signer", Name: "C", Email: "c@example.com", Tabs: []docusign.BulkTab{{Label: "city", Value: "Ise"}}}},
	}}}
	made := got(s.CreateList(g.ctx, list))(g)
	got(s.Lists(g.ctx))(g)
	got(s.List(g.ctx, made.ID))(g)
	got(s.UpdateList(g.ctx, made.ID, list))(g)
	require.True(g.t, got(s.Test(g.ctx, made.ID, source))(g).CanBeSent)
	sent := got(s.Send(g.ctx, made.ID, source, "batch one"))(g)
	require.Len(g.t, got(s.Batches(g.ctx, docusign.BatchQuery{From: time.Now().Add(-time.Hour), SearchText: "batch", Status: "all", Count: 3}))(g).Items, 1)
	require.EqualValues(g.t, 1, got(s.Batch(g.ctx, sent.BatchID))(g).Sent)
	require.Len(g.t, got(s.BatchEnvelopes(g.ctx, sent.BatchID, ""))(g).Items, 1)
	got(s.Act(g.ctx, sent.BatchID, docusign.BatchVoid, "a mistake"))(g)
	g.must(s.DeleteList(g.ctx, made.ID))
}

func tourAccount(g guide) {
	draft := got(g.c.Envelopes.Create(g.ctx, docusign.EnvelopeDefinition{EmailSubject: "Away"}))(g)
	require.NotEmpty(g.t, got(g.c.Folders.List(g.ctx))(g))
	require.NotEmpty(g.t, got(g.c.Folders.Envelopes(g.ctx, "draft", ""))(g).Items)
	g.must(g.c.Folders.Move(g.ctx, docusign.Recyclebin, []docusign.EnvelopeID{draft.ID}))
	users := got(g.c.Users.List(g.ctx, docusign.UserQuery{Email: g.srv.User().Email, Status: "Active", Count: 2}))(g)
	got(g.c.Users.Get(g.ctx, users.Items[0].ID))(g)
	got(g.c.Accounts.Get(g.ctx))(g)
	got(g.c.Accounts.Settings(g.ctx))(g)
	got(g.c.Accounts.CustomFields(g.ctx))(g)
}

func tourConnect(g guide) {
	s := g.c.Connect
	g.must(s.Check(g.ctx))
	hook := docusign.Webhook{
		Name: "all", URL: "https://hooks.example.com/connect", Events: []docusign.EventKind{docusign.EventEnvelopeSent, docusign.EventRecipientSent},
		Include: []docusign.Include{docusign.IncludeRecipients, docusign.IncludeTabs, docusign.IncludeCustomFields},
	}
	made := got(s.Create(g.ctx, hook))(g)
	require.True(g.t, made.IsSIM())
	hook.Users = []docusign.UserID{docusign.UserID(g.srv.User().ID)}
	got(s.Update(g.ctx, made.ID, hook))(g)
	got(s.SetEnabled(g.ctx, made.ID, true))(g)
	require.Len(g.t, got(s.Users(g.ctx, made.ID, ""))(g).Items, 1)
	g.srv.Receive(hook.URL, http.NotFoundHandler())
	first := got(g.c.Envelopes.Create(g.ctx, docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: "Hook", Documents: []docusign.Document{{ID: "1", Name: "a.pdf", Content: []byte(pdf)}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: "A", Email: "a@example.com"}}},
	}))(g)
	require.Positive(g.t, g.srv.Deliver().Failed)
	failures := got(s.Failures(g.ctx, time.Now().Add(-time.Hour), time.Time{}))(g)
	require.NotEmpty(g.t, failures)
	got(s.Republish(g.ctx, []docusign.EnvelopeID{first.ID}))(g)
	got(s.Republish(g.ctx, []docusign.EnvelopeID{first.ID, first.ID}))(g)
	g.must(s.DeleteFailure(g.ctx, failures[0].FailureID))
	g.srv.Receive(hook.URL, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	require.Positive(g.t, g.srv.Deliver().Acked)
	logs := got(s.Logs(g.ctx, time.Time{}, time.Time{}))(g)
	got(s.Log(g.ctx, logs[0].ID))(g)
	g.must(s.DeleteLog(g.ctx, logs[0].ID), s.ClearLogs(g.ctx), s.Delete(g.ctx, made.ID))
}

// TestDocuSignFaultsAreFound shows that the check of this file can fail too.
func TestDocuSignFaultsAreFound(t *testing.T) {
	t.Parallel()
	spec := newDocuSign(t)
	const envelopes = "/restapi/v2.1/accounts/a/envelopes"
	good := func(path, answer string) exchange {
		return exchange{method: "GET", path: path, status: 200, kind: jsonKind, answer: answer}
	}
	const connect = `{"configurationType":"custom","name":"n"}`
	post := func(path, body, answer string) exchange {
		return exchange{method: "POST", path: path, header: map[string]string{"Content-Type": jsonKind}, body: body, status: 201, kind: jsonKind, answer: answer}
	}
	create := func(body string) exchange { return post(envelopes, body, `{}`) }
	pdf := exchange{
		method: "PUT", path: envelopes + "/e/documents/1", header: map[string]string{"Content-Type": "application/pdf", "Content-Disposition": `file; filename="a"`},
		body: "%PDF", status: 200, kind: jsonKind, answer: `{}`,
	}
	for name, c := range map[string]pair{
		"misspelt answer":      {good(envelopes+"/e", `{"emailSubject":"s"}`), good(envelopes+"/e", `{"mailSubject":"s"}`)},
		"misspelt below":       {good(envelopes+"/e/recipients", `{"signers":[{"email":"e"}]}`), good(envelopes+"/e/recipients", `{"signers":[{"mail":"e"}]}`)},
		"boolean for text":     {good(envelopes+"/e", `{"allowMarkup":"true"}`), good(envelopes+"/e", `{"allowMarkup":true}`)},
		"misspelt query":       {good(envelopes+"?from_date=x", `{}`), good(envelopes+"?fromdate=x", `{}`)},
		"misspelt member sent": {create(`{"emailSubject":"s"}`), create(`{"subject":"s"}`)},
		"misspelt tab sent":    {create(`{"recipients":{"signers":[{"tabs":{"textTabs":[{"tabLabel":"l"}]}}]}}`), create(`{"recipients":{"signers":[{"tabs":{"textTabs":[{"label":"l"}]}}]}}`)},
		"later member":         {good(envelopes+"?from_date=x", `{"totalSetSize":"1"}`), good(envelopes+"?from_date=x", `{"nextUri":"/envelopes"}`)},
		"content type": {pdf, with(pdf, func(e *exchange) {
			e.header = map[string]string{"Content-Type": "text/plain", "Content-Disposition": "file"}
		})},
		"member left out": {
			post("/restapi/v2.1/accounts/a/connect", `{"configurationType":"custom","name":"n"}`, connect),
			post("/restapi/v2.1/accounts/a/connect", `{"configurationType":"custom"}`, connect),
		},
		"type left out": {
			post("/restapi/v2.1/accounts/a/connect", `{"configurationType":"custom","name":"n"}`, connect),
			post("/restapi/v2.1/accounts/a/connect", `{"name":"n"}`, connect),
		},
		"view without a way back": {
			post(envelopes+"/e/views/sender", `{"returnUrl":"https://a.example/"}`, `{}`),
			post(envelopes+"/e/views/sender", `{}`, `{}`),
		},
		"left out of an answer": {
			good("/restapi/v2.1/accounts/a/connect", `{"configurations":[`+connect+`]}`),
			good("/restapi/v2.1/accounts/a/connect", `{"configurations":[{"name":"n"}]}`),
		},
		"below another path": {good(envelopes+"/e", `{}`), good("/v2.1/accounts/a/envelopes/e", `{}`)},
	} {
		before := len(spec.Violations())
		c.good.through(t, spec)
		require.Len(t, spec.Violations(), before, name)
		c.bad.through(t, spec)
		require.Len(t, spec.Violations(), before+1, name)
	}
	require.Error(t, spec.Narrow([]string{"GET /v2.1/accounts/{accountId}/nothing"}))
}
