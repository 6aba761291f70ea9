package senderonboarding

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// Defaults of Config.
const (
	DefaultBrowserWindow = 12 * time.Hour
	DefaultDeadline      = 14 * 24 * time.Hour
)

func (c Config) filled() (Config, error) {
	if err := orchestration.CheckInstance(c.Name); err != nil {
		return c, configError("Name", "can't name an instance", "use lower-case letters, digits, hyphens and underscores")
	}
	if _, err := digipost.CheckRedirectURL(c.BaseURL); err != nil {
		return c, configError("BaseURL", "is not an https address without query", "http is possible on loopback addresses, for development")
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.Proof == "" {
		c.Proof = ProofRequired
	}
	if c.BrowserWindow == 0 {
		c.BrowserWindow = DefaultBrowserWindow
	}
	if c.Deadline == 0 {
		c.Deadline = DefaultDeadline
	}
	if c.Poll == nil {
		c.Poll = poll
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Brand = c.Brand.filled()
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Proof != ProofRequired && c.Proof != ProofWhenAllowed && c.Proof != ProofOff:
		return configError("Proof", "is not known", "choose ProofRequired, ProofWhenAllowed or ProofOff")
	case c.BrowserWindow < 0:
		return configError("BrowserWindow", "is negative", "")
	case !legible(c.Brand.Colour):
		return configError("Brand.Colour", "is not a colour that can be read on white", "take a darker one, as #rrggbb")
	case c.Deadline < c.BrowserWindow:
		return configError("Deadline", "is before the end of BrowserWindow", "")
	}
	if c.Pages != nil {
		for _, name := range []string{pageLanding, pageWaiting, pageDone, pageProblem} {
			if c.Pages.Lookup(name) == nil {
				return configError("Pages", "has no template "+name, "")
			}
		}
	}
	// What every registration needs is found out now rather than by a customer.
	_, err := c.registration("x", countersign.NewSecret("x"), "")
	return err
}

func (c Config) registration(state string, nonce countersign.Secret, org digipost.OrganisationNumber) (string, error) {
	return digipost.RegistrationURL(digipost.Registration{
		Environment: c.Environment, Web: c.Web, PartnerID: c.PartnerID,
		RedirectURL: c.BaseURL + "/back/" + state, Nonce: nonce, Organisation: org,
	})
}

func poll(attempt int) time.Duration {
	if attempt > 7 {
		return time.Hour
	}
	return min(time.Minute<<max(attempt-1, 0), time.Hour)
}

// pathOf gives the path of an address that was checked, without a slash at its
// end.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}
