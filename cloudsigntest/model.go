package cloudsigntest

import (
	"net/netip"
	"slices"
	"time"
)

// Team is a customer of the service with its users.
type Team struct {
	ID   string // 32 to 36 characters; empty: made by AddTeam
	Name string
	// Enterprise is a team with the feature for several departments
	// (複数部署管理機能): no /me, no /team_documents, but /cabinets.
	Enterprise bool
	// NoWebAPI is a team whose contract is without the Web API option.
	NoWebAPI bool
	// AllowedAddresses restrict where requests may come from; empty: anywhere.
	// Requests of a test come from 127.0.0.1.
	AllowedAddresses []netip.Prefix
	// NoAttachments is a plan without files that recipients upload, NoImport one
	// without imported documents, NoPrivate a team that allows no confidential
	// documents, NoEmbeddedSigning one that did not switch embedded signing on.
	NoAttachments, NoImport, NoPrivate, NoEmbeddedSigning bool
	// Webhooks are the addresses that an administrator entered, at most 20.
	Webhooks []Webhook
	// AllowedOrigin is the one value that a request's Origin header may have;
	// empty: none.
	AllowedOrigin string
	Cabinets      []Cabinet
}

// Cabinet is a folder of an Enterprise team. The cabinet of all documents
// exists without being added.
type Cabinet struct {
	ID                   string // 32 characters; empty: made by AddTeam
	Name                 string // 1 to 100 characters
	Note                 string
	CreatedAt, UpdatedAt time.Time // zero: the clock's time
}

// Authorities are the rights of a user, named as in GET /me.
type Authorities struct {
	TeamAdministrator            bool // チーム管理権限
	TeamDocumentAdministrator    bool // 書類管理権限
	DocumentApprover             bool // 承認者
	PrivateDocumentAdministrator bool // 親展書類管理権限
}

// User is a member of a team. Whoever has the client ID acts as the user.
type User struct {
	ID           string // empty: made by AddUser
	TeamID       string // empty: the server's first team
	ClientID     string // empty: made by AddUser
	Email        string // empty: made by AddUser
	Name         string
	Organization string
	Authorities  Authorities
	// NoImport is a user of an Enterprise team without the right to import.
	NoImport bool
	// Disabled is a user who was made invalid: no token, and tokens that exist
	// are refused.
	Disabled bool
}

// Status is the state of a document.
type Status int

// The states of a document. Imported stands in the description of the
// service's schema but cannot be asked for by the status parameter.
const (
	Draft     Status = 0
	Pending   Status = 1
	Concluded Status = 2
	Declined  Status = 3
	Template  Status = 4
	Imported  Status = 13
)

// Document is a document with its files, participants and information.
type Document struct {
	ID          string // empty: made by AddDocument
	UserID      string // the user who made it; empty: the server's first user
	Title       string
	Note        string // the sender's memo about the counterparty
	Message     string
	Status      Status
	CanTransfer bool
	Private     bool // 親展, confidential
	// Shared is a template that a document administrator shared.
	Shared bool
	// SentAt is zero for a document that was never sent.
	SentAt time.Time
	// CreatedAt and UpdatedAt are the clock's time when zero.
	CreatedAt, UpdatedAt time.Time
	// Participants begin with the sender. None: the user who made the document
	// is added, and unless it is a draft, a template or imported, one
	// recipient.
	Participants   []Participant
	Files          []File
	Reportees      []Reportee
	Attachment     *Attachment // nil: none was asked for
	DeclineComment string
	Reminders      int // how often the recipients were reminded
	// Attribute is the information of the document (書類情報); nil: nobody
	// entered any, so that the service answers 404.
	Attribute *Attribute
	Alert     *Alert // nil: none, so that the service answers 404
}

// Alert reminds the sender's team of a document.
type Alert struct {
	ID                   int64 // 0: made by AddDocument
	Memo                 string
	AlertAt              string // YYYY-MM-DD
	Enabled              bool
	CreatedAt, UpdatedAt time.Time // zero: the clock's time
}

// ParticipantStatus is the state of a participant.
type ParticipantStatus int

// The states of a participant.
const (
	NoAccess           ParticipantStatus = 0
	ParticipantDraft   ParticipantStatus = 2
	WaitingForDelivery ParticipantStatus = 3
	WaitingForReview   ParticipantStatus = 4
	Sent               ParticipantStatus = 6
	Confirmed          ParticipantStatus = 7
	Sealed             ParticipantStatus = 8
	Refused            ParticipantStatus = 9
	Cancelled          ParticipantStatus = 10
	Signing            ParticipantStatus = 12
)

// Participant is the sender (the first) or a recipient of a document.
type Participant struct {
	ID           string // empty: made by AddDocument
	Email        string
	Name         string
	Organization string
	Status       ParticipantStatus
	LanguageCode string // empty: "ja"
	AccessCode   string // answered to the document's own user alone
	// AdvancedAuthn asks for a signature with advanced authentication,
	// MyNumberCard for one with that card, which only the web pages can set.
	AdvancedAuthn, MyNumberCard bool
	Callback                    bool      // embedded signing by SMS, to Tel
	Tel                         string    // 11 digits
	RecipientID                 string    // embedded signing by simple authentication
	ProcessedAt                 time.Time // consent or refusal; zero: not yet
	// AccessExpiresAt is sent while the status is WaitingForReview.
	AccessExpiresAt time.Time
}

// File is one PDF of a document.
type File struct {
	ID         string // empty: made by AddDocument
	Name       string // with the ending .pdf, as uploaded
	TotalPages int    // 0: 1
	// Content gives the bytes; the zero value generates a PDF that names the
	// document and the file, of the size that WithPDFSize set.
	Content Content
	// Withheld answers the download with 400, as the service's LGWAN
	// environment does for files that cannot be downloaded there.
	Withheld bool
	// Damaged is a PDF whose structure is broken: its document can't be sent.
	Damaged bool
	Widgets []Widget
}

// WidgetType is the kind of an input field.
type WidgetType int

// The kinds of input fields.
const (
	Seal     WidgetType = 0
	Text     WidgetType = 1
	Checkbox WidgetType = 2
)

// Widget is an input field on a file.
type Widget struct {
	ID            string // empty: made by AddDocument
	ParticipantID string // empty: the last participant
	Type          WidgetType
	Page          int // from 0
	X, Y, W, H    int // points
	FontSize      string
	Text          string
	Label         string
	Optional      bool // of a checkbox
	Filled        bool // by its participant
}

// Reportee is someone a document is shared with.
type Reportee struct {
	ID, Email, Name, Organization string // empty ID: made by AddDocument
}

// Attachment is a file that a recipient was asked to upload (添付書類).
type Attachment struct {
	ID            string // 32 characters; empty: made by AddDocument
	ParticipantID string // empty: the last participant
	Description   string
	Required      bool
	Files         []AttachedFile
}

// AttachedFile is a file that a recipient uploaded.
type AttachedFile struct {
	ID      string // 32 characters; empty: made by AddDocument
	Name    string // 5 to 69 characters
	Deleted bool
	// Content gives the bytes, sent as ContentType; the zero values are a
	// generated PDF and application/pdf.
	Content     Content
	ContentType string
}

// AutoUpdate says whether a contract renews itself.
type AutoUpdate int

// The values of 自動更新の有無.
const (
	AutoUpdateUnspecified AutoUpdate = 0
	AutoUpdateYes         AutoUpdate = 1
	AutoUpdateNo          AutoUpdate = 2
)

// Attribute is the information of a document (書類情報). Dates are YYYY-MM-DD;
// an empty date and a nil amount are null in the answer.
type Attribute struct {
	Title               string // 管理用タイトル
	Counterparty        string // 契約相手の名称
	ContractAt          string // 契約締結日
	ValidityStartAt     string // 契約開始日
	ValidityEndAt       string // 契約終了日
	ValidityEndNoticeAt string // 解約通知期限
	AutoUpdate          AutoUpdate
	LocalID             string            // 管理番号
	Amount              *int64            // 取引金額, without a currency
	Options             []AttributeOption // at most ten fields of the team's own
	// CreatedAt and UpdatedAt are the clock's time when zero.
	CreatedAt, UpdatedAt time.Time
}

// AttributeOption is one field of the team's own.
type AttributeOption struct {
	Order   int // 1 to 10
	Content string
}

// clone copies what a document points to, so that the server's state and the
// caller's value never share memory.
func (d Document) clone() Document {
	d.Participants = slices.Clone(d.Participants)
	d.Files = slices.Clone(d.Files)
	for i := range d.Files {
		d.Files[i].Widgets = slices.Clone(d.Files[i].Widgets)
	}
	d.Reportees = slices.Clone(d.Reportees)
	if d.Attachment != nil {
		a := *d.Attachment
		a.Files = slices.Clone(a.Files)
		d.Attachment = &a
	}
	if d.Attribute != nil {
		d.Attribute = d.Attribute.clone()
	}
	if d.Alert != nil {
		d.Alert = new(*d.Alert)
	}
	return d
}

func (a Attribute) clone() *Attribute {
	a.Options = slices.Clone(a.Options)
	if a.Amount != nil {
		a.Amount = new(*a.Amount)
	}
	return &a
}

func (t Team) clone() Team {
	t.AllowedAddresses = slices.Clone(t.AllowedAddresses)
	t.Cabinets = slices.Clone(t.Cabinets)
	t.Webhooks = slices.Clone(t.Webhooks)
	return t
}

// lastProcessedAt follows the description of documentModel.last_processed_at:
// the newest consent or refusal of a document that was sent or imported, else
// the last update. It is zero while nobody has answered.
func (d *Document) lastProcessedAt() time.Time {
	switch d.Status {
	case Pending, Concluded, Declined, Imported:
		var newest time.Time
		for _, p := range d.Participants {
			if p.ProcessedAt.After(newest) {
				newest = p.ProcessedAt
			}
		}
		return newest
	default:
		return d.UpdatedAt
	}
}
