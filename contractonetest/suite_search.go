package contractonetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

var searchCases = map[string]func(*testing.T, contractone.Ledger){
	"conditions":      testConditions,
	"paging":          testPaging,
	"viewers":         testViewers,
	"invalid queries": testInvalidQueries,
}

func collect(t *testing.T, s contractone.Searcher, q contractone.Query) []string {
	t.Helper()
	ids := []string{}
	for e, err := range contractone.All(t.Context(), s, q) {
		if err != nil {
			t.Fatalf("Search: %v", err)
		}
		ids = append(ids, e.Source.FileID)
	}
	return ids
}

func searcher(t *testing.T, l contractone.Ledger) contractone.Searcher {
	t.Helper()
	s, ok := l.(contractone.Searcher)
	if !ok {
		t.Fatal("the ledger states Search but is no Searcher")
	}
	return s
}

// shelf registers the entries that testConditions looks for, and gives the
// SHA-256 of c.
func shelf(t *testing.T, l contractone.Ledger) string {
	t.Helper()
	add := func(document, file string, link contractone.ManagementID, items contractone.Items) string {
		d := plain(document, file)
		d.Link, d.Items = link, items
		return register(t, l, d).PDF.SHA256
	}
	add("d1", "a", "2222-2222", contractone.Items{Title: "秘密保持契約書", EndsOn: day("2026-03-31"), Amount: contractone.Yen(0), AutoRenewal: contractone.RenewalYes})
	add("d1", "b", "2222-2222", contractone.Items{Title: "業務委託契約書", EndsOn: day("2026-04-01"), Amount: contractone.Yen(-500), AutoRenewal: contractone.RenewalNo})
	sum := add("d2", "c", "3223-3333", contractone.Items{Title: "100%_NDA", EndsOn: day("2030-12-31"), Amount: contractone.Yen(math.MaxInt64), ApprovalNumber: "R-1"})
	add("d3", "d", "", contractone.Items{})
	return sum
}

func testConditions(t *testing.T, l contractone.Ledger) {
	s := searcher(t, l)
	sum := shelf(t, l)
	where := func(c ...contractone.Condition) contractone.Query { return contractone.Query{Where: c} }
	for name, c := range map[string]struct {
		q    contractone.Query
		want string
	}{
		"everything":            {contractone.Query{}, "[a b c d]"},
		"exact text":            {where(contractone.Is(contractone.ItemTitle, "業務委託契約書")), "[b]"},
		"exact is not part of":  {where(contractone.Is(contractone.ItemTitle, "契約書")), "[]"},
		"part of":               {where(contractone.Contains(contractone.ItemTitle, "契約")), "[a b]"},
		"case matters":          {where(contractone.Contains(contractone.ItemTitle, "nda")), "[]"},
		"no wildcards, percent": {where(contractone.Contains(contractone.ItemTitle, "%")), "[c]"},
		"no wildcards, line":    {where(contractone.Contains(contractone.ItemTitle, "_N")), "[c]"},
		"exact date":            {where(contractone.Is(contractone.ItemEndsOn, "2026-04-01")), "[b]"},
		"date from to":          {where(contractone.DateRange(contractone.ItemEndsOn, day("2026-03-31"), day("2026-04-01"))), "[a b]"},
		"date from":             {where(contractone.DateRange(contractone.ItemEndsOn, day("2026-04-01"), countersign.Date{})), "[b c]"},
		"date to":               {where(contractone.DateRange(contractone.ItemEndsOn, countersign.Date{}, day("2026-03-31"))), "[a]"},
		"date open":             {where(contractone.DateRange(contractone.ItemEndsOn, countersign.Date{}, countersign.Date{})), "[a b c]"},
		"exact amount":          {where(contractone.Is(contractone.ItemAmount, "-0500")), "[b]"},
		"zero amount":           {where(contractone.Is(contractone.ItemAmount, "0")), "[a]"},
		"amount to zero":        {where(contractone.AmountRange(contractone.ItemAmount, contractone.Amount{}, contractone.Yen(0))), "[a b]"},
		"amount from one":       {where(contractone.AmountRange(contractone.ItemAmount, contractone.Yen(1), contractone.Amount{})), "[c]"},
		"no amount":             {where(contractone.Absent(contractone.ItemAmount)), "[d]"},
		"an amount":             {where(contractone.Present(contractone.ItemAmount)), "[a b c]"},
		"no title":              {where(contractone.Absent(contractone.ItemTitle)), "[d]"},
		"an approval number":    {where(contractone.Present(contractone.ItemApprovalNumber)), "[c]"},
		"renews":                {where(contractone.Is(contractone.ItemAutoRenewal, "yes")), "[a]"},
		"nothing said":          {where(contractone.Absent(contractone.ItemAutoRenewal)), "[c d]"},
		"both": {where(contractone.Contains(contractone.ItemTitle, "契約"),
			contractone.DateRange(contractone.ItemEndsOn, day("2026-04-01"), countersign.Date{})), "[b]"},
		"link":         {contractone.Query{Link: "2222-2222"}, "[a b]"},
		"document":     {contractone.Query{DocumentID: "d1"}, "[a b]"},
		"bytes":        {contractone.Query{SHA256: sum}, "[c]"},
		"all together": {contractone.Query{Link: "2222-2222", DocumentID: "d1", Where: []contractone.Condition{contractone.Is(contractone.ItemAmount, "0")}}, "[a]"},
	} {
		equal(t, name, fmt.Sprint(collect(t, s, c.q)), c.want)
	}
}

func testPaging(t *testing.T, l contractone.Ledger) {
	s := searcher(t, l)
	var want []string
	for i := range 7 {
		d := full("doc", fmt.Sprint("file", i), 1)
		d.Items.Amount = contractone.Yen(int64(i % 2))
		register(t, l, d)
		want = append(want, d.Source.FileID)
	}
	even := []string{want[0], want[2], want[4], want[6]}
	odd := contractone.Is(contractone.ItemAmount, "1")
	for limit := range 9 {
		equal(t, "all", collect(t, s, contractone.Query{Limit: limit}), want)
		got := collect(t, s, contractone.Query{Limit: limit, Where: []contractone.Condition{contractone.Is(contractone.ItemAmount, "0")}})
		equal(t, "every second", got, even)
	}
	page, err := s.Search(t.Context(), contractone.Query{Limit: 2, Where: []contractone.Condition{odd}})
	if err != nil || len(page.Items) != 2 || page.Next == "" {
		t.Fatalf("first page: %+v, %v; want two entries and a cursor", page, err)
	}
	equal(t, "an entry of a page", page.Items[0], lookup(t, l, page.Items[0].Key))
	register(t, l, full("doc", "later", 1)) // amount 1,200,000: not among the odd
	page, err = s.Search(t.Context(), contractone.Query{Limit: 2, Where: []contractone.Condition{odd}, Cursor: page.Next})
	if err != nil || len(page.Items) != 1 || page.Next != "" {
		t.Fatalf("last page: %+v, %v; want one entry and no cursor", page, err)
	}
	equal(t, "the last entry", page.Items[0].Source.FileID, "file5")
}

func testViewers(t *testing.T, l contractone.Ledger) {
	s := searcher(t, l)
	add := func(file string, share contractone.Share, responsible ...contractone.Principal) {
		d := plain("doc", file)
		d.Share, d.Responsible = share, responsible
		register(t, l, d)
	}
	taro, legal := contractone.User("taro@example.com"), contractone.Group("Legal")
	add("company", contractone.CompanyWide(), taro)
	add("private", contractone.Private(), taro)
	add("groups", contractone.Groups("Sales", "HR"), taro)
	add("team", contractone.Private(), contractone.User("x@example.com"), legal)
	for name, c := range map[string]struct {
		viewer contractone.Viewer
		want   string
	}{
		"responsible":          {contractone.Viewer{Account: "taro@example.com"}, "[company private groups]"},
		"stranger":             {contractone.Viewer{Account: "hanako@example.com"}, "[company]"},
		"nobody":               {contractone.Viewer{}, "[company]"},
		"administrator":        {contractone.Viewer{Account: "root@example.com", SystemAdmin: true}, "[company]"},
		"member of one group":  {contractone.Viewer{Account: "h@example.com", Groups: []string{"HR"}}, "[company groups]"},
		"member of both":       {contractone.Viewer{Account: "h@example.com", Groups: []string{"HR", "Sales", "Legal"}}, "[company groups team]"},
		"a group is no user":   {contractone.Viewer{Account: "Legal"}, "[company]"},
		"searches everything":  {contractone.Viewer{SearchAll: true}, "[company private groups team]"},
		"responsible by group": {contractone.Viewer{Account: "l@example.com", Groups: []string{"Legal"}}, "[company team]"},
	} {
		q := contractone.Query{Viewer: &c.viewer, Limit: 1}
		equal(t, name, fmt.Sprint(collect(t, s, q)), c.want)
	}
}

func testInvalidQueries(t *testing.T, l contractone.Ledger) {
	s := searcher(t, l)
	register(t, l, plain("doc", "file"))
	where := func(c contractone.Condition) contractone.Query {
		return contractone.Query{Where: []contractone.Condition{c}}
	}
	queries := []contractone.Query{
		{Limit: -1}, {Limit: contractone.MaxPageSize + 1}, {Cursor: "nonsense"}, {Cursor: "-1"}, {DocumentID: "a\x00"},
		where(contractone.Is("no such item", "x")), where(contractone.Is("title\" OR 1=1 --", "x")),
		where(contractone.Is(contractone.ItemTitle, "")), where(contractone.Is(contractone.ItemTitle, "\x00")),
		where(contractone.Is(contractone.ItemEndsOn, "31.12.2026")), where(contractone.Is(contractone.ItemAmount, "1.5")),
		where(contractone.Contains(contractone.ItemAmount, "1")), where(contractone.Contains(contractone.ItemTitle, "")),
		where(contractone.DateRange(contractone.ItemTitle, day("2026-01-01"), day("2026-01-02"))),
		where(contractone.Condition{Item: contractone.ItemTitle, Op: "like", Value: "x"}),
	}
	for i, q := range queries {
		_, err := s.Search(t.Context(), q)
		wantError(t, fmt.Sprintf("query %d", i), err, countersign.ErrInvalid)
	}
	// An error ends the sequence of All.
	errs := 0
	for _, err := range contractone.All(t.Context(), s, queries[0]) {
		wantError(t, "All", err, countersign.ErrInvalid)
		errs++
	}
	equal(t, "errors of All", errs, 1)
	equal(t, "entries", slices.Equal(collect(t, s, contractone.Query{}), []string{"file"}), true)
}
