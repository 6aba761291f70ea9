package digipost

import (
	"context"
	"encoding/xml"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// SharedDocumentsService reads what recipients of a ShareDocumentsRequest share
// ("Digipost Control"). Sharing is told by EventDocumentsShared, or by Get.
type SharedDocumentsService struct{ service }

// SharedDocuments is how a request stands.
type SharedDocuments struct {
	Documents []SharedDocument // empty: nothing is shared yet
	Shared    time.Time        // zero: not yet
	Expiry    time.Time        // after it the documents can't be read
	Withdrawn time.Time        // zero: not withdrawn
	Links     []Link
}

// SharedDocument is a document that a recipient shares. It comes from an
// organisation or from a private person.
type SharedDocument struct {
	Delivered    time.Time `xml:"delivery-time"`
	Subject      string    `xml:"subject"`
	FileType     string    `xml:"file-type"`
	Bytes        int64     `xml:"file-size-bytes"`
	Organisation *struct {
		Number OrganisationNumber `xml:"organisation-number,attr"`
		Name   string             `xml:"name,attr"`
	} `xml:"origin>organisation"`
	Person *struct {
		Name string `xml:"name,attr"`
	} `xml:"origin>private-person"`
	Links []Link `xml:"link"`
}

type xmlShared struct {
	XMLName   xml.Name         `xml:"share-documents-request-state"`
	Documents []SharedDocument `xml:"shared-documents>shared-document"`
	Shared    time.Time        `xml:"shared-at-time"`
	Expiry    time.Time        `xml:"expiry-time"`
	Withdrawn time.Time        `xml:"withdrawn-time"`
	Links     []Link           `xml:"link"`
}

// Get reads how a request stands, by the UUID of the document that carried it (GET
// /{sender-id}/share-documents-requests/uuid/{uuid}).
func (s SharedDocumentsService) Get(ctx context.Context, sender SenderID, uuid string, opts ...countersign.CallOption) (*SharedDocuments, error) {
	var m xmlShared
	p := api.NewPath("/{senderID}/share-documents-requests/uuid/{uuid}", sender.text(), uuid)
	if err := s.run(ctx, get("get shared documents", p, nil), &m, opts...); err != nil {
		return nil, err
	}
	return &SharedDocuments{m.Documents, m.Shared, m.Expiry, m.Withdrawn, m.Links}, nil
}

// Content streams a shared document (relation get_shared_document_content_stream).
// The caller closes the stream. Don't assume a type of file: see ContentType.
func (s SharedDocumentsService) Content(ctx context.Context, d SharedDocument, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.download(ctx, "get shared content", d.Links, "get_shared_document_content_stream", opts)
}

// ContentLink gives an address at which a person can fetch a shared document
// without signing in (relation get_shared_document_content).
func (s SharedDocumentsService) ContentLink(ctx context.Context, d SharedDocument, opts ...countersign.CallOption) (*ContentLink, error) {
	return s.contentLink(ctx, "get link to shared content", d.Links, "get_shared_document_content", opts)
}

// Stop ends the sharing before its time (relation stop_sharing).
func (s SharedDocumentsService) Stop(ctx context.Context, sender SenderID, d SharedDocuments, opts ...countersign.CallOption) error {
	p, query, err := follow(d.Links, "stop_sharing")
	if err != nil {
		return err
	}
	return s.addData(ctx, p, query, AdditionalData{Data: RawDataType(sharingStopped), Sender: sender}, opts)
}
