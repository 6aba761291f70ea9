package cloudsign

import (
	"strconv"
)

// Identifiers are opaque text of 32 to 36 characters. Only their being
// non-empty is checked.
type (
	// DocumentID names a document (書類).
	DocumentID string
	// FileID names one PDF file of a document.
	FileID string
	// UserID names a user of a team.
	UserID string
	// TeamID names a team.
	TeamID string
	// ParticipantID names a sender or recipient of a document.
	ParticipantID string
	// WidgetID names an input field on a file.
	WidgetID string
	// ReporteeID names a person who is told of a document's conclusion.
	ReporteeID string
	// AttachmentID names a request to a recipient to upload a file.
	AttachmentID string
	// AttachedFileID names a file that a recipient uploaded.
	AttachedFileID string
	// CabinetID names a cabinet of an Enterprise account.
	CabinetID string
)

// DocumentStatus is the state of a document. Values that this package does not
// know are kept.
type DocumentStatus int

// The statuses of CloudSign Web API 0.31.0, documentModel.status.
const (
	StatusDraft     DocumentStatus = 0
	StatusPending   DocumentStatus = 1 // sent, waiting for the recipients (先方確認中)
	StatusConcluded DocumentStatus = 2 // 締結済
	StatusCancelled DocumentStatus = 3 // cancelled by the sender or declined by a recipient
	StatusTemplate  DocumentStatus = 4
	StatusImported  DocumentStatus = 13 // brought in with the import function

	// StatusMissing is no status of the service: its answer did not say one.
	StatusMissing DocumentStatus = -1
)

// IsKnown reports whether the status is one of the constants.
func (s DocumentStatus) IsKnown() bool {
	return s >= StatusDraft && s <= StatusTemplate || s == StatusImported
}

// String gives an English name, or "status N" for an unknown value.
func (s DocumentStatus) String() string {
	switch s {
	case StatusDraft:
		return "draft"
	case StatusPending:
		return "pending"
	case StatusConcluded:
		return "concluded"
	case StatusCancelled:
		return "cancelled"
	case StatusTemplate:
		return "template"
	case StatusImported:
		return "imported"
	}
	return "status " + strconv.Itoa(int(s))
}

// Document is a 書類: one or more PDF files sent to participants together. Times
// that the service leaves empty are zero.
type Document struct {
	ID              DocumentID     `json:"id"`
	UserID          UserID         `json:"user_id"` // the sender
	Title           string         `json:"title"`
	Note            string         `json:"note"`    // memo that recipients do not see
	Message         string         `json:"message"` // text that recipients see
	Status          DocumentStatus `json:"status"`
	CanTransfer     bool           `json:"can_transfer"` // recipients may pass it on
	Private         bool           `json:"private"`      // confidential (親展)
	SentAt          Time           `json:"sent_at,omitzero"`
	LastProcessedAt Time           `json:"last_processed_at,omitzero"` // last consent or refusal; not the date of the contract
	CreatedAt       Time           `json:"created_at,omitzero"`
	UpdatedAt       Time           `json:"updated_at,omitzero"`
	Participants    []Participant  `json:"participants"`
	Files           []File         `json:"files"`
	Reportees       []Reportee     `json:"reportees,omitempty"`
	// Attachment is the request to a recipient to upload files, at most one.
	Attachment     Attachments `json:"attachment,omitempty"`
	DeclineComment string      `json:"decline_comment,omitempty"`

	Extra Extra `json:"-"`
}

// File finds a file of the document; nil: it has none with that id.
func (d *Document) File(id FileID) *File {
	for i := range d.Files {
		if d.Files[i].ID == id {
			return &d.Files[i]
		}
	}
	return nil
}

// Sender is the participant with order 0; nil: the answer came without
// participants.
func (d *Document) Sender() *Participant {
	for i := range d.Participants {
		if d.Participants[i].Order == 0 {
			return &d.Participants[i]
		}
	}
	return nil
}

// File is one PDF of a document.
type File struct {
	ID         FileID   `json:"id"`
	Name       string   `json:"name"`
	Order      int      `json:"order"` // order of upload
	TotalPages int      `json:"total_pages"`
	Widgets    []Widget `json:"widgets,omitempty"` // input fields; imported documents have none

	Extra Extra `json:"-"`
}
