package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

// snippet: automations
func automations(run func(context.Context, envelopesync.Firing) error) []envelopesync.Automation {
	one := func(name string, t envelopesync.Trigger) envelopesync.Automation {
		return envelopesync.Automation{Name: name, Triggers: []envelopesync.Trigger{t}, Run: run}
	}
	return []envelopesync.Automation{
		one("welcome", envelopesync.RecordCreated(contactmap.Sent)),
		one("opened", envelopesync.RecordUpdated(contactmap.Delivered, "status", "Sent", "Delivered")),
		one("thank", envelopesync.RecordUpdated(contactmap.Completed, "status", "", "Completed")),
		one("call back", envelopesync.RecordUpdated(contactmap.Declined, "status", "", "Declined")),
	}
}

// end snippet

// showPlan prints what going live does.
func (p *program) showPlan(plan *envelopesync.Plan) {
	t := p.table("Going live", "DocuSign reports", "contacts get the tag")
	t.AppendRow(table.Row{"any of these", plan.BaseTag})
	for _, a := range plan.Actions {
		t.AppendRow(table.Row{a.Event, a.Tag})
	}
	t.Render()
	t = p.table("Contact", "DocuSign", "contact field", "type")
	for _, f := range plan.Contact {
		t.AppendRow(table.Row{strings.Join(f.From, " or "), f.Title, f.Type})
	}
	t.Render()
	t = p.table("Envelope record", "field", "type")
	for i, f := range plan.Record {
		if i == contactmap.MainFields {
			t.AppendSeparator() // what stands under "Details"
		}
		t.AppendRow(table.Row{f.Label, f.Type})
	}
	t.Render()
	fmt.Fprintln(p.out, "DocuSign's messages go to "+plan.Connect.URL)
	if len(plan.MissingTags) > 0 {
		fmt.Fprintln(p.out, "tags that are made: "+strings.Join(plan.MissingTags, ", "))
	}
	for _, w := range plan.Warnings {
		fmt.Fprintln(p.out, "note: "+w)
	}
}

func (p *program) table(title string, columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(p.out)
	t.SetStyle(table.StyleLight)
	t.SetTitle(title)
	t.AppendHeader(columns)
	return t
}

// tally is how far an ActiveCampaign account has come.
type tally struct{ contacts, tags, records, completed int }

func (s *side) tally() tally {
	var out tally
	for _, c := range s.ac.Contacts() {
		out.contacts++
		out.tags += len(c.Tags)
	}
	for _, r := range s.ac.Records(contactmap.RecordSlug) {
		out.records++
		if r.Values["status"] == string(contactmap.Completed) {
			out.completed++
		}
	}
	return out
}

// progress draws the contacts that changed last, with their tags and records, over
// and over on a terminal; elsewhere only the end is written.
func (p *program) progress(s *side, sent, of int) {
	if !p.live {
		return
	}
	const rows = 6
	n := s.tally()
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetTitle("messages %d of %d · contacts %d · tags %d · records %d, %d completed", sent, of, n.contacts, n.tags, n.records, n.completed)
	t.AppendHeader(table.Row{"changed last", "tags", "records"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMin: 30}, {Number: 2, WidthMin: 6}, {Number: 3, WidthMin: 44}})
	statuses := map[string]map[string]int{}
	for _, r := range s.ac.Records(contactmap.RecordSlug) {
		if statuses[r.Contacts[0]] == nil {
			statuses[r.Contacts[0]] = map[string]int{}
		}
		statuses[r.Contacts[0]][fmt.Sprint(r.Values["status"])]++
	}
	contacts := s.ac.Contacts()
	slices.SortStableFunc(contacts, func(a, b activecampaigntest.Contact) int { return b.Updated.Compare(a.Updated) })
	for i := range rows { // always as many, so that the next drawing covers this one
		row := table.Row{"", "", ""}
		if i < len(contacts) {
			row = table.Row{contacts[i].Email, len(contacts[i].Tags), summary(statuses[contacts[i].ID])}
		}
		t.AppendRow(row)
	}
	text := t.Render()
	// Up to where the last drawing began, and each line and what is below it wiped.
	fmt.Fprint(p.err, strings.Repeat("\x1b[A", p.drawn), strings.ReplaceAll("\r"+text, "\n", "\x1b[K\n"), "\x1b[K\n\x1b[J")
	p.drawn = strings.Count(text, "\n") + 1
}

// summary is how many records of a contact have which status.
func summary(statuses map[string]int) string {
	var parts []string
	for _, a := range contactmap.Actions() {
		if n := statuses[string(a)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a))
		}
	}
	return strings.Join(parts, ", ")
}

// counts counts the starts of each automation.
func (s starts) counts(ctx context.Context) (map[string]int, error) {
	all, err := s.all(ctx)
	out := map[string]int{}
	for _, start := range all {
		out[start.Automation]++
	}
	return out, err
}

// shown is how many contacts the table has.
const shown = 8

// showResult prints some contacts with their tags and records.
func (p *program) showResult(ctx context.Context, s *side) error {
	records := map[string][]string{}
	for _, r := range s.ac.Records(contactmap.RecordSlug) {
		text := fmt.Sprintf("%v: %v", r.Values["subject"], r.Values["status"])
		records[r.Contacts[0]] = append(records[r.Contacts[0]], text)
	}
	t := p.table("Contacts in ActiveCampaign", "contact", "tags", "records")
	contacts := s.ac.Contacts()
	for _, c := range contacts[:min(shown, len(contacts))] {
		var tags []string
		for _, tag := range c.Tags {
			tags = append(tags, strings.TrimPrefix(tag, "docusign-integration-DocuSign_"))
		}
		t.AppendRow(table.Row{c.Email, strings.Join(tags, "\n"), strings.Join(records[c.ID], "\n")})
		t.AppendSeparator()
	}
	t.AppendFooter(table.Row{fmt.Sprintf("%d of %d contacts", min(shown, len(contacts)), len(contacts))})
	t.Render()
	t = p.table("Automations", "automation", "starts")
	started, err := s.starts.counts(ctx)
	for _, a := range automations(nil) {
		t.AppendRow(table.Row{a.Name, started[a.Name]})
	}
	t.Render()
	return err
}

// compare says how what the storm left differs from what the same messages lead to
// in their order.
func (p *program) compare(ctx context.Context, storm, calm *side, messages int) error {
	got, err := storm.state(ctx)
	if err != nil {
		return err
	}
	want, err := calm.state(ctx)
	if err != nil {
		return err
	}
	differences := 0
	for key := range maps.Keys(want) {
		if got[key] != want[key] {
			differences++
			fmt.Fprintf(p.out, "differs: %s\n  in order: %s\n  storm:    %s\n", key, want[key], got[key])
		}
	}
	for key := range maps.Keys(got) {
		if _, ok := want[key]; !ok {
			differences++
			fmt.Fprintf(p.out, "only in the storm: %s\n", key)
		}
	}
	n := storm.tally()
	p.last = append(p.last, fmt.Sprintf("messages=%d contacts=%d tags=%d records=%d differences=%d", messages, n.contacts, n.tags, n.records, differences))
	fmt.Fprintln(p.out, p.last[0])
	if differences > 0 {
		return fmt.Errorf("%d differences from the messages in their order", differences)
	}
	p.last = append(p.last, "Contacts, tags, records and automations are the same as after the messages in their order, each once.")
	fmt.Fprintln(p.out, p.last[1])
	return nil
}

// state is all that counts, as text by what it is about.
func (s *side) state(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	emails := map[string]string{}
	for _, c := range s.ac.Contacts() {
		emails[c.ID] = c.Email
		out["contact "+c.Email] = fmt.Sprint(c.FirstName, c.LastName, slices.Sorted(slices.Values(c.Tags)))
	}
	for _, r := range s.ac.Records(contactmap.RecordSlug) {
		out["record "+r.ExternalID] = fmt.Sprint(emails[r.Contacts[0]], r.Values)
	}
	all, err := s.starts.all(ctx)
	for _, start := range all {
		key := "automations of " + start.Record
		out[key] = strings.TrimPrefix(out[key]+", "+start.Automation, ", ")
	}
	return out, err
}
