package digipost

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Failures that callers tell apart. Each is also one of the kinds of package
// countersign.
var (
	// ErrNotDigipostUser: the recipient has no Digipost. It is a business answer
	// and the only one after which print may be tried.
	ErrNotDigipostUser = fmt.Errorf("the recipient is not a Digipost user (%w)", countersign.ErrNotFound)
	// ErrDuplicate: the message-id was used before. After an unknown outcome it
	// says that the message arrived; see Documents.Status.
	ErrDuplicate = fmt.Errorf("the message was sent before (%w)", countersign.ErrConflict)
	// ErrNotAuthorised: the broker may not act for this sender.
	ErrNotAuthorised = fmt.Errorf("the broker may not act for the sender (%w)", countersign.ErrForbidden)
	// ErrCertificate: no valid certificate is registered for the broker.
	ErrCertificate = fmt.Errorf("no valid certificate is registered (%w)", countersign.ErrUnauthorized)
	// ErrClockSkew: the request's Date is more than five minutes off.
	ErrClockSkew = fmt.Errorf("this machine's clock is off (%w)", countersign.ErrInvalid)
)

// SignatureError is a request whose signature the service refused. Where the
// service echoed the text that it expected to be signed, Diff shows each line
// that differs: "-" what was signed, "+" what the service read. With an empty
// Diff the texts are equal, and the key is not the registered one.
type SignatureError struct {
	Echoed bool
	Diff   []string
}

// Error tells the first difference.
func (e *SignatureError) Error() string {
	switch {
	case !e.Echoed:
		return "the signature was refused"
	case len(e.Diff) == 0:
		return "the signature was refused although both sides signed the same text: the key is not the registered one"
	}
	return "the signature was refused: signed " + fmt.Sprintf("%q", e.Diff[0][1:]) + ", the service read " + fmt.Sprintf("%q", e.Diff[1][1:])
}

// Is reports a SignatureError as countersign.ErrUnauthorized.
func (e *SignatureError) Is(target error) bool { return target == countersign.ErrUnauthorized }

// codeKinds are the codes that mean more than their status says.
var codeKinds = map[string]error{
	"UNKNOWN_RECIPIENT":                     ErrNotDigipostUser,
	"DUPLICATE_MESSAGE":                     ErrDuplicate,
	"MESSAGE_ALREADY_SENT":                  ErrDuplicate,
	"DIGIPOST_MESSAGE_ALREADY_DELIVERED":    ErrDuplicate,
	"PRINT_MESSAGE_ALREADY_DELIVERED":       ErrDuplicate,
	"DUPLICATE_DOCUMENT_ID":                 countersign.ErrConflict,
	"DUPLICATE_DOCUMENT_ID_FOR_BATCH":       countersign.ErrConflict,
	"BROKER_NOT_AUTHORIZED":                 ErrNotAuthorised,
	"UNKNOWN_SENDER":                        ErrNotAuthorised,
	"MISSING_CERTIFICATE":                   ErrCertificate,
	"REVOKED_CERTIFICATE":                   ErrCertificate,
	"DATE_HEADER_OUTSIDE_ACCEPTED_INTERVAL": ErrClockSkew,
	"API_UNAVAILABLE":                       countersign.ErrUnavailable,
}

// parseError reads Digipost's error document. Gateways answer with other bodies,
// of which the status is all that can be said.
func parseError(status int, header http.Header, body []byte) api.Detail {
	var m xmlError
	if decodeXML(&m)(header.Get("Content-Type"), body) != nil {
		return api.Detail{}
	}
	d := api.Detail{Code: m.Code, Message: m.Message, Kind: codeKinds[m.Code]}
	text, echoed := echo(m.Message)
	if m.Code != "INVALID_SIGNATURE" && m.Code != "MISSING_SIGNATURE" && !echoed {
		return d
	}
	e := &SignatureError{Echoed: echoed}
	if signed, err := base64.StdEncoding.DecodeString(header.Get(headerSigned)); err == nil && echoed && len(signed) > 0 {
		e.Diff = lineDiff(string(signed), text)
	}
	before, _, _ := strings.Cut(m.Message, "===START===")
	d.Kind, d.Message = e, before+" "+e.Error()
	return d
}
