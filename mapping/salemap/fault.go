package salemap

import (
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

// Fault is a field that B refused, in A's terms.
type Fault struct {
	Field string `json:"field"` // as B named it
	Part  Part   `json:"part"`
	A     string `json:"a,omitempty"` // the id at A; empty: nothing of A's answers it
	B     string `json:"b,omitempty"` // the id at B
	// Name is what people at A know it as: the name of A's question or agreement, or
	// the label of the field.
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"` // B's own words
}

// Faults translates the fields that B refused back to what A calls them.
func Faults(fields []countersign.FieldError, a, b *Catalogue, m Mapping) []Fault {
	var out []Fault
	for _, f := range fields {
		out = append(out, faultOf(f, a, b, m))
	}
	return out
}

func faultOf(f countersign.FieldError, a, b *Catalogue, m Mapping) Fault {
	out := Fault{Field: f.Name, Part: PartSale, Name: f.Name, Reason: f.Message}
	identifier := identifierOf(f.Name)
	if q := find(b.Questions, identifier, func(q *salesdock.Question) string { return q.Identifier }); q != nil && !strings.HasPrefix(f.Name, "agreements") {
		out.Part, out.B, out.Name = PartQuestion, string(q.ID), q.Name
		if p, ok := m.questionFor(q.ID); ok {
			out.A = string(p.A)
			if at := a.Question(p.A); at != nil {
				out.Name = at.Name
			}
		}
		return out
	}
	if to := find(b.Agreements, identifier, func(x *salesdock.Agreement) string { return x.Identifier }); to != nil {
		out.Part, out.B, out.Name = PartAgreement, string(to.ID), to.Name
		if p, ok := m.agreementFor(to.ID); ok {
			out.A = string(p.A)
			if at := a.Agreement(p.A); at != nil {
				out.Name = at.Name
			}
		}
		return out
	}
	if label := labelOf(f.Name); label != "" {
		out.Name = label
	}
	return out
}

// identifierOf takes the identifier out of questionData.meter, questionData[meter],
// agreements.terms, meter_switchdate_option and meter.
func identifierOf(field string) string {
	parts := slices.DeleteFunc(strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }), func(s string) bool { return s == "" })
	if len(parts) > 1 && (parts[0] == "questionData" || parts[0] == "agreements") {
		parts = parts[1:]
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.TrimSuffix(parts[0], "_switchdate_option")
}
