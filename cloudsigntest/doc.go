// Package cloudsigntest is a stateful fake of the CloudSign Web API for the
// tests of programs that use it. It simulates every operation of CloudSign Web
// API 0.31.0 but the deprecated GET /token, and refuses what the service
// refuses, with the service's error codes: wrong states, rights, sizes, counts
// and forms. The part of the people is played by [Server.Consent],
// [Server.Refuse], [Server.Conclude] and [Server.Attach]; what the service tells
// a program of by webhook is sent by [Server.DeliverWebhooks].
//
//	srv := cloudsigntest.NewServer()
//	defer srv.Close()
//	user := srv.AddUser(cloudsigntest.User{
//		Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true},
//	})
//	srv.Seed(user, cloudsigntest.Account{Documents: 120, Files: 200})
//	// Point the program under test at srv.URL() with user.ClientID.
//
// What the service does but does not document is set by options whose comments
// say "undocumented": the order of lists, the bounds of time windows, who sees
// confidential documents, and more. A program that works with all their values
// does not depend on them.
//
// Time is a [countersigntest.Clock] that tests can move, faults are injected by
// [Server.Faults], and [Server.Log] counts requests exactly, by operation and
// by document or file, so that a test can say what was fetched and how often.
//
// A fake proves what a program does with answers, not what the service
// answers.
package cloudsigntest
