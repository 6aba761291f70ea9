package docusign_test

import (
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

func connectEndpoints() []endpoint {
	hook := docusign.Webhook{Name: "N", URL: "https://h.example/", Events: []docusign.EventKind{docusign.EventEnvelopeSent}, Include: []docusign.Include{docusign.IncludeRecipients}}
	const config = `"configurationType":"custom","name":"N","urlToPublishTo":"https://h.example/","allowEnvelopePublish":"true","allUsers":"true","allUsersExcept":"false","deliveryMode":"SIM","events":["envelope-sent"],"eventData":{"version":"restv2.1","format":"json","includeData":["recipients"]},"includeHMAC":"true","requiresAcknowledgement":"true","enableLog":"true"`
	const one = `{"configurations":[{"connectId":"c","salesforceApiVersion":"9","envelopeEvents":["Sent"],"recipientEvents":["Sent"],"useSoapInterface":"true","soapNamespace":"n"}],"totalRecords":"1"}`
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	return []endpoint{
		{
			name: "list connect", method: "GET", path: "/connect", answer: `{"configurations":[{"connectId":"c","allUsers":"true"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.List(x) },
			want: []docusign.ConnectConfiguration{{ID: "c", AllUsers: true}},
		},
		{
			name: "check connect", method: "GET", path: "/connect", answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Connect.Check(x)) },
		},
		{
			name: "get connect", method: "GET", path: "/connect/c", answer: `{"configurations":[{"connectId":"c"}]}`, want: &docusign.ConnectConfiguration{ID: "c"},
			call: func(x ctx, c cl) (any, error) { return c.Connect.Get(x, "c") },
		},
		{
			name: "create connect", method: "POST", path: "/connect", body: `{` + config + `}`, answer: `{"connectId":"c"}`, want: &docusign.ConnectConfiguration{ID: "c"},
			call: func(x ctx, c cl) (any, error) { return c.Connect.Create(x, hook) },
		},
		{
			name: "update connect", method: "PUT", path: "/connect", body: `{"connectId":"c","salesforceApiVersion":"9",` + config + `}`, answer: `{}`,
			prior: &prior{"/connect/c", one},
			call:  func(x ctx, c cl) (any, error) { return c.Connect.Update(x, "c", hook) },
		},
		{
			name: "disable connect", method: "PUT", path: "/connect", answer: `{}`, prior: &prior{"/connect/c", one},
			body: `{"connectId":"c","salesforceApiVersion":"9","envelopeEvents":["Sent"],"recipientEvents":["Sent"],"useSoapInterface":"true","soapNamespace":"n","allowEnvelopePublish":"false","allUsers":"false","allUsersExcept":"false","includeHMAC":"false","requiresAcknowledgement":"false","enableLog":"false"}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.SetEnabled(x, "c", false) },
		},
		{
			name: "delete connect", method: "DELETE", path: "/connect/c", silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Connect.Delete(x, "c")) },
		},
		{
			name: "connect users", method: "GET", path: "/connect/c/users", answer: `{"users":[{"userId":"u","userName":"N"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.Users(x, "c", "") },
			want: &countersign.Page[docusign.UserRef]{Items: []docusign.UserRef{{ID: "u", Name: "N"}}, Total: -1},
		},
		{
			name: "failures", method: "GET", path: "/connect/failures?from_date=2026-01-02T00%3A00%3A00Z", answer: `{"failures":[{"failureId":"f","retryCount":"2"}],"logs":[]}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.Failures(x, day, time.Time{}) },
			want: []docusign.ConnectLog{{FailureID: "f", RetryCount: 2}},
		},
		{
			name: "delete failure", method: "DELETE", path: "/connect/failures/all", silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Connect.DeleteFailure(x, "all")) },
		},
	}
}

func connectLogEndpoints() []endpoint {
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	return []endpoint{
		{
			name: "logs", method: "GET", path: "/connect/logs?to_date=2026-01-02T00%3A00%3A00Z", answer: `{"logs":[{"logId":"l"}]}`, want: []docusign.ConnectLog{{ID: "l"}},
			call: func(x ctx, c cl) (any, error) { return c.Connect.Logs(x, time.Time{}, day) },
		},
		{
			name: "log", method: "GET", path: "/connect/logs/l?additional_info=true", answer: `{"logId":"l","connectDebugLog":[{"eventDescription":"d"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.Log(x, "l") },
			want: &docusign.ConnectLog{ID: "l", Debug: []docusign.DebugLog{{Description: "d"}}},
		},
		{
			name: "delete log", method: "DELETE", path: "/connect/logs/l", silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Connect.DeleteLog(x, "l")) },
		},
		{
			name: "clear logs", method: "DELETE", path: "/connect/logs", silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Connect.ClearLogs(x)) },
		},
		{
			name: "republish one", method: "PUT", path: "/connect/envelopes/e/retry_queue", answer: `{"retryQueue":[{"envelopeId":"e","configId":"c"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.Republish(x, []docusign.EnvelopeID{"e"}) },
			want: []docusign.Republished{{EnvelopeID: "e", ConnectID: "c"}},
		},
		{
			name: "republish", method: "PUT", path: "/connect/envelopes/retry_queue", body: `{"envelopeIds":["e","f"],"synchronous":"false"}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Connect.Republish(x, []docusign.EnvelopeID{"e", "f"}) },
		},
	}
}
