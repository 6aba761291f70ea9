package envelopesync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// RecordMode says whether envelopes become records of a custom object, which is
// part of ActiveCampaign's Enterprise plan.
type RecordMode string

// The modes.
const (
	RecordsAuto     RecordMode = "auto"     // where the plan has them; fields, tags and notes otherwise
	RecordsRequired RecordMode = "required" // going live fails without them
	RecordsOff      RecordMode = "off"
)

// Connection links one DocuSign account. It is plain data; the zero value of all
// but Account is the default.
type Connection struct {
	Account docusign.AccountID `json:"account"`
	// Label is what people call it, also in DocuSign's list of Connect
	// configurations. Empty: "ActiveCampaign".
	Label string `json:"label"`
	// Actions are what is reacted to. Nil: contactmap.DefaultActions.
	Actions []contactmap.Action `json:"actions"`
	// Scope says whose doing an action is. Empty: the recipient's.
	Scope contactmap.Scope `json:"scope"`
	// Types are the recipients who become contacts. Nil: signers, also in person.
	// Copies, agents and others are left out, as are recipients without an address
	// of their own: in-person signers that DocuSign knows by the host's alone, and
	// signing groups.
	Types []docusign.RecipientType `json:"types"`
	// Tags name the tags. Zero: contactmap.EnglishTags.
	Tags contactmap.TagSet `json:"tags"`
	// Rules fill fields of contacts. Nil: contactmap.DefaultRules.
	Rules []contactmap.Rule `json:"rules"`
	// Records says whether envelopes become records. Empty: RecordsAuto.
	Records RecordMode `json:"records"`
	// Slug names the custom object. Empty: contactmap.RecordSlug.
	Slug string `json:"slug"`
	// Mirror copies main fields of the record, by their ids, into fields of the
	// contact, so that mails can show them without the Enterprise plan. It is written
	// before the tags and before the contact enters an automation. It shows one
	// envelope: the one that changed last, or the one that an automation starts for.
	Mirror map[string]string `json:"mirror,omitempty"`
	// Retag takes a tag off and puts it on again where the contact has it already,
	// so that automations which wait for it start with every envelope. It costs two
	// more calls a tag.
	Retag bool `json:"retag,omitzero"`
}

func (c Connection) filled() Connection {
	c.Account = accountKey(c.Account)
	if c.Label == "" {
		c.Label = "ActiveCampaign"
	}
	if c.Actions == nil {
		c.Actions = contactmap.DefaultActions()
	}
	c.Actions = slices.Clone(c.Actions)
	slices.SortFunc(c.Actions, func(a, b contactmap.Action) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	if c.Scope == "" {
		c.Scope = contactmap.RecipientScope
	}
	if c.Types == nil {
		c.Types = []docusign.RecipientType{docusign.TypeSigner, docusign.TypeInPersonSigner}
	}
	if c.Tags == (contactmap.TagSet{}) {
		c.Tags = contactmap.EnglishTags()
	}
	if c.Rules == nil {
		c.Rules = contactmap.DefaultRules()
	}
	if c.Records == "" {
		c.Records = RecordsAuto
	}
	if c.Slug == "" {
		c.Slug = contactmap.RecordSlug
	}
	return c
}

func (c Connection) check() error {
	for _, a := range c.Actions {
		if !a.IsKnown() {
			return configError("Connection.Actions", fmt.Sprintf("has %q, which is no action", a), fmt.Sprintf("choose among %q", contactmap.Actions()))
		}
	}
	switch {
	case len(c.Actions) == 0:
		return configError("Connection.Actions", "is empty", "choose at least one")
	case len(slices.Compact(slices.Clone(c.Actions))) != len(c.Actions):
		return configError("Connection.Actions", "has an action twice", "")
	case !c.Scope.IsKnown():
		return configError("Connection.Scope", "is not known", "choose RecipientScope or EnvelopeScope")
	case len(c.Types) == 0:
		return configError("Connection.Types", "is empty", "")
	case c.Records != RecordsAuto && c.Records != RecordsRequired && c.Records != RecordsOff:
		return configError("Connection.Records", "is not known", "choose RecordsAuto, RecordsRequired or RecordsOff")
	}
	main := contactmap.RecordFields()[:contactmap.MainFields]
	for id := range c.Mirror {
		if !slices.ContainsFunc(main, func(f contactmap.RecordField) bool { return f.ID == id }) {
			return configError("Connection.Mirror", fmt.Sprintf("has %q, which is none of the record's main fields", id), "use the ids of the first five of contactmap.RecordFields")
		}
	}
	return c.Tags.Check(c.Actions...)
}

// rules are the connection's own and those of its mirror.
func (c Connection) rules() []contactmap.Rule {
	out := slices.Clone(c.Rules)
	for _, f := range contactmap.RecordFields() {
		if to, ok := c.Mirror[f.ID]; ok {
			out = append(out, contactmap.Rule{From: []string{f.From}, To: to})
		}
	}
	return out
}

// connectionBody is what the store keeps of a connection. The record's key is the
// account's.
type connectionBody struct {
	Connection
	Connect docusign.ConnectID        `json:"connect"`          // its Connect configuration
	Fields  []contactmap.ContactField `json:"fields"`           // of contacts, when it went live
	Schema  *activecampaign.Schema    `json:"schema,omitempty"` // nil: no records
	// NoRecords is why there are none although they were wanted.
	NoRecords string `json:"no_records,omitzero"`
}

// The states of a connection.
const (
	stateActive = "active"
	statePaused = "paused"
	// stateHeld is the state of what waits for a paused connection.
	stateHeld = "held"
)

// live is a connection ready to work with.
type live struct {
	connectionBody
	seq     int64 // with version, which connection this is
	version int64
	paused  bool
	m       *contactmap.Map
	targets []contactmap.ContactField // that the map fills
	mirror  []contactmap.ContactField // of these, the mirror's
}

// liveOf makes a connection ready, or gives the one that was made before.
func (f *Flow) liveOf(row orchestration.Row[connectionBody]) (*live, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.compiled[row.Key]; l != nil && l.seq == row.Seq && l.version == row.Version {
		return l, nil
	}
	b := row.Value
	m, err := contactmap.New(contactmap.Config{Fields: b.Fields, Rules: b.rules(), Location: f.cfg.Location})
	if err != nil {
		return nil, err
	}
	l := &live{connectionBody: b, seq: row.Seq, version: row.Version, paused: row.State == statePaused, m: m}
	for _, r := range b.rules() {
		if field, ok := contactmap.FindField(b.Fields, r.To); ok {
			l.targets = append(l.targets, field)
		}
	}
	for _, to := range b.Mirror {
		if field, ok := contactmap.FindField(b.Fields, to); ok {
			l.mirror = append(l.mirror, field)
		}
	}
	f.compiled[row.Key] = l
	return l, nil
}

// connection reads an account's connection; nil where it has none.
func (f *Flow) connection(ctx context.Context, tx orchestration.Tx, id docusign.AccountID) (*live, error) {
	row, err := f.connections.Get(ctx, tx, string(accountKey(id)))
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil, nil //nolint:nilnil // no connection is an answer
	}
	if err != nil {
		return nil, err
	}
	return f.liveOf(row)
}

// readConnection is connection in a transaction of its own.
func (f *Flow) readConnection(ctx context.Context, id docusign.AccountID) (l *live, err error) {
	err = f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		l, err = f.connection(ctx, tx, id)
		return err
	})
	return l, err
}

// ConnectionStatus is a connection as it is.
type ConnectionStatus struct {
	Connection
	Connect docusign.ConnectID
	Paused  bool
	// Records says whether envelopes become records now, and NoRecords why not
	// although they were wanted.
	Records   bool
	NoRecords string
}

// Connections goes through the connections, oldest first.
func (f *Flow) Connections(ctx context.Context) iter.Seq2[ConnectionStatus, error] {
	return func(yield func(ConnectionStatus, error) bool) {
		for row, err := range f.connections.All(ctx, f.store, orchestration.Query{}) {
			b := row.Value
			s := ConnectionStatus{Connection: b.Connection, Connect: b.Connect, Paused: row.State == statePaused, Records: b.Schema != nil, NoRecords: b.NoRecords}
			s.Mirror = maps.Clone(s.Mirror)
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Pause stops the work on an account's envelopes. Messages are still taken and
// kept, so that Resume loses nothing.
func (f *Flow) Pause(ctx context.Context, account docusign.AccountID) error {
	return f.setState(ctx, account, statePaused, "paused")
}

// Resume takes the work up again, with what came in meanwhile.
func (f *Flow) Resume(ctx context.Context, account docusign.AccountID) error {
	if err := f.setState(ctx, account, stateActive, "resumed"); err != nil {
		return err
	}
	return f.releaseHeld(ctx, account)
}

// putAside makes what a handler was to work on wait for its connection, unless the
// connection was resumed meanwhile: then it stays due.
func (f *Flow) putAside(ctx context.Context, account docusign.AccountID, table, key string) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		l, err := f.connection(ctx, tx, account)
		if err != nil || l != nil && !l.paused {
			return err
		}
		rec, err := tx.Get(ctx, table, key)
		if errors.Is(err, orchestration.ErrNoRecord) {
			return nil
		}
		if err != nil {
			return err
		}
		rec.State, rec.Due, rec.Updated = stateHeld, time.Time{}, f.now()
		return tx.Update(ctx, rec)
	})
}

// releaseHeld makes everything due that waited for a connection.
func (f *Flow) releaseHeld(ctx context.Context, account docusign.AccountID) error {
	for _, table := range []string{string(f.events), string(f.records), string(f.firings), string(f.prefills), string(f.backfills), string(f.imports)} {
		if err := f.release(ctx, orchestration.Query{Table: table, Scope: string(accountKey(account)), States: []string{stateHeld}}); err != nil {
			return err
		}
	}
	return nil
}

// release makes records pending and due.
func (f *Flow) release(ctx context.Context, q orchestration.Query) error {
	_, err := f.changeAll(ctx, q, func(tx orchestration.Tx, rec orchestration.Record) (bool, error) {
		rec.State, rec.Due, rec.Updated, rec.Attempt = orchestration.StatePending, f.now(), f.now(), 0
		return true, tx.Update(ctx, rec)
	})
	return err
}

func (f *Flow) setState(ctx context.Context, account docusign.AccountID, state, what string) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.connections.Get(ctx, tx, string(accountKey(account)))
		if errors.Is(err, orchestration.ErrNoRecord) {
			return ErrUnknownAccount
		}
		if err != nil {
			return err
		}
		row.State, row.Updated = state, f.now()
		if err := f.connections.Update(ctx, tx, &row); err != nil {
			return err
		}
		return f.log(ctx, tx, row.Value.Account, "", what, "")
	})
}

// Remove deletes an account's connection and its Connect configuration in
// DocuSign. Contacts, tags and records in ActiveCampaign stay as they are.
func (f *Flow) Remove(ctx context.Context, account docusign.AccountID) error {
	l, err := f.readConnection(ctx, account)
	switch {
	case err != nil:
		return err
	case l == nil:
		return ErrUnknownAccount
	}
	a, err := f.account(account)
	if err != nil {
		return err
	}
	id := l.Connect
	if id == "" { // going live failed in the middle: it may have been made all the same
		all, err := a.Client.Connect.List(ctx)
		if err != nil {
			return fmt.Errorf("read the Connect configurations: %w", err)
		}
		id = f.ours(all, "")
	}
	if id != "" {
		err := a.Client.Connect.Delete(ctx, id)
		if err != nil && !errors.Is(err, countersign.ErrNotFound) && !gone(ctx, a, id) {
			return err
		}
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		if err := tx.Delete(ctx, string(f.connections), string(accountKey(account))); err != nil {
			return err
		}
		return f.log(ctx, tx, l.Account, "", "removed", "")
	})
}

// ours is the flow's configuration among an account's: the one that is stored, or
// else the one with the flow's address. Empty: there is none.
func (f *Flow) ours(all []docusign.ConnectConfiguration, stored docusign.ConnectID) (id docusign.ConnectID) {
	for _, c := range all {
		if stored != "" && c.ID == stored {
			return c.ID
		}
		if c.URL == f.connectURL() && id == "" {
			id = c.ID
		}
	}
	return id
}

// gone reports whether an account has no such Connect configuration: DocuSign
// refuses an unknown id in the same way as others that it does not like.
func gone(ctx context.Context, a Account, id docusign.ConnectID) bool {
	all, err := a.Client.Connect.List(ctx)
	return err == nil && !slices.ContainsFunc(all, func(c docusign.ConnectConfiguration) bool { return c.ID == id })
}
