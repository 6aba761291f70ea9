package digipost

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// How long the entry point is remembered: Digipost may change its certificate and
// its links.
const (
	entryUnused = 5 * time.Minute // since it was used last
	entryAge    = time.Hour
)

// mostEntries bounds how many entry points are remembered before old ones go.
const mostEntries = 256

// entryCache remembers the entry points: the broker's own (sender 0) and those of
// senders.
type entryCache struct {
	mu     sync.Mutex
	places map[SenderID]*entryPlace
}

// entryPlace is the place of one entry point. Its turn holds one item while
// somebody looks or fetches, so that many calls fetch once.
type entryPlace struct {
	turn         chan struct{}
	entry        *xmlEntryPoint
	loaded, used time.Time
	taken        time.Time // when somebody asked for it; guarded by the cache
}

// place gives the place of a sender's entry point and forgets those that nobody
// asked for in a while.
func (e *entryCache) place(sender SenderID, now time.Time) *entryPlace {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.places) >= mostEntries {
		maps.DeleteFunc(e.places, func(_ SenderID, p *entryPlace) bool { return now.Sub(p.taken) >= entryUnused })
	}
	p := e.places[sender]
	if p == nil {
		if e.places == nil {
			e.places = map[SenderID]*entryPlace{}
		}
		p = &entryPlace{turn: make(chan struct{}, 1)}
		e.places[sender] = p
	}
	p.taken = now
	return p
}

// entryPoint gives an entry point: the broker's (GET /), or what it may do for a
// sender (GET /{sender-id}). A fresh one is fetched where what is remembered was
// loaded before notBefore.
func (c *core) entryPoint(ctx context.Context, sender SenderID, notBefore time.Time) (*xmlEntryPoint, error) {
	now := c.clock()
	e := c.entry.place(sender, now)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.entry != nil && now.Sub(e.used) < entryUnused && now.Sub(e.loaded) < entryAge && !e.loaded.Before(notBefore) {
		e.used = now
		return e.entry, nil
	}
	p := api.NewPath("/")
	if sender != 0 {
		p = api.NewPath("/{senderID}", sender.text())
	}
	entry := new(xmlEntryPoint)
	if err := c.run(ctx, api.Call{Op: "get entry point", Method: http.MethodGet, Effect: api.Read, Path: p}, entry); err != nil {
		return nil, err
	}
	e.entry, e.loaded, e.used = entry, now, now
	return entry, nil
}

// link gives the address of a relation of an entry point, with more elements
// behind it.
func (c *core) link(ctx context.Context, sender SenderID, relation string, more ...string) (api.Path, url.Values, error) {
	entry, err := c.entryPoint(ctx, sender, time.Time{})
	if err != nil {
		return api.Path{}, nil, err
	}
	return follow(entry.Links, relation, more...)
}

// follow gives the address of a relation that is among the links.
func follow(links []Link, relation string, more ...string) (api.Path, url.Values, error) {
	uri, found := named(links, relation)
	if !found {
		return api.Path{}, nil, &LinkError{Relation: relation, Reason: "is not offered"}
	}
	return path(uri, more...)
}

// certificate gives the key that answers are signed with.
func (c *core) certificate(ctx context.Context, notBefore time.Time) (*rsa.PublicKey, error) {
	entry, err := c.entryPoint(ctx, 0, notBefore)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(entry.Certificate))
	if block == nil {
		return nil, &AnswerError{Reason: "can't be checked: the entry point has no certificate"}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, &AnswerError{Reason: "can't be checked: the entry point's certificate can't be read"}
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, &AnswerError{Reason: "can't be checked: the entry point's certificate is not for RSA"}
	}
	return key, nil
}

// LinkError is a link that the service does not offer, or that can't be used.
type LinkError struct {
	Relation string // "create_message"; empty: a link of an answer
	Reason   string
}

// Error names the relation and the reason.
func (e *LinkError) Error() string { return "digipost: link " + e.Relation + " " + e.Reason }

// Is reports a LinkError as countersign.ErrForbidden: the service offers a link
// to those who may use it.
func (e *LinkError) Is(target error) bool { return target == countersign.ErrForbidden }
