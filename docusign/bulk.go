package docusign

import (
	"context"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// BulkSendService sends one draft or template to many people, an envelope each:
// make a list, test it against the draft or template, send it, and watch the
// batch. Errors are *countersign.Error: ErrNotFound, ErrForbidden where the
// account has no bulk send, ErrOutcomeUnknown for a change that no answer came for.
type BulkSendService struct{ service }

// BulkList is a list of copies to make.
type BulkList struct {
	ID     BulkListID `json:"listId,omitempty"`
	Name   string     `json:"name,omitempty"`
	Copies []BulkCopy `json:"bulkCopies,omitempty"`
}

// BulkCopy is one envelope to make.
type BulkCopy struct {
	Recipients   []BulkRecipient `json:"recipients,omitempty"`
	CustomFields []BulkField     `json:"customFields,omitempty"`
	EmailSubject string          `json:"emailSubject,omitempty"`
	EmailBlurb   string          `json:"emailBlurb,omitempty"`
}

// BulkRecipient fills a role, or the recipient with an id.
type BulkRecipient struct {
	RoleName     string      `json:"roleName,omitempty"`
	RecipientID  RecipientID `json:"recipientId,omitempty"`
	Name         string      `json:"name,omitempty"`
	Email        string      `json:"email,omitempty"`
	ClientUserID string      `json:"clientUserId,omitempty"`
	AccessCode   string      `json:"accessCode,omitempty"`
	Note         string      `json:"note,omitempty"`
	Tabs         []BulkTab   `json:"tabs,omitempty"`
}

// BulkTab is the first value of a tab.
type BulkTab struct {
	Label string `json:"tabLabel,omitempty"`
	Value string `json:"initialValue,omitempty"`
}

// BulkField is the value of an envelope custom field.
type BulkField struct {
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// BulkListSummary names a list.
type BulkListSummary struct {
	ID        BulkListID `json:"bulkSendListId"`
	Name      string     `json:"name"`
	CreatedBy string     `json:"createdByUser"`
	Created   Text       `json:"createdDate"`
}

const bulkListPath = "/bulk_send_lists/{bulkSendListId}"

type bulkSummaries struct {
	Lists []BulkListSummary `json:"bulkListSummaries"`
}

// Lists reads the names of the lists (GET /bulk_send_lists).
func (s BulkSendService) Lists(ctx context.Context, opts ...countersign.CallOption) ([]BulkListSummary, error) {
	m, err := ask[bulkSummaries](ctx, s.conn, get("list bulk lists", "/bulk_send_lists"), opts)
	if err != nil {
		return nil, err
	}
	return m.Lists, nil
}

// CreateList makes a list (POST /bulk_send_lists). It is sent once.
func (s BulkSendService) CreateList(ctx context.Context, l BulkList, opts ...countersign.CallOption) (*BulkList, error) {
	if len(l.Copies) == 0 {
		return nil, badConfig("BulkList.Copies", "is empty", "")
	}
	return ask[BulkList](ctx, s.conn, send(api.Write, "create bulk list", "POST", "/bulk_send_lists", l), opts)
}

// List reads a list (GET /bulk_send_lists/{bulkSendListId}).
func (s BulkSendService) List(ctx context.Context, id BulkListID, opts ...countersign.CallOption) (*BulkList, error) {
	return ask[BulkList](ctx, s.conn, get("get bulk list", bulkListPath, string(id)), opts)
}

// UpdateList replaces a list (PUT /bulk_send_lists/{bulkSendListId}). It is
// repeated when no answer comes.
func (s BulkSendService) UpdateList(ctx context.Context, id BulkListID, l BulkList, opts ...countersign.CallOption) (*BulkList, error) {
	return ask[BulkList](ctx, s.conn, send(api.IdempotentWrite, "update bulk list", "PUT", bulkListPath, l, string(id)), opts)
}

// DeleteList deletes a list; envelopes that were made from it stay (DELETE
// /bulk_send_lists/{bulkSendListId}). It is repeated when no answer comes.
func (s BulkSendService) DeleteList(ctx context.Context, id BulkListID, opts ...countersign.CallOption) error {
	return do(ctx, s.conn, send(api.IdempotentWrite, "delete bulk list", "DELETE", bulkListPath, nil, string(id)), opts)
}

type bulkRequest struct {
	BatchName string `json:"batchName,omitempty"`
	Source    string `json:"envelopeOrTemplateId"`
}

// BulkTest says whether a list fits a draft or template.
type BulkTest struct {
	CanBeSent bool     `json:"canBeSent"`
	Errors    []string `json:"validationErrors"`
	Details   []string `json:"validationErrorDetails"`
}

// Test says whether a list fits the draft or template with the id (POST
// /bulk_send_lists/{bulkSendListId}/test).
func (s BulkSendService) Test(ctx context.Context, id BulkListID, source string, opts ...countersign.CallOption) (*BulkTest, error) {
	return ask[BulkTest](ctx, s.conn, send(api.Read, "test bulk list", "POST", bulkListPath+"/test", bulkRequest{Source: source}, string(id)), opts)
}

// BulkSent says what was queued.
type BulkSent struct {
	BatchID     BatchID  `json:"batchId"`
	BatchName   string   `json:"batchName"`
	Size        Int      `json:"batchSize"`
	TotalQueued Int      `json:"totalQueued"`
	QueueLimit  Int      `json:"queueLimit"`
	Errors      []string `json:"errors"`
	Details     []string `json:"errorDetails"`
}

// Send makes an envelope for each copy of the list out of the draft or template
// with the id (POST /bulk_send_lists/{bulkSendListId}/send). DocuSign does so
// in the background. It is sent once: give the batch a name of your own and
// look for it in Batches when the outcome is unknown.
func (s BulkSendService) Send(ctx context.Context, id BulkListID, source, batchName string, opts ...countersign.CallOption) (*BulkSent, error) {
	return ask[BulkSent](ctx, s.conn, send(api.Write, "send bulk list", "POST", bulkListPath+"/send", bulkRequest{batchName, source}, string(id)), opts)
}

// Batch is the state of a bulk send.
type Batch struct {
	ID        BatchID     `json:"batchId"`
	Name      string      `json:"batchName"`
	Size      Int         `json:"batchSize"`
	Queued    Int         `json:"queued"`
	Sent      Int         `json:"sent"`
	Failed    Int         `json:"failed"`
	Submitted Time        `json:"submittedDate"`
	Errors    []BulkError `json:"bulkErrors"`
}

// BulkError is an envelope that was not made.
type BulkError struct {
	Created         Text       `json:"created"`
	EnvelopeID      EnvelopeID `json:"envelopeId"`
	Message         string     `json:"errorMessage"`
	RecipientEmails []string   `json:"recipientEmails"`
}

// BatchQuery narrows Batches.
type BatchQuery struct {
	From, To   time.Time
	SearchText string
	Status     string // "all", "failed", "sent", "queued"
	Count      int
	Cursor     string // Page.Next of the page before
}

const batchPath = "/bulk_send_batch/{bulkSendBatchId}"

// Batches reads a page of the batches (GET /bulk_send_batch).
func (s BulkSendService) Batches(ctx context.Context, q BatchQuery, opts ...countersign.CallOption) (*countersign.Page[Batch], error) {
	v := url.Values{}
	for name, value := range map[string]string{
		"from_date": instant(q.From), "to_date": instant(q.To), "search_text": q.SearchText, "status": q.Status,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if err := addPage(v, q.Count, q.Cursor); err != nil {
		return nil, err
	}
	m, err := ask[struct {
		listing
		Batches []Batch `json:"bulkBatchSummaries"`
	}](ctx, s.conn, get("list batches", "/bulk_send_batch").query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Batches)
}

// Batch reads the state of a batch (GET /bulk_send_batch/{bulkSendBatchId}).
func (s BulkSendService) Batch(ctx context.Context, id BatchID, opts ...countersign.CallOption) (*Batch, error) {
	return ask[Batch](ctx, s.conn, get("get batch", batchPath, string(id)), opts)
}

// BatchEnvelopes reads a page of the envelopes that a batch made (GET
// /bulk_send_batch/{bulkSendBatchId}/envelopes).
func (s BulkSendService) BatchEnvelopes(ctx context.Context, id BatchID, cursor string, opts ...countersign.CallOption) (*countersign.Page[Envelope], error) {
	v := url.Values{}
	if err := addPage(v, 0, cursor); err != nil {
		return nil, err
	}
	m, err := ask[envelopeList](ctx, s.conn, get("list batch envelopes", batchPath+"/envelopes", string(id)).query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Envelopes)
}

// BatchAction is what is done to all envelopes of a batch.
type BatchAction string

// The actions.
const (
	BatchResend  BatchAction = "resend"
	BatchCorrect BatchAction = "correct"
	BatchVoid    BatchAction = "void"
)

// Act does something to all envelopes of a batch; voidReason is for BatchVoid
// (PUT /bulk_send_batch/{bulkSendBatchId}/{bulkAction}). It is sent once.
func (s BulkSendService) Act(ctx context.Context, id BatchID, a BatchAction, voidReason string, opts ...countersign.CallOption) (*Batch, error) {
	body := struct {
		VoidReason string `json:"voidReason,omitempty"`
	}{voidReason}
	return ask[Batch](ctx, s.conn, send(api.Write, "act on batch", "PUT", batchPath+"/{bulkAction}", body, string(id), string(a)), opts)
}
