package cloudsign

import (
	"context"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// FilesService reads the PDF files of documents.
type FilesService struct{ service }

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
	return s.api.Download(ctx, api.Call{
		Op: "download certificate", Method: http.MethodGet, Effect: api.Read, Accept: "application/pdf",
		Path: api.NewPath("/documents/{documentID}/certificate", string(doc)),
	}, opts...)
}
