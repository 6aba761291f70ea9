package digipost

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"time"

	"github.com/countersign/countersign"
)

const dataTypes = "http://api.digipost.no/schema/datatypes"

// DataType is structured data beside a document's file, of Digipost's schema of
// data types: Invoice, Inkasso, ShareDocumentsRequest, or any other as
// RawDataType.
type DataType interface {
	element() ([]byte, error)
}

// RawDataType is a data type as XML: one element of the namespace
// http://api.digipost.no/schema/datatypes that declares its namespaces itself,
// without anything but white space before or behind it. It is sent as it is. Digipost's schema
// datatypes.xsd names the elements: appointment, payslip, receipt, residence, ….
type RawDataType []byte

func (r RawDataType) element() ([]byte, error) {
	r = bytes.TrimSpace(r)
	d := xml.NewDecoder(bytes.NewReader(r))
	depth := 0
	for first := true; ; first = false {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && !first {
			return r, nil
		}
		if err != nil {
			return nil, dataTypeError("is not well-formed XML")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && !first {
				return nil, dataTypeError("is more than one element")
			}
			if depth == 0 && t.Name.Space != dataTypes {
				return nil, dataTypeError("is not of the namespace " + dataTypes)
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return nil, dataTypeError("has a document type")
		default:
			if depth == 0 {
				return nil, dataTypeError("is not one element alone")
			}
		}
	}
}

func dataTypeError(reason string) error { return messageError("DataType", reason) }

// ExternalLink is a link that Digipost shows beside a document.
type ExternalLink struct {
	URL         string
	Deadline    time.Time
	Description string
	ButtonText  string
}

// Invoice is a bill that the recipient can pay from Digipost.
type Invoice struct {
	Link    *ExternalLink
	Due     time.Time           // required
	Sum     countersign.Decimal // kroner; required
	Account string              // the creditor's, 11 digits; required
	KID     string              // some senders may leave it out
}

// Inkasso is a debt collection notice.
type Inkasso struct {
	Link    *ExternalLink
	Due     time.Time // required
	Sum     countersign.Decimal
	Account string
	KID     string
}

// ShareDocumentsRequest asks the recipient to share documents with the sender;
// see SharedDocumentsService. It goes with a message's primary document.
type ShareDocumentsRequest struct {
	Duration time.Duration // from the moment of sharing; whole seconds; required
	Purpose  string        // shown to the recipient; required
	Origins  []OrganisationNumber
}

type xmlLink struct {
	URL         string `xml:"url"`
	Deadline    string `xml:"deadline,omitempty"`
	Description string `xml:"description,omitempty"`
	ButtonText  string `xml:"button-text,omitempty"`
}

// wire of nil is nil.
func (l *ExternalLink) wire() *xmlLink {
	if l == nil {
		return nil
	}
	w := &xmlLink{l.URL, "", l.Description, l.ButtonText}
	if !l.Deadline.IsZero() {
		w.Deadline = dateTime(l.Deadline)
	}
	return w
}

func (i Invoice) element() ([]byte, error) {
	if i.Due.IsZero() || i.Sum.IsZero() || i.Account == "" {
		return nil, dataTypeError("lacks due date, sum or account")
	}
	return xml.Marshal(struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/datatypes invoice"`
		Link    *xmlLink `xml:"link"`
		Due     string   `xml:"due-date"`
		Sum     string   `xml:"sum"`
		Account string   `xml:"creditor-account"`
		KID     string   `xml:"kid,omitempty"`
	}{Link: i.Link.wire(), Due: dateTime(i.Due), Sum: i.Sum.String(), Account: i.Account, KID: i.KID})
}

func (i Inkasso) element() ([]byte, error) {
	if i.Due.IsZero() {
		return nil, dataTypeError("lacks the due date")
	}
	return xml.Marshal(struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/datatypes inkasso"`
		Link    *xmlLink `xml:"link"`
		Due     string   `xml:"due-date"`
		Sum     string   `xml:"sum,omitempty"`
		Account string   `xml:"account,omitempty"`
		KID     string   `xml:"kid,omitempty"`
	}{Link: i.Link.wire(), Due: dateTime(i.Due), Sum: i.Sum.String(), Account: i.Account, KID: i.KID})
}

func (s ShareDocumentsRequest) element() ([]byte, error) {
	if s.Duration < time.Second || s.Purpose == "" {
		return nil, dataTypeError("lacks duration or purpose")
	}
	return xml.Marshal(struct {
		XMLName xml.Name             `xml:"http://api.digipost.no/schema/datatypes share-documents-request"`
		Seconds int64                `xml:"max-share-duration-seconds"`
		Purpose string               `xml:"purpose"`
		Origins []OrganisationNumber `xml:"allowed-origin-organisation-numbers"`
	}{Seconds: int64(s.Duration / time.Second), Purpose: s.Purpose, Origins: s.Origins})
}

// sharingStopped ends a sharing; see SharedDocumentsService.Stop.
const sharingStopped = `<share-documents-request-sharing-stopped xmlns="` + dataTypes + `"/>`

type xmlDataType struct {
	Element []byte `xml:",innerxml"`
}

// wireDataType of nil is nil.
func wireDataType(d DataType) (*xmlDataType, error) {
	if d == nil {
		return nil, nil
	}
	element, err := d.element()
	if err != nil {
		return nil, err
	}
	return &xmlDataType{element}, nil
}
