package cloudsign

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// CabinetsService reads the cabinets of Enterprise accounts; all others are
// refused with countersign.ErrForbidden.
type CabinetsService struct{ service }

// CabinetType tells the built-in cabinet from those that people made.
type CabinetType int

// The values of cabinetModel.type.
const (
	CabinetUserMade     CabinetType = 0
	CabinetAllDocuments CabinetType = 1 // すべての書類
)

// IsKnown reports whether the type is one of the constants.
func (t CabinetType) IsKnown() bool { return t == CabinetUserMade || t == CabinetAllDocuments }

// Cabinet holds documents of an Enterprise account.
type Cabinet struct {
	ID        CabinetID   `json:"id"`
	Name      string      `json:"name"`
	Note      string      `json:"note"`
	Type      CabinetType `json:"type"`
	CreatedAt Time        `json:"created_at,omitzero"`
	UpdatedAt Time        `json:"updated_at,omitzero"`

	Extra Extra `json:"-"`
}

// List reads one page of up to 100 cabinets, from page 1 (GET /cabinets): the
// built-in one first, then by name.
func (s CabinetsService) List(ctx context.Context, page int, opts ...countersign.CallOption) (*countersign.Page[Cabinet], error) {
	page = max(page, 1) // the service refuses anything below
	m, err := api.JSON[struct {
		Total    int64     `json:"total"`
		Cabinets []Cabinet `json:"cabinets"`
	}](ctx, s.api, api.Call{
		Op: "list cabinets", Method: http.MethodGet, Path: api.NewPath("/cabinets"), Effect: api.Read,
		Query: url.Values{"page": {strconv.Itoa(page)}},
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &countersign.Page[Cabinet]{Items: m.Cabinets, Total: m.Total, Next: nextPage(page, len(m.Cabinets), m.Total)}, nil
}

// All goes through all cabinets, page by page. A cabinet that shows up on
// neighbouring pages, because another was made meanwhile, is given once. An
// error is given once and ends the sequence. The sequence can be gone through
// again, which reads anew.
func (s CabinetsService) All(ctx context.Context) iter.Seq2[*Cabinet, error] {
	return func(yield func(*Cabinet, error) bool) {
		seen := map[CabinetID]bool{}
		for page := 1; ; page++ {
			p, err := s.List(ctx, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range p.Items {
				c := &p.Items[i]
				if seen[c.ID] {
					continue
				}
				seen[c.ID] = true
				if !yield(c, nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
		}
	}
}
