package salesdock

import (
	"net/url"
	"strings"

	"github.com/countersign/countersign"
)

// Links builds addresses of Salesdock's pages, of those pages alone whose
// addresses Salesdock shows. The screens of integrations have none.
type Links struct{ site, domain string }

// NewLinks builds the addresses of an account's pages. Its error is a
// *countersign.ConfigError.
func NewLinks(e Environment, domain string) (Links, error) {
	site, err := e.Site()
	if err != nil {
		return Links{}, err
	}
	return NewLinksAt(site, domain)
}

// NewLinksAt builds the addresses of an account's pages on another site, such as
// that of a test. http is accepted for loopback addresses only.
func NewLinksAt(site, domain string) (Links, error) {
	u, err := countersign.ParseBaseURL(site)
	if err != nil {
		return Links{}, err
	}
	if !validDomain(domain) {
		return Links{}, badConfig("Domain", "is not letters, digits, hyphens and underscores", "take it from the address that you log in at")
	}
	return Links{strings.TrimRight(u.String(), "/"), domain}, nil
}

// Login is where people log in; it is the same for all accounts.
func (l Links) Login() string { return l.site + "/login" }

// Sale is a sale's page for a seller. Its error is a *countersign.ConfigError.
func (l Links) Sale(id SaleID) (string, error) { return l.page("SaleID", "/sales/", string(id)) }

// AdminSale is a sale's page for an admin. Its error is a
// *countersign.ConfigError.
func (l Links) AdminSale(id SaleID) (string, error) {
	return l.page("SaleID", "/admin/sales/", string(id))
}

// Offer opens a flow that is filled in with a concept transaction. Prefer the
// addresses that ConceptsService.CreateTransaction gives, which also choose
// between offer and order. Its error is a *countersign.ConfigError.
func (l Links) Offer(uuid string) (string, error) {
	return l.query("UUID", "/flow?dialer_uuid=", uuid)
}

// Lead opens a concept lead. Its error is a *countersign.ConfigError.
func (l Links) Lead(uuid string) (string, error) { return l.query("UUID", "/leads?uuid=", uuid) }

func (l Links) page(field, path, id string) (string, error) {
	if l.site == "" {
		return "", badConfig("Links", "is not made", "use NewLinks")
	}
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return "", badConfig(field, "is not a number", "")
	}
	return l.site + "/" + l.domain + path + id, nil
}

func (l Links) query(field, path, value string) (string, error) {
	if l.site == "" {
		return "", badConfig("Links", "is not made", "use NewLinks")
	}
	if value == "" || len(value) > 200 {
		return "", badConfig(field, "is empty or too long", "take it from the concept's answer")
	}
	return l.site + "/" + l.domain + path + url.QueryEscape(value), nil
}
