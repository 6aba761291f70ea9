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
	Alias   string // of a person; of a user only with IdentifyWithAlias
	Reason  string // "NOT_FOUND", "MULTIPLE_MATCHES", "UNKNOWN", …; the set is open
}

type xmlIdentification struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification"`
	Alias   bool     `xml:"include-personalias-for-digipost-user,attr,omitempty"`
	xmlRecipient
}

type xmlIdentified struct {
	XMLName xml.Name             `xml:"identification-result"`
	Result  IdentificationResult `xml:"result"`
	Address string               `xml:"digipost-address"`
	Alias   string               `xml:"person-alias"`
	Unknown string               `xml:"unidentified-reason"`
	Invalid string               `xml:"invalid-reason"`
}

// Identify asks about a recipient (POST /identification, relation
// identify_recipient). It changes nothing and is not needed before Send. Emails
// and Peppol can't be asked about.
func (s RecipientsService) Identify(ctx context.Context, r Recipient, opts ...countersign.CallOption) (*Identification, error) {
	return s.identify(ctx, r, false, opts)
}

// IdentifyWithAlias is Identify that also gives the alias of a person who has
// Digipost.
func (s RecipientsService) IdentifyWithAlias(ctx context.Context, r Recipient, opts ...countersign.CallOption) (*Identification, error) {
	return s.identify(ctx, r, true, opts)
}

func (s RecipientsService) identify(ctx context.Context, r Recipient, alias bool, opts []countersign.CallOption) (*Identification, error) {
	if r.count() != 1 || len(r.Emails) > 0 || r.Peppol != nil {
		return nil, messageError("Recipient", "does not have exactly one field that identification knows")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	p, query, err := s.link(ctx, 0, "identify_recipient")
	if err != nil {
		return nil, err
	}
	var m xmlIdentified
	call := api.Call{Op: "identify recipient", Method: http.MethodPost, Effect: api.Read, Path: p, Query: query}
	if err := s.post(ctx, call, xmlIdentification{Alias: alias, xmlRecipient: r.wire()}, &m, opts); err != nil {
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
	Mobile       string             `xml:"mobile-number"`
	Organisation OrganisationNumber `xml:"organisation-number"`
	Name         string             `xml:"organisation-name"` // of an organisation
	Addresses    []FoundAddress     `xml:"address"`
	Links        []Link             `xml:"link"`
}

// FoundAddress is where somebody who was found lives.
type FoundAddress struct {
	Street      string `xml:"street"`
	HouseNumber string `xml:"house-number"`
	HouseLetter string `xml:"house-letter"`
	Additional  string `xml:"additional-addressline"`
	ZipCode     string `xml:"zip-code"`
	City        string `xml:"city"`
}

// Search looks recipients up by what somebody typed (relation search); it gives
// ten at most.
func (s RecipientsService) Search(ctx context.Context, term string, opts ...countersign.CallOption) ([]Found, error) {
	p, query, err := s.link(ctx, 0, "search", term)
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName xml.Name `xml:"recipients"`
		Found   []Found  `xml:"recipient"`
	}
	err = s.run(ctx, get("search recipients", p, query), &m, opts...)
	return m.Found, err
}

// Suggest completes what somebody types to terms for Search (relation
// autocomplete).
func (s RecipientsService) Suggest(ctx context.Context, term string, opts ...countersign.CallOption) ([]string, error) {
	p, query, err := s.link(ctx, 0, "autocomplete", term)
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName     xml.Name `xml:"autocomplete"`
		Suggestions []string `xml:"suggestion>search-string"`
	}
	err = s.run(ctx, get("suggest recipients", p, query), &m, opts...)
	return m.Suggestions, err
}

// NewUser is a person who is to have Digipost. All fields are required.
type NewUser struct {
	XMLName    xml.Name `xml:"http://api.digipost.no/schema/v8 user-information"`
	PersonalID string   `xml:"national-identity-number"`
	Phone      string   `xml:"phone-number"`
	Email      string   `xml:"email-address"`
}

// UserAccount is a person's account.
type UserAccount struct {
	XMLName       xml.Name `xml:"user-account"`
	Address       string   `xml:"digipost-address"`
	EncryptionKey string   `xml:"encryption-key"`
}

// CreateAccount creates a person's account or activates it (relation
// create_or_activate_user_account). It takes a permission.
func (s RecipientsService) CreateAccount(ctx context.Context, u NewUser, opts ...countersign.CallOption) (*UserAccount, error) {
	if u.PersonalID == "" || u.Phone == "" || u.Email == "" {
		return nil, messageError("NewUser", "lacks a field")
	}
	p, query, err := s.link(ctx, 0, "create_or_activate_user_account")
	if err != nil {
		return nil, err
	}
	var m UserAccount
	if err := s.post(ctx, api.Call{Op: "create user account", Method: http.MethodPost, Path: p, Query: query}, u, &m, opts); err != nil {
		return nil, err
	}
	return &m, nil
}
