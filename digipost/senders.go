package digipost

import (
	"context"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// SendersService asks about senders: who exists, and whom this broker may act for
// (relation get_sender_information).
type SendersService struct{ service }

// Get asks by sender-id. A sender that does not exist and one that this broker may
// not act for both come as SenderNoInfo, without an error.
func (s SendersService) Get(ctx context.Context, id SenderID, opts ...countersign.CallOption) (*SenderInformation, error) {
	if id <= 0 {
		return nil, &countersign.ConfigError{Component: "digipost", Field: "SenderID", Reason: "is not positive"}
	}
	return s.ask(ctx, nil, opts, id.text())
}

// GetByOrganisation asks by organisation number, and so tells whose sender-id it
// is. Whether every broker may ask so is not documented: one that may not gets
// countersign.ErrForbidden.
func (s SendersService) GetByOrganisation(ctx context.Context, org OrganisationNumber, opts ...countersign.CallOption) (*SenderInformation, error) {
	return s.GetByPart(ctx, org, "", opts...)
}

// GetByPart asks by organisation number and the id of a part of it that has a
// Digipost account of its own.
func (s SendersService) GetByPart(ctx context.Context, org OrganisationNumber, part string, opts ...countersign.CallOption) (*SenderInformation, error) {
	if !org.wellFormed() {
		return nil, organisationError("is not nine digits", "")
	}
	query := url.Values{"org_id": {string(org)}}
	if part != "" {
		query.Set("part_id", part)
	}
	return s.ask(ctx, query, opts)
}

func (s SendersService) ask(ctx context.Context, query url.Values, opts []countersign.CallOption, more ...string) (*SenderInformation, error) {
	p, _, err := s.link(ctx, 0, "get_sender_information", more...)
	if err != nil {
		return nil, err
	}
	var m xmlSenderInformation
	err = s.run(ctx, api.Call{Op: "get sender information", Method: http.MethodGet, Effect: api.Read, Path: p, Query: query}, &m, opts...)
	if err != nil {
		return nil, err
	}
	out := &SenderInformation{SenderID: m.SenderID, Status: m.Status}
	for _, f := range m.Features {
		out.Features = append(out.Features, Feature{Name: f.Name, Param: f.Param})
	}
	return out, nil
}
