package digipost

import "slices"

// Print is what it takes to send on paper. Printing takes an agreement with
// Digipost, and documents as PDF that keep to its rules for print.
type Print struct {
	To            PostalAddress
	Return        PostalAddress
	Colours       bool // false: monochrome
	Undeliverable Undeliverable
	Instructions  []PrintInstruction // as agreed on with Digipost
}

// Undeliverable says what becomes of paper that can't be delivered.
type Undeliverable string

// What becomes of it. The zero value is Digipost's default, which is
// ReturnToSender.
const (
	ReturnToSender Undeliverable = "RETURN_TO_SENDER"
	Shred          Undeliverable = "SHRED"
)

// PrintInstruction is one instruction for print; both parts are required.
type PrintInstruction struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// PostalAddress is a name and an address on paper: a Norwegian one, or Foreign.
type PostalAddress struct {
	Name         string // required, at most 130 characters
	AddressLine1 string // lines: at most 100 characters each
	AddressLine2 string
	AddressLine3 string
	ZipCode      string // required in Norway
	City         string // required in Norway, at most 80 characters
	// Foreign stands in place of all fields but Name.
	Foreign *ForeignAddress
}

// ForeignAddress is an address outside of Norway. Postal code and town stand in
// its lines.
type ForeignAddress struct {
	AddressLine1 string // required; lines: at most 100 characters each
	AddressLine2 string
	AddressLine3 string
	AddressLine4 string
	// Country is a name in Norwegian or English, at most 80 characters.
	// CountryCode is of ISO 3166-1 alpha-2: "SE". Exactly one is required.
	Country     string
	CountryCode string
}

func (p Print) check() error {
	for field, a := range map[string]PostalAddress{"Print.To": p.To, "Print.Return": p.Return} {
		if reason := a.fault(); reason != "" {
			return messageError(field, reason)
		}
	}
	if slices.ContainsFunc(p.Instructions, func(i PrintInstruction) bool { return i.Key == "" || i.Value == "" }) {
		return messageError("Print.Instructions", "have one without key or value")
	}
	return nil
}

func (a PostalAddress) fault() string {
	f := a.Foreign
	switch {
	case a.Name == "" || longer(130, a.Name):
		return "has no name of 1 to 130 characters"
	case f == nil && (a.ZipCode == "" || a.City == "" || longer(10, a.ZipCode) || longer(80, a.City)):
		return "has no zip code of 1 to 10 or no city of 1 to 80 characters"
	case f == nil && longer(100, a.AddressLine1, a.AddressLine2, a.AddressLine3):
		return "has a line of more than 100 characters"
	case f == nil:
		return ""
	case a.AddressLine1+a.AddressLine2+a.AddressLine3+a.ZipCode+a.City != "":
		return "is foreign and has Norwegian fields"
	case f.AddressLine1 == "" || longer(100, f.AddressLine1, f.AddressLine2, f.AddressLine3, f.AddressLine4):
		return "has no first line, or one of more than 100 characters"
	case (f.Country == "") == (f.CountryCode == "") || longer(80, f.Country) || longer(20, f.CountryCode):
		return "does not have exactly one of country and country code"
	}
	return ""
}

type xmlPrint struct {
	To            xmlPostal        `xml:"recipient"`
	Return        xmlPostal        `xml:"return-address"`
	Colour        string           `xml:"color,omitempty"`
	Undeliverable Undeliverable    `xml:"nondeliverable-handling,omitempty"`
	Instructions  *xmlInstructions `xml:"print-instructions"`
}

type xmlInstructions struct {
	Each []PrintInstruction `xml:"print-instruction"`
}

type xmlPostal struct {
	Name      string        `xml:"name"`
	Norwegian *xmlNorwegian `xml:"norwegian-address"`
	Foreign   *xmlForeign   `xml:"foreign-address"`
}

type xmlNorwegian struct {
	Line1   string `xml:"addressline1,omitempty"`
	Line2   string `xml:"addressline2,omitempty"`
	Line3   string `xml:"addressline3,omitempty"`
	ZipCode string `xml:"zip-code"`
	City    string `xml:"city"`
}

type xmlForeign struct {
	Line1       string `xml:"addressline1"`
	Line2       string `xml:"addressline2,omitempty"`
	Line3       string `xml:"addressline3,omitempty"`
	Line4       string `xml:"addressline4,omitempty"`
	Country     string `xml:"country,omitempty"`
	CountryCode string `xml:"country-code,omitempty"`
}

func (a PostalAddress) wire() xmlPostal {
	w := xmlPostal{Name: a.Name}
	if f := a.Foreign; f != nil {
		w.Foreign = &xmlForeign{f.AddressLine1, f.AddressLine2, f.AddressLine3, f.AddressLine4, f.Country, f.CountryCode}
	} else {
		w.Norwegian = &xmlNorwegian{a.AddressLine1, a.AddressLine2, a.AddressLine3, a.ZipCode, a.City}
	}
	return w
}

// wire of nil is nil.
func (p *Print) wire() *xmlPrint {
	if p == nil {
		return nil
	}
	w := &xmlPrint{To: p.To.wire(), Return: p.Return.wire(), Undeliverable: p.Undeliverable}
	if p.Colours {
		w.Colour = "COLORS"
	}
	if len(p.Instructions) > 0 {
		w.Instructions = &xmlInstructions{p.Instructions}
	}
	return w
}
