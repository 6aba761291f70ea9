// Package digiposttest is a stateful fake of Digipost for the tests of programs
// that use it: the site where businesses register, the requests that support's
// approval causes, and the REST API v8.
//
//	srv := digiposttest.NewServer()
//	defer srv.Close()
//	partner := srv.AddPartner(digiposttest.Partner{BackendURL: "http://127.0.0.1:8080/digipost/backend"})
//	…
//	link, err := srv.Register(registrationURL, "984661185") // full-automatic
//	id, err := srv.Apply(registrationURL, "910336819")      // semi-automatic, then
//	err = srv.Approve(ctx, id)                              // support approves
//
// A browser can walk through the same at the registration address itself.
package digiposttest
