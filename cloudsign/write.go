package cloudsign

import (
	"context"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Added is the answer to a call that adds a part to a document. The service
// answers with the whole document, in which New was found; New points into it.
type Added[T any] struct {
	Document *Document
	New      *T
}

// errNotShown: the service says that it did what was asked, and its answer does
// not show it.
var errNotShown = api.BadAnswer("the document does not show what was added")

// write sends a call that changes a document. Calls about one document wait for
// each other: the service asks to await an answer before the next request about
// the same document, and loses changes otherwise. No such call is repeated
// unless the service is known not to have acted on it; it ends in
// countersign.ErrOutcomeUnknown.
func (s service) write(ctx context.Context, doc DocumentID, call api.Call, f *form, dec api.Decoder, opts []countersign.CallOption) error {
	if f != nil {
		if f.err != nil {
			return f.err
		}
		if len(f.v) > 0 {
			call.Body, call.Secrets = api.Form(f.v), f.secrets
		}
	}
	unlock, err := s.locks.lock(ctx, doc)
	if err != nil {
		return s.interrupted(call.Op, call.Method, call.Path.Template(), err)
	}
	defer unlock()
	call.Effect = api.Write
	return s.api.Run(ctx, call, dec, opts...)
}

// interrupted is the error of a call whose context ended before it was sent.
func (service) interrupted(op, method, path string, err error) error {
	return &countersign.Error{Provider: "cloudsign", Op: op, Method: method, Path: path, Err: err}
}

// change is a write that is answered with the document.
func (s service) change(ctx context.Context, doc DocumentID, call api.Call, f *form, opts []countersign.CallOption) (*Document, error) {
	d := new(Document)
	if err := s.write(ctx, doc, call, f, decodeDocument(d, doc), opts); err != nil {
		return nil, err
	}
	return d, nil
}

// add is a write that adds a part to a document, which find finds.
func add[T any](ctx context.Context, s service, doc DocumentID, call api.Call, f *form, opts []countersign.CallOption, find func(*Document) *T) (*Added[T], error) {
	out := &Added[T]{Document: new(Document)}
	err := s.write(ctx, doc, call, f, func(contentType string, body []byte) error {
		if err := decodeDocument(out.Document, doc)(contentType, body); err != nil {
			return err
		}
		if out.New = find(out.Document); out.New == nil {
			return errNotShown
		}
		return nil
	}, opts)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// decodeDocument refuses an answer without an id, and one about another document
// than was asked for; an empty want takes any.
func decodeDocument(d *Document, want DocumentID) api.Decoder {
	return func(contentType string, body []byte) error {
		if err := api.DecodeJSON(d)(contentType, body); err != nil {
			return err
		}
		switch {
		case d.ID == "":
			return api.BadAnswer("the document has no id")
		case want != "" && d.ID != want:
			return api.BadAnswer("it is about another document")
		}
		return nil
	}
}

// newest gives the element with the highest order among those that fit, the
// last one of equals; nil when none fits.
func newest[T any](all []T, fits func(T) (order int, ok bool)) *T {
	var best *T
	highest := 0
	for i := range all {
		if order, ok := fits(all[i]); ok && (best == nil || order >= highest) {
			best, highest = &all[i], order
		}
	}
	return best
}

// locks lets one write at a time through for each document.
type locks struct {
	mu   sync.Mutex
	held map[DocumentID]*turn
	sent map[DocumentID]time.Time // when a document left its draft
}

// turn is the lock of one document; it is forgotten when nobody needs it.
type turn struct {
	free  chan struct{} // holds one value while nobody writes
	users int           // who holds it or waits for it
}

func newLocks() *locks {
	return &locks{held: map[DocumentID]*turn{}, sent: map[DocumentID]time.Time{}}
}

// stale is how long the service may still show a document as it was before a
// change; users report up to ten seconds.
const stale = 15 * time.Second

// markSent remembers that a document was sent.
func (l *locks) markSent(doc DocumentID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range l.sent {
		if time.Since(at) > stale {
			delete(l.sent, id)
		}
	}
	l.sent[doc] = time.Now()
}

// wasSent reports whether a document was sent a moment ago, whatever the service
// shows.
func (l *locks) wasSent(doc DocumentID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.sent[doc]
	return ok && time.Since(at) <= stale
}

// lock waits for its turn, or for the end of ctx.
func (l *locks) lock(ctx context.Context, doc DocumentID) (unlock func(), err error) {
	l.mu.Lock()
	t := l.held[doc]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		l.held[doc] = t
	}
	t.users++
	l.mu.Unlock()
	select {
	case <-t.free:
		return func() {
			t.free <- struct{}{}
			l.leave(doc, t)
		}, nil
	case <-ctx.Done():
		l.leave(doc, t)
		return nil, ctx.Err()
	}
}

func (l *locks) leave(doc DocumentID, t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(l.held, doc)
	}
}
