// Package cloudsigntest is a stateful fake of the CloudSign Web API for the
// tests of programs that use it. It follows CloudSign Web API 0.31.0 and
// simulates these calls:
//
//	POST /token                                  GET /documents/{documentID}
//	GET  /me                                     GET /documents/{documentID}/attribute
//	GET  /cabinets                               GET /documents/{documentID}/certificate
//	GET  /documents                              GET /documents/{documentID}/files/{fileID}
//	GET  /team_documents
//
// It refuses what the service refuses, with the service's error codes. The
// service's other calls answer 501.
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
