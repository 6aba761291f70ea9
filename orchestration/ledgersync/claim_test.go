package ledgersync_test

import (
	"context"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// snapshot is a store whose transactions do not see the links that others add
// while they run, as two of PostgreSQL's do not.
type snapshot struct{ orchestration.Store }

func (s snapshot) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	return s.Store.Tx(ctx, func(tx orchestration.Tx) error { return fn(snapshotTx{tx}) })
}

type snapshotTx struct{ orchestration.Tx }

func (t snapshotTx) List(ctx context.Context, q orchestration.Query) ([]orchestration.Record, error) {
	if q.Table == ledgersync.Tables("")[0] {
		return nil, nil
	}
	return t.Tx.List(ctx, q)
}

// TestClientIDIsLinkedOnce: also by two programs at the same moment.
func TestClientIDIsLinkedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add()
	first, healthy := w.link, w.store
	w.store = snapshot{healthy}
	w.restart()
	_, err := w.flow.AddLink(t.Context(), settings(w.account))
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.ErrorContains(t, err, string(first))

	w.store = healthy
	w.restart()
	require.NoError(t, w.flow.Remove(t.Context(), first))
	w.add()
	require.NotEqual(t, first, w.link)
	require.NoError(t, w.flow.Remove(t.Context(), first), "again")
	w.store = snapshot{healthy}
	w.restart()
	_, err = w.flow.AddLink(t.Context(), settings(w.account))
	require.ErrorContains(t, err, string(w.link), "the claim of the second link stays")
}

// TestLinkOfAnOlderVersionIsNotLinkedTwice: it has no claim.
func TestLinkOfAnOlderVersionIsNotLinkedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add()
	require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		claims := ledgersync.Tables("")[4]
		recs, err := tx.List(t.Context(), orchestration.Query{Table: claims})
		require.NoError(t, err)
		require.Len(t, recs, 1)
		return tx.Delete(t.Context(), claims, recs[0].Key)
	}))
	_, err := w.flow.AddLink(t.Context(), settings(w.account))
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.NoError(t, w.flow.Remove(t.Context(), w.link))
	w.add()
}
