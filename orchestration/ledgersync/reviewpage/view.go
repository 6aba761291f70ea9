package reviewpage

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// view is what the templates show.
type view struct {
	Lang    language
	Root    string // the way from this page to the page's root, "./" or "../"
	Title   string // key of a text
	Message string // key of a text: what went wrong
	After   string // cursor of the list's page
	Links   []linkView
	Link    contractone.ManagementID
	Files   []ledgersync.HeldFile
	Total   int64
	Next    string
	File    ledgersync.HeldFile
	Shares  []contractone.Share
	Decided []ledgersync.Decided
	Done    int
}

type linkView struct {
	ledgersync.Link
	Held int64
}

// root is the relative way to the page's root.
func root(r *http.Request) string {
	up := strings.Count(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if up == 0 {
		return "./"
	}
	return strings.Repeat("../", up)
}

//go:embed pages.html
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"items": contractone.Catalogue,
}).ParseFS(files, "pages.html"))

// T is a text in the page's language.
func (v view) T(key string) string { return v.Lang.text(key) }

// Other is the other language.
func (v view) Other() language {
	if v.Lang == japanese {
		return english
	}
	return japanese
}

// Query is the part of an address that keeps the language and the list's page.
func (v view) Query(lang language) string {
	q := url.Values{"lang": {string(lang)}}
	if v.After != "" {
		q.Set("after", v.After)
	}
	return "?" + q.Encode()
}

// Path is a key as a part of an address.
func (v view) Path(key contractone.Key) string { return url.PathEscape(string(key)) }

// Label is an item's label.
func (v view) Label(it contractone.Item) string {
	if v.Lang == japanese {
		return it.LabelJA
	}
	return it.LabelEN
}

// Value is an item's value as people read it.
func (v view) Value(it contractone.Item, items contractone.Items) string {
	text := it.Text(items)
	switch it.Kind {
	case contractone.KindAmount:
		return grouped(text)
	case contractone.KindAutoRenewal:
		if text != "" {
			return v.T("renewal_" + text)
		}
	}
	return text
}

// Share is a share scope in words.
func (v view) Share(s contractone.Share) string {
	if s.Visibility == contractone.VisibleToGroups {
		return v.T("share_groups") + strings.Join(s.Groups, ", ")
	}
	return v.T("share_" + string(s.Visibility))
}

// Choice is a share scope as the form's value.
func (v view) Choice(s contractone.Share) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}

// Chosen reports whether a file has this share scope now.
func (v view) Chosen(s contractone.Share) bool {
	return v.File.Key != "" && sameShare(s, v.File.Share)
}

// Finding is a finding in words.
func (v view) Finding(f mapping.Finding) string {
	if text, ok := texts["finding_"+f.Code]; ok {
		return text[v.Lang]
	}
	return f.Message
}

var japan = time.FixedZone("JST", 9*60*60)

// Day is a time as a day in Japan.
func (v view) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(japan).Format(time.DateOnly)
}

// grouped writes digits with separators.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Refusal says why a decision was not taken.
func (v view) Refusal(err error) string { return v.Lang.refusal(err) }

// Count puts a number into a text.
func (v view) Count(key string, n int) string {
	return strings.Replace(v.T(key), "%d", strconv.Itoa(n), 1)
}
