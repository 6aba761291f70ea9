package contactmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

// Map carries a record to the contact's fields.
type Map = mapping.Map[Record, Contact]

// Rule fills one field of the contact. It is plain data, so that it can be stored.
type Rule struct {
	From     []string `json:"from"` // keys of DocuSign's fields; the first that has a value decides
	To       string   `json:"to"`   // the contact's field, as FindField finds it
	Required bool     `json:"required,omitzero"`
}

// DefaultRules are e-mail, first and last name.
func DefaultRules() []Rule {
	return []Rule{
		{From: []string{RecipientEmail}, To: ContactEmail, Required: true},
		{From: []string{RecipientFirstName}, To: ContactFirstName},
		{From: []string{RecipientLastName}, To: ContactLastName},
	}
}

// Config is what a map is made of.
type Config struct {
	// Fields are those that contacts of the account have: StandardFields and its
	// custom fields.
	Fields []ContactField
	// Rules fill them. One must fill the e-mail from RecipientEmail. Nil:
	// DefaultRules.
	Rules []Rule
	// Location is where a point in time becomes a day. Nil: UTC.
	Location *time.Location
}

// New compiles the map. Its error joins a *countersign.ConfigError for each
// mistake: a field that does not exist, one of accounts or deals, one whose type
// can't hold the value, no e-mail.
func New(cfg Config) (*Map, error) {
	if cfg.Rules == nil {
		cfg.Rules = DefaultRules()
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	c := compiler{cfg: cfg, source: Source(ownKeys(cfg.Rules)...)}
	d := mapping.Definition[Record, Contact]{Name: "contactmap", Source: c.source, Target: mapping.Target[Contact]{Name: "ActiveCampaign contact"}}
	for i, r := range cfg.Rules {
		field, rule, ok := c.rule(i, r)
		if !ok {
			continue
		}
		d.Target.Fields = append(d.Target.Fields, field)
		d.Rules = append(d.Rules, rule)
	}
	c.email()
	if len(c.mistakes) > 0 {
		return nil, errors.Join(c.mistakes...)
	}
	return d.Compile()
}

func ownKeys(rules []Rule) []string {
	var out []string
	for _, r := range rules {
		out = append(out, r.From...)
	}
	return out
}

type compiler struct {
	cfg      Config
	source   mapping.Source[Record]
	written  []string // keys of the contact's fields
	mistakes []error
}

func (c *compiler) mistake(field, reason, fix string) {
	c.mistakes = append(c.mistakes, &countersign.ConfigError{Component: "contactmap", Field: field, Reason: reason, Fix: fix})
}

// rule looks up what a rule names.
func (c *compiler) rule(i int, r Rule) (mapping.TargetField[Contact], mapping.Rule, bool) {
	name := fmt.Sprintf("rule %d for %q", i+1, r.To)
	to, ok := c.target(name, r.To)
	if !ok {
		return mapping.TargetField[Contact]{}, mapping.Rule{}, false
	}
	if slices.Contains(c.written, to.Key) {
		c.mistake(name, "fills a field that another rule fills", "")
		return mapping.TargetField[Contact]{}, mapping.Rule{}, false
	}
	c.written = append(c.written, to.Key)
	kind, ok := c.kindOf(name, r.From)
	if !ok {
		return mapping.TargetField[Contact]{}, mapping.Rule{}, false
	}
	field, how := c.conversion(to, kind)
	if field.Set == nil {
		c.mistake(name, fmt.Sprintf("puts a %s into a field of the type %q", kind, to.Type), "choose a text field")
		return field, mapping.Rule{}, false
	}
	return field, mapping.Rule{From: r.From, To: to.Key, Transform: how, Required: r.Required || to.Key == ContactEmail}, true
}

func (c *compiler) target(rule, name string) (ContactField, bool) {
	if to, ok := FindField(c.cfg.Fields, name); ok {
		return to, true
	}
	if object := foreign(name); object != "" {
		c.mistake(rule, "names a field of "+object, "DocuSign's fields go to fields of contacts only")
	} else {
		c.mistake(rule, "names a field that contacts of this account do not have", "create it in ActiveCampaign first, as a field of contacts: this program makes no fields, and fills none of accounts or deals")
	}
	return ContactField{}, false
}

// kindOf is the kind that the sources of a rule have in common.
func (c *compiler) kindOf(rule string, from []string) (mapping.Kind, bool) {
	if len(from) == 0 {
		c.mistake(rule, "reads no field", "name one in From")
		return 0, false
	}
	var kind mapping.Kind
	for _, key := range from {
		i := slices.IndexFunc(c.source.Fields, func(f mapping.SourceField[Record]) bool { return f.Key == key })
		switch {
		case i < 0:
			c.mistake(rule, fmt.Sprintf("reads %q, which DocuSign does not have", key), "use the keys of contactmap, TabField or CustomField")
			return 0, false
		case kind != 0 && kind != c.source.Fields[i].Kind:
			c.mistake(rule, fmt.Sprintf("reads texts and times together: %q", from), "name fields of one kind")
			return 0, false
		}
		kind = c.source.Fields[i].Kind
	}
	return kind, true
}

// email makes sure that the contact's address is the recipient's.
func (c *compiler) email() {
	for _, r := range c.cfg.Rules {
		if to, ok := FindField(c.cfg.Fields, r.To); ok && to.Key == ContactEmail {
			if !slices.Equal(r.From, []string{RecipientEmail}) {
				c.mistake("Rules", "fill the e-mail address from something else than the recipient's", "")
			}
			return
		}
	}
	c.mistake("Rules", "do not fill the e-mail address", "add {From: recipient.email, To: email}: a contact is found by it")
}

// conversion is the target of a field and how a value of a kind gets there. A
// target without Set can't take the kind.
func (c *compiler) conversion(f ContactField, from mapping.Kind) (mapping.TargetField[Contact], mapping.Transform) {
	out := mapping.TargetField[Contact]{Field: mapping.Field{Key: f.Key, Labels: mapping.Labels{"en": f.Title}}}
	isText, isTime := from == mapping.KindText, from == mapping.KindTime
	plain := func(dst *Contact, v mapping.Value) { f.set(dst, v.String()) }
	var how mapping.Transform
	switch f.Type {
	case "date":
		out.Kind, out.Set = mapping.KindDate, plain
		how = mapping.ParseDate()
		if isTime {
			how = mapping.DateIn(c.cfg.Location)
		}
	case "datetime":
		out.Kind = mapping.KindTime
		out.Set = func(dst *Contact, v mapping.Value) { f.set(dst, v.Time().Format(time.RFC3339)) }
		if isText {
			how = parseTime()
		}
	case "number":
		out.Kind, how = mapping.KindText, number()
		if isText {
			out.Set = plain
		}
	case "dropdown", "radio":
		out.Kind, out.Choices, how = mapping.KindChoice, choices(f.Options), option(f.Options)
		if isText {
			out.Set = plain
		}
	case "checkbox", "listbox":
		out.Kind, how = mapping.KindList, options(f.Options)
		if isText {
			out.Set = func(dst *Contact, v mapping.Value) { f.set(dst, joinOptions(v.List())) }
		}
	default:
		out.Kind, out.Set, how = mapping.KindText, plain, mapping.Format()
		if isText {
			how = mapping.Transform{} // as it is
		}
	}
	return out, how
}

func choices(options []string) []mapping.Choice {
	out := make([]mapping.Choice, len(options))
	for i, o := range options {
		out[i].Key = o
	}
	return out
}

func refused(code, message string) mapping.Finding {
	return mapping.Finding{Severity: mapping.SeverityError, Code: code, Message: message}
}

func parseTime() mapping.Transform {
	return mapping.Custom("parse time", mapping.KindText, mapping.KindTime, func(v mapping.Value) (mapping.Value, mapping.Finding) {
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text()))
		if err != nil {
			return mapping.Value{}, refused(mapping.CodeUnreadable, "the text is no time with a zone")
		}
		return mapping.TimeOf(t), mapping.Finding{}
	})
}

func number() mapping.Transform {
	return mapping.Custom("number", mapping.KindText, mapping.KindText, func(v mapping.Value) (mapping.Value, mapping.Finding) {
		d, err := countersign.ParseDecimal(strings.TrimSpace(v.Text()))
		if err != nil {
			return mapping.Value{}, refused(mapping.CodeUnreadable, "the text is no number")
		}
		return mapping.TextOf(d.String()), mapping.Finding{}
	})
}

// option finds the one option that a text is, in any case.
func option(all []string) mapping.Transform {
	return mapping.Custom("option", mapping.KindText, mapping.KindChoice, func(v mapping.Value) (mapping.Value, mapping.Finding) {
		if o, ok := findOption(all, v.Text()); ok {
			return mapping.ChoiceOf(o), mapping.Finding{}
		}
		return mapping.Value{}, refused(mapping.CodeUnknownChoice, "the text is none of the field's options")
	})
}

// options finds the options that a text lists, split at commas and semicolons.
func options(all []string) mapping.Transform {
	return mapping.Custom("options", mapping.KindText, mapping.KindList, func(v mapping.Value) (mapping.Value, mapping.Finding) {
		if o, ok := findOption(all, v.Text()); ok {
			return mapping.ListOf([]string{o}), mapping.Finding{}
		}
		var out []string
		for _, part := range strings.FieldsFunc(v.Text(), func(r rune) bool { return r == ',' || r == ';' }) {
			o, ok := findOption(all, part)
			if !ok {
				return mapping.Value{}, refused(mapping.CodeUnknownChoice, "the text has something that is none of the field's options")
			}
			out = append(out, o)
		}
		return mapping.ListOf(out), mapping.Finding{}
	})
}

func findOption(all []string, s string) (string, bool) {
	s = strings.TrimSpace(s)
	if slices.Contains(all, s) {
		return s, true
	}
	i := slices.IndexFunc(all, func(o string) bool { return strings.EqualFold(o, s) })
	if i < 0 {
		return "", false
	}
	return all[i], true
}
