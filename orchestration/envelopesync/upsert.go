package envelopesync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// settled is how old a write has to be before the record is read back: reading may
// lag behind for some seconds.
const settled = time.Minute

// lasting is how often a record has to be refused before records are given up.
const lasting = 2

// write makes the envelope's record what it has to be, whole.
func (c *carry) write(ctx context.Context) error {
	schema := c.l.Schema
	if schema == nil {
		return nil
	}
	values := map[string]string{}
	for _, v := range c.rec.Values() {
		values[v.ID] = v.Value
	}
	b := &c.row.Value
	found, err := c.readBack(ctx, schema)
	if err != nil {
		return fmt.Errorf("read the envelope's record: %w", err)
	}
	edited := found.edited
	if maps.Equal(values, b.Written) && len(edited) == 0 && !found.lost {
		return nil
	}
	all, in := c.input(schema, values, found.others)
	if _, err := c.f.ac.Records.Upsert(ctx, all, in); err != nil {
		// A refusal may pass: the plan is taken to lack records when it lasts.
		if c.l.Records == RecordsAuto && errors.Is(err, countersign.ErrForbidden) && c.row.Attempt >= lasting {
			return c.f.degrade(ctx, c)
		}
		return fmt.Errorf("write the envelope's record: %w", err)
	}
	err = c.save(ctx, func(tx orchestration.Tx, row *recordRow) error {
		row.Value.Written, row.Value.WrittenAt, row.Value.Shared = values, c.f.now(), len(found.others) > 0
		what := "record written"
		if len(edited) > 0 {
			what = "record restored"
		}
		return c.f.log(ctx, tx, c.rec.Account, row.Key, what, "", "contact", c.contact.Ref, "envelope", row.Ref)
	})
	if err == nil && len(edited) > 0 {
		c.f.cfg.Notify(Notice{Kind: NoticeEdited, Account: c.rec.Account, Ref: c.row.Key, Fields: edited, Reason: "somebody changed the record in ActiveCampaign; it was restored"})
	}
	return err
}

// input is the whole record: the flow's values, and those of others. Fields that
// somebody added since the connection went live are added to the schema.
func (c *carry) input(schema *activecampaign.Schema, values map[string]string, others map[string]any) (activecampaign.Schema, activecampaign.RecordInput) {
	all := *schema
	all.Fields = slices.Clone(schema.Fields)
	for _, id := range slices.Sorted(maps.Keys(others)) {
		if schema.Field(id) == nil {
			all.Fields = append(all.Fields, activecampaign.SchemaField{ID: id})
		}
	}
	in := activecampaign.RecordInput{ExternalID: c.rec.ID(), Contact: c.id()}
	for _, field := range all.Fields {
		if field.Status == activecampaign.MarkedForDeletion {
			continue
		}
		rf := activecampaign.RecordField{ID: field.ID, Value: others[field.ID]}
		if v, ok := values[field.ID]; ok {
			rf.Value = v
		}
		in.Fields = append(in.Fields, rf)
	}
	return all, in
}

// found is what the record in ActiveCampaign holds.
type found struct {
	edited []string       // fields that somebody changed since they were written
	others map[string]any // values of fields that are not the flow's
	lost   bool           // it was written, and is gone
}

// readBack finds what somebody changed in the record since it was written, and the
// values of fields that are not the flow's, so that they survive the upsert, which
// clears what it is not given. Where others have fields, the record is read before
// each upsert, and not written while it can't be read for a passing reason;
// otherwise only once the last write has settled, and reading may fail.
func (c *carry) readBack(ctx context.Context, schema *activecampaign.Schema) (found, error) {
	b := &c.row.Value
	shared := b.Shared || slices.ContainsFunc(schema.Fields, func(f activecampaign.SchemaField) bool { return !ours(f.ID) })
	fresh := b.Written == nil || c.f.now().Sub(b.WrittenAt) < settled
	if fresh && !shared {
		return found{}, nil
	}
	got, err := c.f.ac.Records.GetByExternalID(ctx, schema.ID, c.rec.ID())
	switch {
	case errors.Is(err, countersign.ErrNotFound):
		return found{lost: !fresh}, nil
	case err != nil && shared && !permanent(err) && !errors.Is(err, countersign.ErrForbidden):
		return found{}, err
	case err != nil:
		return found{}, nil //nolint:nilerr // reading may fail here
	}
	out := found{others: map[string]any{}}
	for _, f := range got.Fields {
		if !ours(f.ID) && f.Value != nil {
			out.others[f.ID] = f.Value
		}
	}
	for _, f := range contactmap.RecordFields() {
		if !fresh && !sameText(b.Written[f.ID], got.Value(f.ID)) {
			out.edited = append(out.edited, f.ID)
		}
	}
	return out, nil
}

// ours reports whether a field of the custom object is the flow's.
func ours(id string) bool {
	return slices.ContainsFunc(contactmap.RecordFields(), func(f contactmap.RecordField) bool { return f.ID == id })
}

// sameText compares values of a record; times come back in another form.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	return errX == nil && errY == nil && x.Equal(y)
}
