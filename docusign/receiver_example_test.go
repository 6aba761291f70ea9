package docusign_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

func ExampleReceiver() {
	key := countersign.NewSecret("the key as DocuSign shows it")
	receiver, err := docusign.NewReceiver(docusign.ReceiverConfig{
		Keys: []countersign.Secret{key},
		Accept: func(_ context.Context, event docusign.Event) error {
			// Store the event under event.Key() here, and work on it later.
			who, _ := event.Recipient()
			fmt.Println(event.Kind, event.EnvelopeID, who.Email)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/docusign", receiver)

	// What DocuSign sends:
	body := `{"event":"recipient-completed","generatedDateTime":"2026-03-01T09:30:00Z","data":{"envelopeId":"e-1","recipientId":"2",
		"envelopeSummary":{"recipients":{"signers":[{"recipientId":"2","email":"bo@example.com"}]}}}}`
	request := httptest.NewRequest(http.MethodPost, "/docusign", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-DocuSign-Signature-1", docusign.SignBody(key, []byte(body)))
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output:
	// recipient-completed e-1 bo@example.com
	// 200
}

func ExampleParseEvent() {
	event, err := docusign.ParseEvent([]byte(`<?xml version="1.0" encoding="utf-8"?>
<DocuSignEnvelopeInformation xmlns="http://www.docusign.net/API/3.0">
  <EnvelopeStatus>
    <TimeGenerated>2026-03-01T01:30:00</TimeGenerated><EnvelopeID>e-1</EnvelopeID><Status>Completed</Status>
  </EnvelopeStatus>
  <TimeZoneOffset>-8</TimeZoneOffset>
</DocuSignEnvelopeInformation>`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Kind, event.EnvelopeID)
	fmt.Println(event.Key())
	// Output:
	// envelope-completed e-1
	// |e-1|envelope-completed||2026-03-01T09:30:00Z
}

func ExampleVerifySignature() {
	key := countersign.NewSecret("the key as DocuSign shows it")
	body := []byte(`{"event":"envelope-sent"}`)
	header := http.Header{}
	header.Set("X-DocuSign-Signature-1", docusign.SignBody(key, body))
	fmt.Println(docusign.VerifySignature(header, body, key))
	fmt.Println(docusign.VerifySignature(header, append(body, '\n'), key))
	// Output:
	// <nil>
	// docusign: no signature fits a key
}
