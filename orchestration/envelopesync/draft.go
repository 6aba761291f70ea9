package envelopesync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// draft is a draft on its way into DocuSign.
type draft struct {
	f       *Flow
	row     prefillRow
	rule    PrefillRule
	account Account
	contact contactmap.Contact
	id      activecampaign.ContactID
	fields  []docusign.TemplateField
	filling contactmap.Filling
}

// newDraft reads the contact and fills the template with it.
func (f *Flow) newDraft(ctx context.Context, row prefillRow) (*draft, error) {
	rule, err := f.prefillRule(row.Value.Rule)
	if err != nil {
		return nil, err
	}
	d := &draft{f: f, row: row, rule: rule, id: activecampaign.ContactID(row.Value.Contact)}
	if d.account, err = f.account(rule.Account); err != nil {
		return nil, err
	}
	if err := d.read(ctx); err != nil {
		return nil, err
	}
	fields, err := f.contactFields(ctx)
	if err != nil {
		return nil, err
	}
	t, err := readTemplate(ctx, d.account, rule.Template)
	if err != nil {
		return nil, err
	}
	m, err := rule.check(t, fields)
	if err != nil {
		return nil, err
	}
	d.fields = t.fields
	if res := m.Run(&d.contact, &d.filling); res.HasErrors() {
		return nil, unfilled(rule, res)
	}
	return d, nil
}

// unfilled names the tabs that got no value, and the contact's fields which should
// fill them. It quotes no value.
func unfilled(rule PrefillRule, res mapping.Result) error {
	var tabs []string
	for _, f := range res.Findings {
		if f.Severity != mapping.SeverityError {
			continue
		}
		var text strings.Builder
		text.WriteString(f.Field + ": " + f.Message)
		for _, tab := range rule.Tabs {
			if tab.Role+"/"+tab.Label == f.Field {
				fmt.Fprintf(&text, " (it comes from the contact field %q)", tab.From)
			}
		}
		tabs = append(tabs, text.String())
	}
	return fmt.Errorf("%w: %s", ErrPrefill, strings.Join(tabs, "; "))
}

func (d *draft) read(ctx context.Context) error {
	if d.id == "" {
		found, err := d.f.ac.Contacts.FindByEmail(ctx, d.row.Value.Email)
		if err != nil {
			return fmt.Errorf("find the contact: %w", err)
		}
		d.id = found.ID
	}
	c, err := d.f.ac.Contacts.Get(ctx, d.id)
	if err != nil {
		return fmt.Errorf("read the contact: %w", err)
	}
	d.contact = contactmap.Contact{
		Email: c.Contact.Email, FirstName: string(c.Contact.FirstName), LastName: string(c.Contact.LastName),
		Phone: string(c.Contact.Phone), Fields: map[string]string{},
	}
	for _, v := range c.FieldValues {
		d.contact.Fields[string(v.Field)] = string(v.Value)
	}
	return nil
}

// definition is the draft: it is never sent.
func (d *draft) definition(transaction docusign.TransactionID) (docusign.EnvelopeDefinition, error) {
	def := docusign.EnvelopeDefinition{Status: docusign.EnvelopeCreated, TemplateID: d.rule.Template, TransactionID: transaction}
	roles := slices.Clone(d.rule.Roles)
	if d.rule.Role != "" {
		name := strings.TrimSpace(d.contact.FirstName + " " + d.contact.LastName)
		roles = append(roles, docusign.TemplateRole{RoleName: d.rule.Role, Name: cmp.Or(name, d.contact.Email), Email: d.contact.Email})
	}
	for i := range roles {
		values := d.filling.Roles[roles[i].RoleName]
		if len(values) == 0 {
			continue
		}
		tabs, err := docusign.RoleTabs(d.fields, roles[i].RoleName, values)
		if err != nil {
			return def, fmt.Errorf("%w: %w", ErrPrefill, err)
		}
		roles[i].Tabs = tabs
	}
	def.TemplateRoles = roles
	return def, nil
}

// findable is how long after a creation its transaction is looked up at the
// earliest; DocuSign does not say how soon it can be found.
const findable = time.Minute

// create makes the draft, once: a creation whose answer was lost is looked up by
// its transaction.
func (d *draft) create(ctx context.Context) error {
	raw, err := d.f.prefills.Record(d.row)
	if err != nil {
		return err
	}
	envelopes := d.account.Client.Envelopes
	_, err = orchestration.Outcome[docusign.EnvelopeID]{
		Store: d.f.store, Clock: d.f.cfg.Clock, Backoff: d.f.cfg.Backoff, Attempts: d.f.cfg.Attempts, Settle: findable,
		Send: func(ctx context.Context, attempt string, _ orchestration.Record) (docusign.EnvelopeID, error) {
			def, err := d.definition(d.transaction(attempt))
			if err != nil {
				return "", orchestration.NoEffect(err)
			}
			made, err := envelopes.Create(ctx, def)
			if err != nil {
				return "", err
			}
			return made.ID, nil
		},
		Find: func(ctx context.Context, attempt string, _ orchestration.Record) (docusign.EnvelopeID, bool, error) {
			id := d.transaction(attempt)
			all, err := envelopes.Transactions(ctx, []docusign.TransactionID{id})
			for _, t := range all {
				if t.TransactionID == id && t.EnvelopeID != "" {
					return t.EnvelopeID, true, nil
				}
			}
			return "", false, err
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, id docusign.EnvelopeID) error {
			rec.State, rec.Due, rec.Ref, rec.Attempt = stateDrafted, d.f.now(), string(id), 0
			return d.f.log(ctx, tx, d.rule.Account, d.row.Key, "draft made", d.rule.Name, "envelope", string(id), "contact", string(d.id))
		},
	}.Do(ctx, raw)
	return err
}

// transaction makes a UUID of an attempt's name and of when the delivery came, since
// a later delivery with the same name counts its attempts from the first again.
func (d *draft) transaction(attempt string) docusign.TransactionID {
	sum := sha256.Sum256([]byte(attempt + strconv.FormatInt(d.row.Value.Received.UnixNano(), 10)))
	id := hex.EncodeToString(sum[:16])
	return docusign.TransactionID(id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:])
}

// complete fills the sender's tabs of the draft and reports it.
func (d *draft) complete(ctx context.Context) error {
	id := docusign.EnvelopeID(d.row.Ref)
	for doc, values := range d.filling.Prefill {
		if err := d.account.Client.Tabs.Prefill(ctx, id, doc, values); err != nil {
			return fmt.Errorf("fill the sender's tabs: %w", err)
		}
	}
	link := d.f.cfg.Link(d.account.Environment, id)
	if err := d.report(ctx, id, link); err != nil {
		return err
	}
	err := d.f.changePrefill(ctx, d.row, func(now *prefillRow) {
		now.State, now.Due, now.LastError, now.Attempt = stateReported, time.Time{}, "", 0
		now.Value.Email = ""
	})
	if err == nil {
		d.f.cfg.Notify(Notice{Kind: NoticeDraft, Account: d.rule.Account, Ref: d.row.Key, Draft: id, Link: link})
	}
	return err
}

// report tells of the draft in ActiveCampaign. A note or an event that may have
// been sent before is not sent again: a note is looked up, an event can't be.
func (d *draft) report(ctx context.Context, id docusign.EnvelopeID, link string) error {
	r := d.rule.Report
	if r.Tag != "" {
		if _, err := d.f.tags.Apply(ctx, d.id, r.Tag); err != nil {
			return fmt.Errorf("report by tag: %w", err)
		}
	}
	text := fmt.Sprintf("DocuSign draft %s\n%s", id, link)
	if r.Note {
		if err := d.note(ctx, text); err != nil {
			return fmt.Errorf("report by note: %w", err)
		}
	}
	if r.Event == "" || d.row.Value.Tracking {
		return nil
	}
	if err := d.f.changePrefill(ctx, d.row, func(now *prefillRow) { now.Value.Tracking = true }); err != nil {
		return err
	}
	err := d.f.ac.Events.Track(ctx, activecampaign.TrackedEvent{Name: r.Event, Email: d.contact.Email, Data: text})
	if err != nil && noEffect(err) {
		err = errors.Join(err, d.f.changePrefill(ctx, d.row, func(now *prefillRow) { now.Value.Tracking = false }))
		return fmt.Errorf("report by event: %w", err)
	}
	return nil
}

func (d *draft) note(ctx context.Context, text string) error {
	if d.row.Value.Noting {
		notes, err := d.f.ac.Contacts.Notes(ctx, d.id)
		if err != nil || slices.ContainsFunc(notes, func(n activecampaign.Note) bool { return n.Text == text }) {
			return err
		}
	} else if err := d.f.changePrefill(ctx, d.row, func(now *prefillRow) { now.Value.Noting = true }); err != nil {
		return err
	}
	_, err := d.f.ac.Notes.Create(ctx, d.id, text)
	return err
}
