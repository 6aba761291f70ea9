package docusign

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxXMLDepth is more than twice the depth of the deepest known message.
const maxXMLDepth = 32

// envelopeXML is a legacy message: DocuSignEnvelopeInformation of
// http://www.docusign.net/API/3.0.
type envelopeXML struct {
	XMLName  xml.Name `xml:"http://www.docusign.net/API/3.0 DocuSignEnvelopeInformation"`
	Envelope struct {
		Recipients    []recipientXML `xml:"RecipientStatuses>RecipientStatus"`
		TimeGenerated xmlWord        `xml:"TimeGenerated"`
		EnvelopeID    xmlWord        `xml:"EnvelopeID"`
		Subject       string         `xml:"Subject"`
		SenderName    string         `xml:"UserName"`
		SenderEmail   xmlWord        `xml:"Email"`
		Status        xmlWord        `xml:"Status"`
		Created       xmlWord        `xml:"Created"`
		Sent          xmlWord        `xml:"Sent"`
		Delivered     xmlWord        `xml:"Delivered"`
		Completed     xmlWord        `xml:"Completed"`
		Declined      xmlWord        `xml:"Declined"`
		Voided        xmlWord        `xml:"Voided"`
		VoidReason    string         `xml:"VoidReason"`
		CustomFields  []struct {
			Name  string `xml:"Name"`
			Value string `xml:"Value"`
		} `xml:"CustomFields>CustomField"`
		Documents []struct {
			ID   xmlWord `xml:"ID"`
			Name string  `xml:"Name"`
		} `xml:"DocumentStatuses>DocumentStatus"`
	} `xml:"EnvelopeStatus"`
	TimeZoneOffset xmlWord `xml:"TimeZoneOffset"` // hours
}

type recipientXML struct {
	Type          xmlWord  `xml:"Type"`
	Email         xmlWord  `xml:"Email"`
	UserName      string   `xml:"UserName"`
	RoutingOrder  xmlWord  `xml:"RoutingOrder"`
	Sent          xmlWord  `xml:"Sent"`
	Delivered     xmlWord  `xml:"Delivered"`
	Signed        xmlWord  `xml:"Signed"`
	Declined      xmlWord  `xml:"Declined"`
	DeclineReason string   `xml:"DeclineReason"`
	Status        xmlWord  `xml:"Status"`
	ClientUserID  xmlWord  `xml:"ClientUserId"`
	RecipientID   xmlWord  `xml:"RecipientId"` // the GUID
	Tabs          []tabXML `xml:"TabStatuses>TabStatus"`
}

type tabXML struct {
	TabType       xmlWord `xml:"TabType"`
	CustomTabType xmlWord `xml:"CustomTabType"`
	Status        xmlWord `xml:"Status"`
	TabLabel      string  `xml:"TabLabel"`
	TabName       string  `xml:"TabName"`
	TabValue      string  `xml:"TabValue"`
	DocumentID    xmlWord `xml:"DocumentID"`
}

// xmlWord is text in which the space around it means nothing: ids, addresses,
// numbers, times and states.
type xmlWord string

// UnmarshalText drops the space around the text.
func (w *xmlWord) UnmarshalText(text []byte) error {
	*w = xmlWord(bytes.TrimSpace(text))
	return nil
}

func (w xmlWord) lower() string { return strings.ToLower(string(w)) }

var errXMLRefused = errors.New("document type, or nested too deep")

// guardedXML passes raw tokens on and refuses what no message contains: a
// document type, with which entities would come, and deep nesting.
type guardedXML struct {
	raw   *xml.Decoder
	depth int
}

// Token gives the next token; the decoder on top matches the elements and
// resolves the namespaces.
func (g *guardedXML) Token() (xml.Token, error) {
	token, err := g.raw.RawToken()
	switch token.(type) {
	case xml.StartElement:
		g.depth++
	case xml.EndElement:
		g.depth--
	case xml.Directive:
		return nil, errXMLRefused
	}
	if g.depth > maxXMLDepth {
		return nil, errXMLRefused
	}
	return token, err
}

func parseXMLEvent(body []byte) (Event, error) {
	d := xml.NewTokenDecoder(&guardedXML{raw: xml.NewDecoder(bytes.NewReader(body))})
	var m envelopeXML
	if err := d.Decode(&m); err != nil {
		if errors.Is(err, errXMLRefused) {
			return Event{}, notEvent("the XML has a " + errXMLRefused.Error())
		}
		return Event{}, notEvent("the XML is malformed, or not DocuSignEnvelopeInformation")
	}
	if !onlySpaceLeft(d) {
		return Event{}, notEvent("the XML goes on after its end")
	}
	if m.Envelope.EnvelopeID == "" {
		return Event{}, notEvent("the XML has no envelope")
	}
	return m.event(), nil
}

// onlySpaceLeft reads to the end: white space, comments and processing
// instructions may follow a document.
func onlySpaceLeft(d *xml.Decoder) bool {
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return false
			}
		case xml.Comment, xml.ProcInst:
		default:
			return false
		}
	}
}

// xmlClock reads times that are in the account's time zone. The message gives
// the zone's offset at the time of sending only, so a time from the other half of
// the year may be an hour off where clocks change.
type xmlClock struct {
	zone    *time.Location
	guessed bool // a time had no zone, and the message names none
	known   bool
}

func newXMLClock(offset xmlWord) *xmlClock {
	hours, err := strconv.ParseFloat(string(offset), 64)
	if err != nil || math.IsNaN(hours) || math.Abs(hours) > 24 {
		return &xmlClock{zone: time.UTC}
	}
	return &xmlClock{zone: time.FixedZone("", int(hours*3600)), known: true}
}

func (c *xmlClock) read(s xmlWord) time.Time {
	at, zoned := parseTime(string(s), c.zone)
	if !at.IsZero() && !zoned && !c.known {
		c.guessed = true
	}
	return at
}

func (m *envelopeXML) event() Event {
	clock := newXMLClock(m.TimeZoneOffset)
	in := &m.Envelope
	status := EnvelopeStatus(in.Status.lower())
	out := &EventEnvelope{
		Status: status, Subject: in.Subject, Sender: EventSender{Name: in.SenderName, Email: string(in.SenderEmail)},
		CreatedAt: clock.read(in.Created), SentAt: clock.read(in.Sent), DeliveredAt: clock.read(in.Delivered),
		CompletedAt: clock.read(in.Completed), DeclinedAt: clock.read(in.Declined), VoidedAt: clock.read(in.Voided),
		VoidedReason: in.VoidReason,
	}
	for _, f := range in.CustomFields {
		switch f.Name { // what includeSenderAccountAsCustomField adds to the sender's own
		case "AccountId":
			out.Sender.AccountID = AccountID(f.Value)
		case "AccountName", "AccountSite":
		default:
			out.CustomFields = append(out.CustomFields, EventCustomField{Name: f.Name, Value: f.Value})
		}
	}
	for _, doc := range in.Documents {
		out.Documents = append(out.Documents, EventDocument{ID: string(doc.ID), Name: doc.Name, Type: "content"})
	}
	for _, r := range in.Recipients {
		out.Recipients = append(out.Recipients, r.recipient(clock))
	}
	sortRecipients(out.Recipients)
	generated := clock.read(in.TimeGenerated)
	out.AssumedUTC = clock.guessed
	return Event{
		Kind: kindOfStatus(status), Format: FormatXML, AccountID: out.Sender.AccountID,
		EnvelopeID: EnvelopeID(in.EnvelopeID), GeneratedAt: generated, Envelope: out,
	}
}

func (r recipientXML) recipient(clock *xmlClock) EventRecipient {
	out := EventRecipient{
		GUID: string(r.RecipientID), Type: r.Type.lower(), Name: r.UserName, Email: string(r.Email),
		RoutingOrder: eventText(r.RoutingOrder).int(), ClientUserID: string(r.ClientUserID),
		Status: RecipientStatus(r.Status.lower()), DeclinedReason: r.DeclineReason,
		SentAt: clock.read(r.Sent), DeliveredAt: clock.read(r.Delivered), SignedAt: clock.read(r.Signed), DeclinedAt: clock.read(r.Declined),
		Tabs: tabsOfXML(r.Tabs),
	}
	if out.Type == "inpersonsigner" {
		out.Email, out.HostEmail = "", out.Email
	}
	return out
}

// tabsOfXML gives the tabs in the form in which JSON has them: custom tabs under
// their own kind, checkboxes as true and false, and one tab for a radio group.
func tabsOfXML(in []tabXML) []EventTab {
	var out []EventTab
	groups := map[string]int{} // place in out by label
	for _, t := range in {
		kind := t.TabType
		if kind == "Custom" {
			kind = cmp.Or(t.CustomTabType, kind)
		}
		tab := EventTab{
			Kind: lowerFirst(kind), Label: t.TabLabel, Name: t.TabName, Value: t.TabValue,
			DocumentID: string(t.DocumentID), Status: t.Status.lower(),
		}
		chosen := tab.Value == "X"
		switch tab.Kind {
		case "checkbox":
			tab.Value = strconv.FormatBool(chosen)
		case "radio": // each is named after its value, and all bear the group's label
			at, seen := groups[tab.Label]
			if !seen {
				at = len(out)
				groups[tab.Label] = at
				out = append(out, EventTab{Kind: "radioGroup", Label: tab.Label, DocumentID: tab.DocumentID, Status: tab.Status})
			}
			if chosen {
				out[at].Value = tab.Name
			}
			continue
		}
		out = append(out, tab)
	}
	return out
}

// lowerFirst turns "SignHere" into "signHere", the spelling of JSON.
func lowerFirst(w xmlWord) string {
	s := string(w)
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToLower(first)) + s[size:]
}
