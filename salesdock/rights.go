package salesdock

import (
	"context"
	"slices"

	"github.com/countersign/countersign"
)

// RightsService says which organisations may sell which products. It needs the
// scope account. An organisation sells a product when it has both the product and
// its flow; flows are granted in the screens alone.
//
// In these calls Salesdock reads a list that is absent as "connect all". The
// methods that take a list therefore always send one, also an empty one, and
// granting everything is a method of its own. That a list replaces what was there
// is not documented: read back with Products.
type RightsService struct{ service }

type organisationProducts struct {
	Products List[ProductID] `json:"products"`
}

type productOrganisations struct {
	Organisations List[OrganisationID] `json:"organisations"`
}

const (
	productsOfOrganisation = "/connect-organisation-to-products/{organisation_id}"
	organisationsOfProduct = "/connect-product-to-organisations/{product_id}"
)

// Products gives the products that an organisation may sell.
func (s RightsService) Products(ctx context.Context, id OrganisationID, opts ...countersign.CallOption) ([]ProductID, error) {
	v, err := ask[organisationProducts](ctx, s.conn, get(accountOnly, "get organisation's products", "/organisations/{id}/products", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return v.Products, nil
}

// SetOrganisationProducts lets an organisation sell these products and no others.
// nil is refused, since nobody can tell it from a list that was forgotten, and so
// is an empty id, of which nobody knows what it stands for; an empty list takes
// everything away. It gives what the service says is connected.
func (s RightsService) SetOrganisationProducts(ctx context.Context, id OrganisationID, products []ProductID, opts ...countersign.CallOption) ([]ProductID, error) {
	if products == nil {
		return nil, badConfig("products", "is nil", "give a list, or use RevokeAllProducts")
	}
	if slices.Contains(products, "") {
		return nil, badConfig("products", "has an empty id", "leave it out")
	}
	return s.products(ctx, "set organisation's products", id, organisationProducts{products}, opts)
}

// RevokeAllProducts takes all products from an organisation.
func (s RightsService) RevokeAllProducts(ctx context.Context, id OrganisationID, opts ...countersign.CallOption) error {
	_, err := s.products(ctx, "revoke organisation's products", id, organisationProducts{}, opts)
	return err
}

// GrantEveryProductOfTheAccount lets an organisation sell every product of the
// account, whatever they are. It gives what the service says is connected.
func (s RightsService) GrantEveryProductOfTheAccount(ctx context.Context, id OrganisationID, opts ...countersign.CallOption) ([]ProductID, error) {
	return s.products(ctx, "grant every product", id, struct{}{}, opts)
}

func (s RightsService) products(ctx context.Context, op string, id OrganisationID, body any, opts []countersign.CallOption) ([]ProductID, error) {
	v, err := ask[organisationProducts](ctx, s.conn, send(accountOnly, op, "POST", productsOfOrganisation, body, string(id)), opts)
	if err != nil {
		return nil, err
	}
	return v.Products, nil
}

// SetProductOrganisations lets these organisations and no others sell a product.
// nil and an empty id are refused; an empty list takes it from all. It gives what the service
// says is connected.
func (s RightsService) SetProductOrganisations(ctx context.Context, id ProductID, organisations []OrganisationID, opts ...countersign.CallOption) ([]OrganisationID, error) {
	if organisations == nil {
		return nil, badConfig("organisations", "is nil", "give a list, or use RevokeFromAllOrganisations")
	}
	if slices.Contains(organisations, "") {
		return nil, badConfig("organisations", "has an empty id", "leave it out")
	}
	return s.organisations(ctx, "set product's organisations", id, productOrganisations{organisations}, opts)
}

// RevokeFromAllOrganisations takes a product from all organisations.
func (s RightsService) RevokeFromAllOrganisations(ctx context.Context, id ProductID, opts ...countersign.CallOption) error {
	_, err := s.organisations(ctx, "revoke product's organisations", id, productOrganisations{}, opts)
	return err
}

// GrantToEveryOrganisationOfTheAccount lets every organisation of the account,
// whatever they are, sell a product. It gives what the service says is connected.
func (s RightsService) GrantToEveryOrganisationOfTheAccount(ctx context.Context, id ProductID, opts ...countersign.CallOption) ([]OrganisationID, error) {
	return s.organisations(ctx, "grant to every organisation", id, struct{}{}, opts)
}

func (s RightsService) organisations(ctx context.Context, op string, id ProductID, body any, opts []countersign.CallOption) ([]OrganisationID, error) {
	v, err := ask[productOrganisations](ctx, s.conn, send(accountOnly, op, "POST", organisationsOfProduct, body, string(id)), opts)
	if err != nil {
		return nil, err
	}
	return v.Organisations, nil
}
