package cloudsign

import (
	"slices"

	"github.com/countersign/countersign"
)

// AutoUpdate says whether a contract renews by itself (自動更新の有無).
type AutoUpdate int

// The values of CloudSign Web API 0.31.0, documentAttributeModel.auto_update.
const (
	AutoUpdateUnspecified AutoUpdate = 0
	AutoUpdateYes         AutoUpdate = 1
	AutoUpdateNo          AutoUpdate = 2
)

// IsKnown reports whether the value is one of the constants.
func (u AutoUpdate) IsKnown() bool { return u >= AutoUpdateUnspecified && u <= AutoUpdateNo }

// Attribute is a document's information (書類情報): what people entered about
// the contract, often after its conclusion.
type Attribute struct {
	DocumentID          DocumentID       `json:"document_id"`
	Title               string           `json:"title"`                           // 管理用タイトル, apart from the document's title
	Counterparty        string           `json:"counterparty"`                    // 契約相手の名称
	ContractAt          countersign.Date `json:"contract_at,omitzero"`            // 契約締結日
	ValidityStartAt     countersign.Date `json:"validity_start_at,omitzero"`      // 契約開始日
	ValidityEndAt       countersign.Date `json:"validity_end_at,omitzero"`        // 契約終了日
	ValidityEndNoticeAt countersign.Date `json:"validity_end_notice_at,omitzero"` // 解約通知期限
	AutoUpdate          AutoUpdate       `json:"auto_update"`                     // 自動更新の有無
	LocalID             string           `json:"local_id"`                        // 管理番号
	Amount              *int64           `json:"amount"`                          // 取引金額, no currency; nil: none, which is not 0
	CreatedAt           Time             `json:"created_at,omitzero"`
	UpdatedAt           Time             `json:"updated_at,omitzero"`
	Options             []Option         `json:"options"` // fields that the team defined

	Extra Extra `json:"-"`
}

// Option is one of up to ten document-information fields that a team defined.
// The API carries their order, not their labels.
type Option struct {
	Order   int    `json:"order"`   // 1 to 10
	Content string `json:"content"` // up to 500 characters

	Extra Extra `json:"-"`
}

// AttributeUpdate changes a document's information. The zero value of a field
// leaves it as it is; the empty text and Null clear it.
//
//	cloudsign.AttributeUpdate{
//		LocalID:       new("K-001"),
//		Amount:        countersign.Value(int64(0)), // 0, which is not "none"
//		ValidityEndAt: countersign.Null[countersign.Date](),
//	}
type AttributeUpdate struct {
	Title               *string                                `json:"title,omitzero"`        // up to 500 characters
	Counterparty        *string                                `json:"counterparty,omitzero"` // up to 500 characters
	ContractAt          countersign.Nullable[countersign.Date] `json:"contract_at,omitzero"`
	ValidityStartAt     countersign.Nullable[countersign.Date] `json:"validity_start_at,omitzero"`
	ValidityEndAt       countersign.Nullable[countersign.Date] `json:"validity_end_at,omitzero"`
	ValidityEndNoticeAt countersign.Nullable[countersign.Date] `json:"validity_end_notice_at,omitzero"`
	AutoUpdate          *AutoUpdate                            `json:"auto_update,omitzero"`
	LocalID             *string                                `json:"local_id,omitzero"` // up to 500 characters
	Amount              countersign.Nullable[int64]            `json:"amount,omitzero"`
	// Options sets fields that the team defined; nil leaves all as they are.
	// Whether a list replaces the others or is merged into them is
	// undocumented: send all of them.
	Options []Option `json:"options,omitzero"`

	// Extra is sent as it is: members that this package does not know yet.
	Extra Extra `json:"-"`
}

// MarshalJSON writes what the update changes, and Extra.
func (u AttributeUpdate) MarshalJSON() ([]byte, error) {
	type plain AttributeUpdate
	return encodeOpen(plain(u), u.Extra)
}

// Update is the update that makes another document's information equal to this
// one: what is empty here is cleared there. Members that this package does not
// know go along.
func (a Attribute) Update() AttributeUpdate {
	day := func(d countersign.Date) countersign.Nullable[countersign.Date] {
		if d.IsZero() {
			return countersign.Null[countersign.Date]()
		}
		return countersign.Value(d)
	}
	u := AttributeUpdate{
		Title: new(a.Title), Counterparty: new(a.Counterparty), LocalID: new(a.LocalID), AutoUpdate: new(a.AutoUpdate),
		ContractAt: day(a.ContractAt), ValidityStartAt: day(a.ValidityStartAt),
		ValidityEndAt: day(a.ValidityEndAt), ValidityEndNoticeAt: day(a.ValidityEndNoticeAt),
		Amount: countersign.Null[int64](), Options: append([]Option{}, a.Options...), Extra: a.Extra,
	}
	if a.Amount != nil {
		u.Amount = countersign.Value(*a.Amount)
	}
	return u
}

// check finds what the service would refuse.
func (u AttributeUpdate) check() error {
	f := newForm("AttributeUpdate")
	f.optional("title", "Title", u.Title, 500)
	f.optional("counterparty", "Counterparty", u.Counterparty, 500)
	f.optional("local_id", "LocalID", u.LocalID, 500)
	for field, n := range map[string]countersign.Nullable[countersign.Date]{
		"ContractAt": u.ContractAt, "ValidityStartAt": u.ValidityStartAt,
		"ValidityEndAt": u.ValidityEndAt, "ValidityEndNoticeAt": u.ValidityEndNoticeAt,
	} {
		day, set := n.Get()
		f.needs(field, !set || day.IsValid(), "is not a day of the calendar; countersign.Null clears it")
	}
	var orders []int
	for _, o := range u.Options {
		f.needs("Options.Order", o.Order >= 1 && o.Order <= 10, "is not 1 to 10")
		f.needs("Options.Order", !slices.Contains(orders, o.Order), "stands twice")
		f.bound("Options.Content", o.Content, 500)
		orders = append(orders, o.Order)
	}
	return f.err
}
