package envelopesync

import (
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

// Plan is what going live with a connection does: what the screens of
// ActiveCampaign's own integration show before "Finish". It is plain data.
type Plan struct {
	Account docusign.AccountID
	// BaseTag goes on every contact, and each action adds its tag.
	BaseTag string
	Actions []PlannedAction
	// MissingTags are those that the account does not have yet.
	MissingTags []string
	// Record are the fields of the envelope's record, with their types. It is empty
	// where there are no records.
	Record []contactmap.RecordField
	Schema SchemaChange
	// Contact says what fills the contact's fields.
	Contact []PlannedField
	// Prefills say which tab each of the contact's fields fills.
	Prefills []PlannedPrefill
	Connect  PlannedConnect
	Warnings []string
}

// PlannedAction is an action that is reacted to.
type PlannedAction struct {
	Action contactmap.Action
	Event  docusign.EventKind // that DocuSign reports
	Tag    string             // that contacts get
}

// PlannedField is a field of the contact that is filled.
type PlannedField struct {
	From  []string // keys of DocuSign's fields
	To    string   // key of the contact's field
	Title string   // as people see it
	Type  string
}

// SchemaChange is what becomes of the custom object.
type SchemaChange struct {
	Slug string
	// Make: it does not exist. Add are fields that would be added.
	Make bool
	Add  []string
	// Unavailable is why there are no records, empty where there are.
	Unavailable string
}

// PlannedConnect is what becomes of the Connect configuration.
type PlannedConnect struct {
	ID     docusign.ConnectID // empty: it is made
	URL    string
	Events []docusign.EventKind
}

// Plan says what going live with a connection would do, and writes nothing. It
// checks the connection against both accounts: the contact's fields, their types
// and options, the templates, the plans. Its error joins all mistakes.
func (f *Flow) Plan(ctx context.Context, c Connection) (*Plan, error) {
	p, _, err := f.plan(ctx, c)
	return p, err
}

// prepared is what Apply needs beside a plan.
type prepared struct {
	connectionBody
	schema activecampaign.Schema // as it is wanted
}

func (f *Flow) plan(ctx context.Context, c Connection) (*Plan, *prepared, error) {
	if c.Account == "" {
		return nil, nil, configError("Connection.Account", "is empty", "give the ID of one of Deps.Accounts")
	}
	c = c.filled()
	a, err := f.account(c.Account)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(c.check(), f.checkChosen(c)); err != nil {
		return nil, nil, err
	}
	p := &Plan{Account: c.Account, BaseTag: c.Tags.Base}
	for _, action := range c.Actions {
		p.Actions = append(p.Actions, PlannedAction{action, c.Scope.Event(action), c.Tags.Of(action)})
	}
	out := &prepared{connectionBody: connectionBody{Connection: c}}
	if out.Fields, err = f.contactFields(ctx); err != nil {
		return nil, nil, err
	}
	err = errors.Join(p.contact(c, out.Fields, f.cfg.Location), f.planPrefills(ctx, p, a, out.Fields))
	if err != nil {
		return nil, nil, err
	}
	for _, step := range []func(context.Context, *Plan, *prepared, Account) error{f.planTags, f.planSchema, f.planConnect, f.planCustomFields, f.planEnrolments} {
		if err := step(ctx, p, out, a); err != nil {
			return nil, nil, err
		}
	}
	return p, out, nil
}

// contactFields are the fields that contacts of the account have now.
func (f *Flow) contactFields(ctx context.Context) ([]contactmap.ContactField, error) {
	fields := contactmap.StandardFields()
	list, err := f.ac.Fields.List(ctx)
	switch {
	case errors.Is(err, countersign.ErrForbidden), errors.Is(err, countersign.ErrUnauthorized):
		return nil, fmt.Errorf("read the contact fields, with a key that is not this ActiveCampaign account's or may not do so: %w", err)
	case err != nil:
		return nil, fmt.Errorf("read the contact fields: %w", err)
	}
	for _, field := range list {
		own := contactmap.ContactField{
			ID: string(field.ID), Key: field.PersonalizeTag, Title: field.Title, Type: string(field.Type),
			// A contact of this flow is on no list, so that only fields that are
			// related to all lists are seen on it.
			Hidden: !slices.Contains(field.Lists, "0"),
		}
		for _, o := range field.Options {
			own.Options = append(own.Options, o.Value)
		}
		if own.Key == "" || slices.ContainsFunc(fields, func(f contactmap.ContactField) bool { return f.Key == own.Key }) {
			own.Key = "field." + own.ID
		}
		fields = append(fields, own)
	}
	return fields, nil
}

// contact checks the mapping and says what it does.
func (p *Plan) contact(c Connection, fields []contactmap.ContactField, location *time.Location) error {
	if _, err := contactmap.New(contactmap.Config{Fields: fields, Rules: c.rules(), Location: location}); err != nil {
		return err
	}
	for _, r := range c.rules() {
		to, _ := contactmap.FindField(fields, r.To)
		p.Contact = append(p.Contact, PlannedField{r.From, to.Key, to.Title, to.Type})
		if to.ID != "" && to.Hidden {
			p.warn("The contact field %q is related to certain lists only. Contacts of this connection are on no list, so that people will not see it on them; relate it to all lists.", to.Title)
		}
	}
	return nil
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func (f *Flow) planTags(ctx context.Context, p *Plan, out *prepared, _ Account) error {
	have := map[string]bool{}
	for t, err := range f.ac.Tags.All(ctx, activecampaign.TagQuery{}) {
		if err != nil {
			return fmt.Errorf("read the tags: %w", err)
		}
		have[t.Name] = have[t.Name] || t.Type == "contact"
	}
	for _, tag := range tagsOf(out.Connection) {
		if !have[tag] {
			p.MissingTags = append(p.MissingTags, tag)
		}
	}
	if out.Tags == contactmap.EnglishTags() {
		var names []string
		for name := range have {
			names = append(names, name)
		}
		if found, _ := contactmap.AdoptTags(names, out.Tags); found != out.Tags {
			p.warn("The account has tags that ActiveCampaign's own integration seems to have left; Flow.AdoptTags goes on with them.")
		}
	}
	return nil
}

// tagsOf are all tags of a connection.
func tagsOf(c Connection) []string {
	out := []string{c.Tags.Base}
	for _, a := range c.Actions {
		out = append(out, c.Tags.Of(a))
	}
	return out
}

// AdoptTags finds the tags that an installation of ActiveCampaign's own
// integration left, for Connection.Tags; see contactmap.AdoptTags.
func (f *Flow) AdoptTags(ctx context.Context) (set contactmap.TagSet, unclear []string, err error) {
	var names []string
	for t, err := range f.ac.Tags.All(ctx, activecampaign.TagQuery{StartsWith: "docusign"}) {
		if err != nil {
			return contactmap.TagSet{}, nil, err
		}
		if t.Type == "contact" {
			names = append(names, t.Name)
		}
	}
	set, unclear = contactmap.AdoptTags(names, contactmap.EnglishTags())
	return set, unclear, nil
}

// schemaOf is the custom object of envelopes.
func schemaOf(slug string) activecampaign.Schema {
	s := activecampaign.Schema{
		Slug: slug, Labels: activecampaign.Labels{Singular: "DocuSign envelope", Plural: "DocuSign envelopes"},
		Description:   "Envelopes that a contact got, kept by a program: what is changed here is restored at the next event.",
		Relationships: []activecampaign.Relationship{activecampaign.ToContact()},
	}
	for _, f := range contactmap.RecordFields() {
		s.Fields = append(s.Fields, activecampaign.SchemaField{
			ID: f.ID, Labels: activecampaign.Labels{Singular: f.Label, Plural: f.Label}, Type: activecampaign.SchemaFieldType(f.Type),
		})
	}
	return s
}

func (f *Flow) planSchema(ctx context.Context, p *Plan, out *prepared, _ Account) error {
	p.Schema.Slug = out.Slug
	if out.Records == RecordsOff {
		p.Schema.Unavailable = "switched off"
		return nil
	}
	out.schema = schemaOf(out.Slug)
	plan, err := f.ac.Schemas.Plan(ctx, out.schema)
	switch {
	case refusesRecords(err) && out.Records == RecordsAuto:
		p.Schema.Unavailable = noRecordsReason
		p.warn("%s Fields, tags and notes take the place of records.", noRecordsReason)
		return nil
	case err != nil:
		return fmt.Errorf("plan the custom object: %w", err)
	}
	p.Record = contactmap.RecordFields()
	p.Schema.Make, p.Schema.Add = plan.Found == nil, plan.Add
	if p.Schema.Make {
		p.warn("The custom object %q has to be made. That takes ActiveCampaign's Enterprise plan; whether the account has it shows only then.", out.Slug)
	}
	return nil
}

// refusesRecords reports the answers that are taken for a plan without custom
// objects; which one ActiveCampaign gives is undocumented.
func refusesRecords(err error) bool {
	return errors.Is(err, countersign.ErrForbidden) || errors.Is(err, countersign.ErrNotFound)
}

// noRecordsReason is why there are no records.
const noRecordsReason = "ActiveCampaign refuses custom objects of the account's own, which are part of its Enterprise plan."

// events are what DocuSign reports for a connection.
func (c Connection) events() []docusign.EventKind {
	var out []docusign.EventKind
	for _, a := range c.Actions {
		out = append(out, c.Scope.Event(a))
	}
	return out
}

func (f *Flow) hook(c Connection) docusign.Webhook {
	name := c.Label
	if f.cfg.Name != "" {
		name += " (" + f.cfg.Name + ")"
	}
	return docusign.Webhook{
		Name: name, URL: f.connectURL(), Events: c.events(),
		Include: []docusign.Include{docusign.IncludeRecipients, docusign.IncludeTabs, docusign.IncludeCustomFields},
	}
}

// planConnect finds the flow's Connect configuration, also one that was made
// without that having been stored: by its address.
func (f *Flow) planConnect(ctx context.Context, p *Plan, out *prepared, a Account) error {
	all, err := a.Client.Connect.List(ctx)
	if err != nil {
		return fmt.Errorf("read the Connect configurations: %w", err)
	}
	was, err := f.readConnection(ctx, out.Account)
	if err != nil {
		return err
	}
	stored := docusign.ConnectID("")
	if was != nil {
		stored = was.Connect
	}
	p.Connect = PlannedConnect{ID: f.ours(all, stored), URL: f.connectURL(), Events: out.events()}
	out.Connect = p.Connect.ID
	return nil
}

// planCustomFields warns of envelope custom fields that the account does not
// define. Envelopes may still bring them.
func (f *Flow) planCustomFields(ctx context.Context, p *Plan, out *prepared, a Account) error {
	var wanted []string
	for _, r := range out.rules() {
		for _, key := range r.From {
			if name, ok := strings.CutPrefix(key, contactmap.CustomField("")); ok {
				wanted = append(wanted, name)
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	have, err := a.Client.Accounts.CustomFields(ctx)
	if err != nil {
		p.warn("Whether the account defines the envelope custom fields %q could not be found out.", wanted)
		return nil //nolint:nilerr // a plan says what it does not know
	}
	for _, name := range wanted {
		if _, ok := have.Get(name); !ok {
			p.warn("The DocuSign account does not define the envelope custom field %q; create it, or make sure that envelopes bring it.", name)
		}
	}
	return nil
}

// Apply goes live: it makes the tags that are missing and the custom object, has
// DocuSign report the chosen actions and no others, and stores the connection. It
// may be called again, with another choice or after a failure in the middle.
func (f *Flow) Apply(ctx context.Context, c Connection) (*Plan, error) {
	p, out, err := f.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := f.account(out.Account)
	if err != nil {
		return nil, err
	}
	for _, tag := range p.MissingTags {
		if _, err := f.ac.Tags.Ensure(ctx, tag, "DocuSign"); err != nil {
			return nil, fmt.Errorf("make a tag: %w", err)
		}
	}
	if err := f.makeSchema(ctx, p, out); err != nil {
		return nil, err
	}
	was, err := f.readConnection(ctx, out.Account)
	if err != nil {
		return nil, err
	}
	// Stored before DocuSign reports anything, so that no message finds nobody.
	if err := f.keep(ctx, out); err != nil {
		return nil, err
	}
	var made *docusign.ConnectConfiguration
	if out.Connect == "" {
		made, err = a.Client.Connect.Create(ctx, f.hook(out.Connection))
	} else {
		made, err = a.Client.Connect.Update(ctx, out.Connect, f.hook(out.Connection))
	}
	if err != nil {
		return nil, fmt.Errorf("set up Connect: %w", err)
	}
	out.Connect, p.Connect.ID = made.ID, made.ID
	if err := f.keep(ctx, out); err != nil {
		return nil, err
	}
	if was == nil || !was.paused {
		// What an earlier connection of the account left waiting.
		if err := f.releaseHeld(ctx, out.Account); err != nil {
			return nil, err
		}
	}
	if out.NoRecords != "" && (was == nil || was.NoRecords == "") {
		f.cfg.Notify(Notice{Kind: NoticeNoRecords, Account: out.Account, Reason: out.NoRecords})
	}
	return p, nil
}

// makeSchema makes the custom object where there is to be one.
func (f *Flow) makeSchema(ctx context.Context, p *Plan, out *prepared) error {
	if out.Records == RecordsOff {
		return nil
	}
	if p.Schema.Unavailable == "" {
		s, err := f.ac.Schemas.Ensure(ctx, out.schema)
		if err == nil {
			out.Schema = s
			return nil
		}
		switch {
		case !refusesRecords(err):
			return fmt.Errorf("make the custom object: %w", err)
		case out.Records == RecordsRequired:
			return fmt.Errorf("make the custom object, which Connection.Records requires: %s %w", noRecordsReason, err)
		}
		p.Schema, p.Record = SchemaChange{Slug: p.Schema.Slug, Unavailable: noRecordsReason}, nil
	}
	out.NoRecords = noRecordsReason
	return nil
}

// keep stores a connection. A paused one stays paused.
func (f *Flow) keep(ctx context.Context, out *prepared) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.connections.Get(ctx, tx, string(out.Account))
		if errors.Is(err, orchestration.ErrNoRecord) {
			row = orchestration.Row[connectionBody]{
				Record: orchestration.Record{Key: string(out.Account), Scope: string(out.Account), State: stateActive, Updated: f.now()},
				Value:  out.connectionBody,
			}
			if _, err := f.connections.Insert(ctx, tx, row); err != nil {
				return err
			}
		} else {
			if err != nil {
				return err
			}
			row.Value, row.Updated = out.connectionBody, f.now()
			if err := f.connections.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		return f.log(ctx, tx, out.Account, "", "went live", "", "connect", string(out.Connect))
	})
}
