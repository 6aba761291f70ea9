package ledgersync

import (
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/ledgermap"
)

// Rules are what a link does differently from the vendor's. The zero value
// leaves confidential documents out and is otherwise as the vendor;
// LikeVendor is as the vendor in everything.
type Rules struct {
	// IncludeConfidential links confidential documents (親展) that the user can
	// see, as the vendor does. False leaves them out.
	IncludeConfidential bool `json:"include_confidential,omitempty"`
	// CutOff leaves documents out that were concluded before this day in Japan.
	// CloudSign's time of the last consent counts, or of the import; not the date
	// on the contract. Zero: none.
	CutOff countersign.Date `json:"cut_off,omitzero"`
	// GraceDays holds a document back for this many days after its conclusion, at
	// most 365, so that information that people enter late is carried too: what
	// changes after linking does not arrive. 0: none.
	GraceDays int `json:"grace_days,omitempty"`
	// Budget bounds how many files are registered.
	Budget Budget `json:"budget,omitzero"`
	// Amounts says which files of a document get its amount. Zero: AmountOnEachFile.
	Amounts AmountPolicy `json:"amounts,omitempty"`
	// ReviewDays gives a file up that nobody reviewed within this many days; it is
	// then a dead letter, and taking it up again puts it back into the review.
	// ModeReview only. 0: files wait for as long as it takes.
	ReviewDays int `json:"review_days,omitempty"`
	// Late says what is done about what people enter after linking. Zero:
	// LateReport.
	Late LatePolicy `json:"late,omitempty"`
	// Extras are carried beside the nine items.
	Extras Extras `json:"extras,omitzero"`
}

// LikeVendor are the rules of the vendor's own link: everything that the user
// sees, at once, without a limit, the amount on each file.
func LikeVendor() Rules {
	return Rules{IncludeConfidential: true, Amounts: AmountOnEachFile, Late: LateIgnore}
}

// AmountPolicy says which files of a document get its amount. CloudSign keeps one
// amount for the document, so a sum over the entries of several files counts it
// several times.
type AmountPolicy string

// The policies.
const (
	AmountOnEachFile  AmountPolicy = "each-file" // as the vendor, with a warning
	AmountOnFirstFile AmountPolicy = "first-file"
)

// maxGraceDays is a bound against slips: a link that holds back for longer links
// nothing.
const maxGraceDays = 365

func (r Rules) validate(mode contractone.Mode) error {
	switch {
	case !r.CutOff.IsZero() && !r.CutOff.IsValid():
		return configError("Settings.CutOff", "is not a day of the calendar", "")
	case r.GraceDays < 0 || r.GraceDays > maxGraceDays:
		return configError("Settings.GraceDays", "is out of bounds", fmt.Sprintf("choose 0 to %d", maxGraceDays))
	case r.ReviewDays < 0:
		return configError("Settings.ReviewDays", "is negative", "use 0 for no limit")
	case r.ReviewDays > 0 && mode != contractone.ModeReview:
		return configError("Settings.ReviewDays", "is set but nothing is reviewed", "choose contractone.ModeReview or leave it out")
	case r.Budget.Run < 0 || r.Budget.Month < 0:
		return configError("Settings.Budget", "is negative", "use 0 for no limit")
	case r.Late != "" && r.Late != LateReport && r.Late != LateFill && r.Late != LateIgnore:
		return configError("Settings.Late", fmt.Sprintf("is %q, which is no policy", string(r.Late)),
			fmt.Sprintf("use %q, %q or %q", LateReport, LateFill, LateIgnore))
	case r.Amounts != "" && r.Amounts != AmountOnEachFile && r.Amounts != AmountOnFirstFile:
		return configError("Settings.Amounts", fmt.Sprintf("is %q, which is no policy", string(r.Amounts)),
			fmt.Sprintf("use %q or %q", AmountOnEachFile, AmountOnFirstFile))
	}
	return nil
}

// verdict is what a link does with a document.
type verdict int

const (
	carried      verdict = iota
	notLinkable          // neither concluded nor imported
	confidential         // left out, because the link does not ask for it
	tooOld               // before the cut-off date
	filtered             // by Config.Include
)

// String says why a document is left out.
func (v verdict) String() string {
	switch v {
	case carried:
		return "it is carried"
	case confidential:
		return "it is confidential (親展) now"
	case tooOld:
		return "it is from before the cut-off date"
	case filtered:
		return "it was not chosen"
	default:
		return "it is no concluded document any more"
	}
}

// judge applies the rules that leave a document out.
func (f *Flow) judge(id contractone.ManagementID, r Rules, d *cloudsign.Document) verdict {
	switch {
	case !linkable(d):
		return notLinkable
	case d.Private && !r.IncludeConfidential:
		return confidential
	case !r.CutOff.IsZero() && processedAt(d).Before(r.CutOff.In(japan)):
		return tooOld
	case f.cfg.Include != nil && !f.cfg.Include(id, d):
		return filtered
	}
	return carried
}

// processedAt is when a document was concluded or imported.
func processedAt(d *cloudsign.Document) time.Time {
	if d.LastProcessedAt.IsZero() {
		return d.CreatedAt.Time
	}
	return d.LastProcessedAt.Time
}

// graceEnd is when a document may be linked.
func (r Rules) graceEnd(d *cloudsign.Document) time.Time {
	return processedAt(d).AddDate(0, 0, r.GraceDays)
}

// mapped is what a file's entry will hold.
type mapped struct {
	Items      contractone.Items `json:"items"`
	Extensions map[string]string `json:"extensions,omitempty"`
	Findings   []mapping.Finding `json:"findings,omitempty"`
	TitleFrom  string            `json:"title_from,omitempty"` // source field of the title
}

// carry maps a file by the map and the link's rules.
func (f *Flow) carry(s Settings, rec ledgermap.Record) mapped {
	var draft contractone.Draft
	result := f.cfg.Map.Run(&rec, &draft)
	m := mapped{Items: draft.Items, Extensions: draft.Extensions, Findings: result.Findings}
	if o, ok := result.Origin(string(contractone.ItemTitle)); ok {
		m.TitleFrom = o.From
	}
	if s.Amounts == AmountOnFirstFile {
		m.amountOnFirst(rec.FileIndex)
	}
	s.Extras.add(&m, rec, f.accounts[s.Credential.Fingerprint].Environment)
	if rec.File.ID == certificateID {
		return m.certificate(rec)
	}
	return m
}

// CodeAmountOnFirstFile is the code of a finding: the document has an amount, which
// AmountOnFirstFile left off this file. If the first file stays out of the ledger,
// it is nowhere.
const CodeAmountOnFirstFile = "amount_on_first_file"

// amountOnFirst keeps the amount on the first file alone, so that no sum counts it
// twice.
func (m *mapped) amountOnFirst(index int) {
	var kept []mapping.Finding
	for _, finding := range m.Findings {
		if finding.Code != ledgermap.CodeAmountOnEachFile {
			kept = append(kept, finding)
		}
	}
	m.Findings = kept
	if index > 1 && !m.Items.Amount.IsZero() {
		m.Items.Amount = contractone.Amount{}
		m.Findings = append(m.Findings, mapping.Finding{
			Severity: mapping.SeverityWarning, Code: CodeAmountOnFirstFile, Field: string(contractone.ItemAmount),
			Message: "the document's amount is on its first file alone: if that one stays out of the ledger, the amount is nowhere",
		})
	}
}
