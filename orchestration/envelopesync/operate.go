package envelopesync

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// Work is a kind of work that can be given up and taken up again.
type Work string

// The kinds of work.
const (
	WorkMessages Work = "event"   // Connect messages
	WorkRecords  Work = "record"  // recipients of envelopes, to be carried over
	WorkFirings  Work = "firing"  // starts of automations
	WorkPrefills Work = "prefill" // drafts
	WorkImports  Work = "import"  // bulk imports of backfills
)

// DeadLetters are the things of one kind that were given up: list them, and take up
// one, all, or all but some.
func (f *Flow) DeadLetters(w Work) orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.store, Table: orchestration.TableName(flowName, f.cfg.Name, string(w)), Clock: f.cfg.Clock}
}

// Stats counts the things of one kind by state, and tells how long the longest has
// been due.
func (f *Flow) Stats(ctx context.Context, w Work) (orchestration.Stats, error) {
	return orchestration.StatsOf(ctx, f.store, orchestration.TableName(flowName, f.cfg.Name, string(w)), f.now())
}

// Health reports whether the flow can do its work: an error says that the store
// does not answer, that work has been due for longer than maxLag, or that an
// automation waits for an action which no connection chooses any more.
func (f *Flow) Health(ctx context.Context, maxLag time.Duration) error {
	lag, err := orchestration.Health(ctx, f.store, f.now())
	if err == nil && lag > maxLag {
		err = lagError(lag)
	}
	if err != nil {
		return err
	}
	for c, err := range f.Connections(ctx) {
		if err == nil {
			err = f.checkChosen(c.Connection)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type lagError time.Duration

func (e lagError) Error() string {
	return "envelopesync: work has been due for " + time.Duration(e).String() + ": does the engine run?"
}
func (e lagError) Is(target error) bool { return target == countersign.ErrUnavailable }

// Journal goes through what happened, oldest first; about one record, firing or
// draft where ref is not empty. It holds ids, no personal data.
func (f *Flow) Journal(ctx context.Context, ref string) iter.Seq2[orchestration.Entry, error] {
	return f.journal.Entries(ctx, f.store, "", ref, 0)
}

// Replay merges stored messages of an account again, those of one envelope where
// it is not empty, and carries their records over anew: after a connection was
// changed, or records were lost in ActiveCampaign. Automations do not start again,
// nor for an action of a known record that was chosen since.
// Messages whose bytes Purge took away are left out.
func (f *Flow) Replay(ctx context.Context, account docusign.AccountID, envelope docusign.EnvelopeID) error {
	l, err := f.readConnection(ctx, account)
	if err != nil {
		return err
	}
	if l == nil {
		return ErrUnknownAccount
	}
	scope := string(accountKey(account))
	if err := f.wakeRecords(ctx, l, orchestration.Query{Scope: scope, Ref: string(envelope)}); err != nil {
		return err
	}
	q := orchestration.Query{
		Table: string(f.events), Scope: scope, Ref: string(envelope), States: []string{stateMerged, stateIgnored, orchestration.StateDead},
	}
	_, err = f.changeAll(ctx, q, func(tx orchestration.Tx, rec orchestration.Record) (bool, error) {
		row, err := f.events.Row(rec)
		if err != nil || len(row.Value.Raw) == 0 || row.Ref == "" {
			return false, err
		}
		row.State, row.Due, row.Updated = orchestration.StatePending, f.now(), f.now()
		return true, f.events.Update(ctx, tx, &row)
	})
	return err
}

// changeAll changes the records that q selects, each page in one transaction, and
// tells how many. Called by a schedule, it ends with orchestration.ErrTurnOver
// between two pages.
func (f *Flow) changeAll(ctx context.Context, q orchestration.Query, change func(orchestration.Tx, orchestration.Record) (bool, error)) (total int, err error) {
	q.Limit = 256
	for {
		var recs []orchestration.Record
		n := 0
		err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			n = 0 // fn may run again
			if recs, err = tx.List(ctx, q); err != nil {
				return err
			}
			for _, rec := range recs {
				changed, err := change(tx, rec)
				if err != nil {
					return err
				}
				if changed {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += n
		if len(recs) < q.Limit {
			return total, nil
		}
		if orchestration.TurnOver(ctx) {
			return total, orchestration.ErrTurnOver
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}

// KeepRaw is how long the bytes of messages are kept. Their keys stay, so that a
// message which comes again later is known. Register purges them daily.
const KeepRaw = 30 * 24 * time.Hour

// Purge takes away the bytes of messages, and firings, drafts, imports and journal
// entries that were done, from before a time, and tells how many in all. Records
// and contacts stay: they are what later messages are merged into.
func (f *Flow) Purge(ctx context.Context, before time.Time) (int, error) {
	n, err := f.purgeRaw(ctx, before)
	if err != nil {
		return n, err
	}
	for table, states := range map[string][]string{
		string(f.firings): {stateFired}, string(f.prefills): {stateReported}, string(f.imports): {stateDone},
	} {
		m, err := orchestration.Purge(ctx, f.store, table, before, states...)
		n += m
		if err != nil {
			return n, err
		}
	}
	m, err := f.journal.Purge(ctx, f.store, before)
	return n + m, err
}

// purgeRaw takes away the bytes of messages that were done before a time.
func (f *Flow) purgeRaw(ctx context.Context, before time.Time) (int, error) {
	return f.blank(ctx, orchestration.Query{States: []string{stateMerged, stateIgnored}, UpdatedBefore: before})
}

// blank takes away the bytes of the messages that q selects. Those that were done
// get a state of their own, so that the next purge need not go past them.
func (f *Flow) blank(ctx context.Context, q orchestration.Query) (total int, err error) {
	q.Table = string(f.events)
	return f.changeAll(ctx, q, func(tx orchestration.Tx, rec orchestration.Record) (bool, error) {
		row, err := f.events.Row(rec)
		done, full := row.State == stateMerged || row.State == stateIgnored, len(row.Value.Raw) > 0
		if err != nil || !done && !full {
			return false, err
		}
		if row.Value.Raw = nil; done {
			row.State = stateEmptied
		}
		return full, f.events.Update(ctx, tx, &row)
	})
}

// Forget takes away all that the store holds about a person: their contact, their
// records, firings and drafts, and the bytes of all messages about their envelopes. The
// keys of messages and of records and the journal, which hold ids, stay: later
// messages about the same envelopes bring nothing back and start nothing. What is in
// DocuSign and ActiveCampaign is not touched.
func (f *Flow) Forget(ctx context.Context, email string) error {
	if contactmap.EmailKey(email) == "" {
		return configError("email", "is empty", "")
	}
	group := contactGroup(email)
	// The messages first: the records tell which they are.
	envelopes := map[string]bool{}
	for row, err := range f.records.All(ctx, f.store, orchestration.Query{Group: group}) {
		if err != nil {
			return err
		}
		envelopes[row.Ref] = true
	}
	for envelope := range envelopes {
		if _, err := f.blank(ctx, orchestration.Query{Ref: envelope}); err != nil {
			return err
		}
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		contact, err := f.contacts.Get(ctx, tx, group)
		if err != nil && !errors.Is(err, orchestration.ErrNoRecord) {
			return err
		}
		// Somebody may be known by a draft alone.
		if err := f.forgetDrafts(ctx, tx, contact.Ref, group); err != nil {
			return err
		}
		if err := f.forgetRecords(ctx, tx, group); err != nil {
			return err
		}
		if err := deleteAll(ctx, tx, orchestration.Query{Table: string(f.firings), Group: group}); err != nil {
			return err
		}
		return tx.Delete(ctx, string(f.contacts), group)
	})
}

// forgetRecords leaves of a contact's records the ids alone.
func (f *Flow) forgetRecords(ctx context.Context, tx orchestration.Tx, group string) error {
	rows, err := f.records.List(ctx, tx, orchestration.Query{Group: group})
	for _, row := range rows {
		rec := row.Value.Record
		row.Value = recordBody{Record: contactmap.Record{Account: rec.Account, Envelope: rec.Envelope, Recipient: rec.Recipient}}
		row.Group, row.State, row.Due, row.Updated = noGroup, stateForgotten, time.Time{}, f.now()
		row.LastError, row.Attempt = "", 0
		err = errors.Join(err, f.records.Update(ctx, tx, &row))
	}
	return err
}

// forgetDrafts deletes the drafts of a contact.
func (f *Flow) forgetDrafts(ctx context.Context, tx orchestration.Tx, contact, group string) error {
	for _, r := range f.cfg.Prefills {
		for _, id := range []string{contact, group} {
			if err := deleteAll(ctx, tx, orchestration.Query{Table: string(f.prefills), Group: r.Name + "/" + id}); err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteAll(ctx context.Context, tx orchestration.Tx, q orchestration.Query) error {
	recs, err := tx.List(ctx, q)
	if err != nil || len(recs) == 0 {
		return err
	}
	keys := make([]string, len(recs))
	for i, rec := range recs {
		keys[i] = rec.Key
	}
	return tx.Delete(ctx, q.Table, keys...)
}

// Effect is something that a message would bring about.
type Effect struct {
	Record string // "<envelope>:<recipient>"
	What   string // "contact", "tag", "record", "automation", "nothing"
	Detail string // the contact's fields, the tag, the record's fields, the automation's name, the reason
}

// DryRun says what a message would bring about now, and writes nothing. A message
// that carries ids alone is completed through the API. Whether a tag is new on a
// contact is not looked up: a tag counts as new.
func (f *Flow) DryRun(ctx context.Context, e docusign.Event) ([]Effect, error) {
	l, err := f.readConnection(ctx, e.AccountID)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, ErrUnknownAccount
	}
	if err := f.complete(ctx, l, &e); err != nil {
		return nil, err
	}
	var out []Effect
	for _, rec := range observe(l.Connection, e) {
		var row recordRow
		err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			if row, err = f.records.Get(ctx, tx, rec.ID()); errors.Is(err, orchestration.ErrNoRecord) {
				row, err = recordRow{Value: recordBody{Record: rec}}, nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if row.State == stateForgotten {
			continue
		}
		out = append(out, f.effects(l, row, merge(row.Value.Record, rec))...)
	}
	if len(out) == 0 {
		out = append(out, Effect{What: "nothing", Detail: "the message concerns nobody of the connection"})
	}
	return out, nil
}

func (f *Flow) effects(l *live, row recordRow, rec contactmap.Record) []Effect {
	effect := func(what, detail string) Effect { return Effect{rec.ID(), what, detail} }
	c := &carry{f: f, l: l, row: row, rec: rec}
	if a, ok := f.accounts[accountKey(rec.Account)]; ok {
		c.rec.Link = f.cfg.Link(a.Environment, rec.Envelope)
	}
	due := steps(&c.rec, l.Actions, row.Value.Fired)
	if len(due) == 0 {
		return []Effect{effect("nothing", "no action whose turn has come")}
	}
	var mapped contactmap.Contact
	if l.m.Run(&c.rec, &mapped); mapped.Email == "" {
		return []Effect{effect("nothing", "the recipient has no e-mail address of their own")}
	}
	var fields, values []string
	for _, field := range l.targets {
		if field.Get(&mapped) != "" {
			fields = append(fields, field.Key)
		}
	}
	out := []Effect{effect("contact", strings.Join(fields, ", "))}
	b := row.Value
	b.Fired = slices.Clone(b.Fired)
	c.row.Key = rec.ID()
	c.contact.Value.Claims = map[string]string{}
	for _, tag := range tagsOf(l.Connection) {
		c.contact.Value.Claims[tag] = rec.ID()
	}
	if !b.Based {
		out = append(out, effect("tag", l.Tags.Base))
	}
	for _, a := range due {
		out = append(out, effect("tag", l.Tags.Of(a)))
	}
	if l.Schema != nil {
		for _, v := range c.rec.Values() {
			values = append(values, v.ID)
		}
		out = append(out, effect("record", strings.Join(values, ", ")))
	}
	for _, a := range due {
		h := c.happening(a, b)
		b.Fired = append(b.Fired, a)
		for _, auto := range f.automations(rec.Account) {
			if slices.ContainsFunc(auto.Triggers, func(t Trigger) bool { return t.matches(h) }) {
				out = append(out, effect("automation", auto.Name))
			}
		}
	}
	return out
}
