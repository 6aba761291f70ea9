package digipost

import (
	"slices"

	"github.com/countersign/countersign"
)

// Recipient says who gets a message: exactly one of its fields.
type Recipient struct {
	PersonalID     string // fødselsnummer, 11 digits
	Organisation   OrganisationNumber
	Address        string   // Digipost address
	Emails         []string // 1 to 50 e-mail addresses
	Peppol         *Peppol
	NameAndAddress *NameAndAddress
	BankAccount    string // 11 digits; takes a permission of its own
}

// Peppol sends through the Peppol network.
type Peppol struct {
	Receiver, Sender PeppolAddress
}

// PeppolAddress is a participant of the Peppol network: "0192", "984661185".
type PeppolAddress struct {
	Scheme   string `xml:"schemeID"`
	Endpoint string `xml:"endpointID"`
}

// NameAndAddress finds a person by what is written on an envelope, and by what
// else is known.
type NameAndAddress struct {
	FullName     string // at most 130 characters
	AddressLine1 string // at most 100
	AddressLine2 string
	PostalCode   string
	City         string // at most 80
	BirthDate    countersign.Date
	Phone        string
	Email        string
}

const maxEmails = 50

func (r Recipient) count() int {
	n := 0
	for _, set := range []bool{
		r.PersonalID != "", r.Organisation != "", r.Address != "", len(r.Emails) > 0, r.Peppol != nil, r.NameAndAddress != nil, r.BankAccount != "",
	} {
		if set {
			n++
		}
	}
	return n
}

func (r Recipient) check() error {
	switch n := r.NameAndAddress; {
	case r.count() > 1:
		return fixableError("Recipient", "has more than one field", "set exactly one")
	case len(r.Emails) > maxEmails || slices.Contains(r.Emails, ""):
		return messageError("Emails", "are more than 50, or one is empty")
	case r.Peppol != nil && (r.Peppol.Receiver.Endpoint == "" || r.Peppol.Sender.Endpoint == ""):
		return messageError("Peppol", "lacks an endpoint")
	case n != nil && (n.FullName == "" || n.AddressLine1 == "" || n.PostalCode == "" || n.City == ""):
		return messageError("NameAndAddress", "lacks name, address, postal code or city")
	case n != nil && (longer(130, n.FullName) || longer(100, n.AddressLine1, n.AddressLine2) || longer(10, n.PostalCode) || longer(80, n.City)):
		return messageError("NameAndAddress", "has a line that is too long")
	}
	return nil
}

// longer reports whether a text has more than limit characters.
func longer(limit int, texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return len([]rune(s)) > limit })
}

type xmlRecipient struct {
	PersonalID     string             `xml:"personal-identification-number,omitempty"`
	Organisation   OrganisationNumber `xml:"organisation-number,omitempty"`
	Address        string             `xml:"digipost-address,omitempty"`
	Emails         *xmlEmails         `xml:"email-details"`
	Peppol         *xmlPeppol         `xml:"peppol-addresses"`
	NameAndAddress *xmlNameAndAddress `xml:"name-and-address"`
	BankAccount    string             `xml:"bank-account-number,omitempty"`
	Print          *xmlPrint          `xml:"print-details"`
}

type xmlEmails struct {
	Addresses []string `xml:"email-address"`
}

type xmlPeppol struct {
	Receiver PeppolAddress `xml:"receiver"`
	Sender   PeppolAddress `xml:"sender"`
}

type xmlNameAndAddress struct {
	FullName     string `xml:"fullname"`
	AddressLine1 string `xml:"addressline1"`
	AddressLine2 string `xml:"addressline2,omitempty"`
	PostalCode   string `xml:"postalcode"`
	City         string `xml:"city"`
	BirthDate    string `xml:"birth-date,omitempty"`
	Phone        string `xml:"phone-number,omitempty"`
	Email        string `xml:"email-address,omitempty"`
}

func (r Recipient) wire() xmlRecipient {
	w := xmlRecipient{PersonalID: r.PersonalID, Organisation: r.Organisation, Address: r.Address, BankAccount: r.BankAccount}
	if len(r.Emails) > 0 {
		w.Emails = &xmlEmails{r.Emails}
	}
	if r.Peppol != nil {
		w.Peppol = &xmlPeppol{r.Peppol.Receiver, r.Peppol.Sender}
	}
	if n := r.NameAndAddress; n != nil {
		w.NameAndAddress = &xmlNameAndAddress{n.FullName, n.AddressLine1, n.AddressLine2, n.PostalCode, n.City, "", n.Phone, n.Email}
		if !n.BirthDate.IsZero() {
			w.NameAndAddress.BirthDate = n.BirthDate.String()
		}
	}
	return w
}
