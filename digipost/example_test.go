package digipost_test

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
)

func ExampleRegistrationURL() {
	address, err := digipost.RegistrationURL(digipost.Registration{
		Environment: digipost.Production, PartnerID: 12345, RedirectURL: "https://example.com",
		Nonce: countersign.NewSecret("abcde"), Organisation: "987654321",
	})
	fmt.Println(address, err)
	// Output:
	// https://www.digipost.no/registrering/bedrift?partner-id=12345&redirect-url=https%3A%2F%2Fexample.com&nonce=abcde&org=987654321 <nil>
}

func ExampleParseCallback() {
	u, _ := url.Parse("https://www.partner.no/digipost-reg?sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde")
	c, err := digipost.ParseCallback(u)
	fmt.Println(c.SenderID, c.Address, c.Nonce, err)

	// The documented example has a literal #: a server gets only what stands before it.
	u, _ = url.Parse("https://www.partner.no/digipost-reg?sender-id=34567&dp-address=kunde123")
	_, err = digipost.ParseCallback(u)
	fmt.Println(errors.Is(err, digipost.ErrTruncated))
	// Output:
	// 34567 kunde123#1A2B [redacted] <nil>
	// true
}

func ExampleParseOrganisationNumber() {
	n, err := digipost.ParseOrganisationNumber("NO 984 661 185 MVA")
	fmt.Println(n, err)
	_, err = digipost.ParseOrganisationNumber("987654321")
	fmt.Println(err)
	// Output:
	// 984661185 <nil>
	// digipost: organisation number has a wrong check digit: compare it with the Brønnøysund register
}
