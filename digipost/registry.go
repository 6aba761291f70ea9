package digipost

import (
	"context"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Registry asks the Brønnøysund register who may sign for an organisation, so that
// a customer knows beforehand which way the registration will probably take. It
// needs no credential. That the service exists is documented
// (data.brreg.no/fullmakt); the address of the open look-up is known from other
// programs that use it. It is immutable and safe for concurrent use.
type Registry struct{ api *api.Client }

// NewRegistry makes a client of the register; nothing is sent. Its error is a
// *countersign.ConfigError.
func NewRegistry(opts ...countersign.Option) (*Registry, error) {
	set, err := countersign.NewSettings(countersign.Settings{BaseURL: &url.URL{Scheme: "https", Host: "data.brreg.no"}}, opts...)
	if err != nil {
		return nil, err
	}
	a, err := api.New(api.Config{Provider: "brreg", Settings: set})
	if err != nil {
		return nil, err
	}
	return &Registry{a}, nil
}

// signatureAnswer is what is read of an answer: of persons, only how many have to
// sign together.
type signatureAnswer struct {
	Status struct {
		Routine     code `json:"rutineStatus"`
		Combination code `json:"kombinasjonStatus"`
	} `json:"status"`
	Combinations struct {
		All []struct {
			Persons []struct{} `json:"personRolleKombinasjon"`
		} `json:"kombinasjon"`
	} `json:"signeringsKombinasjon"`
}

type code struct {
	Code string `json:"kode"`
}

// SignatureRight tells whether somebody may sign alone for the organisation
// (GET /fullmakt/enheter/{orgnr}/signatur). Whatever the register does not say in a
// form that a program can rely on is SignatureUnknown.
func (r *Registry) SignatureRight(ctx context.Context, org OrganisationNumber) (SignatureRight, error) {
	if !org.Valid() {
		return SignatureUnknown, organisationError("has a wrong check digit", "")
	}
	m, err := api.JSON[signatureAnswer](ctx, r.api, api.Call{
		Op: "get signature right", Method: http.MethodGet, Effect: api.Read, Path: api.NewPath("/fullmakt/enheter/{orgnr}/signatur", string(org)),
	})
	if err != nil {
		return SignatureUnknown, err
	}
	if m.Status.Routine.Code != "OK" || m.Status.Combination.Code != "OK" {
		return SignatureUnknown, nil
	}
	right := SignatureUnknown
	for _, c := range m.Combinations.All {
		switch n := len(c.Persons); {
		case n == 1:
			return SignatureSole, nil
		case n > 1:
			right = SignatureJoint
		}
	}
	return right, nil
}
