package mapping

// Severity says how serious a finding is.
type Severity string

// The severities. The zero Severity means "nothing was found".
const (
	SeverityWarning Severity = "warning" // the record is usable; a person may want to look
	SeverityError   Severity = "error"   // a value was not written or a required one is missing
)

// The codes of the findings that the engine itself adds.
const (
	CodeRequired      = "required"       // a required target got no value
	CodeTooLong       = "too_long"       // a text is longer than the target takes
	CodeTruncated     = "truncated"      // a text was cut to the target's limit
	CodeUnknownChoice = "unknown_choice" // an answer that the catalogue does not know
	CodeInvalidDate   = "invalid_date"   // not a day of the calendar
	CodeInvalidText   = "invalid_text"   // not UTF-8, or with a NUL character
	CodeUnreadable    = "unreadable"     // text that could not be read as the target's kind
	CodeWrongKind     = "wrong_kind"     // a getter or transform gave another kind than it declared
	CodePanic         = "panic"          // a getter, transform, setter or check panicked
)

// Finding is something about one record that a person should know. Its message
// quotes no text of the record.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`  // for programs: "end_before_start"
	Field    string   `json:"field"` // key of the target field
	Message  string   `json:"message"`
}

// State says what became of one target.
type State string

// The states.
const (
	StateAbsent      State = "absent"      // no source had information; the target is untouched
	StateCopied      State = "copied"      // the source's value, as it was
	StateTransformed State = "transformed" // a value made from the source's value
	StateConstant    State = "constant"    // a value that the rule itself gives
	StateRejected    State = "rejected"    // there was a value; a finding says why it was not written
)

// Origin is the provenance of one target.
type Origin struct {
	To    string `json:"to"`             // key of the target field
	From  string `json:"from,omitempty"` // key of the source field that decided; "" when none did
	State State  `json:"state"`
}

// Result is what a run did with one record.
type Result struct {
	Origins  []Origin  `json:"origins"` // one for each rule, in the map's order
	Findings []Finding `json:"findings,omitempty"`
}

// Origin gives the provenance of a target, and whether the map has a rule for it.
func (r *Result) Origin(to string) (Origin, bool) {
	for _, o := range r.Origins {
		if o.To == to {
			return o, true
		}
	}
	return Origin{}, false
}

// HasErrors reports whether a finding is an error.
func (r *Result) HasErrors() bool {
	for i := range r.Findings {
		if r.Findings[i].Severity == SeverityError {
			return true
		}
	}
	return false
}

// Written reports whether the target received a value.
func (o Origin) Written() bool {
	return o.State == StateCopied || o.State == StateTransformed || o.State == StateConstant
}
