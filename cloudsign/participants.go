package cloudsign

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// ParticipantStatus is the state of a participant. Values that this package
// does not know are kept.
type ParticipantStatus int

// The statuses of CloudSign Web API 0.31.0, participantModel.status.
const (
	ParticipantNoAccess           ParticipantStatus = 0
	ParticipantDraft              ParticipantStatus = 2
	ParticipantWaitingForDelivery ParticipantStatus = 3 // it is not the participant's turn
	ParticipantWaitingForReview   ParticipantStatus = 4
	ParticipantSent               ParticipantStatus = 6
	ParticipantConfirmed          ParticipantStatus = 7
	ParticipantConsented          ParticipantStatus = 8 // sealed or entered
	ParticipantDeclined           ParticipantStatus = 9
	ParticipantCancelled          ParticipantStatus = 10
	ParticipantSigning            ParticipantStatus = 12
)

var participantStatuses = map[ParticipantStatus]string{
	ParticipantNoAccess: "no access", ParticipantDraft: "draft", ParticipantWaitingForDelivery: "waiting for delivery",
	ParticipantWaitingForReview: "waiting for review", ParticipantSent: "sent", ParticipantConfirmed: "confirmed",
	ParticipantConsented: "consented", ParticipantDeclined: "declined", ParticipantCancelled: "cancelled", ParticipantSigning: "signing",
}

// IsKnown reports whether the status is one of the constants.
func (s ParticipantStatus) IsKnown() bool { return participantStatuses[s] != "" }

// String gives an English name, or "status N" for an unknown value.
func (s ParticipantStatus) String() string {
	if name := participantStatuses[s]; name != "" {
		return name
	}
	return "status " + strconv.Itoa(int(s))
}

// Language is the language in which a recipient is addressed.
type Language string

// The languages of CloudSign Web API 0.31.0, participantModel.language_code.
const (
	Japanese           Language = "ja"
	English            Language = "en"
	SimplifiedChinese  Language = "zh-CHS"
	TraditionalChinese Language = "zh-CHT"
)

// IsKnown reports whether the language is one of the constants.
func (l Language) IsKnown() bool {
	return l == Japanese || l == English || l == SimplifiedChinese || l == TraditionalChinese
}

// Participant is the sender (Order 0) or a recipient.
type Participant struct {
	ID           ParticipantID     `json:"id"`
	Email        string            `json:"email"`
	Name         string            `json:"name"`
	Organization string            `json:"organization"`
	Order        int               `json:"order"` // 0: the sender; recipients in the order in which they were added
	Status       ParticipantStatus `json:"status"`
	// AccessCode is there only for the user who set it. It is a secret, so JSON
	// that is written has it redacted.
	AccessCode           countersign.Secret `json:"access_code,omitzero"`
	LanguageCode         Language           `json:"language_code"`
	AdvancedAuthnRequest bool               `json:"advanced_authn_request,omitempty"` // signs with advanced authentication
	Tel                  string             `json:"tel,omitempty"`                    // embedded signing by SMS
	RecipientID          string             `json:"recipient_id,omitempty"`           // embedded signing by simple authentication
	Callback             bool               `json:"callback,omitempty"`               // embedded signing by SMS
	ProcessedAt          Time               `json:"processed_at,omitzero"`            // consent or refusal
	AccessExpiresAt      Time               `json:"access_expires_at,omitzero"`       // while waiting for review

	Extra Extra `json:"-"`
}

// NewParticipant is a recipient to add.
type NewParticipant struct {
	Name string // required, up to 64 characters
	// Email is up to 254 characters, and required unless Callback is set. The
	// service checks that the domain exists, so test addresses are refused.
	Email        string
	Organization string             // up to 64 characters
	AccessCode   countersign.Secret // asked of the recipient; up to 64 characters
	LanguageCode Language           // empty: Japanese, which AdvancedAuthnRequest and Callback require
	// AdvancedAuthnRequest asks for a signature with advanced authentication.
	AdvancedAuthnRequest bool
	// Callback is embedded signing by SMS; it needs Tel and excludes
	// AdvancedAuthnRequest.
	Callback bool
	// Tel is a Japanese mobile number without hyphens, for Callback alone.
	Tel string
	// RecipientID is the person's id in your own system, up to 64 bytes of
	// ASCII: embedded signing by simple authentication.
	RecipientID string
}

// ParticipantUpdate changes a recipient: nil leaves a value as it is. The
// values are those of NewParticipant; an empty text clears.
type ParticipantUpdate struct {
	Name                 *string
	Email                *string
	Organization         *string
	AccessCode           *countersign.Secret // the zero Secret clears
	LanguageCode         *Language
	AdvancedAuthnRequest *bool
	Callback             *bool
	Tel                  *string
	RecipientID          *string
}

// SigningURL is where a recipient of embedded signing consents.
type SigningURL struct {
	// URL lets whoever opens it act as the recipient: hand it to that person
	// alone.
	URL       countersign.Secret `json:"url"`
	ExpiresAt Time               `json:"expires_at"`
}

// ParticipantsService adds, changes and removes the recipients of a draft. The
// sender stands in every document and can't be changed:
// countersign.ErrForbidden.
type ParticipantsService struct{ service }

// Add adds a recipient behind those that are there
// (POST /documents/{documentID}/participants). More than 128 are refused:
// countersign.ErrConflict. An e-mail address that the document already has is
// refused with countersign.ErrInvalid.
func (s ParticipantsService) Add(ctx context.Context, doc DocumentID, in NewParticipant, opts ...countersign.CallOption) (*Added[Participant], error) {
	in.Email = strings.TrimSpace(in.Email)
	f := newForm("NewParticipant")
	f.required("name", "Name", in.Name, 64)
	if !in.Callback {
		f.needs("Email", in.Email != "", "is empty")
	}
	f.text("email", "Email", in.Email, 254)
	f.text("organization", "Organization", in.Organization, 64)
	f.secret("access_code", "AccessCode", in.AccessCode, 64)
	f.text("language_code", "LanguageCode", string(in.LanguageCode), 0)
	f.yes("advanced_authn_request", in.AdvancedAuthnRequest)
	f.yes("callback", in.Callback)
	f.text("tel", "Tel", in.Tel, 0)
	f.text("recipient_id", "RecipientID", in.RecipientID, 64)
	foreign := in.LanguageCode != "" && in.LanguageCode != Japanese
	f.needs("LanguageCode", !foreign || !in.AdvancedAuthnRequest && !in.Callback, "is not ja, which AdvancedAuthnRequest and Callback require")
	f.needs("Callback", !in.Callback || !in.AdvancedAuthnRequest, "excludes AdvancedAuthnRequest")
	f.needs("Tel", in.Callback == (in.Tel != ""), "and Callback need each other")
	f.mobile("Tel", in.Tel)
	f.ascii("RecipientID", in.RecipientID)
	call := api.Call{
		Op: "add participant", Method: http.MethodPost,
		Path: api.NewPath("/documents/{documentID}/participants", string(doc)),
	}
	return add(ctx, s.service, doc, call, f, opts, func(d *Document) *Participant {
		named := newest(d.Participants, func(p Participant) (int, bool) {
			return p.Order, p.Order > 0 && in.Email != "" && strings.EqualFold(p.Email, in.Email)
		})
		return cmp.Or(named, newest(d.Participants, func(p Participant) (int, bool) { return p.Order, p.Order > 0 }))
	})
}

// Update changes a recipient (PUT /documents/{documentID}/participants/{participantID}).
func (s ParticipantsService) Update(ctx context.Context, doc DocumentID, id ParticipantID, in ParticipantUpdate, opts ...countersign.CallOption) (*Document, error) {
	f := newForm("ParticipantUpdate")
	f.optional("name", "Name", in.Name, 64)
	f.optional("email", "Email", in.Email, 254)
	f.optional("organization", "Organization", in.Organization, 64)
	if in.AccessCode != nil {
		f.optionalSecret("access_code", "AccessCode", *in.AccessCode, 64)
	}
	if in.LanguageCode != nil {
		f.v.Set("language_code", string(*in.LanguageCode))
	}
	f.optionalBool("advanced_authn_request", in.AdvancedAuthnRequest)
	f.optionalBool("callback", in.Callback)
	f.optional("tel", "Tel", in.Tel, 0)
	f.optional("recipient_id", "RecipientID", in.RecipientID, 64)
	if in.Tel != nil {
		f.mobile("Tel", *in.Tel)
	}
	if in.RecipientID != nil {
		f.ascii("RecipientID", *in.RecipientID)
	}
	return s.change(ctx, doc, api.Call{
		Op: "update participant", Method: http.MethodPut,
		Path: api.NewPath("/documents/{documentID}/participants/{participantID}", string(doc), string(id)),
	}, f, opts)
}

// Delete removes a recipient (DELETE /documents/{documentID}/participants/{participantID}).
func (s ParticipantsService) Delete(ctx context.Context, doc DocumentID, id ParticipantID, opts ...countersign.CallOption) (*Document, error) {
	return s.change(ctx, doc, api.Call{
		Op: "delete participant", Method: http.MethodDelete,
		Path: api.NewPath("/documents/{documentID}/participants/{participantID}", string(doc), string(id)),
	}, nil, opts)
}

// SigningURL makes the address where a recipient of embedded signing consents
// (POST /documents/{documentID}/participants/{participantID}/signing_url). The
// document must have been sent and it must be the recipient's turn, else
// countersign.ErrInvalid. recipientID is the NewParticipant.RecipientID of
// simple authentication; empty: signing by SMS.
func (s ParticipantsService) SigningURL(ctx context.Context, doc DocumentID, id ParticipantID, recipientID string, opts ...countersign.CallOption) (*SigningURL, error) {
	f := newForm("SigningURL")
	f.text("recipient_id", "recipientID", recipientID, 64)
	f.ascii("recipientID", recipientID)
	v := new(SigningURL)
	err := s.write(ctx, doc, api.Call{
		Op: "create signing URL", Method: http.MethodPost,
		Path: api.NewPath("/documents/{documentID}/participants/{participantID}/signing_url", string(doc), string(id)),
	}, f, func(contentType string, body []byte) error {
		err := api.DecodeJSON(v)(contentType, body)
		if err == nil && v.URL.IsZero() {
			err = api.BadAnswer("it has no URL")
		}
		return err
	}, opts)
	if err != nil {
		return nil, err
	}
	return v, nil
}
