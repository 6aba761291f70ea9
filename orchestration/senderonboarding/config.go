package senderonboarding

import (
	"io"
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
		return c, configError("BaseURL", "is not an https address without query", "give the whole address, such as https://vendor.example/digipost; http is possible on loopback addresses, for development")
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
		return configError("BrowserWindow", "is negative", "leave it 0 for 12 hours")
	case c.Deadline < c.BrowserWindow:
		return configError("Deadline", "is before the end of BrowserWindow", "make it longer, or BrowserWindow shorter")
	}
	if err := c.Brand.check(); err != nil {
		return err
	}
	if err := c.checkPages(); err != nil {
		return err
	}
	// What every registration needs is found out now rather than by a customer.
	_, err := c.registration("x", countersign.NewSecret("x"), "")
	return err
}

// checkPages shows each page of the vendor's own once, so that a mistake in one is
// not found by a customer.
func (c Config) checkPages() error {
	if c.Pages == nil {
		return nil
	}
	for name, data := range map[string]PageData{
		pageLanding: {Action: c.BaseURL, Ask: true, Invalid: true}, pageWaiting: {}, pageDone: {Session: Session{State: StateReady}}, pageProblem: {Problem: problemBusy},
	} {
		if c.Pages.Lookup(name) == nil {
			return configError("Pages", "have no template "+name, "begin with senderonboarding.Pages()")
		}
		data.Brand, data.Language = c.Brand, c.Brand.Language
		if err := c.Pages.ExecuteTemplate(io.Discard, name, data); err != nil {
			return configError("Pages", "fail: "+err.Error(), "the templates get a senderonboarding.PageData")
		}
	}
	return nil
}

func (c Config) registration(state string, nonce countersign.Secret, org digipost.OrganisationNumber) (string, error) {
	return digipost.RegistrationURL(digipost.Registration{
		Environment: c.Environment, Web: c.Web, PartnerID: c.PartnerID,
		RedirectURL: c.BaseURL + "/back/" + state, Nonce: nonce, Organisation: org,
	})
}

// parseNumber reads an organisation number as a visitor typed it.
func (c Config) parseNumber(typed string) (digipost.OrganisationNumber, error) {
	if c.LenientNumbers {
		return digipost.ParseOrganisationNumberLenient(typed)
	}
	return digipost.ParseOrganisationNumber(typed)
}

// checkNumber refuses a number that the vendor's own code gave without reading it.
func (c Config) checkNumber(org digipost.OrganisationNumber) error {
	if read, err := c.parseNumber(string(org)); org != "" && (err != nil || read != org) {
		return configError("Organisation", "is not an organisation number", "read it with digipost.ParseOrganisationNumber")
	}
	return nil
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
