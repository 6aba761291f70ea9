package salelink

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

// Rule is what keeps a sale from being forwarded.
type Rule string

// The rules, in the order in which they are looked at.
const (
	RuleMode        Rule = "mode"        // Salesdock's own integration forwards, not this program
	RuleNotLive     Rule = "not_live"    // the link is a draft or has stopped
	RuleForwarded   Rule = "forwarded"   // B has it, or may have it
	RuleOff         Rule = "off"         // processing is off
	RuleManual      Rule = "manual"      // processing is manual, and nobody called Forward
	RuleHandedOver  Rule = "handed_over" // somebody else has handed it over
	RuleBefore      Rule = "before"      // it changed last before the link went live
	RuleCancelled   Rule = "cancelled"   // it is cancelled at A
	RuleMasked      Rule = "masked"      // it was anonymised
	RuleProduct     Rule = "product"     // its product is no product of B, or is paused
	RuleStatus      Rule = "status"      // its status is none of those that were chosen
	RuleCondition   Rule = "condition"   // the conditions do not hold
	RuleUndecidable Rule = "undecidable" // whether they hold can't be decided
	RuleUnsigned    Rule = "unsigned"    // B gets the contract, and the customer has not signed yet
	RuleMapping     Rule = "mapping"     // it can't be written in terms of B
)

// Refusal is a rule that keeps a sale back.
type Refusal struct {
	Rule Rule   `json:"rule"`
	Why  string `json:"why"`
}

// Verdict is what is to be done with a sale.
type Verdict string

// The verdicts.
const (
	VerdictForward Verdict = "forward"
	VerdictHold    Verdict = "hold"   // until Decision.Until
	VerdictRefuse  Verdict = "refuse" // until the sale, the mapping or a catalogue changes
)

// Decision is a verdict with its reasons.
type Decision struct {
	Verdict  Verdict
	Until    time.Time         // of VerdictHold
	Refusals []Refusal         // of VerdictRefuse: all rules that refuse
	Findings []salemap.Finding // of the mapping, warnings too
	carried  salemap.Carried
}

// circumstances are what decides about a sale beside the sale.
type circumstances struct {
	mode salesdock.LinkMode
	live bool
	// settings are those that policy and mapping are taken from.
	settings Settings
	policy   Policy
	mapping  salemap.Mapping
	a, b     *salemap.Catalogue
	fields   *salemap.Map
	paused   map[salesdock.ProductID]string // products of B, and why
	now      time.Time
	since    time.Time // the link went live; zero: not known
	manual   bool      // a person asked for it
}

// decide says what is to be done with a sale that B does not have. Manual and
// automatic forwarding follow the same rules.
func decide(s *salesdock.Sale, c circumstances) Decision {
	var d Decision
	refuse := func(rule Rule, why string) { d.Refusals = append(d.Refusals, Refusal{rule, why}) }
	on, when := c.policy.processing()
	switch {
	case c.mode != salesdock.SDKLink:
		refuse(RuleMode, "the link is Salesdock's own integration, which forwards by itself")
	case !c.live:
		refuse(RuleNotLive, "the link is not live: call GoLive, or Resume where it was stopped")
	}
	switch {
	case on.Trigger == Off:
		refuse(RuleOff, "processing of sales is off")
	case on.Trigger == Manual && !c.manual:
		refuse(RuleManual, "processing is manual: it waits for Forward")
	}
	if s.Processed != nil {
		refuse(RuleHandedOver, "it was handed over to "+orUnknown(string(s.Processed.OutgoingApp)))
	}
	if !c.manual && s.UpdatedAt.Before(c.since.Truncate(time.Second)) {
		refuse(RuleBefore, "it changed last before the link went live, by A's clock: a change or Forward brings it in")
	}
	if cancelled(s, c.a) {
		refuse(RuleCancelled, "it is cancelled")
	}
	if c.policy.Mail == MailByA && s.FinalizedAt.IsZero() {
		refuse(RuleUnsigned, "the customer has not signed yet")
	}
	if on.Statuses != nil && !slices.Contains(on.Statuses, s.Status.ID) {
		refuse(RuleStatus, "its status "+strconv.Quote(s.Status.ID)+" is none of those that are forwarded")
	}
	if !when.Empty() {
		switch r := when.Decide(SaleFacts(s)); r.Truth {
		case salemap.False:
			refuse(RuleCondition, "the conditions do not hold")
		case salemap.Undecidable:
			refuse(RuleUndecidable, "the conditions can't be decided: "+strings.Join(r.Reasons, "; "))
		}
	}
	d.carry(s, c, refuse)
	switch until := s.UpdatedAt.Add(c.policy.Hold); {
	case len(d.Refusals) > 0:
		d.Verdict = VerdictRefuse
	case !c.manual && c.policy.Hold > 0 && until.After(c.now):
		d.Verdict, d.Until = VerdictHold, until
	default:
		d.Verdict = VerdictForward
	}
	return d
}

// carry writes the sale in terms of B.
func (d *Decision) carry(s *salesdock.Sale, c circumstances, refuse func(Rule, string)) {
	d.carried = salemap.Carry(c.fields, s, c.a, c.b, c.mapping)
	d.Findings = d.carried.Findings
	if why, paused := c.paused[d.carried.New.ProductID]; paused {
		refuse(RuleProduct, "its product is paused: "+why)
	}
	for _, f := range d.Findings {
		switch {
		case f.Severity != mapping.SeverityError:
		case f.Code == salemap.CodeMasked:
			refuse(RuleMasked, f.Message)
		case f.Part == salemap.PartProduct && f.Code == salemap.CodeUnmapped:
			refuse(RuleProduct, f.String())
		default:
			refuse(RuleMapping, f.String())
		}
	}
}

// cancelled reports a sale that is cancelled at A.
func cancelled(s *salesdock.Sale, a *salemap.Catalogue) bool {
	if s.Cancelled != nil {
		return true
	}
	st := a.Status(s.Status.ID)
	return st != nil && st.Type == salesdock.TypeCancelled
}

func orUnknown(s string) string {
	if s == "" {
		return "somebody else"
	}
	return s
}

// refused reports whether a rule is among the refusals.
func (d Decision) refused(r Rule) bool {
	return slices.ContainsFunc(d.Refusals, func(x Refusal) bool { return x.Rule == r })
}

// StatusVerdict is what is to be done with a status of B.
type StatusVerdict string

// The verdicts.
const (
	StatusSet    StatusVerdict = "set"    // A gets it
	StatusSame   StatusVerdict = "same"   // A has it already
	StatusOlder  StatusVerdict = "older"  // a newer one is known
	StatusReport StatusVerdict = "report" // custom and not mapped: reported, not synced
	StatusOff    StatusVerdict = "off"    // pulling is off
	StatusKept   StatusVerdict = "kept"   // A has cancelled the sale, which B's status does not undo
)

// StatusNews is what B says about a forwarded sale, and what is known of it.
type StatusNews struct {
	SaleA   salesdock.SaleID `json:"a"`
	SaleB   salesdock.SaleID `json:"b"`
	Status  string           `json:"status"`  // at B
	At      time.Time        `json:"at"`      // when it changed at B
	Known   string           `json:"known"`   // B's status that was taken last; empty: none
	KnownAt time.Time        `json:"knownAt"` // and when it had changed
	Current string           `json:"current"` // the status that was last wanted at A; empty: none
	// Made is when B's sale was made: the status that it began with is no change.
	Made time.Time `json:"made,omitzero"`
	// NotSynced says that Known was not mapped when it was taken.
	NotSynced bool `json:"notSynced,omitempty"`
	// Cancelled says that A has cancelled the sale after it was sent.
	Cancelled bool `json:"cancelled,omitempty"`
}

// decideStatus says what becomes of a status of B. B's time of change orders
// them: what is older than what was taken before is never set. In the hour that
// comes twice the times do not tell, and what B shows now is taken.
func decideStatus(n StatusNews, m salemap.Mapping, p Policy) (to string, v StatusVerdict) {
	switch {
	case !p.PullStatuses:
		return "", StatusOff
	case n.At.Before(earliest(n.KnownAt)):
		return "", StatusOlder
	}
	to, kind := salemap.Translate(m, n.Status, p.statuses())
	switch {
	case kind == salemap.StatusUnmapped:
		return "", StatusReport
	case to == n.Current, n.Known == "" && !n.At.After(n.Made):
		return to, StatusSame
	case n.Status == n.Known && n.At.Equal(n.KnownAt) && !n.NotSynced:
		return to, StatusSame
	case n.Cancelled:
		return "", StatusKept
	}
	return to, StatusSet
}
