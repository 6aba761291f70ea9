package contactmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping"
)

// TabRule puts a field of the contact into a tab of a template.
type TabRule struct {
	From string // the contact's field, as FindField finds it
	// Role is whose tab it is. Empty: a prefill tab, which is the sender's.
	Role     string
	Label    string // data label of the tab, or name of the radio group
	Required bool   // no draft without a value
}

// Filling is what goes into the tabs of a draft, by label.
type Filling struct {
	Roles   map[string]map[string]string
	Prefill map[docusign.DocumentID]map[string]string
}

// Prefill is a compiled set of rules.
type Prefill = mapping.Map[Contact, Filling]

// NewPrefill compiles the rules for a template: fields are the template's, as
// Templates.Fields gives them, and contact is what contacts of the account have. A
// checkbox takes "true", "yes", "on" and "1" and their opposites, a list or a
// group of radio buttons one of its choices. Its error joins a
// *countersign.ConfigError for each mistake.
func NewPrefill(fields []docusign.TemplateField, contact []ContactField, rules []TabRule) (*Prefill, error) {
	d := mapping.Definition[Contact, Filling]{
		Name:   "prefill",
		Source: mapping.Source[Contact]{Name: "ActiveCampaign contact"},
		Target: mapping.Target[Filling]{Name: "DocuSign template"},
	}
	var mistakes []error
	mistake := func(i int, r TabRule, reason, fix string) {
		mistakes = append(mistakes, &countersign.ConfigError{
			Component: "contactmap", Field: fmt.Sprintf("tab rule %d for %q", i+1, r.Label), Reason: reason, Fix: fix,
		})
	}
	for i, r := range rules {
		from, ok := FindField(contact, r.From)
		if !ok {
			mistake(i, r, fmt.Sprintf("reads %q, which contacts of this account do not have", r.From), "create it in ActiveCampaign first")
			continue
		}
		tabs := tabsOf(fields, r)
		if len(tabs) == 0 {
			mistake(i, r, "names a tab that the template does not have for "+whose(r.Role)+", or that takes no value", "create it in the template first")
			continue
		}
		key := r.Role + "/" + r.Label
		if slices.ContainsFunc(d.Target.Fields, func(f mapping.TargetField[Filling]) bool { return f.Key == key }) {
			mistake(i, r, "fills a tab that another rule fills", "")
			continue
		}
		if !slices.ContainsFunc(d.Source.Fields, func(f mapping.SourceField[Contact]) bool { return f.Key == from.Key }) {
			d.Source.Fields = append(d.Source.Fields, contactSource(from))
		}
		target, how := tabTarget(key, r, tabs)
		d.Target.Fields = append(d.Target.Fields, target)
		d.Rules = append(d.Rules, mapping.Rule{From: []string{from.Key}, To: key, Transform: how, Required: r.Required || tabs[0].Required})
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return d.Compile()
}

// whose names a role for people.
func whose(role string) string {
	if role == "" {
		return "the sender (Role is empty)"
	}
	return fmt.Sprintf("the role %q", role)
}

func tabsOf(fields []docusign.TemplateField, r TabRule) []docusign.TemplateField {
	var out []docusign.TemplateField
	for _, f := range fields {
		if f.Role == r.Role && f.Label == r.Label {
			out = append(out, f)
		}
	}
	return out
}

// contactSource reads a field of a contact as text; several options become a list
// with commas.
func contactSource(f ContactField) mapping.SourceField[Contact] {
	return mapping.SourceField[Contact]{
		Field: mapping.Field{Key: f.Key, Labels: mapping.Labels{"en": f.Title}, Kind: mapping.KindText},
		Get: func(c *Contact) mapping.Value {
			v := f.Get(c)
			if f.Type == "checkbox" || f.Type == "listbox" {
				v = strings.Join(splitOptions(v), ", ")
			}
			return mapping.TextOf(v)
		},
	}
}

func tabTarget(key string, r TabRule, tabs []docusign.TemplateField) (mapping.TargetField[Filling], mapping.Transform) {
	set := func(dst *Filling, v mapping.Value) { dst.set(r, tabs, v.String()) }
	field := mapping.Field{Key: key, Labels: mapping.Labels{"en": r.Label}, Kind: mapping.KindText}
	var how mapping.Transform
	switch tab := tabs[0]; {
	case tab.Kind == docusign.CheckboxTabs:
		field.Kind, how = mapping.KindBool, truth()
	case len(tab.Choices) > 0:
		field.Kind, field.Choices, how = mapping.KindChoice, choices(tab.Choices), option(tab.Choices)
	}
	return mapping.TargetField[Filling]{Field: field, Set: set}, how
}

func (f *Filling) set(r TabRule, tabs []docusign.TemplateField, value string) {
	if r.Role != "" {
		if f.Roles == nil {
			f.Roles = map[string]map[string]string{}
		}
		if f.Roles[r.Role] == nil {
			f.Roles[r.Role] = map[string]string{}
		}
		f.Roles[r.Role][r.Label] = value
		return
	}
	for _, tab := range tabs {
		if f.Prefill == nil {
			f.Prefill = map[docusign.DocumentID]map[string]string{}
		}
		if f.Prefill[tab.DocumentID] == nil {
			f.Prefill[tab.DocumentID] = map[string]string{}
		}
		f.Prefill[tab.DocumentID][r.Label] = value
	}
}

func truth() mapping.Transform {
	return mapping.Custom("yes or no", mapping.KindText, mapping.KindBool, func(v mapping.Value) (mapping.Value, mapping.Finding) {
		switch strings.ToLower(strings.TrimSpace(v.Text())) {
		case "true", "yes", "on", "1":
			return mapping.BoolOf(true), mapping.Finding{}
		case "false", "no", "off", "0":
			return mapping.BoolOf(false), mapping.Finding{}
		}
		return mapping.Value{}, refused(mapping.CodeUnreadable, "the text says neither yes nor no")
	})
}
