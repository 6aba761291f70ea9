package digipost

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// ArchiveService reads a sender's archives. Whether an account has any is part of
// its agreement with Digipost.
type ArchiveService struct{ service }

// Archive is one archive.
type Archive struct {
	Name     string
	SenderID SenderID
	next     string
}

// ArchivedDocument is one document of an archive.
type ArchivedDocument struct {
	UUID        string    `xml:"uuid"`
	FileName    string    `xml:"file-name"`
	FileType    string    `xml:"file-type"`
	Reference   string    `xml:"referenceid"`
	ContentType string    `xml:"content-type"`
	Archived    time.Time `xml:"archived-time"`
	Deletion    time.Time `xml:"deletion-time"`
	Links       []Link    `xml:"link"`
}

type xmlArchive struct {
	SenderID  SenderID           `xml:"sender-id"`
	Name      string             `xml:"name"`
	Links     []Link             `xml:"link"`
	Documents []ArchivedDocument `xml:"documents"`
}

// List gives the archives (relation get_archives).
func (s ArchiveService) List(ctx context.Context, opts ...countersign.CallOption) ([]Archive, error) {
	link, err := s.link(ctx, "get_archives")
	if err != nil {
		return nil, err
	}
	p, query, err := path(link)
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName  xml.Name     `xml:"archives"`
		Archives []xmlArchive `xml:"archive"`
	}
	if err := s.run(ctx, s.read("list archives", p, query), &m, opts...); err != nil {
		return nil, err
	}
	var out []Archive
	for _, a := range m.Archives {
		next, _ := named(a.Links, "next_documents")
		out = append(out, Archive{Name: a.Name, SenderID: a.SenderID, next: next})
	}
	return out, nil
}

// Documents goes through an archive's documents by the service's own links to the
// next ones. An error is given once and ends the sequence.
func (s ArchiveService) Documents(ctx context.Context, a Archive, opts ...countersign.CallOption) iter.Seq2[ArchivedDocument, error] {
	return func(yield func(ArchivedDocument, error) bool) {
		seen := map[string]bool{}
		for next := a.next; next != "" && !seen[next]; {
			seen[next] = true
			p, query, err := path(next)
			var m struct {
				XMLName xml.Name `xml:"archive"`
				xmlArchive
			}
			if err == nil {
				err = s.run(ctx, s.read("list archived documents", p, query), &m, opts...)
			}
			if err != nil {
				yield(ArchivedDocument{}, err)
				return
			}
			for _, d := range m.Documents {
				if !yield(d, nil) {
					return
				}
			}
			if next, _ = named(m.Links, "next_documents"); len(m.Documents) == 0 {
				return
			}
		}
	}
}

// Content streams a document (relation get_archive_document_content_stream). The
// caller closes the stream.
func (s ArchiveService) Content(ctx context.Context, d ArchivedDocument, opts ...countersign.CallOption) (*countersign.Download, error) {
	link, found := named(d.Links, "get_archive_document_content_stream")
	if !found {
		return nil, &LinkError{Relation: "get_archive_document_content_stream", Reason: "is not offered for this document"}
	}
	p, query, err := path(link)
	if err != nil {
		return nil, err
	}
	call := s.read("get archived content", p, query)
	call.Accept = "*/*"
	return s.api.Download(ctx, call, opts...)
}

func (s ArchiveService) read(op string, p api.Path, query url.Values) api.Call {
	return api.Call{Op: op, Method: http.MethodGet, Effect: api.Read, Path: p, Query: query}
}
