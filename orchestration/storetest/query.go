package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

func testQueries(t *testing.T, s orchestration.Store) {
	thing := func(key, scope, group, ref, state string, due, updated time.Time) orchestration.Record {
		return orchestration.Record{Table: table, Key: key, Scope: scope, Group: group, Ref: ref, State: state, Due: due, Updated: updated}
	}
	insert(t, s,
		thing("a", "s1", "g1", "r1", "pending", at(1), at(1)),
		thing("b", "s1", "g2", "r2", "pending", at(2), at(2)),
		thing("c", "s2", "g1", "r1", "dead", time.Time{}, at(3)),
		thing("d", "", "", "", "", time.Time{}, time.Time{}),
		thing("e", "s2", "g1", "r3", "sending", at(1), at(5)),
		orchestration.Record{Table: "storetest.other", Key: "a", Scope: "s1", Group: "g1", Ref: "r1", State: "pending", Due: at(1), Updated: at(1)},
	)
	for want, q := range map[string]orchestration.Query{
		"a b c d e": {},
		"a b":       {Scope: "s1"},
		"a c e":     {Group: "g1"},
		"a c":       {Ref: "r1"},
		"c":         {States: []string{"dead"}},
		"b c e":     {States: []string{"sending", "pending", "dead"}, AfterSeq: get(t, s, "a").Seq},
		"d":         {States: []string{""}},
		"a e":       {DueBy: at(1)},
		"a b e":     {DueBy: at(2), States: []string{"pending", "sending"}},
		"b":         {DueBy: at(2), Group: "g2"},
		"a":         {DueBy: at(2), Group: "g1", States: []string{"pending"}, Limit: 1},
		"e":         {DueBy: at(9), Group: "g1", AfterSeq: get(t, s, "a").Seq, States: []string{"pending", "sending"}},
		"a b ":      {UpdatedBefore: at(3)},
		" a c":      {UpdatedBefore: at(5), Group: "g1"},
		" e":        {Scope: "s2", Ref: "r3"},
		"":          {Scope: "s3"},
		" ":         {DueBy: at(0)},
		"  ":        {States: []string{"none"}},
	} {
		q.Table = table
		equal(t, strings.Fields(want), append([]string{}, keys(t, s, q)...))
		// Count selects the same records.
		var counted int64
		inTx(t, s, func(tx orchestration.Tx) error {
			counts, err := tx.Count(t.Context(), orchestration.Query{
				Table: q.Table, Scope: q.Scope, Group: q.Group, Ref: q.Ref, States: q.States,
				DueBy: q.DueBy, UpdatedBefore: q.UpdatedBefore, AfterSeq: q.AfterSeq,
			})
			counted = 0
			for _, n := range counts {
				counted += n
			}
			return err
		})
		if q.Limit == 0 {
			equal(t, int64(len(strings.Fields(want))), counted)
		}
	}
}

func testPages(t *testing.T, s orchestration.Store) {
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("%02d", i)
		state := []string{"pending", "dead", "done"}[i%3]
		insert(t, s, rec(key, func(r *orchestration.Record) { r.State = state }))
		if state != "done" {
			want = append(want, key)
		}
	}
	q := orchestration.Query{Table: table, States: []string{"dead", "pending"}, Limit: 4}
	var got []string
	for r, err := range orchestration.Records(t.Context(), s, q) {
		ok(t, err)
		got = append(got, r.Key)
	}
	equal(t, want, got)
	q.Limit = 4
	equal(t, want[:4], keys(t, s, q))
}

func testCount(t *testing.T, s orchestration.Store) {
	for i := range 10 {
		insert(t, s, rec(fmt.Sprint(i), func(r *orchestration.Record) { r.State = []string{"pending", "dead", ""}[i%3] }))
	}
	inTx(t, s, func(tx orchestration.Tx) error {
		all, err := tx.Count(t.Context(), orchestration.Query{Table: table})
		ok(t, err)
		if !maps.Equal(map[string]int64{"pending": 4, "dead": 3, "": 3}, all) {
			t.Fatalf("counted %v", all)
		}
		none, err := tx.Count(t.Context(), orchestration.Query{Table: "storetest.other"})
		equal(t, 0, len(none))
		return err
	})
}

func testCancelledContext(t *testing.T, s orchestration.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Tx(ctx, func(tx orchestration.Tx) error {
		if _, err := tx.Insert(ctx, rec("a")); err != nil {
			return err
		}
		cancel()
		_, err := tx.Insert(ctx, rec("b"))
		return err
	})
	wantErr(t, err, context.Canceled)
	wantErr(t, s.Tx(ctx, func(orchestration.Tx) error { return nil }), context.Canceled)
	equal(t, 0, len(keys(t, s, orchestration.Query{Table: table})))
	equal(t, 1, insert(t, s, rec("a")))
}

func testTxEnds(t *testing.T, s orchestration.Store) {
	var kept orchestration.Tx
	inTx(t, s, func(tx orchestration.Tx) error { kept = tx; return nil })
	if _, err := kept.Insert(t.Context(), rec("late")); err == nil {
		t.Fatal("a transaction that has ended takes records")
	}
	equal(t, 0, len(keys(t, s, orchestration.Query{Table: table})))
}

func testDue(t *testing.T, s orchestration.Store) {
	due := func(key, group string, n int) orchestration.Record {
		return rec(key, func(r *orchestration.Record) { r.Group, r.Due = group, at(n) })
	}
	lane := func(group string) orchestration.Lane { return orchestration.Lane{Table: table, Group: group} }
	check := func(by, limit int, next time.Time, want ...orchestration.Lane) {
		t.Helper()
		lanes, n, err := s.Due(t.Context(), at(by), limit)
		ok(t, err)
		equal(t, append([]orchestration.Lane{}, want...), append([]orchestration.Lane{}, lanes...))
		equal(t, next, n)
	}
	check(0, 10, time.Time{})
	insert(t, s, due("a", "g1", 5), due("b", "g2", 3), due("c", "g1", 4), due("d", "", 9), rec("never"))
	check(2, 10, at(3))
	check(3, 10, at(4), lane("g2"))
	check(4, 10, at(5), lane("g2"), lane("g1"))
	check(100, 10, time.Time{}, lane("g2"), lane("g1"), lane(""))
	check(5, 1, at(9), lane("g2"))
	check(5, 0, at(9))
	// The zero time is before all: next is the earliest.
	_, first, err := s.Due(t.Context(), time.Time{}, 10)
	ok(t, err)
	equal(t, at(3), first)
	b := get(t, s, "b")
	b.Due = at(6)
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Update(t.Context(), b) })
	check(5, 10, at(6), lane("g1"))
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table, "a", "c") })
	check(5, 10, at(6))
	d := get(t, s, "d")
	d.Group = "g3"
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Update(t.Context(), d) })
	check(9, 10, time.Time{}, lane("g2"), lane("g3"))
}

// A lane with very many due records hides no other lane.
func testDueManyRowsManyLanes(t *testing.T, s orchestration.Store) {
	recs := make([]orchestration.Record, 0, 800)
	for i := range 700 {
		recs = append(recs, rec("", func(r *orchestration.Record) { r.Group, r.Due = "m", at(i%7) }))
	}
	want := map[string]bool{"m": true}
	for i := range 40 {
		group := fmt.Sprintf("%c%02d", "an"[i%2], i)
		want[group] = true
		recs = append(recs, rec("", func(r *orchestration.Record) { r.Group, r.Due = group, at(50+i) }))
		recs = append(recs, rec("", func(r *orchestration.Record) { r.Group, r.Due = "later"+group, at(1000) }))
	}
	insert(t, s, recs...)
	lanes, next, err := s.Due(t.Context(), at(100), 1000)
	ok(t, err)
	equal(t, at(1000), next)
	equal(t, orchestration.Lane{Table: table, Group: "m"}, lanes[0])
	got := map[string]bool{}
	for _, l := range lanes {
		got[l.Group] = true
	}
	equal(t, want, got)
	equal(t, len(want), len(lanes))
	lanes, _, err = s.Due(t.Context(), at(100), 7)
	ok(t, err)
	equal(t, 7, len(lanes))
}

func testOnDue(t *testing.T, s orchestration.Store) {
	var mu sync.Mutex
	var seen []orchestration.Lane
	s.OnDue(func(lanes []orchestration.Lane) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, lanes...)
	})
	told := func() []orchestration.Lane {
		mu.Lock()
		defer mu.Unlock()
		out := seen
		seen = nil
		slices.SortFunc(out, func(a, b orchestration.Lane) int { return strings.Compare(a.Group, b.Group) })
		return slices.Compact(out)
	}
	lane := func(group string) orchestration.Lane { return orchestration.Lane{Table: table, Group: group} }
	due := func(key, group string) orchestration.Record {
		return rec(key, func(r *orchestration.Record) { r.Group, r.Due = group, at(0) })
	}
	inTx(t, s, func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), due("a", "g2"), due("b", "g1"), due("c", "g1"), rec("never"))
		if n := len(told()); n != 0 {
			t.Errorf("told of %d lanes before the commit", n)
		}
		return err
	})
	equal(t, []orchestration.Lane{lane("g1"), lane("g2")}, told())
	if err := s.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), due("d", "g3"))
		ok(t, err)
		return context.Canceled
	}); err == nil {
		t.Fatal("no error")
	}
	insert(t, s, rec("e"))
	equal(t, 0, len(told()))
	a := get(t, s, "a")
	a.Due = at(7)
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Update(t.Context(), a) })
	equal(t, []orchestration.Lane{lane("g2")}, told())
	// A listener may use the store.
	s.OnDue(func([]orchestration.Lane) { _, _, _ = s.Due(context.Background(), at(0), 1) })
	insert(t, s, due("f", "g4"))
	equal(t, []orchestration.Lane{lane("g4")}, told())
}

func testOwn(t *testing.T, s orchestration.Store) {
	release, err := s.Own(t.Context())
	ok(t, err)
	_, err = s.Own(t.Context())
	wantErr(t, err, orchestration.ErrOwned)
	insert(t, s, rec("a")) // the hold is the engine's: transactions go on
	release()
	release() // twice is once
	release, err = s.Own(t.Context())
	ok(t, err)
	release()
}
