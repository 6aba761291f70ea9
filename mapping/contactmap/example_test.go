package contactmap_test

import (
	"fmt"
	"log"
	"time"

	"github.com/countersign/countersign/mapping/contactmap"
)

// A map is checked against the fields that contacts of the account have, then run
// for each recipient of an envelope.
func ExampleNew() {
	m, err := contactmap.New(contactmap.Config{
		Fields: append(contactmap.StandardFields(), contactmap.ContactField{ID: "7", Key: "SIGNED_ON", Title: "Signed on", Type: "date"}),
		Rules:  append(contactmap.DefaultRules(), contactmap.Rule{From: []string{contactmap.CompletedAt}, To: "SIGNED_ON"}),
	})
	if err != nil {
		log.Fatal(err)
	}
	rec := contactmap.Record{
		Times: map[contactmap.Action]time.Time{contactmap.Completed: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)},
		Facts: contactmap.Facts{Name: "Robin Recipient", Email: "robin@example.com"},
	}
	var c contactmap.Contact
	m.Run(&rec, &c)
	fmt.Println(c.Email, c.FirstName, c.LastName, c.Fields["7"])
	// Output: robin@example.com Robin Recipient 2026-03-02
}

func ExampleTagSet() {
	for _, a := range contactmap.DefaultActions() {
		fmt.Println(a, contactmap.FrenchTags().Of(a))
	}
	// Output:
	// Sent docusign-integration-DocuSign_Enveloppe_Sent
	// Delivered docusign-integration-DocuSign_Enveloppe_délivrée
	// Completed docusign-integration-DocuSign_Enveloppe_complète
	// Declined docusign-integration-DocuSign_Enveloppe_Décliné
}
