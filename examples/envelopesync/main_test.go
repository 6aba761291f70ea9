package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/examples/docusignaccount"
)

func TestSimulation(t *testing.T) {
	t.Parallel()
	var out, progress bytes.Buffer
	p := &program{options: options{Envelopes: 12}, out: &out, err: &progress, live: true}
	require.NoError(t, p.run(t.Context()))
	require.Contains(t, out.String(), "differences=0")
	require.Contains(t, out.String(), "docusign-integration-DocuSign_Envelope_Declined")
	require.Contains(t, out.String(), "Sender user name")
	require.Contains(t, progress.String(), "CHANGED LAST")
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	var out, progress bytes.Buffer
	p := &program{options: options{DryRun: true, Envelopes: 5}, out: &out, err: &progress}
	require.NoError(t, p.run(t.Context()))
	require.Contains(t, out.String(), "recipient-sent")
	require.NotContains(t, out.String(), "differences")
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	key := countersign.NewSecret("k")
	for want, o := range map[string]options{
		"--environment":        {BaseURL: "https://sync.example"},
		"--base-url":           {Options: docusignaccount.Options{Environment: "demo"}},
		"ACTIVECAMPAIGN_URL":   {Options: docusignaccount.Options{Environment: "demo"}, BaseURL: "https://sync.example"},
		"DOCUSIGN_CONNECT_KEY": {Options: docusignaccount.Options{Environment: "demo"}, BaseURL: "https://sync.example", ActiveCampaignURL: "https://a.example", ActiveCampaignKey: key},
		"DOCUSIGN_INTEGRATION_KEY": {Options: docusignaccount.Options{Environment: "demo"}, BaseURL: "https://sync.example", ActiveCampaignURL: "https://a.example", ActiveCampaignKey: key,
			ConnectKey: key},
	} {
		p := &program{options: o, out: &bytes.Buffer{}, err: &bytes.Buffer{}}
		require.ErrorContains(t, p.run(t.Context()), want)
	}
}
