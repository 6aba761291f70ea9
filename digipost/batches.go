package digipost

import (
	"context"
	"encoding/xml"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// BatchesService holds messages back until all of them are there.
type BatchesService struct{ service }

// Batch is a set of messages that are delivered together.
type Batch struct {
	UUID     string
	Status   string // "CREATED", "NOT_COMMITTED", "COMMITTED" or "DONE"
	Digipost int    // messages for Digipost so far
	Print    int    // and for print
	links    []Link
}

type xmlBatch struct {
	UUID string `xml:"uuid"`
}

type xmlNewBatch struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 batch"`
	UUID    string   `xml:"uuid"`
}

type xmlBatchAnswer struct {
	XMLName  xml.Name `xml:"batch"`
	UUID     string   `xml:"uuid"`
	Status   string   `xml:"status"`
	Digipost int      `xml:"count-digipost"`
	Print    int      `xml:"count-print"`
	Links    []Link   `xml:"link"`
}

// Create makes a batch (relation create_batch); its UUID goes into Message.Batch.
func (s BatchesService) Create(ctx context.Context, opts ...countersign.CallOption) (*Batch, error) {
	link, err := s.link(ctx, "create_batch")
	if err != nil {
		return nil, err
	}
	body, err := xmlBody(xmlNewBatch{UUID: NewUUID()})
	if err != nil {
		return nil, err
	}
	return s.call(ctx, "create batch", http.MethodPost, link, api.Raw(body), opts)
}

// Get reads how a batch stands (relation get_batch of the batch).
func (s BatchesService) Get(ctx context.Context, b *Batch, opts ...countersign.CallOption) (*Batch, error) {
	return s.follow(ctx, "get batch", http.MethodGet, b, "get_batch", opts)
}

// Complete commits a batch (relation complete_batch). It can't be taken back.
func (s BatchesService) Complete(ctx context.Context, b *Batch, opts ...countersign.CallOption) (*Batch, error) {
	return s.follow(ctx, "complete batch", http.MethodPost, b, "complete_batch", opts)
}

// Cancel throws a batch away that is not complete, and its messages with it.
func (s BatchesService) Cancel(ctx context.Context, b *Batch, opts ...countersign.CallOption) error {
	link, found := named(b.links, "self_delete")
	if !found {
		if link, found = named(b.links, "get_batch"); !found {
			return &LinkError{Relation: "self_delete", Reason: "is not offered for this batch"}
		}
	}
	p, query, err := path(link)
	if err != nil {
		return err
	}
	return s.run(ctx, api.Call{Op: "cancel batch", Method: http.MethodDelete, Effect: api.IdempotentWrite, Path: p, Query: query}, nil, opts...)
}

func (s BatchesService) follow(ctx context.Context, op, method string, b *Batch, relation string, opts []countersign.CallOption) (*Batch, error) {
	link, found := named(b.links, relation)
	if !found {
		return nil, &LinkError{Relation: relation, Reason: "is not offered for this batch"}
	}
	return s.call(ctx, op, method, link, nil, opts)
}

func (s BatchesService) call(ctx context.Context, op, method, link string, body api.Body, opts []countersign.CallOption) (*Batch, error) {
	p, query, err := path(link)
	if err != nil {
		return nil, err
	}
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
