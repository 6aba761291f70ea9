package salesdock

import (
	"context"
	"encoding/json"
	"iter"
	"strconv"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// SalesService is sales and offers.
type SalesService struct{ service }

// SaleQuery narrows a list of sales; the zero value is all. There is no filter on
// external_reference or incoming_id.
type SaleQuery struct {
	// Period counts Amsterdam's time to the second; Of is "created_date",
	// "updated_date", "finalized_at", "cancelled_date", "sent_date" or "deleted_date".
	// "finalized_at" selects sales of integrations by when they were handed over,
	// although the finalized_at that is returned is when they were signed.
	Period        Period
	Type          string // "sale" or "offer"
	FlowID        FlowID
	SupplierID    SupplierID
	Statuses      []string
	OfferAnswers  []OfferAnswer
	ProductTypes  []string
	IDs           []SaleID
	Organisations []OrganisationID
	// WithConcepts lists concepts too. It works in the scope account alone.
	WithConcepts bool
	Cursor       string // of Page.Next; empty: the first page
}

func (q SaleQuery) params() params {
	p := params{}
	p.period(q.Period, stampLayout)
	p.set("type", q.Type)
	p.set("flow_id", string(q.FlowID))
	p.set("supplier_id", string(q.SupplierID))
	list(p, "statuses", q.Statuses)
	answers := make([]string, len(q.OfferAnswers))
	for i, a := range q.OfferAnswers {
		answers[i] = a.wire()
	}
	list(p, "offer_statuses", answers)
	list(p, "product_types", q.ProductTypes)
	list(p, "sale_ids", q.IDs)
	list(p, "organisations", q.Organisations)
	p.yes("include_concept_sales", q.WithConcepts)
	return p
}

// wire is the answer as a filter names it.
func (a OfferAnswer) wire() string {
	switch a {
	case OfferAccepted:
		return "1"
	case OfferDeclined:
		return "0"
	case OfferExpired:
		return "2"
	}
	return string(a)
}

func (q SaleQuery) check(s Scope) error {
	if q.WithConcepts && s != ScopeAccount {
		return &ScopeError{Op: "list concept sales", Scope: s, Needs: ScopeAccount}
	}
	return nil
}

// List gives one page of sales as flat rows.
func (s SalesService) List(ctx context.Context, q SaleQuery, opts ...countersign.CallOption) (*countersign.Page[SaleRow], error) {
	if err := q.check(s.conn.scope); err != nil {
		return nil, err
	}
	return askPage[SaleRow](ctx, s.conn, get(either, "list sales", "/sales").query(map[string][]string(q.params())), q.Cursor, opts)
}

// All goes through the sales of all pages as flat rows. Pages are counted: a sale
// that is made or leaves the filter meanwhile moves the others, so that one may
// come twice or not at all. Read periods that overlap.
func (s SalesService) All(ctx context.Context, q SaleQuery, opts ...countersign.CallOption) iter.Seq2[*SaleRow, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[SaleRow], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// ListFull gives one page of sales as Get has them.
func (s SalesService) ListFull(ctx context.Context, q SaleQuery, opts ...countersign.CallOption) (*countersign.Page[Sale], error) {
	if err := q.check(s.conn.scope); err != nil {
		return nil, err
	}
	p := q.params()
	p.set("extended", "true")
	return askPage[Sale](ctx, s.conn, get(either, "list full sales", "/sales").query(map[string][]string(p)), q.Cursor, opts)
}

// AllFull goes through the sales of all pages as Get has them.
func (s SalesService) AllFull(ctx context.Context, q SaleQuery, opts ...countersign.CallOption) iter.Seq2[*Sale, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Sale], error) {
		q.Cursor = cursor
		return s.ListFull(ctx, q, opts...)
	})
}

// Get reads one sale.
func (s SalesService) Get(ctx context.Context, id SaleID, opts ...countersign.CallOption) (*Sale, error) {
	return ask[Sale](ctx, s.conn, get(either, "get sale", "/sales/{id}", string(id)), opts)
}

// Answers gives a sale's answers by the questions' identifiers. Dates stand here
// in another layout than in Get.
func (s SalesService) Answers(ctx context.Context, id SaleID, opts ...countersign.CallOption) (map[string]AnswerValue, error) {
	v, err := ask[Map[AnswerValue]](ctx, s.conn, get(either, "get sale's answers", "/sales/answers/{id}", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return *v, nil
}

// SaleProducts is what a sale consists of.
type SaleProducts struct {
	SaleID          SaleID               `json:"sale_id"`
	Products        List[SaleProduct]    `json:"products"`
	AdditionalCosts List[AdditionalCost] `json:"additional_costs"`
	Discounts       List[Discount]       `json:"discounts"`
	Totals          Map[Decimal]         `json:"totals"`
}

// Products gives what a sale consists of.
func (s SalesService) Products(ctx context.Context, id SaleID, opts ...countersign.CallOption) (*SaleProducts, error) {
	return ask[SaleProducts](ctx, s.conn, get(either, "get sale's products", "/sales/{id}/products", string(id)), opts)
}

// SaleContract is a sale's contract.
type SaleContract struct {
	Name     string
	MimeType string
	Content  []byte
}

// UnmarshalJSON reads the contract out of what surrounds it. A content that is
// empty or no base64 is an error: a contract that is not whole must not be passed
// on.
func (c *SaleContract) UnmarshalJSON(data []byte) error {
	var m struct {
		Contract struct {
			Content  []byte `json:"content"`
			Name     string `json:"name"`
			MimeType string `json:"mime-type"`
		} `json:"contract"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if len(m.Contract.Content) == 0 {
		return api.BadAnswer("it has no contract")
	}
	*c = SaleContract{m.Contract.Name, m.Contract.MimeType, m.Contract.Content}
	return nil
}

// Contract reads a sale's contract, at most 16 MiB with everything around it. It
// needs the scope account.
func (s SalesService) Contract(ctx context.Context, id SaleID, opts ...countersign.CallOption) (*SaleContract, error) {
	return ask[SaleContract](ctx, s.conn, get(accountOnly, "get sale's contract", "/sales/contract/{id}", string(id)), opts)
}

// Documents lists a sale's contracts, attachments and forms. It needs the scope
// account.
func (s SalesService) Documents(ctx context.Context, id SaleID, opts ...countersign.CallOption) ([]Document, error) {
	return askList[Document](ctx, s.conn, get(accountOnly, "list sale's documents", "/sales/{id}/documents", string(id)), opts)
}

// Download fetches a file of Documents, or of an answer.
func (s SalesService) Download(ctx context.Context, d Document, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.conn.download(ctx, "download sale's document", d.Location, opts)
}

// HistoryEvent is one line of a sale's history. Type is "created", "sent",
// "updated", "changeddata", "assigned", "resolved", "cancelled", "sync.updated"
// or another; "sync.updated" is a status that an integration brought.
type HistoryEvent struct {
	Type           string               `json:"type"`
	ModifiedAt     Time                 `json:"modified_at"`
	PreviousStatus Text                 `json:"previous_status"`
	NewStatus      Text                 `json:"new_status"`
	Remark         Text                 `json:"remark"`
	User           *HistoryUser         `json:"user"` // nil: Salesdock itself
	Data           Map[json.RawMessage] `json:"type_data"`
}

// HistoryUser is who did it.
type HistoryUser struct {
	ID   UserID `json:"id"`
	Name Text   `json:"name"`
}

// History gives what happened to a sale. It needs the scope account.
func (s SalesService) History(ctx context.Context, id SaleID, opts ...countersign.CallOption) ([]HistoryEvent, error) {
	return askList[HistoryEvent](ctx, s.conn, get(accountOnly, "get sale's history", "/sales/{id}/history", string(id)), opts)
}

// OfLead gives the sale that came of a lead; nil if there is none. In the scope
// user it has a few members alone.
func (s SalesService) OfLead(ctx context.Context, id LeadID, opts ...countersign.CallOption) (*Sale, error) {
	v, err := ask[maybe[Sale]](ctx, s.conn, get(either, "get lead's sale", "/leads/{id}/sale", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return v.value, nil
}

// maybe is an object that is an empty list, null or absent when there is none.
type maybe[T any] struct{ value *T }

// none tells the envelope that there may be no data.
func (*maybe[T]) none() {}

// UnmarshalJSON reads the object.
func (m *maybe[T]) UnmarshalJSON(data []byte) error {
	m.value = nil
	if emptyJSON(data) {
		return nil
	}
	m.value = new(T)
	return json.Unmarshal(data, m.value)
}

// OfForm gives the sales that came of a form.
func (s SalesService) OfForm(ctx context.Context, id InstanceID, opts ...countersign.CallOption) ([]SaleID, error) {
	return askList[SaleID](ctx, s.conn, get(either, "get form's sales", "/sales/form_instance/{id}", string(id)), opts)
}

// SaleURLs are the addresses of a sale's pages.
type SaleURLs struct {
	Admin    string `json:"admin"`
	Reseller string `json:"reseller"`
}

// URLs asks for the addresses of a sale's pages. It needs the scope account.
// Links builds the same without asking.
func (s SalesService) URLs(ctx context.Context, id SaleID, opts ...countersign.CallOption) (*SaleURLs, error) {
	return ask[SaleURLs](ctx, s.conn, get(accountOnly, "get sale's addresses", "/sales/url/{id}", string(id)), opts)
}

// Column is a row of a report by the names of its columns, which are in the
// account's language.
type Column = Map[json.RawMessage]

// Energy gives one page of the energy report.
func (s SalesService) Energy(ctx context.Context, q SaleQuery, opts ...countersign.CallOption) (*countersign.Page[Column], error) {
	return askPage[Column](ctx, s.conn, get(either, "list energy sales", "/sales/energy").query(map[string][]string(q.params())), q.Cursor, opts)
}

// Export gives one page of a report by a template, such as "default", "energie"
// or "telecom". It needs the scope account.
func (s SalesService) Export(ctx context.Context, template string, q SaleQuery, opts ...countersign.CallOption) (*countersign.Page[Column], error) {
	return askPage[Column](ctx, s.conn, get(accountOnly, "export sales", "/sales/export/{template}", template).query(map[string][]string(q.params())), q.Cursor, opts)
}

// StatusChange is a status to set.
type StatusChange struct {
	Status string // the status' ID; required
	Remark string
	// Processed marks the sale as handed over. It works from statuses that can be
	// processed alone.
	Processed bool
}

func (c StatusChange) query() (params, error) {
	if c.Status == "" {
		return nil, badConfig("StatusChange.Status", "is empty", "")
	}
	p := params{}
	p.set("status", c.Status)
	p.set("remark", c.Remark)
	p.set("mark_processed", strconv.Itoa(map[bool]int{true: 1}[c.Processed]))
	return p, nil
}

// SetStatus sets a sale's status. It needs the scope account. A remark stands in
// the request's address: put nothing secret there.
func (s SalesService) SetStatus(ctx context.Context, id SaleID, c StatusChange, opts ...countersign.CallOption) error {
	return s.setStatus(ctx, "/sales/updatestatus/{id}", string(id), c, opts)
}

// SetStatusOfIncoming sets the status of the sale with an incoming id.
func (s SalesService) SetStatusOfIncoming(ctx context.Context, incoming string, c StatusChange, opts ...countersign.CallOption) error {
	return s.setStatus(ctx, "/sales/updatestatus/incoming/{incoming_id}", incoming, c, opts)
}

func (s SalesService) setStatus(ctx context.Context, path, id string, c StatusChange, opts []countersign.CallOption) error {
	p, err := c.query()
	if err != nil {
		return err
	}
	return s.conn.run(ctx, send(accountOnly, "set sale's status", "POST", path, nil, id).query(map[string][]string(p)), nil, opts)
}

// SetFields sets a sale's extra fields by their identifiers. It needs the scope
// account.
func (s SalesService) SetFields(ctx context.Context, id SaleID, fields map[string]string, opts ...countersign.CallOption) error {
	return s.setFields(ctx, "/sales/updatefields/{id}", string(id), fields, opts)
}

// SetFieldsOfIncoming sets the extra fields of the sale with an incoming id.
func (s SalesService) SetFieldsOfIncoming(ctx context.Context, incoming string, fields map[string]string, opts ...countersign.CallOption) error {
	return s.setFields(ctx, "/sales/updatefields/incoming/{incoming_id}", incoming, fields, opts)
}

func (s SalesService) setFields(ctx context.Context, path, id string, fields map[string]string, opts []countersign.CallOption) error {
	if len(fields) == 0 {
		return badConfig("fields", "is empty", "")
	}
	return s.conn.run(ctx, send(accountOnly, "set sale's fields", "POST", path, fields, id), nil, opts)
}

// Cancel cancels a sale at once: it is not a cancellation request between two
// linked environments, for which there is no endpoint. status is the ID of a
// status of the type cancelled. It needs the scope user, also for an Admin: see
// Client.In.
func (s SalesService) Cancel(ctx context.Context, id SaleID, status, remark string, opts ...countersign.CallOption) error {
	if status == "" {
		return badConfig("status", "is empty", "give a status of the type cancelled")
	}
	p := params{}
	p.set("status", status)
	p.set("remark", remark)
	return s.conn.run(ctx, send(userOnly, "cancel sale", "POST", "/sales/cancel/{id}", nil, string(id)).query(map[string][]string(p)), nil, opts)
}
