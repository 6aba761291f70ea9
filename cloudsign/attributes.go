package cloudsign

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// AttributesService reads document information (書類情報).
type AttributesService struct{ service }

// Get reads a document's information (GET /documents/{documentID}/attribute).
// found is false when nobody has entered any: the service answers that with 404,
// and an unknown document the same way.
func (s AttributesService) Get(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (attr *Attribute, found bool, err error) {
	attr, err = api.JSON[Attribute](ctx, s.api, api.Call{
		Op: "get document information", Method: http.MethodGet, Effect: api.Read,
		Path: api.NewPath("/documents/{documentID}/attribute", string(id)),
	}, opts...)
	if errors.Is(err, countersign.ErrNotFound) {
		return nil, false, nil
	}
	return attr, err == nil, err
}
