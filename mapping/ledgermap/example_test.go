package ledgermap_test

import (
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/ledgermap"
)

func Example() {
	m, err := ledgermap.New(ledgermap.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc := cloudsign.Document{ID: "doc1", Title: "Lease", Files: []cloudsign.File{{ID: "a", Name: "lease.pdf"}, {ID: "b", Name: "annex.pdf", Order: 1}}}
	attr := &cloudsign.Attribute{Amount: new(int64(1200000)), ValidityEndAt: countersign.Date{Year: 2027, Month: 3, Day: 31}}
	for _, rec := range ledgermap.Records(doc, attr) {
		draft := contractone.Draft{Source: rec.Source()}
		res := m.Run(&rec, &draft)
		fmt.Println(draft.Key(), draft.Items.Title, draft.Items.FileName, draft.Items.EndsOn, draft.Items.Amount)
		for _, f := range res.Findings {
			fmt.Println(" ", f.Severity, f.Code, f.Field)
		}
	}
	// Output:
	// cloudsign:doc1:a Lease lease.pdf 2027-03-31 1200000
	//   warning amount_on_each_file amount
	//   warning title_is_file_name title
	// cloudsign:doc1:b Lease annex.pdf 2027-03-31 1200000
	//   warning amount_on_each_file amount
}

// A program that wants the counterparty in the ledger too adds a rule for it.
// snippet: counterparty

// withCounterparty is the nine items and the counterparty, for ledgersync.Config.Map.
func withCounterparty() (*ledgermap.Map, error) {
	m, err := ledgermap.New(ledgermap.Config{Title: ledgermap.DocumentOnly})
	if err != nil {
		return nil, err
	}
	return m.With(mapping.Rule{From: []string{ledgermap.FromCounterparty}, To: string(contractone.ItemCounterparty)})
}

// end snippet

func Example_addingRules() {
	m, err := withCounterparty()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m.Explain())
	// Output:
	// ledgermap: CloudSign file → Contract One entry
	// TARGET           LABEL           KIND     SOURCE                            LABEL                                             TRANSFORM
	// title            契約書タイトル  text     document.title                    書類のタイトル                                    copy
	// signed_on        契約締結日      date     attribute.contract_at             契約締結日                                        copy
	// starts_on        契約開始日      date     attribute.validity_start_at       契約開始日                                        copy
	// ends_on          契約終了日      date     attribute.validity_end_at         契約終了日                                        copy
	// amount           金額            integer  attribute.amount                  取引金額                                          copy
	// auto_renewal     契約自動更新    choice   attribute.auto_update             自動更新の有無                                    choices 0→(none) 1→yes 2→no
	// notice_deadline  解約通知期限日  date     attribute.validity_end_notice_at  解約通知期限                                      copy
	// file_name        ファイル名      text     file.name                         契約書の作成ページにてアップロードしたファイル名  copy
	// approval_number  稟議番号等      text     attribute.local_id                管理番号                                          copy
	// counterparty     契約先名        text     attribute.counterparty            契約相手の名称                                    copy
}

// A program that keeps the sender's memo in an item of its own (拡張項目) adds a
// field to each catalogue, and a rule between them.
func ExampleDefinition() {
	d, err := ledgermap.Definition(ledgermap.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	d.Source.Fields = append(d.Source.Fields, mapping.SourceField[ledgermap.Record]{
		Field: mapping.Field{Key: "document.note", Kind: mapping.KindText},
		Get:   func(r *ledgermap.Record) mapping.Value { return mapping.TextOf(r.Document.Note) },
	})
	d.Target.Fields = append(d.Target.Fields, mapping.TargetField[contractone.Draft]{
		Field: mapping.Field{Key: "extension.memo", Kind: mapping.KindText},
		Set: func(draft *contractone.Draft, v mapping.Value) {
			draft.Extensions = map[string]string{"memo": v.Text()}
		},
	})
	d.Rules = append(d.Rules, mapping.Rule{From: []string{"document.note"}, To: "extension.memo"})
	m, err := d.Compile()
	if err != nil {
		fmt.Println(err)
		return
	}
	doc := cloudsign.Document{ID: "doc1", Title: "Lease", Note: "ask Legal", Files: []cloudsign.File{{ID: "a", Name: "1.pdf"}}}
	for _, rec := range ledgermap.Records(doc, nil) {
		var draft contractone.Draft
		m.Run(&rec, &draft)
		fmt.Println(draft.Items.Title, draft.Extensions)
	}
	// Output:
	// Lease map[memo:ask Legal]
}
