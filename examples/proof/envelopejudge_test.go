package proof

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// oracle is what the messages lead to, read one after the other in their order. It
// shares no code with the flow.
type oracle struct {
	contacts map[string]*wantContact
	records  map[string]map[string]string // by external id
	owner    map[string]string            // of a record: the contact's address
	firings  map[string][]string          // of a record, in order
}

type wantContact struct {
	first, last, subject, status string
	tags                         map[string]bool
	records                      int
}

// connectMessage is as much of a Connect message as the oracle reads.
type connectMessage struct {
	Event string `json:"event"`
	Data  struct {
		Envelope  string `json:"envelopeId"`
		Recipient string `json:"recipientId"`
		Summary   struct {
			Subject string `json:"emailSubject"`
			Sender  struct {
				Name  string `json:"userName"`
				Email string `json:"email"`
			} `json:"sender"`
			Recipients struct {
				Signers []struct {
					ID        string `json:"recipientId"`
					GUID      string `json:"recipientIdGuid"`
					Name      string `json:"name"`
					Email     string `json:"email"`
					Status    string `json:"status"`
					Sent      string `json:"sentDateTime"`
					Delivered string `json:"deliveredDateTime"`
					Signed    string `json:"signedDateTime"`
					Declined  string `json:"declinedDateTime"`
					Reason    string `json:"declinedReason"`
				} `json:"signers"`
			} `json:"recipients"`
		} `json:"envelopeSummary"`
	} `json:"data"`
}

const actionTag = "docusign-integration-DocuSign_Envelope_"

func (s *storm) oracle() *oracle {
	o := &oracle{contacts: map[string]*wantContact{}, records: map[string]map[string]string{}, owner: map[string]string{}, firings: map[string][]string{}}
	for _, m := range s.messages {
		var c connectMessage
		require.NoError(s.t, json.Unmarshal(m.Body, &c))
		o.read(s, c)
	}
	return o
}

// read is one message: the contact, its tags, its record, its automations.
func (o *oracle) read(s *storm, c connectMessage) {
	action, ok := map[string]string{
		"recipient-sent": "Sent", "recipient-delivered": "Delivered", "recipient-completed": "Completed", "recipient-declined": "Declined",
	}[c.Event]
	require.True(s.t, ok, "%s was not chosen", c.Event)
	sum := c.Data.Summary
	for _, r := range sum.Recipients.Signers {
		if r.ID != c.Data.Recipient {
			continue
		}
		email := strings.ToLower(r.Email)
		who := o.contacts[email]
		if who == nil {
			who = &wantContact{tags: map[string]bool{"docusign-integration": true}}
			o.contacts[email] = who
		}
		who.first, who.last, _ = strings.Cut(r.Name, " ")
		who.subject, who.status = sum.Subject, action
		who.tags[actionTag+action] = true
		id := c.Data.Envelope + ":" + r.GUID
		if o.records[id] == nil {
			who.records++
		}
		o.owner[id] = email
		o.firings[id] = append(o.firings[id], map[string]string{"Sent": "sent", "Delivered": "opened", "Completed": "done", "Declined": "refused"}[action])
		last := map[string]string{"Sent": r.Sent, "Delivered": r.Delivered, "Completed": r.Signed, "Declined": r.Declined}[action]
		o.records[id] = filled(map[string]string{
			"status": action, "sender-name": sum.Sender.Name, "sender-email": sum.Sender.Email,
			"document-link": "https://appdemo.docusign.com/documents/details/" + c.Data.Envelope, "envelope-id": c.Data.Envelope, "subject": sum.Subject,
			"recipient-status": r.Status, "decline-reason": r.Reason, "sent-at": seconds(r.Sent), "delivered-at": seconds(r.Delivered),
			"completed-at": seconds(r.Signed), "declined-at": seconds(r.Declined), "last-event-at": seconds(last),
		})
	}
}

func filled(m map[string]string) map[string]string {
	maps.DeleteFunc(m, func(_, v string) bool { return v == "" })
	return m
}

// seconds is a time as records hold it.
func seconds(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// differences between what is and what should be, a few of them told.
type differences struct {
	s *storm
	n int
}

func (d *differences) add(format string, args ...any) {
	if d.n++; d.n <= 10 {
		d.s.t.Logf(format, args...)
	}
}

func (d *differences) compare(what string, want, got any) {
	if w, g := fmt.Sprint(want), fmt.Sprint(got); w != g {
		d.add("%s: want %s, got %s", what, w, g)
	}
}

// judge counts the differences between ActiveCampaign and the oracle.
func (s *storm) judge() int {
	o, d := s.oracle(), &differences{s: s}
	ids := map[string]string{} // address by contact id
	for _, c := range s.ac.Contacts() {
		email := strings.ToLower(c.Email)
		ids[c.ID] = email
		want := o.contacts[email]
		if want == nil {
			d.add("contact %s: nobody asked for it", email)
			continue
		}
		d.compare(email, []string{want.first, want.last, want.subject, want.status}, []string{c.FirstName, c.LastName, c.Fields["1"], c.Fields["2"]})
		d.compare(email+" tags", slices.Sorted(maps.Keys(want.tags)), slices.Sorted(slices.Values(c.Tags)))
	}
	d.compare("contacts", len(o.contacts), len(ids))
	s.judgeRecords(o, d, ids)
	s.judgeFirings(o, d, ids)
	return d.n
}

func (s *storm) judgeRecords(o *oracle, d *differences, ids map[string]string) {
	records := s.ac.Records("docusign-envelope")
	for _, r := range records {
		values := map[string]string{}
		for id, v := range r.Values {
			values[id] = fmt.Sprint(v)
		}
		d.compare("record "+r.ExternalID, o.records[r.ExternalID], values)
		d.compare("contact of "+r.ExternalID, []string{o.owner[r.ExternalID]}, []string{ids[r.Contacts[0]]})
	}
	d.compare("records", len(o.records), len(records))
}

// judgeFirings compares the sequences of each record, the tags that were new on
// each contact, and the enrolments of each contact.
func (s *storm) judgeFirings(o *oracle, d *differences, ids map[string]string) {
	got, tags := map[string][]string{}, map[string][]string{}
	for _, f := range s.told {
		if strings.HasPrefix(f.What, "tagged") {
			tags[ids[f.Contact]] = append(tags[ids[f.Contact]], f.What)
			continue
		}
		got[f.Record] = append(got[f.Record], f.What)
	}
	for id, want := range o.firings {
		d.compare("firings of "+id, want, got[id])
	}
	d.compare("records that fired", len(o.firings), len(got))
	enrolled := map[string]int{}
	for _, e := range s.ac.Enrolments() {
		enrolled[ids[e.Contact]]++
	}
	for email, want := range o.contacts {
		new := []string{"tagged docusign-integration"}
		if want.tags[actionTag+"Completed"] {
			new = append(new, "tagged "+actionTag+"Completed")
		}
		d.compare("new tags of "+email, new, slices.Sorted(slices.Values(tags[email])))
		d.compare("enrolments of "+email, want.records, enrolled[email])
	}
}
