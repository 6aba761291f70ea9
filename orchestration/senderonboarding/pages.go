package senderonboarding

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the templates
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"math"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/countersign/countersign/digipost"
)

// The templates.
const (
	pageLanding = "landing"
	pageWaiting = "waiting"
	pageDone    = "done"
	pageProblem = "problem"
)

// What a problem page tells.
const (
	problemInvalid      = "invalid"
	problemExpired      = "expired"
	problemRefused      = "refused"
	problemBusy         = "busy"
	problemOrganisation = "organisation"
	problemDenied       = "denied"
)

//go:embed pages.html
var pagesHTML string

var builtInPages = Pages()

// Brand is how the pages look and where they lead.
type Brand struct {
	// Name is the vendor's service, as customers know it. Empty: "us", in the
	// page's language.
	Name string
	// LogoURL is an https address of an image. Empty: none.
	LogoURL string
	// Colour is that of buttons and headings, as #rrggbb. It has to stand out from
	// white by 4.5 to 1, as WCAG 2.2 asks of text. Empty: a dark blue.
	Colour string
	// Support is shown where something went wrong: an e-mail address or telephone
	// number. Empty: none.
	Support string
	// HomeURL is where the last page leads; SignInURL is where a customer signs in
	// who began on the public page. Both are the vendor's own. Empty: no link.
	HomeURL, SignInURL string
	// Language is "nb" or "en": that of visitors whose browser asks for neither.
	// Empty: "nb".
	Language string
}

func (b Brand) filled() Brand {
	if b.Colour == "" {
		b.Colour = "#1a4a7a"
	}
	if b.Language == "" {
		b.Language = "nb"
	}
	return b
}

// check finds what would leave customers without language, logo or link.
func (b Brand) check() error {
	if b.Language != "nb" && b.Language != "en" {
		return configError("Brand.Language", "is not known", "choose nb or en")
	}
	if !legible(b.Colour) {
		return configError("Brand.Colour", "is not a colour that can be read on white", "take a darker one, as #rrggbb")
	}
	if b.LogoURL != "" && !strings.HasPrefix(originOf(b.LogoURL), "https://") {
		return configError("Brand.LogoURL", "is not an https address", "give the whole address of the image")
	}
	for field, address := range map[string]string{"Brand.HomeURL": b.HomeURL, "Brand.SignInURL": b.SignInURL} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
			return configError(field, "is not an address of a page", "give an https address, or a path such as /home")
		}
	}
	return nil
}

// legible reports a colour in which text can be read on white, and white on it.
func legible(colour string) bool {
	if len(colour) != 7 || colour[0] != '#' {
		return false
	}
	rgb, err := hex.DecodeString(colour[1:])
	return err == nil && 1.05/(luminance(rgb)+.05) >= 4.5
}

// luminance is the relative luminance of WCAG 2.2, from 0 (black) to 1 (white).
func luminance(rgb []byte) float64 {
	sum := 0.0
	for i, weight := range [...]float64{.2126, .7152, .0722} {
		c := float64(rgb[i]) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// PageData is what the templates are executed with.
type PageData struct {
	Brand    Brand
	Language string  // "nb" or "en"
	Session  Session // zero on the landing page
	Action   string  // where the landing page's form goes
	Ask      bool    // the form asks for the organisation number, as "org"
	Typed    string  // what stood there
	Invalid  bool    // and was no organisation number
	// Organisation is the one that the landing page is for. Empty: not known.
	Organisation digipost.OrganisationNumber
	// Expectation is what the Brønnøysund register says about who may sign, on the
	// landing page and until the customer is back. Empty: nothing is known.
	Expectation digipost.SignatureRight
	Problem     string // of the problem page: "invalid", "expired", "refused", "busy", "organisation" or "denied"
	Refresh     int    // seconds after which the page is to look for news; 0: never
	CSPNonce    string // for inline styles and scripts: nothing else is allowed to run or load
}

// Pages gives a copy of the built-in pages, to change some of them with Parse: the
// templates "head" and "foot" stand around each page, "expect" is what the register
// said. It is for Config.Pages.
func Pages() *template.Template { return template.Must(template.New("pages").Parse(pagesHTML)) }

// T gives a text of the built-in pages in the page's language.
func (d PageData) T(key string) string {
	text := texts[d.Language][key]
	name := d.Brand.Name
	if name == "" {
		name = texts[d.Language]["us"]
	}
	return strings.ReplaceAll(text, "{name}", name)
}

// SupportURL is where a click on Brand.Support leads. Empty: it is no e-mail
// address.
func (d PageData) SupportURL() string {
	a, err := mail.ParseAddress(d.Brand.Support)
	if err != nil || a.Address != d.Brand.Support {
		return ""
	}
	return "mailto:" + a.Address
}

func (f *Flow) pageData(r *http.Request) PageData {
	return PageData{Brand: f.cfg.Brand, Language: languageOf(r, f.cfg.Brand.Language), CSPNonce: rand.Text()}
}

// languageOf takes the first of the browser's languages that the pages have.
func languageOf(r *http.Request, otherwise string) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case "nb", "no", "nn":
			return "nb"
		case "en":
			return "en"
		}
	}
	return otherwise
}

// LandingHandler serves the page that tells what will happen, with a form that
// goes to action: the path of a StartHandler. With who, which is the StartHandler's
// and may be nil, it names the organisation, and with Deps.Registry it tells what to
// expect of it; an error of who only leaves that out.
func (f *Flow) LandingHandler(action string, who func(*http.Request) (Start, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data := f.pageData(r)
		data.Action = action
		if who != nil {
			if s, err := who(r); err == nil {
				data.Organisation = cmp.Or(s.Organisation, s.Prefill)
				data.Expectation = f.expectation(r.Context(), data.Organisation)
			}
		}
		f.render(w, r, http.StatusOK, pageLanding, data)
	})
}

// publicLanding is the landing page that asks for the organisation number. What
// was typed and refused stands in it again.
func (f *Flow) publicLanding(w http.ResponseWriter, r *http.Request, status int, refused string) {
	data := f.pageData(r)
	data.Action, data.Ask, data.Typed, data.Invalid = f.path+"/start", true, refused, refused != ""
	f.render(w, r, status, pageLanding, data)
}

func (f *Flow) problem(w http.ResponseWriter, r *http.Request, status int, problem string) {
	data := f.pageData(r)
	data.Problem = problem
	f.render(w, r, status, pageProblem, data)
}

// secureHeader keeps the address of a page, which holds a secret, to the browser.
func secureHeader(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
}

func (f *Flow) render(w http.ResponseWriter, r *http.Request, status int, page string, data PageData) {
	var out bytes.Buffer
	if err := f.pages.ExecuteTemplate(&out, page, data); err != nil {
		f.cfg.Logger.ErrorContext(r.Context(), "senderonboarding: page fails", "page", page, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	policy := "default-src 'none'; style-src 'nonce-" + data.CSPNonce + "'; script-src 'nonce-" + data.CSPNonce + "'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + f.registrationScheme()
	if logo := originOf(data.Brand.LogoURL); logo != "" {
		policy += "; img-src " + logo
	}
	secureHeader(w)
	if page == pageLanding {
		// Its address is no secret. Were no referrer sent at all, browsers would not
		// name the form's origin either, and the start could not tell it from others.
		w.Header().Set("Referrer-Policy", "same-origin")
	}
	write(w, status, policy, out.Bytes())
}

func write(w http.ResponseWriter, status int, policy string, page []byte) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // the only error is a browser that went away
}

// registrationScheme is what the start leads to. Browsers hold a form to its policy
// through all redirects, and where Digipost's registration leads, such as to a login
// on another host, is not documented: so the host is left open.
func (f *Flow) registrationScheme() string {
	if strings.HasPrefix(f.cfg.Web, "http:") {
		return "http:" // of a fake; https is then allowed too
	}
	return "https:"
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// relayScript sends the fragment to the server. It replaces the page, so that the
// back button does not lead to it.
const relayScript = `location.replace(location.pathname+location.search+(location.hash.length>1?"%23"+location.hash.slice(1):"")+"&relay=1")`

var relayPolicy = func() string {
	sum := sha256.Sum256([]byte(relayScript))
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
}()

// The script stands outside of the template, because the policy allows exactly
// these bytes. Without scripts the page loads the rest of what there is.
var relayTemplate = template.Must(template.New("relay").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.T "relay.title"}}</title>
<noscript><meta http-equiv="refresh" content="0;url={{.Action}}"></noscript></head>
<body><main><h1>{{.T "relay.title"}}</h1><p><a href="{{.Action}}">{{.T "relay.go"}}</a></p></main><script>` + relayScript + `</script></body></html>
`))

func (f *Flow) relayPage(w http.ResponseWriter, r *http.Request, cut *digipost.TruncatedError) {
	data := f.pageData(r)
	data.Action = "?" + url.Values{
		"sender-id": {senderText(cut.SenderID)}, "dp-address": {cut.Address}, relayed: {"1"},
	}.Encode()
	var out bytes.Buffer
	if err := relayTemplate.Execute(&out, data); err != nil {
		f.fail(w, r, err)
		return
	}
	secureHeader(w)
	write(w, http.StatusOK, relayPolicy, out.Bytes())
}
