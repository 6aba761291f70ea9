// Package countersigntest holds what the fake servers of all services share: a
// clock that tests move, faults that are injected into answers, and a log of
// the requests that came in.
//
// A program meets it through the fake of a service, such as cloudsigntest:
//
//	srv := cloudsigntest.NewServer()
//	defer srv.Close()
//	srv.Faults().Add(countersigntest.Rule{
//		Operation: cloudsigntest.OpDownloadFile,
//		Fault:     countersigntest.CutBody(512),
//		Every:     10,
//	})
//	srv.Clock().Advance(24 * time.Hour)
//	…
//	fmt.Println(srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
//
// [Handler] puts the three around the handler of any other fake.
package countersigntest
