package cloudsign

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Reportee is somebody with whom a document is shared (共有先): told of its
// conclusion, without signing.
type Reportee struct {
	ID           ReporteeID `json:"id"`
	Email        string     `json:"email"`
	Name         string     `json:"name"`
	Organization string     `json:"organization"`

	Extra Extra `json:"-"`
}

// ReporteeInput is a reportee to add, or what an existing one becomes.
type ReporteeInput struct {
	Email        string // required, up to 254 characters; the service checks that the domain exists
	Name         string // required, up to 64 characters
	Organization string // up to 64 characters
}

func (in ReporteeInput) form() *form {
	f := newForm("ReporteeInput")
	f.required("email", "Email", in.Email, 254)
	f.required("name", "Name", in.Name, 64)
	f.text("organization", "Organization", in.Organization, 64)
	return f
}

// ReporteesService adds, changes and removes the reportees of a draft.
type ReporteesService struct{ service }

// Add adds a reportee (POST /documents/{documentID}/reportees). An e-mail
// address that the document already has is refused with countersign.ErrInvalid.
func (s ReporteesService) Add(ctx context.Context, doc DocumentID, in ReporteeInput, opts ...countersign.CallOption) (*Added[Reportee], error) {
	in.Email = strings.TrimSpace(in.Email)
	call := api.Call{
		Op: "add reportee", Method: http.MethodPost,
		Path: api.NewPath("/documents/{documentID}/reportees", string(doc)),
	}
	return add(ctx, s.service, doc, call, in.form(), opts, func(d *Document) *Reportee {
		named := newest(d.Reportees, func(r Reportee) (int, bool) { return 0, strings.EqualFold(r.Email, in.Email) })
		return cmp.Or(named, newest(d.Reportees, func(Reportee) (int, bool) { return 0, true }))
	})
}

// Update replaces a reportee's values
// (PUT /documents/{documentID}/reportees/{reporteeID}).
func (s ReporteesService) Update(ctx context.Context, doc DocumentID, id ReporteeID, in ReporteeInput, opts ...countersign.CallOption) (*Document, error) {
	f := in.form()
	f.v.Set("organization", in.Organization) // empty clears
	return s.change(ctx, doc, api.Call{
		Op: "update reportee", Method: http.MethodPut,
		Path: api.NewPath("/documents/{documentID}/reportees/{reporteeID}", string(doc), string(id)),
	}, f, opts)
}

// Delete removes a reportee (DELETE /documents/{documentID}/reportees/{reporteeID}).
func (s ReporteesService) Delete(ctx context.Context, doc DocumentID, id ReporteeID, opts ...countersign.CallOption) (*Document, error) {
	return s.change(ctx, doc, api.Call{
		Op: "delete reportee", Method: http.MethodDelete,
		Path: api.NewPath("/documents/{documentID}/reportees/{reporteeID}", string(doc), string(id)),
	}, nil, opts)
}
