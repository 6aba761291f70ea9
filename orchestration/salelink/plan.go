package salelink

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

// SnapshotA is what the plan looks at in A, and what is known of A's side of the
// link.
type SnapshotA struct {
	Domain    string
	Taken     time.Time
	Catalogue salemap.Catalogue
	Imported  []Imported
	Sales     []*salesdock.Sale
	// Sent are the sales that B has or may have.
	Sent map[salesdock.SaleID]bool
	Mode salesdock.LinkMode
	Live bool
	// Since is when the link went live; zero: sales of any time count.
	Since time.Time
	// Paused are products of B, and why.
	Paused map[salesdock.ProductID]string
}

// SnapshotB is what the plan looks at in B.
type SnapshotB struct {
	Domain    string
	Catalogue salemap.Catalogue
	Offered   []Offered
	// Complete says that Offered was read to its end.
	Complete bool
	News     []StatusNews // of forwarded sales
}

// The parts of a plan.
const (
	PartProduct = "product"
	PartSale    = "sale"
	PartStatus  = "status"
)

// Action is one line of a plan. It quotes nothing that a customer said.
type Action struct {
	Part string `json:"part"`
	Kind string `json:"kind"` // a ProductAction, Verdict or StatusVerdict
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
	Name string `json:"name,omitempty"`
	Why  string `json:"why,omitempty"`
	// Basis is a hash of what the action was decided on; empty: its ids say it.
	Basis string `json:"basis,omitempty"`
	// To is the status that A gets.
	To string `json:"to,omitempty"`
	// Until is when a sale that is held may go.
	Until time.Time `json:"until,omitzero"`
}

// Plan is what a link would do: a plain value, to be kept, printed and compared.
type Plan struct {
	A        string            `json:"a"`
	B        string            `json:"b"`
	Findings []salemap.Finding `json:"findings,omitempty"`
	Actions  []Action          `json:"actions,omitempty"`
}

// MakePlan says what is to be done. It is pure: the same arguments give the same
// plan, in the same order, whatever order the snapshots are in.
func MakePlan(a SnapshotA, b SnapshotB, m salemap.Mapping, p Policy) (Plan, error) {
	if err := p.check(); err != nil {
		return Plan{}, err
	}
	fields, err := salemap.New(salemap.Config{})
	if err != nil {
		return Plan{}, err
	}
	return makePlan(a, b, m, p, fields), nil
}

func makePlan(a SnapshotA, b SnapshotB, m salemap.Mapping, p Policy, fields *salemap.Map) Plan {
	out := Plan{A: a.Domain, B: b.Domain, Findings: salemap.Check(a.Catalogue, b.Catalogue, m, checkOptions(p, false))}
	if a.Mode != salesdock.NativeLink { // there, Salesdock's own integration imports
		out.Actions = planProducts(b.Offered, a.Imported, b.Complete, p, DefaultFullEvery, a.Taken)
	}
	c := circumstances{
		mode: a.Mode, live: a.Live, policy: p, mapping: m, a: &a.Catalogue, b: &b.Catalogue, fields: fields, paused: a.Paused, now: a.Taken, since: a.Since,
	}
	for _, s := range a.Sales {
		if _, ours := m.ProductOf(s.Product.ID); ours && !a.Sent[s.ID] {
			out.Actions = append(out.Actions, actionOf(s, decide(s, c)))
		}
	}
	for _, n := range b.News {
		out.Actions = append(out.Actions, statusAction(n, m, p))
	}
	slices.SortStableFunc(out.Actions, compareActions)
	return out
}

func checkOptions(p Policy, signature bool) salemap.Options {
	return salemap.Options{Statuses: p.statuses(), PullStatuses: p.PullStatuses, Signature: signature, Wanted: p.imports}
}

func actionOf(s *salesdock.Sale, d Decision) Action {
	why := make([]string, len(d.Refusals))
	for i, r := range d.Refusals {
		why[i] = string(r.Rule) + ": " + r.Why
	}
	return Action{Part: PartSale, Kind: string(d.Verdict), A: string(s.ID), Why: strings.Join(why, "; "), Until: d.Until}
}

func statusAction(n StatusNews, m salemap.Mapping, p Policy) Action {
	to, v := decideStatus(n, m, p)
	a := Action{Part: PartStatus, Kind: string(v), A: string(n.SaleA), B: string(n.SaleB), Name: n.Status, To: to}
	switch v {
	case StatusReport:
		a.Why = "a custom status of B that is not mapped is not synced"
	case StatusOlder:
		a.Why = "a newer status is known"
	case StatusKept:
		a.Why = "A has cancelled the sale"
	case StatusOff:
		a.Why = "pulling statuses is off"
	}
	return a
}

// compareActions puts products before sales before statuses, and each by its ids.
func compareActions(a, b Action) int {
	return cmp.Or(cmp.Compare(partOrder(a.Part), partOrder(b.Part)), compareIDs(a.B, b.B), compareIDs(a.A, b.A), cmp.Compare(a.Kind, b.Kind))
}

func partOrder(part string) int {
	return slices.Index([]string{PartProduct, PartSale, PartStatus}, part)
}

// compareIDs puts 9 before 10.
func compareIDs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// Counts tells how many actions of each part and kind there are, such as
// "product create".
func (p Plan) Counts() map[string]int {
	out := map[string]int{}
	for _, a := range p.Actions {
		out[a.Part+" "+a.Kind]++
	}
	return out
}

// String prints the plan: findings, then what is done, one line each. What stays
// as it is stands in the counts alone.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "link %s → %s\n", p.A, p.B)
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "  ! %s\n", f)
	}
	for _, a := range p.Actions {
		if sign := signs[a.Part+" "+a.Kind]; sign != "" {
			fmt.Fprintf(&b, "  %s %s\n", sign, a)
		}
	}
	counts := p.Counts()
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, counts[k])
	}
	if len(keys) == 0 {
		keys = []string{"nothing to do"}
	}
	return b.String() + "  " + strings.Join(keys, ", ") + "\n"
}

// signs mark lines as tools that plan do: what is made, changed, taken away, held
// back.
var signs = map[string]string{
	"product create": "+", "product update": "~", "product read": "?", "product deactivate": "-", "product delete": "-", "product ask": "?", "product missing": "?", "product keep": "=",
	"sale forward": "+", "sale hold": "=", "sale refuse": "x", "status set": "~", "status report": "x", "status kept": "=",
}

// String gives one line.
func (a Action) String() string {
	parts := []string{a.Kind, a.Part}
	if a.A != "" {
		parts = append(parts, "A:"+a.A)
	}
	if a.B != "" {
		parts = append(parts, "B:"+a.B)
	}
	if a.Name != "" {
		parts = append(parts, fmt.Sprintf("%q", a.Name))
	}
	if a.To != "" {
		parts = append(parts, "to "+a.To)
	}
	if !a.Until.IsZero() {
		parts = append(parts, "until "+a.Until.UTC().Format(time.RFC3339))
	}
	if a.Why != "" {
		parts = append(parts, "("+a.Why+")")
	}
	return strings.Join(parts, " ")
}

// Diff gives what a later plan has more (+) and less (-), as lines; none when they
// are the same.
func (p Plan) Diff(later Plan) []string {
	was, is := p.lines(), later.lines()
	var out []string
	for _, l := range was {
		if _, still := slices.BinarySearch(is, l); !still {
			out = append(out, "- "+l)
		}
	}
	for _, l := range is {
		if _, before := slices.BinarySearch(was, l); !before {
			out = append(out, "+ "+l)
		}
	}
	return out
}

func (p Plan) lines() []string {
	var out []string
	for _, f := range p.Findings {
		out = append(out, f.String())
	}
	for _, a := range p.Actions {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return out
}
