package digipost

import (
	"bytes"
	"encoding/xml"
	"mime"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// errNotXML is an answer that is not XML, such as a gateway's page.
var errNotXML = api.BadAnswer("expected XML")

// decodeXML decodes into v. Unknown elements and attributes are ignored: the
// schema grows.
func decodeXML(v any) func(string, []byte) error {
	return func(contentType string, body []byte) error {
		media, _, _ := mime.ParseMediaType(contentType)
		if media != "application/xml" && media != "text/xml" && !strings.HasSuffix(media, "+xml") {
			return errNotXML
		}
		return xml.Unmarshal(body, v)
	}
}

// encodeXML writes a document with its declaration.
func encodeXML(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// xmlBody is a document as the body of a request.
func xmlBody(v any) (countersign.Upload, error) {
	body, err := encodeXML(v)
	if err != nil {
		return countersign.Upload{}, err
	}
	return upload(mediaType, body), nil
}

// Link is an address that an answer offers: Rel names what it is for.
type Link struct {
	Rel       string `xml:"rel,attr,omitempty"`
	URI       string `xml:"uri,attr"`
	MediaType string `xml:"media-type,attr,omitempty"`
}

// named finds a link by the last element of its relation, in any case.
func named(links []Link, relation string) (string, bool) {
	for _, l := range links {
		if strings.EqualFold(l.Rel[strings.LastIndexByte(l.Rel, '/')+1:], relation) {
			return l.URI, true
		}
	}
	return "", false
}

type xmlEntryPoint struct {
	XMLName     xml.Name `xml:"entrypoint"`
	Certificate string   `xml:"certificate"`
	Links       []Link   `xml:"link"`
}

type xmlError struct {
	XMLName xml.Name `xml:"error"`
	Code    string   `xml:"error-code"`
	Message string   `xml:"error-message"`
	Type    string   `xml:"error-type"`
}

type xmlSenderInformation struct {
	XMLName  xml.Name     `xml:"sender-information"`
	SenderID SenderID     `xml:"sender-id"`
	Status   SenderStatus `xml:"status"`
	Features []struct {
		Name  string `xml:",chardata"`
		Param string `xml:"param,attr"`
	} `xml:"supported-features>feature"`
}
