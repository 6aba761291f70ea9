package docusign

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// EnvelopesService creates, reads and changes envelopes.
type EnvelopesService struct{ service }

// Create makes an envelope (POST /envelopes). It is sent once: when no
// trustworthy answer comes, the error is countersign.ErrOutcomeUnknown, and
// CreateOnce or Transactions with the definition's TransactionID says what
// became of it. That is also the error when the answer names no envelope, as
// DocuSign answers when Extra asks for asynchronous: the envelope comes later.
func (s EnvelopesService) Create(ctx context.Context, d EnvelopeDefinition, opts ...countersign.CallOption) (*Created, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	c := send(api.Write, "create envelope", "POST", "/envelopes", d)
	if len(d.CompositeTemplates) > 0 || d.TemplateID != "" {
		// Roles that occur in several templates become one recipient, and roles that
		// nobody fills do not stay behind as empty ones.
		c = c.query(url.Values{"merge_roles_on_draft": {"true"}})
	}
	got, err := ask[Created](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	got.TransactionID = d.TransactionID
	var r refusals
	r.add("envelope", got.Error)
	if err := r.err("create envelope"); err != nil || got.ID != "" {
		return got, err
	}
	return nil, &countersign.Error{
		Provider: "docusign", Op: c.Op, Method: c.Method, Path: "/v2.1/accounts/{accountId}" + c.path, StatusCode: 201, Attempts: 1,
		Kind: countersign.ErrOutcomeUnknown, Message: "the answer names no envelope",
	}
}

// Get reads one envelope and the parts that are asked for (GET
// /envelopes/{envelopeId}). See Wait about reading it again.
func (s EnvelopesService) Get(ctx context.Context, id EnvelopeID, include []Include, opts ...countersign.CallOption) (*Envelope, error) {
	c := get("get envelope", envelopePath, string(id))
	if len(include) > 0 {
		c = c.query(url.Values{"include": {commas(include)}})
	}
	return ask[Envelope](ctx, s.conn, c, opts)
}

// WaitOptions say how Wait waits. The zero value waits for the end.
type WaitOptions struct {
	// Every is how long to wait between two reads, at least 15 minutes: more often
	// breaks DocuSign's polling rule. 0 is 20 minutes.
	Every time.Duration
	// Until ends the wait; nil is Ended.
	Until   func(EnvelopeStatus) bool
	Include []Include
}

// Ended reports a status after which nothing more happens.
func Ended(s EnvelopeStatus) bool {
	return slices.Contains([]EnvelopeStatus{EnvelopeCompleted, EnvelopeDeclined, EnvelopeVoided, EnvelopeDeleted}, s)
}

// Wait reads the envelope now and then until its status is as wished. Connect
// says the same at once and without calls; Wait is for programs that can't be
// reached. It keeps DocuSign's polling rule: an envelope that the client has just
// read is left alone for 15 minutes first.
func (s EnvelopesService) Wait(ctx context.Context, id EnvelopeID, o WaitOptions) (*Envelope, error) {
	if o.Every == 0 {
		o.Every = 20 * time.Minute
	}
	if o.Every < pollingRule {
		return nil, badConfig("WaitOptions.Every", "is shorter than 15 minutes", "DocuSign flags apps that read an envelope more often")
	}
	if o.Until == nil {
		o.Until = Ended
	}
	path := get("", envelopePath, string(id)).target()
	for {
		if err := pause(ctx, s.conn.polls.early(path, time.Now())); err != nil {
			return nil, err
		}
		e, err := s.Get(ctx, id, o.Include)
		if err != nil || o.Until(e.Status) {
			return e, err
		}
		if err := pause(ctx, o.Every); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// EnvelopeQuery narrows ListStatusChanges. One of From, IDs and TransactionIDs
// is required.
type EnvelopeQuery struct {
	// From and To bound the time of the change that FromToStatus names. To is the
	// present when zero. Let windows overlap, and look again after 20 minutes at
	// the earliest.
	From, To time.Time
	// FromToStatus is what has to have happened in that time: "changed", which is
	// the default, or a status.
	FromToStatus string
	// Status narrows to envelopes that have one of these now. DocuSign's answers
	// may hold others too.
	Status         []EnvelopeStatus
	IDs            []EnvelopeID
	TransactionIDs []TransactionID
	// CustomField narrows to envelopes with this value of an envelope custom field.
	CustomFieldName, CustomFieldValue string
	Include                           []Include
	FolderIDs                         []FolderID
	SearchText                        string
	OrderBy                           string // "last_modified", "status_changed", "created", "sent", "completed", "subject", …
	Order                             string // "asc" or "desc"
	Count                             int    // envelopes on a page; 0: as many as DocuSign gives
	Cursor                            string // Page.Next of the page before
}

func (q EnvelopeQuery) values() (url.Values, error) {
	switch {
	case q.From.IsZero() && len(q.IDs) == 0 && len(q.TransactionIDs) == 0:
		return nil, badConfig("EnvelopeQuery.From", "is zero and there are neither IDs nor TransactionIDs", "DocuSign needs one of the three")
	case !q.To.IsZero() && q.To.Before(q.From):
		return nil, badConfig("EnvelopeQuery.To", "lies before From", "")
	case q.Count < 0:
		return nil, badConfig("EnvelopeQuery.Count", "is negative", "")
	case slices.ContainsFunc(q.Include, func(i Include) bool { return i == IncludeTabs || i == IncludeWorkflow }):
		return nil, badConfig("EnvelopeQuery.Include", "has tabs or workflow, which listings do not bring", "read the envelope itself")
	}
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("from_date", instant(q.From))
	set("to_date", instant(q.To))
	set("from_to_status", q.FromToStatus)
	set("status", commas(q.Status))
	set("envelope_ids", commas(q.IDs))
	set("transaction_ids", commas(q.TransactionIDs))
	set("include", commas(q.Include))
	set("folder_ids", commas(q.FolderIDs))
	set("search_text", q.SearchText)
	set("order_by", q.OrderBy)
	set("order", q.Order)
	if q.CustomFieldName != "" {
		v.Set("custom_field", q.CustomFieldName+"="+q.CustomFieldValue)
	}
	return v, addPage(v, q.Count, q.Cursor)
}

// List reads one page of the envelopes that changed (GET /envelopes,
// listStatusChanges).
func (s EnvelopesService) List(ctx context.Context, q EnvelopeQuery, opts ...countersign.CallOption) (*countersign.Page[Envelope], error) {
	v, err := q.values()
	if err != nil {
		return nil, err
	}
	m, err := ask[envelopeList](ctx, s.conn, get("list envelopes", "/envelopes").query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Envelopes)
}

type envelopeList struct {
	listing
	Envelopes    []Envelope          `json:"envelopes"`
	Transactions []TransactionStatus `json:"envelopeTransactionStatuses"`
}

// ListStatusChanges goes through the pages of List. When q.To is zero it is set
// to the present, so that changes that happen meanwhile do not add to the pages.
// An envelope that changes meanwhile leaves the window and shifts the others:
// let windows overlap, and expect an envelope twice. An error is given once and
// ends the sequence. The sequence can be gone through again, which reads anew.
func (s EnvelopesService) ListStatusChanges(ctx context.Context, q EnvelopeQuery) iter.Seq2[*Envelope, error] {
	if q.To.IsZero() && !q.From.IsZero() {
		q.To = time.Now()
	}
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Envelope], error) {
		q := q
		q.Cursor = cursor
		return s.List(ctx, q)
	})
}

// Statuses reads the status of known envelopes in one call (PUT
// /envelopes/status), up to as many as DocuSign gives at once.
func (s EnvelopesService) Statuses(ctx context.Context, ids []EnvelopeID, opts ...countersign.CallOption) ([]Envelope, error) {
	if len(ids) == 0 {
		return nil, badConfig("ids", "is empty", "")
	}
	c := send(api.Read, "get statuses", "PUT", "/envelopes/status", envelopeIDs{EnvelopeIDs: ids})
	m, err := ask[envelopeList](ctx, s.conn, c.query(url.Values{"envelope_ids": {"request_body"}}), opts)
	if err != nil {
		return nil, err
	}
	return m.Envelopes, nil
}

type envelopeIDs struct {
	EnvelopeIDs []EnvelopeID `json:"envelopeIds"`
}

// TransactionStatus says what became of a creation.
type TransactionStatus struct {
	TransactionID TransactionID  `json:"transactionId"`
	EnvelopeID    EnvelopeID     `json:"envelopeId"` // empty: no envelope is known by it
	Status        EnvelopeStatus `json:"status"`
	Error         *ErrorDetails  `json:"errorDetails"`
}

// Transactions says what became of creations by the ids that they were given
// (GET /envelopes with transaction_ids). DocuSign knows an id for seven days.
// An id that it does not know is left out or has no EnvelopeID.
func (s EnvelopesService) Transactions(ctx context.Context, ids []TransactionID, opts ...countersign.CallOption) ([]TransactionStatus, error) {
	v, err := EnvelopeQuery{TransactionIDs: ids}.values()
	if err != nil {
		return nil, err
	}
	m, err := ask[envelopeList](ctx, s.conn, get("get transactions", "/envelopes").query(v), opts)
	if err != nil {
		return nil, err
	}
	return m.Transactions, nil
}

// EnvelopeUpdate is a change of an envelope; what is empty stays as it is.
type EnvelopeUpdate struct {
	Status       EnvelopeStatus `json:"status,omitempty"`
	VoidedReason string         `json:"voidedReason,omitempty"`
	EmailSubject string         `json:"emailSubject,omitempty"`
	EmailBlurb   string         `json:"emailBlurb,omitempty"`
	PurgeState   PurgeState     `json:"purgeState,omitempty"`
	Extra        Extra          `json:"-"`
}

// MarshalJSON writes the members of Extra too.
func (u EnvelopeUpdate) MarshalJSON() ([]byte, error) {
	type plain EnvelopeUpdate
	return marshalExtra(plain(u), u.Extra)
}

// Update changes an envelope (PUT /envelopes/{envelopeId}). A change of the
// status is sent once, since a second one is refused; others are repeated.
func (s EnvelopesService) Update(ctx context.Context, id EnvelopeID, u EnvelopeUpdate, opts ...countersign.CallOption) error {
	effect := api.IdempotentWrite
	if u.Status != "" {
		effect = api.Write
	}
	return s.update(ctx, "update envelope", id, u, nil, effect, opts)
}

// SendDraft sends a draft.
func (s EnvelopesService) SendDraft(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) error {
	return s.update(ctx, "send draft", id, EnvelopeUpdate{Status: EnvelopeSent}, nil, api.Write, opts)
}

// Void stops an envelope that is under way, for a reason of at most 200
// characters that the recipients read. An envelope that has ended can't be
// voided: the error is ErrEnvelopeState.
func (s EnvelopesService) Void(ctx context.Context, id EnvelopeID, reason string, opts ...countersign.CallOption) error {
	if strings.TrimSpace(reason) == "" {
		return badConfig("reason", "is empty", "say why the envelope is voided")
	}
	return s.update(ctx, "void envelope", id, EnvelopeUpdate{Status: EnvelopeVoided, VoidedReason: reason}, nil, api.Write, opts)
}

// Resend sends the mail again to those whose turn it is. Each call sends mail.
func (s EnvelopesService) Resend(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) error {
	return s.update(ctx, "resend envelope", id, EnvelopeUpdate{}, url.Values{"resend_envelope": {"true"}}, api.Write, opts)
}

// Purge has DocuSign delete the documents of an envelope that has ended, or
// takes that back.
func (s EnvelopesService) Purge(ctx context.Context, id EnvelopeID, state PurgeState, opts ...countersign.CallOption) error {
	if state == "" {
		return badConfig("state", "is empty", "use one of the Purge constants")
	}
	return s.update(ctx, "purge envelope", id, EnvelopeUpdate{PurgeState: state}, nil, api.IdempotentWrite, opts)
}

func (s EnvelopesService) update(ctx context.Context, op string, id EnvelopeID, u EnvelopeUpdate, q url.Values, effect api.Effect, opts []countersign.CallOption) error {
	m, err := ask[updateSummary](ctx, s.conn, send(effect, op, "PUT", envelopePath, u, string(id)).query(q), opts)
	if err != nil {
		return err
	}
	return m.refused("envelope", op)
}

// AuditEvent is one line of an envelope's history: names and values, as
// DocuSign gives them.
type AuditEvent struct {
	Fields []NameValue `json:"eventFields"`
}

// NameValue is a name and its value.
type NameValue struct {
	Name  string `json:"name"`
	Value Text   `json:"value"`
}

// Get gives a field's value: "logTime", "UserName", "Action", "Message",
// "EnvelopeStatus", "ClientIPAddress", ….
func (e AuditEvent) Get(name string) string {
	for _, f := range e.Fields {
		if strings.EqualFold(f.Name, name) {
			return string(f.Value)
		}
	}
	return ""
}

// AuditEvents reads an envelope's history.
func (s EnvelopesService) AuditEvents(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) ([]AuditEvent, error) {
	m, err := ask[struct {
		Events []AuditEvent `json:"auditEvents"`
	}](ctx, s.conn, get("get audit events", "/envelopes/{envelopeId}/audit_events", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return m.Events, nil
}

func commas[T ~string](items []T) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = string(item)
	}
	return strings.Join(texts, ",")
}

// instant writes a time with its zone: without one DocuSign takes the zone of
// its server.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
