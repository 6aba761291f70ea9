package activecampaign_test

import (
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
)

const (
	contactJSON = `{"id":"10","email":"a@example.com","firstName":"A","cdate":"2026-04-14T10:03:23-05:00","udate":"2026-04-14T10:03:23-05:00","deleted":"0","bounced_date":"0000-00-00"}`
	valueJSON   = `{"id":"14","contact":10,"field":"2","value":"Albany","cdate":"2026-04-14T10:03:23-05:00"}`
)

var (
	written    = activecampaign.Time{Time: time.Date(2026, 4, 14, 15, 3, 23, 0, time.UTC)}
	theContact = activecampaign.Contact{
		ID: "10", Email: "a@example.com", FirstName: "A", Created: written, Updated: written,
		Extra: activecampaign.Extra{"bounced_date": []byte(`"0000-00-00"`)},
	}
	theValue = activecampaign.FieldValue{ID: "14", Contact: "10", Field: "2", Value: "Albany", Created: written}
)

func contactEndpoints() []endpoint {
	in := activecampaign.ContactInput{Email: "a@example.com", FirstName: new("A"), Phone: new(""), Fields: []activecampaign.FieldInput{{Field: "2", Value: ""}}}
	const body = `{"contact":{"email":"a@example.com","firstName":"A","phone":"","fieldValues":[{"field":"2","value":""}]}}`
	return []endpoint{
		{
			name: "sync contact", method: "POST", path: "/contact/sync", body: body, status: 201,
			answer: `{"fieldValues":[` + valueJSON + `],"contact":` + contactJSON + `}`,
			call:   func(x ctx, c cl) (any, error) { return c.Contacts.Sync(x, in) },
			want:   &activecampaign.Synced{Contact: theContact, FieldValues: []activecampaign.FieldValue{theValue}, Creation: activecampaign.ContactCreated},
		},
		{
			name: "sync contact that exists", method: "POST", path: "/contact/sync", body: `{"contact":{"email":"a@example.com"}}`,
			answer: `{"fieldValues":[],"contact":` + contactJSON + `}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Contacts.Sync(x, activecampaign.ContactInput{Email: "a@example.com"})
			},
			want: &activecampaign.Synced{Contact: theContact, FieldValues: []activecampaign.FieldValue{}, Creation: activecampaign.ContactExisted},
		},
		{
			name: "create contact", method: "POST", path: "/contacts", body: body, status: 201, once: true, answer: `{"contact":` + contactJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.Create(x, in) }, want: &theContact,
		},
		{
			name: "update contact", method: "PUT", path: "/contacts/10", body: `{"contact":{"lastName":"B"}}`, answer: `{"contact":` + contactJSON + `}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Contacts.Update(x, "10", activecampaign.ContactInput{LastName: new("B")})
			}, want: &theContact,
		},
		{
			name: "get contact", method: "GET", path: "/contacts/10", answer: `{"contact":` + contactJSON + `,"fieldValues":[` + valueJSON + `],"contactAutomations":[{"id":"1","contact":"10","completed":1}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.Get(x, "10") },
			want: &activecampaign.ContactDetails{
				Contact: theContact, FieldValues: []activecampaign.FieldValue{theValue},
				Enrolments: []activecampaign.Enrolment{{ID: "1", Contact: "10", Completed: true}},
			},
		},
		{
			name: "find contact", method: "GET", path: "/contacts?email=A%2Bb%40example.com", answer: `{"contacts":[` + contactJSON + `,{"id":11,"email":"a+B@example.com"}],"meta":{"total":"2"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.FindByEmail(x, "A+b@example.com") },
			want: &activecampaign.Contact{ID: "11", Email: "a+B@example.com"},
		},
		{
			name: "list contacts", method: "GET",
			path:   "/contacts?email_like=x&filters%5Bcreated_after%5D=2026-01-02&filters%5Bcreated_before%5D=2026-01-03&filters%5Bupdated_after%5D=2026-01-04&filters%5Bupdated_before%5D=2026-01-05&id_greater=9&limit=1&orders%5Bid%5D=ASC&search=y&seriesid=4&tagid=3",
			answer: `{"contacts":[` + contactJSON + `],"meta":{"total":"7"}}`,
			call: func(x ctx, c cl) (any, error) {
				day := countersign.Date{Year: 2026, Month: 1, Day: 2}
				return c.Contacts.List(x, activecampaign.ContactQuery{
					EmailLike: "x", Search: "y", TagID: "3", AutomationID: "4", Cursor: "9", Limit: 1,
					CreatedAfter: day, CreatedBefore: day.AddDays(1), UpdatedAfter: day.AddDays(2), UpdatedBefore: day.AddDays(3),
				})
			},
			want: &countersign.Page[activecampaign.Contact]{Items: []activecampaign.Contact{theContact}, Total: 7, Next: "10"},
		},
	}
}

func contactPartEndpoints() []endpoint {
	return []endpoint{
		{
			name: "delete contact", method: "DELETE", path: "/contacts/10", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Contacts.Delete(x, "10")) },
		},
		{
			name: "contact's field values", method: "GET", path: "/contacts/10/fieldValues", answer: `{"fieldValues":[` + valueJSON + `]}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.FieldValues(x, "10") }, want: []activecampaign.FieldValue{theValue},
		},
		{
			name: "contact's tags", method: "GET", path: "/contacts/10/contactTags", answer: `{"contactTags":[{"id":"1","contact":"10","tag":20}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.Tags(x, "10") },
			want: []activecampaign.ContactTag{{ID: "1", Contact: "10", Tag: "20"}},
		},
		{
			name: "contact's enrolments", method: "GET", path: "/contacts/10/contactAutomations", answer: `{"contactAutomations":[{"id":1,"automation":"2","completed":"0"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.Enrolments(x, "10") },
			want: []activecampaign.Enrolment{{ID: "1", Automation: "2"}},
		},
		{
			name: "contact's notes", method: "GET", path: "/contacts/10/notes", answer: `{"notes":[{"id":"1","note":"n","relid":10,"reltype":"Subscriber"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Contacts.Notes(x, "10") },
			want: []activecampaign.Note{{ID: "1", Text: "n", OnID: "10", OnType: "Subscriber"}},
		},
		{
			name: "user", method: "GET", path: "/users/me", answer: `{"user":{"id":"1","username":"jdoe","signature":null}}`,
			call: func(x ctx, c cl) (any, error) { return c.Me(x) }, want: &activecampaign.User{ID: "1", Username: "jdoe"},
		},
		{
			name: "any other call", method: "POST", path: "/contactLists?x=1", body: `{"contactList":{"list":1}}`, answer: `{"n":1}`, once: true,
			call: func(x ctx, c cl) (any, error) {
				var out struct{ N int }
				err := c.Do(x, countersign.Request{Method: "POST", Path: []string{"contactLists"}, Query: map[string][]string{"x": {"1"}}, JSON: map[string]any{"contactList": map[string]int{"list": 1}}}, &out)
				return out.N, err
			}, want: 1,
		},
	}
}

func fieldEndpoints() []endpoint {
	const lists = `"fieldOptions":[{"id":"5","field":2,"value":"S","label":"small","orderid":"1","isdefault":"1"}],"fieldRels":[{"id":"6","field":"2","relid":0}]`
	const field = `{"id":"2","title":"Size","type":"dropdown","perstag":"SIZE","isrequired":"1","visible":1,"ordernum":"3","defval":null,"cdate":"0000-00-00 00:00:00"}`
	want := activecampaign.Field{
		ID: "2", Title: "Size", Type: activecampaign.FieldDropdown, PersonalizeTag: "SIZE", Required: true, Visible: true, Order: 3,
		Options: []activecampaign.FieldOption{{ID: "5", Field: "2", Value: "S", Label: "small", Order: 1, Default: true}}, Lists: []activecampaign.ListID{activecampaign.AllLists},
	}
	const value = `{"fieldValue":{"contact":"10","field":"2","value":"Albany"}}`
	return []endpoint{
		{
			name: "list fields", method: "GET", path: "/fields?limit=100&offset=0", answer: `{` + lists + `,"fields":[` + field + `],"meta":{"total":"1"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.List(x) }, want: []activecampaign.Field{want},
		},
		{
			name: "find field", method: "GET", path: "/fields?filters%5Bperstag%5D=SIZE&limit=100&offset=0", answer: `{` + lists + `,"fields":[` + field + `]}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.FindByTag(x, "SIZE") }, want: &want,
		},
		{
			name: "get field", method: "GET", path: "/fields/2", answer: `{` + lists + `,"field":` + field + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.Get(x, "2") }, want: &want,
		},
		{
			name: "relate field", method: "POST", path: "/fieldRels", body: `{"fieldRel":{"field":2,"relid":0}}`, status: 201, once: true, answer: `{"fieldRel":{"id":"19","field":2,"relid":0}}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.Relate(x, "2", activecampaign.AllLists) },
			want: &activecampaign.FieldRelation{ID: "19", Field: "2", List: "0"},
		},
		{
			name: "set value", method: "POST", path: "/fieldValues", body: value, answer: `{"contacts":[],"fieldValue":` + valueJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.SetValue(x, "10", "2", "Albany") }, want: &theValue,
		},
		{
			name: "update value", method: "PUT", path: "/fieldValues/14", body: value, answer: `{"fieldValue":` + valueJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.UpdateValue(x, "14", "10", "2", "Albany") }, want: &theValue,
		},
		{
			name: "get value", method: "GET", path: "/fieldValues/14", answer: `{"fieldValue":` + valueJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Fields.GetValue(x, "14") }, want: &theValue,
		},
		{
			name: "delete value", method: "DELETE", path: "/fieldValues/14", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Fields.DeleteValue(x, "14")) },
		},
		{
			name: "find values", method: "GET", path: "/fieldValues?filters%5Bfieldid%5D=2&filters%5Bval%5D=Albany&limit=1&offset=3", answer: `{"fieldValues":[` + valueJSON + `],"meta":{"total":"9"}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Fields.FindValues(x, activecampaign.ValueQuery{Field: "2", Value: "Albany", PageQuery: activecampaign.PageQuery{Cursor: "3", Limit: 1}})
			},
			want: &countersign.Page[activecampaign.FieldValue]{Items: []activecampaign.FieldValue{theValue}, Total: 9, Next: "4"},
		},
	}
}

func tagEndpoints() []endpoint {
	const tag = `{"id":"16","tag":"signed","tagType":"contact","description":"d","cdate":"2026-04-14T10:03:23-05:00"}`
	want := activecampaign.Tag{ID: "16", Name: "signed", Type: "contact", Description: "d", Created: written}
	return []endpoint{
		{
			name: "list tags", method: "GET", path: "/tags?filters%5Bsearch%5D%5Bstarts_with%5D=s&limit=100&offset=0", answer: `{"tags":[` + tag + `,{"id":"17","tag":"st","tagType":"template"}],"meta":{"total":"2"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Tags.List(x, activecampaign.TagQuery{StartsWith: "s"}) },
			want: &countersign.Page[activecampaign.Tag]{Items: []activecampaign.Tag{want}, Total: 2},
		},
		{
			name: "find tag", method: "GET", path: "/tags?filters%5Bsearch%5D%5Beq%5D=signed&limit=100&offset=0",
			answer: `{"tags":[{"id":"1","tag":"signed twice","tagType":"contact"},{"id":"2","tag":"Signed","tagType":"contact"},` + tag + `],"meta":{"total":"3"}}`,
			call:   func(x ctx, c cl) (any, error) { return c.Tags.Find(x, "signed") }, want: &want,
		},
		{
			name: "get tag", method: "GET", path: "/tags/16", answer: `{"tag":` + tag + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Tags.Get(x, "16") }, want: &want,
		},
		{
			name: "create tag", method: "POST", path: "/tags", body: `{"tag":{"tag":"signed","tagType":"contact","description":"d"}}`, status: 201, once: true, answer: `{"tag":` + tag + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Tags.Create(x, "signed", "d") }, want: &want,
		},
		{
			name: "update tag", method: "PUT", path: "/tags/16", body: `{"tag":{"tag":"signed","tagType":"contact","description":""}}`, answer: `{"tag":` + tag + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Tags.Update(x, "16", "signed", "") }, want: &want,
		},
		{
			name: "delete tag", method: "DELETE", path: "/tags/16", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Tags.Delete(x, "16")) },
		},
		{
			name: "apply tag", method: "POST", path: "/contactTags", body: `{"contactTag":{"contact":10,"tag":16}}`, status: 201, answer: `{"contactTag":{"id":"3","contact":10,"tag":"16","cdate":"2026-04-14T10:03:23-05:00"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Tags.Apply(x, "10", "16") },
			want: &activecampaign.ContactTag{ID: "3", Contact: "10", Tag: "16", Created: written},
		},
		{
			name: "remove tag", method: "DELETE", path: "/contactTags/3", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Tags.Remove(x, "3")) },
		},
	}
}
