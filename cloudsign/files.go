package cloudsign

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// FilesService adds, removes and reads the PDF files of documents.
type FilesService struct{ service }

// Upload adds a PDF to a draft, streamed (POST /documents/{documentID}/files).
// The name ends in ".pdf" and may hold any script, but no quotation mark. What
// the service would refuse is refused here: a wrong name, a size above
// Config.MaxUploadBytes, a file that does not begin with %PDF- or does not end
// with %%EOF. Open is called once more for each attempt; Size may be -1. The
// service takes up to 100 files a document. Errors also match ErrTooLarge and
// ErrUnsupportedMedia.
func (s FilesService) Upload(ctx context.Context, doc DocumentID, file countersign.Upload, opts ...countersign.CallOption) (*Added[File], error) {
	parts, err := uploadParts(file, s.maxUpload)
	if err != nil {
		return nil, err
	}
	call := api.Call{
		Op: "upload file", Method: http.MethodPost, Body: api.Multipart(parts...),
		Path: api.NewPath("/documents/{documentID}/files", string(doc)),
	}
	return add(ctx, s.service, doc, call, nil, opts, func(d *Document) *File {
		// By name first: somebody else may have added a file meanwhile.
		named := newest(d.Files, func(f File) (int, bool) { return f.Order, f.Name == file.Name })
		return cmp.Or(named, newest(d.Files, func(f File) (int, bool) { return f.Order, true }))
	})
}

// Delete removes a file from a draft
// (DELETE /documents/{documentID}/files/{fileID}).
func (s FilesService) Delete(ctx context.Context, doc DocumentID, file FileID, opts ...countersign.CallOption) (*Document, error) {
	return s.change(ctx, doc, api.Call{
		Op: "delete file", Method: http.MethodDelete,
		Path: api.NewPath("/documents/{documentID}/files/{fileID}", string(doc), string(file)),
	}, nil, opts)
}

// Download streams a file (GET /documents/{documentID}/files/{fileID}); of a
// concluded document it is the signed one. The caller closes it.
func (s FilesService) Download(ctx context.Context, doc DocumentID, file FileID, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.api.Download(ctx, api.Call{
		Op: "download file", Method: http.MethodGet, Effect: api.Read, Accept: "application/pdf",
		Path: api.NewPath("/documents/{documentID}/files/{fileID}", string(doc), string(file)),
	}, opts...)
}

// DownloadCertificate streams the certificate of agreement (合意締結証明書) of a
// concluded document as a PDF (GET /documents/{documentID}/certificate); other
// documents have none: countersign.ErrNotFound. The caller closes it.
func (s FilesService) DownloadCertificate(ctx context.Context, doc DocumentID, opts ...countersign.CallOption) (*countersign.Download, error) {
	d, err := s.api.Download(ctx, api.Call{
		Op: "download certificate", Method: http.MethodGet, Effect: api.Read, Accept: "application/pdf",
		Path: api.NewPath("/documents/{documentID}/certificate", string(doc)),
	}, opts...)
	if err != nil {
		return nil, err
	}
	return onlyPDF(d, "download certificate")
}

// onlyPDF looks at the first bytes: the specification declares the certificate as
// JSON, too.
func onlyPDF(d *countersign.Download, op string) (*countersign.Download, error) {
	r := bufio.NewReader(d.ReadCloser)
	if head, err := r.Peek(len(pdfHead)); err != nil || !bytes.Equal(head, pdfHead) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, d.Close())
		}
		return nil, errors.Join(&countersign.DecodeError{
			Provider: "cloudsign", Op: op, StatusCode: http.StatusOK, ContentType: d.ContentType, Reason: "expected a PDF", Size: int64(len(head)),
		}, d.Close())
	}
	d.ReadCloser = struct {
		io.Reader
		io.Closer
	}{r, d.ReadCloser}
	return d, nil
}
