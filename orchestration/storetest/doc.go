// Package storetest is the suite that every orchestration.Store and
// orchestration.Engine passes. A store or engine of one's own is tested with
// the same lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) orchestration.Store { return open(t) })
//	}
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// Run tests a store. Each call of open gives a new, empty one, which the suite
// closes.
func Run(t *testing.T, open func(t *testing.T) orchestration.Store) {
	t.Helper()
	for _, c := range storeCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { ok(t, s.Close()) })
			c.test(t, s)
		})
	}
}

// RunDurable tests that a store is still there after it was closed and opened
// again. Each call of place gives a function that opens the same store each
// time.
func RunDurable(t *testing.T, place func(t *testing.T) (open func() orchestration.Store)) {
	t.Helper()
	t.Run("Reopen", func(t *testing.T) {
		t.Parallel()
		open := place(t)
		s := open()
		insert(t, s, rec("a", func(r *orchestration.Record) { r.Due, r.Body = at(5), []byte(`{"n":1}`) }), rec("b"))
		before := get(t, s, "a")
		ok(t, s.Close())
		s = open()
		equal(t, before, get(t, s, "a"))
		insert(t, s, rec("c"))
		if c := get(t, s, "c"); c.Seq <= get(t, s, "b").Seq {
			t.Fatalf("after reopening Seq goes on at %d", c.Seq)
		}
		lanes, _, err := s.Due(t.Context(), at(5), 10)
		ok(t, err)
		equal(t, []orchestration.Lane{{Table: table}}, lanes)
		ok(t, s.Close())
	})
	t.Run("DeletedSeqIsNotUsedAgain", func(t *testing.T) {
		t.Parallel()
		open := place(t)
		s := open()
		insert(t, s, rec("a"))
		seq := get(t, s, "a").Seq
		inTx(t, s, func(tx orchestration.Tx) error { return tx.Delete(t.Context(), table, "a") })
		ok(t, s.Close())
		s = open()
		insert(t, s, rec("a"))
		if again := get(t, s, "a").Seq; again <= seq {
			t.Fatalf("Seq %d came again as %d", seq, again)
		}
		ok(t, s.Close())
	})
}

type storeCase struct {
	name string
	test func(*testing.T, orchestration.Store)
}

// table is the table of most cases.
const table = "storetest.thing"

// at is a time: n minutes after a fixed one.
func at(n int) time.Time {
	return time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

func rec(key string, change ...func(*orchestration.Record)) orchestration.Record {
	r := orchestration.Record{Table: table, Key: key, State: orchestration.StatePending}
	for _, f := range change {
		f(&r)
	}
	return r
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func wantErr(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("got  %s\nwant %s", show(got), show(want))
	}
}

func show(v any) string {
	s := fmt.Sprintf("%#v", v)
	if len(s) > 2000 {
		s = s[:2000] + "…"
	}
	return s
}

func inTx(t *testing.T, s orchestration.Store, fn func(orchestration.Tx) error) {
	t.Helper()
	ok(t, s.Tx(t.Context(), fn))
}

func insert(t *testing.T, s orchestration.Store, recs ...orchestration.Record) (fresh int) {
	t.Helper()
	inTx(t, s, func(tx orchestration.Tx) (err error) {
		fresh, err = tx.Insert(t.Context(), recs...)
		return err
	})
	return fresh
}

func lookup(ctx context.Context, s orchestration.Store, key string) (r orchestration.Record, err error) {
	err = s.Tx(ctx, func(tx orchestration.Tx) (err error) {
		r, err = tx.Get(ctx, table, key)
		return err
	})
	return r, err
}

func get(t *testing.T, s orchestration.Store, key string) orchestration.Record {
	t.Helper()
	r, err := lookup(t.Context(), s, key)
	ok(t, err)
	return r
}

func keys(t *testing.T, s orchestration.Store, q orchestration.Query) (out []string) {
	t.Helper()
	inTx(t, s, func(tx orchestration.Tx) error {
		recs, err := tx.List(t.Context(), q)
		out = nil
		for _, r := range recs {
			out = append(out, r.Key)
		}
		return err
	})
	return out
}
