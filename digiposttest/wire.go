package digiposttest

import "encoding/xml"

// The wire types are the server's own, so that one bug can't hide on both sides.

type wireLink struct {
	Rel       string `xml:"rel,attr"`
	URI       string `xml:"uri,attr"`
	MediaType string `xml:"media-type,attr"`
}

func link(base, relation, path string) wireLink {
	return wireLink{"https://api.digipost.no/relations/" + relation, base + path, mediaType}
}

type wireError struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 error"`
	Code    string   `xml:"error-code"`
	Message string   `xml:"error-message"`
	Type    string   `xml:"error-type"`
}

type wireEntryPoint struct {
	XMLName     xml.Name   `xml:"http://api.digipost.no/schema/v8 entrypoint"`
	Certificate string     `xml:"certificate"`
	Links       []wireLink `xml:"link"`
}

type wireSender struct {
	XMLName  xml.Name      `xml:"http://api.digipost.no/schema/v8 sender-information"`
	SenderID int64         `xml:"sender-id,omitempty"`
	Status   string        `xml:"status"`
	Features *wireFeatures `xml:"supported-features"`
}

type wireFeatures struct {
	Feature []string `xml:"feature"`
}

type wireWho struct {
	PersonalID   string    `xml:"personal-identification-number"`
	Organisation string    `xml:"organisation-number"`
	Address      string    `xml:"digipost-address"`
	Emails       []string  `xml:"email-details>email-address"`
	Peppol       string    `xml:"peppol-addresses>receiver>endpointID"`
	Name         string    `xml:"name-and-address>fullname"`
	BankAccount  string    `xml:"bank-account-number"`
	Print        *struct{} `xml:"print-details"`
}

type wireIdentified struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification-result"`
	Result  string   `xml:"result"`
	Address string   `xml:"digipost-address,omitempty"`
	Alias   string   `xml:"person-alias,omitempty"`
	Reason  string   `xml:"unidentified-reason,omitempty"`
	Invalid string   `xml:"invalid-reason,omitempty"`
}

type wireHash struct {
	Algorithm string `xml:"hash-algorithm,attr"`
	Value     string `xml:",chardata"`
}

type wireData struct {
	XML string `xml:",innerxml"`
}

type wireDocument struct {
	UUID     string   `xml:"uuid"`
	Subject  string   `xml:"subject"`
	FileType string   `xml:"file-type"`
	Data     wireData `xml:"data-type"`
}

type wireMessage struct {
	XMLName      xml.Name       `xml:"http://api.digipost.no/schema/v8 message"`
	ID           string         `xml:"message-id"`
	SenderID     int64          `xml:"sender-id"`
	Organisation string         `xml:"sender-organization>organization-id"`
	Recipient    wireWho        `xml:"recipient"`
	Primary      wireDocument   `xml:"primary-document"`
	Attachments  []wireDocument `xml:"attachment"`
	Registration *struct{}      `xml:"request-for-registration"`
	Batch        string         `xml:"batch>uuid"`
}

type wireDelivered struct {
	UUID     string     `xml:"uuid,omitempty"`
	Subject  string     `xml:"subject,omitempty"`
	FileType string     `xml:"file-type"`
	Hash     wireHash   `xml:"content-hash"`
	Links    []wireLink `xml:"link"`
}

type wireDelivery struct {
	XMLName     xml.Name        `xml:"http://api.digipost.no/schema/v8 message-delivery"`
	ID          string          `xml:"message-id,omitempty"`
	Method      string          `xml:"delivery-method"`
	SenderID    int64           `xml:"sender-id"`
	Status      string          `xml:"status"`
	Delivered   string          `xml:"delivery-time,omitempty"`
	Primary     wireDelivered   `xml:"primary-document"`
	Attachments []wireDelivered `xml:"attachment"`
}

type wireStatus struct {
	XMLName   xml.Name `xml:"http://api.digipost.no/schema/v8 document-status"`
	UUID      string   `xml:"uuid,attr"`
	SenderID  int64    `xml:"sender-id,attr"`
	Status    string   `xml:"status,attr"`
	Created   string   `xml:"created,attr"`
	Delivered string   `xml:"delivered,attr,omitempty"`
	Channel   string   `xml:"channel,attr"`
	Primary   bool     `xml:"is-primary-document,attr"`
	Hash      string   `xml:"content-hash,attr"`
	Algorithm string   `xml:"content-hash-algorithm,attr"`
}

type wireEvents struct {
	XMLName xml.Name    `xml:"http://api.digipost.no/schema/v8 document-events"`
	Events  []wireEvent `xml:"event"`
}

type wireEvent struct {
	UUID            string        `xml:"uuid,attr"`
	Type            string        `xml:"type,attr"`
	Created         string        `xml:"created,attr"`
	DocumentCreated string        `xml:"document-created,attr"`
	Metadata        *wireMetadata `xml:"metadata"`
}

type wireMetadata struct {
	Type    string     `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
	Details []xml.Attr `xml:",any,attr"`
}

type wireInbox struct {
	XMLName   xml.Name           `xml:"http://api.digipost.no/schema/v8 inbox"`
	Documents []wireInboxElement `xml:"document"`
}

type wireInboxElement struct {
	ID          int64              `xml:"id"`
	Reference   string             `xml:"reference-from-sender,omitempty"`
	Subject     string             `xml:"subject"`
	Sender      string             `xml:"sender"`
	Delivered   string             `xml:"delivery-time"`
	Accessed    string             `xml:"first-accessed,omitempty"`
	Level       string             `xml:"authentication-level"`
	ContentType string             `xml:"content-type"`
	ContentURI  string             `xml:"content-uri,omitempty"`
	DeleteURI   string             `xml:"delete-uri,omitempty"`
	Attachments []wireInboxElement `xml:"attachment"`
	Links       []wireLink         `xml:"link"`
}

type wireBatch struct {
	XMLName  xml.Name   `xml:"http://api.digipost.no/schema/v8 batch"`
	UUID     string     `xml:"uuid"`
	Status   string     `xml:"status,omitempty"`
	Digipost int        `xml:"count-digipost"`
	Print    int        `xml:"count-print"`
	Links    []wireLink `xml:"link"`
}

type wireRecipients struct {
	XMLName   xml.Name        `xml:"http://api.digipost.no/schema/v8 recipients"`
	Recipient []wireRecipient `xml:"recipient"`
}

type wireRecipient struct {
	Address      string `xml:"digipost-address"`
	Organisation string `xml:"organisation-number,omitempty"`
	Name         string `xml:"organisation-name,omitempty"`
}

type wireAutocomplete struct {
	XMLName    xml.Name         `xml:"http://api.digipost.no/schema/v8 autocomplete"`
	Suggestion []wireSuggestion `xml:"suggestion"`
}

type wireSuggestion struct {
	Term string   `xml:"search-string"`
	Link wireLink `xml:"link"`
}

type wireUserAccount struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 user-account"`
	Address string   `xml:"digipost-address"`
	Key     string   `xml:"encryption-key"`
}

type wireTags struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 tags"`
	Type    []string `xml:"tag-type"`
}
