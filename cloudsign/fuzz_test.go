package cloudsign

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/countersign/countersign/internal/api"
)

// FuzzAnswers feeds foreign bytes to every decoder: they must give a value or
// an error, never a panic.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"total":1,"page":1,"documents":[{"id":"d","status":13,"sent_at":null,"files":[{"id":"f","name":"契約.pdf"}]}]}`))
	f.Add([]byte(`{"document_id":"d","contract_at":"2025-04-01","validity_end_at":null,"auto_update":2,"amount":-1,"options":[{"order":1}]}`))
	f.Add([]byte(`{"access_token":"x","expires_in":9223372036854775807,"token_type":"Bearer"}`))
	f.Add([]byte(`{"id":"u","team":{"id":"t"},"authorities":{"team_administrator":true}}`))
	f.Add([]byte(`{"error":"webapi_option_require","message":"\u0000"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{new(documentList), new(Document), new(Attribute), new(User), new(accessToken), new(Cabinet)} {
			if api.DecodeJSON(v)("application/json", body) == nil {
				if _, err := json.Marshal(v); err != nil {
					t.Fatalf("what was read can't be written: %v", err)
				}
			}
		}
		parseError(400, http.Header{}, body)
	})
}
