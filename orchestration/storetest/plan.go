package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// Queries runs each shape of query that a store answers, on a table of the
// given name. It is for tests that look at what a store makes of them: which
// statements, with which plans. It changes nothing.
func Queries(ctx context.Context, t *testing.T, s orchestration.Store, table string, now time.Time) {
	t.Helper()
	shapes := []orchestration.Query{
		{}, {Scope: "link1"}, {Group: "link1/3"}, {Ref: "ref77"},
		{States: []string{"pending"}}, {States: []string{"pending", "sending"}},
		{DueBy: now}, {DueBy: now, States: []string{"pending"}},
		{Group: "link1/3", DueBy: now}, {Group: "link1/3", DueBy: now, States: []string{"pending", "sending"}},
		{Group: "link1/3", States: []string{"pending"}},
		{States: []string{"done"}, UpdatedBefore: now}, {UpdatedBefore: now},
		{Scope: "link1", States: []string{"dead"}}, {Scope: "link1", Ref: "ref77"},
	}
	ok(t, s.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Get(ctx, table, "key77")
		ok(t, err)
		for _, q := range shapes {
			q.Table, q.Limit, q.AfterSeq = table, 100, 5
			_, err := tx.List(ctx, q)
			ok(t, err)
			q.Limit = 0
			_, err = tx.Count(ctx, q)
			ok(t, err)
		}
		return nil
	}))
	for _, limit := range []int{0, 100} {
		_, _, err := s.Due(ctx, now, limit)
		ok(t, err)
	}
}
