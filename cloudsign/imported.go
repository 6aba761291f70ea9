package cloudsign

import (
	"context"
	"net/http"
	"unicode/utf8"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// ImportedDocumentsService brings contracts in that were concluded elsewhere
// (書類インポート). They are documents with StatusImported.
type ImportedDocumentsService struct{ service }

// NewImportedDocument is a contract to import.
type NewImportedDocument struct {
	// File is the PDF, up to 50 MB. Its name, up to 64 characters and ".pdf",
	// becomes the document's title as well.
	File countersign.Upload
	// CabinetID is required for Enterprise accounts, and refused for others.
	CabinetID CabinetID
}

// Create imports a PDF, streamed (POST /imported_documents). What is checked
// before it is sent is as in FilesService.Upload; the bound is the service's 50
// MB. Without the right to do so, or the feature: countersign.ErrForbidden.
// Nothing tells an import that was repeated from a second one, so after
// ErrOutcomeUnknown look for the title in a listing of the team.
func (s ImportedDocumentsService) Create(ctx context.Context, in NewImportedDocument, opts ...countersign.CallOption) (*Document, error) {
	if utf8.RuneCountInString(in.File.Name) > 68 {
		return nil, badUpload("Name", `is longer than 64 characters and ".pdf"`)
	}
	parts, err := uploadParts(in.File, maxImport)
	if err != nil {
		return nil, err
	}
	if in.CabinetID != "" {
		parts = append(parts, api.Field("cabinet_id", string(in.CabinetID)))
	}
	d := new(Document)
	err = s.api.Run(ctx, api.Call{
		Op: "import document", Method: http.MethodPost, Effect: api.Write,
		Path: api.NewPath("/imported_documents"), Body: api.Multipart(parts...),
	}, decodeDocument(d, ""), opts...)
	if err != nil {
		return nil, err
	}
	return d, nil
}
