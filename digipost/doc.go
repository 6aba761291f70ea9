// Package digipost leads customers of a software vendor through Digipost's
// registration of businesses, and back.
//
// A vendor (the partner) sends the customer to RegistrationURL. When the account
// exists, Digipost offers the customer a link to the partner's redirect URL, with
// the sender-id, the Digipost address and the nonce (ParseCallback). Where
// Digipost's support has to approve the customer by hand, a request to an address
// that was agreed on beforehand brings sender-id and nonce days later
// (ParseBackendCallback).
//
//	nonce := digipost.NewNonce()
//	address, err := digipost.RegistrationURL(digipost.Registration{
//		Environment: digipost.Production, PartnerID: 12345, Nonce: nonce,
//		RedirectURL: "https://partner.example/digipost/back", Organisation: "984661185",
//	})
//
// Neither callback is signed: whoever knows the address can send one. Compare the
// nonce, and ask Digipost whether the sender-id is the customer's before relying
// on it; package orchestration/senderonboarding does both.
//
// Client is Digipost's REST API v8: sending letters on behalf of those customers,
// what became of them, inboxes, archives, batches and the rest of what Digipost
// documents. The page docs/digipost.md lists every call. What needs a file to be
// encrypted before it is sent is left out.
//
// The addresses and parameters of the registration follow Digipost's page "Onboarding av avsendere".
// Its description of the start address has no table of parameters any more, so
// what is known of them is the page's example.
package digipost
