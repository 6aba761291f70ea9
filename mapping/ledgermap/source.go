package ledgermap

import (
	"strconv"

	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/mapping"
)

// Keys of the source fields: the part of the record and the member of the
// CloudSign Web API.
const (
	FromDocumentTitle = "document.title"
	FromTitle         = "attribute.title"
	FromCounterparty  = "attribute.counterparty"
	FromContractAt    = "attribute.contract_at"
	FromStartAt       = "attribute.validity_start_at"
	FromEndAt         = "attribute.validity_end_at"
	FromAmount        = "attribute.amount"
	FromAutoUpdate    = "attribute.auto_update"
	FromEndNoticeAt   = "attribute.validity_end_notice_at"
	FromLocalID       = "attribute.local_id"
	FromFileName      = "file.name"
)

// maxText is the longest text of CloudSign Web API 0.31.0, documentModel.title
// and the texts of documentAttributeModel, in characters.
const maxText = 500

// Source is the catalogue of what CloudSign knows of a file. The Japanese labels
// are those of CloudSign's screens as the vendor's help page writes them.
func Source() mapping.Source[Record] {
	return mapping.Source[Record]{Name: "CloudSign file", Fields: []mapping.SourceField[Record]{
		{Field: text(FromDocumentTitle, "書類のタイトル", "Document title"), Get: func(r *Record) mapping.Value { return mapping.TextOf(r.Document.Title) }},
		attribute(text(FromTitle, "タイトル", "Management title"), func(a *cloudsign.Attribute) mapping.Value { return mapping.TextOf(a.Title) }),
		attribute(text(FromCounterparty, "契約相手の名称", "Counterparty"), func(a *cloudsign.Attribute) mapping.Value { return mapping.TextOf(a.Counterparty) }),
		attribute(date(FromContractAt, "契約締結日", "Contract date"), func(a *cloudsign.Attribute) mapping.Value { return mapping.DateOf(a.ContractAt) }),
		attribute(date(FromStartAt, "契約開始日", "Start date"), func(a *cloudsign.Attribute) mapping.Value { return mapping.DateOf(a.ValidityStartAt) }),
		attribute(date(FromEndAt, "契約終了日", "End date"), func(a *cloudsign.Attribute) mapping.Value { return mapping.DateOf(a.ValidityEndAt) }),
		attribute(mapping.Field{Key: FromAmount, Labels: labels("取引金額", "Amount"), Kind: mapping.KindInteger}, amount),
		attribute(mapping.Field{Key: FromAutoUpdate, Labels: labels("自動更新の有無", "Automatic renewal"), Kind: mapping.KindChoice, Choices: []mapping.Choice{
			{Key: autoUpdate(cloudsign.AutoUpdateUnspecified), Labels: labels("指定なし", "Unspecified")},
			{Key: autoUpdate(cloudsign.AutoUpdateYes), Labels: labels("あり", "Yes")},
			{Key: autoUpdate(cloudsign.AutoUpdateNo), Labels: labels("なし", "No")},
		}}, func(a *cloudsign.Attribute) mapping.Value { return mapping.ChoiceOf(autoUpdate(a.AutoUpdate)) }),
		attribute(date(FromEndNoticeAt, "解約通知期限", "Notice deadline"), func(a *cloudsign.Attribute) mapping.Value { return mapping.DateOf(a.ValidityEndNoticeAt) }),
		attribute(text(FromLocalID, "管理番号", "Management number"), func(a *cloudsign.Attribute) mapping.Value { return mapping.TextOf(a.LocalID) }),
		{Field: mapping.Field{Key: FromFileName, Labels: labels("契約書の作成ページにてアップロードしたファイル名", "Name of the uploaded file"), Kind: mapping.KindText},
			Get: func(r *Record) mapping.Value { return mapping.TextOf(r.File.Name) }},
	}}
}

func labels(ja, en string) mapping.Labels { return mapping.Labels{"ja": ja, "en": en} }

func text(key, ja, en string) mapping.Field {
	return mapping.Field{Key: key, Labels: labels(ja, en), Kind: mapping.KindText, MaxLen: maxText}
}

func date(key, ja, en string) mapping.Field {
	return mapping.Field{Key: key, Labels: labels(ja, en), Kind: mapping.KindDate}
}

// attribute is a field of the document's information, absent when there is none.
func attribute(f mapping.Field, get func(*cloudsign.Attribute) mapping.Value) mapping.SourceField[Record] {
	return mapping.SourceField[Record]{Field: f, Get: func(r *Record) mapping.Value {
		if r.Attribute == nil {
			return mapping.Value{}
		}
		return get(r.Attribute)
	}}
}

func amount(a *cloudsign.Attribute) mapping.Value {
	if a.Amount == nil {
		return mapping.Value{}
	}
	return mapping.IntegerOf(*a.Amount)
}

// autoUpdate is the key of an answer: the number that the API sends.
func autoUpdate(a cloudsign.AutoUpdate) string { return strconv.Itoa(int(a)) }
