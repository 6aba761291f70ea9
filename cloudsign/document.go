package cloudsign

import (
	"strconv"
	"time"

	"github.com/countersign/countersign"
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
	CanTransfer     bool           `json:"can_transfer"`
	Private         bool           `json:"private"` // confidential (親展)
	SentAt          time.Time      `json:"sent_at,omitzero"`
	LastProcessedAt time.Time      `json:"last_processed_at,omitzero"` // last consent or refusal; not the date of the contract
	CreatedAt       time.Time      `json:"created_at,omitzero"`
	UpdatedAt       time.Time      `json:"updated_at,omitzero"`
	Participants    []Participant  `json:"participants"`
	Files           []File         `json:"files"`
	DeclineComment  string         `json:"decline_comment,omitempty"`
}

// Participant is the sender (Order 0) or a recipient.
type Participant struct {
	ID           ParticipantID `json:"id"`
	Email        string        `json:"email"`
	Name         string        `json:"name"`
	Organization string        `json:"organization"`
	Order        int           `json:"order"` // 0: the sender
	Status       int           `json:"status"`
	LanguageCode string        `json:"language_code"`
	ProcessedAt  time.Time     `json:"processed_at,omitzero"`
}

// File is one PDF of a document.
type File struct {
	ID         FileID `json:"id"`
	Name       string `json:"name"`
	Order      int    `json:"order"` // order of upload
	TotalPages int    `json:"total_pages"`
}

// AutoUpdate says whether a contract renews by itself (自動更新の有無).
type AutoUpdate int

// The values of CloudSign Web API 0.31.0, documentAttributeModel.auto_update.
const (
	AutoUpdateUnspecified AutoUpdate = 0
	AutoUpdateYes         AutoUpdate = 1
	AutoUpdateNo          AutoUpdate = 2
)

// Attribute is a document's information (書類情報): what people entered about
// the contract, often after its conclusion.
type Attribute struct {
	DocumentID          DocumentID       `json:"document_id"`
	Title               string           `json:"title"`                           // 管理用タイトル, apart from the document's title
	Counterparty        string           `json:"counterparty"`                    // 契約相手の名称
	ContractAt          countersign.Date `json:"contract_at,omitzero"`            // 契約締結日
	ValidityStartAt     countersign.Date `json:"validity_start_at,omitzero"`      // 契約開始日
	ValidityEndAt       countersign.Date `json:"validity_end_at,omitzero"`        // 契約終了日
	ValidityEndNoticeAt countersign.Date `json:"validity_end_notice_at,omitzero"` // 解約通知期限
	AutoUpdate          AutoUpdate       `json:"auto_update"`                     // 自動更新の有無
	LocalID             string           `json:"local_id"`                        // 管理番号
	Amount              *int64           `json:"amount"`                          // 取引金額, no currency; nil: none, which is not 0
	CreatedAt           time.Time        `json:"created_at,omitzero"`
	UpdatedAt           time.Time        `json:"updated_at,omitzero"`
	Options             []Option         `json:"options"` // fields that the team defined
}

// Option is one of up to ten document-information fields that a team defined.
// The API carries their order, not their labels.
type Option struct {
	Order   int    `json:"order"` // 1 to 10
	Content string `json:"content"`
}
