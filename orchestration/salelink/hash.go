package salelink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/countersign/countersign/salesdock"
)

// volatile are members of a product that change without the product changing: the
// addresses of documents differ at each read, and what is inside a document or an
// image is hashed apart.
var volatile = []string{"documents", "image", "updated_at"}

// markOf hashes a product's row in the list, its updated_at included.
func markOf(row *salesdock.ProductRow) (string, error) {
	return canonical(row.Raw)
}

// canonical hashes JSON whatever the order and spacing of its members, without
// those named.
func canonical(raw json.RawMessage, without ...string) (string, error) {
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return "", fmt.Errorf("read what was to be hashed: %w", err)
	}
	for _, name := range without {
		delete(members, name)
	}
	return hashOf(members) // encoding/json sorts the members
}

// attached is a document by what it is.
type attached struct{ Name, Hash string }

// productHash is the canonical hash of a product: all members that say what it
// is, its image's bytes, and its documents by name and contents.
func (f *Flow) productHash(ctx context.Context, p *salesdock.Product) (string, error) {
	own, err := canonical(p.Raw, volatile...)
	if err != nil {
		return "", err
	}
	var image []byte
	if p.Image != nil {
		image = p.Image.Content
	}
	docs := make([]attached, 0, len(p.Documents))
	for _, d := range p.Documents {
		content, err := f.documentHash(ctx, d)
		if err != nil {
			return "", err
		}
		docs = append(docs, attached{d.Name, content})
	}
	return hashOf(own, image, docs)
}

func (f *Flow) documentHash(ctx context.Context, d salesdock.Document) (_ string, err error) {
	file, err := f.deps.B.Products.Download(ctx, d)
	if err != nil {
		return "", &sideError{"B", err}
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", &sideError{"B", err}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
