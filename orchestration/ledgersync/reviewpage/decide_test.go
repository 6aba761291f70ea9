package reviewpage_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/ledgersync/reviewpage"
	"github.com/stretchr/testify/require"
)

// TestForeignFiles: what belongs to another link is refused, and on the page of a
// link that is not there nothing is decided.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(1))
	own := s.do("hanako", "GET", s.list(), nil).keys()
	foreign := s.do("hanako", "GET", "/review/links/"+string(s.second()), nil).keys()
	require.Len(t, foreign, 1)
	a := s.do("hanako", "POST", "/review/links/ABCD-EFGH", url.Values{"do": {"discard"}, "key": own})
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, http.StatusOK, s.do("hanako", "GET", "/review/files/"+own[0], nil).status, "still held")
	a = s.do("hanako", "POST", s.list(), url.Values{"do": {"discard"}, "key": {own[0], foreign[0]}})
	require.Contains(t, a.body, "Done for 1 files.")
	require.Contains(t, a.body, "<code>"+foreign[0]+"</code>: There is no such page or file.")
	require.Equal(t, http.StatusOK, s.do("hanako", "GET", "/review/files/"+foreign[0], nil).status, "still held")
}

// TestPartlyDecided: when the store fails half-way, the page still says what was
// done.
func TestPartlyDecided(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(300), func(c *reviewpage.Config) { c.PageSize = 300 })
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	s.store.allowed.Store(280) // decisions are taken in batches of fewer
	a := s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "key": keys})
	require.Equal(t, http.StatusBadGateway, a.status)
	require.Contains(t, a.body, "try again")
	left := len(s.do("hanako", "GET", s.list(), nil).keys())
	require.Less(t, left, 300)
	require.Positive(t, left)
	require.Contains(t, a.body, fmt.Sprintf("Done for %d files.", 300-left))
}

// choices are the share scopes that a page offers, and the one that is selected.
func (a answer) choices() (out []string, selected string) {
	for _, m := range regexp.MustCompile(`<option value="[^"]*"( selected)?>([^<]*)`).FindAllStringSubmatch(a.body, -1) {
		out = append(out, m[2])
		if m[1] != "" {
			selected = m[2]
		}
	}
	return out, selected
}

// TestShareChoices: what a file has is offered and selected; many files have
// nothing in common, so that nothing is.
func TestShareChoices(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(2))
	_, err := s.flow.ChangeLink(t.Context(), s.link, "taro", func(set *ledgersync.Settings) { set.Share = contractone.Groups("HR & Legal", "Sales") })
	require.NoError(t, err)
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	review := s.flow.Review(ledgersync.Actor{ID: "hanako"})
	_, err = review.ChangeShare(t.Context(), contractone.Groups("Board"), contractone.Key(keys[0]))
	require.NoError(t, err)

	offered, selected := s.do("hanako", "GET", "/review/files/"+keys[0], nil).choices()
	require.Equal(t, []string{"Choose", "Whole company", "Private", "Groups: HR &amp; Legal, Sales", "Groups: Board"}, offered)
	require.Equal(t, "Groups: Board", selected)
	_, selected = s.do("hanako", "GET", "/review/files/"+keys[1], nil).choices()
	require.Equal(t, "Whole company", selected)
	offered, selected = s.do("hanako", "GET", s.list(), nil).choices()
	require.Equal(t, "Choose", offered[0])
	require.Empty(t, selected)

	groups := `{"visibility":"groups","groups":["HR \u0026 Legal","Sales"]}`
	require.Contains(t, s.do("hanako", "GET", s.list(), nil).body, html.EscapeString(groups))
	require.Equal(t, http.StatusOK, s.do("hanako", "POST", s.list(), url.Values{"do": {"share"}, "share": {groups}, "key": {keys[1]}}).status)
	h, err := review.Get(t.Context(), contractone.Key(keys[1]))
	require.NoError(t, err)
	require.Equal(t, contractone.Groups("HR & Legal", "Sales"), h.Share)
}

// TestForgotten: who chose no file or no share scope is told so.
func TestForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(1))
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	for want, form := range map[string]url.Values{
		"No file is chosen.":    {"do": {"save"}},
		"Choose a share scope.": {"do": {"share"}, "share": {""}, "key": keys},
	} {
		a := s.do("hanako", "POST", s.list(), form)
		require.Equal(t, http.StatusUnprocessableEntity, a.status)
		require.Contains(t, a.body, `<p role="alert" class="status">`+want)
		require.Equal(t, keys, a.keys(), "the list is there to choose from")
	}
}

// TestTimesAreJapan: whatever zone the server is in.
func TestTimesAreJapan(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(1)) // its clock stands at 23:30 UTC
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	s.do("jiro", "POST", s.list(), url.Values{"do": {"discard"}, "key": keys})
	late := s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "key": keys})
	require.Contains(t, late.body, "Deleted already (jiro, 2026-04-02 08:30 JST)")
}

var (
	nextPage = regexp.MustCompile(`rel="next" href="(\?[^"]+)"`)
	action   = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	toFile   = regexp.MustCompile(`<a href="[^"]*(files/[^"]+)"`)
)

// TestThePageOfTheListIsKept: a decision, a look at a file and the other language
// lead back to where the reviewer was.
func TestThePageOfTheListIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(5), func(c *reviewpage.Config) { c.PageSize = 2 })
	link := func(a answer, re *regexp.Regexp) string {
		m := re.FindStringSubmatch(a.body)
		require.NotNil(t, m, a.body)
		return html.UnescapeString(m[1])
	}
	first := s.do("hanako", "GET", s.list(), nil)
	second := s.do("hanako", "GET", s.list()+link(first, nextPage), nil)
	keys := second.keys()
	require.Len(t, keys, 2)

	file := s.do("hanako", "GET", "/review/"+link(second, toFile), nil)
	back := link(file, action)
	require.Equal(t, link(file, regexp.MustCompile(`<p><a href="([^"]+)"`)), back)
	a := s.do("hanako", "POST", strings.Replace(back, "..", "/review", 1), url.Values{"do": {"discard"}, "key": {keys[0]}})
	require.Equal(t, keys[1], a.keys()[0])
	a = s.do("hanako", "POST", s.list()+link(second, action), url.Values{"do": {"discard"}, "key": {keys[1]}})
	rest := a.keys()
	require.Len(t, rest, 1)
	require.NotContains(t, first.keys(), rest[0])
	other := s.do("hanako", "GET", s.list()+link(a, regexp.MustCompile(`<a href="(\?[^"]+lang=ja)"`)), nil)
	require.Equal(t, rest, other.keys())
	a = s.do("hanako", "POST", s.list()+link(a, action), url.Values{"do": {"save"}, "key": rest})
	require.Contains(t, a.body, "Done for 1 files.")
	require.Equal(t, first.keys(), a.keys(), "behind the last page begins the first")
}
