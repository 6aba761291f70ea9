package salesdock

import (
	"context"
	"encoding/json"
	"iter"
	"maps"

	"github.com/countersign/countersign"
)

// LeadsService is leads: appointments and prospects.
type LeadsService struct{ service }

// Lead is a lead; a list fills in a part of it. What differs by account is in
// Raw.
type Lead struct {
	ID        LeadID     `json:"id"`
	Status    Text       `json:"status"`
	Firstname Text       `json:"firstname"`
	Lastname  Text       `json:"lastname"`
	Email     Text       `json:"email"`
	Phone     Text       `json:"phone"`
	Business  Bool       `json:"business"`
	Relation  RelationID `json:"relation_id"`
	CreatedAt Time       `json:"created_at"`
	UpdatedAt Time       `json:"updated_at"`
	// Raw is the whole lead as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the lead and keeps it whole. A status that is an object, as
// a sale's is, is left to Raw.
func (l *Lead) UnmarshalJSON(data []byte) error {
	type plain Lead
	var m Map[json.RawMessage]
	if err := m.UnmarshalJSON(data); err != nil {
		return err
	}
	known := map[string]json.RawMessage{}
	for name, value := range m {
		var s string
		if scalar(value, &s) == nil {
			known[name] = value
		}
	}
	flat, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(flat, (*plain)(l)); err != nil {
		return err
	}
	l.Raw = append(json.RawMessage(nil), data...)
	return nil
}

// Masked reports whether the lead was anonymised. It must not be passed on.
func (l *Lead) Masked() bool {
	return anyMasked(string(l.Firstname), string(l.Lastname), string(l.Email), string(l.Phone))
}

// LeadQuery narrows a list of leads; the zero value is all.
type LeadQuery struct {
	Period   Period // Of is "created_date", "updated_date", "planned_date", "completed_date" or "deleted_date"
	Statuses []string
	Activity string
	WithTeam string // "all", "yes" or "no"
	SortBy   string // "id_desc", "updated_at_desc", "postcode_asc", …
	Cursor   string // of Page.Next; empty: the first page
}

func (q LeadQuery) params() params {
	p := params{}
	p.period(q.Period, stampLayout)
	list(p, "statuses", q.Statuses)
	p.set("activity", q.Activity)
	p.set("with_team_id", q.WithTeam)
	p.set("sort_by", q.SortBy)
	return p
}

// List gives one page of leads.
func (s LeadsService) List(ctx context.Context, q LeadQuery, opts ...countersign.CallOption) (*countersign.Page[Lead], error) {
	p := q.params()
	// Asks for pages that follow a cursor; which kind comes without it is not told.
	p.set("cursor", "true")
	return askPage[Lead](ctx, s.conn, get(either, "list leads", "/leads").query(map[string][]string(p)), q.Cursor, opts)
}

// All goes through all leads.
func (s LeadsService) All(ctx context.Context, q LeadQuery, opts ...countersign.CallOption) iter.Seq2[*Lead, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Lead], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Get reads one lead.
func (s LeadsService) Get(ctx context.Context, id LeadID, opts ...countersign.CallOption) (*Lead, error) {
	return ask[Lead](ctx, s.conn, get(either, "get lead", "/leads/{id}", string(id)), opts)
}

// History gives what happened to a lead.
func (s LeadsService) History(ctx context.Context, id LeadID, opts ...countersign.CallOption) ([]HistoryEvent, error) {
	return askList[HistoryEvent](ctx, s.conn, get(either, "get lead's history", "/leads/{id}/history", string(id)), opts)
}

// Result gives what came of a lead.
func (s LeadsService) Result(ctx context.Context, id LeadID, opts ...countersign.CallOption) (json.RawMessage, error) {
	return s.raw(ctx, get(either, "get lead's result", "/leads/{id}/results", string(id)), opts)
}

// FormPDF gives a lead's form as a file.
func (s LeadsService) FormPDF(ctx context.Context, id LeadID, opts ...countersign.CallOption) (*FormPDF, error) {
	return ask[FormPDF](ctx, s.conn, get(either, "get lead's form", "/leads/{id}/form/pdf", string(id)), opts)
}

// Results gives one page of the results of all leads; cursor is that of
// Page.Next.
func (s LeadsService) Results(ctx context.Context, q LeadQuery, opts ...countersign.CallOption) (*countersign.Page[Column], error) {
	return askPage[Column](ctx, s.conn, get(either, "list lead results", "/leads/results").query(map[string][]string(q.params())), q.Cursor, opts)
}

// Activities gives the account's lead activities.
func (s LeadsService) Activities(ctx context.Context, opts ...countersign.CallOption) ([]Labelling, error) {
	return askList[Labelling](ctx, s.conn, get(either, "list lead activities", "/leads/activities"), opts)
}

// Sources gives the account's lead sources.
func (s LeadsService) Sources(ctx context.Context, opts ...countersign.CallOption) ([]Labelling, error) {
	return askList[Labelling](ctx, s.conn, get(either, "list lead sources", "/leads/sources"), opts)
}

// Forms gives the account's lead forms.
func (s LeadsService) Forms(ctx context.Context, opts ...countersign.CallOption) ([]Labelling, error) {
	return askList[Labelling](ctx, s.conn, get(either, "list lead forms", "/leads/forms"), opts)
}

// FormElements gives the elements of a lead form.
func (s LeadsService) FormElements(ctx context.Context, id FormID, opts ...countersign.CallOption) ([]FormElement, error) {
	return askList[FormElement](ctx, s.conn, get(either, "list lead form's elements", "/leads/forms/{id}/elements", string(id)), opts)
}

// Labelling is an entry of one of an account's own lists. Raw holds the rest.
type Labelling struct {
	ID         Text `json:"id"`
	Identifier Text `json:"identifier"`
	Name       Text `json:"name"`
	Label      Text `json:"label"`
	Active     Bool `json:"active"`
	// Raw is the whole entry as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the entry and keeps it whole.
func (l *Labelling) UnmarshalJSON(data []byte) error {
	type plain Labelling
	return decodeKept(data, (*plain)(l), &l.Raw)
}

// Townships gives the account's townships with their boundaries; nil is all. It
// needs the scope account.
func (s LeadsService) Townships(ctx context.Context, active *bool, opts ...countersign.CallOption) ([]Labelling, error) {
	p := params{}
	p.flag("active", active)
	return askList[Labelling](ctx, s.conn, get(accountOnly, "list townships", "/leads/townships").query(map[string][]string(p)), opts)
}

// LeadInput is what a lead is made of.
type LeadInput struct {
	Business Bool
	// Assign says to whom: "user", "team" or "organisation", with the id of it, which
	// is required too. It counts in the scope account, where it is required.
	Assign         string
	UserID         UserID
	TeamID         TeamID
	OrganisationID OrganisationID
	// AssignToUser gives the lead to the token's user, in the scope user.
	AssignToUser bool
	PlannedDate  countersign.Date // the zero day: not planned for a date
	// StartAt and EndAt are times of the day, "15:04".
	StartAt, EndAt string
	SourceID       string
	Value          countersign.Decimal
	Labels         []string
	// RelationID connects a relation; null unlinks it, where a lead is updated.
	RelationID countersign.Nullable[RelationID]
	// Fields are further members under the names of the API: "firstname",
	// "postcode", …; CustomFields are sent as cf_{identifier} and Answers as
	// question_{identifier}.
	Fields, CustomFields, Answers map[string]string
}

type leadBody struct {
	Business       Bool                             `json:"business"`
	Assign         string                           `json:"assign,omitempty"`
	UserID         UserID                           `json:"user,omitempty"` // not user_id
	TeamID         TeamID                           `json:"team_id,omitempty"`
	OrganisationID OrganisationID                   `json:"organisation_id,omitempty"`
	AssignToUser   *bool                            `json:"assign_to_user,omitempty"`
	Planned        int                              `json:"planned_for_date,omitempty"` // 1: PlannedDate counts; its value is undocumented
	PlannedDate    DutchDate                        `json:"planned_date,omitzero"`
	StartAt        string                           `json:"start_at,omitempty"`
	EndAt          string                           `json:"end_at,omitempty"`
	SourceID       string                           `json:"lead_source_id,omitempty"`
	Value          countersign.Decimal              `json:"lead_value,omitzero"`
	Labels         []string                         `json:"labels,omitempty"`
	RelationID     countersign.Nullable[RelationID] `json:"relation_id,omitzero"`
}

// body gives the members that the scope knows.
func (in LeadInput) body(s Scope) (json.RawMessage, error) {
	own := leadBody{
		Business: in.Business, PlannedDate: DutchDate(in.PlannedDate), StartAt: in.StartAt, EndAt: in.EndAt, SourceID: in.SourceID,
		Value: in.Value, Labels: in.Labels, RelationID: in.RelationID,
	}
	if !in.PlannedDate.IsZero() {
		own.Planned = 1
	}
	if s == ScopeAccount {
		own.Assign, own.UserID, own.TeamID, own.OrganisationID = in.Assign, in.UserID, in.TeamID, in.OrganisationID
	} else {
		own.AssignToUser = &in.AssignToUser
	}
	further := prefixed("", in.Fields)
	maps.Copy(further, prefixed("cf_", in.CustomFields))
	maps.Copy(further, prefixed("question_", in.Answers))
	return flatten(own, further)
}

// Create makes a lead.
func (s LeadsService) Create(ctx context.Context, in LeadInput, opts ...countersign.CallOption) (LeadID, error) {
	if s.conn.scope == ScopeAccount && in.Assign == "" {
		return "", badConfig("LeadInput.Assign", "is empty", "choose user, team or organisation")
	}
	body, err := in.body(s.conn.scope)
	if err != nil {
		return "", err
	}
	return askID[LeadID](ctx, s.conn, send(either, "create lead", "POST", "/leads", body), "lead_id", opts)
}

// Update changes a lead.
func (s LeadsService) Update(ctx context.Context, id LeadID, in LeadInput, opts ...countersign.CallOption) error {
	body, err := in.body(s.conn.scope)
	if err != nil {
		return err
	}
	return s.conn.run(ctx, send(either, "update lead", "PUT", "/leads/{id}", body, string(id)), nil, opts)
}

// SetStatus sets a lead's status. It needs the scope account.
func (s LeadsService) SetStatus(ctx context.Context, id LeadID, status, remark string, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "set lead's status", "POST", "/leads/status/{id}", struct {
		Status string `json:"status"`
		Remark string `json:"remark,omitempty"`
	}{status, remark}, string(id)), nil, opts)
}

func (s LeadsService) raw(ctx context.Context, c call, opts []countersign.CallOption) (json.RawMessage, error) {
	v, err := ask[json.RawMessage](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	return *v, nil
}
