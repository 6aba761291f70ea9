package cloudsign

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// NewDocument is a draft to make. Nothing is required.
type NewDocument struct {
	Title       string // up to 500 characters
	Note        string // memo that recipients do not see, such as the counterparty's name
	Message     string // text that recipients see, up to 16,000 characters
	CanTransfer bool   // recipients may pass the document on
	Private     bool   // confidential (親展); the team must allow it
}

// DocumentUpdate changes a draft: nil leaves a value as it is, the empty text
// clears it. The values are those of NewDocument.
type DocumentUpdate struct {
	Title       *string
	Note        *string // is not copied to the document information's counterparty
	Message     *string
	CanTransfer *bool
	Private     *bool
}

// Create makes an empty draft (POST /documents). After ErrOutcomeUnknown look
// for it before a second attempt: a query for drafts From shortly before the
// call gives those that were made since.
func (s DocumentsService) Create(ctx context.Context, in NewDocument, opts ...countersign.CallOption) (*Document, error) {
	return s.create(ctx, "", in, opts)
}

// CreateFromTemplate makes a draft that copies a template, a document with
// StatusTemplate: its files, recipients and input fields (POST /documents with
// template_id). What in leaves empty is the template's. See Create for
// ErrOutcomeUnknown.
func (s DocumentsService) CreateFromTemplate(ctx context.Context, template DocumentID, in NewDocument, opts ...countersign.CallOption) (*Document, error) {
	if template == "" {
		return nil, &countersign.ConfigError{Component: "cloudsign", Field: "template", Reason: "is empty", Fix: "list documents with StatusTemplate"}
	}
	return s.create(ctx, template, in, opts)
}

func (s DocumentsService) create(ctx context.Context, template DocumentID, in NewDocument, opts []countersign.CallOption) (*Document, error) {
	f := newForm("NewDocument")
	f.text("title", "Title", in.Title, 500)
	f.text("note", "Note", in.Note, 0)
	f.text("message", "Message", in.Message, 16000)
	f.text("template_id", "template", string(template), 0)
	f.yes("can_transfer", in.CanTransfer)
	f.yes("private", in.Private)
	if f.err != nil {
		return nil, f.err
	}
	call := api.Call{Op: "create document", Method: http.MethodPost, Path: api.NewPath("/documents"), Effect: api.Write}
	if len(f.v) > 0 {
		call.Body = api.Form(f.v)
	}
	d := new(Document)
	if err := s.api.Run(ctx, call, decodeDocument(d, ""), opts...); err != nil {
		return nil, err
	}
	return d, nil
}

// Update changes a draft (PUT /documents/{documentID}).
func (s DocumentsService) Update(ctx context.Context, id DocumentID, in DocumentUpdate, opts ...countersign.CallOption) (*Document, error) {
	f := newForm("DocumentUpdate")
	f.optional("title", "Title", in.Title, 500)
	f.optional("note", "Note", in.Note, 0)
	f.optional("message", "Message", in.Message, 16000)
	f.optionalBool("can_transfer", in.CanTransfer)
	f.optionalBool("private", in.Private)
	return s.change(ctx, id, api.Call{
		Op: "update document", Method: http.MethodPut, Path: api.NewPath("/documents/{documentID}", string(id)),
	}, f, opts)
}

// Send sends a draft to its recipients (POST /documents/{documentID}). The
// service has one call for sending and for reminding, so the state is read
// first; a document that is no draft gives a *StateError and nothing is sent.
// The approval workflow of the web pages does not apply. The service refuses
// with countersign.ErrInvalid a document without a file or recipient, with an
// empty input field of the sender, or with a damaged PDF.
//
// After ErrOutcomeUnknown, Reconcile says whether it was sent:
//
//	client.Documents.Reconcile(ctx, id, func(d *cloudsign.Document) bool {
//		return d != nil && d.Status != cloudsign.StatusDraft
//	})
func (s DocumentsService) Send(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (*Document, error) {
	return s.post(ctx, "send document", id, StatusDraft, opts)
}

// Remind mails the recipients of a pending document once more
// (POST /documents/{documentID}). The state is read first, see Send. A reminder
// leaves no trace in the document, so after ErrOutcomeUnknown a second one may
// be a repetition. Recipients of embedded signing can't be reminded:
// countersign.ErrInvalid.
func (s DocumentsService) Remind(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (*Document, error) {
	return s.post(ctx, "remind of document", id, StatusPending, opts)
}

// StateError says that a document is not in the state that a call needs. It was
// found by reading the document; the call was not sent. It matches
// ErrNotAcceptable and countersign.ErrConflict.
type StateError struct {
	Op         string // "send document"
	DocumentID DocumentID
	Status     DocumentStatus // what the document is
	Want       DocumentStatus // what the call needs
}

// Error names the call, the document and both states.
func (e *StateError) Error() string {
	return "cloudsign: " + e.Op + ": document " + string(e.DocumentID) + " is " + e.Status.String() + ", not " + e.Want.String()
}

// Unwrap gives ErrNotAcceptable.
func (e *StateError) Unwrap() error { return ErrNotAcceptable }

// post holds the document's turn while it reads and writes: two programs' worth
// of Send in one process must not become a sending and a reminder.
func (s DocumentsService) post(ctx context.Context, op string, id DocumentID, want DocumentStatus, opts []countersign.CallOption) (*Document, error) {
	unlock, err := s.locks.lock(ctx, id)
	if err != nil {
		return nil, s.interrupted(op, http.MethodPost, "/documents/{documentID}", err)
	}
	defer unlock()
	d, err := s.Get(ctx, id, opts...)
	switch {
	case err != nil:
		return nil, err
	case want == StatusDraft && d.Status == want && s.locks.wasSent(id):
		// What was read is older than the sending: another post would remind.
		return nil, &StateError{Op: op, DocumentID: id, Status: StatusPending, Want: want}
	case d.Status != want:
		return nil, &StateError{Op: op, DocumentID: id, Status: d.Status, Want: want}
	}
	sent := new(Document)
	err = s.api.Run(ctx, api.Call{
		Op: op, Method: http.MethodPost, Effect: api.Write, Path: api.NewPath("/documents/{documentID}", string(id)),
	}, decodeDocument(sent, id), opts...)
	if err != nil {
		return nil, err
	}
	s.locks.markSent(id)
	return sent, nil
}

// Decline withdraws a pending document that one's own user sent
// (PUT /documents/{documentID}/decline). comment, up to 1,000 characters, may be
// empty. A document that is not pending is refused: countersign.ErrInvalid.
func (s DocumentsService) Decline(ctx context.Context, id DocumentID, comment string, opts ...countersign.CallOption) (*Document, error) {
	f := newForm("Decline")
	f.text("comment", "comment", comment, 1000)
	return s.change(ctx, id, api.Call{
		Op: "decline document", Method: http.MethodPut, Path: api.NewPath("/documents/{documentID}/decline", string(id)),
	}, f, opts)
}

// Delete removes a draft (DELETE /documents/{documentID}); any other document is
// refused: countersign.ErrInvalid.
func (s DocumentsService) Delete(ctx context.Context, id DocumentID, opts ...countersign.CallOption) error {
	return s.write(ctx, id, api.Call{
		Op: "delete document", Method: http.MethodDelete, Path: api.NewPath("/documents/{documentID}", string(id)),
	}, nil, nil, opts)
}

// settle is how long Reconcile waits before it reads again. The service goes on
// working after its gateway gave up, and users report up to ten seconds until a
// change is seen.
var settle = [...]time.Duration{3 * time.Second, 10 * time.Second}

// Reconcile finds out whether a write whose outcome is unknown has happened. It
// reads the document at once, after 3 and after 10 more seconds, until happened
// reports true, and gives the last state read. happened is called with nil when
// there is no such document, as after a deletion. ok false means that the
// service shows no trace of it so far, which is what is known before the call
// is made again.
func (s DocumentsService) Reconcile(ctx context.Context, id DocumentID, happened func(*Document) bool, opts ...countersign.CallOption) (d *Document, ok bool, err error) {
	for i := 0; ; i++ {
		d, err = s.Get(ctx, id, opts...)
		if errors.Is(err, countersign.ErrNotFound) {
			d, err = nil, nil
		}
		if err != nil {
			return nil, false, err
		}
		if happened(d) {
			return d, true, nil
		}
		if i == len(settle) {
			return d, false, nil
		}
		select {
		case <-ctx.Done():
			return d, false, s.interrupted("reconcile document", http.MethodGet, "/documents/{documentID}", ctx.Err())
		case <-time.After(settle[i]):
		}
	}
}
