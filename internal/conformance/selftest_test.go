package conformance_test

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/internal/conformance"
)

// exchange is one request and the answer that a faulty vendor would give.
type exchange struct {
	method, path string
	header       map[string]string // Authorization is added but for /token
	body         string
	status       int
	kind, answer string
}

func (e exchange) through(t *testing.T, spec *conformance.Spec) {
	t.Helper()
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: e.status, Header: http.Header{"Content-Type": {e.kind}},
			Body: io.NopCloser(strings.NewReader(e.answer)), Request: r,
		}, nil
	})
	req, err := http.NewRequestWithContext(t.Context(), e.method, "https://api.example.com"+e.path, strings.NewReader(e.body))
	require.NoError(t, err)
	if e.path != "/token" {
		req.Header.Set("Authorization", "Bearer token")
	}
	for k, v := range e.header {
		req.Header.Set(k, v)
	}
	res, err := spec.Transport(base).RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, e.answer, string(body), "the caller gets the answer as it came")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	jsonKind = "application/json"
	formKind = "application/x-www-form-urlencoded"
	id       = "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

var form = map[string]string{"Content-Type": formKind}

// pair is a good exchange, and one that differs from it in one thing.
type pair struct{ good, bad exchange }

func me(answer string) exchange {
	return exchange{method: "GET", path: "/me", status: 200, kind: jsonKind, answer: answer}
}

func document(answer string) exchange {
	return exchange{method: "GET", path: "/documents/" + id, status: 200, kind: jsonKind, answer: answer}
}

func attribute(answer string) exchange {
	return exchange{method: "GET", path: "/documents/" + id + "/attribute", status: 200, kind: jsonKind, answer: answer}
}

func put(body string) exchange {
	return exchange{
		method: "PUT", path: "/documents/" + id + "/attribute", header: map[string]string{"Content-Type": jsonKind}, body: body,
		status: 200, kind: jsonKind, answer: `{}`,
	}
}

func list(query string) exchange {
	return exchange{method: "GET", path: "/documents" + query, status: 200, kind: jsonKind, answer: `{"documents":[]}`}
}

func post(path, body string) exchange {
	return exchange{method: "POST", path: path, header: form, body: body, status: 200, kind: jsonKind, answer: `{}`}
}

func with(e exchange, change func(*exchange)) exchange {
	change(&e)
	return e
}

// answerFaults are answers that the specification does not know.
var answerFaults = map[string]pair{
	"misspelt member":         {me(`{"organization":"a"}`), me(`{"organisation":"a"}`)},
	"misspelt member below":   {me(`{"team":{"name":"a"}}`), me(`{"team":{"title":"a"}}`)},
	"misspelt member in list": {document(`{"files":[{"name":"a"}]}`), document(`{"files":[{"nam":"a"}]}`)},
	"case of a member":        {me(`{"name":"a"}`), me(`{"Name":"a"}`)},
	"wrong type":              {me(`{"name":"a"}`), me(`{"name":1}`)},
	"list for an object":      {me(`{}`), me(`[]`)},
	"object for a list":       {document(`{"files":[]}`), document(`{"files":{}}`)},
	"number as text":          {attribute(`{"amount":12}`), attribute(`{"amount":"12"}`)},
	"fraction":                {attribute(`{"amount":12}`), attribute(`{"amount":12.5}`)},
	"null amount":             {attribute(`{"amount":null}`), attribute(`{"auto_update":null}`)},
	"null date":               {attribute(`{"contract_at":null}`), attribute(`{"local_id":null}`)},
	"date":                    {attribute(`{"contract_at":"2025-04-01"}`), attribute(`{"contract_at":"2025/04/01"}`)},
	"time of processing":      {document(`{"last_processed_at":"2025-04-01T09:00:00.000000Z"}`), document(`{"last_processed_at":"2025-04-01T09:00:00Z"}`)},
	"time of creation":        {document(`{"created_at":"2025-04-01T09:00:00Z"}`), document(`{"created_at":"2025-04-01T09:00:00.000000Z"}`)},
	"null time":               {document(`{"sent_at":null}`), document(`{"created_at":null}`)},
	"imported":                {document(`{"status":13}`), document(`{"status":12}`)},
	"short id":                {document(`{"id":"` + id + `"}`), document(`{"id":"1"}`)},
	"broken JSON":             {me(`{}`), me(`{`)},
	"two values":              {me(`{}`), me(`{}{}`)},
	"unknown status":          {with(me(`{}`), func(e *exchange) { e.status = 500 }), with(me(`{}`), func(e *exchange) { e.status = 418 })},
	"misspelt error":          {with(me(`{"error":"a","message":"b"}`), func(e *exchange) { e.status = 403 }), with(me(`{"code":"a"}`), func(e *exchange) { e.status = 403 })},
	"HTML":                    {me(`{}`), with(me(`{}`), func(e *exchange) { e.kind = "text/html" })},
	"PDF": {
		exchange{method: "GET", path: "/documents/" + id + "/files/" + id, status: 200, kind: "application/pdf", answer: "%PDF-1.4"},
		exchange{method: "GET", path: "/documents/" + id + "/files/" + id, status: 200, kind: "application/pdf", answer: "<html>"},
	},
	"no content": {
		exchange{method: "DELETE", path: "/documents/" + id, status: 204},
		exchange{method: "DELETE", path: "/documents/" + id, status: 204, kind: jsonKind, answer: `{}`},
	},
}

// requestFaults are requests that the specification does not know.
var requestFaults = map[string]pair{
	"misspelt query":           {list("?with_files=y"), list("?with_file=y")},
	"query twice":              {list("?page=1"), list("?page=1&page=2")},
	"query type":               {list("?page=1"), list("?page=one")},
	"query value":              {list("?status=2"), list("?status=13")},
	"query time":               {list("?from=2025-04-01T09:00:00.000000%2B09:00"), list("?from=2025-04-01")},
	"query of another":         {list("?status=2"), with(list("?status=2"), func(e *exchange) { e.path = "/team_documents?status=2" })},
	"misspelt form key":        {post("/token", "client_id=a"), post("/token", "client_id=a&clientid=a")},
	"missing form key":         {post("/token", "client_id=a"), post("/token", "")},
	"form type":                {post("/documents", "private=true"), post("/documents", "private=yes")},
	"content type":             {post("/token", "client_id=a"), with(post("/token", "client_id=a"), func(e *exchange) { e.header = map[string]string{"Content-Type": jsonKind} })},
	"misspelt member sent":     {put(`{"local_id":"a"}`), put(`{"localid":"a"}`)},
	"wrong type sent":          {put(`{"amount":1}`), put(`{"amount":"1"}`)},
	"body without need":        {me(`{}`), with(me(`{}`), func(e *exchange) { e.body = "x" })},
	"header":                   {with(me(`{}`), func(e *exchange) { e.header = map[string]string{"Accept": jsonKind} }), with(me(`{}`), func(e *exchange) { e.header = map[string]string{"X-Trace": "1"} })},
	"no authorization":         {me(`{}`), with(me(`{}`), func(e *exchange) { e.header = map[string]string{"Authorization": ""} })},
	"authorization for /token": {post("/token", "client_id=a"), with(post("/token", "client_id=a"), func(e *exchange) { e.header = map[string]string{"Content-Type": formKind, "Authorization": "Bearer a"} })},
	"unknown path":             {me(`{}`), with(me(`{}`), func(e *exchange) { e.path = "/you" })},
	"unknown method":           {me(`{}`), with(me(`{}`), func(e *exchange) { e.method = "PATCH" })},
	"deprecated":               {post("/token", "client_id=a"), exchange{method: "GET", path: "/token?client_id=a", status: 200, kind: jsonKind, answer: `{}`}},
}

// TestFaultsAreFound shows that the check can fail. Its cases share one
// specification, which takes longer to read than they all take together.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	spec := NewCloudSign(t)
	for _, cases := range []map[string]pair{answerFaults, requestFaults} {
		for name, c := range cases {
			before := len(spec.Violations())
			c.good.through(t, spec)
			require.Len(t, spec.Violations(), before, name)
			c.bad.through(t, spec)
			require.Len(t, spec.Violations(), before+1, name)
		}
	}
}

func TestMultipartKeys(t *testing.T) {
	t.Parallel()
	spec := NewCloudSign(t)
	upload := func(key string) exchange {
		return exchange{
			method: "POST", path: "/documents/" + id + "/files", header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"},
			body:   "--b\r\nContent-Disposition: form-data; name=\"" + key + "\"; filename=\"a.pdf\"\r\n\r\n%PDF-\r\n--b--\r\n",
			status: 200, kind: jsonKind, answer: `{}`,
		}
	}
	upload("uploadfile").through(t, spec)
	require.Empty(t, spec.Violations())
	upload("file").through(t, spec)
	require.Len(t, spec.Violations(), 1)
}

// TestOverlayNeedsItsSource shows that a line cannot outlive what it cites.
func TestOverlayNeedsItsSource(t *testing.T) {
	t.Parallel()
	path := specFile(t, "cloudsign.openapi.yaml")
	good := conformance.CloudSign()[0]
	for name, change := range map[string]func(*conformance.Change){
		"text":      func(c *conformance.Change) { c.Cites = "* 14" },
		"no text":   func(c *conformance.Change) { c.Cites = "" },
		"place":     func(c *conformance.Change) { c.At += "s" },
		"schema":    func(c *conformance.Change) { c.Schema = "documentsModel" },
		"member":    func(c *conformance.Change) { c.Member = "state" },
		"operation": func(c *conformance.Change) { c.Status = 429 },
	} {
		c := good
		change(&c)
		_, err := conformance.Load("cloudsign", path, []conformance.Change{c})
		require.Error(t, err, name)
	}
}

// TestOverlayIsNeeded shows that the file does contradict itself: without its
// line of the overlay, an answer that the descriptions allow is refused.
func TestOverlayIsNeeded(t *testing.T) {
	t.Parallel()
	path := specFile(t, "cloudsign.openapi.yaml")
	ofAttribute := "/documents/" + id + "/attribute"
	needs := map[string]exchange{}
	need := func(line string, e exchange) { needs[line] = e }
	get := func(path string, status int, answer string) exchange {
		return exchange{method: "GET", path: path, status: status, kind: jsonKind, answer: answer}
	}
	need("documentModel.status", get("/documents/"+id, 200, `{"status":13}`))
	need("documentModel.sent_at", get("/documents/"+id, 200, `{"sent_at":null}`))
	need("documentModel.last_processed_at", get("/documents/"+id, 200, `{"last_processed_at":null}`))
	need("participantModel.processed_at", get("/documents/"+id, 200, `{"participants":[{"processed_at":null}]}`))
	need("400", get(ofAttribute, 400, `{}`))
	need("401", get(ofAttribute, 401, `{}`))
	need("429", get(ofAttribute, 429, `{}`))
	need("404", with(put(`{}`), func(e *exchange) { e.status, e.answer = 404, `{}` }))
	need("participantModel.email", get("/documents/"+id, 200, `{"participants":[{"email":""}]}`))
	need("importedDocumentModel.sent_at", exchange{
		method: "POST", path: "/imported_documents", header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"},
		body:   "--b\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"a.pdf\"\r\n\r\n%PDF-\r\n--b--\r\n",
		status: 200, kind: jsonKind, answer: `{"sent_at":null}`,
	})
	for _, member := range []string{"contract_at", "validity_start_at", "validity_end_at", "validity_end_notice_at", "amount"} {
		body := `{"` + member + `":null}`
		need("documentAttributeModel."+member, get(ofAttribute, 200, body))
		need("documentAttributeUpsertRequest."+member, exchange{
			method: "PUT", path: ofAttribute, header: map[string]string{"Content-Type": jsonKind}, body: body,
			status: 200, kind: jsonKind, answer: `{}`,
		})
	}
	spec := NewCloudSign(t)
	for i, line := range conformance.CloudSign() {
		rest := slices.Delete(conformance.CloudSign(), i, i+1)
		bare, err := conformance.Load("cloudsign", path, rest)
		name := line.Schema + "." + line.Member
		if line.Format != "" && err != nil {
			require.ErrorContains(t, err, line.Member, "a format that nothing can check stops the load")
			continue
		}
		require.NoError(t, err)
		if line.Status != 0 {
			name = strconv.Itoa(line.Status)
		}
		require.Contains(t, needs, name)
		needs[name].through(t, spec)
		require.Empty(t, spec.Violations(), name)
		needs[name].through(t, bare)
		require.Len(t, bare.Violations(), 1, name)
	}
}
