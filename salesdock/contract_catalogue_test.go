package salesdock_test

import (
	"io"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

var may2 = countersign.Date{Year: 2025, Month: time.May, Day: 2}

func read(d *countersign.Download, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer d.Close()
	b, err := io.ReadAll(d)
	return string(b), err
}

func productEndpoints() []endpoint {
	decimal, _ := countersign.ParseDecimal("9.95")
	yes := true
	return []endpoint{
		{name: "list products", in: inEither, method: "GET", path: "/products", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Products.List(x, salesdock.ProductQuery{}) }},
		{
			name: "list some products", in: inEither, method: "GET", data: `[{"id":1}]`,
			path: "/products?active=1&business=1&period=custom&period_end=2025-05-03&period_filter_on=updated_date&period_start=2025-05-02&q=x&supplier_id=3&type=simple&types%5B0%5D=a&types%5B1%5D=b",
			call: func(x ctx, c cl) (any, error) {
				return c.Products.List(x, salesdock.ProductQuery{
					Search: "x", Type: "simple", Types: []string{"a", "b"}, Audience: salesdock.ForBusiness, SupplierID: "3", Active: &yes,
					Period: salesdock.Period{Of: "updated_date", From: may2.In(salesdock.Location()), Until: may2.AddDays(1).In(salesdock.Location())},
				})
			},
		},
		{name: "get product", in: inEither, method: "GET", path: "/products/7", data: `{"id":7}`, call: func(x ctx, c cl) (any, error) { return c.Products.Get(x, "7") }},
		{
			name: "download product document", in: inNone, method: "GET", path: "/user/products/7/documents/download/abc", data: "%PDF", file: true,
			call: func(x ctx, c cl) (any, error) {
				return read(c.Products.Download(x, salesdock.Document{Location: "https://app.salesdock.nl/api/beta/v1/user/products/7/documents/download/abc"}))
			},
			want: "%PDF",
		},
		{
			name: "create product", in: inAccount, method: "POST", path: "/products", status: 201, data: `{"product_id":7}`, want: salesdock.ProductID("7"),
			body: `{"name":"n","identifier":"i","type":"simple","active":1,"price":9.95,"valid_from":"2025-05-02","image":{"extension":"png","content":"AQ=="},"cf_colour":"red"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Products.Create(x, salesdock.ProductInput{
					Name: "n", Identifier: "i", Type: "simple", Active: true, Price: decimal, ValidFrom: may2,
					Image: &salesdock.File{Extension: "png", Content: []byte{1}}, CustomFields: map[string]string{"colour": "red"},
				})
			},
		},
		{
			name: "update product", in: inAccount, method: "PUT", path: "/products/7", data: `{"product_id":7}`, silent: true, body: `{"name":"n","identifier":"i","active":0}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Products.Update(x, "7", salesdock.ProductInput{Name: "n", Identifier: "i", Type: "never sent"}))
			},
		},
		{name: "delete product", in: inAccount, method: "DELETE", path: "/products/7", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Products.Delete(x, "7")) }},
		{
			name: "update energy product", in: inAccount, method: "PUT", path: "/products/7/energy", data: `[]`, silent: true,
			body: `{"type":"energy_e","active":1,"product_type":"fixed","do_not_update_tariffs":true,"tariff_single":"0.2","valid_from":"02-05-2025"}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Products.UpdateEnergy(x, "7", salesdock.EnergyInput{
					Type: "energy_e", Active: true, ProductType: "fixed", KeepTariffs: true, Fields: map[string]string{"tariff_single": "0.2"}, ValidFrom: may2,
				}))
			},
		},
	}
}

func rightEndpoints() []endpoint {
	two := []salesdock.ProductID{"1", "2"}
	return []endpoint{
		{name: "get rights", in: inAccount, method: "GET", path: "/organisations/5/products", data: `{"products":[1,"2"]}`, want: two, call: func(x ctx, c cl) (any, error) { return c.Rights.Products(x, "5") }},
		{
			name: "set rights", in: inAccount, method: "POST", path: "/connect-organisation-to-products/5", body: `{"products":["1","2"]}`, data: `{"organisation_id":5,"products":[1,2]}`, want: two,
			call: func(x ctx, c cl) (any, error) { return c.Rights.SetOrganisationProducts(x, "5", two) },
		},
		{
			name: "set empty rights", in: inAccount, method: "POST", path: "/connect-organisation-to-products/5", body: `{"products":[]}`, data: `{"organisation_id":5,"products":[]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Rights.SetOrganisationProducts(x, "5", []salesdock.ProductID{})
			},
		},
		{
			name: "revoke rights", in: inAccount, method: "POST", path: "/connect-organisation-to-products/5", body: `{"products":[]}`, data: `{"organisation_id":5,"products":[]}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Rights.RevokeAllProducts(x, "5")) },
		},
		{
			name: "grant everything", in: inAccount, method: "POST", path: "/connect-organisation-to-products/5", body: `{}`, data: `{"organisation_id":5,"products":[1,2]}`, want: two,
			call: func(x ctx, c cl) (any, error) { return c.Rights.GrantEveryProductOfTheAccount(x, "5") },
		},
		{
			name: "set product's organisations", in: inAccount, method: "POST", path: "/connect-product-to-organisations/7", body: `{"organisations":["5"]}`, data: `{"product_id":7,"organisations":[5]}`,
			want: []salesdock.OrganisationID{"5"},
			call: func(x ctx, c cl) (any, error) {
				return c.Rights.SetProductOrganisations(x, "7", []salesdock.OrganisationID{"5"})
			},
		},
		{
			name: "revoke from all", in: inAccount, method: "POST", path: "/connect-product-to-organisations/7", body: `{"organisations":[]}`, data: `{"product_id":7,"organisations":[]}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Rights.RevokeFromAllOrganisations(x, "7")) },
		},
		{
			name: "grant to every organisation", in: inAccount, method: "POST", path: "/connect-product-to-organisations/7", body: `{}`, data: `{"product_id":7,"organisations":[5]}`,
			call: func(x ctx, c cl) (any, error) { return c.Rights.GrantToEveryOrganisationOfTheAccount(x, "7") },
		},
	}
}

func catalogueEndpoints() []endpoint {
	supplier := salesdock.SupplierInput{Name: "n", Identifier: "i", Active: true, Company: salesdock.Company{Contractor: true, CompanyName: "c"}}
	const supplierBody = `{"name":"n","identifier":"i","active":1,"contractor":"yes","company_name":"c"}`
	return []endpoint{
		{name: "list suppliers", in: inEither, method: "GET", path: "/suppliers", data: `[{"id":1,"active":"1"}]`, call: func(x ctx, c cl) (any, error) { return c.Suppliers.List(x) }},
		{name: "get supplier", in: inEither, method: "GET", path: "/suppliers/3", data: `{"id":3,"contractor":"no","extrafields":[]}`, call: func(x ctx, c cl) (any, error) { return c.Suppliers.Get(x, "3") }},
		{name: "create supplier", in: inAccount, method: "POST", path: "/suppliers", status: 201, body: supplierBody, data: `{"supplier_id":3}`, want: salesdock.SupplierID("3"), call: func(x ctx, c cl) (any, error) { return c.Suppliers.Create(x, supplier) }},
		{name: "update supplier", in: inAccount, method: "PUT", path: "/suppliers/3", body: supplierBody, data: `{"supplier_id":3}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Suppliers.Update(x, "3", supplier)) }},
		{name: "delete supplier", in: inAccount, method: "DELETE", path: "/suppliers/3", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Suppliers.Delete(x, "3")) }},
		{name: "list flows", in: inEither, method: "GET", path: "/flows", data: `[{"id":1,"title":"t","type":"default","identifier":"i"}]`, call: func(x ctx, c cl) (any, error) { return c.Flows.List(x) }},
		{name: "get flow", in: inEither, method: "GET", path: "/flows/1", data: `{"id":1,"minimum_age_customer":"18","sections":[]}`, call: func(x ctx, c cl) (any, error) { return c.Flows.Get(x, "1") }},
		{name: "list questions", in: inEither, method: "GET", path: "/productquestions", data: `[{"id":1,"input_type":"text"}]`, call: func(x ctx, c cl) (any, error) { return c.Questions.List(x) }},
		{name: "get question", in: inEither, method: "GET", path: "/productquestions/1", data: `{"id":1,"options":"a\r\nb"}`, call: func(x ctx, c cl) (any, error) { return c.Questions.Get(x, "1") }},
		{name: "list agreements", in: inEither, method: "GET", path: "/agreements", data: `[{"id":1}]`, call: func(x ctx, c cl) (any, error) { return c.Agreements.List(x) }},
		{name: "get agreement", in: inEither, method: "GET", path: "/agreements/1", data: `{"id":1,"required":"1"}`, call: func(x ctx, c cl) (any, error) { return c.Agreements.Get(x, "1") }},
		{name: "list statuses", in: inEither, method: "GET", path: "/statuses?status_source=sale", data: `[{"source":"sale","id":"new"}]`, call: func(x ctx, c cl) (any, error) { return c.Statuses.List(x, salesdock.OfSales) }},
	}
}

func calculatorEndpoints() []endpoint {
	q := map[string][]string{"usage": {"1"}}
	return []endpoint{
		{name: "calculate energy", in: inUser, method: "GET", path: "/products/energy?usage=1", data: `[{"id":1}]`, call: func(x ctx, c cl) (any, error) { return c.Calculators.Energy(x, q) }},
		{name: "calculate energy product", in: inUser, method: "GET", path: "/products/1/energy?usage=1", data: `{"id":1,"ean_code":871687110000000000}`, call: func(x ctx, c cl) (any, error) { return c.Calculators.EnergyProduct(x, "1", q) }},
		{name: "calculate Belgian energy", in: inUser, method: "GET", path: "/products/energy-be?usage=1", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Calculators.BelgianEnergy(x, q) }},
		{name: "estimate energy usage", in: inUser, method: "GET", path: "/energy/estimation?usage=1", data: `{"e":1}`, call: func(x ctx, c cl) (any, error) { return c.Calculators.EnergyUsage(x, q) }},
		{name: "estimate solar panels", in: inNone, method: "GET", path: "/solar/estimate-panels?usage=1", data: `{"panels":8}`, call: func(x ctx, c cl) (any, error) { return c.Calculators.SolarPanels(x, q) }},
		{name: "compare solar", in: inNone, method: "POST", path: "/solar/compare", body: `{"a":1}`, data: `[]`, reads: true, call: func(x ctx, c cl) (any, error) { return c.Calculators.CompareSolar(x, map[string]int{"a": 1}) }},
		{
			name: "compare telecom", in: inNone, method: "POST", path: "/telecom/compare", body: `{"postcode":"1234AB","housenumber":"1","business":0,"flow_identifier":"f"}`, data: `[]`, reads: true,
			call: func(x ctx, c cl) (any, error) {
				return c.Calculators.CompareTelecom(x, salesdock.TelecomQuery{Postcode: "1234AB", Housenumber: "1", FlowIdentifier: "f"})
			},
		},
	}
}
