package salesdock_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

// TestPagesAreReAnchored: of the next page's address, which names the production
// host, the position alone is used; the filters stay.
func TestPagesAreReAnchored(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("GET", base+"/user/sales?flow_id=1", answer(200, `{"success":true,"data":{"current_page":1,"last_page":2,"total":2,"data":[{"id":1}],
		"next_page_url":"https://evil.example/api/beta/v1/user/sales?flow_id=666&page=2&sort_by=created_date"}}`))
	mt.RegisterResponder("GET", base+"/user/sales?flow_id=1&page=2", answer(200, `{"success":true,"data":{"current_page":2,"last_page":2,"total":2,"data":[{"id":2}],
		"next_page_url":"https://app.salesdock.nl/api/beta/v1/user/sales?page=2"}}`))
	for range 2 {
		var got []salesdock.SaleID
		for row, err := range c.Sales.All(t.Context(), salesdock.SaleQuery{FlowID: "1"}) {
			require.NoError(t, err)
			got = append(got, row.ID)
		}
		require.Equal(t, []salesdock.SaleID{"1", "2"}, got, "a last page that names itself is the last; and the loop can be run again")
	}
	require.Equal(t, 4, mt.GetTotalCallCount())
}

func TestCursorPages(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	page := func(id, next, url string) string {
		return `{"success":true,"data":{"path":"x","per_page":1,"next_cursor":` + next + `,"next_page_url":` + url + `,"data":[{"id":` + id + `}]}}`
	}
	mt.RegisterResponder("GET", base+"/user/tasks", answer(200, page("1", `"abc"`, `"https://app.salesdock.nl/x?cursor=abc"`)))
	mt.RegisterResponder("GET", base+"/user/tasks?cursor=abc", answer(200, page("2", `"def"`, `null`)))
	mt.RegisterResponder("GET", base+"/user/tasks?cursor=def", answer(200, page("3", `null`, `null`)))
	n := 0
	for _, err := range c.Tasks.All(t.Context(), salesdock.TaskQuery{}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
	for _, err := range c.Tasks.All(t.Context(), salesdock.TaskQuery{}) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, 4, mt.GetTotalCallCount(), "who stops early causes no further call")
}

func TestPagesThatNeverEnd(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"itself":      `"https://app.salesdock.nl/x?cursor=abc"`,
		"no position": `"https://app.salesdock.nl/x"`,
		"no address":  `"::"`,
		"bad query":   `"https://app.salesdock.nl/x?page=%zz"`,
	} {
		c, mt := mocked(t, salesdock.ScopeUser)
		mt.RegisterResponder("GET", `=~/user/tasks`, answer(200, `{"success":true,"data":{"data":[{"id":1}],"next_page_url":`+next+`}}`))
		var last error
		rows := 0
		for _, err := range c.Tasks.All(t.Context(), salesdock.TaskQuery{}) {
			if last = err; err == nil {
				rows++
			}
			require.Less(t, rows, 5, name)
		}
		_, ok := errors.AsType[*countersign.DecodeError](last)
		require.True(t, ok, "%s: %v", name, last)
	}
}

func TestCursorsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	for _, cursor := range []string{"%zz", "sort_by=x", "page=1&page=2", "page=1&flow_id=3"} {
		_, err := c.Sales.List(t.Context(), salesdock.SaleQuery{Cursor: cursor})
		require.ErrorIs(t, err, countersign.ErrInvalid, cursor)
	}
	require.Zero(t, mt.GetTotalCallCount())
}

func TestPageWithoutAnAddress(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder(http.MethodGet, base+"/user/sales", answer(200, `{"success":true,"data":{"current_page":"1","last_page":"3","total":"41","data":{"1":{"id":4}}}}`))
	page, err := c.Sales.List(t.Context(), salesdock.SaleQuery{})
	require.NoError(t, err)
	require.Equal(t, "page=2", page.Next)
	require.Equal(t, int64(41), page.Total)
	require.Equal(t, salesdock.SaleID("4"), page.Items[0].ID)
}

// TestCountedPagesKeepTheirCursorSwitch: pages that are counted repeat the request's
// own cursor=true, which is no position.
func TestCountedPagesKeepTheirCursorSwitch(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("GET", base+"/user/leads?cursor=true", answer(200, `{"success":true,"data":{"current_page":1,"last_page":2,"data":[{"id":1}],
		"next_page_url":"https://app.salesdock.nl/x?cursor=true&page=2"}}`))
	mt.RegisterResponder("GET", base+"/user/leads?cursor=true&page=2", answer(200, `{"success":true,"data":{"current_page":2,"last_page":2,"data":[{"id":2}]}}`))
	var got []salesdock.LeadID
	for lead, err := range c.Leads.All(t.Context(), salesdock.LeadQuery{}) {
		require.NoError(t, err)
		got = append(got, lead.ID)
	}
	require.Equal(t, []salesdock.LeadID{"1", "2"}, got)
}

// TestPageThatNamesItself before the last one is an error at once, not a second
// time the same rows.
func TestPageThatNamesItself(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("GET", `=~/user/sales`, answer(200, `{"success":true,"data":{"current_page":1,"last_page":3,"data":[{"id":1}],"next_page_url":"https://app.salesdock.nl/x?page=1"}}`))
	_, err := c.Sales.List(t.Context(), salesdock.SaleQuery{})
	_, ok := errors.AsType[*countersign.DecodeError](err)
	require.True(t, ok, "%v", err)
	mt.RegisterResponder("GET", `=~/user/sales`, answer(200, `{"success":true,"data":{"last_page":3,"data":[{"id":1}],"next_page_url":null}}`))
	_, err = c.Sales.List(t.Context(), salesdock.SaleQuery{})
	_, ok = errors.AsType[*countersign.DecodeError](err)
	require.True(t, ok, "which page comes next can't be told: %v", err)
}

// TestCustomPeriod: a period by its name custom keeps its bounds.
func TestCustomPeriod(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("GET", base+"/user/sales?period=custom&period_end=2025-05-02+12%3A00%3A00&period_filter_on=updated_date", answer(200, `{"success":true,"data":{"data":[]}}`))
	until := time.Date(2025, time.May, 2, 10, 0, 0, 0, time.UTC)
	_, err := c.Sales.List(t.Context(), salesdock.SaleQuery{Period: salesdock.Period{Of: "updated_date", Name: "custom", Until: until}})
	require.NoError(t, err)
}
