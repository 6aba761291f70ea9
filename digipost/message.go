package digipost

import (
	"encoding/xml"
	"errors"
	"strconv"
	"time"

	"github.com/countersign/countersign"
)

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
	// OpeningReceipt asks the recipient to confirm the reading: the name of the
	// receipt. Empty: none.
	OpeningReceipt string
	SMS            *SMSNotification
	Email          *EmailNotification
	Data           DataType // nil: none
	// TechnicalType marks an attachment for programs, by agreement with Digipost.
	TechnicalType string
	// Content is opened twice for each attempt, for its hash and to be sent.
	Content countersign.Upload
}

// SenderOrganisation names a sender by organisation number and, where parts of it
// have an account of their own, the part. Naming it so takes a permission.
type SenderOrganisation struct {
	ID   string `xml:"organization-id"`
	Part string `xml:"part-id,omitempty"`
}

// PrintIfUnread prints a message that the recipient has not read in time.
type PrintIfUnread struct {
	After time.Time
	Print Print
}

// RegistrationRequest asks a person without Digipost to register; see Message.
type RegistrationRequest struct {
	Deadline time.Time // required
	// Phone gets Norway's +47 where it has eight digits; any other needs its
	// country's code.
	Phone string
	Email string
	Print *Print // on paper, where the person does not register in time
}

// Message is one message to one recipient.
type Message struct {
	// ID makes sending repeatable: Digipost refuses one that it has seen. Send
	// gives one where it is empty; a program that may be ended while it sends
	// keeps one of its own, and UUIDs of its documents to ask with.
	ID string
	// Sender is on whose behalf the broker sends; SenderOrganisation names it in
	// another way, and only one of the two may be set. Neither: the broker itself.
	Sender             SenderID
	SenderOrganisation *SenderOrganisation
	// Recipient is required, but for a message that is Print only.
	Recipient Recipient
	// Print goes along with the recipient: Digipost prints where the recipient is
	// no user. Digital and printed content are then the same; see
	// Messages.SendOrPrint.
	Print            *Print
	DeliveryTime     time.Time // takes a permission; zero: at once
	InvoiceReference string    // at most 100 characters
	Primary          Document
	Attachments      []Document // at most Config.MaxAttachments
	PrintIfUnread    *PrintIfUnread
	// Registration invites a recipient, named by fødselsnummer, who has no
	// Digipost. The delivery's channel is then ChannelPending, or empty.
	Registration *RegistrationRequest
	Batch        string // UUID of a batch that was created; empty: none
}

// Digipost's page of questions allows 99 attachments, its schema 201.
const defaultAttachments = 99

func messageError(field, reason string) error { return fixableError(field, reason, "") }

func fixableError(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "digipost", Field: field, Reason: reason, Fix: fix}
}

// within says in which of several documents the field is that an error names.
func within(parent string, err error) error {
	e, ok := errors.AsType[*countersign.ConfigError](err)
	if !ok {
		return err
	}
	return fixableError(parent+"."+e.Field, e.Reason, e.Fix)
}

// place names one element of a list.
func place(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// check finds what would be refused; attachments is how many there may be.
func (m Message) check(attachments int) error {
	switch {
	case m.Sender < 0 || m.Sender != 0 && m.SenderOrganisation != nil:
		return messageError("Sender", "is negative, or set beside SenderOrganisation")
	case m.SenderOrganisation != nil && (m.SenderOrganisation.ID == "" || longer(35, m.SenderOrganisation.ID) || longer(100, m.SenderOrganisation.Part)):
		return messageError("SenderOrganisation", "has no ID of 1 to 35 characters, or a part of more than 100")
	case m.Recipient.count() == 0 && m.Print == nil:
		return fixableError("Recipient", "has no field", "set one, such as PersonalID")
	case longer(100, m.InvoiceReference):
		return messageError("InvoiceReference", "has more than 100 characters")
	case len(m.Attachments) > attachments:
		return messageError("Attachments", "are too many")
	case m.Batch != "" && !isUUID(m.Batch):
		return messageError("Batch", "is not a UUID in lower case")
	}
	if err := m.Recipient.check(); err != nil {
		return err
	}
	if err := m.checkPrint(); err != nil {
		return err
	}
	if err := m.Primary.check(); err != nil {
		return within("Primary", err)
	}
	for i, d := range m.Attachments {
		if err := d.check(); err != nil {
			return within(place("Attachments", i), err)
		}
	}
	return nil
}

func (m Message) checkPrint() error {
	prints := []*Print{m.Print}
	if p := m.PrintIfUnread; p != nil {
		if p.After.IsZero() {
			return messageError("PrintIfUnread", "has no time")
		}
		prints = append(prints, &p.Print)
	}
	if r := m.Registration; r != nil {
		if r.Deadline.IsZero() || m.Recipient.PersonalID == "" {
			return messageError("Registration", "has no deadline, or the recipient is not named by fødselsnummer")
		}
		prints = append(prints, r.Print)
	}
	for _, p := range prints {
		if p == nil {
			continue
		}
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

func (m Message) documents() []Document { return append([]Document{m.Primary}, m.Attachments...) }

func (d Document) check() error {
	switch {
	case d.Subject == "" || longer(255, d.Subject):
		return messageError("Subject", "is not 1 to 255 characters")
	case d.FileType == "":
		return fixableError("FileType", "is empty", `give the file's ending, such as "pdf"`)
	case d.Authentication == "":
		return fixableError("Authentication", "is not set", "choose a level, such as LevelTwoFactor")
	case d.Sensitivity == "":
		return fixableError("Sensitivity", "is not set", "choose SensitivityNormal or SensitivitySensitive")
	case d.Content.Open == nil:
		return fixableError("Content.Open", "is missing", "set the function that opens the file")
	case d.UUID != "" && !isUUID(d.UUID):
		return messageError("UUID", "is not a UUID in lower case")
	}
	if d.SMS != nil {
		if err := d.SMS.check(); err != nil {
			return err
		}
	}
	if d.Email != nil {
		return d.Email.check()
	}
	return nil
}

type xmlMessage struct {
	XMLName            xml.Name            `xml:"http://api.digipost.no/schema/v8 message"`
	ID                 string              `xml:"message-id,omitempty"`
	SenderID           SenderID            `xml:"sender-id,omitempty"`
	SenderOrganisation *SenderOrganisation `xml:"sender-organization"`
	Recipient          xmlRecipient        `xml:"recipient"`
	DeliveryTime       string              `xml:"delivery-time,omitempty"`
	InvoiceReference   string              `xml:"invoice-reference,omitempty"`
	Primary            xmlDocument         `xml:"primary-document"`
	Attachments        []xmlDocument       `xml:"attachment"`
	PrintIfUnread      *xmlPrintIfUnread   `xml:"print-if-unread"`
	Registration       *xmlRegistration    `xml:"request-for-registration"`
	Batch              *xmlBatch           `xml:"batch"`
}

type xmlPrintIfUnread struct {
	After string    `xml:"print-if-unread-after"`
	Print *xmlPrint `xml:"print-details"`
}

type xmlRegistration struct {
	Deadline string    `xml:"registration-deadline"`
	Phone    string    `xml:"phone-number,omitempty"`
	Email    string    `xml:"email-address,omitempty"`
	Print    *xmlPrint `xml:"print-details"`
}

type xmlDocument struct {
	TechnicalType  string              `xml:"technical-type,attr,omitempty"`
	UUID           string              `xml:"uuid,omitempty"`
	Subject        string              `xml:"subject,omitempty"`
	FileType       string              `xml:"file-type"`
	OpeningReceipt string              `xml:"opening-receipt,omitempty"`
	SMS            *xmlSMS             `xml:"sms-notification"`
	Email          *xmlEmail           `xml:"email-notification"`
	Authentication AuthenticationLevel `xml:"authentication-level,omitempty"`
	Sensitivity    SensitivityLevel    `xml:"sensitivity-level,omitempty"`
	Data           *xmlDataType        `xml:"data-type"`
}

func (d Document) wire() (xmlDocument, error) {
	data, err := wireDataType(d.Data)
	return xmlDocument{
		TechnicalType: d.TechnicalType, UUID: d.UUID, Subject: d.Subject, FileType: d.FileType, OpeningReceipt: d.OpeningReceipt,
		SMS: d.SMS.wire(), Email: d.Email.wire(), Authentication: d.Authentication, Sensitivity: d.Sensitivity, Data: data,
	}, err
}

func (m Message) wire() (xmlMessage, error) {
	w := xmlMessage{
		ID: m.ID, SenderID: m.Sender, SenderOrganisation: m.SenderOrganisation, Recipient: m.Recipient.wire(), InvoiceReference: m.InvoiceReference,
	}
	w.Recipient.Print = m.Print.wire()
	if !m.DeliveryTime.IsZero() {
		w.DeliveryTime = dateTime(m.DeliveryTime)
	}
	if p := m.PrintIfUnread; p != nil {
		w.PrintIfUnread = &xmlPrintIfUnread{dateTime(p.After), p.Print.wire()}
	}
	if r := m.Registration; r != nil {
		w.Registration = &xmlRegistration{dateTime(r.Deadline), r.Phone, r.Email, r.Print.wire()}
	}
	if m.Batch != "" {
		w.Batch = &xmlBatch{UUID: m.Batch}
	}
	for i, d := range m.documents() {
		doc, err := d.wire()
		if err != nil {
			return w, err
		}
		if i == 0 {
			w.Primary = doc
		} else {
			w.Attachments = append(w.Attachments, doc)
		}
	}
	return w, nil
}

// body is the message as multipart/vnd.digipost-v8+xml.
func (m Message) body() (countersign.Upload, error) {
	w, err := m.wire()
	if err != nil {
		return countersign.Upload{}, err
	}
	var files []file
	for _, d := range m.documents() {
		files = append(files, file{d.UUID, d.Content})
	}
	return multipartBody("message", w, files)
}
