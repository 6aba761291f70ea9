package senderonboarding_test

import (
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// shown is a page in one of its looks.
type shown struct {
	name, template string
	data           senderonboarding.PageData
}

// everyPage gives all pages in all their looks, in one language.
func everyPage(language string) []shown {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	session := func(state senderonboarding.State, tenant string, returned bool) senderonboarding.Session {
		s := senderonboarding.Session{State: state, Tenant: tenant, SenderID: 34567, Address: "kunde123#1A2B"}
		if returned {
			s.Returned = now
		}
		return s
	}
	const started, waiting = senderonboarding.StateStarted, senderonboarding.StateWaiting
	out := []shown{
		{"landing", "landing", senderonboarding.PageData{Action: "/start", Ask: true}},
		{"landing behind a login", "landing", senderonboarding.PageData{Action: "/start"}},
		{"landing, sole", "landing", senderonboarding.PageData{Action: "/start", Expectation: digipost.SignatureSole}},
		{"landing, joint", "landing", senderonboarding.PageData{Action: "/start", Expectation: digipost.SignatureJoint}},
		{"landing, error", "landing", senderonboarding.PageData{Action: "/start", Ask: true, Invalid: true, Typed: "123"}},
		{"open", "waiting", senderonboarding.PageData{Session: session(started, "acme", false)}},
		{"open, unknown", "waiting", senderonboarding.PageData{Session: session(waiting, "acme", false), Expectation: digipost.SignatureUnknown, Refresh: 60}},
		{"claim", "waiting", senderonboarding.PageData{Session: session(senderonboarding.StateReturned, "", true)}},
		{"waiting", "waiting", senderonboarding.PageData{Session: session(senderonboarding.StateReturned, "acme", true), Refresh: 3}},
		{"unproven", "waiting", senderonboarding.PageData{Session: session(senderonboarding.StateUnproven, "acme", true)}},
		{"done", "done", senderonboarding.PageData{Session: session(senderonboarding.StateReady, "acme", true)}},
	}
	for _, problem := range []string{"invalid", "expired", "refused", "busy", "organisation", "denied"} {
		out = append(out, shown{problem, "problem", senderonboarding.PageData{Problem: problem}})
	}
	for i := range out {
		d := &out[i].data
		d.Language, d.CSPNonce = language, "nonce"
		if d.Action != "" && !d.Ask {
			d.Organisation = acme
		}
		d.Brand = senderonboarding.Brand{
			Name: "Fakturabyrået", Colour: "#1a4a7a", Support: "hjelp@example.no", HomeURL: "/home", SignInURL: "/sign-in", LogoURL: "https://vendor.example/logo.png",
		}
	}
	return out
}

func (s shown) html(t testing.TB, pages *template.Template) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, pages.ExecuteTemplate(&out, s.template, s.data))
	return out.String()
}

// element is an element of a page with the text in it.
type element struct {
	name string
	attr map[string]string
	text string
}

// elements reads a page that is written as XML is, but for void elements and
// attributes without value.
func elements(t testing.TB, page string) []*element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all, open []*element
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(token)
			}
		}
	}
}

// barriers tells what keeps people from using a page: a language, title, heading,
// landmark, label or text that is missing or doubled.
func barriers(all []*element) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	count, ids, labelled, level := map[string]int{}, map[string]string{}, map[string]bool{}, 0
	for _, e := range all {
		count[e.name]++
		if id := e.attr["id"]; id != "" {
			if _, twice := ids[id]; twice {
				complain("id %s stands twice", id)
			}
			ids[id] = strings.TrimSpace(e.text)
		}
		labelled[e.attr["for"]] = labelled[e.attr["for"]] || e.name == "label" && strings.TrimSpace(e.text) != ""
		if e.attr["tabindex"] != "" || e.attr["accesskey"] != "" {
			complain("%s changes the order of the focus", e.name)
		}
		switch e.name {
		case "html":
			if e.attr["lang"] == "" {
				complain("no language")
			}
		case "meta":
			if strings.EqualFold(e.attr["http-equiv"], "refresh") {
				complain("loads itself again")
			}
			if strings.Contains(e.attr["content"], "maximum-scale") || strings.Contains(e.attr["content"], "user-scalable") {
				complain("can't be zoomed")
			}
		case "img":
			if _, has := e.attr["alt"]; !has {
				complain("image without alternative")
			}
		case "h1", "h2", "h3", "h4":
			n := int(e.name[1] - '0')
			if n > level+1 {
				complain("%s after h%d", e.name, level)
			}
			level = n
		}
		if slices.Contains([]string{"title", "h1", "h2", "p", "a", "button", "label", "dt", "dd"}, e.name) && strings.TrimSpace(e.text) == "" {
			complain("empty %s", e.name)
		}
	}
	for _, one := range []string{"html", "title", "main", "h1"} {
		if count[one] != 1 {
			complain("%d of %s", count[one], one)
		}
	}
	return append(found, fieldBarriers(all, ids, labelled)...)
}

// fieldBarriers looks at form fields: each has a label, and an error is tied to
// its field and begins with words that say so, since colour alone does not.
func fieldBarriers(all []*element, ids map[string]string, labelled map[string]bool) []string {
	var found []string
	tied := ""
	for _, e := range all {
		if e.name != "input" {
			continue
		}
		if !labelled[e.attr["id"]] {
			found = append(found, "field without label")
		}
		for id := range strings.FieldsSeq(e.attr["aria-describedby"]) {
			if ids[id] == "" {
				found = append(found, "described by nothing")
			}
			if e.attr["aria-invalid"] == "true" {
				tied += ids[id]
			}
		}
	}
	for _, e := range all {
		switch text := strings.TrimSpace(e.text); {
		case e.attr["class"] != "error":
		case !strings.HasPrefix(text, "Feil: ") && !strings.HasPrefix(text, "Error: "):
			found = append(found, "error by colour alone")
		case !strings.Contains(tied, text):
			found = append(found, "error without field")
		case e.attr["role"] != "alert":
			found = append(found, "error that is not announced")
		}
	}
	return found
}

func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"nb", "en"} {
		titles := map[string]string{}
		for _, p := range everyPage(language) {
			page := p.html(t, senderonboarding.Pages())
			all := elements(t, page)
			require.Empty(t, barriers(all), "%s %s", p.name, language)
			for _, e := range all {
				switch e.name {
				case "html":
					require.Equal(t, language, e.attr["lang"])
				case "title":
					base, _, _ := strings.Cut(p.name, ",")
					if base == "landing behind a login" {
						base = "landing"
					}
					if p.data.Invalid {
						base += " error"
					}
					require.Contains(t, []string{"", base}, titles[e.text], "two pages have one title")
					titles[e.text] = base
				}
			}
			if p.template != "landing" {
				require.Regexp(t, `<p role="(status|alert)">`, page, "what happened is announced")
			}
		}
		require.Len(t, titles, 13)
	}
	w := newWorld(t)
	f := w.fresh("acme", acme)
	_, relay := w.visitor().get(w.web.URL + "/digipost/back/" + f.state + "?sender-id=1&dp-address=kunde")
	// Without scripts the relay page has to go on by itself: there is nothing on it
	// that anybody reads.
	require.Equal(t, []string{"loads itself again"}, barriers(elements(t, relay)))
}

// The audit finds what is wrong with a page that is.
func TestBarriersAreFound(t *testing.T) {
	t.Parallel()
	const good = `<html lang="nb"><head><title>A</title></head><body><main><h1>A</h1><label for="i">B</label><input id="i" aria-describedby="e" aria-invalid="true"><p id="e" class="error" role="alert">Feil: C</p></main></body></html>`
	require.Empty(t, barriers(elements(t, good)))
	for old, broken := range map[string]string{
		` lang="nb"`: ``, `<title>A</title>`: ``, `<h1>A</h1>`: `<h1></h1>`, `<main>`: `<main><h2>A</h2>`, `<main><h1>`: `<main><h1>B</h1><h1>`,
		` for="i"`: ``, `>B<`: `><`, `="e" aria`: `="x" aria`, ` aria-invalid="true"`: ``, `Feil: `: ``, ` role="alert"`: ``, `<label`: `<img src="x"><label`,
		`<title>`: `<meta http-equiv="refresh" content="3"><title>`, `<head>`: `<head><meta name="viewport" content="user-scalable=no">`, `<input id="i"`: `<input id="i" tabindex="1"`,
		`<p id="e"`: `<p id="i"`,
	} {
		page := strings.Replace(good, old, broken, 1)
		page = strings.Replace(page, `<main><h2>A</h2>`, `<main><h3>A</h3>`, 1)
		require.NotEmpty(t, barriers(elements(t, page)), "%s → %s", old, broken)
	}
}

var cssRule = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)

// colours reads the style sheet of a page: selector, property, value.
func colours(page string) map[string]map[string]string {
	_, sheet, _ := strings.Cut(page, "<style")
	_, sheet, _ = strings.Cut(sheet, ">")
	sheet, _, _ = strings.Cut(sheet, "</style>")
	out := map[string]map[string]string{}
	own := ""
	for _, rule := range cssRule.FindAllStringSubmatch(sheet, -1) {
		for selector := range strings.SplitSeq(rule[1], ",") {
			selector = strings.TrimSpace(selector)
			if out[selector] == nil {
				out[selector] = map[string]string{}
			}
			for declaration := range strings.SplitSeq(rule[2], ";") {
				name, value, _ := strings.Cut(declaration, ":")
				name, value = strings.TrimSpace(name), strings.TrimSpace(value)
				if name == "--colour" {
					own = value
				}
				value = strings.ReplaceAll(value, "var(--colour)", own)
				if hex := hexColour.FindString(value); hex != "" {
					out[selector][name] = hex
				}
			}
		}
	}
	return out
}

var hexColour = regexp.MustCompile(`#[0-9a-f]{6}\b|#[0-9a-f]{3}\b`)

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(t testing.TB, a, b string) float64 {
	t.Helper()
	light := func(colour string) float64 {
		hex := colour[1:]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		n, err := strconv.ParseUint(hex, 16, 32)
		require.NoError(t, err)
		sum := 0.0
		for shift, weight := range map[int]float64{16: .2126, 8: .7152, 0: .0722} {
			c := float64(n>>shift&255) / 255
			if c <= .04045 {
				sum += weight * c / 12.92
			} else {
				sum += weight * math.Pow((c+.055)/1.055, 2.4)
			}
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// Text stands out from what is behind it by 4.5 to 1, borders and the focus by 3
// to 1, and no colour of the style sheet is forgotten here.
func TestContrast(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 21, contrast(t, "#000", "#ffffff"), .001)
	require.InDelta(t, 4.54, contrast(t, "#767676", "#fff"), .01)
	css := colours(everyPage("nb")[0].html(t, senderonboarding.Pages()))
	page, paper := css["body"]["background"], css["main"]["background"]
	button := css["button"]["background"]
	need := []struct {
		selector, property, on string
		least                  float64
	}{
		{"body", "color", page, 4.5},
		{"body", "color", paper, 4.5},
		{"h1", "color", paper, 4.5},
		{"a", "color", paper, 4.5},
		{".hint", "color", paper, 4.5},
		{".error", "color", paper, 4.5},
		{"button", "color", button, 4.5},
		{"a.button", "color", css["a.button"]["background"], 4.5},
		{"button", "background", paper, 3},
		{"a.button", "background", paper, 3},
		{"input", "border", paper, 3},
		{".note", "border", paper, 3},
		{":focus-visible", "outline", paper, 3},
		{"main", "border-top", paper, 3},
	}
	looked := map[string]bool{"body background": true, "main background": true, ":root --colour": true}
	for _, n := range need {
		looked[n.selector+" "+n.property] = true
		require.NotEmpty(t, css[n.selector][n.property], "%s %s", n.selector, n.property)
		require.GreaterOrEqual(t, contrast(t, css[n.selector][n.property], n.on), n.least, "%s %s", n.selector, n.property)
	}
	for selector, declarations := range css {
		for property := range declarations {
			require.True(t, looked[selector+" "+property], "%s %s is not looked at", selector, property)
		}
	}
}

// A vendor's colour in which the pages could not be read is refused.
func TestBrandColour(t *testing.T) {
	t.Parallel()
	for colour, good := range map[string]bool{"": true, "#000000": true, "#767676": true, "#777777": false, "#FFE600": false, "#ffffff": false, "blue": false, "#12345": false, "#12345g": false} {
		cfg := senderonboarding.Config{BaseURL: "https://vendor.example/digipost", PartnerID: 1, Environment: digipost.Test, Brand: senderonboarding.Brand{Colour: colour}}
		_, err := senderonboarding.New(cfg, senderonboarding.Deps{Store: orchestration.NewMemory()})
		require.Equal(t, good, err == nil, colour)
	}
}

// A vendor changes one template and keeps the others.
func TestPagesOfTheVendor(t *testing.T) {
	t.Parallel()
	pages, err := senderonboarding.Pages().Parse(`{{define "foot"}}<p>Vendor AS, {{.T "support"}}</p></main></body></html>{{end}}`)
	require.NoError(t, err)
	w := newWorld(t, withConfig(func(c *senderonboarding.Config) { c.Pages = pages }))
	res, page := w.visitor().get(w.web.URL + "/digipost/")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, page, "<p>Vendor AS, Trenger du hjelp?</p>")
	require.Contains(t, page, "Du trenger signaturrett")
	_, page = w.visitor().get(w.web.URL + "/digipost/back/nobody")
	require.Contains(t, page, "Vendor AS")
	require.NotContains(t, everyPage("nb")[0].html(t, senderonboarding.Pages()), "Vendor AS", "the built-in pages stay as they are")
}
