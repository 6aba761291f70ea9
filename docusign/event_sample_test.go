package docusign_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/docusign"
	"github.com/stretchr/testify/require"
)

// connectSamples is the folder of captured messages and of the vendor's own
// examples. They belong to others, so they stay outside of the repository.
func connectSamples(t *testing.T) string {
	t.Helper()
	specs := os.Getenv("COUNTERSIGN_SPECS")
	if specs == "" {
		const why = "COUNTERSIGN_SPECS is not set: the samples of Connect messages are not here"
		if slices.Contains(strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ","), "specs") {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return filepath.Join(specs, "docusign-connect-samples")
}

// sample is what a message must be read as.
type sample struct {
	kind       docusign.EventKind
	format     docusign.EventFormat
	account    docusign.AccountID
	envelope   docusign.EnvelopeID
	recipient  docusign.RecipientID
	generated  string
	status     docusign.EnvelopeStatus // empty: the message carries no envelope
	sender     string
	recipients string // type, e-mail and status of each
}

func TestSamples(t *testing.T) {
	t.Parallel()
	dir := connectSamples(t)
	const lee = "lee.sample@example.com"
	want := map[string]sample{
		"json-sim-envelope-completed-minimal.json": {
			kind: docusign.EventEnvelopeCompleted, format: docusign.FormatSIM, account: "cb46648a-16cb-4524-a1f2-78c089da97a5",
			envelope: "240c19a4-11e2-48af-a4ee-24633dc5c52f", generated: "2022-12-09T18:32:13.299Z",
		},
		"json-sim-envelope-completed-minimal-2023.json": {
			kind: docusign.EventEnvelopeCompleted, format: docusign.FormatSIM, account: "755b78f3-457c-4b3a-a10a-aefbd04e79c5",
			envelope: "121248a7-8d48-4d0f-a2a1-4ee49d2b3f53", generated: "2023-07-06T18:05:48.4147743Z",
		},
		"json-sim-recipient-completed-minimal.json": {
			kind: docusign.EventRecipientCompleted, format: docusign.FormatSIM, account: "cb46648a-16cb-4524-a1f2-78c089da97a5",
			envelope: "240c19a4-11e2-48af-a4ee-24633dc5c52f", recipient: "1", generated: "2022-12-09T18:29:29.736Z",
		},
		"json-sim-envelope-completed-full-summary.json": {
			kind: docusign.EventEnvelopeCompleted, format: docusign.FormatSIM, account: "764f53ad-e85d-4739-a4ad-19165ed6840e",
			envelope: "35c1c5ae-bc9f-4eb8-abb1-6bf9e2e12968", generated: "2022-09-22T15:22:53.4580747Z", status: docusign.EnvelopeCompleted,
			sender: "jordan.sample+esigntest@example.com", recipients: "signer jordan.sample+esigntest@example.com completed",
		},
		"legacy-xml-sent-official-sample.xml": {
			kind: docusign.EventEnvelopeSent, format: docusign.FormatXML, account: "4197223",
			envelope: "4737b6b5-b188-4515-a776-da09c6b67ce8", generated: "2020-03-29T06:56:53.9678325Z", status: docusign.EnvelopeSent,
			sender: "lee@example.org", recipients: "signer " + lee + " sent, carboncopy " + lee + " created",
		},
		"legacy-xml-completed-official-sample.xml": {
			kind: docusign.EventEnvelopeCompleted, format: docusign.FormatXML, account: "4197223",
			envelope: "6f931ad6-5682-4de7-a656-59a1d7bb403e", generated: "2020-03-29T06:57:15.1085476Z", status: docusign.EnvelopeCompleted,
			sender: "lee@example.org", recipients: "signer " + lee + " completed, carboncopy " + lee + " completed",
		},
		"legacy-xml-completed-community.xml": {
			kind: docusign.EventEnvelopeCompleted, format: docusign.FormatXML, account: "123456",
			envelope: "190f01e6-4add-441a-ae2b-292b40607c93", generated: "2014-11-11T18:44:45.2979179Z", status: docusign.EnvelopeCompleted,
			sender: "jamie@example.com", recipients: "signer jamie@example.com completed, signer jsender@example.com completed",
		},
		// The vendor's maximal example, with placeholders for values.
		"connect.schema-v2.json": {
			format: docusign.FormatSIM, account: "sample string", envelope: "sample string", status: "sample string 2",
		},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.[jx]*"))
	require.NoError(t, err)
	require.Len(t, files, len(want), "each sample has an expectation")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			event := parse(t, body)
			compare(t, want[filepath.Base(file)], event)
			roundTrip(t, event)

			in := &inbox{}
			signed := message(body, docusign.SignBody(oldKey, body))
			if strings.HasSuffix(file, ".xml") {
				signed.Header.Set("Content-Type", "text/xml; charset=utf-8")
			}
			require.Equal(t, 200, deliver(newReceiver(t, in, nil), signed))
			require.Equal(t, []docusign.Event{event}, in.events)
		})
	}
}

func compare(t *testing.T, want sample, got docusign.Event) {
	t.Helper()
	require.Equal(t, want.kind, got.Kind)
	require.Equal(t, want.format, got.Format)
	require.Equal(t, want.account, got.AccountID)
	require.Equal(t, want.envelope, got.EnvelopeID)
	require.Equal(t, want.recipient, got.RecipientID)
	if want.generated == "" {
		require.Zero(t, got.GeneratedAt)
	} else {
		require.Equal(t, at(t, want.generated), got.GeneratedAt)
	}
	if want.status == "" {
		require.Nil(t, got.Envelope)
		return
	}
	require.Equal(t, want.status, got.Envelope.Status)
	require.Equal(t, want.sender, got.Envelope.Sender.Email)
	require.False(t, got.Envelope.AssumedUTC)
	if want.recipients == "" {
		return
	}
	var recipients []string
	for _, r := range got.Envelope.Recipients {
		recipients = append(recipients, r.Type+" "+r.Email+" "+string(r.Status))
	}
	require.Equal(t, want.recipients, strings.Join(recipients, ", "))
}

// The vendor's maximal example names every type of recipient and of tab.
func TestSampleOfEverything(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join(connectSamples(t), "connect.schema-v2.json"))
	require.NoError(t, err)
	envelope := parse(t, body).Envelope
	var types []string
	for _, r := range envelope.Recipients {
		types = append(types, r.Type)
	}
	require.Equal(t, []string{"agent", "carboncopy", "certifieddelivery", "editor", "inpersonsigner", "intermediary", "seal", "signer", "witness"}, types)
	signer := envelope.Recipients[slices.Index(types, "signer")]
	kinds := map[string]int{}
	for _, tab := range signer.Tabs {
		kinds[tab.Kind]++
		require.NotEmpty(t, tab.Label+tab.DocumentID, tab.Kind)
	}
	require.Len(t, kinds, 27)
	require.Len(t, envelope.CustomFields, 2)
	require.Equal(t, []docusign.EventTab{
		{Kind: "checkbox", Value: "false", DocumentID: "1"}, {Kind: "radioGroup", Value: "Radio1", DocumentID: "1"},
		{Kind: "senderCompany", Value: "Tally ", DocumentID: "1"}, {Kind: "senderName", DocumentID: "1"},
		{Kind: "text", Value: "test", DocumentID: "1"},
	}, envelope.PrefillTabs)
}
