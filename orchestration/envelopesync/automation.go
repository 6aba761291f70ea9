package envelopesync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
)

// TriggerKind is what starts an automation.
type TriggerKind string

// The kinds, those of ActiveCampaign's own DocuSign integration.
const (
	KindTagAdded      TriggerKind = "tag added"      // "DocuSign tag is added"
	KindRecordCreated TriggerKind = "record created" // "DocuSign [ACTION] is created"
	KindRecordUpdated TriggerKind = "record updated" // "DocuSign [ACTION] is updated"
)

// Trigger starts an automation. Make one with TagAdded, RecordCreated or
// RecordUpdated.
type Trigger struct {
	Kind   TriggerKind
	Tag    string            // of KindTagAdded
	Action contactmap.Action // of the other two: the action by which the record was made or changed
	Field  string            // of KindRecordUpdated: the id of the record's field
	From   string            // value before; empty: any
	To     string            // value after; empty: any
	// Filter narrows the trigger; the zero Filter lets everything through. A trigger
	// has one.
	Filter Filter
}

// Filter lets through what has a value in a field of DocuSign.
type Filter struct {
	Field string // a key of contactmap's catalogue, TabField or CustomField
	Is    string // the value
	Not   bool   // lets through what has another value instead
}

// TagAdded starts when a tag is put on a contact that did not have it. With
// Connection.Retag it starts with every envelope.
func TagAdded(tag string) Trigger { return Trigger{Kind: KindTagAdded, Tag: tag} }

// RecordCreated starts when an envelope gets its record by an action. It can't
// stand beside other triggers.
func RecordCreated(a contactmap.Action) Trigger {
	return Trigger{Kind: KindRecordCreated, Action: a}
}

// RecordUpdated starts when an action changes a field of a record from one value
// to another; an empty value is any. It can't stand beside other triggers.
func RecordUpdated(a contactmap.Action, field, from, to string) Trigger {
	return Trigger{Kind: KindRecordUpdated, Action: a, Field: field, From: from, To: to}
}

// Automation is what follows a trigger: a function of the program, or an
// automation of ActiveCampaign that the contact enters.
type Automation struct {
	// Name tells automations apart, also in the store: it must not change.
	Name string
	// Account narrows it to one DocuSign account. Empty: all.
	Account docusign.AccountID
	// Triggers start it, each by itself. RecordCreated and RecordUpdated stand
	// alone.
	Triggers []Trigger
	// Run is called for each firing, in the order of a contact's firings, until it
	// returns nil: it may be called again with the same Firing.ID. An error holds the
	// contact's later firings back.
	Run func(ctx context.Context, firing Firing) error
	// Enrol names the automation of ActiveCampaign that the contact enters, in
	// place of Run. Its own start has to be "enters via API" or none.
	Enrol activecampaign.AutomationID
}

// Firing is one start of an automation.
type Firing struct {
	ID         string // the same when it is told again
	Automation string
	Trigger    Trigger
	Action     contactmap.Action // by which it came
	At         time.Time         // of the action
	Contact    activecampaign.ContactID
	// Record is what was known when the action had happened.
	Record contactmap.Record
}

// checkAutomations finds what can't be meant.
func checkAutomations(all []Automation) error {
	seen := map[string]bool{}
	for _, a := range all {
		field := fmt.Sprintf("Automations[%s]", a.Name)
		switch {
		case a.Name == "" || seen[a.Name]:
			return configError(field, "has no name of its own", "")
		case len(a.Triggers) == 0:
			return configError(field, "has no trigger", "")
		case (a.Run == nil) == (a.Enrol == ""):
			return configError(field, "needs either Run or Enrol", "")
		}
		seen[a.Name] = true
		for i, t := range a.Triggers {
			if err := t.check(field, len(a.Triggers)); err != nil {
				return err
			}
			if slices.Contains(a.Triggers[:i], t) {
				return configError(field, "has a trigger twice", "")
			}
		}
	}
	return nil
}

func (t Trigger) check(field string, together int) error {
	if t.Filter != (Filter{}) {
		if _, ok := valueOf(&contactmap.Record{}, t.Filter.Field); !ok {
			return configError(field, fmt.Sprintf("filters by %q, which DocuSign does not have", t.Filter.Field), "use the keys of contactmap, TabField or CustomField")
		}
	}
	switch t.Kind {
	case KindTagAdded:
		if t.Tag == "" {
			return configError(field, "waits for a tag without a name", "")
		}
		return nil
	case KindRecordCreated, KindRecordUpdated:
		if together > 1 {
			return configError(field, "has a trigger of records beside another", "such a trigger stands alone")
		}
		if !t.Action.IsKnown() {
			return configError(field, fmt.Sprintf("waits for the action %q, which is not known", t.Action), "choose among contactmap.Actions")
		}
		for _, v := range []string{t.From, t.To} {
			if t.Field == contactmap.Status && v != "" && !contactmap.Action(v).IsKnown() {
				return configError(field, fmt.Sprintf("waits for the status %q, which no record has", v), fmt.Sprintf("choose among %q", contactmap.Actions()))
			}
		}
		if t.Kind == KindRecordUpdated && !slices.ContainsFunc(contactmap.RecordFields(), func(f contactmap.RecordField) bool { return f.ID == t.Field }) {
			return configError(field, fmt.Sprintf("waits for the field %q, which records do not have", t.Field), "use an id of contactmap.RecordFields")
		}
		return nil
	}
	return configError(field, "has a trigger of a kind that is not known", "make it with TagAdded, RecordCreated or RecordUpdated")
}

// checkChosen refuses automations that wait for what a connection does not choose.
func (f *Flow) checkChosen(c Connection) error {
	tags := []string{c.Tags.Base}
	for _, a := range c.Actions {
		tags = append(tags, c.Tags.Of(a))
	}
	for _, a := range f.automations(c.Account) {
		field := fmt.Sprintf("Automations[%s]", a.Name)
		for _, t := range a.Triggers {
			switch {
			case t.Kind == KindTagAdded && !slices.Contains(tags, t.Tag):
				return configError(field, fmt.Sprintf("waits for the tag %q, which the connection does not add", t.Tag), fmt.Sprintf("choose the action that adds it; this connection adds %q", tags))
			case t.Kind != KindTagAdded && !slices.Contains(c.Actions, t.Action):
				return configError(field, fmt.Sprintf("waits for the action %s, which the connection does not choose", t.Action), "choose the action too")
			}
		}
	}
	return nil
}

// planEnrolments warns of automations that contacts could not enter.
func (f *Flow) planEnrolments(ctx context.Context, p *Plan, _ *prepared, _ Account) error {
	wanted := map[activecampaign.AutomationID]string{}
	for _, a := range f.automations(p.Account) {
		if a.Enrol != "" {
			wanted[a.Enrol] = a.Name
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	for a, err := range f.ac.Automations.All(ctx) {
		if err != nil {
			return fmt.Errorf("read the automations: %w", err)
		}
		if name, ok := wanted[a.ID]; ok && !a.Active() {
			p.warn("Automations[%s] has contacts enter the automation %s (%q), which is not active in ActiveCampaign.", name, a.ID, a.Name)
		}
		delete(wanted, a.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		p.warn("Automations[%s] has contacts enter the automation %s, which ActiveCampaign does not have; its id is the number in its address there.", wanted[id], id)
	}
	return nil
}

// automations are those of an account.
func (f *Flow) automations(account docusign.AccountID) []Automation {
	var out []Automation
	for _, a := range f.cfg.Automations {
		if a.Account == "" || accountKey(a.Account) == accountKey(account) {
			out = append(out, a)
		}
	}
	return out
}

// watchesTags reports whether an automation waits for tags.
func (f *Flow) watchesTags(account docusign.AccountID) bool {
	for _, a := range f.automations(account) {
		if a.Triggers[0].Kind == KindTagAdded {
			return true
		}
	}
	return false
}

// happening is what one action of a record brought about.
type happening struct {
	action  contactmap.Action
	created bool
	before  *contactmap.Record // nil: the record was created
	after   *contactmap.Record
	tags    []string // that are new on the contact
}

// matches reports whether a trigger waits for it.
func (t Trigger) matches(h happening) bool {
	if !t.Filter.lets(h.after) {
		return false
	}
	switch t.Kind {
	case KindTagAdded:
		return slices.Contains(h.tags, t.Tag)
	case KindRecordCreated:
		return h.created && t.Action == h.action
	case KindRecordUpdated:
		if h.created || t.Action != h.action {
			return false
		}
		from, to := h.before.Value(t.Field), h.after.Value(t.Field)
		return from != to && (t.From == "" || t.From == from) && (t.To == "" || t.To == to)
	}
	return false
}

func (f Filter) lets(r *contactmap.Record) bool {
	if f == (Filter{}) {
		return true
	}
	v, _ := valueOf(r, f.Field)
	return (v == f.Is) != f.Not
}

// valueOf is a field of a record as text, and whether there is such a field.
func valueOf(r *contactmap.Record, key string) (string, bool) {
	for _, f := range contactmap.Source(key).Fields {
		if f.Key == key {
			return f.Get(r).String(), true
		}
	}
	return "", false
}
