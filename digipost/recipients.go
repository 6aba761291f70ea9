package digipost

import (
	"context"
	"encoding/xml"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// RecipientsService finds out who can get a message.
type RecipientsService struct{ service }

// IdentificationResult is what Digipost knows about a recipient.
type IdentificationResult string

// The documented results.
const (
	ResultDigipost     IdentificationResult = "DIGIPOST"     // a user
	ResultIdentified   IdentificationResult = "IDENTIFIED"   // a known person without Digipost
	ResultUnidentified IdentificationResult = "UNIDENTIFIED" // nobody, or several
	ResultInvalid      IdentificationResult = "INVALID"
)

// Identification is the answer to who a recipient is.
type Identification struct {
	Result  IdentificationResult
	Address string // of a user who was not asked for by fødselsnummer
	Alias   string
	Reason  string // "NOT_FOUND", "MULTIPLE_MATCHES", "UNKNOWN", …; the set is open
}

type xmlIdentification struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification"`
	xmlWho
}

// Identify asks about a recipient (POST /identification, relation
// identify_recipient). It changes nothing and is not needed before Send.
func (s RecipientsService) Identify(ctx context.Context, r Recipient, opts ...countersign.CallOption) (*Identification, error) {
	if r.count() != 1 {
		return nil, messageError("Recipient", "does not have exactly one field")
	}
	body, err := xmlBody(xmlIdentification{xmlWho: r.wire()})
	if err != nil {
		return nil, err
	}
	link, err := s.link(ctx, "identify_recipient")
	if err != nil {
		return nil, err
	}
	p, _, err := path(link)
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName xml.Name             `xml:"identification-result"`
		Result  IdentificationResult `xml:"result"`
		Address string               `xml:"digipost-address"`
		Alias   string               `xml:"person-alias"`
		Unknown string               `xml:"unidentified-reason"`
		Invalid string               `xml:"invalid-reason"`
	}
	err = s.run(ctx, api.Call{Op: "identify recipient", Method: http.MethodPost, Effect: api.Read, Path: p, Body: api.Raw(body)}, &m, opts...)
	if err != nil {
		return nil, err
	}
	return &Identification{m.Result, m.Address, m.Alias, m.Unknown + m.Invalid}, nil
}

// Found is one hit of a search. A person has to confirm that it is the one.
type Found struct {
	FirstName    string             `xml:"firstname"`
	MiddleName   string             `xml:"middlename"`
	LastName     string             `xml:"lastname"`
	Address      string             `xml:"digipost-address"`
	Organisation OrganisationNumber `xml:"organisation-number"`
	Name         string             `xml:"organisation-name"` // of an organisation
}

// Search looks recipients up by what somebody typed (relation search); it gives
// ten at most.
func (s RecipientsService) Search(ctx context.Context, term string, opts ...countersign.CallOption) ([]Found, error) {
	link, err := s.link(ctx, "search")
	if err != nil {
		return nil, err
	}
	p, _, err := path(link, term)
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName xml.Name `xml:"recipients"`
		Found   []Found  `xml:"recipient"`
	}
	err = s.run(ctx, api.Call{Op: "search recipients", Method: http.MethodGet, Effect: api.Read, Path: p}, &m, opts...)
	return m.Found, err
}
