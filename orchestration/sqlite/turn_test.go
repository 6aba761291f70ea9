package sqlite_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
)

// TestWaitingEndsWithTheContext: who waits for another transaction can leave, and
// the one before has not left its commit to it.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer func() { require.NoError(t, s.Close()) }()
	insert := func(key string) func(orchestration.Tx) error {
		return func(tx orchestration.Tx) error {
			_, err := tx.Insert(t.Context(), orchestration.Record{Table: "t.x", Key: key})
			return err
		}
	}
	inside, goOn := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
			close(inside)
			<-goOn
			return insert("first")(tx)
		}))
	})
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Tx(ctx, insert("left")), context.DeadlineExceeded, "while the other is still inside")
	close(goOn)
	wg.Wait()
	require.NoError(t, s.Tx(t.Context(), insert("after")))
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		recs, err := tx.List(t.Context(), orchestration.Query{Table: "t.x"})
		require.Len(t, recs, 2)
		return err
	}))
}
