package digipost

import (
	"context"
	"encoding/xml"
	"net/http"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// NewArchived are documents for one archive of a sender.
type NewArchived struct {
	Archive string // its name; empty: the default archive
	// Sender and SenderOrganisation say whose archive it is, as in Message.
	Sender             SenderID
	SenderOrganisation *SenderOrganisation
	Documents          []NewArchivedDocument // 1 to 201
}

// NewArchivedDocument is a document to be kept.
type NewArchivedDocument struct {
	// UUID is given by Add where it is empty: 36 characters in lower case, unique
	// for the sender. UUIDOf makes one of an id of yours.
	UUID        string
	FileName    string             // at most 255 characters
	FileType    string             // the file's ending: "pdf"; required
	Reference   string             // at most 255 characters; several documents may share one
	Attributes  []ArchiveAttribute // at most 15
	DeleteAfter time.Time          // zero: kept
	Content     countersign.Upload // ContentType is kept with the document
}

const (
	maxArchived   = 201
	maxAttributes = 15
)

func checkAttributes(attributes []ArchiveAttribute) error {
	if len(attributes) > maxAttributes {
		return messageError("Attributes", "are more than 15")
	}
	seen := map[string]bool{}
	for _, a := range attributes {
		if a.Key == "" || longer(20, a.Key) || longer(100, a.Value) || seen[a.Key] {
			return messageError("Attributes", "have a key twice, one that is not 1 to 20 characters, or a value of more than 100")
		}
		seen[a.Key] = true
	}
	return nil
}

func (n NewArchived) check() error {
	if n.Sender < 0 || n.Sender != 0 && n.SenderOrganisation != nil {
		return messageError("Sender", "is negative, or set beside SenderOrganisation")
	}
	if len(n.Documents) == 0 || len(n.Documents) > maxArchived {
		return messageError("Documents", "are not 1 to 201")
	}
	for i, d := range n.Documents {
		if err := d.check(); err != nil {
			return within(place("Documents", i), err)
		}
	}
	return nil
}

func (d NewArchivedDocument) check() error {
	switch {
	case d.UUID != "" && !isUUID(d.UUID):
		return messageError("UUID", "is not a UUID in lower case")
	case d.FileType == "":
		return fixableError("FileType", "is empty", `give the file's ending, such as "pdf"`)
	case longer(255, d.FileName):
		return messageError("FileName", "has more than 255 characters")
	case longer(255, d.Reference):
		return messageError("Reference", "has more than 255 characters")
	case d.Content.Open == nil:
		return fixableError("Content.Open", "is missing", "set the function that opens the file")
	}
	return checkAttributes(d.Attributes)
}

// xmlArchived is a document as it is written. Times and links that the service
// gives are not sent back.
type xmlArchived struct {
	UUID        string             `xml:"uuid"`
	FileName    string             `xml:"file-name,omitempty"`
	FileType    string             `xml:"file-type"`
	Reference   string             `xml:"referenceid,omitempty"`
	ContentType string             `xml:"content-type,omitempty"`
	Attributes  []ArchiveAttribute `xml:"attributes"`
	Deletion    string             `xml:"deletion-time,omitempty"`
}

type xmlArchivedDocument struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 archive-document"`
	xmlArchived
}

type xmlNewArchived struct {
	XMLName            xml.Name            `xml:"http://api.digipost.no/schema/v8 archive"`
	Sender             SenderID            `xml:"sender-id,omitempty"`
	SenderOrganisation *SenderOrganisation `xml:"sender-organization"`
	Name               string              `xml:"name,omitempty"`
	Documents          []xmlArchived       `xml:"documents"`
}

func (n NewArchived) body() (countersign.Upload, error) {
	w := xmlNewArchived{Sender: n.Sender, SenderOrganisation: n.SenderOrganisation, Name: n.Archive}
	var files []file
	for _, d := range n.Documents {
		if d.UUID == "" {
			d.UUID = NewUUID()
		}
		x := xmlArchived{d.UUID, d.FileName, d.FileType, d.Reference, contentType(d.Content), d.Attributes, ""}
		if !d.DeleteAfter.IsZero() {
			x.Deletion = dateTime(d.DeleteAfter)
		}
		w.Documents = append(w.Documents, x)
		files = append(files, file{d.UUID, d.Content})
	}
	return multipartBody("archive", w, files)
}

// Add puts documents into an archive (relation archive_documents) and gives them
// as the service keeps them. Whether it refuses a UUID that it has is
// undocumented, so nothing is repeated: after countersign.ErrOutcomeUnknown, Get
// tells whether a document of a UUID that you chose is there.
func (s ArchiveService) Add(ctx context.Context, n NewArchived, opts ...countersign.CallOption) ([]ArchivedDocument, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	body, err := n.body()
	if err != nil {
		return nil, err
	}
	p, query, err := s.link(ctx, 0, "archive_documents")
	if err != nil {
		return nil, err
	}
	var m xmlArchive
	if err := s.run(ctx, api.Call{Op: "archive documents", Method: http.MethodPost, Path: p, Query: query, Body: api.Raw(body)}, &m, opts...); err != nil {
		return nil, err
	}
	return m.Documents, nil
}

// Update writes a document's reference and attributes (relation self_update). An
// attribute can be added and changed, not taken away.
func (s ArchiveService) Update(ctx context.Context, d ArchivedDocument, opts ...countersign.CallOption) (*ArchivedDocument, error) {
	if err := checkAttributes(d.Attributes); err != nil {
		return nil, err
	}
	p, query, err := follow(d.Links, "self_update")
	if err != nil {
		return nil, err
	}
	w := xmlArchivedDocument{xmlArchived: d.wire()}
	var m ArchivedDocument
	call := api.Call{Op: "update archived document", Method: http.MethodPut, Effect: api.IdempotentWrite, Path: p, Query: query}
	if err := s.post(ctx, call, w, &m, opts); err != nil {
		return nil, err
	}
	return &m, nil
}

func (d ArchivedDocument) wire() xmlArchived {
	x := xmlArchived{d.UUID, d.FileName, d.FileType, d.Reference, d.ContentType, d.Attributes, ""}
	if !d.Deletion.IsZero() {
		x.Deletion = dateTime(d.Deletion)
	}
	return x
}

// AddUUID gives a document a further UUID that it is found by (relation
// add_unique_uuid).
func (s ArchiveService) AddUUID(ctx context.Context, d ArchivedDocument, uuid string, opts ...countersign.CallOption) error {
	if !isUUID(uuid) {
		return messageError("UUID", "is not a UUID in lower case")
	}
	p, query, err := follow(d.Links, "add_unique_uuid")
	if err != nil {
		return err
	}
	w := xmlArchivedDocument{xmlArchived: xmlArchived{UUID: uuid, FileName: d.FileName, FileType: d.FileType, ContentType: d.ContentType}}
	return s.post(ctx, api.Call{Op: "add UUID", Method: http.MethodPost, Path: p, Query: query}, w, nil, opts)
}

// Delete deletes a document for good (relation delete_archive_document_by_uuid or
// self_delete).
func (s ArchiveService) Delete(ctx context.Context, d ArchivedDocument, opts ...countersign.CallOption) error {
	p, query, err := follow(d.Links, "delete_archive_document_by_uuid")
	if err != nil {
		if p, query, err = follow(d.Links, "self_delete"); err != nil {
			return err
		}
	}
	return s.remove(ctx, "delete archived document", p, query, opts)
}

// Content streams a document (relation get_archive_document_content_stream). The
// caller closes the stream.
func (s ArchiveService) Content(ctx context.Context, d ArchivedDocument, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.download(ctx, "get archived content", d.Links, "get_archive_document_content_stream", opts)
}

// ContentLink gives an address at which a person can fetch a document without
// signing in (relation get_archive_document_content).
func (s ArchiveService) ContentLink(ctx context.Context, d ArchivedDocument, opts ...countersign.CallOption) (*ContentLink, error) {
	return s.contentLink(ctx, "get link to archived content", d.Links, "get_archive_document_content", opts)
}

// ContentLink is an address of a file that is good once and for 30 seconds. Who
// has it has the file.
type ContentLink struct {
	ContentType string
	URI         countersign.Secret
}

func (s service) contentLink(ctx context.Context, op string, links []Link, relation string, opts []countersign.CallOption) (*ContentLink, error) {
	p, query, err := follow(links, relation)
	if err != nil {
		return nil, err
	}
	var m struct { // archive-document-content or shared-document-content
		ContentType string `xml:"content-type"`
		URI         string `xml:"uri"`
	}
	if err := s.run(ctx, get(op, p, query), &m, opts...); err != nil {
		return nil, err
	}
	return &ContentLink{m.ContentType, countersign.NewSecret(m.URI)}, nil
}

func (s service) download(ctx context.Context, op string, links []Link, relation string, opts []countersign.CallOption) (*countersign.Download, error) {
	p, query, err := follow(links, relation)
	if err != nil {
		return nil, err
	}
	call := get(op, p, query)
	call.Accept = "*/*"
	return s.api.Download(ctx, call, opts...)
}
