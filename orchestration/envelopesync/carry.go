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

// sync makes or updates the contact.
func (c *carry) sync(ctx context.Context) error {
	var mapped contactmap.Contact
	res := c.l.m.Run(&c.rec, &mapped)
	if mapped.Email == "" {
		return configError("Rules", "give the contact no e-mail address", "")
	}
	switch b := &c.row.Value; {
	case b.For != forImported:
		b.belong(c.contact.Ref)
	case c.contact.Ref != "":
		b.For = c.contact.Ref // another record found it
	}
	c.contact.Value.Email = mapped.Email
	c.contact.Value.take(&c.rec, c.l.targets, &mapped)
	want := c.contact.Value.texts(c.l.targets)
	untold := slices.ContainsFunc(c.todo, func(a contactmap.Action) bool { return !slices.Contains(c.row.Value.Told, a) })
	if !untold && c.contact.Value.says(want) {
		if c.contact.Ref != "" {
			return nil
		}
		// A bulk import made the contact and did not say its id.
		found, err := c.f.ac.Contacts.FindByEmail(ctx, mapped.Email)
		if err == nil {
			c.contact.Ref, c.row.Value.For = string(found.ID), string(found.ID)
			return c.saveContact(ctx, "contact found", "")
		}
		if !errors.Is(err, countersign.ErrNotFound) {
			return fmt.Errorf("find the contact: %w", err)
		}
	}
	in := input(c.contact.Value.Email, want, c.l.Fields)
	synced, err := c.f.ac.Contacts.Sync(ctx, in)
	if err != nil {
		return fmt.Errorf("write the contact: %w", err)
	}
	c.contact.Ref, c.contact.Value.Synced = string(synced.Contact.ID), want
	c.row.Value.belong(c.contact.Ref)
	why := ""
	if res.HasErrors() {
		why = "some fields could not be filled"
	}
	return c.saveContact(ctx, "contact written", why)
}

// saveContact stores the contact, and that it was written after these actions.
func (c *carry) saveContact(ctx context.Context, what, why string) error {
	return c.store(ctx, func(tx orchestration.Tx) (recordRow, error) {
		if err := c.f.putContact(ctx, tx, c.contact); err != nil {
			return recordRow{}, err
		}
		return c.saveIn(ctx, tx, func(tx orchestration.Tx, row *recordRow) error {
			row.Value.Told = c.rec.Reached(c.l.Actions)
			return c.f.log(ctx, tx, c.rec.Account, c.row.Key, what, why, "contact", c.contact.Ref, "envelope", c.row.Ref)
		})
	})
}

// putContact inserts or updates a contact. Values that a backfill joined in
// meanwhile stay, where they are newer.
func (f *Flow) putContact(ctx context.Context, tx orchestration.Tx, row contactRow) error {
	now, err := f.contacts.Get(ctx, tx, row.Key)
	if errors.Is(err, orchestration.ErrNoRecord) {
		row.State, row.Updated = stateDone, f.now()
		_, err = f.contacts.Insert(ctx, tx, row)
		return err
	}
	if err != nil {
		return err
	}
	values := maps.Clone(row.Value.Values)
	for key, v := range now.Value.Values {
		if mine, ok := values[key]; !ok || v.newer(mine) {
			if values == nil {
				values = map[string]value{}
			}
			values[key] = v
		}
	}
	now.Value, now.Ref, now.Updated = row.Value, row.Ref, f.now()
	now.Value.Values = values
	return f.contacts.Update(ctx, tx, &now)
}

// take joins what a record says into the contact: for each field the record that
// changed last decides, and the same record decides anew. So the order in which
// records come does not matter.
func (b *contactBody) take(rec *contactmap.Record, fields []contactmap.ContactField, from *contactmap.Contact) {
	if b.Values == nil {
		b.Values = map[string]value{}
	}
	for _, f := range fields {
		text := f.Get(from)
		if text == "" {
			continue
		}
		was, ok := b.Values[f.Key]
		v := value{Text: text, At: rec.Facts.At, By: rec.ID()}
		if !ok || was.By == v.By || v.newer(was) {
			b.Values[f.Key] = v
		}
	}
}

// newer reports whether v is from a record that changed later, or as late and has a
// greater name, which has no meaning but is the same each time.
func (v value) newer(than value) bool {
	return v.At.After(than.At) || v.At.Equal(than.At) && v.By > than.By
}

// texts are the values of the fields that a connection fills. Others, which it or
// another connection filled before, are not its business.
func (b *contactBody) texts(fields []contactmap.ContactField) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		if v, ok := b.Values[f.Key]; ok {
			out[f.Key] = v.Text
		}
	}
	return out
}

// says reports whether these values were written last.
func (b *contactBody) says(values map[string]string) bool {
	for key, text := range values {
		if was, ok := b.Synced[key]; !ok || was != text {
			return false
		}
	}
	return true
}

// input is what ActiveCampaign is told about a contact: the values by the keys of
// the fields.
func input(email string, values map[string]string, fields []contactmap.ContactField) activecampaign.ContactInput {
	in := activecampaign.ContactInput{Email: email}
	for _, f := range fields {
		v, ok := values[f.Key]
		if !ok {
			continue
		}
		switch f.Key {
		case contactmap.ContactEmail:
			in.Email = v
		case contactmap.ContactFirstName:
			in.FirstName = new(v)
		case contactmap.ContactLastName:
			in.LastName = new(v)
		case contactmap.ContactPhone:
			in.Phone = new(v)
		default:
			in.Fields = append(in.Fields, activecampaign.FieldInput{Field: activecampaign.FieldID(f.ID), Value: v})
		}
	}
	return in
}

// tag puts the base tag and those of the actions on the contact. Which of them are
// new there is found out and stored first, since afterwards nobody can tell.
func (c *carry) tag(ctx context.Context) error {
	b := &c.row.Value
	var names []string
	var actions []contactmap.Action
	if !b.Based {
		names = append(names, c.l.Tags.Base)
	}
	for _, a := range c.rec.Reached(c.l.Actions) {
		if !slices.Contains(b.Tagged, a) {
			names, actions = append(names, c.l.Tags.Of(a)), append(actions, a)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := c.lookAtTags(ctx, names); err != nil {
		return err
	}
	for _, name := range names {
		if err := c.apply(ctx, name); err != nil {
			return fmt.Errorf("put a tag on the contact: %w", err)
		}
	}
	return c.save(ctx, func(tx orchestration.Tx, row *recordRow) error {
		row.Value.Based = true
		row.Value.Tagged = append(row.Value.Tagged, actions...)
		return c.f.log(ctx, tx, c.rec.Account, row.Key, "tags added", "", "contact", c.contact.Ref, "envelope", row.Ref)
	})
}

// lookAtTags claims the tags that are new on the contact for this record, before
// they are put there. A claim of another record whose tag is not there yet is
// taken over: the record that really adds a tag is the one that fires. Without an
// automation that waits for tags it does not matter.
func (c *carry) lookAtTags(ctx context.Context, names []string) error {
	claims := c.contact.Value.Claims
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return claims[name] == c.row.Key })
	if len(names) == 0 || len(c.todo) == 0 || c.l.Retag || !c.f.watchesTags(c.rec.Account) {
		return nil
	}
	on := map[activecampaign.TagID]bool{}
	tags, err := c.f.ac.Contacts.Tags(ctx, c.id())
	if err != nil {
		return fmt.Errorf("read the contact's tags: %w", err)
	}
	for _, t := range tags {
		on[t.Tag] = true
	}
	claims = maps.Clone(claims)
	if claims == nil {
		claims = map[string]string{}
	}
	for _, name := range names {
		id, err := c.f.tags.ID(ctx, name)
		if err != nil {
			return fmt.Errorf("find a tag: %w", err)
		}
		if !on[id] {
			claims[name] = c.row.Key
		}
	}
	c.contact.Value.Claims = claims
	return c.save(ctx, func(tx orchestration.Tx, _ *recordRow) error { return c.f.putContact(ctx, tx, c.contact) })
}

func (c *carry) apply(ctx context.Context, name string) error {
	if c.l.Retag && len(c.todo) > 0 {
		id, err := c.f.tags.ID(ctx, name)
		if err != nil {
			return err
		}
		if _, err := c.f.ac.Tags.RemoveFrom(ctx, c.id(), id); err != nil {
			return err
		}
	}
	_, err := c.f.tags.Apply(ctx, c.id(), name)
	return err
}

// note tells about actions in notes where there are no records although they were
// wanted.
func (c *carry) note(ctx context.Context) error {
	if c.l.Schema != nil || c.l.Records != RecordsAuto {
		return nil
	}
	for _, a := range c.todo {
		if slices.Contains(c.row.Value.Noted, a) {
			continue
		}
		if err := c.noteOf(ctx, a); err != nil {
			return fmt.Errorf("write a note: %w", err)
		}
	}
	return nil
}

// noteOf writes one note. It is stored beforehand that it is about to be written:
// if it then is unknown whether it was, the contact's notes are looked at.
func (c *carry) noteOf(ctx context.Context, a contactmap.Action) error {
	text := fmt.Sprintf("DocuSign: %s on %s\n%s\n%s (envelope %s)", a, c.rec.Times[a].UTC().Format(time.RFC3339), c.rec.Facts.Subject, c.rec.Link, c.rec.Envelope)
	written := false
	if slices.Contains(c.row.Value.Noting, a) {
		notes, err := c.f.ac.Contacts.Notes(ctx, c.id())
		if err != nil {
			return err
		}
		written = slices.ContainsFunc(notes, func(n activecampaign.Note) bool { return n.Text == text })
	} else {
		err := c.save(ctx, func(_ orchestration.Tx, row *recordRow) error {
			row.Value.Noting = append(row.Value.Noting, a)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !written {
		if _, err := c.f.ac.Notes.Create(ctx, c.id(), text); err != nil {
			return err
		}
	}
	return c.save(ctx, func(tx orchestration.Tx, row *recordRow) error {
		row.Value.Noted = append(row.Value.Noted, a)
		return c.f.log(ctx, tx, c.rec.Account, row.Key, "note written", "", "contact", c.contact.Ref, "envelope", row.Ref)
	})
}

// degrade goes on without records, and says so once.
func (f *Flow) degrade(ctx context.Context, c *carry) error {
	first := false
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.connections.Get(ctx, tx, string(c.l.Account))
		if err != nil {
			return err
		}
		if first = row.Value.NoRecords == ""; !first {
			return nil
		}
		row.Value.NoRecords, row.Value.Schema, row.Updated = noRecordsReason, nil, f.now()
		if err := f.connections.Update(ctx, tx, &row); err != nil {
			return err
		}
		return f.log(ctx, tx, c.l.Account, "", "goes on without records", noRecordsReason)
	})
	if err != nil {
		return errors.Join(errStore, err)
	}
	if first {
		f.cfg.Notify(Notice{Kind: NoticeNoRecords, Account: c.l.Account, Reason: noRecordsReason})
	}
	l, err := f.readConnection(ctx, c.l.Account)
	if err == nil && l != nil {
		c.l = l
	}
	return err
}
