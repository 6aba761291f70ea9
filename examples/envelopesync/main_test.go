package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/docusignaccount"
	"github.com/countersign/countersign/orchestration"
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
	require.Contains(t, out.String(), "call back", "what the automations did is told")
}

// The people of many envelopes take longer than a token lives.
func TestEnvelopesOfDays(t *testing.T) {
	t.Parallel()
	clock := countersigntest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	ds := docusigntest.NewServer(docusigntest.WithClock(clock), docusigntest.WithHourlyLimit(1<<30), docusigntest.WithBurstLimit(1<<30))
	t.Cleanup(ds.Close)
	client, err := grant(ds)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, write(t.Context(), ds, client, 2))
		clock.Advance(24 * time.Hour)
	}
	require.Len(t, ds.Envelopes(), 6)
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &program{options: options{Envelopes: 5}, out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	err := p.run(ctx)
	require.Equal(t, 130, exitCode(err))
	require.Contains(t, sentence(err), "interrupted")
	require.Contains(t, sentence(orchestration.ErrOwned), "--data")
	require.Equal(t, 1, exitCode(orchestration.ErrOwned))
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
		"with --environment":   {ConnectKey: key},
		"demo or production":   {Options: docusignaccount.Options{Environment: "test"}, BaseURL: "https://sync.example"},
		"--envelopes":          {Envelopes: -3},
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
