package envelopesync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// importBody is what the store keeps of a bulk import: the contacts of some
// records.
type importBody struct {
	Account docusign.AccountID     `json:"account"`
	Records []string               `json:"records"`
	Batch   activecampaign.BatchID `json:"batch,omitzero"` // empty: not sent yet
	// Sent are digests of the values that were sent, by contactGroup.
	Sent map[string]string `json:"sent,omitempty"`
}

type importRow = orchestration.Row[importBody]

// importPause is how long a bulk import is left alone before it is asked after.
const importPause = 5 * time.Second

func (f *Flow) insertImport(ctx context.Context, tx orchestration.Tx, account docusign.AccountID, key string, records []string) error {
	if len(records) == 0 {
		return nil
	}
	_, err := f.imports.Insert(ctx, tx, importRow{
		Record: orchestration.Record{Key: key, Scope: string(account), Group: key, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
		Value:  importBody{Account: account, Records: records},
	})
	return err
}

// runImport is the handler of a bulk import: it sends it, or asks what became of
// it.
func (f *Flow) runImport(ctx context.Context, key string) error {
	var row importRow
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		row, err = f.imports.Get(ctx, tx, key)
		return err
	})
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := f.readConnection(ctx, row.Value.Account)
	if err != nil {
		return err
	}
	if l == nil || l.paused {
		return f.putAside(ctx, row.Value.Account, string(f.imports), row.Key)
	}
	if row.Value.Batch != "" {
		err = f.followImport(ctx, l, row)
	} else {
		err = f.sendImport(ctx, l, row)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, errStore) {
		return errors.Join(err, ctx.Err())
	}
	dead := false
	changed := f.changeImport(ctx, row, func(now *importRow) { dead = f.failed(&now.Record, err) })
	if dead {
		f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkImports, Account: row.Value.Account, Ref: row.Key, Reason: orchestration.ErrorText(err)})
	}
	return changed
}

func (f *Flow) changeImport(ctx context.Context, row importRow, change func(*importRow)) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.imports.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		change(&now)
		now.Updated = f.now()
		return f.imports.Update(ctx, tx, &now)
	})
}

// batch is the contacts of some records.
type batch struct {
	contacts []activecampaign.ImportContact
	records  map[string][]string // by contact: those of the contact
	sent     map[string]string   // by contact: digest of its values
}

// sendImport makes the contacts and sends them. One that was sent without an
// answer is sent again: it leads to the same contacts.
func (f *Flow) sendImport(ctx context.Context, l *live, row importRow) error {
	b, err := f.batch(ctx, l, row.Value.Records)
	if err != nil || len(b.contacts) == 0 {
		return errors.Join(err, f.endImport(ctx, row))
	}
	parts, err := activecampaign.SplitImport(b.contacts)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		return f.divide(ctx, row, b, parts)
	}
	queued, err := f.ac.Import.Start(ctx, activecampaign.BulkImport{Contacts: b.contacts})
	if errors.Is(err, countersign.ErrInvalid) && len(b.contacts) > 1 {
		// One bad contact makes ActiveCampaign refuse all: find it by halves.
		half := len(b.contacts) / 2
		return f.divide(ctx, row, b, [][]activecampaign.ImportContact{b.contacts[:half], b.contacts[half:]})
	}
	if err != nil {
		return fmt.Errorf("import the contacts: %w", err)
	}
	return f.changeImport(ctx, row, func(now *importRow) {
		now.Value.Sent = b.sent
		now.Value.Batch, now.Due = queued.BatchID, f.now().Add(importPause)
	})
}

// batch reads the records that wait for an import and makes their contacts: what
// all records of a contact say together.
func (f *Flow) batch(ctx context.Context, l *live, keys []string) (batch, error) {
	out := batch{records: map[string][]string{}, sent: map[string]string{}}
	bodies, tags := map[string]*contactBody{}, map[string][]string{}
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		clear(bodies)
		clear(tags)
		clear(out.records)
		for _, key := range keys {
			row, err := f.records.Get(ctx, tx, key)
			if errors.Is(err, orchestration.ErrNoRecord) {
				continue
			}
			if err != nil {
				return err
			}
			if row.State != stateImporting {
				continue
			}
			if bodies[row.Group] == nil {
				contact, err := f.contacts.Get(ctx, tx, row.Group)
				if err != nil && !errors.Is(err, orchestration.ErrNoRecord) {
					return err
				}
				bodies[row.Group], tags[row.Group] = &contact.Value, []string{l.Tags.Base}
			}
			f.join(l, bodies[row.Group], &row.Value.Record)
			out.records[row.Group] = append(out.records[row.Group], key)
			for _, a := range row.Value.Record.Reached(l.Actions) {
				tags[row.Group] = append(tags[row.Group], l.Tags.Of(a))
			}
		}
		return f.keepContacts(ctx, tx, bodies)
	})
	for _, group := range slices.Sorted(maps.Keys(bodies)) {
		slices.Sort(tags[group])
		out.sent[group] = digest(bodies[group].texts(l.targets))
		out.contacts = append(out.contacts, imported(bodies[group], l, slices.Compact(tags[group])))
	}
	return out, err
}

// digest tells whether values are the same, and not what they are.
func digest(values map[string]string) string {
	sum := sha256.Sum256(encoded(values))
	return hex.EncodeToString(sum[:16])
}

// join takes what a record says into a contact.
func (f *Flow) join(l *live, b *contactBody, rec *contactmap.Record) {
	if a, ok := f.accounts[accountKey(rec.Account)]; ok {
		rec.Link = f.cfg.Link(a.Environment, rec.Envelope)
	}
	var mapped contactmap.Contact
	l.m.Run(rec, &mapped)
	if mapped.Email != "" {
		b.Email = mapped.Email
	}
	b.take(rec, l.targets, &mapped)
}

func (f *Flow) keepContacts(ctx context.Context, tx orchestration.Tx, bodies map[string]*contactBody) error {
	for group, b := range bodies {
		row, err := f.contacts.Get(ctx, tx, group)
		if err != nil && !errors.Is(err, orchestration.ErrNoRecord) {
			return err
		}
		row.Key, row.Value = group, *b
		if err := f.putContact(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}

// imported is a contact as bulk imports take it.
func imported(b *contactBody, l *live, tags []string) activecampaign.ImportContact {
	in := input(b.Email, b.texts(l.targets), l.Fields)
	out := activecampaign.ImportContact{Email: in.Email, Tags: tags}
	for _, part := range []struct {
		to   *string
		from *string
	}{{&out.FirstName, in.FirstName}, {&out.LastName, in.LastName}, {&out.Phone, in.Phone}} {
		if part.from != nil {
			*part.to = *part.from
		}
	}
	for _, field := range in.Fields {
		out.Fields = append(out.Fields, activecampaign.ImportField(field))
	}
	return out
}

// divide replaces an import by smaller ones.
func (f *Flow) divide(ctx context.Context, row importRow, b batch, parts [][]activecampaign.ImportContact) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		for i, part := range parts {
			var keys []string
			for _, c := range part {
				keys = append(keys, b.records[contactGroup(c.Email)]...)
			}
			if err := f.insertImport(ctx, tx, row.Value.Account, fmt.Sprintf("%s.%d", row.Key, i+1), keys); err != nil {
				return err
			}
		}
		return tx.Delete(ctx, string(f.imports), row.Key)
	})
}

// followImport asks what became of an import. Contacts that it left out, and all of
// one that failed, are carried over one by one.
func (f *Flow) followImport(ctx context.Context, l *live, row importRow) error {
	s, err := f.ac.Import.Status(ctx, row.Value.Batch)
	if err != nil {
		return fmt.Errorf("ask after the import: %w", err)
	}
	if !s.State.Ended() {
		return f.changeImport(ctx, row, func(now *importRow) { now.Due = f.now().Add(importPause) })
	}
	whole := s.State == activecampaign.ImportCompleted
	var failed []string
	for _, email := range s.Failed {
		failed = append(failed, contactmap.EmailKey(email))
	}
	for part := range slices.Chunk(row.Value.Records, recordsAtOnce) {
		err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
			for _, key := range part {
				if err := f.endRecord(ctx, tx, l, key, row.Value.Sent, func(email string) bool { return whole && !slices.Contains(failed, email) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return errors.Join(errStore, err)
		}
	}
	return f.endImport(ctx, row)
}

// endRecord makes a record due that waited for its contact's import, and notes what
// the import did for it. Values that changed since the import was sent it may have
// overwritten, so that they are written again.
func (f *Flow) endRecord(ctx context.Context, tx orchestration.Tx, l *live, key string, sent map[string]string, imported func(email string) bool) error {
	row, err := f.records.Get(ctx, tx, key)
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil || row.State != stateImporting {
		return err
	}
	b := &row.Value
	if imported(contactmap.EmailKey(b.Record.Facts.Email)) {
		contact, err := f.contacts.Get(ctx, tx, row.Group)
		if err != nil {
			return err
		}
		b.belong(cmp.Or(contact.Ref, forImported))
		b.Based, b.Tagged = true, b.Record.Reached(l.Actions)
		contact.Value.Synced, contact.Updated = contact.Value.texts(l.targets), f.now()
		if sent[row.Group] != digest(contact.Value.Synced) {
			contact.Value.Synced = nil
		}
		if err := f.contacts.Update(ctx, tx, &contact); err != nil {
			return err
		}
		if err := f.log(ctx, tx, l.Account, key, "contact imported", "", "envelope", strings.Split(key, ":")[0]); err != nil {
			return err
		}
	}
	row.State, row.Due, row.Updated = orchestration.StatePending, f.now(), f.now()
	return f.records.Update(ctx, tx, &row)
}

func (f *Flow) endImport(ctx context.Context, row importRow) error {
	return f.changeImport(ctx, row, func(now *importRow) {
		now.State, now.Due, now.LastError, now.Attempt = stateDone, time.Time{}, "", 0
		now.Value.Records, now.Value.Sent = nil, nil
	})
}
