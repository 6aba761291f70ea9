package docusign

import (
	"context"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// DocumentsService reads and changes the documents of an envelope.
type DocumentsService struct{ service }

// DocumentInfo describes a document of an envelope or template. The certificate
// of completion is one too.
type DocumentInfo struct {
	ID    DocumentID    `json:"documentId,omitempty"`
	GUID  string        `json:"documentIdGuid,omitempty"`
	Name  string        `json:"name,omitempty"`
	Type  string        `json:"type,omitempty"` // "content", "summary"
	URI   string        `json:"uri,omitempty"`  // below the account
	Order Text          `json:"order,omitempty"`
	Pages []Page        `json:"pages,omitempty"`
	Tabs  *Tabs         `json:"tabs,omitempty"` // prefill tabs, where a call brings them
	Error *ErrorDetails `json:"errorDetails,omitempty"`
	Extra Extra         `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (d *DocumentInfo) UnmarshalJSON(data []byte) (err error) {
	type plain DocumentInfo
	d.Extra, err = unmarshalExtra(data, (*plain)(d))
	return err
}

// MarshalJSON writes the members of Extra too.
func (d DocumentInfo) MarshalJSON() ([]byte, error) {
	type plain DocumentInfo
	return marshalExtra(plain(d), d.Extra)
}

// Page is one page of a document, in pixels.
type Page struct {
	ID       string `json:"pageId,omitempty"`
	Sequence Text   `json:"sequence,omitempty"`
	Height   Text   `json:"height,omitempty"`
	Width    Text   `json:"width,omitempty"`
	DPI      Text   `json:"dpi,omitempty"`
}

const documentPath = "/envelopes/{envelopeId}/documents/{documentId}"

type documentList struct {
	Documents []DocumentInfo `json:"envelopeDocuments"`
}

func (l documentList) result(op string) ([]DocumentInfo, error) {
	var refused refusals
	for _, d := range l.Documents {
		refused.add(string(d.ID), d.Error)
	}
	return l.Documents, refused.err(op)
}

// List reads what documents an envelope has.
func (s DocumentsService) List(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) ([]DocumentInfo, error) {
	m, err := ask[documentList](ctx, s.conn, get("list documents", "/envelopes/{envelopeId}/documents", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return m.Documents, nil
}

// DownloadOptions change what Download gives. The zero value leaves it to the
// account.
type DownloadOptions struct {
	// Certificate says whether Combined has the certificate of completion at its
	// end; nil leaves it to the account's settings.
	Certificate *bool
	// Watermark and ShowChanges: nil leaves it to the account.
	Watermark, ShowChanges *bool
	// Language of the certificate: "en", "de", "ja", ….
	Language string
}

// Download gives a document, or with Combined, Archive, Certificate or
// Portfolio what those stand for, as a stream that the caller closes. DocuSign
// lets only a few downloads of one envelope run at a time.
func (s DocumentsService) Download(ctx context.Context, id EnvelopeID, document DocumentID, o DownloadOptions, opts ...countersign.CallOption) (*countersign.Download, error) {
	v := url.Values{}
	flag := func(name string, b *bool) {
		if b != nil {
			v.Set(name, map[bool]string{true: "true", false: "false"}[*b])
		}
	}
	flag("certificate", o.Certificate)
	flag("watermark", o.Watermark)
	flag("show_changes", o.ShowChanges)
	if o.Language != "" {
		v.Set("language", o.Language)
	}
	c := get("download document", documentPath, string(id), string(document)).query(v)
	c.Accept = "application/pdf"
	if document == Archive {
		c.Accept = "application/zip"
	}
	return download(ctx, s.conn, c, opts)
}

// download gives a file as a stream. Some answers come in base64 and say so in
// Content-Transfer-Encoding, as mails do.
func download(ctx context.Context, conn *connection, c call, opts []countersign.CallOption) (*countersign.Download, error) {
	meta := countersign.NewCallSettings(opts...).Meta
	if meta == nil {
		meta = new(countersign.Meta)
		opts = append(slices.Clip(opts), countersign.WithMeta(meta))
	}
	var d *countersign.Download
	err := conn.watched(ctx, c, func() error {
		return conn.with(ctx, func(s *site) (err error) {
			d, err = s.api.Download(ctx, s.describe(c), opts...)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(strings.TrimSpace(meta.Header.Get("Content-Transfer-Encoding")), "base64") {
		d.ReadCloser = decoded{base64.NewDecoder(base64.StdEncoding, d.ReadCloser), d.ReadCloser}
		d.Size = -1
	}
	return d, nil
}

// decoded reads what a body stands for and closes the body.
type decoded struct {
	io.Reader
	io.Closer
}

// Put adds a document to a draft, or replaces the one with this id; the file is
// streamed. An envelope that is under way can be changed too.
func (s DocumentsService) Put(ctx context.Context, id EnvelopeID, document DocumentID, file countersign.Upload, opts ...countersign.CallOption) (*DocumentInfo, error) {
	c := call{
		Call: api.Call{
			Op: "put document", Method: "PUT", Effect: api.IdempotentWrite, Body: api.Raw(file),
			Header: http.Header{"Content-Disposition": {disposition(file.Name)}},
		},
		path: documentPath, values: []string{string(id), string(document)},
	}
	m, err := ask[DocumentInfo](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	var refused refusals
	refused.add(string(document), m.Error)
	return m, refused.err(c.Op)
}

// disposition names the file, also with characters that a header can't carry
// plainly. DocuSign's own example has the nonstandard form without a type, and
// reads the standard one.
func disposition(name string) string {
	if name == "" {
		name = "document"
	}
	return mime.FormatMediaType("file", map[string]string{"filename": name})
}

type documentRefs struct {
	Documents []Document `json:"documents"`
}

// Remove removes documents from a draft.
func (s DocumentsService) Remove(ctx context.Context, id EnvelopeID, documents []DocumentID, opts ...countersign.CallOption) ([]DocumentInfo, error) {
	if len(documents) == 0 {
		return nil, badConfig("documents", "is empty", "")
	}
	var refs documentRefs
	for _, d := range documents {
		refs.Documents = append(refs.Documents, Document{ID: d})
	}
	m, err := ask[documentList](ctx, s.conn, send(api.Write, "remove documents", "DELETE", "/envelopes/{envelopeId}/documents", refs, string(id)), opts)
	if err != nil {
		return nil, err
	}
	return m.result("remove documents")
}
