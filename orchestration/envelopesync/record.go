package envelopesync

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// The states of a record. Those of package orchestration mean here: pending, to be
// carried over; dead, given up.
const (
	stateDone      = "done"      // ActiveCampaign says what the record says
	stateSkipped   = "skipped"   // there is nobody to carry it to
	stateImporting = "importing" // a bulk import carries the contact over first
	stateForgotten = "forgotten" // its ids alone are left, so that later messages bring nobody back
)

// recordBody is what the store keeps of one recipient of one envelope.
type recordBody struct {
	Record contactmap.Record `json:"record"`
	// Fired are the actions that had their turn: automations were started, or are
	// not to be.
	Fired []contactmap.Action `json:"fired,omitempty"`

	// For is the contact in ActiveCampaign that the following was done for, or
	// forImported.
	For string `json:"for,omitzero"`
	// Told are the actions after which the contact was written.
	Told   []contactmap.Action `json:"told,omitempty"`
	Tagged []contactmap.Action `json:"tagged,omitempty"`
	Based  bool                `json:"based,omitzero"` // has the base tag
	// Written are the values of the record in ActiveCampaign, and when they were
	// written.
	Written   map[string]string `json:"written,omitempty"`
	WrittenAt time.Time         `json:"written_at,omitzero"`
	// Shared says that others had values of their own in it then.
	Shared bool `json:"shared,omitzero"`
	// Noting are the actions whose note is about to be written.
	Noting []contactmap.Action `json:"noting,omitempty"`
	Noted  []contactmap.Action `json:"noted,omitempty"`
}

type recordRow = orchestration.Row[recordBody]

// contactBody is what the store keeps of a contact. The record's key is
// contactGroup, its Ref the contact's id in ActiveCampaign.
type contactBody struct {
	Email string `json:"email"`
	// Values are what the envelopes say, each from the one that changed last.
	Values map[string]value `json:"values"`
	// Synced are the values that were written last, by the keys of the fields.
	Synced map[string]string `json:"synced,omitempty"`
	// Claims are tags that are new on the contact, with the record that adds them;
	// it is stored before they are added, and goes when the record has fired.
	Claims map[string]string `json:"claims,omitempty"`
}

// value is the value of a field and the record that it is from.
type value struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
}

type contactRow = orchestration.Row[contactBody]

// forImported says that a bulk import did it, which does not tell the contact's id.
const forImported = "imported"

// belong says which contact in ActiveCampaign the record belongs to now. What was
// done for another one (the address was corrected, the contact was deleted and
// made anew) counts no more.
func (b *recordBody) belong(contact string) {
	if b.For != contact {
		b.For, b.Told, b.Tagged, b.Based, b.Written = contact, nil, nil, false, nil
	}
}

// recordsAtOnce is how many records of a contact are carried over before other
// contacts have their turn.
const recordsAtOnce = 16

// runRecords is the handler of a contact's records: it makes the contact, its tags
// and its records in ActiveCampaign what the records here say.
func (f *Flow) runRecords(ctx context.Context, group string) error {
	var rows []recordRow
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		rows, err = f.records.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: recordsAtOnce})
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if orchestration.TurnOver(ctx) {
			break
		}
		if err := f.runRecord(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// runRecord carries one record over. A failure concerns that record alone.
func (f *Flow) runRecord(ctx context.Context, row recordRow) error {
	c, err := f.newCarry(ctx, row)
	if err != nil || c == nil {
		return err
	}
	if err = c.run(ctx); err == nil || errors.Is(err, errForgotten) || ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errStore) {
		return err
	}
	return f.recordFailed(ctx, row, err)
}

// errStore marks failures of the store, which concern the whole lane.
var errStore = errors.New("store")

func (f *Flow) recordFailed(ctx context.Context, row recordRow, cause error) error {
	dead := false
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.records.Get(ctx, tx, row.Key)
		if errors.Is(err, orchestration.ErrNoRecord) || now.State == stateForgotten {
			return nil
		}
		if err != nil {
			return err
		}
		if errors.Is(cause, countersign.ErrNotFound) {
			if err := f.contactGone(ctx, tx, now.Group); err != nil {
				return err
			}
		}
		if dead = f.failed(&now.Record, cause); dead {
			if err := f.log(ctx, tx, now.Value.Record.Account, row.Key, "gave up", "", "envelope", row.Ref); err != nil {
				return err
			}
		}
		return f.records.Update(ctx, tx, &now)
	})
	if err == nil && dead {
		f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkRecords, Account: row.Value.Record.Account, Ref: row.Key, Reason: orchestration.ErrorText(cause)})
	}
	f.cfg.Logger.WarnContext(ctx, "record was not carried over", "record", row.Key, "dead", dead, "error", cause)
	return err
}

// contactGone forgets the id of a contact that ActiveCampaign may not have any more,
// so that the next attempt makes the contact anew.
func (f *Flow) contactGone(ctx context.Context, tx orchestration.Tx, group string) error {
	row, err := f.contacts.Get(ctx, tx, group)
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	row.Ref, row.Value.Synced, row.Updated = "", nil, f.now()
	return f.contacts.Update(ctx, tx, &row)
}

// carry is one record on its way to ActiveCampaign.
type carry struct {
	f       *Flow
	l       *live
	row     recordRow
	rec     contactmap.Record // as it was when the work began, with its link
	contact contactRow
	todo    []contactmap.Action // whose turn has come
}

// newCarry begins the work on a record; nil where there is nothing to do.
func (f *Flow) newCarry(ctx context.Context, row recordRow) (*carry, error) {
	c := &carry{f: f, row: row}
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		if c.l, err = f.connection(ctx, tx, row.Value.Record.Account); err != nil {
			return err
		}
		if c.l == nil || c.l.paused {
			park := row
			park.State, park.Due, park.Updated = stateHeld, time.Time{}, f.now()
			return f.records.Update(ctx, tx, &park)
		}
		c.contact, err = f.contacts.Get(ctx, tx, row.Group)
		if errors.Is(err, orchestration.ErrNoRecord) {
			c.contact = contactRow{Record: orchestration.Record{Key: row.Group, State: stateDone}}
			err = nil
		}
		return err
	})
	if err != nil || c.l == nil || c.l.paused {
		return nil, err
	}
	c.rec = row.Value.Record
	if a, ok := f.accounts[accountKey(c.rec.Account)]; ok {
		c.rec.Link = f.cfg.Link(a.Environment, c.rec.Envelope)
	}
	c.todo = steps(&c.rec, c.l.Actions, c.row.Value.Fired)
	return c, nil
}

func (c *carry) run(ctx context.Context) error {
	if len(c.rec.Reached(c.l.Actions)) == 0 {
		return c.finish(ctx) // nothing happened yet that was chosen
	}
	for _, do := range []func(context.Context) error{c.sync, c.tag, c.write, c.note, c.finish} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// id is the contact's id in ActiveCampaign.
func (c *carry) id() activecampaign.ContactID { return activecampaign.ContactID(c.contact.Ref) }

// save changes what is stored of the record's effects.
func (c *carry) save(ctx context.Context, change func(tx orchestration.Tx, row *recordRow) error) error {
	return c.store(ctx, func(tx orchestration.Tx) (recordRow, error) { return c.saveIn(ctx, tx, change) })
}

// store runs a transaction that changes the record, and keeps the record.
func (c *carry) store(ctx context.Context, do func(tx orchestration.Tx) (recordRow, error)) error {
	var now recordRow
	err := c.f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		now, err = do(tx)
		return err
	})
	if errors.Is(err, orchestration.ErrNoRecord) {
		return errForgotten
	}
	if err != nil {
		return errors.Join(errStore, err)
	}
	c.row = now
	return nil
}

// errForgotten: the record was taken away while it was carried over.
var errForgotten = errors.New("forgotten")

// saveIn is save within a transaction: the effects are this carry's, everything
// else is as it is stored now.
func (c *carry) saveIn(ctx context.Context, tx orchestration.Tx, change func(tx orchestration.Tx, row *recordRow) error) (recordRow, error) {
	now, err := c.f.records.Get(ctx, tx, c.row.Key)
	if err == nil && now.State == stateForgotten {
		err = orchestration.ErrNoRecord
	}
	if err != nil {
		return now, err
	}
	effects, stored := c.row.Value, now.Value
	now.Value = effects
	now.Value.Record, now.Value.Fired = stored.Record, stored.Fired
	if err := change(tx, &now); err != nil {
		return now, err
	}
	now.Updated = c.f.now()
	err = c.f.records.Update(ctx, tx, &now)
	return now, err
}

// finish starts the automations of the actions whose turn has come, and is done
// unless the record changed meanwhile.
func (c *carry) finish(ctx context.Context) error {
	return c.save(ctx, func(tx orchestration.Tx, row *recordRow) error {
		if err := c.fire(ctx, tx, row); err != nil {
			return err
		}
		if err := c.release(ctx, tx); err != nil {
			return err
		}
		row.Value.Noting = nil
		row.Attempt, row.LastError = 0, ""
		unchanged := row.Group == c.contact.Key && same(row.Value.Record, c.rec)
		if unchanged && row.State == orchestration.StatePending {
			row.State, row.Due = stateDone, time.Time{}
		}
		return nil
	})
}

// release gives up the record's claims on tags.
func (c *carry) release(ctx context.Context, tx orchestration.Tx) error {
	left := maps.Clone(c.contact.Value.Claims)
	maps.DeleteFunc(left, func(_, by string) bool { return by == c.row.Key })
	if len(left) == len(c.contact.Value.Claims) {
		return nil
	}
	contact := c.contact
	contact.Value.Claims = left
	return c.f.putContact(ctx, tx, contact)
}
