package digipost

import (
	"bytes"
	"encoding/xml"
	"io"
	"mime/multipart"
	"net/textproto"
	"time"

	"github.com/countersign/countersign"
)

// Recipient says who gets a message: exactly one of its fields.
type Recipient struct {
	PersonalID     string // fødselsnummer, 11 digits
	Organisation   OrganisationNumber
	Address        string // Digipost address
	NameAndAddress *NameAndAddress
	BankAccount    string // 11 digits; takes a permission of its own
}

// NameAndAddress finds a person by what is written on an envelope.
type NameAndAddress struct {
	FullName     string           `xml:"fullname"`
	AddressLine1 string           `xml:"addressline1"`
	AddressLine2 string           `xml:"addressline2,omitempty"`
	PostalCode   string           `xml:"postalcode"`
	City         string           `xml:"city"`
	BirthDate    countersign.Date `xml:"birth-date,omitempty"`
}

// PostalAddress is a name and a Norwegian address, for print.
type PostalAddress struct {
	Name         string
	AddressLine1 string
	AddressLine2 string
	ZipCode      string
	City         string
}

// Print is what it takes to send on paper. Colours and returns are Digipost's
// defaults: monochrome, returned to the sender.
type Print struct {
	To     PostalAddress
	Return PostalAddress
}

// AuthenticationLevel is how strongly a recipient signs in to read a document.
type AuthenticationLevel string

// The levels. The last two take a permission of public authorities.
const (
	LevelPassword  AuthenticationLevel = "PASSWORD"
	LevelTwoFactor AuthenticationLevel = "TWO_FACTOR"
	LevelIDPorten3 AuthenticationLevel = "IDPORTEN_3"
	LevelIDPorten4 AuthenticationLevel = "IDPORTEN_4"
)

// SensitivityLevel is how much of a document notifications tell.
type SensitivityLevel string

// The levels.
const (
	SensitivityNormal    SensitivityLevel = "NORMAL"
	SensitivitySensitive SensitivityLevel = "SENSITIVE"
)

// Document is one file of a message.
type Document struct {
	// UUID is given by Send where it is empty: 36 characters in lower case, unique
	// for the sender.
	UUID string
	// Subject is required, at most 255 characters.
	Subject string
	// FileType is the file's ending: "pdf", "txt". It is required.
	FileType string
	// Authentication and Sensitivity are required: Digipost advises against
	// leaving them to their defaults.
	Authentication AuthenticationLevel
	Sensitivity    SensitivityLevel
	// Content is opened twice for each attempt, for its hash and to be sent.
	Content countersign.Upload
}

// Message is one message to one recipient.
type Message struct {
	// ID makes sending repeatable: Digipost refuses one that it has seen. Send
	// gives one where it is empty; a program that may be ended while it sends
	// keeps one of its own.
	ID string
	// Sender is on whose behalf the broker sends. Zero: the broker itself.
	Sender SenderID
	// Recipient is required, but for a message that is Print only.
	Recipient Recipient
	// Print goes along with the recipient: Digipost prints where the recipient is
	// no user. Digital and printed content are then the same; see
	// Messages.SendOrPrint.
	Print            *Print
	DeliveryTime     time.Time // takes a permission; zero: at once
	InvoiceReference string    // at most 100 characters
	Primary          Document
	Attachments      []Document // at most 99
	Batch            string     // UUID of a batch that was created; empty: none
}

const maxAttachments = 99

func messageError(field, reason string) error {
	return &countersign.ConfigError{Component: "digipost", Field: field, Reason: reason}
}

func (m Message) check() error {
	if m.Sender < 0 {
		return messageError("Sender", "is negative")
	}
	if n := m.Recipient.count(); n > 1 || n == 0 && m.Print == nil {
		return messageError("Recipient", "does not have exactly one field")
	}
	if len(m.Attachments) > maxAttachments {
		return messageError("Attachments", "are more than 99")
	}
	for _, d := range m.documents() {
		if err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

func (m Message) documents() []Document { return append([]Document{m.Primary}, m.Attachments...) }

func (r Recipient) count() int {
	n := 0
	for _, set := range []bool{r.PersonalID != "", r.Organisation != "", r.Address != "", r.NameAndAddress != nil, r.BankAccount != ""} {
		if set {
			n++
		}
	}
	return n
}

func (d Document) check() error {
	switch {
	case d.Subject == "" || len([]rune(d.Subject)) > 255:
		return messageError("Subject", "is not 1 to 255 characters")
	case d.FileType == "":
		return messageError("FileType", "is empty")
	case d.Authentication == "":
		return messageError("Authentication", "is not set")
	case d.Sensitivity == "":
		return messageError("Sensitivity", "is not set")
	case d.Content.Open == nil:
		return messageError("Content", "can't be opened")
	case d.UUID != "" && !isUUID(d.UUID):
		return messageError("UUID", "is not a UUID in lower case")
	}
	return nil
}

type xmlMessage struct {
	XMLName          xml.Name      `xml:"http://api.digipost.no/schema/v8 message"`
	ID               string        `xml:"message-id,omitempty"`
	SenderID         SenderID      `xml:"sender-id,omitempty"`
	Recipient        xmlRecipient  `xml:"recipient"`
	DeliveryTime     string        `xml:"delivery-time,omitempty"`
	InvoiceReference string        `xml:"invoice-reference,omitempty"`
	Primary          xmlDocument   `xml:"primary-document"`
	Attachments      []xmlDocument `xml:"attachment"`
	Batch            *xmlBatch     `xml:"batch"`
}

type xmlWho struct {
	PersonalID     string             `xml:"personal-identification-number,omitempty"`
	Organisation   OrganisationNumber `xml:"organisation-number,omitempty"`
	Address        string             `xml:"digipost-address,omitempty"`
	NameAndAddress *xmlNameAndAddress `xml:"name-and-address"`
	BankAccount    string             `xml:"bank-account-number,omitempty"`
}

type xmlNameAndAddress struct {
	FullName     string `xml:"fullname"`
	AddressLine1 string `xml:"addressline1"`
	AddressLine2 string `xml:"addressline2,omitempty"`
	PostalCode   string `xml:"postalcode"`
	City         string `xml:"city"`
	BirthDate    string `xml:"birth-date,omitempty"`
}

type xmlRecipient struct {
	xmlWho
	Print *xmlPrint `xml:"print-details"`
}

type xmlPrint struct {
	To     xmlPostal `xml:"recipient"`
	Return xmlPostal `xml:"return-address"`
}

type xmlPostal struct {
	Name    string `xml:"name"`
	Address struct {
		Line1   string `xml:"addressline1,omitempty"`
		Line2   string `xml:"addressline2,omitempty"`
		ZipCode string `xml:"zip-code"`
		City    string `xml:"city"`
	} `xml:"norwegian-address"`
}

type xmlDocument struct {
	UUID           string              `xml:"uuid,omitempty"`
	Subject        string              `xml:"subject,omitempty"`
	FileType       string              `xml:"file-type"`
	Authentication AuthenticationLevel `xml:"authentication-level,omitempty"`
	Sensitivity    SensitivityLevel    `xml:"sensitivity-level,omitempty"`
	ContentHash    string              `xml:"content-hash,omitempty"`
}

func (r Recipient) wire() xmlWho {
	w := xmlWho{PersonalID: r.PersonalID, Organisation: r.Organisation, Address: r.Address, BankAccount: r.BankAccount}
	if n := r.NameAndAddress; n != nil {
		w.NameAndAddress = &xmlNameAndAddress{n.FullName, n.AddressLine1, n.AddressLine2, n.PostalCode, n.City, ""}
		if !n.BirthDate.IsZero() {
			w.NameAndAddress.BirthDate = n.BirthDate.String()
		}
	}
	return w
}

func (p PostalAddress) wire() xmlPostal {
	var w xmlPostal
	w.Name = p.Name
	w.Address.Line1, w.Address.Line2, w.Address.ZipCode, w.Address.City = p.AddressLine1, p.AddressLine2, p.ZipCode, p.City
	return w
}

func (m Message) wire() xmlMessage {
	w := xmlMessage{ID: m.ID, SenderID: m.Sender, Recipient: xmlRecipient{xmlWho: m.Recipient.wire()}, InvoiceReference: m.InvoiceReference}
	if m.Print != nil {
		w.Recipient.Print = &xmlPrint{m.Print.To.wire(), m.Print.Return.wire()}
	}
	if !m.DeliveryTime.IsZero() {
		w.DeliveryTime = m.DeliveryTime.Format(time.RFC3339Nano)
	}
	if m.Batch != "" {
		w.Batch = &xmlBatch{UUID: m.Batch}
	}
	for i, d := range m.documents() {
		doc := xmlDocument{UUID: d.UUID, Subject: d.Subject, FileType: d.FileType, Authentication: d.Authentication, Sensitivity: d.Sensitivity}
		if i == 0 {
			w.Primary = doc
		} else {
			w.Attachments = append(w.Attachments, doc)
		}
	}
	return w
}

// body is the message as multipart/vnd.digipost-v8+xml: the XML first, then a part
// for each document, named by its UUID. Files are streamed.
func (m Message) body() (countersign.Upload, error) {
	doc, err := encodeXML(m.wire())
	if err != nil {
		return countersign.Upload{}, err
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := part(w, mediaType, "message", doc); err != nil {
		return countersign.Upload{}, err
	}
	var texts [][]byte
	size := int64(0)
	for _, d := range m.documents() {
		if err := part(w, contentType(d), d.UUID, nil); err != nil {
			return countersign.Upload{}, err
		}
		texts = append(texts, bytes.Clone(buf.Bytes()))
		buf.Reset()
		if size >= 0 && d.Content.Size >= 0 {
			size += d.Content.Size
		} else {
			size = -1
		}
	}
	if err := w.Close(); err != nil {
		return countersign.Upload{}, err
	}
	texts = append(texts, buf.Bytes())
	for _, t := range texts {
		if size >= 0 {
			size += int64(len(t))
		}
	}
	return countersign.Upload{
		ContentType: "multipart/vnd.digipost-v8+xml; boundary=" + w.Boundary(), Size: size,
		Open: func() (io.ReadCloser, error) { return openParts(texts, m.documents()) },
	}, nil
}

func part(w *multipart.Writer, contentType, name string, content []byte) error {
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	p, err := w.CreatePart(h)
	if err == nil {
		_, err = p.Write(content)
	}
	return err
}

// contentType is a document's, without what would begin a header line of its own.
func contentType(d Document) string {
	if t := d.Content.ContentType; t != "" && textproto.TrimString(t) == t && !bytes.ContainsAny([]byte(t), "\r\n") {
		return t
	}
	return "application/octet-stream"
}

// openParts opens the texts and files of a message as one stream; each file is
// opened when its turn comes.
func openParts(texts [][]byte, docs []Document) (io.ReadCloser, error) {
	p := &parts{texts: texts, docs: docs}
	p.next()
	return p, nil
}

type parts struct {
	texts   [][]byte
	docs    []Document
	at      int
	current io.ReadCloser
}

// next goes on to the next text or file; current is nil behind the last.
func (p *parts) next() {
	p.current = nil
	switch i := p.at / 2; {
	case p.at%2 == 0 && i < len(p.texts):
		p.current = io.NopCloser(bytes.NewReader(p.texts[i]))
	case p.at%2 == 1 && i < len(p.docs):
		p.current = &lazy{open: p.docs[i].Content.Open}
	}
	p.at++
}

// Read goes through the parts in turn.
func (p *parts) Read(b []byte) (int, error) {
	for p.current != nil {
		n, err := p.current.Read(b)
		if err != io.EOF {
			return n, err
		}
		if err := p.current.Close(); err != nil {
			return n, err
		}
		p.next()
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}

// Close closes the file that is open.
func (p *parts) Close() error {
	if p.current == nil {
		return nil
	}
	return p.current.Close()
}

// lazy opens a file when it is read first.
type lazy struct {
	open func() (io.ReadCloser, error)
	file io.ReadCloser
}

// Read opens the file where that has not happened.
func (l *lazy) Read(b []byte) (int, error) {
	if l.file == nil {
		f, err := l.open()
		if err != nil {
			return 0, err
		}
		l.file = f
	}
	return l.file.Read(b)
}

// Close closes the file if it was opened.
func (l *lazy) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// upload is bytes as a body.
func upload(contentType string, b []byte) countersign.Upload {
	return countersign.Upload{ContentType: contentType, Size: int64(len(b)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}
