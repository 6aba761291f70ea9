package envelopesync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// PrefillRule makes a draft in DocuSign from a template and a contact, when an
// automation of ActiveCampaign calls Flow.PrefillURL with its "Webhook" action.
// The draft is never sent.
type PrefillRule struct {
	// Name names the rule in its address: lower-case letters, digits, hyphens and
	// underscores.
	Name     string
	Account  docusign.AccountID
	Template docusign.TemplateID
	// Role is the template's role that the contact takes. Empty: none.
	Role string
	// Roles are people for the template's other roles. A role that nobody takes is
	// left for the user who completes the draft.
	Roles []docusign.TemplateRole
	// Tabs say which field of the contact fills which tab.
	Tabs []contactmap.TabRule
	// Window is how long a delivery with the same contact and date_time counts as
	// a repetition. Whether the "Webhook" action sends a date_time is undocumented;
	// without one, deliveries for the same contact within the window are one.
	// 0: 10 minutes.
	Window time.Duration
	// Report says how the contact learns of the draft.
	Report Report
}

// Report tells a contact's followers in ActiveCampaign of a draft: each in its
// way, empty and false not at all.
type Report struct {
	Tag   string // put on the contact; it can't say which draft
	Note  bool   // with the draft's id and link
	Event string // a tracked event with both; the name is registered in ActiveCampaign
}

// ErrPrefill says that the contact can't fill the template: a field that has to be
// filled is empty, or holds what its tab does not take.
var ErrPrefill = fmt.Errorf("the contact does not fill the template (%w)", countersign.ErrInvalid)

const defaultWindow = 10 * time.Minute

func checkPrefills(c Config) error {
	seen := map[string]bool{}
	for i, r := range c.Prefills {
		field := fmt.Sprintf("Prefills[%d]", i)
		switch {
		case r.Name == "" || orchestration.CheckInstance(r.Name) != nil || seen[r.Name]:
			return configError(field, "has no name of its own", "use lower-case letters, digits, hyphens and underscores")
		case r.Account == "" || r.Template == "":
			return configError(field, "names no account or no template", "")
		case r.Window < 0:
			return configError(field, "has a negative window", "")
		case len(c.WebhookTokens) == 0:
			return configError("WebhookTokens", "is empty", "make one with rand.Text of crypto/rand")
		}
		seen[r.Name] = true
	}
	return nil
}

func (f *Flow) prefillRule(name string) (PrefillRule, error) {
	i := slices.IndexFunc(f.cfg.Prefills, func(r PrefillRule) bool { return r.Name == name })
	if i < 0 {
		return PrefillRule{}, ErrUnknownPrefill
	}
	r := f.cfg.Prefills[i]
	r.Window = cmp.Or(r.Window, defaultWindow)
	return r, nil
}

// PlannedPrefill is a rule and what it fills.
type PlannedPrefill struct {
	Name     string
	Template string // its name
	Role     string
	Tabs     []PlannedTab
}

// PlannedTab is a tab and the contact's field that fills it.
type PlannedTab struct {
	From, Title string // key and title of the contact's field
	Role, Label string // of the tab; without a role it is the sender's
	Kind        docusign.TabKind
}

// template is a template as a rule needs it.
type template struct {
	name   string
	roles  []string
	fields []docusign.TemplateField
}

func readTemplate(ctx context.Context, a Account, id docusign.TemplateID) (template, error) {
	t, err := a.Client.Templates.Get(ctx, id, nil)
	if err != nil {
		return template{}, fmt.Errorf("read the template: %w", err)
	}
	out := template{name: t.Name}
	for _, r := range t.Recipients.All() {
		out.roles = append(out.roles, r.RoleName)
	}
	if out.fields, err = a.Client.Templates.Fields(ctx, id); err != nil {
		return template{}, fmt.Errorf("read the template's fields: %w", err)
	}
	return out, nil
}

// check compares a rule with its template.
func (r PrefillRule) check(t template, contact []contactmap.ContactField) (*contactmap.Prefill, error) {
	m, err := contactmap.NewPrefill(t.fields, contact, r.Tabs)
	roles := []string{}
	if r.Role != "" {
		roles = append(roles, r.Role)
	}
	for _, role := range r.Roles {
		roles = append(roles, role.RoleName)
	}
	for i, role := range roles {
		switch {
		case !slices.Contains(t.roles, role):
			err = errors.Join(err, configError("Prefills["+r.Name+"]", fmt.Sprintf("has the role %q, which the template lacks", role), "name it as in the template"))
		case slices.Contains(roles[:i], role):
			err = errors.Join(err, configError("Prefills["+r.Name+"]", fmt.Sprintf("fills the role %q twice", role), ""))
		}
	}
	for _, tab := range r.Tabs {
		if tab.Role != "" && !slices.Contains(roles, tab.Role) {
			err = errors.Join(err, configError("Prefills["+r.Name+"]", fmt.Sprintf("fills a tab of the role %q, which nobody takes", tab.Role), ""))
		}
	}
	return m, err
}

func (f *Flow) planPrefills(ctx context.Context, p *Plan, a Account, fields []contactmap.ContactField) error {
	for _, r := range f.cfg.Prefills {
		if accountKey(r.Account) != p.Account {
			continue
		}
		t, err := readTemplate(ctx, a, r.Template)
		if err != nil {
			return err
		}
		if _, err := r.check(t, fields); err != nil {
			return err
		}
		planned := PlannedPrefill{Name: r.Name, Template: t.name, Role: r.Role}
		for _, tab := range r.Tabs {
			from, _ := contactmap.FindField(fields, tab.From)
			i := slices.IndexFunc(t.fields, func(f docusign.TemplateField) bool { return f.Role == tab.Role && f.Label == tab.Label })
			planned.Tabs = append(planned.Tabs, PlannedTab{from.Key, from.Title, tab.Role, tab.Label, t.fields[i].Kind})
		}
		p.Prefills = append(p.Prefills, planned)
	}
	return nil
}

// prefillBody is what the store keeps of a draft that is to be made. The record's
// key is rule, contact and date_time, its Ref the draft.
type prefillBody struct {
	Rule     string    `json:"rule"`
	Contact  string    `json:"contact"`         // in ActiveCampaign
	Email    string    `json:"email,omitempty"` // where the webhook named no id
	Received time.Time `json:"received"`
	// Noting and Tracking say that a note or an event is about to be sent.
	Noting   bool `json:"noting,omitzero"`
	Tracking bool `json:"tracking,omitzero"`
}

type prefillRow = orchestration.Row[prefillBody]

// The states of a draft beside those of package orchestration.
const (
	stateDrafted  = "drafted"  // it exists and is to be filled and reported
	stateReported = "reported" // done
)

// ReceivePrefill stores the delivery of an automation's webhook; the draft comes
// later. A delivery for the same rule, contact and date_time within the rule's
// window is stored once.
func (f *Flow) ReceivePrefill(ctx context.Context, rule string, e activecampaign.Event) error {
	r, err := f.prefillRule(rule)
	if err != nil {
		return err
	}
	contact := string(e.Contact.ID)
	if contact == "" {
		contact = contactGroup(e.Contact.Email)
	}
	row := prefillRow{
		Record: orchestration.Record{
			Key: rule + "/" + contact + "/" + e.DateTime, Scope: string(accountKey(r.Account)), Group: rule + "/" + contact,
			State: orchestration.StatePending, Due: f.now(), Updated: f.now(),
		},
		Value: prefillBody{Rule: rule, Contact: string(e.Contact.ID), Received: f.now()},
	}
	if row.Value.Contact == "" {
		row.Value.Email = strings.TrimSpace(e.Contact.Email)
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		fresh, err := f.prefills.Insert(ctx, tx, row)
		if err != nil || fresh == 1 {
			return err
		}
		was, err := f.prefills.Get(ctx, tx, row.Key)
		if err != nil || f.now().Sub(was.Value.Received) < r.Window || !was.Due.IsZero() {
			return err
		}
		// Another run that happens to have the same name.
		again := row
		again.Seq, again.Version = was.Seq, was.Version
		return f.prefills.Update(ctx, tx, &again)
	})
}

// runPrefills is the handler of drafts.
func (f *Flow) runPrefills(ctx context.Context, group string) error {
	var rows []prefillRow
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		rows, err = f.prefills.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: recordsAtOnce})
		return err
	})
	for _, row := range rows {
		if orchestration.TurnOver(ctx) {
			break
		}
		if err := f.runPrefill(ctx, row); err != nil {
			return err
		}
	}
	return err
}

func (f *Flow) runPrefill(ctx context.Context, row prefillRow) error {
	l, err := f.readConnection(ctx, docusign.AccountID(row.Scope))
	if err != nil {
		return err
	}
	if l != nil && l.paused && row.State == orchestration.StatePending {
		return f.putAside(ctx, docusign.AccountID(row.Scope), string(f.prefills), row.Key)
	}
	d, err := f.newDraft(ctx, row)
	if err == nil {
		if row.Ref != "" { // it exists, also where it was given up and taken up again
			err = d.complete(ctx)
		} else {
			err = d.create(ctx)
		}
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if w, failed := errors.AsType[*orchestration.WriteError](err); failed {
		if w.State == orchestration.StateDead || w.State == orchestration.StateUncertain {
			f.prefillGivenUp(row, w)
		}
		return nil
	}
	dead := false
	changed := f.changePrefill(ctx, row, func(now *prefillRow) {
		if now.State == orchestration.StateSending {
			// Its attempt names what was sent, and must stay. Without contact or template
			// nobody can go on with it: a person has to look whether there is a draft.
			now.Due, now.LastError = f.now().Add(f.cfg.Backoff(max(now.Attempt, 1))), orchestration.ErrorText(err)
			if dead = permanent(err); dead {
				now.State, now.Due = orchestration.StateUncertain, time.Time{}
			}
			return
		}
		state := now.State
		if dead = f.failed(&now.Record, err); !dead {
			now.State = state // what exists still exists
		}
	})
	if dead {
		f.prefillGivenUp(row, err)
	}
	return changed
}

func (f *Flow) prefillGivenUp(row prefillRow, cause error) {
	f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkPrefills, Account: docusign.AccountID(row.Scope), Ref: row.Key, Reason: orchestration.ErrorText(cause)})
}

func (f *Flow) changePrefill(ctx context.Context, row prefillRow, change func(*prefillRow)) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.prefills.Get(ctx, tx, row.Key)
		if errors.Is(err, orchestration.ErrNoRecord) {
			return nil
		}
		if err != nil {
			return err
		}
		change(&now)
		now.Updated = f.now()
		return f.prefills.Update(ctx, tx, &now)
	})
}
