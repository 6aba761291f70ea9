package policy

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What ties a file to one machine or to one company's infrastructure. The
// patterns are written so that they do not match themselves.
var machineBound = []*regexp.Regexp{
	regexp.MustCompile(`(^|[\s"'` + "`" + `(=:])/(wor[k]|far[m]|roo[t]|hom[e]/\w+|User[s]/\w+)/`),
	regexp.MustCompile(`(?i)[a-z]:\\User[s]\\`),
	regexp.MustCompile(`(?i)\b(proxy\.golan[g]\.org|sum\.golan[g]\.org|registry\.np[m]js\.org|deb\.debia[n]\.org|pypi\.or[g])`),
}

// checkMachines finds absolute paths of a machine and hosts of registries.
func checkMachines(files []textFile) []string {
	var found []string
	for _, f := range files {
		if strings.HasSuffix(f.Path, "go.sum") || strings.HasSuffix(f.Path, "go.work.sum") {
			continue
		}
		for i, line := range strings.Split(f.Text, "\n") {
			for _, re := range machineBound {
				if m := re.FindString(line); m != "" {
					found = append(found, fmt.Sprintf("%s:%d: %q is bound to a machine or a registry", f.Path, i+1, m))
				}
			}
		}
	}
	return found
}

var (
	markdownLink    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	markdownHeading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	notInAnchor     = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkLinks finds links of pages to files and headings that do not exist.
func checkLinks(files []textFile) []string {
	known := map[string]string{".": ""}
	for _, f := range files {
		known[f.Path] = f.Text
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			known[dir] = ""
		}
	}
	var found []string
	for _, f := range files {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		for _, m := range markdownLink.FindAllStringSubmatch(f.Text, -1) {
			link, err := url.Parse(m[1])
			if err == nil && link.Scheme != "" {
				continue
			}
			target := f.Path
			if err == nil && link.Path != "" {
				target = path.Join(path.Dir(f.Path), link.Path)
			}
			text, ok := known[target]
			if err != nil || !ok || (link.Fragment != "" && !slices.Contains(anchors(text), link.Fragment)) {
				found = append(found, fmt.Sprintf("%s: the link %q leads nowhere", f.Path, m[1]))
			}
		}
	}
	return found
}

// anchors gives the link targets of a page's headings.
func anchors(page string) []string {
	var out []string
	for _, m := range markdownHeading.FindAllStringSubmatch(page, -1) {
		text := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), "")
		out = append(out, strings.ReplaceAll(text, " ", "-"))
	}
	return out
}

func TestMachines(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkMachines(texts(t)))
}

func TestLinks(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkLinks(texts(t)))
}

func TestHygieneFindsBreaches(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"cd /" + "work/countersign", `open("/` + `home/me/x")`, "/" + "Users/me/x", `C:\` + `Users\me`,
		"https://proxy." + "golang.org/x", "https://Registry." + "npmjs.org",
	} {
		require.Len(t, checkMachines([]textFile{{"x.md", text}}), 1, text)
	}
	require.Empty(t, checkMachines([]textFile{{"x.md", "see docs/work" + "/x and https://example.com/home/page"}}))

	page := func(link string) []textFile {
		return []textFile{{"README.md", "# The title, twice\n"}, {"docs/A.md", "[a](" + link + ")"}}
	}
	for _, link := range []string{"B.md", "../README.md#other", "/README.md/x", "#here", "../../README.md"} {
		require.Len(t, checkLinks(page(link)), 1, link)
	}
	for _, link := range []string{"A.md", "../README.md", "../README.md#the-title-twice", "../docs", "https://example.com/x"} {
		require.Empty(t, checkLinks(page(link)), link)
	}
}
