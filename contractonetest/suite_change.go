package contractonetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

var updateCases = map[string]func(*testing.T, contractone.Ledger){
	"edit":             testEdit,
	"invalid edits":    testInvalidEdits,
	"concurrent edits": testConcurrentEdits,
	"unknown key":      testUnknownKeys,
}

var digitiseCases = map[string]func(*testing.T, contractone.Ledger){
	"precedence": testPrecedence,
}

func updater(t *testing.T, l contractone.Ledger) contractone.Updater {
	t.Helper()
	u, ok := l.(contractone.Updater)
	if !ok {
		t.Fatal("the ledger states Update but is no Updater")
	}
	return u
}

func digitiser(t *testing.T, l contractone.Ledger) contractone.Digitiser {
	t.Helper()
	d, ok := l.(contractone.Digitiser)
	if !ok {
		t.Fatal("the ledger states Digitise but is no Digitiser")
	}
	return d
}

// history gives the changes without their times, as lines.
func history(t *testing.T, l contractone.Ledger, key contractone.Key) []string {
	t.Helper()
	h, ok := l.(contractone.Historian)
	if !ok {
		t.Fatal("the ledger states History but is no Historian")
	}
	changes, err := h.History(t.Context(), key)
	if err != nil {
		t.Fatalf("History(%s): %v", key, err)
	}
	var out []string
	for i, c := range changes {
		if c.At.IsZero() || (i > 0 && c.At.Before(changes[i-1].At)) {
			t.Fatalf("change %d has the time %s", i, c.At)
		}
		out = append(out, fmt.Sprintf("%s %s %q %v", c.Action, c.By, c.Memo, c.Values))
	}
	return out
}

func edit(t *testing.T, l contractone.Ledger, key contractone.Key, p contractone.Patch, reason string) contractone.Entry {
	t.Helper()
	e, err := updater(t, l).Update(t.Context(), key, p, contractone.Edit{By: "taro@example.com", Reason: reason})
	if err != nil {
		t.Fatalf("Update(%s): %v", key, err)
	}
	return e
}

func testEdit(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 1)
	register(t, l, d)
	e := edit(t, l, d.Key(), contractone.Patch{
		Set:         contractone.Items{Title: "基本契約書", Amount: contractone.Yen(0)},
		Clear:       []contractone.ItemKey{contractone.ItemEndsOn},
		Extensions:  map[string]string{"region": "", "new": "値"},
		Share:       new(contractone.Private()),
		Responsible: []contractone.Principal{contractone.Group("総務")},
	}, "更新: 覚書")
	want := d.Items
	want.Title, want.Amount, want.EndsOn = "基本契約書", contractone.Yen(0), countersign.Date{}
	equal(t, "items", e.Items, want)
	equal(t, "extensions", e.Extensions, map[string]string{"status": "【契約終了】", "new": "値"})
	equal(t, "share scope", e.Share, contractone.Private())
	equal(t, "responsible persons", e.Responsible, []contractone.Principal{contractone.Group("総務")})
	equal(t, "authority of a set item", e.Provenance[contractone.ItemTitle].Authority, contractone.UserGiven)
	equal(t, "authority of a cleared item", e.Provenance[contractone.ItemEndsOn].Authority, contractone.UserGiven)
	equal(t, "authority of another item", e.Provenance[contractone.ItemStartsOn].Authority, contractone.Linked)
	equal(t, "the entry that Update gave", e, lookup(t, l, d.Key()))

	e = edit(t, l, d.Key(), contractone.Patch{Set: contractone.Items{Title: "基本契約書"}}, "nothing new")
	equal(t, "the entry after an edit that changes nothing", e, lookup(t, l, d.Key()))
	equal(t, "created", register(t, l, d).Created, false)
	equal(t, "the edit survives a replay", lookup(t, l, d.Key()), e)
	if !l.Capabilities().History {
		return
	}
	equal(t, "history", history(t, l, d.Key()), []string{
		`registered 2222-2222 "" []`,
		`edited taro@example.com "更新: 覚書" [{title 業務委託契約書 基本契約書} {ends_on 2027-03-31 } {amount 1200000 0}` +
			` {extension:new  値} {extension:region 関東 } {share groups 法務, Sales private}` +
			` {responsible user taro@example.com, group 法務 group 総務}]`,
	})
}

func testInvalidEdits(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 1)
	register(t, l, d)
	want := lookup(t, l, d.Key())
	by := contractone.Edit{By: "taro@example.com"}
	for name, c := range map[string]struct {
		patch contractone.Patch
		by    contractone.Edit
	}{
		"nobody":             {contractone.Patch{}, contractone.Edit{}},
		"NUL in the reason":  {contractone.Patch{}, contractone.Edit{By: "x", Reason: "\x00"}},
		"unknown item":       {contractone.Patch{Clear: []contractone.ItemKey{"color"}}, by},
		"set and cleared":    {contractone.Patch{Set: contractone.Items{Title: "x"}, Clear: []contractone.ItemKey{contractone.ItemTitle}}, by},
		"nobody responsible": {contractone.Patch{Responsible: []contractone.Principal{}}, by},
		"no share scope":     {contractone.Patch{Share: &contractone.Share{}}, by},
		"NUL in an item":     {contractone.Patch{Set: contractone.Items{Counterparty: "\x00"}}, by},
		"nameless extension": {contractone.Patch{Extensions: map[string]string{"": "x"}}, by},
	} {
		_, err := updater(t, l).Update(t.Context(), d.Key(), c.patch, c.by)
		wantError(t, name, err, countersign.ErrInvalid)
	}
	equal(t, "the entry after refusals", lookup(t, l, d.Key()), want)
}

// Edits at the same time are all kept: none works on an entry that is out of
// date.
func testConcurrentEdits(t *testing.T, l contractone.Ledger) {
	d := plain("doc", "file")
	register(t, l, d)
	const n = 8
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			p := contractone.Patch{Extensions: map[string]string{fmt.Sprint("item ", i): "x"}}
			_, errs[i] = updater(t, l).Update(t.Context(), d.Key(), p, contractone.Edit{By: fmt.Sprint("user ", i)})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("Update %d: %v", i, err)
		}
	}
	equal(t, "extension items", len(lookup(t, l, d.Key()).Extensions), n)
	if l.Capabilities().History {
		equal(t, "lines of history", len(history(t, l, d.Key())), n+1)
	}
}

func testUnknownKeys(t *testing.T, l contractone.Ledger) {
	key := contractone.CloudSignKey("doc", "file")
	_, err := updater(t, l).Update(t.Context(), key, contractone.Patch{}, contractone.Edit{By: "x"})
	wantError(t, "Update", err, countersign.ErrNotFound)
	if d, ok := l.(contractone.Digitiser); ok && l.Capabilities().Digitise {
		_, err = d.Digitise(t.Context(), key, contractone.Items{Title: "x"})
		wantError(t, "Digitise", err, countersign.ErrNotFound)
	}
	if h, ok := l.(contractone.Historian); ok && l.Capabilities().History {
		_, err = h.History(t.Context(), key)
		wantError(t, "History", err, countersign.ErrNotFound)
	}
}

// A user beats the link, the link beats digitisation, and so does whatever was
// digitised first.
func testPrecedence(t *testing.T, l contractone.Ledger) {
	d := plain("doc", "file")
	d.Items = contractone.Items{Title: "linked", Amount: contractone.Yen(0)}
	register(t, l, d)
	edit(t, l, d.Key(), contractone.Patch{
		Set: contractone.Items{EndsOn: day("2026-01-31")}, Clear: []contractone.ItemKey{contractone.ItemStartsOn},
	}, "")
	read := contractone.Items{
		Title: "digitised", Counterparty: "株式会社例", SignedOn: day("2025-01-01"), StartsOn: day("2025-02-01"), EndsOn: day("2025-03-01"),
		Amount: contractone.Yen(7), AutoRenewal: contractone.RenewalNo,
	}
	e, err := digitiser(t, l).Digitise(t.Context(), d.Key(), read)
	if err != nil {
		t.Fatalf("Digitise: %v", err)
	}
	want := contractone.Items{
		Title: "linked", Counterparty: "株式会社例", SignedOn: day("2025-01-01"), EndsOn: day("2026-01-31"),
		Amount: contractone.Yen(0), AutoRenewal: contractone.RenewalNo,
	}
	equal(t, "items", e.Items, want)
	equal(t, "the entry that Digitise gave", e, lookup(t, l, d.Key()))
	for key, authority := range map[contractone.ItemKey]contractone.Authority{
		contractone.ItemTitle: contractone.Linked, contractone.ItemAmount: contractone.Linked,
		contractone.ItemEndsOn: contractone.UserGiven, contractone.ItemStartsOn: contractone.UserGiven,
		contractone.ItemCounterparty: contractone.Digitised, contractone.ItemSignedOn: contractone.Digitised,
	} {
		equal(t, "authority of "+string(key), e.Provenance[key].Authority, authority)
	}
	again, err := digitiser(t, l).Digitise(t.Context(), d.Key(), contractone.Items{Counterparty: "another"})
	if err != nil {
		t.Fatalf("Digitise again: %v", err)
	}
	equal(t, "the entry after digitising again", again, e)
	equal(t, "a user beats digitisation", edit(t, l, d.Key(),
		contractone.Patch{Set: contractone.Items{Counterparty: "例株式会社"}}, "typo").Items.Counterparty, "例株式会社")
	if l.Capabilities().History {
		equal(t, "lines of history", len(history(t, l, d.Key())), 4)
	}
}
