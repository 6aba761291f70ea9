package digiposttest

import "encoding/xml"

type wireArchives struct {
	XMLName xml.Name      `xml:"http://api.digipost.no/schema/v8 archives"`
	Archive []archiveBody `xml:"archive"`
}

type wireArchive struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 archive"`
	archiveBody
}

type archiveBody struct {
	SenderID     int64                 `xml:"sender-id,omitempty"`
	Organisation *wireOrganisation     `xml:"sender-organization"`
	Name         string                `xml:"name,omitempty"`
	Links        []wireLink            `xml:"link"`
	Documents    []wireArchiveDocument `xml:"documents"`
}

type wireOrganisation struct {
	ID string `xml:"organization-id"`
}

// organisation is the number that the sender is named by, or "".
func (a archiveBody) organisation() string {
	if a.Organisation == nil {
		return ""
	}
	return a.Organisation.ID
}

type wireArchiveDocument struct {
	UUID        string          `xml:"uuid"`
	FileName    string          `xml:"file-name,omitempty"`
	FileType    string          `xml:"file-type"`
	Reference   string          `xml:"referenceid,omitempty"`
	ContentType string          `xml:"content-type,omitempty"`
	Hash        *wireHash       `xml:"content-hash"`
	Attributes  []wireAttribute `xml:"attributes"`
	Archived    string          `xml:"archived-time,omitempty"`
	Deletion    string          `xml:"deletion-time,omitempty"`
	Links       []wireLink      `xml:"link"`
}

type wireAttribute struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func (d wireArchiveDocument) attributes() map[string]string {
	out := map[string]string{}
	for _, a := range d.Attributes {
		out[a.Key] = a.Value
	}
	return out
}

type wireArchiveContent struct {
	XMLName     xml.Name `xml:"http://api.digipost.no/schema/v8 archive-document-content"`
	ContentType string   `xml:"content-type"`
	URI         string   `xml:"uri"`
}
