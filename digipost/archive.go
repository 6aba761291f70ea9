package digipost

import (
	"context"
	"crypto/md5" //nolint:gosec // Digipost's own clients make UUIDs of names with it
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// ArchiveService keeps documents in a sender's archives. Whether an account has
// any is part of its agreement with Digipost. It follows the page "Archive
// functionality" of Digipost's Java client.
type ArchiveService struct{ service }

// Archive is one archive. The unnamed one is the default.
type Archive struct {
	Name               string
	SenderID           SenderID
	SenderOrganisation *SenderOrganisation
	Links              []Link
}

// ArchivedDocument is one document of an archive. Its links lead on: change and
// delete it where they are offered.
type ArchivedDocument struct {
	UUID        string             `xml:"uuid"`
	FileName    string             `xml:"file-name"`
	FileType    string             `xml:"file-type"`
	Reference   string             `xml:"referenceid"`
	ContentType string             `xml:"content-type"`
	ContentHash ContentHash        `xml:"content-hash"`
	Attributes  []ArchiveAttribute `xml:"attributes"`
	Archived    time.Time          `xml:"archived-time"`
	Deletion    time.Time          `xml:"deletion-time"` // zero: kept
	Links       []Link             `xml:"link"`
}

// ArchiveAttribute is a key and value that documents are found by; case counts in
// both. A value may be empty: an attribute can't be taken away.
type ArchiveAttribute struct {
	Key   string `xml:"key"`   // 1 to 20 characters
	Value string `xml:"value"` // at most 100 characters
}

// Attribute gives an attribute's value, or "".
func (d ArchivedDocument) Attribute(key string) string {
	for _, a := range d.Attributes {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

type xmlArchive struct {
	XMLName            xml.Name            `xml:"archive"`
	SenderID           SenderID            `xml:"sender-id"`
	SenderOrganisation *SenderOrganisation `xml:"sender-organization"`
	Name               string              `xml:"name"`
	Links              []Link              `xml:"link"`
	Documents          []ArchivedDocument  `xml:"documents"`
}

type xmlArchives struct {
	XMLName  xml.Name     `xml:"archives"`
	Archives []xmlArchive `xml:"archive"`
}

// List gives the archives of a sender, 0 being the broker itself (relation
// get_archives).
func (s ArchiveService) List(ctx context.Context, sender SenderID, opts ...countersign.CallOption) ([]Archive, error) {
	p, query, err := s.link(ctx, sender, "get_archives")
	if err != nil {
		return nil, err
	}
	var m xmlArchives
	if err := s.run(ctx, get("list archives", p, query), &m, opts...); err != nil {
		return nil, err
	}
	var out []Archive
	for _, a := range m.Archives {
		out = append(out, Archive{Name: a.Name, SenderID: a.SenderID, SenderOrganisation: a.SenderOrganisation, Links: a.Links})
	}
	return out, nil
}

// ArchiveQuery says which documents of an archive are wanted. The zero value is
// all of them, which Digipost discourages: archives may hold millions. Queries
// that find fewer than a hundred are what it recommends.
type ArchiveQuery struct {
	// Attributes are what documents must have, all of them; no comma in a key or a
	// value.
	Attributes map[string]string
	// From and To bound when documents were archived; both or none.
	From, To time.Time
	// PlainDates sends From and To as they are, as Digipost's .NET client does,
	// instead of in Base64, as its Java client does. Which is right is undocumented.
	PlainDates bool
}

func (q ArchiveQuery) values() (url.Values, error) {
	out := url.Values{}
	if q.From.IsZero() != q.To.IsZero() || q.To.Before(q.From) {
		return nil, messageError("ArchiveQuery", "has one date alone, or ends before it begins")
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(q.Attributes)) {
		if key == "" || strings.Contains(key+q.Attributes[key], ",") {
			return nil, messageError("ArchiveQuery", "has an attribute without key, or a comma")
		}
		pairs = append(pairs, key, q.Attributes[key])
	}
	if len(pairs) > 0 {
		out.Set("attributes", base64.StdEncoding.EncodeToString([]byte(strings.Join(pairs, ","))))
	}
	if !q.From.IsZero() {
		for name, t := range map[string]time.Time{"fromDate": q.From, "toDate": q.To} {
			value := dateTime(t)
			if !q.PlainDates {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			out.Set(name, value)
		}
	}
	return out, nil
}

// Page reads one page of an archive's documents (relation next_documents). Next
// goes into the following call's next, which is empty at first; it may be stored.
func (s ArchiveService) Page(ctx context.Context, a Archive, q ArchiveQuery, next string, opts ...countersign.CallOption) (*countersign.Page[ArchivedDocument], error) {
	more, err := q.values()
	if err != nil {
		return nil, err
	}
	page := &countersign.Page[ArchivedDocument]{Total: -1}
	if next == "" {
		var found bool
		if next, found = named(a.Links, "next_documents"); !found {
			return page, nil // an empty archive offers none
		}
	}
	p, query, err := path(next)
	if err != nil {
		return nil, err
	}
	maps.Copy(query, more)
	var m xmlArchive
	if err := s.run(ctx, get("list archived documents", p, query), &m, opts...); err != nil {
		return nil, err
	}
	page.Items = m.Documents
	if len(m.Documents) > 0 {
		page.Next, _ = named(m.Links, "next_documents")
	}
	return page, nil
}

// Documents goes through the documents that a query finds, page by page. An error
// is given once and ends the sequence.
func (s ArchiveService) Documents(ctx context.Context, a Archive, q ArchiveQuery, opts ...countersign.CallOption) iter.Seq2[ArchivedDocument, error] {
	return func(yield func(ArchivedDocument, error) bool) {
		seen := map[string]bool{"": true} // a service that leads in a circle ends here
		for next := ""; ; {
			page, err := s.Page(ctx, a, q, next, opts...)
			if err != nil {
				yield(ArchivedDocument{}, err)
				return
			}
			for _, d := range page.Items {
				if !yield(d, nil) {
					return
				}
			}
			if next = page.Next; seen[next] {
				return
			}
			seen[next] = true
		}
	}
}

// Get reads a document of a sender by its UUID (relation
// get_archive_document_by_uuid).
func (s ArchiveService) Get(ctx context.Context, sender SenderID, uuid string, opts ...countersign.CallOption) (*ArchivedDocument, error) {
	if !isUUID(uuid) {
		return nil, messageError("UUID", "is not a UUID in lower case")
	}
	p, query, err := s.link(ctx, sender, "get_archive_document_by_uuid", uuid)
	if err != nil {
		return nil, err
	}
	var m xmlArchive
	if err := s.run(ctx, get("get archived document", p, query), &m, opts...); err != nil {
		return nil, err
	}
	for _, d := range m.Documents {
		if d.UUID == uuid || len(m.Documents) == 1 {
			return &d, nil
		}
	}
	return nil, &countersign.Error{Provider: "digipost", Op: "get archived document", Kind: countersign.ErrNotFound, Message: "the archive has no such document"}
}

// GetByExternalID reads a document whose UUID was made of an id of yours: see
// UUIDOf.
func (s ArchiveService) GetByExternalID(ctx context.Context, sender SenderID, id string, opts ...countersign.CallOption) (*ArchivedDocument, error) {
	return s.Get(ctx, sender, UUIDOf(id), opts...)
}

// FindByReference reads the documents of all of a sender's archives that have a
// reference (relation get_archive_documents_by_referenceid).
func (s ArchiveService) FindByReference(ctx context.Context, sender SenderID, reference string, opts ...countersign.CallOption) ([]ArchivedDocument, error) {
	if reference == "" {
		return nil, messageError("reference", "is empty")
	}
	// A slash of Base64 divides elements, as in Digipost's own clients.
	p, query, err := s.link(ctx, sender, "get_archive_documents_by_referenceid",
		strings.Split(base64.StdEncoding.EncodeToString([]byte(reference)), "/")...)
	if err != nil {
		return nil, err
	}
	var m xmlArchives
	if err := s.run(ctx, get("find archived documents", p, query), &m, opts...); err != nil {
		return nil, err
	}
	var out []ArchivedDocument
	for _, a := range m.Archives {
		out = append(out, a.Documents...)
	}
	return out, nil
}

// UUIDOf makes a UUID of an id of yours, so that nothing but the id has to be kept
// to find a document again: the same one that Digipost's clients make of it
// (version 3 of the id's bytes alone).
func UUIDOf(id string) string {
	b := md5.Sum([]byte(id)) //nolint:gosec // a UUID of version 3 is one of MD5; it keeps nothing safe
	b[6], b[8] = b[6]&0x0f|0x30, b[8]&0x3f|0x80
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
