package envelopesync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// firingBody is what the store keeps of a firing. The record's key is made of what
// fires and what it starts, so that it is there once; its group is the contact's,
// so that a contact's firings go in order.
type firingBody struct {
	Automation string             `json:"automation"`
	Trigger    int                `json:"trigger"` // its place in the automation
	Account    docusign.AccountID `json:"account"`
	Record     string             `json:"record"`
	Contact    string             `json:"contact"` // in ActiveCampaign
	Action     contactmap.Action  `json:"action"`
	At         time.Time          `json:"at"`
	// Before are the contact's runs through the automation before it was enrolled,
	// so that a run whose answer was lost can be told from them.
	Before []activecampaign.EnrolmentID `json:"before,omitempty"`
	Looked bool                         `json:"looked,omitzero"`
}

type firingRow = orchestration.Row[firingBody]

// stateFired is the state of a firing that was taken.
const stateFired = "fired"

// fire stores the firings of the actions whose turn has come, in their order.
func (c *carry) fire(ctx context.Context, tx orchestration.Tx, row *recordRow) error {
	for _, a := range steps(&c.rec, c.l.Actions, row.Value.Fired) {
		h := c.happening(a, row.Value)
		row.Value.Fired = append(row.Value.Fired, a)
		for _, auto := range c.f.automations(c.rec.Account) {
			for i, t := range auto.Triggers {
				if !t.matches(h) {
					continue
				}
				if err := c.insertFiring(ctx, tx, auto.Name, i, a); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// happening is what an action brought about, as of when it had happened.
func (c *carry) happening(a contactmap.Action, b recordBody) happening {
	after := c.rec.AsOf(a)
	h := happening{action: a, after: &after, created: len(b.Fired) == 0}
	if !h.created {
		before := c.rec.AsOf(b.Fired[len(b.Fired)-1])
		h.before = &before
	}
	names := []string{c.l.Tags.Of(a)}
	if h.created {
		names = append([]string{c.l.Tags.Base}, names...)
	}
	for _, name := range names {
		if c.adds(name) {
			h.tags = append(h.tags, name)
		}
	}
	return h
}

// adds reports whether the record puts a tag on the contact that was not there.
func (c *carry) adds(tag string) bool {
	return c.l.Retag || c.contact.Value.Claims[tag] == c.row.Key
}

func (c *carry) insertFiring(ctx context.Context, tx orchestration.Tx, automation string, trigger int, a contactmap.Action) error {
	row := firingRow{
		Record: orchestration.Record{
			Key:   c.rec.ID() + "/" + string(a) + "/" + automation + "/" + strconv.Itoa(trigger),
			Scope: string(c.l.Account), Group: c.contact.Key, Ref: c.rec.ID(),
			State: orchestration.StatePending, Due: c.f.now(), Updated: c.f.now(),
		},
		Value: firingBody{
			Automation: automation, Trigger: trigger, Account: c.l.Account, Record: c.rec.ID(), Contact: c.contact.Ref,
			Action: a, At: c.rec.Times[a],
		},
	}
	_, err := c.f.firings.Insert(ctx, tx, row)
	return err
}

// runFirings is the handler of a contact's firings: one after the other, each only
// when those before it were taken or given up.
func (f *Flow) runFirings(ctx context.Context, group string) error {
	for !orchestration.TurnOver(ctx) {
		var row firingRow
		more := false
		err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
			open := []string{orchestration.StatePending, orchestration.StateSending}
			rows, err := f.firings.List(ctx, tx, orchestration.Query{Group: group, States: open, Limit: 1})
			if err != nil || len(rows) == 0 {
				return err
			}
			row, more = rows[0], true
			if !row.Due.After(f.now()) {
				return nil
			}
			more = false
			return f.holdBack(ctx, tx, group, row.Due)
		})
		if err != nil || !more {
			return err
		}
		if err := f.runFiring(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// holdBack makes the contact's later firings wait as long as the first one.
func (f *Flow) holdBack(ctx context.Context, tx orchestration.Tx, group string, until time.Time) error {
	rows, err := f.firings.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now()})
	for _, row := range rows {
		row.Due = until
		err = errors.Join(err, f.firings.Update(ctx, tx, &row))
	}
	return err
}

func (f *Flow) runFiring(ctx context.Context, row firingRow) error {
	l, err := f.readConnection(ctx, row.Value.Account)
	if err != nil {
		return err
	}
	if l != nil && l.paused && row.State == orchestration.StatePending {
		return f.putAside(ctx, row.Value.Account, string(f.firings), row.Key)
	}
	firing, auto, err := f.firing(ctx, row)
	switch {
	case errors.Is(err, errOrphan):
		return f.changeFiring(ctx, row, func(r *firingRow) {
			r.State, r.Due, r.LastError = orchestration.StateDead, time.Time{}, "what it is about, or its automation, is gone"
		})
	case err != nil:
		return err
	case auto.Run != nil:
		if err := auto.Run(ctx, firing); err != nil {
			return f.firingFailed(ctx, row, fmt.Errorf("automation %s: %w", auto.Name, err))
		}
		return f.fired(ctx, row)
	}
	return f.enrol(ctx, row, firing, auto)
}

// errOrphan: the record or the automation of a firing is gone.
var errOrphan = errors.New("orphan")

func (f *Flow) firing(ctx context.Context, row firingRow) (Firing, Automation, error) {
	b := row.Value
	i := slices.IndexFunc(f.cfg.Automations, func(a Automation) bool { return a.Name == b.Automation })
	if i < 0 || b.Trigger >= len(f.cfg.Automations[i].Triggers) {
		return Firing{}, Automation{}, errOrphan
	}
	var about recordRow
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		about, err = f.records.Get(ctx, tx, b.Record)
		return err
	})
	if errors.Is(err, orchestration.ErrNoRecord) {
		return Firing{}, Automation{}, errOrphan
	}
	if err != nil {
		return Firing{}, Automation{}, err
	}
	rec := about.Value.Record.AsOf(b.Action)
	if a, ok := f.accounts[accountKey(b.Account)]; ok {
		rec.Link = f.cfg.Link(a.Environment, rec.Envelope)
	}
	auto := f.cfg.Automations[i]
	return Firing{
		ID: row.Key, Automation: auto.Name, Trigger: auto.Triggers[b.Trigger], Action: b.Action, At: b.At,
		Contact: activecampaign.ContactID(b.Contact), Record: rec,
	}, auto, nil
}

func (f *Flow) changeFiring(ctx context.Context, row firingRow, change func(*firingRow)) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.firings.Get(ctx, tx, row.Key)
		if errors.Is(err, orchestration.ErrNoRecord) {
			return nil
		}
		if err != nil {
			return err
		}
		change(&now)
		now.Updated = f.now()
		return f.firings.Update(ctx, tx, &now)
	})
}

func (f *Flow) fired(ctx context.Context, row firingRow) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.firings.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		now.State, now.Due, now.LastError, now.Updated = stateFired, time.Time{}, "", f.now()
		if err := f.firings.Update(ctx, tx, &now); err != nil {
			return err
		}
		return f.logFired(ctx, tx, now)
	})
}

func (f *Flow) logFired(ctx context.Context, tx orchestration.Tx, row firingRow) error {
	b := row.Value
	return f.log(ctx, tx, b.Account, b.Record, "automation started", b.Automation, "contact", b.Contact, "action", string(b.Action))
}

func (f *Flow) firingFailed(ctx context.Context, row firingRow, cause error) error {
	dead := false
	err := f.changeFiring(ctx, row, func(r *firingRow) { dead = f.failed(&r.Record, cause) })
	if dead {
		f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkFirings, Account: row.Value.Account, Ref: row.Key, Reason: orchestration.ErrorText(cause)})
	}
	f.cfg.Logger.WarnContext(ctx, "automation was not started", "firing", row.Key, "dead", dead, "error", cause)
	return err
}

// enrol has the contact enter an automation of ActiveCampaign. Each call enters it
// anew, so that one whose answer was lost is looked up among the contact's runs
// and not repeated.
func (f *Flow) enrol(ctx context.Context, row firingRow, firing Firing, auto Automation) error {
	if !row.Value.Looked {
		if err := f.prepareEnrolment(ctx, &row, firing, auto); err != nil {
			return f.firingFailed(ctx, row, err)
		}
	}
	raw, err := f.firings.Record(row)
	if err != nil {
		return err
	}
	outcome := orchestration.Outcome[activecampaign.EnrolmentID]{
		Store: f.store, Clock: f.cfg.Clock, Backoff: f.cfg.Backoff, Attempts: f.cfg.Attempts, Settle: 2 * time.Second,
		Send: func(ctx context.Context, _ string, _ orchestration.Record) (activecampaign.EnrolmentID, error) {
			if err := f.mirror(ctx, row.Value.Account, firing.Record); err != nil {
				return "", orchestration.NoEffect(err)
			}
			e, err := f.ac.Automations.Enrol(ctx, firing.Contact, auto.Enrol)
			if err != nil {
				return "", err
			}
			return e.ID, nil
		},
		Find: func(ctx context.Context, _ string, _ orchestration.Record) (activecampaign.EnrolmentID, bool, error) {
			id, err := f.newRun(ctx, firing.Contact, auto.Enrol, row.Value.Before)
			return id, id != "", err
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, _ activecampaign.EnrolmentID) error {
			rec.State = stateFired
			return f.logFired(ctx, tx, row)
		},
	}
	_, err = outcome.Do(ctx, raw)
	if w, failed := errors.AsType[*orchestration.WriteError](err); failed {
		if w.State == orchestration.StateDead || w.State == orchestration.StateUncertain {
			f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkFirings, Account: row.Value.Account, Ref: row.Key, Reason: orchestration.ErrorText(w)})
		}
		return nil
	}
	return err
}

// prepareEnrolment remembers the contact's runs.
func (f *Flow) prepareEnrolment(ctx context.Context, row *firingRow, firing Firing, auto Automation) error {
	runs, err := f.ac.Contacts.Enrolments(ctx, firing.Contact)
	if err != nil {
		return fmt.Errorf("read the contact's automations: %w", err)
	}
	var before []activecampaign.EnrolmentID
	for _, e := range runs {
		if e.Automation == auto.Enrol {
			before = append(before, e.ID)
		}
	}
	row.Value.Before, row.Value.Looked = before, true
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.firings.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		now.Value.Before, now.Value.Looked, now.Updated = before, true, f.now()
		if err := f.firings.Update(ctx, tx, &now); err != nil {
			return err
		}
		*row = now
		return nil
	})
}

// newRun is a run through an automation that was not among those before.
func (f *Flow) newRun(ctx context.Context, contact activecampaign.ContactID, automation activecampaign.AutomationID, before []activecampaign.EnrolmentID) (activecampaign.EnrolmentID, error) {
	runs, err := f.ac.Contacts.Enrolments(ctx, contact)
	if err != nil {
		return "", err
	}
	for _, e := range runs {
		if e.Automation == automation && !slices.Contains(before, e.ID) {
			return e.ID, nil
		}
	}
	return "", nil
}

// mirror writes the mirrored values of the record that fires to the contact, before
// each attempt to enrol it: another envelope may have replaced them since.
func (f *Flow) mirror(ctx context.Context, account docusign.AccountID, rec contactmap.Record) error {
	l, err := f.readConnection(ctx, account)
	if err != nil || l == nil || len(l.mirror) == 0 {
		return err
	}
	var mapped contactmap.Contact
	l.m.Run(&rec, &mapped)
	values := map[string]string{}
	for _, field := range l.mirror {
		values[field.Key] = field.Get(&mapped) // what the record lacks is cleared
	}
	if _, err := f.ac.Contacts.Sync(ctx, input(mapped.Email, values, l.mirror)); err != nil {
		return fmt.Errorf("write the mirror: %w", err)
	}
	return nil
}
