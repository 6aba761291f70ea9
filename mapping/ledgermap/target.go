package ledgermap

import (
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
)

// Target is the catalogue of what an entry's draft takes: every item of
// contractone.Catalogue under its own key and labels. Text items take at most
// textLimit characters; 0 means that there is no limit.
func Target(textLimit int) mapping.Target[contractone.Draft] {
	out := mapping.Target[contractone.Draft]{Name: "Contract One entry"}
	for _, item := range contractone.Catalogue() {
		f := mapping.Field{Key: string(item.Key), Labels: labels(item.LabelJA, item.LabelEN)}
		switch item.Kind {
		case contractone.KindText:
			f.Kind, f.MaxLen = mapping.KindText, textLimit
		case contractone.KindDate:
			f.Kind = mapping.KindDate
		case contractone.KindAmount:
			f.Kind = mapping.KindInteger
		case contractone.KindAutoRenewal:
			f.Kind = mapping.KindChoice
			f.Choices = []mapping.Choice{{Key: string(contractone.RenewalYes)}, {Key: string(contractone.RenewalNo)}}
		}
		out.Fields = append(out.Fields, mapping.TargetField[contractone.Draft]{Field: f, Set: setter(item.Key)})
	}
	return out
}

// setter gives the function that sets an item. An item that it does not know
// gets none, and then the definition does not compile.
func setter(key contractone.ItemKey) func(*contractone.Draft, mapping.Value) {
	switch key {
	case contractone.ItemTitle:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.Title = v.Text() }
	case contractone.ItemCounterparty:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.Counterparty = v.Text() }
	case contractone.ItemSignedOn:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.SignedOn = v.Date() }
	case contractone.ItemStartsOn:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.StartsOn = v.Date() }
	case contractone.ItemEndsOn:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.EndsOn = v.Date() }
	case contractone.ItemAmount:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.Amount = contractone.Yen(v.Integer()) }
	case contractone.ItemAutoRenewal:
		return func(d *contractone.Draft, v mapping.Value) {
			d.Items.AutoRenewal = contractone.AutoRenewal(v.Choice())
		}
	case contractone.ItemNoticeDeadline:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.NoticeDeadline = v.Date() }
	case contractone.ItemFileName:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.FileName = v.Text() }
	case contractone.ItemApprovalNumber:
		return func(d *contractone.Draft, v mapping.Value) { d.Items.ApprovalNumber = v.Text() }
	}
	return nil
}
