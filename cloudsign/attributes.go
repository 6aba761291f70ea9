package cloudsign

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// AttributesService reads and writes document information (書類情報). It can be
// written at any time, also after the conclusion.
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

// Update creates or changes a document's information
// (PUT /documents/{documentID}/attribute). What the update leaves out stays as
// it is. Of a draft, writing the counterparty overwrites the document's note
// too.
func (s AttributesService) Update(ctx context.Context, id DocumentID, in AttributeUpdate, opts ...countersign.CallOption) (*Attribute, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	v := new(Attribute)
	err := s.write(ctx, id, api.Call{
		Op: "update document information", Method: http.MethodPut, Body: api.JSONBody(in),
		Path: api.NewPath("/documents/{documentID}/attribute", string(id)),
	}, nil, api.DecodeJSON(v), opts)
	if err != nil {
		return nil, err
	}
	return v, nil
}
