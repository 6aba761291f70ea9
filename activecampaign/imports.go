package activecampaign

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// The bounds of one bulk import ("Bulk import contacts").
const (
	MaxImportContacts = 250
	MaxImportBytes    = 399_999 // of the JSON text
)

// ImportService writes many contacts at once, in the background. For ten
// contacts or less ActiveCampaign recommends ContactsService.Sync.
type ImportService struct {
	service
	budget *budget
}

// ImportContact is a contact of a bulk import. What is empty stays as it is.
type ImportContact struct {
	Email     string        `json:"email"`
	FirstName string        `json:"first_name,omitempty"`
	LastName  string        `json:"last_name,omitempty"`
	Phone     string        `json:"phone,omitempty"`
	Account   string        `json:"customer_acct_name,omitempty"`
	Tags      []string      `json:"tags,omitempty"` // names; those that do not exist are made
	Fields    []ImportField `json:"fields,omitempty"`
}

// ImportField is the value of a custom field, written as Field.Check says.
type ImportField struct {
	Field FieldID
	Value string
}

// MarshalJSON writes the field's id as a number, which is what this call takes.
func (f ImportField) MarshalJSON() ([]byte, error) {
	id, err := number("Fields.Field", string(f.Field))
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		ID    json.Number `json:"id"`
		Value string      `json:"value"`
	}{id, f.Value})
}

// ImportCallback is a request that ActiveCampaign makes when an import is done.
type ImportCallback struct {
	URL     string
	Post    bool // instead of GET
	Detail  bool // with the results of each contact
	Params  map[string]string
	Headers map[string]string
}

// secrets are what an error must not repeat: keys of the one who is called back.
func (c *ImportCallback) secrets() []countersign.Secret {
	if c == nil {
		return nil
	}
	out := secretsIn(c.URL)
	for _, part := range []map[string]string{c.Params, c.Headers} {
		for _, v := range part {
			for word := range strings.FieldsSeq(v) {
				out = append(out, countersign.NewSecret(word))
			}
		}
	}
	return out
}

// BulkImport is one batch.
type BulkImport struct {
	Contacts []ImportContact // 1 to MaxImportContacts
	// RunAutomations starts the automations that wait for what the import brings.
	// ActiveCampaign does so by default; this package does not.
	RunAutomations bool
	Callback       *ImportCallback
}

// ImportQueued is a batch that waits for its turn.
type ImportQueued struct {
	BatchID BatchID `json:"batchId"`
	Queued  Int     `json:"queued_contacts"`
	Message Text    `json:"message"`
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type callbackBody struct {
	URL     string `json:"url"`
	Method  string `json:"requestType"`
	Detail  string `json:"detailed_results,omitempty"`
	Params  []pair `json:"params,omitempty"`
	Headers []pair `json:"headers,omitempty"`
}

func pairs(m map[string]string) []pair {
	var out []pair
	for key, value := range m {
		out = append(out, pair{key, value})
	}
	return out
}

func (in BulkImport) body() (json.RawMessage, error) {
	type importBody struct {
		Contacts           []ImportContact `json:"contacts"`
		Callback           *callbackBody   `json:"callback,omitempty"`
		ExcludeAutomations bool            `json:"exclude_automations"`
	}
	out := importBody{Contacts: in.Contacts, ExcludeAutomations: !in.RunAutomations}
	if c := in.Callback; c != nil {
		out.Callback = &callbackBody{URL: c.URL, Method: http.MethodGet, Params: pairs(c.Params), Headers: pairs(c.Headers)}
		if c.Post {
			out.Callback.Method = http.MethodPost
		}
		if c.Detail {
			out.Callback.Detail = "true"
		}
	}
	return json.Marshal(out)
}

func (in BulkImport) check() error {
	switch n := len(in.Contacts); {
	case n == 0:
		return badConfig("Contacts", "is empty", "")
	case n > MaxImportContacts:
		return badConfig("Contacts", "has more than 250 contacts", "use SplitImport")
	}
	for _, c := range in.Contacts {
		// One bad contact would have the whole batch refused.
		if err := checkEmail("Contacts.Email", c.Email); err != nil {
			return err
		}
		for _, f := range c.Fields {
			if _, err := number("Contacts.Fields.Field", string(f.Field)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Start queues a batch (POST /import/bulk_import). It is sent once. The calls of
// an account's clients keep ActiveCampaign's further limit of 100 imports a
// minute, and of 20 with a single contact.
func (s ImportService) Start(ctx context.Context, in BulkImport, opts ...countersign.CallOption) (*ImportQueued, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	body, err := in.body()
	if err != nil {
		return nil, err
	}
	if len(body) > MaxImportBytes {
		return nil, badConfig("Contacts", "are more than 399,999 bytes", "use SplitImport")
	}
	c := send(api.Write, "import contacts", http.MethodPost, "/import/bulk_import", body)
	c.Secrets = in.Callback.secrets()
	if err := s.wait(ctx, c, len(in.Contacts)); err != nil {
		return nil, err
	}
	return api.JSON[ImportQueued](ctx, s.api, c, opts...)
}

// wait keeps the limits that imports have beside the account's.
func (s ImportService) wait(ctx context.Context, c api.Call, contacts int) error {
	var err error
	if contacts == 1 {
		err = s.budget.singles.Wait(ctx)
	}
	if err == nil {
		err = s.budget.imports.Wait(ctx)
	}
	if err == nil {
		return nil
	}
	e := &countersign.Error{Provider: provider, Op: c.Op, Method: c.Method, Path: c.Path.Template(), Err: err}
	if ctx.Err() == nil { // the caller's deadline comes before the turn does
		e.Kind = countersign.ErrRateLimited
	}
	return e
}

// SplitImport cuts contacts into batches that ImportService.Start takes, in
// order. A contact that is too large for a batch of its own is an error.
func SplitImport(contacts []ImportContact) ([][]ImportContact, error) {
	const room = MaxImportBytes - 10_000 // for what stands around the contacts
	var out [][]ImportContact
	start, size := 0, 0
	for i, c := range contacts {
		text, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		if len(text) >= room {
			return nil, badConfig("contacts", "has one that is too large for an import", "")
		}
		if i-start == MaxImportContacts || size+len(text)+1 > room {
			out = append(out, contacts[start:i])
			start, size = i, 0
		}
		size += len(text) + 1
	}
	if start < len(contacts) {
		out = append(out, contacts[start:])
	}
	return out, nil
}

// ImportState is how far a batch is. Values that this package does not know are
// kept.
type ImportState string

// The states ("Bulk import status info").
const (
	ImportWaiting     ImportState = "waiting"
	ImportClaimed     ImportState = "claimed"
	ImportActive      ImportState = "active"
	ImportCompleted   ImportState = "completed"
	ImportFailed      ImportState = "failed"
	ImportInterrupted ImportState = "interrupted"
)

// Ended reports whether nothing will happen any more.
func (s ImportState) Ended() bool {
	return s == ImportCompleted || s == ImportFailed || s == ImportInterrupted
}

// UnmarshalJSON reads a state. ActiveCampaign says false in the first second,
// which is read as waiting.
func (s *ImportState) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	if err != nil {
		return err
	}
	if text == "false" || text == "" {
		text = string(ImportWaiting)
	}
	*s = ImportState(text)
	return nil
}

// ImportStatus is what became of a batch so far.
type ImportStatus struct {
	State    ImportState
	Imported []ContactID
	Failed   []string // addresses, also those that were left out in silence
}

// Status reads what became of a batch (GET /import/info).
func (s ImportService) Status(ctx context.Context, batch BatchID, opts ...countersign.CallOption) (*ImportStatus, error) {
	if batch == "" {
		return nil, badConfig("batch", "is empty", "")
	}
	m, err := api.JSON[struct {
		State   ImportState `json:"status"`
		Success texts       `json:"success"`
		Failure texts       `json:"failure"`
	}](ctx, s.api, withQuery(get("get import", "/import/info"), url.Values{"batchId": {string(batch)}}), opts...)
	if err != nil {
		return nil, err
	}
	out := &ImportStatus{State: m.State}
	for _, id := range m.Success {
		out.Imported = append(out.Imported, ContactID(id))
	}
	for _, email := range m.Failure {
		out.Failed = append(out.Failed, string(email))
	}
	return out, nil
}

// ImportDay counts the imports of a day.
type ImportDay struct {
	Date     countersign.Date `json:"forDate"`
	Batches  Int              `json:"batches"`
	Contacts Int              `json:"contacts"`
}

// ImportOverview counts the account's imports.
type ImportOverview struct {
	Outstanding []ImportDay `json:"outstanding"`
	Completed   []ImportDay `json:"recentlyCompleted"`
}

// Overview counts the imports that wait and those that ended lately
// (GET /import/bulk_import).
func (s ImportService) Overview(ctx context.Context, opts ...countersign.CallOption) (*ImportOverview, error) {
	return api.JSON[ImportOverview](ctx, s.api, get("list imports", "/import/bulk_import"), opts...)
}
