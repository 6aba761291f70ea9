package digipost

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// BatchesService holds messages back until all of them are there.
type BatchesService struct{ service }

// BatchStatus is where a batch is. The set is open.
type BatchStatus string

// The documented statuses.
const (
	BatchCreated      BatchStatus = "CREATED"       // empty
	BatchNotCommitted BatchStatus = "NOT_COMMITTED" // takes more messages
	BatchCommitted    BatchStatus = "COMMITTED"     // is being delivered
	BatchDone         BatchStatus = "DONE"          // the counts are final
)

// Batch is a set of messages that are delivered together. One that is not
// committed may be deleted by Digipost.
type Batch struct {
	UUID     string
	Status   BatchStatus
	Digipost int // messages for Digipost so far
	Print    int // and for print
	Links    []Link
}

// Committed reports a batch that was completed: it takes no more messages.
func (b Batch) Committed() bool { return b.Status == BatchCommitted || b.Status == BatchDone }

type xmlBatch struct {
	UUID string `xml:"uuid"`
}

type xmlNewBatch struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 batch"`
	UUID    string   `xml:"uuid"`
}

type xmlBatchAnswer struct {
	XMLName  xml.Name    `xml:"batch"`
	UUID     string      `xml:"uuid"`
	Status   BatchStatus `xml:"status"`
	Digipost int         `xml:"count-digipost"`
	Print    int         `xml:"count-print"`
	Links    []Link      `xml:"link"`
}

// Create makes a batch (relation create_batch); its UUID goes into Message.Batch.
// An empty uuid is made here; a program that may be ended keeps one of its own and
// finds the batch again with Get.
func (s BatchesService) Create(ctx context.Context, uuid string, opts ...countersign.CallOption) (*Batch, error) {
	if uuid == "" {
		uuid = NewUUID()
	}
	if !isUUID(uuid) {
		return nil, messageError("UUID", "is not a UUID in lower case")
	}
	p, query, err := s.link(ctx, 0, "create_batch")
	if err != nil {
		return nil, err
	}
	body, err := xmlBody(xmlNewBatch{UUID: uuid})
	if err != nil {
		return nil, err
	}
	return s.call(ctx, "create batch", http.MethodPost, p, query, api.Raw(body), opts)
}

// Get reads how a batch stands (relation get_batch). A batch that was cancelled is
// countersign.ErrNotFound.
func (s BatchesService) Get(ctx context.Context, uuid string, opts ...countersign.CallOption) (*Batch, error) {
	if !isUUID(uuid) {
		return nil, messageError("UUID", "is not a UUID in lower case")
	}
	p, query, err := s.link(ctx, 0, "get_batch", uuid)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, "get batch", http.MethodGet, p, query, nil, opts)
}

// Complete commits a batch (relation complete_batch). It can't be taken back.
// Where an attempt's answer was lost and the next one is refused, the batch itself
// tells whether it is committed.
func (s BatchesService) Complete(ctx context.Context, b *Batch, opts ...countersign.CallOption) (*Batch, error) {
	if b.Committed() {
		return b, nil
	}
	p, query, err := follow(b.Links, "complete_batch")
	if err != nil {
		return nil, err
	}
	done, err := s.call(ctx, "complete batch", http.MethodPost, p, query, nil, opts)
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.Attempts > 1 {
		if now, lookup := s.Get(ctx, b.UUID, opts...); lookup == nil && now.Committed() {
			return now, nil
		}
	}
	return done, err
}

// Cancel throws a batch away that is not committed, and its messages with it
// (relation self_delete).
func (s BatchesService) Cancel(ctx context.Context, b *Batch, opts ...countersign.CallOption) error {
	p, query, err := follow(b.Links, "self_delete")
	if err != nil {
		return err
	}
	return s.remove(ctx, "cancel batch", p, query, opts)
}

func (s BatchesService) call(ctx context.Context, op, method string, p api.Path, query url.Values, body api.Body, opts []countersign.CallOption) (*Batch, error) {
	effect := api.IdempotentWrite // a batch has its UUID, and completing twice is completing
	if method == http.MethodGet {
		effect = api.Read
	}
	var m xmlBatchAnswer
	if err := s.run(ctx, api.Call{Op: op, Method: method, Effect: effect, Path: p, Query: query, Body: body}, &m, opts...); err != nil {
		return nil, err
	}
	return &Batch{m.UUID, m.Status, m.Digipost, m.Print, m.Links}, nil
}
