package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

var storeCases = []storeCase{
	{"RoundTrip", testRoundTrip},
	{"Copies", testCopies},
	{"InsertKeepsExisting", testInsertKeepsExisting},
	{"SeqAndKey", testSeqAndKey},
	{"UpdateAndStale", testUpdateAndStale},
	{"Delete", testDelete},
	{"Rollback", testRollback},
	{"Invalid", testInvalid},
	{"Bodies", testBodies},
	{"Queries", testQueries},
	{"Pages", testPages},
	{"Count", testCount},
	{"ManyAtOnce", testManyAtOnce},
	{"CancelledContext", testCancelledContext},
	{"TxEnds", testTxEnds},
	{"Due", testDue},
	{"DueManyRowsManyLanes", testDueManyRowsManyLanes},
	{"OnDue", testOnDue},
	{"Own", testOwn},
	{"Increments", testIncrements},
	{"CrossedLanes", testCrossedLanes},
	{"InsertRace", testInsertRace},
	{"Closed", testClosed},
}

func testRoundTrip(t *testing.T, s orchestration.Store) {
	in := orchestration.Record{
		Table: table, Key: "schlüssel/✓:'\"\\%_?", Scope: "scope", Group: "group", Ref: "réf", State: "wherever", LastError: "an error\nin lines",
		Due:     time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.FixedZone("", 9*3600)),
		Updated: time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		Attempt: 7, Body: json.RawMessage(`{ "a" : [1, 2.50, "x\u0000y", "é"] , "a": null}`), Seq: 99, Version: 42,
	}
	equal(t, 1, insert(t, s, in))
	out := get(t, s, in.Key)
	want := in
	want.Due = time.Date(2026, 4, 1, 0, 0, 0, 123456000, time.UTC)
	want.Updated = time.UnixMicro(-1).UTC()
	want.Seq, want.Version = out.Seq, 1
	equal(t, want, out)
	if out.Seq < 1 {
		t.Fatalf("Seq is %d", out.Seq)
	}
	insert(t, s, orchestration.Record{Table: table, Key: "empty"})
	empty := get(t, s, "empty")
	equal(t, orchestration.Record{Table: table, Key: "empty", Seq: empty.Seq, Version: 1}, empty)
}

// What a caller does with records that it gave or got changes nothing stored.
func testCopies(t *testing.T, s orchestration.Store) {
	given := rec("a", func(r *orchestration.Record) { r.Body = json.RawMessage(`{"n":1}`) })
	insert(t, s, given)
	given.Body[5] = '2'
	got := get(t, s, "a")
	equal(t, `{"n":1}`, string(got.Body))
	got.Body[5] = '3'
	equal(t, `{"n":1}`, string(get(t, s, "a").Body))
}

func testInsertKeepsExisting(t *testing.T, s orchestration.Store) {
	equal(t, 1, insert(t, s, rec("a", func(r *orchestration.Record) { r.Body = []byte(`1`) })))
	equal(t, 1, insert(t, s, rec("a", func(r *orchestration.Record) { r.Body = []byte(`2`) }), rec("b"), rec("b")))
	a := get(t, s, "a")
	equal(t, "1", string(a.Body))
	equal(t, int64(1), a.Version)
	// The same key in another table is another record.
	equal(t, 1, insert(t, s, orchestration.Record{Table: "storetest.other", Key: "a"}))
	equal(t, 0, insert(t, s))
}

func testSeqAndKey(t *testing.T, s orchestration.Store) {
	insert(t, s, rec(""), rec("named"), rec(""))
	var recs []orchestration.Record
	inTx(t, s, func(tx orchestration.Tx) (err error) {
		recs, err = tx.List(t.Context(), orchestration.Query{Table: table})
		return err
	})
	equal(t, 3, len(recs))
	for i, r := range recs {
		if i != 1 {
			equal(t, strconv.FormatInt(r.Seq, 10), r.Key)
		}
		if i > 0 && r.Seq <= recs[i-1].Seq {
			t.Fatalf("Seq %d follows %d", r.Seq, recs[i-1].Seq)
		}
	}
	equal(t, "named", recs[1].Key)
}

func testUpdateAndStale(t *testing.T, s orchestration.Store) {
	insert(t, s, rec("a", func(r *orchestration.Record) { r.Group, r.Due = "g", at(0) }))
	first := get(t, s, "a")
	changed := first
	changed.State, changed.Group, changed.Scope, changed.Ref, changed.LastError = "done", "", "s", "r", "e"
	changed.Due, changed.Updated, changed.Attempt, changed.Body = time.Time{}, at(1), 3, json.RawMessage(`{}`)
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Update(t.Context(), changed) })
	want := changed
	want.Version = 2
	equal(t, want, get(t, s, "a"))
	lanes, next, err := s.Due(t.Context(), at(10), 10)
	ok(t, err)
	equal(t, 0, len(lanes))
	equal(t, time.Time{}, next)

	wantErr(t, s.Tx(t.Context(), func(tx orchestration.Tx) error { return tx.Update(t.Context(), first) }), orchestration.ErrStale)
	missing := first
	missing.Key = "missing"
	wantErr(t, s.Tx(t.Context(), func(tx orchestration.Tx) error { return tx.Update(t.Context(), missing) }), orchestration.ErrNoRecord)
	_, err = lookup(t.Context(), s, "missing")
	wantErr(t, err, orchestration.ErrNoRecord)
	// Within one transaction too, the version that an update made must be named.
	inTx(t, s, func(tx orchestration.Tx) error {
		r, err := tx.Get(t.Context(), table, "a")
		if err == nil {
			err = tx.Update(t.Context(), r)
		}
		if err == nil && !errors.Is(tx.Update(t.Context(), r), orchestration.ErrStale) {
			err = errors.New("an outdated version was taken")
		}
		r.Version++
		return errors.Join(err, tx.Update(t.Context(), r))
	})
	equal(t, int64(4), get(t, s, "a").Version)
}

func testDelete(t *testing.T, s orchestration.Store) {
	insert(t, s, rec("a"), rec("b"), rec("c"))
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table, "a", "c", "missing") })
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table) })
	equal(t, []string{"b"}, keys(t, s, orchestration.Query{Table: table}))
	equal(t, 1, insert(t, s, rec("a")))
	equal(t, []string{"b", "a"}, keys(t, s, orchestration.Query{Table: table}))
}

func testRollback(t *testing.T, s orchestration.Store) {
	insert(t, s, rec("a"), rec("b"))
	failed := errors.New("failed")
	spoil := func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), rec("c"), rec(""))
		ok(t, err)
		a, err := tx.Get(t.Context(), table, "a")
		ok(t, err)
		a.State, a.Due = "changed", at(0)
		ok(t, tx.Update(t.Context(), a))
		ok(t, tx.Delete(t.Context(), table, "b"))
		_, err = tx.Insert(t.Context(), rec("b"))
		ok(t, err)
		return failed
	}
	wantErr(t, s.Tx(t.Context(), spoil), failed)
	func() {
		defer func() { equal(t, any("panic"), recover()) }()
		_ = s.Tx(t.Context(), func(tx orchestration.Tx) error {
			_ = spoil(tx)
			panic("panic")
		})
	}()
	equal(t, []string{"a", "b"}, keys(t, s, orchestration.Query{Table: table}))
	equal(t, orchestration.StatePending, get(t, s, "a").State)
	lanes, _, err := s.Due(t.Context(), at(1), 10)
	ok(t, err)
	equal(t, 0, len(lanes))
	insert(t, s, rec("d"))
	equal(t, []string{"a", "b", "d"}, keys(t, s, orchestration.Query{Table: table}))
}

func testInvalid(t *testing.T, s orchestration.Store) {
	refuse := func(name string, fn func(orchestration.Tx) error) {
		t.Helper()
		if err := s.Tx(t.Context(), fn); !errors.Is(err, orchestration.ErrInvalidRecord) {
			t.Fatalf("%s: error is %v, want %v", name, err, orchestration.ErrInvalidRecord)
		}
	}
	for _, bad := range []string{"nul\x00", "\xff"} {
		for name, r := range map[string]orchestration.Record{
			"Table": {Table: bad, Key: "k"}, "Key": {Table: table, Key: bad}, "Scope": {Table: table, Scope: bad},
			"Group": {Table: table, Group: bad}, "Ref": {Table: table, Ref: bad}, "State": {Table: table, State: bad},
			"LastError": {Table: table, LastError: bad}, "Body": {Table: table, Body: []byte(`"` + bad + `"`)},
		} {
			refuse("insert "+name, func(tx orchestration.Tx) error { _, err := tx.Insert(t.Context(), r); return err })
			refuse("update "+name, func(tx orchestration.Tx) error { return tx.Update(t.Context(), r) })
		}
		refuse("get", func(tx orchestration.Tx) error { _, err := tx.Get(t.Context(), table, bad); return err })
		refuse("delete", func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table, bad) })
		for _, q := range []orchestration.Query{
			{Table: bad}, {Table: table, Scope: bad}, {Table: table, Group: bad}, {Table: table, Ref: bad}, {Table: table, States: []string{bad}},
		} {
			refuse("list", func(tx orchestration.Tx) error { _, err := tx.List(t.Context(), q); return err })
			refuse("count", func(tx orchestration.Tx) error { _, err := tx.Count(t.Context(), q); return err })
		}
	}
	refuse("no table", func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Key: "k"})
		return err
	})
	refuse("no table", func(tx orchestration.Tx) error { _, err := tx.List(t.Context(), orchestration.Query{}); return err })
	refuse("body", func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: table, Body: []byte(`{`)})
		return err
	})
	equal(t, 0, len(keys(t, s, orchestration.Query{Table: table})))
}

func testBodies(t *testing.T, s orchestration.Store) {
	for i, body := range []string{
		`null`, `0`, `""`, `"\u0000"`, `"\ud800"`, `{"\u0000":"\u0000"}`, `" 日本語 \ud83d\ude00 😀"`, "[ 1 ,\n\t2 ]", `{"b":1,"a":2,"b":3}`,
		`12345678901234567890.000`, `"` + strings.Repeat("0123456789abcdef", 1<<16) + `"`,
	} {
		key := fmt.Sprint(i)
		insert(t, s, rec(key, func(r *orchestration.Record) { r.Body = []byte(body) }))
		if got := string(get(t, s, key).Body); got != body {
			t.Fatalf("body %d of %d bytes came back as %d bytes: %.100s", i, len(body), len(got), got)
		}
	}
	insert(t, s, rec("none"))
	equal(t, json.RawMessage(nil), get(t, s, "none").Body)
}

func testManyAtOnce(t *testing.T, s orchestration.Store) {
	many := make([]orchestration.Record, 1234)
	for i := range many {
		many[i] = rec(fmt.Sprintf("%04d", i))
	}
	insert(t, s, many[500:510]...)
	equal(t, len(many)-10, insert(t, s, many...))
	got := keys(t, s, orchestration.Query{Table: table, AfterSeq: get(t, s, "0509").Seq})
	equal(t, len(many)-10, len(got))
	for i, key := range append(append([]orchestration.Record{}, many[:500]...), many[510:]...) {
		equal(t, key.Key, got[i])
	}
	all := make([]string, len(many))
	for i := range many {
		all[i] = many[i].Key
	}
	inTx(t, s, func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table, all...) })
	equal(t, 0, len(keys(t, s, orchestration.Query{Table: table})))
}

func testIncrements(t *testing.T, s orchestration.Store) {
	const writers, times = 8, 25
	insert(t, s, rec("a"))
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for range writers {
		wg.Go(func() {
			for range times {
				err := s.Tx(t.Context(), func(tx orchestration.Tx) error {
					r, err := tx.Get(t.Context(), table, "a")
					if err != nil {
						return err
					}
					r.Attempt++
					return tx.Update(t.Context(), r)
				})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	equal(t, writers*times, get(t, s, "a").Attempt)
}

// Transactions that change the same two records in opposite order all succeed.
func testCrossedLanes(t *testing.T, s orchestration.Store) {
	const times = 5
	insert(t, s, rec("a", func(r *orchestration.Record) { r.Group = "a" }), rec("b", func(r *orchestration.Record) { r.Group = "b" }))
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for i := range 4 {
		order := []string{"a", "b"}
		if i%2 == 1 {
			order = []string{"b", "a"}
		}
		wg.Go(func() {
			for range times {
				err := s.Tx(t.Context(), func(tx orchestration.Tx) error {
					for _, key := range order {
						r, err := tx.Get(t.Context(), table, key)
						if err != nil {
							return err
						}
						r.Attempt++
						r.Due = at(r.Attempt)
						if err := tx.Update(t.Context(), r); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	equal(t, 4*times, get(t, s, "a").Attempt)
	equal(t, 4*times, get(t, s, "b").Attempt)
}

// Of many who insert the same key one is fresh, and after Insert all see it.
func testInsertRace(t *testing.T, s orchestration.Store) {
	const writers = 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	errs := make(chan error, writers)
	for range writers {
		wg.Go(func() {
			n := 0
			err := s.Tx(t.Context(), func(tx orchestration.Tx) (err error) {
				if n, err = tx.Insert(t.Context(), rec("a")); err != nil {
					return err
				}
				_, err = tx.Get(t.Context(), table, "a")
				return err
			})
			if err != nil {
				errs <- err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			fresh += n
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	equal(t, 1, fresh)
}

func testClosed(t *testing.T, s orchestration.Store) {
	ok(t, s.Close())
	ran := false
	if err := s.Tx(t.Context(), func(orchestration.Tx) error { ran = true; return nil }); err == nil || ran {
		t.Fatal("a closed store works")
	}
	if _, _, err := s.Due(t.Context(), at(0), 1); err == nil {
		t.Fatal("a closed store answers")
	}
	if _, err := s.Own(t.Context()); err == nil {
		t.Fatal("a closed store can be owned")
	}
}
