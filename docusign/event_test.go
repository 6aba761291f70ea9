package docusign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/docusign"
	"github.com/stretchr/testify/require"
)

const (
	testAccount  docusign.AccountID  = "aaaaaaaa-0000-4000-8000-000000000001"
	testEnvelope docusign.EnvelopeID = "eeeeeeee-0000-4000-8000-000000000001"
)

func eventFile(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return body
}

func parse(t testing.TB, body []byte) docusign.Event {
	t.Helper()
	event, err := docusign.ParseEvent(body)
	require.NoError(t, err)
	require.Equal(t, body, event.Raw)
	return event
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339Nano, s)
	require.NoError(t, err)
	return out.UTC()
}

func TestParseSIM(t *testing.T) {
	t.Parallel()
	got := parse(t, eventFile(t, "event-sim.json"))
	signer := docusign.EventRecipient{
		ID: "1", GUID: "cccccccc-0000-4000-8000-000000000001", Type: "signer", Name: "Bo First", Email: "bo@example.com",
		RoleName: "tenant", RoutingOrder: 1, Status: docusign.RecipientCompleted,
		SentAt: at(t, "2026-03-01T09:01:00Z"), DeliveredAt: at(t, "2026-03-01T09:02:00Z"), SignedAt: at(t, "2026-03-01T09:03:00Z"),
		Tabs: []docusign.EventTab{
			{Kind: "checkbox", Label: "pets", Value: "true"}, {Kind: "radioGroup", Label: "pay", Value: "bank"},
			{Kind: "signHere", Label: "sign", Status: "signed"}, {Kind: "text", ID: "t1", Label: "rent", Value: "1200", DocumentID: "1"},
		},
	}
	refuser := docusign.EventRecipient{
		ID: "2", Type: "signer", Name: "Di Second", Email: "di@example.com", RoutingOrder: 2, ClientUserID: "42",
		Status: docusign.RecipientDeclined, DeclinedAt: at(t, "2026-03-01T09:29:59.999Z"), DeclinedReason: "too dear",
	}
	require.Equal(t, docusign.Event{
		Kind: docusign.EventRecipientDeclined, Format: docusign.FormatSIM, AccountID: testAccount, EnvelopeID: testEnvelope,
		UserID: "bbbbbbbb-0000-4000-8000-000000000001", RecipientID: "2",
		GeneratedAt: at(t, "2026-03-01T09:30:00.5Z"), ConfigurationID: "77", RetryCount: 2,
		Envelope: &docusign.EventEnvelope{
			Status: docusign.EnvelopeDeclined, Subject: "Lease 42",
			Sender:    docusign.EventSender{Name: "Ada Sender", Email: "ada@example.com", UserID: "bbbbbbbb-0000-4000-8000-000000000001", AccountID: testAccount},
			CreatedAt: at(t, "2026-03-01T09:00:00Z"), InitialSentAt: at(t, "2026-03-01T09:01:00.25Z"),
			SentAt: at(t, "2026-03-01T09:01:00.25Z"), DeclinedAt: at(t, "2026-03-01T09:29:59.999Z"),
			Recipients: []docusign.EventRecipient{
				signer, refuser,
				{ID: "3", Type: "carboncopy", Name: "Cy Copy", Email: "cy@example.com", RoutingOrder: 3, Status: docusign.RecipientCreated},
				{ID: "4", Type: "inpersonsigner", Name: "Ina Person", Email: "ina@example.com", HostEmail: "hal@example.com", RoutingOrder: 4, Status: docusign.RecipientCreated},
			},
			CustomFields: []docusign.EventCustomField{{ID: "11", Name: "contract", Value: "K-1"}, {ID: "12", Name: "region", Value: "north"}},
			Documents:    []docusign.EventDocument{{ID: "1", Name: "Lease.pdf", Type: "content"}, {ID: "certificate", Name: "Summary", Type: "summary"}},
			PrefillTabs:  []docusign.EventTab{{Kind: "text", Label: "start", Value: "2026-04-01"}},
		},
		Raw: eventFile(t, "event-sim.json"),
	}, got)
	who, ok := got.Recipient()
	require.True(t, ok)
	require.Equal(t, refuser, who)
}

func TestParseAggregate(t *testing.T) {
	t.Parallel()
	got := parse(t, eventFile(t, "event-aggregate.json"))
	require.Equal(t, docusign.EventEnvelopeDelivered, got.Kind)
	require.Equal(t, docusign.FormatAggregate, got.Format)
	require.Equal(t, testAccount, got.AccountID)
	require.Equal(t, docusign.EnvelopeID("eeeeeeee-0000-4000-8000-000000000002"), got.EnvelopeID)
	require.Equal(t, at(t, "2026-03-02T10:00:00.1Z"), got.GeneratedAt)
	require.Equal(t, docusign.EnvelopeDelivered, got.Envelope.Status)
	require.Equal(t, "bo@example.com", got.Envelope.Recipients[0].Email)
	_, ok := got.Recipient()
	require.False(t, ok)
}

func TestParseXML(t *testing.T) {
	t.Parallel()
	got := parse(t, eventFile(t, "event-legacy.xml"))
	require.Equal(t, docusign.Event{
		Kind: docusign.EventEnvelopeCompleted, Format: docusign.FormatXML, AccountID: "4242",
		EnvelopeID: "eeeeeeee-0000-4000-8000-000000000003", GeneratedAt: at(t, "2026-03-01T09:03:10.1234567Z"),
		Envelope: &docusign.EventEnvelope{
			Status: docusign.EnvelopeCompleted, Subject: "Lease & garage",
			Sender:    docusign.EventSender{Name: "Ada Sender", Email: "ada@example.com", AccountID: "4242"},
			CreatedAt: at(t, "2026-03-01T09:00:00Z"), SentAt: at(t, "2026-03-01T09:01:00Z"), CompletedAt: at(t, "2026-03-01T09:03:00Z"),
			Recipients: []docusign.EventRecipient{{
				GUID: "cccccccc-0000-4000-8000-000000000001", Type: "signer", Name: "Bo First", Email: "bo@example.com", RoutingOrder: 1,
				ClientUserID: "42", Status: docusign.RecipientCompleted, SentAt: at(t, "2026-03-01T09:01:00.25Z"),
				DeliveredAt: at(t, "2026-03-01T09:02:00Z"), SignedAt: at(t, "2026-03-01T09:03:00Z"),
				Tabs: []docusign.EventTab{
					{Kind: "signHere", Label: "sign", Name: "SignHere", DocumentID: "1", Status: "signed"},
					{Kind: "text", Label: "rent", Name: "Rent", Value: "1200", DocumentID: "1", Status: "signed"},
					{Kind: "checkbox", Label: "pets", Name: "Pets", Value: "true", Status: "signed"},
					{Kind: "radioGroup", Label: "pay", Value: "bank", Status: "signed"},
				},
			}, {
				GUID: "cccccccc-0000-4000-8000-000000000003", Type: "carboncopy", Name: "Cy Copy", Email: "cy@example.com",
				RoutingOrder: 2, Status: docusign.RecipientCreated,
			}},
			CustomFields: []docusign.EventCustomField{{Name: "contract", Value: "K-1"}},
			Documents:    []docusign.EventDocument{{ID: "1", Name: "Lease.pdf", Type: "content"}},
		},
		Raw: eventFile(t, "event-legacy.xml"),
	}, got)
}

func TestXMLWithoutTimeZone(t *testing.T) {
	t.Parallel()
	body := strings.ReplaceAll(string(eventFile(t, "event-legacy.xml")), "<TimeZoneOffset>-8</TimeZoneOffset>", "")
	got := parse(t, []byte(body))
	require.True(t, got.Envelope.AssumedUTC)
	require.Equal(t, at(t, "2026-03-01T01:00:00Z"), got.Envelope.CreatedAt)
	require.Equal(t, at(t, "2026-03-01T09:02:00Z"), got.Envelope.Recipients[0].DeliveredAt)
}

func TestParseTolerates(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want docusign.Event
	}{
		"unknown event": {
			`{"event":"envelope-teleported","data":{"envelopeId":"e","accountId":"a"}}`,
			docusign.Event{Kind: "envelope-teleported", Format: docusign.FormatSIM, AccountID: "a", EnvelopeID: "e"},
		},
		"template event": {
			`{"event":"template-created","data":{"accountId":"a","templateId":"t"}}`,
			docusign.Event{Kind: docusign.EventTemplateCreated, Format: docusign.FormatSIM, AccountID: "a"},
		},
		"byte order mark": {
			"\ufeff\n" + `{"event":"envelope-sent","data":{"envelopeId":"e"}}`,
			docusign.Event{Kind: docusign.EventEnvelopeSent, Format: docusign.FormatSIM, EnvelopeID: "e"},
		},
		"wrong types": {
			`{"event":"envelope-sent","retryCount":{},"configurationId":10055427,"generatedDateTime":12,"data":{"envelopeId":"e","recipientId":7,"envelopeSummary":"none"}}`,
			docusign.Event{Kind: docusign.EventEnvelopeSent, Format: docusign.FormatSIM, EnvelopeID: "e", RecipientID: "7", ConfigurationID: "10055427", Envelope: &docusign.EventEnvelope{}},
		},
		"aggregate without a status": {
			`{"envelopeId":"e"}`,
			docusign.Event{Format: docusign.FormatAggregate, EnvelopeID: "e", Envelope: &docusign.EventEnvelope{}},
		},
		"data is no object": {
			`{"event":"envelope-sent","data":[1]}`,
			docusign.Event{Kind: docusign.EventEnvelopeSent, Format: docusign.FormatSIM},
		},
		"ids in the summary alone": {
			`{"event":"envelope-sent","data":{"envelopeSummary":{"envelopeId":"e","sender":{"accountId":"a"},"recipients":{"signers":"none","witnesses":[{"recipientId":"1"},null,7],"wizards":[{"recipientId":"2"}]}}}}`,
			docusign.Event{
				Kind: docusign.EventEnvelopeSent, Format: docusign.FormatSIM, AccountID: "a", EnvelopeID: "e",
				Envelope: &docusign.EventEnvelope{
					Sender: docusign.EventSender{AccountID: "a"},
					Recipients: []docusign.EventRecipient{
						{ID: "1", Type: "witness"}, {Type: "witness"}, {Type: "witness"}, {ID: "2", Type: "wizard"},
					},
				},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, []byte(tc.body))
			tc.want.Raw = []byte(tc.body)
			require.Equal(t, tc.want, got)
			roundTrip(t, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	legacy := string(eventFile(t, "event-legacy.xml"))
	for name, body := range map[string]string{
		"empty":             "",
		"space":             " \n",
		"text":              "hello",
		"array":             `[{"event":"envelope-sent"}]`,
		"no envelope":       `{"status":"sent"}`,
		"cut off":           `{"event":"envelope-sent","data":{"envelopeId":"e"`,
		"goes on":           `{"event":"envelope-sent"}{}`,
		"deep JSON":         `{"event":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
		"XML cut off":       legacy[:len(legacy)/2],
		"XML goes on":       legacy + "<x/>",
		"XML and text":      legacy + "x",
		"other namespace":   strings.ReplaceAll(legacy, "API/3.0", "API/2.0"),
		"other root":        `<EnvelopeStatus xmlns="http://www.docusign.net/API/3.0"/>`,
		"no envelope in it": `<DocuSignEnvelopeInformation xmlns="http://www.docusign.net/API/3.0"/>`,
		"document type":     strings.Replace(legacy, "<DocuSignEnvelopeInformation", `<!DOCTYPE x [<!ENTITY a "aaaa">]><DocuSignEnvelopeInformation`, 1),
		"entity":            strings.ReplaceAll(legacy, "&amp;", "&a;"),
		"deep XML":          strings.ReplaceAll(legacy, "Lease &amp; garage", strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40)),
		"other encoding":    strings.Replace(legacy, "utf-8", "utf-16", 1),
		"not UTF-8":         strings.ReplaceAll(legacy, "garage", "\xff"),
		"mismatched":        strings.Replace(legacy, "</Subject>", "</Object>", 1),
	} {
		_, err := docusign.ParseEvent([]byte(body))
		require.ErrorIs(t, err, docusign.ErrNotEvent, name)
		require.Less(t, len(err.Error()), 150, name)
	}
}

func TestParseCopiesTheBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"event":"envelope-sent","data":{"envelopeId":"e"}}`)
	event := parse(t, body)
	clear(body)
	require.Contains(t, string(event.Raw), "envelope-sent")
}

func TestEventKey(t *testing.T) {
	t.Parallel()
	sim := string(eventFile(t, "event-sim.json"))
	key := func(body string) string { return parse(t, []byte(body)).Key() }
	require.Equal(t, "aaaaaaaa-0000-4000-8000-000000000001|eeeeeeee-0000-4000-8000-000000000001|recipient-declined|2|2026-03-01T09:30:00.5Z", key(sim))
	require.Equal(t, key(sim), key(strings.Replace(sim, `"retryCount":"2"`, `"retryCount":3`, 1)), "a repetition")
	require.NotEqual(t, key(sim), key(strings.Replace(sim, `"recipientId":"2"`, `"recipientId":"1"`, 1)), "another recipient")
	require.NotEqual(t, key(sim), key(strings.Replace(sim, "09:30:00.5000000Z", "09:30:01Z", 1)), "another time")

	template := `{"event":"template-created","retryCount":0,"generatedDateTime":"2026-03-01T09:30:00Z","data":{"templateId":"t1"}}`
	require.Equal(t, key(template), key(strings.Replace(template, `"retryCount":0`, `"retryCount":1`, 1)), "a repetition")
	require.NotEqual(t, key(template), key(strings.Replace(template, "t1", "t2", 1)), "another template")

	timeless := `{"event":"envelope-corrected","retryCount":0,"data":{"envelopeId":"e","x":1}}`
	require.Equal(t, key(timeless), key(strings.Replace(timeless, `"retryCount":0`, `"retryCount":1`, 1)), "a repetition")
	require.NotEqual(t, key(timeless), key(strings.Replace(timeless, `"x":1`, `"x":2`, 1)), "other content")

	// The envelope's status and its time stay the same while recipients go on.
	aggregate := `{"envelopeId":"e","status":"sent","statusChangedDateTime":"2026-03-01T09:30:00Z","recipients":{"signers":[{"recipientId":"1","status":"sent"}]}}`
	once := key(aggregate)
	require.Equal(t, once, key(aggregate), "a repetition")
	require.NotEqual(t, once, key(strings.Replace(aggregate, `"1","status":"sent"`, `"1","status":"completed"`, 1)), "another state of a recipient")
	timed := strings.Replace(aggregate, `{`, `{"generatedDateTime":"2026-03-01T09:31:00Z",`, 1)
	require.NotEqual(t, key(timed), key(strings.Replace(timed, `"1","status":"sent"`, `"1","status":"completed"`, 1)), "another state at the same time")

	// Text of the message can't stand for another field.
	require.NotEqual(t, key(`{"event":"a|b","generatedDateTime":"2026-03-01T09:30:00Z","data":{"envelopeId":"e"}}`),
		key(`{"event":"b","generatedDateTime":"2026-03-01T09:30:00Z","data":{"envelopeId":"e|a"}}`))
}

func TestKnownKinds(t *testing.T) {
	t.Parallel()
	require.True(t, docusign.EventEnvelopeCompleted.IsKnown())
	require.False(t, docusign.EventKind("envelope-teleported").IsKnown())
}

// roundTrip checks that an event survives JSON, and that its raw bytes give it
// again.
func roundTrip(t testing.TB, event docusign.Event) {
	t.Helper()
	stored, err := json.Marshal(event)
	require.NoError(t, err)
	var read docusign.Event
	require.NoError(t, json.Unmarshal(stored, &read))
	require.Equal(t, event, read)
	require.Equal(t, event.Key(), read.Key())
	again, err := docusign.ParseEvent(event.Raw)
	require.NoError(t, err)
	require.Equal(t, event.Key(), again.Key())
}

func FuzzParseEvent(f *testing.F) {
	for _, name := range []string{"event-sim.json", "event-aggregate.json", "event-legacy.xml"} {
		f.Add(eventFile(f, name))
	}
	f.Add([]byte(`{"event":"","data":{"envelopeSummary":{"recipients":{"signers":[{"tabs":{"textTabs":[null]}}]}}}}`))
	f.Add([]byte(`{"envelopeId":1e400,"statusChangedDateTime":"0000-01-01T00:00:00+23:59"}`))
	f.Add([]byte("\ufeff<?xml version=\"1.0\"?><!-- --><DocuSignEnvelopeInformation xmlns=\"http://www.docusign.net/API/3.0\">"))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := docusign.ParseEvent(body)
		if err != nil {
			require.ErrorIs(t, err, docusign.ErrNotEvent)
			return
		}
		require.True(t, bytes.Equal(body, event.Raw))
		event.Recipient()
		roundTrip(t, event)
	})
}
