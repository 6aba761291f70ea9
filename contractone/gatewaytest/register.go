package gatewaytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"time"
)

// maxDraft bounds the part draft in bytes.
const maxDraft = 8 << 20

// Source names the file of an entry.
type Source struct {
	Origin     string `json:"origin"`
	DocumentID string `json:"document_id"`
	FileID     string `json:"file_id"`
	FileIndex  int    `json:"file_index"`
	FileCount  int    `json:"file_count"`
}

func (s Source) key() string { return s.Origin + ":" + s.DocumentID + ":" + s.FileID }

// Share is who may see an entry.
type Share struct {
	Visibility string   `json:"visibility"`
	Groups     []string `json:"groups,omitempty"`
}

// Principal is a user or a group.
type Principal struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// PDF is what is known of a file. Its bytes are not kept.
type PDF struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Provenance says where the value of an item comes from.
type Provenance struct {
	Authority string    `json:"authority"`
	Ref       string    `json:"ref,omitempty"`
	At        time.Time `json:"at"`
}

// Entry is an entry as the gateway keeps it and answers with. Items are as the
// client wrote them.
type Entry struct {
	ID           string                     `json:"id"`
	Key          string                     `json:"key"`
	RequestID    string                     `json:"request_id"`
	Source       Source                     `json:"source"`
	Link         string                     `json:"link,omitempty"`
	Items        map[string]json.RawMessage `json:"items"`
	Extensions   map[string]string          `json:"extensions,omitempty"`
	Share        Share                      `json:"share"`
	Responsible  []Principal                `json:"responsible"`
	Provenance   map[string]Provenance      `json:"provenance,omitempty"`
	PDF          PDF                        `json:"pdf"`
	RegisteredAt time.Time                  `json:"registered_at"`
}

type draft struct {
	RequestID   string                     `json:"request_id"`
	Source      Source                     `json:"source"`
	Link        string                     `json:"link"`
	Items       map[string]json.RawMessage `json:"items"`
	Extensions  map[string]string          `json:"extensions"`
	Share       Share                      `json:"share"`
	Responsible []Principal                `json:"responsible"`
	PDF         PDF                        `json:"pdf"`
}

func (d draft) entry(at time.Time) Entry {
	e := Entry{
		Key: d.Source.key(), RequestID: d.RequestID, Source: d.Source, Link: d.Link, Items: d.Items, Extensions: d.Extensions,
		Share: d.Share, Responsible: d.Responsible, Provenance: map[string]Provenance{}, PDF: d.PDF, RegisteredAt: at,
	}
	for item := range d.Items {
		e.Provenance[item] = Provenance{"linked", e.Key, at}
	}
	return e
}

var itemNames = []string{
	"title", "counterparty", "signed_on", "starts_on", "ends_on", "amount", "auto_renewal", "notice_deadline", "file_name", "approval_number",
}

// wrong gives the members of a draft that the contract does not allow.
func (d draft) wrong() (out []problemError) {
	require := func(ok bool, pointer, detail string) {
		if !ok {
			out = append(out, problemError{pointer, detail})
		}
	}
	require(d.RequestID != "", "/request_id", "is missing")
	require(d.Source.Origin != "" && d.Source.DocumentID != "" && d.Source.FileID != "", "/source", "is incomplete")
	require(d.Source.FileIndex >= 1 && d.Source.FileIndex <= d.Source.FileCount, "/source/file_index", "is not between 1 and file_count")
	require(d.Items != nil, "/items", "is missing")
	for item, value := range d.Items {
		require(slices.Contains(itemNames, item), "/items", "holds an unknown item")
		require(string(value) != "null" && string(value) != `""`, "/items/"+item, "is there without a value")
	}
	require(slices.Contains([]string{"company", "private", "groups"}, d.Share.Visibility), "/share/visibility", "is not a share scope")
	require((d.Share.Visibility == "groups") == (len(d.Share.Groups) > 0), "/share/groups", "do not fit the visibility")
	require(len(d.Responsible) > 0, "/responsible", "is empty")
	for _, p := range d.Responsible {
		require((p.Kind == "user" || p.Kind == "group") && p.Name != "", "/responsible", "holds nobody")
	}
	require(len(d.PDF.SHA256) == 64 && d.PDF.Size > 0, "/pdf", "is incomplete")
	return out
}

func invalid(status int, detail string, errs ...problemError) *problem {
	return &problem{Status: status, Type: problemPrefix + "invalid", Detail: detail, Errors: errs}
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	d, refused := readRequest(r)
	var e Entry
	status := 0
	if refused == nil {
		e, status, refused = s.enter(d)
	}
	if refused != nil {
		if refused.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		fail(w, *refused)
		return
	}
	answer(w, status, map[string]any{"id": e.ID, "key": e.Key, "pdf": e.PDF, "registered_at": e.RegisteredAt})
}

// readRequest reads both parts to their end; the PDF is hashed, not kept.
func readRequest(r *http.Request) (draft, *problem) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return draft{}, invalid(http.StatusUnsupportedMediaType, "the body is not multipart/form-data")
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	d, refused := readDraft(parts)
	if refused != nil {
		return draft{}, refused
	}
	if key := r.Header.Get("Idempotency-Key"); key != d.Source.key() {
		return draft{}, invalid(http.StatusUnprocessableEntity, "Idempotency-Key is not the key of the draft")
	}
	if refused := readPDF(parts, d.PDF); refused != nil {
		return draft{}, refused
	}
	if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
		return draft{}, invalid(http.StatusBadRequest, "the body does not end behind the PDF")
	}
	return d, nil
}

func readDraft(parts *multipart.Reader) (d draft, refused *problem) {
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "draft" {
		return d, invalid(http.StatusBadRequest, "the first part is not the draft")
	}
	text, err := io.ReadAll(io.LimitReader(part, maxDraft+1))
	if err != nil {
		return d, invalid(http.StatusBadRequest, "the draft breaks off")
	}
	if len(text) > maxDraft {
		return d, invalid(http.StatusRequestEntityTooLarge, "the draft is too large")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&d) != nil || dec.More() {
		return d, invalid(http.StatusBadRequest, "the draft is not the JSON of the contract")
	}
	if errs := d.wrong(); len(errs) > 0 {
		return d, invalid(http.StatusUnprocessableEntity, "the draft is not valid", errs...)
	}
	return d, nil
}

func readPDF(parts *multipart.Reader, want PDF) *problem {
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "pdf" {
		return invalid(http.StatusBadRequest, "the second part is not the PDF")
	}
	head, hash := &bytes.Buffer{}, sha256.New()
	size, err := io.CopyN(io.MultiWriter(head, hash), part, 1024)
	if err == nil {
		var rest int64
		rest, err = io.Copy(hash, part)
		size += rest
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return invalid(http.StatusBadRequest, "the PDF breaks off")
	}
	got := hex.EncodeToString(hash.Sum(nil))
	switch {
	case !bytes.Contains(head.Bytes(), []byte("%PDF-")):
		return &problem{Status: http.StatusUnprocessableEntity, Type: problemPrefix + "not-pdf"}
	case got != want.SHA256, size != want.Size:
		return &problem{Status: http.StatusUnprocessableEntity, Type: problemPrefix + "size-differs",
			Detail: fmt.Sprintf("%d bytes with SHA-256 %s were announced, %d with %s came", want.Size, want.SHA256, size, got)}
	}
	return nil
}
