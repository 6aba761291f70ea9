package salesdock

import (
	"fmt"
	"strings"
)

// StepKind says who does a step of a runbook.
type StepKind string

// The kinds of steps.
const (
	Automated  StepKind = "automated"  // the API does it
	Verifiable StepKind = "verifiable" // a person does it in the screens, and the API can tell whether it was done
	Manual     StepKind = "manual"     // a person does it in the screens, and the API can't tell
)

// LinkMode is how two environments are linked. They must never both be used for
// the same products.
type LinkMode string

// The modes.
const (
	// NativeLink: Salesdock's own integration does the work. Its token works inside
	// Salesdock alone.
	NativeLink LinkMode = "native"
	// SDKLink: a program does the work through the API, with an ordinary token.
	SDKLink LinkMode = "sdk"
)

// Language is the language of a runbook's explanations. The labels of the screens
// are Dutch in both.
type Language string

// The languages.
const (
	Dutch   Language = "nl"
	English Language = "en"
)

// Step is one step of a runbook.
type Step struct {
	ID   string // "B1", stable
	Kind StepKind
	Path []string // the way through the screens, as their labels read; empty: no screen
	Text string
	// Check says what the API can tell about it; empty for a manual step.
	Check string
}

// Runbook is what one side of a link does.
type Runbook struct {
	Title string
	Steps []Step
}

// String gives the runbook as a numbered list.
func (r Runbook) String() string {
	var b strings.Builder
	b.WriteString(r.Title + "\n")
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%s [%s] ", s.ID, s.Kind)
		if len(s.Path) > 0 {
			b.WriteString(strings.Join(s.Path, " → ") + ": ")
		}
		b.WriteString(s.Text + "\n")
		if s.Check != "" {
			b.WriteString("   ✓ " + s.Check + "\n")
		}
	}
	return b.String()
}

// LinkNames are the names that a runbook mentions.
type LinkNames struct {
	A, B         string // the accounts: A sells, B owns the propositions
	Organisation string // A's organisation at B
}

// TechnicalUser is the name of the user that stands for the link and is no
// person: Koppeling_<organisation>.
func TechnicalUser(organisation string) string {
	return "Koppeling_" + strings.Join(strings.Fields(organisation), "_")
}

// OwnerRunbook gives the steps of B, who owns the propositions, after Salesdock's
// article "Salesdock integratie opzetten". Its error is a
// *countersign.ConfigError.
func OwnerRunbook(mode LinkMode, lang Language, names LinkNames) (Runbook, error) {
	return makeRunbook(ownerSteps, "B", mode, lang, names)
}

// SellerRunbook gives the steps of A, who sells B's propositions, after
// Salesdock's article "Salesdock integratie opzetten". Its error is a
// *countersign.ConfigError.
func SellerRunbook(mode LinkMode, lang Language, names LinkNames) (Runbook, error) {
	return makeRunbook(sellerSteps, "A", mode, lang, names)
}

// stepText is a step in both languages. Its texts name accounts as {A} and {B}.
type stepText struct {
	id     string
	kind   StepKind
	mode   LinkMode // empty: of both
	path   []string
	nl, en string
	// checkNL and checkEN say what the API can tell.
	checkNL, checkEN string
}

func makeRunbook(steps []stepText, side string, mode LinkMode, lang Language, names LinkNames) (Runbook, error) {
	switch {
	case mode != NativeLink && mode != SDKLink:
		return Runbook{}, badConfig("LinkMode", "is neither native nor sdk", "")
	case lang != Dutch && lang != English:
		return Runbook{}, badConfig("Language", "is neither nl nor en", "")
	case names.A == "" || names.B == "" || names.Organisation == "":
		return Runbook{}, badConfig("LinkNames", "is not complete", "name both accounts and the organisation")
	}
	fill := strings.NewReplacer("{A}", names.A, "{B}", names.B, "{organisation}", names.Organisation, "{user}", TechnicalUser(names.Organisation))
	name := map[string]string{"A": names.A, "B": names.B}[side]
	r := Runbook{Title: map[Language]string{Dutch: "Koppeling " + names.A + " → " + names.B + ": stappen voor " + name, English: "Link " + names.A + " → " + names.B + ": steps for " + name}[lang]}
	for _, s := range steps {
		if s.mode != "" && s.mode != mode {
			continue
		}
		text, check := s.nl, s.checkNL
		if lang == English {
			text, check = s.en, s.checkEN
		}
		r.Steps = append(r.Steps, Step{ID: s.id, Kind: s.kind, Path: filled(fill, s.path), Text: fill.Replace(text), Check: fill.Replace(check)})
	}
	return r, nil
}

func filled(fill *strings.Replacer, path []string) []string {
	out := make([]string, len(path))
	for i, label := range path {
		out[i] = fill.Replace(label)
	}
	return out
}
