// Package activecampaigntest is a stateful fake of one ActiveCampaign account for
// the tests of programs that use it: API v3 as far as package activecampaign
// calls it, event tracking, and webhooks.
//
//	srv := activecampaigntest.NewServer()
//	defer srv.Close()
//	field := srv.AddField(activecampaigntest.Field{Title: "City", Type: "text"})
//	// Point the program under test at srv.URL() with srv.APIKey().
//	…
//	tags := srv.Tags("robin@example.com")
//
// Operations are named as the vendor's specification has them, by method and
// path: "POST /contact/sync". [Server.Log] counts them and the rules of
// [Server.Faults] name them; the subject is the last id in the path. Event
// tracking is "POST /event".
//
// It has the service's habits: totals that are text here and numbers there, 200
// beside 201, fields that are ignored without a word when their id is unknown,
// records that lose what an upsert leaves out, answers without the record's id, a
// listing that lags, 5 requests a second. What the service does but does not
// document is set by options whose comments say "undocumented". Calls that it does
// not simulate answer 501.
//
// Time is a [countersigntest.Clock] that tests can move.
//
// A fake proves what a program does with answers, not what the service answers.
package activecampaigntest
