// Package docusigntest is a stateful fake of DocuSign for the tests of programs
// that use it: the account server (login, consent, tokens, user info), the
// eSignature REST API v2.1 as far as package docusign calls it, and Connect.
//
//	srv := docusigntest.NewServer()
//	defer srv.Close()
//	app, user := srv.App(), srv.User()
//	// Point the program under test at srv.URL() with app and user.
//	…
//	srv.Sign(envelopeID, "1")          // what a recipient does
//	report := srv.Deliver()            // Connect sends what came of it
//
// Operations are named as the vendor's specification has them, by method and
// path: "GET /v2.1/accounts/{accountId}/envelopes". [Server.Log] counts them and
// the rules of [Server.Faults] name them; the subject is the envelope's or
// template's id.
//
// It refuses what the service refuses, with the service's error codes: wrong
// tokens, accounts and states, missing parameters, used up limits. Calls that it
// does not simulate answer 501. What the service does but does not document is
// set by options whose comments say "undocumented".
//
// Time is a [countersigntest.Clock] that tests can move. People do not exist:
// whoever opens the login page consents at once as [Server.User], unless
// [Server.RefuseConsent] says otherwise.
//
// Connect messages are those of the JSON forms, SIM and aggregate. A
// configuration that would get legacy XML gets nothing.
//
// A fake proves what a program does with answers, not what the service
// answers.
package docusigntest
