package contactmap

import (
	"slices"
	"strings"
)

// Contact is what a map makes of a record: what is written to the contact.
type Contact struct {
	Email     string
	FirstName string
	LastName  string
	Phone     string
	Fields    map[string]string // custom fields by their ids, as ActiveCampaign takes them
}

// Keys of the fields that every contact has.
const (
	ContactEmail     = "email"
	ContactFirstName = "firstName"
	ContactLastName  = "lastName"
	ContactPhone     = "phone"
)

// ContactField is a field of contacts that exists in an account.
type ContactField struct {
	ID      string   // of a custom field; empty for the four that every contact has
	Key     string   // what rules name: one of the four, or the personalisation tag of a custom field
	Title   string   // as people see it
	Type    string   // ActiveCampaign's: "text", "textarea", "date", "datetime", "number", "dropdown", "radio", "checkbox", "listbox", "hidden"
	Options []string // of a dropdown, radio, checkbox or listbox: what can be chosen
	Hidden  bool     // users see it on contacts of certain lists only, and a contact of this integration is on none
}

// StandardFields are the four that every contact has.
func StandardFields() []ContactField {
	return []ContactField{
		{Key: ContactEmail, Title: "Email", Type: "text"},
		{Key: ContactFirstName, Title: "First Name", Type: "text"},
		{Key: ContactLastName, Title: "Last Name", Type: "text"},
		{Key: ContactPhone, Title: "Phone", Type: "text"},
	}
}

// FindField finds a field by its key, its personalisation tag in any case and
// with or without percent signs, its id or its title.
func FindField(fields []ContactField, name string) (ContactField, bool) {
	tag := strings.Trim(name, "%")
	for _, same := range []func(ContactField) bool{
		func(f ContactField) bool { return f.Key == name },
		func(f ContactField) bool { return f.ID != "" && strings.EqualFold(f.Key, tag) },
		func(f ContactField) bool { return f.ID != "" && f.ID == name },
		func(f ContactField) bool { return f.ID != "" && f.Title == name },
	} {
		if i := slices.IndexFunc(fields, same); i >= 0 {
			return fields[i], true
		}
	}
	return ContactField{}, false
}

// foreign says to which other object a name belongs that is no field of contacts.
func foreign(name string) string {
	name = strings.ToLower(strings.Trim(name, "%"))
	for object, prefixes := range map[string][]string{
		"an account": {"account.", "customer_account", "customer_acct", "orgname", "orgid", "organization"},
		"a deal":     {"deal."},
	} {
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) {
				return object
			}
		}
	}
	return ""
}

// set writes a value where the contact keeps the field.
func (f ContactField) set(c *Contact, value string) {
	switch f.Key {
	case ContactEmail:
		c.Email = value
	case ContactFirstName:
		c.FirstName = value
	case ContactLastName:
		c.LastName = value
	case ContactPhone:
		c.Phone = value
	default:
		if c.Fields == nil {
			c.Fields = map[string]string{}
		}
		c.Fields[f.ID] = value
	}
}

// Get reads a field of a contact.
func (f ContactField) Get(c *Contact) string {
	switch f.Key {
	case ContactEmail:
		return c.Email
	case ContactFirstName:
		return c.FirstName
	case ContactLastName:
		return c.LastName
	case ContactPhone:
		return c.Phone
	}
	return c.Fields[f.ID]
}

// joinOptions writes several options as ActiveCampaign takes them: "||A||B||".
func joinOptions(options []string) string { return "||" + strings.Join(options, "||") + "||" }

// splitOptions reads them; a value without bars is one option.
func splitOptions(value string) []string {
	var out []string
	for part := range strings.SplitSeq(value, "||") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
