package salemap

import (
	"cmp"
	"slices"
	"strings"

	"github.com/countersign/countersign/mapping"
)

// Part is what a finding is about.
type Part string

// The parts.
const (
	PartProduct   Part = "product"
	PartSupplier  Part = "supplier"
	PartFlow      Part = "flow"
	PartQuestion  Part = "question"
	PartAgreement Part = "agreement"
	PartStatus    Part = "status"
	PartSale      Part = "sale"
)

// The codes of findings. A code that says nothing else is an error.
const (
	CodeUnmapped    = "unmapped"    // required, and nothing answers it; a warning where it is not required, and for suppliers
	CodeDangling    = "dangling"    // a pair names what is not there any more; a warning for products and suppliers
	CodeDuplicate   = "duplicate"   // two pairs for the same thing; a warning for suppliers
	CodeType        = "type"        // the types never fit; a warning where it depends on the answer
	CodeOption      = "option"      // an answer at A is no option at B
	CodeRequired    = "required"    // B requires what A does not; a warning
	CodeMissing     = "missing"     // the sale has no answer to what B requires
	CodeValidation  = "validation"  // B validates otherwise than A, in words that are not published; a warning
	CodeHidden      = "hidden"      // A does not ask for what B requires
	CodeUndecidable = "undecidable" // whether it comes up can't be decided; a warning
	CodeNoFlow      = "no_flow"     // an imported product is in no mapped flow of B
	CodeSignature   = "signature"   // B's flow wants a signature, which no answer of A's API holds; a warning
	CodeNotSynced   = "not_synced"  // a custom status of B that nobody mapped; a warning
	CodeMasked      = "masked"      // the sale was anonymised
	CodeShape       = "shape"       // the sale has a shape that B's API has no way to take
	CodeValue       = "value"       // an answer of the sale can't be written as B wants it
)

// Finding is something that a person should know before sales are forwarded. No
// finding quotes what a customer answered.
type Finding struct {
	Severity mapping.Severity `json:"severity"`
	Part     Part             `json:"part"`
	Code     string           `json:"code"`
	A        string           `json:"a,omitempty"`    // the id at A
	B        string           `json:"b,omitempty"`    // the id at B
	Name     string           `json:"name,omitempty"` // of the thing, as people know it
	Message  string           `json:"message"`
	// Suggestion is what would mend it; nil: nothing that a program can know.
	Suggestion *Suggestion `json:"suggestion,omitempty"`
}

// Action is a kind of suggestion.
type Action string

// The actions.
const (
	ActionMap      Action = "map"       // add the pair A, B
	ActionUnmap    Action = "unmap"     // take the pair A, B away
	ActionOptions  Action = "options"   // add Options to the pair A, B
	ActionRequireA Action = "require_a" // make A's thing required
	ActionChangeA  Action = "change_a"  // give A's thing the type, options or conditions of B's
	ActionAskB     Action = "ask_b"     // agree on it with B
)

// Suggestion is what would mend a finding.
type Suggestion struct {
	Action  Action            `json:"action"`
	A       string            `json:"a,omitempty"`
	B       string            `json:"b,omitempty"`
	Options map[string]string `json:"options,omitempty"`
}

// String gives one line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Severity) + " " + string(f.Part) + " " + f.Code)
	if f.Name != "" {
		b.WriteString(" " + quote(f.Name))
	}
	b.WriteString(": " + f.Message)
	if f.Suggestion != nil {
		b.WriteString(" [" + f.Suggestion.String() + "]")
	}
	return b.String()
}

// String gives the suggestion in a few words.
func (s Suggestion) String() string {
	parts := []string{string(s.Action)}
	if s.A != "" {
		parts = append(parts, "A:"+s.A)
	}
	if s.B != "" {
		parts = append(parts, "B:"+s.B)
	}
	for _, from := range sortedKeys(s.Options) {
		parts = append(parts, quote(from)+"="+quote(s.Options[from]))
	}
	return strings.Join(parts, " ")
}

// HasErrors reports whether a finding is an error.
func HasErrors(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Severity == mapping.SeverityError })
}

// sortFindings gives findings one order whatever order they were found in: errors
// first.
func sortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity, b.Severity), // "error" comes before "warning"
			cmp.Compare(a.Part, b.Part), cmp.Compare(a.Code, b.Code), compareIDs(a.B, b.B), compareIDs(a.A, b.A), cmp.Compare(a.Message, b.Message),
		)
	})
}

// compareIDs puts 9 before 10.
func compareIDs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
