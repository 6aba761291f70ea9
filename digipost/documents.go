package digipost

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// DocumentsService tells what became of documents.
type DocumentsService struct{ service }

// DocumentStatus is where a document is.
type DocumentStatus struct {
	UUID      string    `xml:"uuid,attr"`
	SenderID  SenderID  `xml:"sender-id,attr"`
	Status    string    `xml:"status,attr"` // "DELIVERED" or "NOT_DELIVERED"
	Created   time.Time `xml:"created,attr"`
	Delivered time.Time `xml:"delivered,attr"`
	Read      string    `xml:"read,attr"` // "Y" or "N" where an opening receipt was asked for
	Channel   Channel   `xml:"channel,attr"`
	Primary   bool      `xml:"is-primary-document,attr"`

	ContentHash   string           `xml:"content-hash,attr"`
	HashAlgorithm string           `xml:"content-hash-algorithm,attr"` // "SHA256", "MD5" or "NONE"
	Attachments   []DocumentStatus `xml:"attachments"`
	Links         []Link           `xml:"link"`
}

// Status reads a document's status (GET /documents/{sender-id}/{uuid}/status).
func (s DocumentsService) Status(ctx context.Context, sender SenderID, uuid string, opts ...countersign.CallOption) (*DocumentStatus, error) {
	var m struct {
		XMLName xml.Name `xml:"document-status"`
		DocumentStatus
	}
	err := s.run(ctx, api.Call{
		Op: "get document status", Method: http.MethodGet, Effect: api.Read,
		Path: api.NewPath("/documents/{senderID}/{uuid}/status", sender.text(), uuid),
	}, &m, opts...)
	if err != nil {
		return nil, err
	}
	return &m.DocumentStatus, nil
}

// AddData adds structured data to a document that was sent (relation add_data of
// the delivered document). What became of it after countersign.ErrOutcomeUnknown
// can't be asked: whether adding twice shows twice is undocumented.
func (s DocumentsService) AddData(ctx context.Context, d DeliveredDocument, data AdditionalData, opts ...countersign.CallOption) error {
	p, query, err := follow(d.Links, "add_data")
	if err != nil {
		return err
	}
	return s.addData(ctx, p, query, data, opts)
}

// AdditionalData is data for a document that was sent.
type AdditionalData struct {
	Data DataType // required
	// Sender and SenderOrganisation say for whom, as in Message.
	Sender             SenderID
	SenderOrganisation *SenderOrganisation
}

func (s service) addData(ctx context.Context, p api.Path, query url.Values, data AdditionalData, opts []countersign.CallOption) error {
	if data.Data == nil || data.Sender < 0 || data.Sender != 0 && data.SenderOrganisation != nil {
		return messageError("AdditionalData", "has no data, or a sender that is negative or named twice")
	}
	element, err := wireDataType(data.Data)
	if err != nil {
		return err
	}
	return s.post(ctx, api.Call{Op: "add data", Method: http.MethodPost, Path: p, Query: query}, struct {
		XMLName            xml.Name            `xml:"http://api.digipost.no/schema/v8 additional-data"`
		Data               *xmlDataType        `xml:"data-type"`
		Sender             SenderID            `xml:"sender-id,omitempty"`
		SenderOrganisation *SenderOrganisation `xml:"sender-organization"`
	}{Data: element, Sender: data.Sender, SenderOrganisation: data.SenderOrganisation}, nil, opts)
}
