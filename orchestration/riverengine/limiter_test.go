package riverengine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration/riverengine"
)

// Workers of several processes share the account's rate. However fast the machine
// is, the calls take the time that the rate gives them.
func TestLimiterIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	const processes, workers, calls, n = 4, 4, 40, 60
	dsn := newSchema(t)
	var left atomic.Int64
	left.Store(calls)
	var wg sync.WaitGroup
	errs := make([]error, processes*workers)
	began := time.Now()
	for p := range processes {
		store := openAt(t, dsn)
		limiter := riverengine.New(store).Limiter("account", n, time.Second)
		for w := range workers {
			wg.Go(func() {
				for left.Add(-1) >= 0 && errs[p*workers+w] == nil {
					errs[p*workers+w] = limiter.Wait(t.Context())
				}
			})
		}
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	// Of a rate of 60 a second 54 are used, and 4 calls may come together.
	even := time.Second / 54
	require.GreaterOrEqual(t, time.Since(began), (calls-4)*even)
}

// A slot that comes too late for the caller is not taken from others.
func TestLimiterHeedsDeadlines(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	limiter := store.NewLimiter("account", 1, time.Hour)
	require.NoError(t, limiter.Wait(t.Context()))
	var before, after time.Time
	const tat = "SELECT tat FROM countersign_rate WHERE account = 'account'"
	require.NoError(t, store.DB().QueryRowContext(t.Context(), tat).Scan(&before))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.ErrorContains(t, limiter.Wait(ctx), "deadline")
	require.NoError(t, store.DB().QueryRowContext(t.Context(), tat).Scan(&after))
	require.Equal(t, before, after)
	for range 100 {
		require.NoError(t, store.NewLimiter("unlimited", 0, time.Hour).Wait(t.Context()))
	}
}
