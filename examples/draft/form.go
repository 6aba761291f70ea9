package main

import (
	"fmt"
	"io"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/countersign/countersign/docusign"
)

// form is a template with what is filled in.
type form struct {
	fields  []docusign.TemplateField
	values  map[string]string // by label
	people  []docusign.TemplateRole
	prefill map[docusign.DocumentID]map[string]string // by document and label
}

// fill lays people and values over a template. Labels and roles that it does not
// have are refused: DocuSign would pass over the first and add the second.
func fill(t *docusign.Template, fields []docusign.TemplateField, roles, values map[string]string) (*form, error) {
	f := &form{fields: fields, values: values, prefill: map[docusign.DocumentID]map[string]string{}}
	inRole := map[string]map[string]string{}
	known := map[string]bool{}
	for _, field := range fields {
		known[field.Label] = true
		value, ok := values[field.Label]
		switch {
		case !ok:
		case len(choices(field)) > 0 && !slices.Contains(choices(field), value):
			return nil, fmt.Errorf("field %q can't be %q: choose one of %s", field.Label, value, strings.Join(choices(field), ", "))
		case field.DocumentID != "":
			put(f.prefill, field.DocumentID, field.Label, value)
		default:
			put(inRole, field.Role, field.Label, value)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(values)) {
		if !known[label] {
			return nil, fmt.Errorf("the template has no field %q: it has %s", label, names(maps.Keys(known)))
		}
	}
	err := f.cast(t, roles, inRole)
	return f, err
}

// choices are the values that a field can have; none: any.
func choices(f docusign.TemplateField) []string {
	if f.Kind == docusign.CheckboxTabs {
		return []string{"true", "false"}
	}
	return f.Choices
}

// put sets a value in a map of maps.
func put[K comparable](m map[K]map[string]string, key K, label, value string) {
	if m[key] == nil {
		m[key] = map[string]string{}
	}
	m[key][label] = value
}

// cast gives the roles their people and values.
func (f *form) cast(t *docusign.Template, roles map[string]string, values map[string]map[string]string) error {
	open := map[string]bool{}
	for _, r := range t.Recipients.All() {
		if r.RoleName != "" {
			open[r.RoleName] = true
		}
	}
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		if !open[role] {
			return fmt.Errorf("the template has no role %q: it has %s", role, names(maps.Keys(open)))
		}
		person, err := mail.ParseAddress(roles[role])
		if err != nil || person.Name == "" {
			return fmt.Errorf("role %q needs a name and an address: %s='Robin Recipient <robin@example.com>'", role, role)
		}
		tabs, err := docusign.RoleTabs(f.fields, role, values[role])
		if err != nil {
			return err
		}
		f.people = append(f.people, docusign.TemplateRole{RoleName: role, Name: person.Name, Email: person.Address, Tabs: tabs})
		delete(values, role)
	}
	if left := slices.Sorted(maps.Keys(values)); len(left) > 0 {
		return fmt.Errorf("the fields %s belong to role %q: say with --role who fills it", names(maps.Keys(values[left[0]])), left[0])
	}
	return nil
}

// show prints the people and the fields, and what each was filled with.
func (f *form) show(out io.Writer) error {
	for _, one := range f.people {
		fmt.Fprintf(out, "role %s: %s <%s>\n", one.RoleName, one.Name, one.Email)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, field := range f.fields {
		who, value := field.Role, "(as in the template)"
		if field.DocumentID != "" {
			who = "the sender"
		}
		if given, ok := f.values[field.Label]; ok {
			value = "= " + given
		} else if field.Required {
			value = "(as in the template, required)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", who, field.Label, field.Kind, value)
	}
	return w.Flush()
}

// names lists names in order.
func names(all func(func(string) bool)) string {
	return strings.Join(slices.Sorted(all), ", ")
}
