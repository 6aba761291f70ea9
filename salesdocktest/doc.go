// Package salesdocktest is a stateful fake of Salesdock for the tests of programs
// that use it. One server holds any number of environments, so that two can be
// linked in one process:
//
//	srv := salesdocktest.NewServer()
//	defer srv.Close()
//	b := srv.AddAccount("beta")
//	product := b.AddProduct(salesdocktest.Product{Name: "Stroom", Type: "energy_e"})
//	partner := b.AddOrganisation("Alpha")
//	b.Grant(partner, product)
//	agent := b.AddUser(salesdocktest.User{Role: salesdocktest.Agent, Organisation: partner})
//	// Point the program under test at srv.URL() with the domain "beta" and
//	// b.AddToken(agent).
//	…
//	for _, sale := range b.Received() { … } // what really arrived
//
// It serves users and invitations, organisations, rights, products, suppliers,
// flows, questions, agreements, statuses, sales and webhooks; other calls answer
// 501. It refuses what the service refuses, in the shapes that the service's own
// examples show: wrong tokens, accounts, roles and addresses, tokens for
// integrations alone, missing fields, products without rights, answers that do
// not fit, used up limits. It has the service's quirks: booleans as "0" and "1",
// empty maps as lists, four layouts of time, Amsterdam's time without a zone,
// documents whose addresses differ each time, pages that name the production host.
// What the service does but does not document is set by options whose comments say
// "undocumented".
//
// Operations are named by method and path behind the scope, such as
// [OpCreateSale]. [Server.Log] counts them and the rules of [Server.Faults] name
// them; the subject is the id in the path, or else the account's domain.
//
// Time is a [countersigntest.Clock] that tests can move. A fake proves what a
// program does with answers, not what the service answers.
package salesdocktest
