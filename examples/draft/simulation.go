package main

import (
	"fmt"

	"github.com/countersign/countersign/docusigntest"
)

// template is the template of the simulated account.
const template = `{
	"name": "Offer", "emailSubject": "Your offer",
	"documents": [{"documentId": "1", "name": "offer.pdf", "tabs": {"prefillTabs": {"textTabs": [{"tabLabel": "price", "required": "true"}]}}}],
	"recipients": {
		"signers": [{"recipientId": "1", "roleName": "customer", "tabs": {
			"textTabs": [{"tabLabel": "city"}, {"tabLabel": "remarks"}],
			"checkboxTabs": [{"tabLabel": "newsletter"}],
			"radioGroupTabs": [{"groupName": "size", "radios": [{"value": "small"}, {"value": "large"}]}]
		}}],
		"carbonCopies": [{"recipientId": "2", "roleName": "office"}]
	}
}`

// simulate puts a template into the simulated account, and takes it with people
// and values where the command line has none.
func (p *program) simulate(srv *docusigntest.Server) {
	id := srv.AddTemplate(template)
	if p.Template == "" {
		p.Template = id
	}
	if len(p.Role) == 0 {
		p.Role = map[string]string{"customer": "Robin Recipient <robin@example.com>"}
	}
	if len(p.Field) == 0 {
		p.Field = map[string]string{"city": "Kyoto", "newsletter": "true", "size": "small", "price": "1200"}
	}
	fmt.Fprintln(p.err, "simulated: the template Offer")
}
