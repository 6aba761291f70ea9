package cloudsign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Failures that the service tells apart by its own code. Each is also one of
// the kinds of package countersign.
var (
	// ErrAPIOptionRequired: the account's plan does not include the Web API.
	ErrAPIOptionRequired = fmt.Errorf("the plan does not include the Web API (%w)", countersign.ErrForbidden)
	// ErrNotAcceptable: the document is in a state that forbids the operation.
	// The service answers this with status 403.
	ErrNotAcceptable = fmt.Errorf("the document's state forbids it (%w)", countersign.ErrConflict)
	// ErrInvalidClient: the client ID is not known in this environment.
	ErrInvalidClient = fmt.Errorf("the client ID is not known (%w)", countersign.ErrUnauthorized)
	// ErrClientRefused: no token for a known client ID. Its user is disabled or
	// deleted, or the caller's address is not allowed; the service answers both
	// the same way.
	ErrClientRefused = fmt.Errorf("the client ID is refused (%w)", countersign.ErrForbidden)
	// ErrTooLarge: the upload is larger than the service takes, or its body is.
	ErrTooLarge = fmt.Errorf("the upload is too large (%w)", countersign.ErrInvalid)
	// ErrUnsupportedMedia: the upload is no PDF.
	ErrUnsupportedMedia = fmt.Errorf("the upload is no PDF (%w)", countersign.ErrInvalid)
)

// The service's error codes (Error.Code).
const (
	CodeBadRequest         = "bad_request"
	CodeInvalidRequest     = "invalid_request"
	CodeInvalidClient      = "invalid_client"
	CodeUnauthorized       = "unauthorized"
	CodeForbidden          = "forbidden"
	CodeAPIOptionRequired  = "webapi_option_required"
	CodeNotAcceptable      = "not_acceptable"
	CodeNotFound           = "not_found"
	CodeMethodNotAllowed   = "method_not_allowed"
	CodeConflict           = "conflict"
	CodeTooLargeRequest    = "too_large_request" // POST …/files
	CodePayloadTooLarge    = "payload_too_large" // POST /imported_documents
	CodeUnsupportedMedia   = "unsupported_media_type"
	CodeTooManyRequests    = "too_many_requests"
	CodeInternalServerFail = "internal_server_error"
)

// parseError reads errorModel. Gateways answer with other bodies, of which the
// status is all that can be said.
func parseError(status int, _ http.Header, body []byte) api.Detail {
	var m struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &m) != nil {
		m.Error, m.Message = "", ""
	}
	d := api.Detail{Code: m.Error, Message: m.Message}
	switch {
	case strings.HasPrefix(m.Error, "webapi_option_require"): // spelled without the d in one place
		d.Kind = ErrAPIOptionRequired
	case m.Error == CodeNotAcceptable:
		d.Kind = ErrNotAcceptable
	case m.Error == CodeInvalidClient:
		d.Kind = ErrInvalidClient
	case m.Error == CodeTooLargeRequest || m.Error == CodePayloadTooLarge || status == http.StatusRequestEntityTooLarge:
		d.Kind = ErrTooLarge
	case m.Error == CodeUnsupportedMedia || status == http.StatusUnsupportedMediaType:
		d.Kind = ErrUnsupportedMedia
	}
	return d
}
