package docusign

import "encoding/json"

// Envelope is documents on their way through their recipients. What a call did
// not ask for is empty.
type Envelope struct {
	ID                EnvelopeID     `json:"envelopeId,omitempty"`
	Status            EnvelopeStatus `json:"status,omitempty"`
	EmailSubject      string         `json:"emailSubject,omitempty"`
	EmailBlurb        string         `json:"emailBlurb,omitempty"`
	Sender            *UserRef       `json:"sender,omitempty"`
	TransactionID     TransactionID  `json:"transactionId,omitempty"`
	Created           Time           `json:"createdDateTime,omitzero"`
	LastModified      Time           `json:"lastModifiedDateTime,omitzero"`
	InitiallySent     Time           `json:"initialSentDateTime,omitzero"`
	Sent              Time           `json:"sentDateTime,omitzero"` // the last time, after a correction
	Delivered         Time           `json:"deliveredDateTime,omitzero"`
	Completed         Time           `json:"completedDateTime,omitzero"`
	Declined          Time           `json:"declinedDateTime,omitzero"`
	Voided            Time           `json:"voidedDateTime,omitzero"`
	StatusChanged     Time           `json:"statusChangedDateTime,omitzero"`
	Expires           Time           `json:"expireDateTime,omitzero"`
	VoidedReason      string         `json:"voidedReason,omitempty"`
	PurgeState        PurgeState     `json:"purgeState,omitempty"`
	Recipients        *Recipients    `json:"recipients,omitempty"`        // IncludeRecipients
	CustomFields      *CustomFields  `json:"customFields,omitempty"`      // IncludeCustomFields
	EnvelopeDocuments []DocumentInfo `json:"envelopeDocuments,omitempty"` // IncludeDocuments
	Folders           []Folder       `json:"folders,omitempty"`           // IncludeFolders
	Notification      *Notification  `json:"notification,omitempty"`
	Extra             Extra          `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (e *Envelope) UnmarshalJSON(data []byte) (err error) {
	type plain Envelope
	e.Extra, err = unmarshalExtra(data, (*plain)(e))
	return err
}

// MarshalJSON writes the members of Extra too.
func (e Envelope) MarshalJSON() ([]byte, error) {
	type plain Envelope
	return marshalExtra(plain(e), e.Extra)
}

// PurgeState is how far the deletion of an envelope's documents has come.
type PurgeState string

// What Envelopes.Purge asks for. DocuSign writes to the people concerned and
// deletes after 14 days.
const (
	PurgeDocuments         PurgeState = "documents_queued"
	PurgeDocumentsMetadata PurgeState = "documents_and_metadata_queued"
	PurgeRedact            PurgeState = "documents_and_metadata_and_redact_queued"
	PurgeTakenBack         PurgeState = "documents_dequeued"
)

// UserRef is a user as other things name them.
type UserRef struct {
	ID    UserID `json:"userId,omitempty"`
	Name  string `json:"userName,omitempty"`
	Email string `json:"email,omitempty"`
}

// EnvelopeDefinition is a new envelope. It takes its documents and recipients
// from Documents and Recipients, from TemplateID and TemplateRoles, or from
// CompositeTemplates.
type EnvelopeDefinition struct {
	// Status is EnvelopeSent to send at once; empty or EnvelopeCreated makes a
	// draft.
	Status EnvelopeStatus `json:"status,omitempty"`
	// EmailSubject, of at most 100 characters, is needed to send unless a template
	// has one.
	EmailSubject       string              `json:"emailSubject,omitempty"`
	EmailBlurb         string              `json:"emailBlurb,omitempty"` // at most 10,000 characters
	Documents          []Document          `json:"documents,omitempty"`
	Recipients         *Recipients         `json:"recipients,omitempty"`
	TemplateID         TemplateID          `json:"templateId,omitempty"`
	TemplateRoles      []TemplateRole      `json:"templateRoles,omitempty"`
	CompositeTemplates []CompositeTemplate `json:"compositeTemplates,omitempty"`
	// CustomFields replace those that the account predefines. With composite
	// templates they belong into the inline template.
	CustomFields      *CustomFields      `json:"customFields,omitempty"`
	EventNotification *EventNotification `json:"eventNotification,omitempty"` // of EnvelopeHook
	Notification      *Notification      `json:"notification,omitempty"`
	// TransactionID names this creation, so that it can be found again when its
	// answer is lost. CreateOnce fills it in.
	TransactionID TransactionID `json:"transactionId,omitempty"`
	BrandID       string        `json:"brandId,omitempty"`
	// AllowMarkup, AllowReassign and EnforceSignerVisibility: nil leaves it to the
	// account.
	AllowMarkup             *Bool `json:"allowMarkup,omitempty"`
	AllowReassign           *Bool `json:"allowReassign,omitempty"`
	EnforceSignerVisibility *Bool `json:"enforceSignerVisibility,omitempty"`
	Extra                   Extra `json:"-"`
}

// MarshalJSON writes the members of Extra too.
func (d EnvelopeDefinition) MarshalJSON() ([]byte, error) {
	type plain EnvelopeDefinition
	return marshalExtra(plain(d), d.Extra)
}

// check finds what DocuSign would refuse, or worse, take for something else.
func (d EnvelopeDefinition) check() error {
	if d.Status != "" && d.Status != EnvelopeCreated && d.Status != EnvelopeSent {
		return badConfig("EnvelopeDefinition.Status", "is neither created nor sent", "")
	}
	if n := len([]rune(d.EmailSubject)); n > 100 {
		return badConfig("EnvelopeDefinition.EmailSubject", "is longer than 100 characters", "DocuSign refuses it")
	}
	if _, clone := d.Extra["envelopeId"]; clone {
		return badConfig("EnvelopeDefinition.Extra", "has an envelopeId, which would clone that envelope", "")
	}
	if len(d.CompositeTemplates) > 0 && d.CustomFields != nil {
		return badConfig("EnvelopeDefinition.CustomFields", "is ignored beside composite templates", "put the fields into InlineTemplate.CustomFields")
	}
	if len(d.TemplateRoles) > 0 && d.TemplateID == "" {
		return badConfig("EnvelopeDefinition.TemplateRoles", "is set without TemplateID", "")
	}
	return nil
}

// Document is a document of a new envelope, whole in memory; Documents.Put
// streams a large one into a draft.
type Document struct {
	ID            DocumentID `json:"documentId,omitempty"`
	Name          string     `json:"name,omitempty"`
	FileExtension string     `json:"fileExtension,omitempty"` // "pdf", "docx"
	Content       []byte     `json:"documentBase64,omitempty"`
	Order         Text       `json:"order,omitempty"`
	// TransformPDFFields turns the form fields of a PDF into tabs.
	TransformPDFFields *Bool `json:"transformPdfFields,omitempty"`
	Tabs               *Tabs `json:"tabs,omitempty"` // of a template: its prefill tabs
}

// TemplateRole fills a role of a template with a person.
type TemplateRole struct {
	RoleName string `json:"roleName,omitempty"` // as the template has it
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	// ClientUserID makes the recipient an embedded one: they sign in your program
	// through Views.Recipient and get no mail.
	ClientUserID       string             `json:"clientUserId,omitempty"`
	RoutingOrder       Text               `json:"routingOrder,omitempty"`
	AccessCode         string             `json:"accessCode,omitempty"`
	InPersonSignerName string             `json:"inPersonSignerName,omitempty"`
	SigningGroupID     string             `json:"signingGroupId,omitempty"`
	EmailNotification  *EmailNotification `json:"emailNotification,omitempty"`
	// Tabs fill the role's tabs, which are found by their labels.
	Tabs *Tabs `json:"tabs,omitempty"`
}

// EmailNotification is one recipient's own mail text.
type EmailNotification struct {
	Subject  string `json:"emailSubject,omitempty"`
	Body     string `json:"emailBody,omitempty"`
	Language string `json:"supportedLanguage,omitempty"` // "en", "de", "ja", …
}

// CompositeTemplate lays templates and documents over each other, in the order
// of their Sequence.
type CompositeTemplate struct {
	ID              string           `json:"compositeTemplateId,omitempty"`
	ServerTemplates []ServerTemplate `json:"serverTemplates,omitempty"`
	InlineTemplates []InlineTemplate `json:"inlineTemplates,omitempty"`
	Document        *Document        `json:"document,omitempty"` // in place of the templates' documents
}

// ServerTemplate names a template of the account.
type ServerTemplate struct {
	Sequence   Text       `json:"sequence,omitempty"`
	TemplateID TemplateID `json:"templateId,omitempty"`
}

// InlineTemplate is a template that exists in this request alone.
type InlineTemplate struct {
	Sequence     Text          `json:"sequence,omitempty"`
	Recipients   *Recipients   `json:"recipients,omitempty"`
	Documents    []Document    `json:"documents,omitempty"`
	CustomFields *CustomFields `json:"customFields,omitempty"`
}

// Created is what the creation of an envelope answers.
type Created struct {
	ID            EnvelopeID     `json:"envelopeId"`
	Status        EnvelopeStatus `json:"status"`
	StatusChanged Time           `json:"statusDateTime"`
	URI           string         `json:"uri"` // below the account
	// TransactionID is the one that the envelope was created with; empty if none.
	TransactionID TransactionID `json:"-"`
	// Found says that CreateOnce found the envelope instead of creating it.
	Found bool          `json:"-"`
	Error *ErrorDetails `json:"errorDetails,omitempty"`
}

// Include names a part of an envelope or template that a call shall bring along.
type Include string

// The parts. Listings do not bring tabs and workflow.
const (
	IncludeCustomFields Include = "custom_fields"
	IncludeDocuments    Include = "documents"
	IncludeAttachments  Include = "attachments"
	IncludeExtensions   Include = "extensions"
	IncludeFolders      Include = "folders"
	IncludeRecipients   Include = "recipients"
	IncludePowerform    Include = "powerform"
	IncludeTabs         Include = "tabs"
	IncludePaymentTabs  Include = "payment_tabs"
	IncludeWorkflow     Include = "workflow"
)

// RawMember is a JSON member for Extra. Its error is json.Marshal's, for a value
// that JSON can't hold, such as a channel.
func RawMember(v any) (json.RawMessage, error) { return json.Marshal(v) }
