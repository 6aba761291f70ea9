package digipost_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func documented() digipost.Registration {
	return digipost.Registration{
		Environment: digipost.Production, PartnerID: 12345, RedirectURL: "https://example.com",
		Nonce: countersign.NewSecret("abcde"), Organisation: "987654321",
	}
}

func TestDocumentedRegistrationURL(t *testing.T) {
	t.Parallel()
	got, err := digipost.RegistrationURL(documented())
	require.NoError(t, err)
	require.Equal(t, "https://www.digipost.no/registrering/bedrift?partner-id=12345&redirect-url=https%3A%2F%2Fexample.com&nonce=abcde&org=987654321", got)
}

func TestRegistrationURL(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*digipost.Registration)
		want   string // the address's beginning and end, joined by "…"
	}{
		"without organisation": {func(r *digipost.Registration) { r.Organisation = "" }, "https://www.digipost.no/…&nonce=abcde"},
		"test":                 {func(r *digipost.Registration) { r.Environment = digipost.Test }, "https://test.digipost.no/registrering/bedrift?…"},
		"difitest":             {func(r *digipost.Registration) { r.Environment = digipost.Difitest }, "https://www.difitest.digipost.no/registrering/bedrift?…"},
		"fake":                 {func(r *digipost.Registration) { r.Web = "http://127.0.0.1:8080/" }, "http://127.0.0.1:8080/registrering/bedrift?…"},
		"path":                 {func(r *digipost.Registration) { r.RedirectURL = "https://example.com/a b/c" }, "https://www…redirect-url=https%3A%2F%2Fexample.com%2Fa%2520b%2Fc&nonce=abcde&org=987654321"},
		"development":          {func(r *digipost.Registration) { r.RedirectURL = "http://localhost:8080/back" }, "https://www…redirect-url=http%3A%2F%2Flocalhost%3A8080%2Fback&nonce=abcde&org=987654321"},
	} {
		r := documented()
		tc.change(&r)
		got, err := digipost.RegistrationURL(r)
		require.NoError(t, err, name)
		begin, end, _ := strings.Cut(tc.want, "…")
		require.True(t, strings.HasPrefix(got, begin) && strings.HasSuffix(got, end), "%s: %s", name, got)
	}
}

func TestRegistrationURLRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*digipost.Registration)
		field  string
	}{
		"no environment":      {func(r *digipost.Registration) { r.Environment = "" }, "Environment"},
		"environment unknown": {func(r *digipost.Registration) { r.Environment = "sandbox" }, "Environment"},
		"no site":             {func(r *digipost.Registration) { r.Environment = digipost.NHN }, "Environment"},
		"site not https":      {func(r *digipost.Registration) { r.Web = "http://digipost.example" }, "BaseURL"},
		"no partner":          {func(r *digipost.Registration) { r.PartnerID = 0 }, "PartnerID"},
		"no nonce":            {func(r *digipost.Registration) { r.Nonce = countersign.Secret{} }, "Nonce"},
		"nonce too long":      {func(r *digipost.Registration) { r.Nonce = countersign.NewSecret(strings.Repeat("a", 65)) }, "Nonce"},
		"nonce that adds":     {func(r *digipost.Registration) { r.Nonce = countersign.NewSecret("a&org=910336819") }, "Nonce"},
		"nonce with line":     {func(r *digipost.Registration) { r.Nonce = countersign.NewSecret("a\r\nX: y") }, "Nonce"},
		"organisation":        {func(r *digipost.Registration) { r.Organisation = "98765432a" }, "Organisation"},
	} {
		r := documented()
		tc.change(&r)
		_, err := digipost.RegistrationURL(r)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Equal(t, tc.field, e.Field, name)
	}
	for _, redirect := range []string{
		"", "example.com/back", "//example.com/back", "/back", "http://example.com/back", "ftp://example.com", "javascript:alert(1)",
		"https://user:pw@example.com", "https://example.com?x=1", "https://example.com?", "https://example.com#x", "https://example.com#",
		"https://", "https:opaque", "https://example.com/\x00", "https://example.com/" + strings.Repeat("a", 1000), "http://127.0.0.1.example.com/",
	} {
		r := documented()
		r.RedirectURL = redirect
		_, err := digipost.RegistrationURL(r)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, redirect)
		require.Equal(t, "RedirectURL", e.Field, redirect)
	}
}

func TestNonce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		n := digipost.NewNonce()
		require.False(t, seen[n.Reveal()])
		seen[n.Reveal()] = true
		require.GreaterOrEqual(t, len(n.Reveal())*5, 128, "base32 holds five bits a character")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", n, n, n), n.Reveal())
		r := documented()
		r.Nonce = n
		_, err := digipost.RegistrationURL(r)
		require.NoError(t, err)
	}
}

func TestOrganisationNumber(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"984661185", "974760673", "910336819", "923609016", "810009152", "123456785"} {
		n, err := digipost.ParseOrganisationNumber(s)
		require.NoError(t, err, s)
		require.Equal(t, digipost.OrganisationNumber(s), n)
	}
	for _, s := range []string{"984 661 185", "NO 984661185 MVA", "no984661185mva", "984\u00a0661\u00a0185", " 984661185\t"} {
		n, err := digipost.ParseOrganisationNumber(s)
		require.NoError(t, err, s)
		require.Equal(t, digipost.OrganisationNumber("984661185"), n)
	}
	for _, s := range []string{"987654321", "123456789", "984661186"} {
		_, err := digipost.ParseOrganisationNumber(s)
		require.ErrorIs(t, err, countersign.ErrInvalid, s)
		n, err := digipost.ParseOrganisationNumberLenient(s)
		require.NoError(t, err)
		require.False(t, n.Valid())
	}
	for _, s := range []string{"", "98466118", "9846611850", "98466118a", "984-661-185", "٩٨٤٦٦١١٨٥", "984661185\n"} {
		_, err := digipost.ParseOrganisationNumberLenient(s)
		require.ErrorIs(t, err, countersign.ErrInvalid, s)
		require.False(t, digipost.OrganisationNumber(s).Valid())
	}
}

// Any single wrong digit is found.
func TestOrganisationNumberFindsWrongDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte("984661185")
		at := rapid.IntRange(0, 8).Draw(t, "at")
		by := rapid.IntRange(1, 9).Draw(t, "by")
		digits[at] = '0' + (digits[at]-'0'+byte(by))%10
		require.False(t, digipost.OrganisationNumber(digits).Valid())
	})
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	for _, e := range []digipost.Environment{digipost.Production, digipost.Test, digipost.Difitest, digipost.NHN} {
		got, err := digipost.ParseEnvironment(string(e))
		require.NoError(t, err)
		a, err := got.Addresses()
		require.NoError(t, err)
		for _, address := range []string{a.API, a.Auth, a.Web} {
			u, err := url.Parse(address)
			require.NoError(t, err)
			require.True(t, address == "" && e == digipost.NHN || u.Scheme == "https", "%s %q", e, address)
		}
	}
	_, err := digipost.ParseEnvironment("qa")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}
