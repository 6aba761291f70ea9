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
	Name         string    `xml:"name-and-address>fullname"`
	BankAccount  string    `xml:"bank-account-number"`
	Print        *struct{} `xml:"print-details"`
}

type wireIdentified struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification-result"`
	Result  string   `xml:"result"`
	Address string   `xml:"digipost-address,omitempty"`
	Reason  string   `xml:"unidentified-reason,omitempty"`
	Invalid string   `xml:"invalid-reason,omitempty"`
}

type wireDocument struct {
	UUID        string `xml:"uuid,omitempty"`
	Subject     string `xml:"subject,omitempty"`
	FileType    string `xml:"file-type"`
	Level       string `xml:"authentication-level,omitempty"`
	Sensitivity string `xml:"sensitivity-level,omitempty"`
	Hash        *struct {
		Algorithm string `xml:"hash-algorithm,attr"`
		Value     string `xml:",chardata"`
	} `xml:"content-hash"`
}

type wireMessage struct {
	XMLName     xml.Name       `xml:"http://api.digipost.no/schema/v8 message"`
	ID          string         `xml:"message-id"`
	SenderID    int64          `xml:"sender-id"`
	Recipient   wireWho        `xml:"recipient"`
	Primary     wireDocument   `xml:"primary-document"`
	Attachments []wireDocument `xml:"attachment"`
	Batch       string         `xml:"batch>uuid"`
}

type wireDelivery struct {
	XMLName     xml.Name       `xml:"http://api.digipost.no/schema/v8 message-delivery"`
	ID          string         `xml:"message-id,omitempty"`
	Method      string         `xml:"delivery-method"`
	SenderID    int64          `xml:"sender-id"`
	Status      string         `xml:"status"`
	Delivered   string         `xml:"delivery-time,omitempty"`
	Primary     wireDocument   `xml:"primary-document"`
	Attachments []wireDocument `xml:"attachment"`
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
}

type wireEvents struct {
	XMLName xml.Name    `xml:"http://api.digipost.no/schema/v8 document-events"`
	Events  []wireEvent `xml:"event"`
}

type wireEvent struct {
	UUID            string `xml:"uuid,attr"`
	Type            string `xml:"type,attr"`
	Created         string `xml:"created,attr"`
	DocumentCreated string `xml:"document-created,attr"`
}

type wireInbox struct {
	XMLName   xml.Name           `xml:"http://api.digipost.no/schema/v8 inbox"`
	Documents []wireInboxElement `xml:"document"`
}

type wireInboxElement struct {
	ID          int64  `xml:"id"`
	Subject     string `xml:"subject"`
	Sender      string `xml:"sender"`
	Delivered   string `xml:"delivery-time"`
	Accessed    string `xml:"first-accessed,omitempty"`
	Level       string `xml:"authentication-level"`
	ContentType string `xml:"content-type"`
	ContentURI  string `xml:"content-uri"`
	DeleteURI   string `xml:"delete-uri"`
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

type wireArchives struct {
	XMLName xml.Name      `xml:"http://api.digipost.no/schema/v8 archives"`
	Archive []archiveBody `xml:"archive"`
}

type wireArchive struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 archive"`
	archiveBody
}

type archiveBody struct {
	SenderID  int64                 `xml:"sender-id"`
	Name      string                `xml:"name"`
	Links     []wireLink            `xml:"link"`
	Documents []wireArchiveDocument `xml:"documents"`
}

type wireArchiveDocument struct {
	UUID        string     `xml:"uuid"`
	FileName    string     `xml:"file-name"`
	FileType    string     `xml:"file-type"`
	ContentType string     `xml:"content-type"`
	Links       []wireLink `xml:"link"`
}
