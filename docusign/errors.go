package docusign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Failures that DocuSign tells apart by its own code. Each is also one of the
// kinds of package countersign.
var (
	// ErrConnectNotEnabled: the account has no Connect. It is part of Business
	// Pro and higher plans and of developer accounts, and may cost extra.
	ErrConnectNotEnabled = fmt.Errorf("the account has no Connect (%w)", countersign.ErrForbidden)
	// ErrNotAdministrator: the call needs an administrator of the account.
	ErrNotAdministrator = fmt.Errorf("the user is not an administrator of the account (%w)", countersign.ErrForbidden)
	// ErrWrongAccount: the user is no member of the account, or the account
	// moved to another data centre.
	ErrWrongAccount = fmt.Errorf("the user does not belong to the account (%w)", countersign.ErrForbidden)
	// ErrEnvelopeState: the envelope's status forbids the operation.
	ErrEnvelopeState = fmt.Errorf("the envelope's status forbids it (%w)", countersign.ErrConflict)
	// ErrPolledTooOften: the envelope was read or changed too often; the client
	// does not repeat the call. DocuSign publishes no threshold.
	ErrPolledTooOften = fmt.Errorf("the envelope was asked for too often (%w)", countersign.ErrRateLimited)
	// ErrBlocked: DocuSign's abuse protection stopped the request (status 444).
	ErrBlocked = fmt.Errorf("blocked by abuse protection (%w)", countersign.ErrForbidden)
	// ErrConsentRequired: the user has not consented to what the app asks for.
	// The error is a *ConsentRequiredError.
	ErrConsentRequired = fmt.Errorf("the user's consent is missing (%w)", countersign.ErrUnauthorized)
	// ErrLoginRequired: the refresh token is used up, expired or revoked; the
	// user has to log in again.
	ErrLoginRequired = fmt.Errorf("the user has to log in again (%w)", countersign.ErrUnauthorized)
	// ErrRefreshLost: the refresh token was refused after a request with it had
	// ended without an answer, which may have used it up. It is an ErrLoginRequired
	// that nobody has to have revoked.
	ErrRefreshLost = fmt.Errorf("the answer of a refresh was lost, and the refresh token is no longer taken: %w", ErrLoginRequired)
)

// Some of the service's error codes (Error.Code). The list is open.
const (
	CodeHourlyLimit             = "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"
	CodeBurstLimit              = "BURST_APIINVOCATION_LIMIT_EXCEEDED"
	CodeThrottled               = "API_REQUEST_IS_THROTTLED"
	CodeAuthenticationFailed    = "USER_AUTHENTICATION_FAILED"
	CodeInvalidToken            = "AUTHORIZATION_INVALID_TOKEN"
	CodePartnerAuthentication   = "PARTNER_AUTHENTICATION_FAILED"
	CodeWrongAccount            = "USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT"
	CodeAccountLacksPermissions = "ACCOUNT_LACKS_PERMISSIONS"
	CodeUserLacksPermissions    = "USER_LACKS_PERMISSIONS"
	CodeNotAdministrator        = "USER_NOT_ACCOUNT_ADMIN"
	CodeEnvelopeNotFound        = "ENVELOPE_DOES_NOT_EXIST"
	CodeResourceNotFound        = "RESOURCE_NOT_FOUND"
	CodeDocumentNotFound        = "DOCUMENT_DOES_NOT_EXIST"
	CodeTemplateNotFound        = "TEMPLATE_NOT_FOUND"
	CodeEnvelopeStatus          = "ENVELOPE_INVALID_STATUS"
	CodeCannotVoid              = "ENVELOPE_CANNOT_VOID_INVALID_STATE"
	CodeNotLockOwner            = "EDIT_LOCK_NOT_LOCK_OWNER"
	CodeInvalidParameter        = "INVALID_REQUEST_PARAMETER"
	CodeInvalidBody             = "INVALID_REQUEST_BODY"
	CodeNotProcessed            = "REQUEST_NOT_PROCESSED"
	CodeRecipientLimit          = "RECIPIENT_LIMIT_EXCEEDED"
	CodeEnvelopeSendLimit       = "ENVELOPE_SEND_LIMIT_EXCEEDED"
)

var kinds = map[string]error{
	CodeAuthenticationFailed:                countersign.ErrUnauthorized,
	CodeInvalidToken:                        countersign.ErrUnauthorized,
	CodePartnerAuthentication:               countersign.ErrUnauthorized,
	CodeWrongAccount:                        ErrWrongAccount,
	CodeAccountLacksPermissions:             countersign.ErrForbidden,
	CodeUserLacksPermissions:                countersign.ErrForbidden,
	CodeNotAdministrator:                    ErrNotAdministrator,
	"ACCOUNT_NOT_AUTHORIZED_FOR_ENVELOPE":   countersign.ErrForbidden,
	"USER_NOT_ENVELOPE_SENDER_OR_RECIPIENT": countersign.ErrForbidden,
	"USER_LACKS_MEMBERSHIP":                 countersign.ErrForbidden,
	CodeEnvelopeNotFound:                    countersign.ErrNotFound,
	CodeResourceNotFound:                    countersign.ErrNotFound,
	CodeDocumentNotFound:                    countersign.ErrNotFound,
	CodeTemplateNotFound:                    countersign.ErrNotFound,
	CodeEnvelopeStatus:                      ErrEnvelopeState,
	CodeCannotVoid:                          ErrEnvelopeState,
	CodeNotLockOwner:                        countersign.ErrConflict,
	CodeNotProcessed:                        ErrBlocked,
	CodeRecipientLimit:                      countersign.ErrInvalid,
	CodeEnvelopeSendLimit:                   countersign.ErrForbidden,
}

// ErrorDetails is why one item of a list was refused. Some calls answer 200 and
// refuse single items this way; the client's methods turn that into an error.
type ErrorDetails struct {
	Code    string `json:"errorCode,omitempty"`
	Message string `json:"message,omitempty"`
}

// failed reports whether the item was refused: "SUCCESS" is a success.
func (d *ErrorDetails) failed() bool {
	return d != nil && d.Code != "" && !strings.EqualFold(d.Code, "SUCCESS")
}

// ItemError says that a call went through but refused some of its items.
type ItemError struct {
	Op    string
	Items []countersign.FieldError // which item, and code and message
}

// Error names the operation and the items.
func (e *ItemError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "docusign: %s: %d items refused", e.Op, len(e.Items))
	for _, item := range e.Items {
		fmt.Fprintf(&b, "; %s: %s", item.Name, item.Message)
	}
	return b.String()
}

// Is reports an ItemError as countersign.ErrInvalid.
func (e *ItemError) Is(target error) bool { return target == countersign.ErrInvalid }

// refusals collects the refused items of one answer.
type refusals struct{ items []countersign.FieldError }

func (r *refusals) add(name string, d *ErrorDetails) {
	if d.failed() {
		r.items = append(r.items, countersign.FieldError{Name: name, Message: d.Code + ": " + d.Message})
	}
}

func (r *refusals) err(op string) error {
	if len(r.items) == 0 {
		return nil
	}
	return &ItemError{op, r.items}
}

// parseError reads errorDetails. The code says more than the status: DocuSign
// moved its limits from status 400 to 429 in April 2026, and both occur. The
// message is never looked at, with one exception that has no code of its own.
func parseError(status int, header http.Header, body []byte) api.Detail {
	var m struct {
		Code    Text `json:"errorCode"`
		Message Text `json:"message"`
	}
	if json.Unmarshal(body, &m) != nil {
		m.Code, m.Message = "", ""
	}
	d := api.Detail{Code: string(m.Code), Message: string(m.Message)}
	code := strings.ToUpper(d.Code)
	d.Kind = kinds[code]
	switch {
	case code == CodeHourlyLimit:
		d.Kind, d.Repeat, d.RetryAfter = countersign.ErrRateLimited, api.RepeatLater, untilReset(header, time.Now())
	case code == CodeBurstLimit:
		d.Kind, d.Repeat, d.RetryAfter = countersign.ErrRateLimited, api.RepeatLater, burstWindow
	case strings.Contains(code, "_ENVELOPE_POLLING_LIMIT_") || strings.Contains(code, "_APIINVOCATION_ENVELOPE_LIMIT_"):
		d.Kind, d.Repeat = ErrPolledTooOften, api.RepeatNever
	case code == CodeThrottled:
		d.Kind, d.Repeat = countersign.ErrRateLimited, api.RepeatNever
	case code == CodeRecipientLimit || code == CodeEnvelopeSendLimit:
		d.Repeat = api.RepeatNever
	case status == 444:
		d.Kind, d.Repeat = ErrBlocked, api.RepeatNever
	}
	return d
}
