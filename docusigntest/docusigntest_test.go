package docusigntest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusigntest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program speaks plain HTTP to a fake.
type program struct {
	t      *testing.T
	srv    *docusigntest.Server
	client *http.Client
	token  string
}

func start(t *testing.T, opts ...docusigntest.Option) *program {
	t.Helper()
	srv := docusigntest.NewServer(opts...)
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	return &program{t: t, srv: srv, token: srv.AccessToken(srv.User().ID), client: &http.Client{
		Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) code() string {
	s, _ := a.body["errorCode"].(string)
	if s == "" {
		s, _ = a.body["error"].(string)
	}
	return s
}

func (p *program) send(req *http.Request) answer {
	p.t.Helper()
	res, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	a := answer{status: res.StatusCode, header: res.Header}
	_ = json.Unmarshal(text, &a.body) // pages and files are no JSON
	return a
}

// rest calls the REST API below the account.
func (p *program) rest(method, path, body string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.srv.URL()+"/restapi/v2.1/accounts/"+p.srv.Account().ID+path, strings.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return p.send(req)
}

// oauth asks for a token.
func (p *program) oauth(app docusigntest.App, form url.Values) answer {
	p.t.Helper()
	if app.Secret == "" {
		form.Set("client_id", app.IntegrationKey)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), "POST", p.srv.URL()+"/oauth/token", strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if app.Secret != "" {
		req.SetBasicAuth(app.IntegrationKey, app.Secret)
	}
	return p.send(req)
}

// login opens the login page and gives the query that comes back.
func (p *program) login(app docusigntest.App, extra string) url.Values {
	p.t.Helper()
	q := url.Values{"response_type": {"code"}, "scope": {"signature extended"}, "client_id": {app.IntegrationKey}, "redirect_uri": {app.RedirectURI}, "state": {"s"}}
	req, err := http.NewRequestWithContext(p.t.Context(), "GET", p.srv.URL()+"/oauth/auth?"+q.Encode()+extra, nil)
	require.NoError(p.t, err)
	a := p.send(req)
	require.Equal(p.t, http.StatusFound, a.status)
	back, err := url.Parse(a.header.Get("Location"))
	require.NoError(p.t, err)
	require.Equal(p.t, "s", back.Query().Get("state"))
	return back.Query()
}

const envelope = `{"status":"sent","emailSubject":"s","documents":[{"documentId":"1","name":"a.pdf"}],"recipients":{"signers":[
	{"recipientId":"1","name":"A","email":"a@example.com","routingOrder":"1"},{"recipientId":"2","name":"B","email":"b@example.com","routingOrder":"2"}],
	"carbonCopies":[{"recipientId":"3","name":"C","email":"c@example.com","routingOrder":"3"}]}}`

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, 200, p.rest("GET", "", "").status)
	p.token = ""
	require.Equal(t, "PARTNER_AUTHENTICATION_FAILED", p.rest("GET", "", "").code())
	p.token = "unknown"
	require.Equal(t, "AUTHORIZATION_INVALID_TOKEN", p.rest("GET", "", "").code())
	p.token = p.srv.AccessToken(p.srv.User().ID)
	req, err := http.NewRequestWithContext(t.Context(), "GET", p.srv.URL()+"/restapi/v2.1/accounts/other", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	require.Equal(t, "USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT", p.send(req).code())
	p.srv.Clock().Advance(9 * time.Hour)
	require.Equal(t, 401, p.rest("GET", "", "").status, "a token lives for eight hours")
	require.Equal(t, 501, p.rest("GET", "/brands", "").status)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	p := start(t)
	app := p.srv.App()
	code := p.login(app, "").Get("code")
	wrong := app
	wrong.Secret = "wrong"
	require.Equal(t, "invalid_client", p.oauth(wrong, url.Values{"grant_type": {"authorization_code"}, "code": {code}}).code())
	first := p.oauth(app, url.Values{"grant_type": {"authorization_code"}, "code": {code}})
	require.Equal(t, 200, first.status)
	require.Equal(t, "invalid_grant", p.oauth(app, url.Values{"grant_type": {"authorization_code"}, "code": {code}}).code())

	refresh, _ := first.body["refresh_token"].(string)
	p.srv.Clock().Advance(29 * 24 * time.Hour)
	second := p.oauth(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	require.Equal(t, 200, second.status)
	require.Equal(t, "invalid_grant", p.oauth(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}).code(), "rotated")
	refresh, _ = second.body["refresh_token"].(string)
	p.srv.Clock().Advance(31 * 24 * time.Hour)
	require.Equal(t, "invalid_grant", p.oauth(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}).code(), "30 days without use")
	require.Equal(t, "unsupported_grant_type", p.oauth(app, url.Values{"grant_type": {"password"}}).code())
	require.Equal(t, "invalid_grant", p.oauth(app, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"a.b.c"}}).code())

	p.srv.RefuseConsent()
	require.Equal(t, "access_denied", p.login(app, "").Get("error"))

	public := p.srv.AddApp(docusigntest.App{RedirectURI: "https://app.example.com/cb"})
	code = p.login(public, "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256").Get("code")
	require.Equal(t, "invalid_grant", p.oauth(public, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {"wrong"}}).code())
	code = p.login(public, "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256").Get("code")
	require.Equal(t, 200, p.oauth(public, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}).status)
}

func TestEnvelopeGoesThroughItsRecipients(t *testing.T) {
	t.Parallel()
	p := start(t)
	id, _ := p.rest("POST", "/envelopes", envelope).body["envelopeId"].(string)
	statuses := func() (string, string) {
		e, ok := p.srv.Envelope(id)
		require.True(t, ok)
		var all []string
		for _, r := range e.Recipients {
			all = append(all, r.ID+r.Status)
		}
		return e.Status, strings.Join(all, " ")
	}
	check := func(status, people string) {
		t.Helper()
		gotStatus, gotPeople := statuses()
		require.Equal(t, status, gotStatus)
		require.Equal(t, people, gotPeople)
	}
	check("sent", "1sent 2created 3created")
	require.PanicsWithValue(t, `docusigntest: it is not the turn of recipient "2": the envelope is sent and has "1" (sent), "2" (created), "3" (created)`, func() { p.srv.Sign(id, "2") })
	require.PanicsWithValue(t, `docusigntest: the envelope has no recipient "9": it has "1" (sent), "2" (created), "3" (created)`, func() { p.srv.Sign(id, "9") })
	require.PanicsWithValue(t, `docusigntest: there is no envelope "none"`, func() { p.srv.Sign("none", "1") })
	p.srv.Sign(id, "1")
	check("sent", "1completed 2sent 3created")
	p.srv.View(id, "2")
	check("delivered", "1completed 2delivered 3created")
	p.srv.Sign(id, "2")
	check("completed", "1completed 2completed 3completed")
	require.PanicsWithValue(t, `docusigntest: the envelope is completed: recipient "2" can't act any more; it has "1" (completed), "2" (completed), "3" (completed)`, func() { p.srv.Sign(id, "2") })
	require.Equal(t, "ENVELOPE_CANNOT_VOID_INVALID_STATE", p.rest("PUT", "/envelopes/"+id, `{"status":"voided","voidedReason":"r"}`).code())
	require.Equal(t, "ENVELOPE_INVALID_STATUS", p.rest("POST", "/envelopes/"+id+"/views/sender", `{}`).code())
	require.Equal(t, "ENVELOPE_DOES_NOT_EXIST", p.rest("GET", "/envelopes/none", "").code())
	require.Equal(t, "DOCUMENT_DOES_NOT_EXIST", p.rest("GET", "/envelopes/"+id+"/documents/9", "").code())
}

func TestWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	p := start(t)
	for body, code := range map[string]string{
		`{"status":"sent"}`:                                   "ENVELOPE_IS_INCOMPLETE",
		`{"status":"sent","emailSubject":"s"}`:                "ENVELOPE_IS_INCOMPLETE",
		`{"status":"gone"}`:                                   "INVALID_REQUEST_PARAMETER",
		`{"templateId":"none"}`:                               "TEMPLATE_NOT_FOUND",
		`{"emailSubject":"` + strings.Repeat("s", 101) + `"}`: "INVALID_EMAIL_SUBJECT",
		`{`: "INVALID_REQUEST_BODY",
		`{"eventNotification":{"url":"http://a.example/"}}`: "INVALID_REQUEST_PARAMETER",
	} {
		require.Equal(t, code, p.rest("POST", "/envelopes", body).code(), body)
	}
	require.Empty(t, p.srv.Envelopes())
	require.Equal(t, "INVALID_REQUEST_PARAMETER", p.rest("GET", "/envelopes", "").code())
	require.Equal(t, "INVALID_REQUEST_PARAMETER", p.rest("GET", "/envelopes?from_date=yesterday", "").code())
}

func TestLimits(t *testing.T) {
	t.Parallel()
	p := start(t, docusigntest.WithBurstLimit(2), docusigntest.WithLimitStatus(400), docusigntest.WithClock(countersigntest.NewClock(time.Date(2026, 5, 1, 10, 30, 0, 0, time.UTC))))
	first := p.rest("GET", "", "")
	require.Equal(t, "1", first.header.Get("X-BurstLimit-Remaining"))
	require.Equal(t, "2999", first.header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "1777633200", first.header.Get("X-RateLimit-Reset"), "the next full hour")
	p.rest("GET", "", "")
	refused := p.rest("GET", "", "")
	require.Equal(t, 400, refused.status)
	require.Equal(t, "BURST_APIINVOCATION_LIMIT_EXCEEDED", refused.code())
	p.srv.Clock().Advance(31 * time.Second)
	require.Equal(t, 200, p.rest("GET", "", "").status)

	p = start(t, docusigntest.WithPollingLimit(1))
	id, _ := p.rest("POST", "/envelopes", `{}`).body["envelopeId"].(string)
	require.Equal(t, 200, p.rest("GET", "/envelopes/"+id, "").status)
	require.Equal(t, "Hourly_Envelope_Polling_Limit_Exceeded", p.rest("GET", "/envelopes/"+id, "").code())
}

// TestSignConnect is computed here from the description alone: base64 of the
// HMAC-SHA256 of the raw body with the bytes of the key's text.
func TestSignConnect(t *testing.T) {
	t.Parallel()
	body := []byte("{\"event\":\"envelope-sent\"}\r\n")
	h := docusigntest.SignConnect(body, "acct", "one", "dHdv")
	for name, key := range map[string]string{"X-Docusign-Signature-1": "one", "X-Docusign-Signature-2": "dHdv"} {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		require.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)), h.Get(name))
	}
	require.Equal(t, "acct", h.Get("X-DocuSign-AccountId"))
	require.Empty(t, docusigntest.SignConnect(body, "acct").Get("X-DocuSign-Signature-1"))
}

func TestConnectConfigurations(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, "INVALID_CONNECT_CONFIGURATION", p.rest("POST", "/connect", `{"name":"n","configurationType":"custom","urlToPublishTo":"http://a.example/"}`).code())
	good := `{"name":"n","configurationType":"custom","urlToPublishTo":"https://a.example/","allUsers":"true","allowEnvelopePublish":"true","events":["envelope-sent"]`
	made := p.rest("POST", "/connect", good+`}`)
	require.Equal(t, 201, made.status)
	p.rest("POST", "/envelopes", envelope)
	require.Empty(t, p.srv.Messages(), "without version and format it would be legacy XML, which is not simulated")
	p.rest("POST", "/connect", good+`,"deliveryMode":"Aggregate","eventData":{"version":"restv2.1","format":"json"}}`)
	p.rest("POST", "/envelopes", envelope)
	messages := p.srv.Messages()
	require.Len(t, messages, 1)
	var aggregate map[string]any
	require.NoError(t, json.Unmarshal(messages[0].Body, &aggregate))
	require.NotContains(t, aggregate, "event", "the aggregate form is the envelope itself")
	require.Equal(t, "sent", aggregate["status"])
	for range 18 {
		require.Equal(t, 201, p.rest("POST", "/connect", good+`}`).status)
	}
	require.Equal(t, "CONNECT_CONFIGURATION_LIMIT_EXCEEDED", p.rest("POST", "/connect", good+`}`).code())
}
