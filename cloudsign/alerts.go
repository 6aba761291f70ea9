package cloudsign

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Alert reminds the sender's team of a document on a day (アラート).
type Alert struct {
	ID         int64            `json:"id"`
	DocumentID DocumentID       `json:"document_id"`
	Memo       string           `json:"memo"`
	AlertAt    countersign.Date `json:"alert_at,omitzero"`
	Enabled    bool             `json:"enabled"`
	CreatedAt  Time             `json:"created_at,omitzero"`
	UpdatedAt  Time             `json:"updated_at,omitzero"`

	Extra Extra `json:"-"`
}

// AlertUpdate creates or changes an alert: nil leaves a value as it is.
type AlertUpdate struct {
	Memo    *string // up to 1,000 characters
	AlertAt *countersign.Date
	Enabled *bool
}

// AlertsService reads and writes the alerts of documents, one for each.
type AlertsService struct{ service }

// Get reads a document's alert (GET /documents/{documentID}/alert). found is
// false when there is none: the service answers that with 404, and an unknown
// document the same way.
func (s AlertsService) Get(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (alert *Alert, found bool, err error) {
	alert, err = api.JSON[Alert](ctx, s.api, api.Call{
		Op: "get alert", Method: http.MethodGet, Effect: api.Read,
		Path: api.NewPath("/documents/{documentID}/alert", string(id)),
	}, opts...)
	if errors.Is(err, countersign.ErrNotFound) {
		return nil, false, nil
	}
	return alert, err == nil, err
}

// Update creates or changes a document's alert (PUT /documents/{documentID}/alert).
func (s AlertsService) Update(ctx context.Context, id DocumentID, in AlertUpdate, opts ...countersign.CallOption) (*Alert, error) {
	f := newForm("AlertUpdate")
	f.optional("memo", "Memo", in.Memo, 1000)
	f.optionalBool("enabled", in.Enabled)
	if in.AlertAt != nil {
		f.needs("AlertAt", in.AlertAt.IsValid(), "is not a day of the calendar")
		f.v.Set("alert_at", in.AlertAt.String())
	}
	v := new(Alert)
	err := s.write(ctx, id, api.Call{
		Op: "update alert", Method: http.MethodPut,
		Path: api.NewPath("/documents/{documentID}/alert", string(id)),
	}, f, api.DecodeJSON(v), opts)
	if err != nil {
		return nil, err
	}
	return v, nil
}
