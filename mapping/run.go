package mapping

import (
	"fmt"
	"runtime"
)

// Run carries one record: it sets on dst what the rules give, then runs the
// checks. Targets without a value are left as they are. A panic in a function
// of a catalogue, a transform or a check becomes an error finding, and the run
// goes on with the next rule or check.
func (m *Map[S, T]) Run(src *S, dst *T) Result {
	res := Result{Origins: make([]Origin, len(m.steps))}
	for next := 0; next < len(m.steps); {
		next = m.runSteps(next, src, dst, &res)
	}
	for next := 0; next < len(m.def.Checks); {
		next = m.runChecks(next, src, dst, &res)
	}
	return res
}

// runSteps runs the steps from i on and returns where to go on: after the last
// one, or after one that panicked. One deferred call then serves all steps.
func (m *Map[S, T]) runSteps(i int, src *S, dst *T, res *Result) (next int) {
	defer func() {
		if p := recover(); p != nil {
			key := m.steps[i].to.Key
			res.Origins[i] = Origin{To: key, State: StateRejected}
			res.add(panicked(p), key)
			next = i + 1
		}
	}()
	for ; i < len(m.steps); i++ {
		m.steps[i].run(src, dst, res, &res.Origins[i])
	}
	return i
}

// runChecks is runSteps for the checks.
func (m *Map[S, T]) runChecks(i int, src *S, dst *T, res *Result) (next int) {
	defer func() {
		if p := recover(); p != nil {
			res.add(panicked(p), "")
			next = i + 1
		}
	}()
	for ; i < len(m.def.Checks); i++ {
		res.Findings = append(res.Findings, m.def.Checks[i](src, dst)...)
	}
	return i
}

// panicked describes a panic. Only errors of the Go runtime are quoted: any
// other panic value may hold text of the record.
func panicked(p any) Finding {
	if err, ok := p.(runtime.Error); ok {
		return refusal(CodePanic, err.Error())
	}
	return refusal(CodePanic, fmt.Sprintf("a function of the map panicked with a %T", p))
}

// add appends a finding, for field unless it names another one.
func (r *Result) add(f Finding, field string) {
	if f.Field == "" {
		f.Field = field
	}
	r.Findings = append(r.Findings, f)
}

// run fills the step's target.
func (s *step[S, T]) run(src *S, dst *T, res *Result, origin *Origin) {
	origin.To, origin.State = s.to.Key, StateAbsent
	if s.constant != nil {
		v, _ := s.constant(Value{})
		s.to.Set(dst, v)
		origin.State = StateConstant
		return
	}
	for i := range s.sources {
		from := &s.sources[i]
		v := from.field.Get(src)
		if v.IsAbsent() {
			continue
		}
		state, found := from.turn(&v, &s.to.Field)
		origin.From, origin.State = from.field.Key, state
		if found.Severity != "" {
			res.add(found, s.to.Key)
		}
		if origin.Written() {
			s.to.Set(dst, v)
		}
		if state != StateAbsent {
			return
		}
	}
	if s.required {
		res.add(refusal(CodeRequired, "a required field has no value"), s.to.Key)
	}
}

// turn makes the target's value of the source's in place, and says what it is.
func (s *source[S]) turn(v *Value, to *Field) (State, Finding) {
	if v.kind != s.field.Kind {
		return StateRejected, s.field.refuse(v)
	}
	state, found := StateCopied, Finding{}
	if s.apply != nil {
		var out Value
		if out, found = s.apply(*v); found.Severity == SeverityError {
			return StateRejected, found
		}
		if out.IsAbsent() {
			return StateAbsent, found
		}
		if !out.Equal(*v) {
			state = StateTransformed
		}
		*v = out
	}
	if refused := to.refuse(v); refused.Severity != "" {
		return StateRejected, refused
	}
	return state, found
}
