package digipost

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
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

// entryCache remembers the entry point. Its turn holds one item while somebody
// looks or fetches, so that many calls fetch once.
type entryCache struct {
	turn         chan struct{}
	entry        *xmlEntryPoint
	loaded, used time.Time
}

// entryPoint gives the entry point (GET /). A fresh one is fetched where what is
// remembered was loaded before notBefore.
func (c *core) entryPoint(ctx context.Context, notBefore time.Time) (*xmlEntryPoint, error) {
	select {
	case c.entry.turn <- struct{}{}:
		defer func() { <-c.entry.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := c.clock()
	e := &c.entry
	if e.entry != nil && now.Sub(e.used) < entryUnused && now.Sub(e.loaded) < entryAge && !e.loaded.Before(notBefore) {
		e.used = now
		return e.entry, nil
	}
	entry := new(xmlEntryPoint)
	err := c.run(ctx, api.Call{Op: "get entry point", Method: http.MethodGet, Effect: api.Read, Path: api.NewPath("/")}, entry)
	if err != nil {
		return nil, err
	}
	e.entry, e.loaded, e.used = entry, now, now
	return entry, nil
}

// link gives the address of a relation of the entry point.
func (c *core) link(ctx context.Context, relation string) (string, error) {
	entry, err := c.entryPoint(ctx, time.Time{})
	if err != nil {
		return "", err
	}
	uri, found := named(entry.Links, relation)
	if !found {
		return "", &LinkError{Relation: relation, Reason: "is not offered to this broker"}
	}
	return uri, nil
}

// certificate gives the key that answers are signed with.
func (c *core) certificate(ctx context.Context, notBefore time.Time) (*rsa.PublicKey, error) {
	entry, err := c.entryPoint(ctx, notBefore)
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
