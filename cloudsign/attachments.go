package cloudsign

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Attachment asks a recipient to upload files (受信者ファイルアップロード). It is
// not how a PDF is added to a document: that is FilesService.Upload.
type Attachment struct {
	ID            AttachmentID   `json:"id"`
	ParticipantID ParticipantID  `json:"participant_id"`
	Description   string         `json:"description"`
	Required      bool           `json:"required"`
	Files         []AttachedFile `json:"attached_files"`

	Extra Extra `json:"-"`
}

// AttachedFileStatus says whether an uploaded file is still there. Values that
// this package does not know are kept.
type AttachedFileStatus int

// The values of CloudSign Web API 0.31.0, attachedFileModel.status.
const (
	AttachedFileValid   AttachedFileStatus = 1
	AttachedFileDeleted AttachedFileStatus = 2
)

// IsKnown reports whether the status is one of the constants.
func (s AttachedFileStatus) IsKnown() bool { return s == AttachedFileValid || s == AttachedFileDeleted }

// AttachedFile is a file that a recipient uploaded.
type AttachedFile struct {
	ID     AttachedFileID     `json:"id"`
	Name   string             `json:"name"`
	Status AttachedFileStatus `json:"status"`

	Extra Extra `json:"-"`
}

// Attachments is a document's attachment, none or one. The specification calls
// the member a list and describes one object, so both are understood.
type Attachments []Attachment

// UnmarshalJSON reads one attachment, a list, or null.
func (a *Attachments) UnmarshalJSON(data []byte) error {
	*a = nil
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("[")) {
		var list []Attachment
		err := json.Unmarshal(data, &list)
		*a = list
		return err
	}
	var one *Attachment
	if err := json.Unmarshal(data, &one); err != nil || one == nil {
		return err
	}
	*a = Attachments{*one}
	return nil
}

// MarshalJSON writes one attachment as an object, as the service does.
func (a Attachments) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]Attachment(a))
}

// NewAttachment is a request to a recipient to upload files.
type NewAttachment struct {
	ParticipantID ParticipantID // required, a recipient
	Description   string        // up to 200 characters
	// Optional lets the recipient consent without an upload.
	Optional bool
}

// AttachmentUpdate changes an attachment: nil leaves a value as it is.
type AttachmentUpdate struct {
	ParticipantID *ParticipantID
	Description   *string // up to 200 characters
	Required      *bool
}

// AttachmentsService asks recipients for files and reads what they uploaded.
// Plans without this feature are refused: countersign.ErrForbidden.
type AttachmentsService struct{ service }

// Add asks a recipient of a draft for files
// (POST /documents/{documentID}/attachments). A second one is refused with
// countersign.ErrInvalid.
func (s AttachmentsService) Add(ctx context.Context, doc DocumentID, in NewAttachment, opts ...countersign.CallOption) (*Added[Attachment], error) {
	f := newForm("NewAttachment")
	f.required("participant_id", "ParticipantID", string(in.ParticipantID), 0)
	f.text("description", "Description", in.Description, 200)
	f.optionalBool("required", new(!in.Optional))
	call := api.Call{
		Op: "add attachment", Method: http.MethodPost,
		Path: api.NewPath("/documents/{documentID}/attachments", string(doc)),
	}
	return add(ctx, s.service, doc, call, f, opts, func(d *Document) *Attachment {
		return newest(d.Attachment, func(a Attachment) (int, bool) { return 0, a.ParticipantID == in.ParticipantID })
	})
}

// Update changes the attachment of a draft
// (PUT /documents/{documentID}/attachments/{attachmentID}).
func (s AttachmentsService) Update(ctx context.Context, doc DocumentID, id AttachmentID, in AttachmentUpdate, opts ...countersign.CallOption) (*Document, error) {
	f := newForm("AttachmentUpdate")
	f.needs("ParticipantID", in != AttachmentUpdate{}, "is nil, and so is all else")
	if in.ParticipantID != nil {
		f.required("participant_id", "ParticipantID", string(*in.ParticipantID), 0)
	}
	f.optional("description", "Description", in.Description, 200)
	f.optionalBool("required", in.Required)
	return s.change(ctx, doc, api.Call{
		Op: "update attachment", Method: http.MethodPut,
		Path: api.NewPath("/documents/{documentID}/attachments/{attachmentID}", string(doc), string(id)),
	}, f, opts)
}

// Delete takes the attachment off a draft
// (DELETE /documents/{documentID}/attachments/{attachmentID}).
func (s AttachmentsService) Delete(ctx context.Context, doc DocumentID, id AttachmentID, opts ...countersign.CallOption) (*Document, error) {
	return s.change(ctx, doc, api.Call{
		Op: "delete attachment", Method: http.MethodDelete,
		Path: api.NewPath("/documents/{documentID}/attachments/{attachmentID}", string(doc), string(id)),
	}, nil, opts)
}

// Download streams a file that a recipient uploaded, of any type
// (GET /documents/{documentID}/attachments/{attachmentID}/attached_files/{attachedFileID}).
// The document must be concluded and the file valid, else ErrNotAcceptable. The
// caller closes it.
func (s AttachmentsService) Download(ctx context.Context, doc DocumentID, id AttachmentID, file AttachedFileID, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.api.Download(ctx, api.Call{
		Op: "download attached file", Method: http.MethodGet, Effect: api.Read, Accept: "*/*",
		Path: api.NewPath("/documents/{documentID}/attachments/{attachmentID}/attached_files/{attachedFileID}", string(doc), string(id), string(file)),
	}, opts...)
}
