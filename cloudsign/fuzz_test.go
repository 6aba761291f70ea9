package cloudsign

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	f.Add([]byte(`{"id":"d","attachment":[{"attached_files":[{"later":1}]}],"files":[{"widgets":[{"required":null,"later":{}}]}],"later":[1]}`))
	f.Add([]byte(`{"id":9223372036854775807,"alert_at":"2025-04-01","enabled":true}`))
	f.Add([]byte(`{"url":"https://www.cloudsign.jp/callback","expires_at":"2025-04-01T01:00:00Z"}`))
	f.Add([]byte(`{"error":"webapi_option_require","message":"\u0000"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{new(documentList), new(Document), new(Attribute), new(User), new(accessToken), new(Cabinet), new(Alert), new(SigningURL)} {
			if api.DecodeJSON(v)("application/json", body) == nil {
				if _, err := json.Marshal(v); err != nil {
					t.Fatalf("what was read can't be written: %v", err)
				}
			}
		}
		_ = decodeDocument(new(Document), "")("application/json", body)
		parseError(400, http.Header{}, body)
	})
}

// FuzzPDFReader: whatever a file holds and however it is read, it passes whole
// or fails, and passes only what looks like a PDF to the end.
func FuzzPDFReader(f *testing.F) {
	f.Add([]byte("%PDF-1.4\n%%EOF\n"), 3)
	f.Add([]byte("%PDF-1.4"), 1)
	f.Add([]byte("%PD"), 2000)
	f.Add(append(append([]byte("%PDF-%%EOF"), make([]byte, 1020)...), '\n'), 700)
	f.Fuzz(func(t *testing.T, content []byte, step int) {
		step = 1 + (step%4096+4096)%4096
		r := &pdfReader{ReadCloser: io.NopCloser(bytes.NewReader(content)), limit: 8 << 10}
		var got []byte
		var err error
		for err == nil {
			p := make([]byte, step)
			var n int
			n, err = r.Read(p)
			got = append(got, p[:n]...)
		}
		tail := content[max(0, len(content)-tailSize):]
		good := bytes.HasPrefix(content, pdfHead) && bytes.Contains(tail, pdfEnd) && len(content) <= 8<<10
		if good != errors.Is(err, io.EOF) {
			t.Fatalf("good %v, but read ends with %v", good, err)
		}
		if good && !bytes.Equal(got, content) {
			t.Fatal("it did not pass whole")
		}
	})
}

// FuzzExtra: what is kept of an object is what a map would have kept.
func FuzzExtra(f *testing.F) {
	f.Add([]byte(`{"order":1,"content":"}\\",","later":{"a":"}]\\"","b":[{},[1,2]]},"":null}`))
	f.Add([]byte(" {\n\"a\" : 1 ,\t\"b\":[ ] } "))
	f.Add([]byte(`{"\u006frder":1,"a\"b":2}`))
	f.Add([]byte(`{"\u006frdeR":1,"Content":"","orders":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o Option
		if json.Unmarshal(data, &o) != nil {
			return
		}
		var want Extra
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		// A field takes its name in any case, as encoding/json does.
		maps.DeleteFunc(want, func(name string, _ json.RawMessage) bool {
			return slices.Contains([]string{"order", "content"}, strings.ToLower(name))
		})
		if len(want) != len(o.Extra) {
			t.Fatalf("kept %d members of %d", len(o.Extra), len(want))
		}
		for name, value := range want {
			if !bytes.Equal(bytes.TrimSpace(value), o.Extra[name]) {
				t.Fatalf("%q is %q, not %q", name, o.Extra[name], value)
			}
		}
	})
}
