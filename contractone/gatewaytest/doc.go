// Package gatewaytest is a ledger gateway for tests: it keeps the contract of
// gateway.OpenAPI in memory, is strict about what it gets, and has faults to
// switch on. It has types of its own, so that a mistake of the client does not
// hide in it.
//
//	srv := gatewaytest.NewServer(gatewaytest.WithContracted(100))
//	defer srv.Close()
//	srv.Faults().Add(countersigntest.Rule{
//		Operation: gatewaytest.OpRegister,
//		Fault:     countersigntest.LoseAnswer(),
//		Every:     3,
//	})
//	// Point the program under test at srv.URL().
//
// Entries gives what was registered, Log the requests; the subject of OpRegister
// and OpLookup is the key.
package gatewaytest
