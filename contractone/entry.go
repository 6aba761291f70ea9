package contractone

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// Origin says where an entry came from (登録元).
type Origin string

// Origins that the vendor's help pages name. The list is not complete.
const (
	OriginCloudSign  Origin = "cloudsign"
	OriginDocuSign   Origin = "docusign"
	OriginGMOSign    Origin = "gmosign"
	OriginAdobeSign  Origin = "adobesign"
	OriginPDFImport  Origin = "pdfimport"
	OriginScan       Origin = "scan"
	OriginConclusion Origin = "conclusion"
)

// Key names a file for ever, across links and ledgers:
// "<origin>:<document id>:<file id>", for example "cloudsign:01H…:01J…". Two
// links that see the same file make the same key, so it is registered once.
type Key string

// CloudSignKey is the key of a file of a CloudSign document.
func CloudSignKey(documentID, fileID string) Key {
	return Source{Origin: OriginCloudSign, DocumentID: documentID, FileID: fileID}.Key()
}

// ParseKey splits a key into the origin and the two ids. The error is a
// countersign.ErrInvalid.
func ParseKey(s string) (Source, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return Source{}, fmt.Errorf("contractone: %.80q is not a key of the form origin:document:file: %w", s, countersign.ErrInvalid)
	}
	src := Source{Origin: Origin(parts[0]), DocumentID: parts[1], FileID: parts[2]}
	return src, src.validateIDs()
}

// Source is the file that an entry stands for.
type Source struct {
	Origin     Origin `json:"origin"`
	DocumentID string `json:"document_id"`
	FileID     string `json:"file_id"`
	FileIndex  int    `json:"file_index"` // position in the document, from 1
	FileCount  int    `json:"file_count"` // files of the document, at least FileIndex
}

// Key is the name of the file.
func (s Source) Key() Key {
	return Key(string(s.Origin) + ":" + s.DocumentID + ":" + s.FileID)
}

func (s Source) validate() error {
	if err := s.validateIDs(); err != nil {
		return err
	}
	if s.FileIndex < 1 || s.FileIndex > s.FileCount {
		return fmt.Errorf("contractone: file %d of %d is not possible: %w", s.FileIndex, s.FileCount, countersign.ErrInvalid)
	}
	return nil
}

func (s Source) validateIDs() error {
	for _, p := range []struct{ what, id string }{{"origin", string(s.Origin)}, {"document id", s.DocumentID}, {"file id", s.FileID}} {
		switch {
		case p.id == "":
			return fmt.Errorf("contractone: the %s is empty: %w", p.what, countersign.ErrInvalid)
		case len(p.id) > 200:
			return fmt.Errorf("contractone: the %s is longer than 200 bytes: %w", p.what, countersign.ErrInvalid)
		case strings.ContainsFunc(p.id, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }):
			return fmt.Errorf("contractone: the %s %.80q holds a character other than printable ASCII, or a colon: %w", p.what, p.id, countersign.ErrInvalid)
		}
	}
	return nil
}

// Authority says who stands behind a value.
type Authority string

// The authorities, from the weakest to the strongest: the vendor's operators
// (データ化), the source document, a user of the ledger.
const (
	Digitised Authority = "digitised"
	Linked    Authority = "linked"
	UserGiven Authority = "user"
)

// Provenance says where the value of an item comes from.
type Provenance struct {
	Authority Authority `json:"authority"`
	Ref       string    `json:"ref,omitempty"` // key of the source file, or the user's account
	At        time.Time `json:"at"`
}

// PDF is what a ledger knows of a file that it keeps.
type PDF struct {
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
	Size   int64  `json:"size"`   // bytes
}

// EntryID is the ledger's own id of an entry. Its form is the ledger's matter.
type EntryID string

// Entry is one row of the ledger: one contract file and what is known of it.
type Entry struct {
	ID           EntryID                `json:"id"`
	Key          Key                    `json:"key"`
	Source       Source                 `json:"source"`
	Link         ManagementID           `json:"link,omitempty"` // the link that brought it; empty for other origins
	Items        Items                  `json:"items"`
	Extensions   map[string]string      `json:"extensions,omitempty"` // 拡張項目: the customer's own items by name
	Share        Share                  `json:"share"`
	Responsible  []Principal            `json:"responsible"`
	Provenance   map[ItemKey]Provenance `json:"provenance,omitempty"`
	PDF          PDF                    `json:"pdf"`
	RegisteredAt time.Time              `json:"registered_at"` // UTC
}

// Action is what a Change did.
type Action string

// The actions that the history (更新履歴) records.
const (
	ActionRegistered Action = "registered"
	ActionDigitised  Action = "digitised"
	ActionEdited     Action = "edited"
)

// Change is one line of an entry's history. There is no undo.
type Change struct {
	At     time.Time    `json:"at"` // UTC
	By     string       `json:"by"` // the user's account, the link's management ID or "digitisation"
	Action Action       `json:"action"`
	Memo   string       `json:"memo,omitempty"` // the reason that a user gave
	Values []ItemChange `json:"values,omitempty"`
}

// ItemChange is an item before and after, in the form of Item.Text. Name is an
// ItemKey, "extension:<name>", "share" or "responsible".
type ItemChange struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Draft is a file to register.
type Draft struct {
	Source      Source
	Link        ManagementID // the link that brings it; may be empty
	Items       Items        // the values that the source has; other items stay empty
	Extensions  map[string]string
	Share       Share
	Responsible []Principal // at least one
	// PDF is read only when the ledger does not hold the key yet, and at most
	// once for each call of Register. Size -1 says that the size is not known.
	PDF countersign.Upload
}

// Key is the name of the file that the draft is about.
func (d Draft) Key() Key { return d.Source.Key() }

// Validate checks everything but the PDF itself. The error is a *FileError and
// a countersign.ErrInvalid.
func (d Draft) Validate() error {
	err := d.Source.validate()
	switch {
	case err != nil:
	case d.Link != "" && !d.Link.IsValid():
		err = fmt.Errorf("contractone: %.40q is not a management ID: %w", string(d.Link), countersign.ErrInvalid)
	case d.PDF.Open == nil:
		err = fmt.Errorf("contractone: the PDF has no Open function: %w", countersign.ErrInvalid)
	default:
		err = firstError(d.Items.Validate, d.Share.Validate, d.validateResponsible, d.validateExtensions)
	}
	if err != nil {
		return d.Fail(err)
	}
	return nil
}

func (d Draft) validateResponsible() error {
	if p := principalsProblem(d.Responsible); p != "" {
		return fmt.Errorf("contractone: responsible persons: the list %s: %w", p, countersign.ErrInvalid)
	}
	return nil
}

func (d Draft) validateExtensions() error { return validateExtensions(d.Extensions) }

func validateExtensions(ext map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(ext)) {
		p := badText(name)
		if p == "" {
			p = badText(ext[name])
		}
		if name == "" {
			p = "has no name"
		}
		if p != "" {
			return fmt.Errorf("contractone: extension item %.80q %s: %w", name, p, countersign.ErrInvalid)
		}
	}
	return nil
}

func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
