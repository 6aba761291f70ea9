package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/docusignaccount"
)

func execute(t *testing.T, o options) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := (&program{options: o, out: &out, err: &bytes.Buffer{}}).run(t.Context())
	return out.String(), err
}

func TestDraftOfTheSimulation(t *testing.T) {
	t.Parallel()
	out, err := execute(t, options{})
	require.NoError(t, err)
	require.Contains(t, out, "role customer: Robin Recipient <robin@example.com>\n")
	require.Regexp(t, `customer +city +textTabs += Kyoto\n`, out)
	require.Regexp(t, `customer +remarks +textTabs +\(as in the template\)\n`, out)
	require.Regexp(t, `the sender +price +textTabs += 1200\n`, out)
	require.Contains(t, out, ": created\n")
	require.Regexp(t, `/sender\?token=\S+\n\(simulated: the address ends with the program\)\n$`, out)
}

// connected is a program beside an account that a test can look into.
func connected(t *testing.T, o options) (*program, *docusignaccount.Account, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	account, err := docusignaccount.Open(t.Context(), o.Options, &bytes.Buffer{})
	require.NoError(t, err)
	t.Cleanup(account.Close)
	p := &program{options: o, out: &out, err: &bytes.Buffer{}}
	p.simulate(account.Simulation)
	return p, account, &out
}

func TestWhatTheDraftHolds(t *testing.T) {
	t.Parallel()
	p, account, _ := connected(t, options{
		Role:  map[string]string{"customer": "Kim <kim@example.com>", "office": "Office <office@example.com>"},
		Field: map[string]string{"city": "Osaka", "size": "large", "newsletter": "true", "price": ""},
	})
	f, err := p.form(t.Context(), account.Client)
	require.NoError(t, err)
	require.NoError(t, p.draft(t.Context(), account.Client, f))
	made := account.Simulation.Envelopes()
	require.Len(t, made, 1)
	require.Equal(t, "created", made[0].Status)
	require.Equal(t, []docusigntest.Recipient{
		{ID: "1", Type: "signer", Role: "customer", Name: "Kim", Email: "kim@example.com", Status: "created", Tabs: map[string]string{"city": "Osaka"}},
		{ID: "2", Type: "carboncopy", Role: "office", Name: "Office", Email: "office@example.com", Status: "created", Tabs: map[string]string{}},
	}, made[0].Recipients)
	tabs, err := account.Client.Tabs.OfRecipient(t.Context(), docusign.EnvelopeID(made[0].ID), "1")
	require.NoError(t, err)
	require.True(t, bool(*tabs.Checkbox[0].Selected))
	require.Nil(t, tabs.RadioGroups[0].Radios[0].Selected)
	require.True(t, bool(*tabs.RadioGroups[0].Radios[1].Selected))
	require.Error(t, account.Client.Envelopes.SendDraft(t.Context(), docusign.EnvelopeID(made[0].ID)), "the required price is empty")
}

func TestTemplatesAreListed(t *testing.T) {
	t.Parallel()
	p, account, out := connected(t, options{})
	require.NoError(t, p.list(t.Context(), account.Client))
	require.Equal(t, p.Template+" Offer\n", out.String())
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]options{
		`no template "none"`:              {Template: "none"},
		"it has customer, office":         {Role: map[string]string{"buyer": "Kim <kim@example.com>"}},
		"needs a name and an address":     {Role: map[string]string{"customer": "kim@example.com"}},
		"has no field \"town\": it has c": {Field: map[string]string{"town": "Kyoto"}},
		"choose one of small, large":      {Field: map[string]string{"size": "huge"}},
		"choose one of true, false":       {Field: map[string]string{"newsletter": "yes"}},
		"--role who fills it":             {Role: map[string]string{"office": "Office <office@example.com>"}},
		"choose demo or production":       {Options: docusignaccount.Options{Environment: "staging"}},
		"--account names an account":      {Options: docusignaccount.Options{Account: "guid"}},
	} {
		out, err := execute(t, o)
		require.ErrorContains(t, err, want)
		require.NotContains(t, out, "envelope", "nothing was made")
	}
}
