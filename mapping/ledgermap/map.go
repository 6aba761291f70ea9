package ledgermap

import (
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
)

// Map carries a file of CloudSign to the draft of an entry. It sets only
// Draft.Items; the caller sets the rest of the draft.
type Map = mapping.Map[Record, contractone.Draft]

// Check is a check of this map.
type Check = mapping.Check[Record, contractone.Draft]

// TitlePolicy says which of CloudSign's two titles becomes the entry's title.
// The vendor does not publish which one its own link reads.
type TitlePolicy string

// The policies. The result's origin of the title says which one was used.
const (
	// ManagementFirst takes the management title (管理用タイトル) of the document
	// information, and the document's own title where that is blank. It is what
	// the zero TitlePolicy means.
	ManagementFirst TitlePolicy = "management-first"
	// DocumentOnly takes the document's own title.
	DocumentOnly TitlePolicy = "document-only"
	// ManagementOnly takes the management title, and leaves the title empty
	// where that is blank.
	ManagementOnly TitlePolicy = "management-only"
)

// Config chooses between the ways to map. The zero value is the default.
type Config struct {
	Title TitlePolicy // zero: ManagementFirst
	// TextLimit is the longest text in characters that the ledger takes; longer
	// ones are cut with a warning. 0: no limit, because the vendor documents none.
	TextLimit int
}

// New compiles the map. The error is a *countersign.ConfigError, or joins
// several.
func New(cfg Config) (*Map, error) {
	d, err := Definition(cfg)
	if err != nil {
		return nil, err
	}
	return d.Compile()
}

// Definition is the map before it is compiled, for programs that add fields to
// its catalogues. The error is a *countersign.ConfigError.
func Definition(cfg Config) (mapping.Definition[Record, contractone.Draft], error) {
	titles, err := cfg.Title.sources()
	if err != nil {
		return mapping.Definition[Record, contractone.Draft]{}, err
	}
	return mapping.Definition[Record, contractone.Draft]{
		Name:   "ledgermap",
		Source: Source(),
		Target: Target(cfg.TextLimit),
		Rules:  rules(titles, cfg.TextLimit),
		Checks: checks(),
	}, nil
}

func (p TitlePolicy) sources() ([]string, error) {
	switch p {
	case "", ManagementFirst:
		return []string{FromTitle, FromDocumentTitle}, nil
	case DocumentOnly:
		return []string{FromDocumentTitle}, nil
	case ManagementOnly:
		return []string{FromTitle}, nil
	}
	return nil, &countersign.ConfigError{Component: "ledgermap", Field: "Title", Reason: fmt.Sprintf("is %q, which is no title policy", string(p)),
		Fix: fmt.Sprintf("use %q, %q or %q", ManagementFirst, DocumentOnly, ManagementOnly)}
}

// rules are the nine, in the order of the vendor's table.
func rules(titles []string, textLimit int) []mapping.Rule {
	var fit mapping.Transform // copies
	if textLimit > 0 {
		fit = mapping.Truncate()
	}
	one := func(from string, to contractone.ItemKey) mapping.Rule {
		return mapping.Rule{From: []string{from}, To: string(to)}
	}
	return []mapping.Rule{
		{From: titles, To: string(contractone.ItemTitle), Transform: fit},
		one(FromContractAt, contractone.ItemSignedOn),
		one(FromStartAt, contractone.ItemStartsOn),
		one(FromEndAt, contractone.ItemEndsOn),
		one(FromAmount, contractone.ItemAmount),
		{From: []string{FromAutoUpdate}, To: string(contractone.ItemAutoRenewal), Transform: renewal()},
		one(FromEndNoticeAt, contractone.ItemNoticeDeadline),
		{From: []string{FromFileName}, To: string(contractone.ItemFileName), Transform: fit},
		{From: []string{FromLocalID}, To: string(contractone.ItemApprovalNumber), Transform: fit},
	}
}

// renewal translates 自動更新の有無. "Unspecified" is no information, so it leaves
// the item to the ledger's own digitisation.
func renewal() mapping.Transform {
	return mapping.Choices(map[string]string{
		autoUpdate(cloudsign.AutoUpdateUnspecified): string(contractone.RenewalUnspecified),
		autoUpdate(cloudsign.AutoUpdateYes):         string(contractone.RenewalYes),
		autoUpdate(cloudsign.AutoUpdateNo):          string(contractone.RenewalNo),
	})
}
