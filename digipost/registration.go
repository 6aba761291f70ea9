package digipost

import (
	"crypto/rand"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/countersign/countersign"
)

// SenderID is the Digipost account that mail is sent from: what a customer's
// registration ends in. It is never the organisation number.
type SenderID int64

func (s SenderID) text() string { return strconv.FormatInt(int64(s), 10) }

// PartnerID is the Digipost account of the software vendor.
type PartnerID int64

// Registration describes the address at which a customer registers.
type Registration struct {
	// Environment says whose registration is meant. It is required unless Web is
	// set.
	Environment Environment
	// Web replaces the environment's site, such as that of a fake. http is
	// accepted for loopback addresses only.
	Web string
	// PartnerID is required: the customer gives this partner the right to send.
	PartnerID PartnerID
	// RedirectURL is where Digipost's last page links to. It is required,
	// absolute and https (http for loopback addresses only), without user, query
	// and fragment: whether Digipost keeps these is not documented.
	RedirectURL string
	// Nonce comes back in both callbacks. It is required; see NewNonce.
	Nonce countersign.Secret
	// Organisation fills in the customer's number; empty: the customer does.
	Organisation OrganisationNumber
}

// maxNonce bounds a nonce. Digipost documents no limit.
const maxNonce = 64

// NewNonce makes a nonce of 130 random bits that stands in an address as it is.
func NewNonce() countersign.Secret { return countersign.NewSecret(rand.Text()) }

// RegistrationURL gives the address to send the customer to, its parameters in
// the order of Digipost's page "Onboarding av avsendere". The address holds the
// nonce, so it belongs to this customer and into no log. Its error is a
// *countersign.ConfigError.
func RegistrationURL(r Registration) (string, error) {
	site, err := r.site()
	if err != nil {
		return "", err
	}
	redirect, err := CheckRedirectURL(r.RedirectURL)
	if err != nil {
		return "", err
	}
	switch {
	case r.PartnerID <= 0:
		return "", registrationError("PartnerID", "is not positive", "take it from your Digipost account")
	case !nonceText(r.Nonce.Reveal()):
		return "", registrationError("Nonce", "is not 1 to 64 letters, digits, hyphens and underscores", "make one with digipost.NewNonce")
	case r.Organisation != "" && !r.Organisation.wellFormed():
		return "", registrationError("Organisation", "is not nine digits", "read it with digipost.ParseOrganisationNumber")
	}
	address := site + "/registrering/bedrift?partner-id=" + strconv.FormatInt(int64(r.PartnerID), 10) +
		"&redirect-url=" + url.QueryEscape(redirect) + "&nonce=" + r.Nonce.Reveal()
	if r.Organisation != "" {
		address += "&org=" + string(r.Organisation)
	}
	return address, nil
}

func (r Registration) site() (string, error) {
	if r.Web != "" {
		u, err := countersign.ParseBaseURL(r.Web)
		if err != nil {
			return "", err
		}
		return u.String(), nil
	}
	a, err := r.Environment.Addresses()
	if err != nil {
		return "", err
	}
	if a.Web == "" {
		return "", registrationError("Environment", "has no registration site", "choose production, test or difitest")
	}
	return a.Web, nil
}

func registrationError(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "digipost", Field: field, Reason: reason, Fix: fix}
}

// CheckRedirectURL reports, as a *countersign.ConfigError, an address that
// can't be a Registration's RedirectURL, and gives it in its normal form.
func CheckRedirectURL(address string) (string, error) {
	u, err := url.Parse(address)
	reason, fix := "", ""
	switch {
	case err != nil:
		reason = "is not an address"
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		reason = "is not an absolute https address"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		reason, fix = "is not https", "http is possible on loopback addresses, for development"
	case u.User != nil:
		reason = "holds a user"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(address, "#"):
		reason, fix = "has a query or fragment", "put what you need into the path"
	case len(address) > 1000:
		reason = "is longer than 1,000 bytes"
	}
	if reason != "" {
		return "", registrationError("RedirectURL", reason, fix)
	}
	return u.String(), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// nonceText reports what can be a nonce: it stands in an address as it is.
func nonceText(s string) bool {
	return s != "" && len(s) <= maxNonce && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
	})
}
