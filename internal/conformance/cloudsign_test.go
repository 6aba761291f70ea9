package conformance_test

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/internal/conformance"
)

// specFile is the path of a vendor's file. Without the folder the test skips,
// or fails where specifications are required.
func specFile(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("COUNTERSIGN_SPECS")
	if folder == "" {
		required := strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ",")
		require.NotContains(t, required, "specs", "COUNTERSIGN_SPECS must name the folder of the vendors' specifications")
		t.Skip("COUNTERSIGN_SPECS names no folder of vendors' specifications")
	}
	return filepath.Join(folder, name)
}

// NewCloudSign reads CloudSign's specification.
func NewCloudSign(t *testing.T) *conformance.Spec {
	t.Helper()
	spec, err := conformance.Load("cloudsign", specFile(t, "cloudsign.openapi.yaml"), conformance.CloudSign())
	require.NoError(t, err)
	return spec
}

// caller speaks plain HTTP to a fake, checked both ways.
type caller struct {
	t      *testing.T
	srv    *cloudsigntest.Server
	client *http.Client
}

func (c caller) do(method, path, token string, form url.Values) (int, string) {
	c.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.srv.URL()+path, body)
	require.NoError(c.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.client.Do(req)
	require.NoError(c.t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	return res.StatusCode, string(answer)
}

func (c caller) token(u cloudsigntest.User) string {
	c.t.Helper()
	status, body := c.do(http.MethodPost, "/token", "", url.Values{"client_id": {u.ClientID}})
	require.Equal(c.t, http.StatusOK, status)
	_, rest, _ := strings.Cut(body, `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// get asks with a token and requires a status.
func (c caller) get(token string, status int, path string) {
	c.t.Helper()
	got, body := c.do(http.MethodGet, path, token, nil)
	require.Equal(c.t, status, got, "%s: %s", path, body)
}

func newCaller(t *testing.T, spec *conformance.Spec, opts ...cloudsigntest.Option) caller {
	srv := cloudsigntest.NewServer(opts...)
	t.Cleanup(srv.Close)
	return caller{t, srv, &http.Client{Transport: spec.Transport(nil)}}
}

func administrator(c caller) cloudsigntest.User {
	return c.srv.AddUser(cloudsigntest.User{
		Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true, PrivateDocumentAdministrator: true},
	})
}

// TestCloudSignFake asks the fake to read a whole account, good answers and
// refusals, with requests that the client would not make, and holds all of it
// against the specification. TestCloudSignClient covers all operations.
func TestCloudSignFake(t *testing.T) {
	t.Parallel()
	spec := NewCloudSign(t)
	for _, opts := range [][]cloudsigntest.Option{
		nil,
		{cloudsigntest.WithEmptyOmitted(true), cloudsigntest.WithOrder(cloudsigntest.LastProcessedFirst)},
	} {
		c := newCaller(t, spec, opts...)
		driveReads(c)
		driveRefusals(c)
		driveEnterprise(c)
	}
	driveRateLimit(newCaller(t, spec, cloudsigntest.WithRateLimit(1), cloudsigntest.WithRetryAfter(true)))

	require.Empty(t, spec.Violations())
	require.Equal(t, []string{
		cloudsigntest.OpListCabinets, cloudsigntest.OpListDocuments, cloudsigntest.OpGetDocument,
		cloudsigntest.OpGetAttribute, cloudsigntest.OpGetCertificate, cloudsigntest.OpDownloadFile,
		cloudsigntest.OpMe, cloudsigntest.OpListTeamDocuments, cloudsigntest.OpToken,
	}, spec.Covered())
}

func driveReads(c caller) {
	c.t.Helper()
	user := administrator(c)
	token := c.token(user)
	ids := c.srv.Seed(user, cloudsigntest.Account{Documents: 120, Files: 150, Private: 3, Imported: 8, Others: 16, Seed: 1})
	c.srv.SetAttribute(ids[0], cloudsigntest.Attribute{
		Amount:  new(int64(-1 << 63)),
		Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "a"}, {Order: 10, Content: "b"}},
	})
	c.srv.SetAttribute(ids[1], cloudsigntest.Attribute{Amount: new(int64(1<<63 - 1))})
	rich := c.srv.AddDocument(cloudsigntest.Document{
		UserID: user.ID, Status: cloudsigntest.Concluded,
		Reportees:  []cloudsigntest.Reportee{{Email: "c@example.jp", Name: "共有"}},
		Attachment: &cloudsigntest.Attachment{Files: []cloudsigntest.AttachedFile{{Name: "a.pdf"}, {Name: "b.pdf", Deleted: true}}},
	})
	c.get(token, 200, "/me")
	all := "with_files=y&with_participants=y&with_reportees=y&with_attachment=y"
	for _, query := range []string{
		"", "?" + all, "?with_files=n&with_participants=n", "?status=2&page=2&" + all, "?status=4&with_shared_templates=y", "?page=99",
		"?from=2020-01-01T00:00:00.000000Z&to=2030-01-01T00:00:00.000000%2B09:00", "?page=&status=&from=",
	} {
		c.get(token, 200, "/documents"+query)
	}
	for _, query := range []string{"", "?page=2&" + all, "?from=2020-01-01T00:00:00.000000Z"} {
		c.get(token, 200, "/team_documents"+query)
	}
	for i, id := range append(ids, rich.ID) {
		d, _ := c.srv.Document(id)
		c.get(token, 200, "/documents/"+id)
		status := map[bool]int{true: 200, false: 404}
		c.get(token, status[d.Attribute != nil], "/documents/"+id+"/attribute")
		if i%10 == 0 {
			c.get(token, status[d.Status == cloudsigntest.Concluded], "/documents/"+id+"/certificate")
			c.get(token, 200, "/documents/"+id+"/files/"+d.Files[0].ID)
		}
	}
}

func driveRefusals(c caller) {
	c.t.Helper()
	owner, stranger := administrator(c), c.srv.AddUser(cloudsigntest.User{})
	good, poor := c.token(owner), c.token(stranger)
	d := c.srv.AddDocument(cloudsigntest.Document{UserID: owner.ID, Status: cloudsigntest.Pending, Attribute: &cloudsigntest.Attribute{}})
	path := "/documents/" + d.ID
	ofDocument := []string{path, path + "/attribute", path + "/certificate", path + "/files/" + d.Files[0].ID}
	every := append(slices.Clone(ofDocument), "/me", "/cabinets", "/documents", "/team_documents")
	for _, p := range every {
		c.get("x y", 400, p)
		c.get("unknown", 401, p)
	}
	for _, p := range ofDocument {
		c.get(poor, 403, p)
		c.get(good, 404, strings.Replace(p, d.ID, "unknown", 1))
	}
	c.get(good, 404, path+"/files/unknown")
	c.get(good, 404, path+"/certificate")
	c.get(poor, 403, "/team_documents")
	c.get(poor, 403, "/cabinets")

	c.srv.UpdateUser(stranger.ID, func(u *cloudsigntest.User) { u.Disabled = true })
	fenced := c.srv.AddUser(cloudsigntest.User{TeamID: c.srv.AddTeam(cloudsigntest.Team{
		AllowedAddresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.1/32")},
	}).ID})
	unpaid := c.token(c.srv.AddUser(cloudsigntest.User{TeamID: c.srv.AddTeam(cloudsigntest.Team{NoWebAPI: true}).ID}))
	for id, want := range map[string]int{"": 400, "nobody": 400, stranger.ClientID: 403, fenced.ClientID: 403} {
		status, _ := c.do(http.MethodPost, "/token", "", url.Values{"client_id": {id}})
		require.Equal(c.t, want, status)
	}
	for _, p := range every {
		c.get(poor, 403, p)
		c.get(unpaid, 403, p)
	}
}

func driveEnterprise(c caller) {
	c.t.Helper()
	team := c.srv.AddTeam(cloudsigntest.Team{Enterprise: true, Cabinets: []cloudsigntest.Cabinet{{Name: "営業部", Note: "2025"}}})
	token := c.token(c.srv.AddUser(cloudsigntest.User{TeamID: team.ID}))
	c.get(token, 200, "/cabinets")
	c.get(token, 200, "/cabinets?page=2")
	c.get(token, 403, "/me")
	c.get(token, 403, "/team_documents")
}

func driveRateLimit(c caller) {
	c.t.Helper()
	token := c.token(administrator(c))
	c.get(token, 200, "/me")
	for _, p := range []string{"/me", "/cabinets", "/documents", "/documents/x", "/documents/x/attribute", "/documents/x/certificate", "/documents/x/files/y"} {
		c.get(token, 429, p)
	}
	c.srv.Faults().Add(countersigntest.Rule{Fault: countersigntest.TooManyRequests(0), Next: 1})
	c.get(token, 429, "/team_documents")
}
