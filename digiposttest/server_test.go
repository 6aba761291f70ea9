package digiposttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(srv *digiposttest.Server, partner string) string {
	return srv.URL() + "/registrering/bedrift?partner-id=" + partner + "&redirect-url=https%3A%2F%2Fexample.com%2Fback&nonce=abcde&org=984661185"
}

func TestLinkBack(t *testing.T) {
	t.Parallel()
	for escaping, want := range map[digiposttest.Escaping]string{
		digiposttest.LiteralHash:  "https://example.com/back?sender-id=34567&dp-address=kunde123#1A2B&nonce=abcde",
		digiposttest.EscapedHash:  "https://example.com/back?sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde",
		digiposttest.EscapedTwice: "https://example.com/back?sender-id=34567&dp-address=kunde123%25231A2B&nonce=abcde",
	} {
		srv := digiposttest.NewServer(digiposttest.WithEscaping(escaping))
		srv.AddPartner(digiposttest.Partner{ID: 12345})
		srv.AddAccount(digiposttest.Account{SenderID: 34567, Address: "kunde123#1A2B", Organisation: "984661185"})
		link, err := srv.Register(t.Context(), start(srv, "12345"), "984661185")
		require.NoError(t, err)
		require.Equal(t, want, link)
		a, found := srv.Account("984661185")
		require.True(t, found)
		require.Equal(t, []int64{12345}, a.Partners, "the registration authorises the partner")
		_, err = srv.Register(t.Context(), start(srv, "1"), "984661185")
		require.Error(t, err, "an unknown partner")
		srv.Close()
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	var got []url.Values
	status := http.StatusNoContent
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got = append(got, r.Form)
		w.WriteHeader(status)
	}))
	defer partner.Close()
	srv := digiposttest.NewServer(digiposttest.WithBackendMethod(http.MethodPost))
	defer srv.Close()
	srv.AddPartner(digiposttest.Partner{ID: 12345, BackendURL: partner.URL})
	id, err := srv.Apply(start(srv, "12345"), "984661185")
	require.NoError(t, err)
	require.Equal(t, []digiposttest.ApplicationID{id}, srv.Applications())
	require.Empty(t, srv.Accounts(), "nothing happens before the approval")
	require.NoError(t, srv.Approve(t.Context(), id))
	require.Equal(t, []url.Values{{"sender-id": {"34567"}, "nonce": {"abcde"}}}, got)
	require.Empty(t, srv.Applications())
	status = http.StatusServiceUnavailable
	require.Error(t, srv.Approve(t.Context(), id))
	require.Error(t, srv.Approve(t.Context(), "unknown"))
}

// A request that is not signed is refused as the service refuses it.
func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	srv := digiposttest.NewServer()
	defer srv.Close()
	srv.AddPartner(digiposttest.Partner{ID: 12345})
	date := srv.Clock().Now().UTC().Format(http.TimeFormat)
	for name, tc := range map[string]struct {
		header http.Header
		want   int
	}{
		"no user":        {http.Header{"Date": {date}}, 403},
		"unknown user":   {http.Header{"Date": {date}, "X-Digipost-Userid": {"1"}}, 403},
		"no date":        {http.Header{"X-Digipost-Userid": {"12345"}}, 400},
		"old date":       {http.Header{"X-Digipost-Userid": {"12345"}, "Date": {"Mon, 07 Jul 2014 12:00:02 GMT"}}, 400},
		"no certificate": {http.Header{"Date": {date}, "X-Digipost-Userid": {"12345"}}, 403},
		"foreign token":  {http.Header{"Date": {date}, "X-Digipost-Userid": {"12345"}, "Authorization": {"Bearer x"}}, 401},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL()+"/", nil)
		require.NoError(t, err)
		req.Header = tc.header
		tr := &http.Transport{}
		res, err := tr.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		tr.CloseIdleConnections()
		require.Equal(t, tc.want, res.StatusCode, name)
	}
}

// A registration that moved is reached by its old address.
func TestMovedRegistration(t *testing.T) {
	t.Parallel()
	srv := digiposttest.NewServer(digiposttest.WithMovedRegistration(true))
	t.Cleanup(srv.Close)
	srv.AddPartner(digiposttest.Partner{ID: 12345})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, start(srv, "12345"), nil)
	require.NoError(t, err)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	res, err := (&http.Client{Transport: tr}).Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NotEqual(t, req.URL.Host, res.Request.URL.Host)
	require.Contains(t, string(page), "Opprett virksomhetskonto")
}
