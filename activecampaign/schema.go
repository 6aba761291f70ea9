package activecampaign

import (
	"slices"
	"strings"
)

// PrimaryContact is the relationship of a record to the contact that it belongs to.
const PrimaryContact = "primary-contact"

// SchemaFieldType is the kind of a custom object's field. Values that this
// package does not know are kept.
type SchemaFieldType string

// The types ("Custom object schemas"). None is a boolean, an address or a file:
// use a dropdown, and text.
const (
	SchemaText        SchemaFieldType = "text"
	SchemaTextarea    SchemaFieldType = "textarea"
	SchemaDate        SchemaFieldType = "date"
	SchemaDatetime    SchemaFieldType = "datetime"
	SchemaNumber      SchemaFieldType = "number"
	SchemaCurrency    SchemaFieldType = "currency"
	SchemaDropdown    SchemaFieldType = "dropdown"
	SchemaMultiselect SchemaFieldType = "multiselect"
)

// Labels are the names of something in ActiveCampaign's pages.
type Labels struct {
	Singular string `json:"singular"`
	Plural   string `json:"plural"`
}

// Schema is the form of a custom object. ActiveCampaign shows its first five
// fields on a contact, in the schema's order, and the others under "Details".
type Schema struct {
	ID            SchemaID       `json:"id,omitempty"` // none in a schema to be made
	Slug          string         `json:"slug"`         // lower case, digits and dashes; one in an account
	Labels        Labels         `json:"labels"`
	Description   string         `json:"description,omitempty"`
	Fields        []SchemaField  `json:"fields"`
	Relationships []Relationship `json:"relationships"`
	Visibility    string         `json:"visibility,omitempty"` // "private", or "public" for those of apps
	AppID         Text           `json:"appId,omitempty"`      // of an app's schema
	ParentID      SchemaID       `json:"parentId,omitempty"`   // of an account's copy of an app's schema
	Created       Time           `json:"createdTimestamp,omitzero"`
	Updated       Time           `json:"updatedTimestamp,omitzero"`
	Extra         Extra          `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (s *Schema) UnmarshalJSON(data []byte) (err error) {
	type plain Schema
	s.Extra, err = unmarshalExtra(data, (*plain)(s))
	return err
}

// Owned reports whether the schema is the account's own. Those of apps may be
// read, and are not written by this package's Ensure.
func (s Schema) Owned() bool { return s.AppID == "" && s.ParentID == "" && s.Visibility != "public" }

// Field gives the field with the id, or nil.
func (s Schema) Field(id string) *SchemaField {
	for i := range s.Fields {
		if sameFieldID(s.Fields[i].ID, id) {
			return &s.Fields[i]
		}
	}
	return nil
}

// sameFieldID: "-" and "_" are one character when ids are compared.
func sameFieldID(a, b string) bool {
	return strings.ReplaceAll(a, "_", "-") == strings.ReplaceAll(b, "_", "-")
}

// SchemaField is a field of a custom object.
type SchemaField struct {
	ID              string          `json:"id"` // letters, digits, "-" and "_"
	Labels          Labels          `json:"labels"`
	Description     string          `json:"description,omitempty"`
	Type            SchemaFieldType `json:"type"`
	Required        Bool            `json:"required"`
	Scale           *Int            `json:"scale,omitempty"` // digits behind the point, of a number; nil: ActiveCampaign's default
	DefaultCurrency string          `json:"defaultCurrency,omitempty"`
	Options         []SchemaOption  `json:"options,omitempty"` // of dropdown and multiselect
	Status          string          `json:"status,omitempty"`  // MarkedForDeletion, or empty
	Extra           Extra           `json:"-"`
}

// MarkedForDeletion is the status of a field that was deleted; its id is not
// free yet.
const MarkedForDeletion = "marked_for_deletion"

// UnmarshalJSON keeps the members that have no field in Extra.
func (f *SchemaField) UnmarshalJSON(data []byte) (err error) {
	type plain SchemaField
	f.Extra, err = unmarshalExtra(data, (*plain)(f))
	return err
}

// MarshalJSON writes the members of Extra too, so that what was read can be
// written back without losing anything.
func (f SchemaField) MarshalJSON() ([]byte, error) {
	type plain SchemaField
	return marshalExtra(plain(f), f.Extra)
}

// offer adds the options that the field lacks, and reports whether there were any.
func (f *SchemaField) offer(options []SchemaOption) bool {
	all := slices.Clone(f.Options) // what was found stays as it is
	for _, o := range options {
		if !slices.ContainsFunc(all, func(have SchemaOption) bool { return have.Value == o.Value }) {
			all = append(all, o)
		}
	}
	more := len(all) > len(f.Options)
	f.Options = all
	return more
}

// SchemaOption is a choice of a field.
type SchemaOption struct {
	ID    string `json:"id,omitempty"`
	Value string `json:"value"`
}

// Relationship ties the records of a schema to contacts, accounts or deals.
type Relationship struct {
	ID          string `json:"id"` // PrimaryContact
	Labels      Labels `json:"labels"`
	Description string `json:"description,omitempty"`
	Namespace   string `json:"namespace"` // "contacts", "accounts" or "deals"
	HasMany     Bool   `json:"hasMany"`
	Extra       Extra  `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (r *Relationship) UnmarshalJSON(data []byte) (err error) {
	type plain Relationship
	r.Extra, err = unmarshalExtra(data, (*plain)(r))
	return err
}

// MarshalJSON writes the members of Extra too.
func (r Relationship) MarshalJSON() ([]byte, error) {
	type plain Relationship
	return marshalExtra(plain(r), r.Extra)
}

// ToContact is the relationship PrimaryContact.
func ToContact() Relationship {
	return Relationship{
		ID: PrimaryContact, Labels: Labels{"Primary Contact", "Primary Contacts"},
		Description: "Primary contact to this object", Namespace: "contacts",
	}
}

func (s Schema) check() error {
	switch {
	case s.Slug == "" || strings.Trim(s.Slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return badConfig("Schema.Slug", "is not made of lower case letters, digits and dashes", "")
	case s.Labels.Singular == "" || s.Labels.Plural == "":
		return badConfig("Schema.Labels", "are empty", "")
	case len(s.Fields) == 0:
		return badConfig("Schema.Fields", "is empty", "")
	}
	labels := map[string]bool{}
	for i, f := range s.Fields {
		label := strings.ToLower(f.Labels.Singular)
		switch {
		case f.ID == "" || strings.ContainsFunc(f.ID, notOfFieldID):
			return badConfig("Schema.Fields", "has an id that is not made of letters, digits, - and _", "")
		case s.Field(f.ID) != &s.Fields[i]:
			return badConfig("Schema.Fields", "has the id "+f.ID+" twice", "- and _ count as one")
		case label == "" || f.Labels.Plural == "" || labels[label]:
			return badConfig("Schema.Fields", "has a field whose labels are missing or not its own: "+f.ID, "labels differ in more than case")
		case f.Type == "":
			return badConfig("Schema.Fields", "has a field without a type: "+f.ID, "")
		}
		labels[label] = true
	}
	return nil
}

func notOfFieldID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
}
