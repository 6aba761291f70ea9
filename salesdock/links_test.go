package salesdock_test

import (
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	l, err := salesdock.NewLinks(salesdock.Production, "beta")
	require.NoError(t, err)
	require.Equal(t, "https://app.salesdock.nl/login", l.Login())
	for want, build := range map[string]func() (string, error){
		"https://app.salesdock.nl/beta/sales/9":             func() (string, error) { return l.Sale("9") },
		"https://app.salesdock.nl/beta/admin/sales/9":       func() (string, error) { return l.AdminSale("9") },
		"https://app.salesdock.nl/beta/flow?dialer_uuid=u1": func() (string, error) { return l.Offer("u1") },
		"https://app.salesdock.nl/beta/leads?uuid=a%26b":    func() (string, error) { return l.Lead("a&b") },
	} {
		got, err := build()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, build := range []func() (string, error){
		func() (string, error) { return l.Sale("") },
		func() (string, error) { return l.Sale("../x") },
		func() (string, error) { return l.AdminSale("9?x") },
		func() (string, error) { return l.Offer("") },
		func() (string, error) { return l.Lead(strings.Repeat("x", 201)) },
		func() (string, error) { return salesdock.Links{}.Sale("9") },
		func() (string, error) { return salesdock.Links{}.Lead("9") },
	} {
		_, err := build()
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
	for _, domain := range []string{"", "a/b", "a?b", ".."} {
		_, err := salesdock.NewLinks(salesdock.Staging, domain)
		require.ErrorIs(t, err, countersign.ErrInvalid, domain)
	}
	_, err = salesdock.NewLinks("", "beta")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = salesdock.NewLinksAt("http://example.com", "beta")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestRunbooks(t *testing.T) {
	t.Parallel()
	names := salesdock.LinkNames{A: "alpha", B: "beta", Organisation: "Alpha Verkoop"}
	for _, side := range []func(salesdock.LinkMode, salesdock.Language, salesdock.LinkNames) (salesdock.Runbook, error){salesdock.OwnerRunbook, salesdock.SellerRunbook} {
		for _, mode := range []salesdock.LinkMode{salesdock.NativeLink, salesdock.SDKLink} {
			nl, err := side(mode, salesdock.Dutch, names)
			require.NoError(t, err)
			en, err := side(mode, salesdock.English, names)
			require.NoError(t, err)
			require.Len(t, en.Steps, len(nl.Steps))
			seen := map[string]bool{}
			for i, step := range nl.Steps {
				require.False(t, seen[step.ID], step.ID)
				seen[step.ID] = true
				require.Equal(t, step.ID, en.Steps[i].ID)
				require.Equal(t, step.Kind, en.Steps[i].Kind)
				require.Equal(t, step.Path, en.Steps[i].Path, "labels are those of the screens in both languages")
				require.NotEqual(t, step.Text, en.Steps[i].Text)
				require.Equal(t, step.Kind == salesdock.Manual, step.Check == "", "%s: what the API can tell is said", step.ID)
				require.Contains(t, nl.String(), step.Text)
			}
			require.NotContains(t, nl.String()+en.String(), "{")
		}
		_, err := side("both", salesdock.Dutch, names)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		_, err = side(salesdock.NativeLink, "fy", names)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		_, err = side(salesdock.NativeLink, salesdock.Dutch, salesdock.LinkNames{A: "alpha"})
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
	native, err := salesdock.OwnerRunbook(salesdock.NativeLink, salesdock.Dutch, names)
	require.NoError(t, err)
	own, err := salesdock.OwnerRunbook(salesdock.SDKLink, salesdock.Dutch, names)
	require.NoError(t, err)
	require.Contains(t, native.String(), "zet het schuifje aan dat de API key voor een integratie wordt gebruikt")
	require.Contains(t, own.String(), "laat het schuifje dat de API key voor een integratie wordt gebruikt uit")
	require.Contains(t, own.String(), "Koppeling_Alpha_Verkoop")
}
