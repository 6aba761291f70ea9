package activecampaigntest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// caller sends requests as anybody would, without the client.
type caller struct {
	t     *testing.T
	srv   *activecampaigntest.Server
	clock *countersigntest.Clock
	http  *http.Client
}

func newCaller(t *testing.T, opts ...activecampaigntest.Option) caller {
	t.Helper()
	clock := countersigntest.NewClock(start)
	srv := activecampaigntest.NewServer(append([]activecampaigntest.Option{activecampaigntest.WithRateLimit(0), activecampaigntest.WithClock(clock)}, opts...)...)
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
	})
	return caller{t, srv, clock, &http.Client{Transport: tr}}
}

// reply is an answer; body is nil where it is no JSON object.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// get follows members and list places: get("contact", "id").
func (r reply) get(path ...any) any {
	var at any = r.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := at.(map[string]any)
			at = m[step]
		case int:
			l, _ := at.([]any)
			if step >= len(l) {
				return nil
			}
			at = l[step]
		}
	}
	return at
}

func (c caller) send(method, path, kind, body string, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.srv.URL()+path, strings.NewReader(body))
	require.NoError(c.t, err)
	req.Header.Set("Api-Token", c.srv.APIKey())
	if body != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	require.NoError(c.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	out := reply{status: res.StatusCode, header: res.Header, text: strings.TrimSpace(string(raw))}
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&out.body)
	return out
}

func (c caller) do(method, path, body string, header ...string) reply {
	c.t.Helper()
	return c.send(method, "/api/3"+path, "application/json", body, header...)
}

const robin = `{"contact":{"email":"robin@example.com","firstName":"Robin"}}`

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	require.Equal(t, 200, c.do("GET", "/users/me", "").status)
	require.Equal(t, 403, c.do("GET", "/users/me", "", "Api-Token", "wrong").status, "403, not 401")
	require.Equal(t, 501, c.do("GET", "/campaigns", "").status)
	require.Equal(t, 400, c.do("POST", "/contact/sync", "{").status)
	require.Equal(t, 400, c.send("POST", "/api/3/contact/sync", "text/plain", robin).status)
	require.NotEqual(t, c.srv.APIKey(), newCaller(t, activecampaigntest.WithSeed(7)).srv.APIKey())
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := newCaller(t, activecampaigntest.WithRateLimit(5))
	for left := 4; left >= 0; left-- {
		r := c.do("GET", "/users/me", "")
		require.Equal(t, 200, r.status)
		require.Equal(t, []string{"5", strconv.Itoa(left)}, []string{r.header.Get("RateLimit-Limit"), r.header.Get("RateLimit-Remaining")})
	}
	r := c.do("GET", "/users/me", "")
	require.Equal(t, 429, r.status)
	require.Equal(t, "1", r.header.Get("Retry-After"))
	require.Equal(t, 6, c.srv.BusiestSecond(), "what was refused counts too")
	c.clock.Advance(time.Second)
	require.Equal(t, 200, c.do("GET", "/users/me", "").status)

	silent := newCaller(t, activecampaigntest.WithRateLimit(1), activecampaigntest.WithoutRetryAfter())
	silent.do("GET", "/users/me", "")
	r = silent.do("GET", "/users/me", "")
	require.Equal(t, 429, r.status)
	require.Empty(t, r.header.Get("Retry-After"))
}

func TestContacts(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	first := c.do("POST", "/contact/sync", robin)
	require.Equal(t, 201, first.status)
	require.Equal(t, "1", first.get("contact", "id"), "an id is text")
	require.Equal(t, 200, c.do("POST", "/contact/sync", robin).status, "201 and then 200")
	require.Equal(t, 201, newCaller(t, activecampaigntest.WithSyncAlways201()).do("POST", "/contact/sync", robin).status)
	duplicate := c.do("POST", "/contacts", robin)
	require.Equal(t, 422, duplicate.status)
	require.Equal(t, "duplicate", duplicate.get("errors", 0, "code"))
	require.Equal(t, "/data/attributes/email", duplicate.get("errors", 0, "source", "pointer"))
	require.Equal(t, 400, c.do("POST", "/contact/sync", `{"contact":{}}`).status)
	require.Equal(t, "email_invalid", c.do("POST", "/contact/sync", `{"contact":{"email":"a"}}`).get("errors", 0, "code"))
	require.Equal(t, 422, c.do("POST", "/contacts", `{"contact":{}}`).status)
	require.Equal(t, 501, c.do("POST", "/contacts/sync", robin).status, "the plural is another call")

	c.do("POST", "/contacts", `{"contact":{"email":"sam@example.com"}}`)
	require.Equal(t, 422, c.do("PUT", "/contacts/2", robin).status)
	require.Equal(t, 200, c.do("PUT", "/contacts/2", `{"contact":{"email":"Sam@example.com"}}`).status)
	list := c.do("GET", "/contacts?orders[id]=DESC&limit=1", "")
	require.Equal(t, "2", list.get("meta", "total"), "a total of text")
	require.Equal(t, "2", list.get("contacts", 0, "id"))
	require.Equal(t, "0000-00-00", list.get("contacts", 0, "bounced_date"))
	require.Equal(t, "2026-04-01T07:00:00-05:00", list.get("contacts", 0, "cdate"), "the account's zone")
	for query, total := range map[string]string{
		"id_greater=1": "1", "id_less=2": "1", "email=SAM@example.com": "1", "email_like=robin": "1", "search=ROB": "1", "tagid=9": "0", "seriesid=9": "0",
		"filters[created_after]=2026-04-01": "0", "filters[created_after]=2026-03-31": "2", "filters[updated_before]=2026-04-02": "2",
	} {
		require.Equal(t, total, c.do("GET", "/contacts?"+query, "").get("meta", "total"), query)
	}
	missing := c.do("GET", "/contacts/9", "")
	require.Equal(t, 404, missing.status)
	require.Equal(t, "No Result found for Subscriber with id 9", missing.get("message"))
	require.Equal(t, 200, c.do("DELETE", "/contacts/2", "").status)
	require.Equal(t, 404, c.do("DELETE", "/contacts/2", "").status)
	require.Len(t, c.srv.Contacts(), 1)
}

func TestFieldsAndValues(t *testing.T) {
	t.Parallel()
	c := newCaller(t, activecampaigntest.WithEchoedIDs())
	field := c.srv.AddField(activecampaigntest.Field{Title: "Home town", Type: "dropdown", Options: []string{"Kyoto"}})
	id := c.srv.AddContact("robin@example.com")
	require.Equal(t, "HOME_TOWN", field.Tag)
	r := c.do("POST", "/contact/sync", `{"contact":{"email":"robin@example.com","fieldValues":[{"field":"1","value":"Kyoto"},{"field":"HOME_TOWN","value":"x"}]}}`)
	require.Len(t, r.get("fieldValues"), 1, "a field that is unknown is ignored without a word")
	require.Equal(t, 422, c.do("POST", "/fieldValues", `{"fieldValue":{"contact":"1","field":"7","value":"x"}}`).status, "here it is not")
	require.Equal(t, 404, c.do("POST", "/fieldValues", `{"fieldValue":{"contact":"7","field":"1","value":"x"}}`).status)
	require.Equal(t, "1", c.do("POST", "/fieldValues", `{"fieldValue":{"contact":"1","field":1,"value":""}}`).get("fieldValue", "contact"), "as it was sent")
	require.EqualValues(t, 1, c.do("POST", "/fieldValues", `{"fieldValue":{"contact":1,"field":1,"value":""}}`).get("fieldValue", "contact"), "as it was sent")
	got, _ := c.srv.Contact("robin@example.com")
	require.Equal(t, map[string]string{field.ID: ""}, got.Fields)
	require.Equal(t, id, got.ID)
	for path, status := range map[string]int{
		"GET /fieldValues/9": 403, "PUT /fieldValues/9": 400, "DELETE /fieldValues/9": 403, "GET /fields/9": 404, "GET /fields/1": 200, "POST /fieldRels": 404,
	} {
		method, path, _ := strings.Cut(path, " ")
		require.Equal(t, status, c.do(method, path, "").status, path)
	}
	require.Equal(t, "0", c.do("GET", "/fields?filters[perstag]=X", "").get("meta", "total"))
}

func TestTags(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.srv.AddContact("robin@example.com")
	made := c.do("POST", "/tags", `{"tag":{"tag":"signed","tagType":"contact"}}`)
	require.Equal(t, 201, made.status)
	again := c.do("POST", "/tags", `{"tag":{"tag":"signed","tagType":"contact"}}`)
	require.Equal(t, 200, again.status, "an existing name is no error")
	require.Equal(t, made.get("tag", "id"), again.get("tag", "id"))
	require.Equal(t, 422, c.do("POST", "/tags", `{"tag":{}}`).status)
	c.do("POST", "/tags", `{"tag":{"tag":"signed twice","tagType":"contact"}}`)
	c.do("POST", "/tags", `{"tag":{"tag":"hidden"}}`)
	for query, total := range map[string]string{
		"": "2", "search=signed": "2", "filters[search][eq]=SIGNED": "1", "filters[search][neq]=signed": "1", "filters[search][starts_with]=signed": "2",
		"filters[search][contains]=twice": "1", "filters[search][lt]=signed": "0", "filters[search][lte]=signed": "1", "filters[search][gt]=signed": "1", "filters[search][gte]=signed": "2",
	} {
		require.Equal(t, total, c.do("GET", "/tags?"+query, "").get("meta", "total"), query)
	}
	on := c.do("POST", "/contactTags", `{"contactTag":{"contact":1,"tag":1}}`)
	require.Equal(t, 201, on.status)
	c.clock.Advance(time.Hour)
	twice := c.do("POST", "/contactTags", `{"contactTag":{"contact":1,"tag":1}}`)
	require.Equal(t, on.get("contactTag"), twice.get("contactTag"), "the same id and the first time")
	for body, status := range map[string]int{`{"contact":9,"tag":1}`: 404, `{"contact":1}`: 422, `{"contact":1,"tag":"signed"}`: 422} {
		require.Equal(t, status, c.do("POST", "/contactTags", `{"contactTag":`+body+`}`).status, body)
	}
	require.Equal(t, 200, c.do("DELETE", "/contactTags/1", "").status)
	require.Equal(t, "No Result found for SubscriberTag with id 1", c.do("DELETE", "/contactTags/1", "").get("message"))
	require.Equal(t, 404, c.do("GET", "/tags/9", "").status)

	other := newCaller(t, activecampaigntest.WithApply200(), activecampaigntest.WithEchoedIDs())
	other.srv.AddContact("a@example.com")
	other.srv.AddTag("x", "contact")
	r := other.do("POST", "/contactTags", `{"contactTag":{"contact":1,"tag":"1"}}`)
	require.Equal(t, 200, r.status)
	require.Equal(t, []any{1.0, "1"}, []any{r.get("contactTag", "contact"), r.get("contactTag", "tag")})
	require.NotNil(t, r.get("contacts", 0, "email"))
}

// TestTagsStartAutomations: only when the contact did not have them.
func TestTagsStartAutomations(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	a := c.srv.AddAutomation(activecampaigntest.Automation{Name: "Thanks", StartsAtTag: "signed"})
	off := c.srv.AddAutomation(activecampaigntest.Automation{Name: "Old", Inactive: true})
	c.srv.AddContact("robin@example.com")
	for range 2 {
		require.True(t, c.srv.TagContact("robin@example.com", "signed"))
	}
	require.False(t, c.srv.TagContact("sam@example.com", "signed"))
	runs := c.srv.Enrolments()
	require.Len(t, runs, 1)
	require.Equal(t, a.ID, runs[0].Automation)
	refused := c.do("POST", "/contactAutomations", `{"contactAutomation":{"contact":1,"automation":9}}`)
	require.Equal(t, 403, refused.status)
	require.Equal(t, "Could not create SubscriberSeries", refused.get("message"))
	for range 2 {
		require.Equal(t, 201, c.do("POST", "/contactAutomations", `{"contactAutomation":{"contact":1,"automation":`+off.ID+`}}`).status, "each call enters anew")
	}
	require.Len(t, c.srv.Enrolments(), 3)
	list := c.do("GET", "/automations", "")
	require.Equal(t, []any{"1", "2"}, []any{list.get("automations", 0, "status"), list.get("automations", 1, "status")})
	require.Equal(t, "2", list.get("automations", 1, "entered"))
	require.Equal(t, 403, c.do("DELETE", "/contactAutomations/9", "").status, "not the classic 404")
	require.Equal(t, 404, c.do("GET", "/contactAutomations/9", "").status)
}

func TestNotes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.srv.AddContact("robin@example.com")
	for range 2 {
		require.Equal(t, 201, c.do("POST", "/notes", `{"note":{"note":"n","relid":1,"reltype":"Subscriber"}}`).status)
	}
	require.Equal(t, []activecampaigntest.Note{{ID: "1", Contact: "1", Text: "n"}, {ID: "2", Contact: "1", Text: "n"}}, c.srv.Notes())
	require.Equal(t, 400, c.do("POST", "/notes", `{"note":{"note":"n","relid":1,"reltype":"Deal"}}`).status)
	require.Equal(t, 404, c.do("POST", "/notes", `{"note":{"note":"n","relid":9,"reltype":"Subscriber"}}`).status)
	for method, status := range map[string]int{"GET": 400, "PUT": 403, "DELETE": 403} {
		require.Equal(t, status, c.do(method, "/notes/9", "").status, method)
	}
	require.Equal(t, "No Result found for Note with id 9", c.do("DELETE", "/notes/9", "").get("message"))
}

func TestTracking(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]activecampaigntest.Option{"JSON": nil, "digits": {activecampaigntest.WithDigitAnswers()}} {
		c := newCaller(t, opts...)
		actid, key := c.srv.Tracking()
		c.do("POST", "/eventTrackingEvents", `{"eventTrackingEvent":{"name":"signed"}}`)
		good := url.Values{"actid": {actid}, "key": {key}, "event": {"signed"}, "eventdata": {"x"}, "visit": {`{"email":"robin@example.com"}`}}
		track := func(field, value string) bool {
			form, err := url.ParseQuery(good.Encode())
			require.NoError(t, err)
			if field != "" {
				form.Set(field, value)
			}
			r := c.send("POST", "/event", "application/x-www-form-urlencoded", form.Encode())
			require.Equal(t, 200, r.status, "a refusal is a 200 too")
			return r.text == "1" || r.get("success") == 1.0
		}
		require.True(t, track("", ""), name)
		for field, value := range map[string]string{"actid": "1", "key": "x", "event": "other", "visit": "robin@example.com"} {
			require.False(t, track(field, value), "%s: %s", name, field)
		}
		require.Equal(t, 200, c.send("POST", "/event", "application/json", `{}`).status)
		require.Equal(t, []activecampaigntest.TrackedEvent{{Name: "signed", Email: "robin@example.com", Data: "x", When: start}}, c.srv.Events())
		require.Len(t, c.srv.Contacts(), 1, "the contact was made")
		c.do("PUT", "/eventTracking", `{"eventTracking":{"enabled":false}}`)
		require.False(t, track("", ""), "it is switched off")
		require.Equal(t, 400, c.do("DELETE", "/eventTrackingEvents/other", "").status)
		require.Equal(t, 400, c.do("POST", "/eventTrackingEvents", `{}`).status)
		require.EqualValues(t, 1, c.do("GET", "/eventTrackingEvents", "").get("meta", "total"), "a total that is a number")
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	const hook = `{"webhook":{"name":"n","url":"https://a.example/t","events":["update"],"sources":["api"]}}`
	require.Equal(t, 201, c.do("POST", "/webhooks", hook).status)
	for name, body := range map[string]string{
		"http": strings.Replace(hook, "https", "http", 1), "port": strings.Replace(hook, "a.example", "a.example:8443", 1), "name": strings.Replace(hook, `"n"`, `""`, 1),
	} {
		require.Equal(t, 400, c.do("POST", "/webhooks", body).status, name)
	}
	require.Equal(t, 404, c.do("GET", "/webhooks/9", "").status)
	status := http.StatusServiceUnavailable
	var seen []string
	c.srv.Receive("https://a.example/t", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.PostFormValue("contact[email]"))
		w.WriteHeader(status)
	}))
	c.do("POST", "/contact/sync", robin)
	require.Equal(t, 503, c.srv.Deliver(t.Context())[0].Status)
	require.Empty(t, c.srv.Deliver(t.Context()), "nothing is repeated")
	status = http.StatusGone
	c.do("POST", "/contact/sync", robin)
	c.srv.Deliver(t.Context())
	c.do("POST", "/contact/sync", robin)
	require.Empty(t, c.srv.Deliver(t.Context()), "410 switched it off")
	require.Equal(t, []string{"robin@example.com", "robin@example.com"}, seen)
	c.srv.RunWebhookAction(c.srv.URL()+"/nowhere", "robin@example.com")
	require.Equal(t, 403, c.srv.Deliver(t.Context())[0].Status, "an address that somebody listens at is called")
	c.srv.RunWebhookAction("http://127.0.0.1:1/", "robin@example.com")
	require.Zero(t, c.srv.Deliver(t.Context())[0].Status)
}

func TestFaultsAndLog(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.srv.Faults().Add(countersigntest.Rule{Operation: "POST /contact/sync", Fault: countersigntest.TooManyRequests(time.Second), Next: 1})
	r := c.do("POST", "/contact/sync", robin)
	require.Equal(t, 429, r.status)
	require.NotNil(t, r.get("message"), "in the service's form")
	c.do("POST", "/contact/sync", robin)
	c.do("GET", "/contacts/1", "")
	require.EqualValues(t, 1, c.srv.Log().TallyOf("GET /contacts/{id}", "1").Answered)
	require.Equal(t, countersigntest.Tally{Requests: 2, Answered: 1}, c.srv.Log().Tally("POST /contact/sync"))
}

// TestWhoBroughtItAbout: a webhook that leaves the program's own writes out hears of
// what somebody in the account does.
func TestWhoBroughtItAbout(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.srv.AddContact("robin@example.com")
	c.srv.AddTag("signed", "contact")
	c.srv.Receive("https://a.example/t", http.NotFoundHandler())
	c.do("POST", "/webhooks", `{"webhook":{"name":"n","url":"https://a.example/t","events":["contact_tag_added"],"sources":["admin"]}}`)
	require.Equal(t, "1", c.do("GET", "/webhooks", "").get("meta", "total"), "who listens is no webhook of the account")
	require.Equal(t, 201, c.do("POST", "/contactTags", `{"contactTag":{"contact":1,"tag":1}}`).status)
	require.Empty(t, c.srv.Deliver(t.Context()))
	c.srv.TagContact("robin@example.com", "looked at")
	sent := c.srv.Deliver(t.Context())
	require.Len(t, sent, 1)
	require.Equal(t, "admin", sent[0].Form.Get("initiated_from"))
	require.Equal(t, http.StatusNotFound, sent[0].Status)
}

// TestInactiveAutomationsWait: no tag starts one, whoever applies it.
func TestInactiveAutomationsWait(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.srv.AddContact("robin@example.com")
	c.srv.AddAutomation(activecampaigntest.Automation{Name: "Off", StartsAtTag: "signed", Inactive: true})
	on := c.srv.AddAutomation(activecampaigntest.Automation{Name: "On", StartsAtTag: "Signed"})
	c.srv.TagContact("robin@example.com", "signed")
	require.Equal(t, 200, c.do("POST", "/import/bulk_import", `{"contacts":[{"email":"sam@example.com","tags":["signed"]}]}`).status)
	c.clock.Advance(time.Minute)
	runs := c.srv.Enrolments()
	require.Len(t, runs, 2)
	for _, run := range runs {
		require.Equal(t, on.ID, run.Automation)
	}
}
