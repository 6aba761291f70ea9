package contractone

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// Items are the items of an entry. The zero value of a field means that the
// item has no value. Items can be compared with ==.
type Items struct {
	Title          string           `json:"title,omitempty"`
	Counterparty   string           `json:"counterparty,omitempty"`
	SignedOn       countersign.Date `json:"signed_on,omitzero"`
	StartsOn       countersign.Date `json:"starts_on,omitzero"`
	EndsOn         countersign.Date `json:"ends_on,omitzero"`
	Amount         Amount           `json:"amount,omitzero"`
	AutoRenewal    AutoRenewal      `json:"auto_renewal,omitempty"`
	NoticeDeadline countersign.Date `json:"notice_deadline,omitzero"`
	FileName       string           `json:"file_name,omitempty"`
	ApprovalNumber string           `json:"approval_number,omitempty"`
}

// ItemKey names an item. It is also the item's column in a table or file.
type ItemKey string

// The items that the catalogue holds.
const (
	ItemTitle          ItemKey = "title"
	ItemCounterparty   ItemKey = "counterparty"
	ItemSignedOn       ItemKey = "signed_on"
	ItemStartsOn       ItemKey = "starts_on"
	ItemEndsOn         ItemKey = "ends_on"
	ItemAmount         ItemKey = "amount"
	ItemAutoRenewal    ItemKey = "auto_renewal"
	ItemNoticeDeadline ItemKey = "notice_deadline"
	ItemFileName       ItemKey = "file_name"
	ItemApprovalNumber ItemKey = "approval_number"
)

// Kind is the kind of an item's value.
type Kind string

// The kinds of values: text, a civil date, a whole amount, yes or no.
const (
	KindText        Kind = "text"
	KindDate        Kind = "date"
	KindAmount      Kind = "amount"
	KindAutoRenewal Kind = "auto renewal"
)

// Item describes one item of the ledger. Everything that treats items alike
// (validation, precedence, columns, search, export) runs over the catalogue, so
// an item more is a field of Items and a row of the catalogue.
type Item struct {
	Key     ItemKey
	Kind    Kind
	LabelJA string // as the ledger's screens show it
	LabelEN string
	// Main items are those that the vendor's operators digitise. The help pages
	// of 2023 list these eight; pages of 2025 speak of nine without naming them.
	Main bool
	// Linked items are the nine that the CloudSign link carries.
	Linked bool
	// CSVUpdatable items can be changed through the bulk update by CSV. The help
	// page excludes the main items; the list of columns could not be read, so
	// for the others this is inferred.
	CSVUpdatable bool

	field func(*Items) any // *string, *countersign.Date, *Amount or *AutoRenewal
}

var catalogue = []Item{
	{Key: ItemTitle, Kind: KindText, LabelJA: "契約書タイトル", LabelEN: "Title", Main: true, Linked: true, field: func(i *Items) any { return &i.Title }},
	{Key: ItemCounterparty, Kind: KindText, LabelJA: "契約先名", LabelEN: "Counterparty", Main: true, field: func(i *Items) any { return &i.Counterparty }},
	{Key: ItemSignedOn, Kind: KindDate, LabelJA: "契約締結日", LabelEN: "Signed on", Main: true, Linked: true, field: func(i *Items) any { return &i.SignedOn }},
	{Key: ItemStartsOn, Kind: KindDate, LabelJA: "契約開始日", LabelEN: "Starts on", Main: true, Linked: true, field: func(i *Items) any { return &i.StartsOn }},
	{Key: ItemEndsOn, Kind: KindDate, LabelJA: "契約終了日", LabelEN: "Ends on", Main: true, Linked: true, field: func(i *Items) any { return &i.EndsOn }},
	{Key: ItemAmount, Kind: KindAmount, LabelJA: "金額", LabelEN: "Amount", Main: true, Linked: true, field: func(i *Items) any { return &i.Amount }},
	{Key: ItemAutoRenewal, Kind: KindAutoRenewal, LabelJA: "契約自動更新", LabelEN: "Auto renewal", Main: true, Linked: true, field: func(i *Items) any { return &i.AutoRenewal }},
	{Key: ItemNoticeDeadline, Kind: KindDate, LabelJA: "解約通知期限日", LabelEN: "Notice deadline", Main: true, Linked: true, field: func(i *Items) any { return &i.NoticeDeadline }},
	{Key: ItemFileName, Kind: KindText, LabelJA: "ファイル名", LabelEN: "File name", Linked: true, field: func(i *Items) any { return &i.FileName }},
	{Key: ItemApprovalNumber, Kind: KindText, LabelJA: "稟議番号等", LabelEN: "Approval number", Linked: true, CSVUpdatable: true, field: func(i *Items) any { return &i.ApprovalNumber }},
}

// Catalogue gives the items in the ledger's order. The slice is the caller's.
func Catalogue() []Item { return slices.Clone(catalogue) }

// FindItem gives the item of a key.
func FindItem(key ItemKey) (Item, bool) {
	i := slices.IndexFunc(catalogue, func(it Item) bool { return it.Key == key })
	if i < 0 {
		return Item{}, false
	}
	return catalogue[i], true
}

// Text is the value of the item in items as text: the text itself, YYYY-MM-DD,
// digits, "yes" or "no"; "" when there is no value.
func (it Item) Text(items Items) string {
	switch v := it.field(&items).(type) {
	case *string:
		return *v
	case *countersign.Date:
		return v.String()
	case *Amount:
		return v.String()
	case *AutoRenewal:
		return string(*v)
	}
	return ""
}

// Has reports whether the item has a value in items.
func (it Item) Has(items Items) bool { return it.Text(items) != "" }

// SetText sets the item in items from the form that Text gives; "" takes the
// value away. The error names the item and is a countersign.ErrInvalid.
func (it Item) SetText(items *Items, text string) error {
	var err error
	switch v := it.field(items).(type) {
	case *string:
		*v = text
	case *countersign.Date:
		err = v.UnmarshalText([]byte(text))
	case *Amount:
		var a Amount
		if a, err = ParseAmount(text); err == nil {
			*v = a
		}
	case *AutoRenewal:
		*v = AutoRenewal(text)
	}
	if err != nil {
		return fmt.Errorf("contractone: item %s: %w", it.Key, err)
	}
	return it.check(*items)
}

// Copy sets the item in dst to its value in src.
func (it Item) Copy(dst *Items, src Items) {
	switch v := it.field(dst).(type) {
	case *string:
		*v = *it.field(&src).(*string)
	case *countersign.Date:
		*v = *it.field(&src).(*countersign.Date)
	case *Amount:
		*v = *it.field(&src).(*Amount)
	case *AutoRenewal:
		*v = *it.field(&src).(*AutoRenewal)
	}
}

// check refuses what no ledger can keep faithfully.
func (it Item) check(items Items) error {
	reason := ""
	switch v := it.field(&items).(type) {
	case *string:
		reason = badText(*v)
	case *countersign.Date:
		if !v.IsZero() && !v.IsValid() {
			reason = "is not a day of the calendar"
		}
	case *AutoRenewal:
		if !v.IsKnown() {
			reason = fmt.Sprintf("is neither %q nor %q", RenewalYes, RenewalNo)
		}
	}
	if reason == "" {
		return nil
	}
	return fmt.Errorf("contractone: item %s %s: %w", it.Key, reason, countersign.ErrInvalid)
}

// Validate refuses values that a ledger can't keep as they are: text that is
// not UTF-8 or holds a NUL character (PostgreSQL has no such text), days that
// the calendar does not have, unknown words for auto renewal. The error names
// the item and is a countersign.ErrInvalid.
func (i Items) Validate() error {
	for _, it := range catalogue {
		if err := it.check(i); err != nil {
			return err
		}
	}
	return nil
}

func badText(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.ContainsRune(s, 0):
		return "holds a NUL character"
	}
	return ""
}
