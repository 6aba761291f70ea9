package docusign

import "iter"

// Recipients are the recipients of an envelope or template, by what they do.
type Recipients struct {
	Signers             []Recipient `json:"signers,omitempty"`
	CarbonCopies        []Recipient `json:"carbonCopies,omitempty"`
	CertifiedDeliveries []Recipient `json:"certifiedDeliveries,omitempty"`
	InPersonSigners     []Recipient `json:"inPersonSigners,omitempty"`
	Agents              []Recipient `json:"agents,omitempty"`
	Editors             []Recipient `json:"editors,omitempty"`
	Intermediaries      []Recipient `json:"intermediaries,omitempty"`
	Seals               []Recipient `json:"seals,omitempty"`
	Witnesses           []Recipient `json:"witnesses,omitempty"`
	Notaries            []Recipient `json:"notaries,omitempty"`
	Participants        []Recipient `json:"participants,omitempty"`

	Count               Int  `json:"recipientCount,omitempty"`
	CurrentRoutingOrder Text `json:"currentRoutingOrder,omitempty"`
}

// RecipientType is what a recipient does (Recipient.Type).
type RecipientType string

// The types of recipients.
const (
	TypeSigner            RecipientType = "signer"
	TypeCarbonCopy        RecipientType = "carboncopy"
	TypeCertifiedDelivery RecipientType = "certifieddelivery"
	TypeInPersonSigner    RecipientType = "inpersonsigner"
	TypeAgent             RecipientType = "agent"
	TypeEditor            RecipientType = "editor"
	TypeIntermediary      RecipientType = "intermediary"
	TypeSeal              RecipientType = "seal"
	TypeWitness           RecipientType = "witness"
	TypeNotary            RecipientType = "notary"
	TypeParticipant       RecipientType = "participant"
)

type recipientList struct {
	kind RecipientType
	list *[]Recipient
}

func (r *Recipients) lists() []recipientList {
	return []recipientList{
		{TypeSigner, &r.Signers}, {TypeCarbonCopy, &r.CarbonCopies}, {TypeCertifiedDelivery, &r.CertifiedDeliveries},
		{TypeInPersonSigner, &r.InPersonSigners}, {TypeAgent, &r.Agents}, {TypeEditor, &r.Editors},
		{TypeIntermediary, &r.Intermediaries}, {TypeSeal, &r.Seals}, {TypeWitness, &r.Witnesses},
		{TypeNotary, &r.Notaries}, {TypeParticipant, &r.Participants},
	}
}

// All goes through all recipients, with the type that their list stands for.
func (r *Recipients) All() iter.Seq2[RecipientType, *Recipient] {
	return func(yield func(RecipientType, *Recipient) bool) {
		if r == nil {
			return
		}
		for _, l := range r.lists() {
			for i := range *l.list {
				if !yield(l.kind, &(*l.list)[i]) {
					return
				}
			}
		}
	}
}

// Find gives the recipient with the id.
func (r *Recipients) Find(id RecipientID) (*Recipient, bool) {
	for _, one := range r.All() {
		if one.ID == id {
			return one, true
		}
	}
	return nil, false
}

// Recipient is one recipient. What applies to a type of recipient alone says so.
type Recipient struct {
	ID           RecipientID     `json:"recipientId,omitempty"` // the sender's, within the envelope
	GUID         string          `json:"recipientIdGuid,omitempty"`
	UserID       UserID          `json:"userId,omitempty"`
	Type         RecipientType   `json:"recipientType,omitempty"` // in answers
	Name         string          `json:"name,omitempty"`
	Email        string          `json:"email,omitempty"`
	RoleName     string          `json:"roleName,omitempty"` // of a template
	RoutingOrder Text            `json:"routingOrder,omitempty"`
	ClientUserID string          `json:"clientUserId,omitempty"` // makes an embedded recipient
	Status       RecipientStatus `json:"status,omitempty"`
	Sent         Time            `json:"sentDateTime,omitzero"`
	Delivered    Time            `json:"deliveredDateTime,omitzero"` // viewed
	Signed       Time            `json:"signedDateTime,omitzero"`
	Declined     Time            `json:"declinedDateTime,omitzero"`

	DeclinedReason      string `json:"declinedReason,omitempty"`
	AutoRespondedReason string `json:"autoRespondedReason,omitempty"`
	DeliveryMethod      string `json:"deliveryMethod,omitempty"`
	Note                string `json:"note,omitempty"`
	AccessCode          string `json:"accessCode,omitempty"`
	SigningGroupID      Text   `json:"signingGroupId,omitempty"`
	SigningGroupName    string `json:"signingGroupName,omitempty"`
	HostName            string `json:"hostName,omitempty"`   // of an in-person signer
	HostEmail           string `json:"hostEmail,omitempty"`  // of an in-person signer
	SignerName          string `json:"signerName,omitempty"` // in person
	// CustomFields are plain texts that come back with the recipient.
	CustomFields      []string           `json:"customFields,omitempty"`
	EmailNotification *EmailNotification `json:"emailNotification,omitempty"`
	Tabs              *Tabs              `json:"tabs,omitempty"`
	Error             *ErrorDetails      `json:"errorDetails,omitempty"`
	Extra             Extra              `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (r *Recipient) UnmarshalJSON(data []byte) (err error) {
	type plain Recipient
	r.Extra, err = unmarshalExtra(data, (*plain)(r))
	return err
}

// MarshalJSON writes the members of Extra too.
func (r Recipient) MarshalJSON() ([]byte, error) {
	type plain Recipient
	return marshalExtra(plain(r), r.Extra)
}
