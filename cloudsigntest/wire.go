package cloudsigntest

import (
	"encoding/json"
	"time"
)

// The answers of the service, written down a second time on purpose: with the
// client's types one mistake would stand on both sides and cancel itself out.

type wireError struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

type wireToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
	TokenType   string `json:"token_type"`
}

type wireTeam struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireAuthorities struct {
	TeamAdministrator            bool `json:"team_administrator"`
	TeamDocumentAdministrator    bool `json:"team_document_administrator"`
	DocumentApprover             bool `json:"document_approver"`
	PrivateDocumentAdministrator bool `json:"private_document_administrator"`
}

type wireUser struct {
	ID           string          `json:"id"`
	Email        string          `json:"email"`
	Name         string          `json:"name"`
	Organization string          `json:"organization"`
	Team         wireTeam        `json:"team"`
	Authorities  wireAuthorities `json:"authorities"`
}

type wireCabinet struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Note      string `json:"note"`
	Type      int    `json:"type"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

type wireCabinetList struct {
	Total    int           `json:"total"`
	Page     int           `json:"page"`
	Cabinets []wireCabinet `json:"cabinets"`
}

type wireDocumentList struct {
	Total     int            `json:"total"`
	Page      int            `json:"page"`
	Documents []wireDocument `json:"documents"`
}

type wireDocument struct {
	ID              string            `json:"id"`
	UserID          string            `json:"user_id"`
	Title           string            `json:"title"`
	Note            string            `json:"note"`
	Message         string            `json:"message"`
	Status          Status            `json:"status"`
	CanTransfer     bool              `json:"can_transfer"`
	Private         bool              `json:"private"`
	SentAt          nullable          `json:"sent_at,omitzero"`
	LastProcessedAt nullable          `json:"last_processed_at,omitzero"`
	CreatedAt       string            `json:"created_at"`
	UpdatedAt       string            `json:"updated_at"`
	Participants    []wireParticipant `json:"participants,omitzero"`
	Files           []wireFile        `json:"files,omitzero"`
	Reportees       []wireReportee    `json:"reportees,omitzero"`
	Attachment      *wireAttachment   `json:"attachment,omitempty"`
	DeclineComment  string            `json:"decline_comment,omitempty"`
}

type wireParticipant struct {
	ID                   string            `json:"id"`
	Email                string            `json:"email"`
	Name                 string            `json:"name"`
	Organization         string            `json:"organization"`
	Order                int               `json:"order"`
	Status               ParticipantStatus `json:"status"`
	LanguageCode         string            `json:"language_code"`
	AdvancedAuthnRequest bool              `json:"advanced_authn_request"`
	Tel                  string            `json:"tel"`
	RecipientID          string            `json:"recipient_id"`
	Callback             bool              `json:"callback"`
	AccessCode           string            `json:"access_code,omitempty"`
	ProcessedAt          nullable          `json:"processed_at,omitzero"`
	AccessExpiresAt      string            `json:"access_expires_at,omitempty"`
}

type wireFile struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Order      int          `json:"order"`
	TotalPages int          `json:"total_pages"`
	Widgets    []wireWidget `json:"widgets,omitzero"` // imported files have none
}

type wireWidget struct {
	ID            string     `json:"id"`
	WidgetType    WidgetType `json:"widget_type"`
	ParticipantID string     `json:"participant_id"`
	FileID        string     `json:"file_id"`
	Page          int        `json:"page"`
	X             int        `json:"x"`
	Y             int        `json:"y"`
	W             int        `json:"w"`
	H             int        `json:"h"`
	FontSize      string     `json:"font_size,omitempty"`
	Text          string     `json:"text"`
	Status        int        `json:"status"`
	Label         string     `json:"label"`
	Required      *bool      `json:"required,omitempty"`
}

type wireAlert struct {
	ID         int64  `json:"id"`
	DocumentID string `json:"document_id"`
	Memo       string `json:"memo"`
	AlertAt    string `json:"alert_at,omitempty"` // without a day: undocumented
	Enabled    bool   `json:"enabled"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}

type wireSigning struct {
	URL       string `json:"url"`
	ExpiresAt string `json:"expires_at"`
}

type wireReportee struct {
	ID           string `json:"id"`
	Email        string `json:"email"`
	Name         string `json:"name"`
	Organization string `json:"organization"`
}

type wireAttachment struct {
	ID            string             `json:"id"`
	ParticipantID string             `json:"participant_id"`
	Description   string             `json:"description"`
	Required      bool               `json:"required"`
	AttachedFiles []wireAttachedFile `json:"attached_files"`
}

type wireAttachedFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status int    `json:"status"`
}

type wireAttribute struct {
	DocumentID          string       `json:"document_id"`
	Title               string       `json:"title"`
	Counterparty        string       `json:"counterparty"`
	ContractAt          nullable     `json:"contract_at,omitzero"`
	ValidityStartAt     nullable     `json:"validity_start_at,omitzero"`
	ValidityEndAt       nullable     `json:"validity_end_at,omitzero"`
	ValidityEndNoticeAt nullable     `json:"validity_end_notice_at,omitzero"`
	AutoUpdate          AutoUpdate   `json:"auto_update"`
	LocalID             string       `json:"local_id"`
	Amount              nullable     `json:"amount,omitzero"`
	CreatedAt           string       `json:"created_at"`
	UpdatedAt           string       `json:"updated_at"`
	Options             []wireOption `json:"options"`
}

type wireOption struct {
	Order   int    `json:"order"`
	Content string `json:"content"`
}

// nullable is a member that is a value, null or left out.
type nullable struct {
	value any
	null  bool
}

// IsZero reports whether the member is left out.
func (n nullable) IsZero() bool { return n.value == nil && !n.null }

// MarshalJSON writes the value or null.
func (n nullable) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

func (s *Server) none() nullable { return nullable{null: !s.cfg.omitEmpty} }

// micros is how the service writes times of processing, seconds the others.
func (s *Server) micros(t time.Time) nullable {
	if t.IsZero() {
		return s.none()
	}
	return nullable{value: t.In(s.cfg.zone).Format("2006-01-02T15:04:05.000000Z07:00")}
}

func (s *Server) seconds(t time.Time) string { return t.In(s.cfg.zone).Format(time.RFC3339) }

func (s *Server) date(text string) nullable {
	if text == "" {
		return s.none()
	}
	return nullable{value: text}
}

func (s *Server) wireDocument(d *Document, show with) wireDocument {
	out := wireDocument{
		ID: d.ID, UserID: d.UserID, Title: d.Title, Note: d.Note, Message: d.Message,
		Status: d.Status, CanTransfer: d.CanTransfer, Private: d.Private,
		SentAt: s.micros(d.SentAt), LastProcessedAt: s.micros(d.lastProcessedAt()),
		CreatedAt: s.seconds(d.CreatedAt), UpdatedAt: s.seconds(d.UpdatedAt),
		DeclineComment: d.DeclineComment,
	}
	if show.participants {
		out.Participants = s.wireParticipants(d, show.codes)
	}
	if show.files {
		out.Files = wireFiles(d)
	}
	// An imported document has neither recipients to share it with nor to ask
	// for files: importedDocumentModel has no such members.
	if show.reportees && d.Status != Imported {
		out.Reportees = []wireReportee{}
		for _, r := range d.Reportees {
			out.Reportees = append(out.Reportees, wireReportee(r))
		}
	}
	if show.attachment && d.Status != Imported && d.Attachment != nil {
		out.Attachment = newWireAttachment(d.Attachment)
	}
	return out
}

func (s *Server) wireParticipants(d *Document, codes bool) []wireParticipant {
	out := []wireParticipant{}
	for i, p := range d.Participants {
		w := wireParticipant{
			ID: p.ID, Email: p.Email, Name: p.Name, Organization: p.Organization, Order: i,
			Status: p.Status, LanguageCode: p.LanguageCode, ProcessedAt: s.micros(p.ProcessedAt),
			AdvancedAuthnRequest: p.AdvancedAuthn, Callback: p.Callback, Tel: p.Tel, RecipientID: p.RecipientID,
		}
		if codes {
			w.AccessCode = p.AccessCode
		}
		if p.Status == WaitingForReview && !p.AccessExpiresAt.IsZero() {
			w.AccessExpiresAt = s.seconds(p.AccessExpiresAt)
		}
		out = append(out, w)
	}
	return out
}

func wireFiles(d *Document) []wireFile {
	out := []wireFile{}
	for i, f := range d.Files {
		w := wireFile{ID: f.ID, Name: f.Name, Order: i, TotalPages: f.TotalPages}
		if d.Status != Imported {
			w.Widgets = wireWidgets(f)
		}
		out = append(out, w)
	}
	return out
}

func wireWidgets(f File) []wireWidget {
	out := []wireWidget{}
	for _, g := range f.Widgets {
		w := wireWidget{
			ID: g.ID, WidgetType: g.Type, ParticipantID: g.ParticipantID, FileID: f.ID, Page: g.Page,
			X: g.X, Y: g.Y, W: g.W, H: g.H, FontSize: g.FontSize, Text: g.Text, Label: g.Label,
		}
		if g.Filled || g.Text != "" {
			w.Status = 1
		}
		if g.Type == Checkbox {
			w.Required = new(!g.Optional)
		}
		out = append(out, w)
	}
	return out
}

func newWireAttachment(a *Attachment) *wireAttachment {
	out := &wireAttachment{a.ID, a.ParticipantID, a.Description, a.Required, []wireAttachedFile{}}
	for _, f := range a.Files {
		status := 1
		if f.Deleted {
			status = 2
		}
		out.AttachedFiles = append(out.AttachedFiles, wireAttachedFile{f.ID, f.Name, status})
	}
	return out
}

func (s *Server) wireAttribute(documentID string, a *Attribute) wireAttribute {
	out := wireAttribute{
		DocumentID: documentID, Title: a.Title, Counterparty: a.Counterparty,
		ContractAt: s.date(a.ContractAt), ValidityStartAt: s.date(a.ValidityStartAt),
		ValidityEndAt: s.date(a.ValidityEndAt), ValidityEndNoticeAt: s.date(a.ValidityEndNoticeAt),
		AutoUpdate: a.AutoUpdate, LocalID: a.LocalID, Amount: s.none(),
		CreatedAt: s.seconds(a.CreatedAt), UpdatedAt: s.seconds(a.UpdatedAt),
		Options: []wireOption{},
	}
	if a.Amount != nil {
		out.Amount = nullable{value: *a.Amount}
	}
	for _, o := range a.Options {
		out.Options = append(out.Options, wireOption(o))
	}
	return out
}
