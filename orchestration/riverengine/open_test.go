package riverengine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

func TestBadAddressIsToldWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://user:geheim@127.0.0.1:port/db",
		"postgres://user:geheim@127.0.0.1:1/db?connect_timeout=1",
	} {
		_, err := riverengine.Open(t.Context(), dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "geheim")
	}
}

// A schema that is forgotten is the first mistake that people make.
func TestMissingSchemaIsTold(t *testing.T) {
	t.Parallel()
	dsn := strings.Replace(newSchema(t), "search_path=", "search_path=nosuch_", 1)
	_, err := riverengine.Open(t.Context(), dsn)
	require.ErrorContains(t, err, "create it (CREATE SCHEMA)")
}

// An empty address is an environment variable that was not set.
func TestEmptyAddressIsTold(t *testing.T) { //nolint:paralleltest // sets the environment
	t.Setenv("PGHOST", t.TempDir())
	_, err := riverengine.Open(t.Context(), "")
	require.ErrorContains(t, err, "the address of the database is empty")
}

// With one connection Open would wait for ever for a second.
func TestTooFewConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	_, err := riverengine.Open(t.Context(), strings.Replace(dsn, "pool_max_conns=12", "pool_max_conns=1", 1))
	require.ErrorContains(t, err, "pool_max_conns")
	store := openAt(t, strings.Replace(dsn, "pool_max_conns=12", "pool_max_conns=2", 1))
	engine := riverengine.New(store, riverengine.WithSweep(time.Hour))
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, store, group) })
	for i := range 30 {
		require.NoError(t, insertEvent(t.Context(), store, fmt.Sprint(i), fmt.Sprint(i)))
	}
	require.NoError(t, engine.RunUntilIdle(t.Context()))
}

// A process that is frozen in a transaction does not hold up others for ever.
func TestAbandonedTransactionsEnd(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	for suffix, want := range map[string]string{"": "30s", "&idle_in_transaction_session_timeout=7s": "7s"} {
		var got string
		row := openAt(t, dsn+suffix).DB().QueryRowContext(t.Context(), "SHOW idle_in_transaction_session_timeout")
		require.NoError(t, row.Scan(&got))
		require.Equal(t, want, got)
	}
}

// Processes that open a new database together migrate it once.
func TestProcessesOpenTogether(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	stores, errs := make([]*riverengine.Store, 4), make([]error, 4)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() { stores[i], errs[i] = riverengine.Open(t.Context(), dsn, sqlstore.WithViews("ledgersync.file")) })
	}
	wg.Wait()
	for i := range stores {
		require.NoError(t, errs[i])
		require.NoError(t, stores[i].Close())
	}
}

// The way out of the local engine's limit is told with its error.
func TestLocalEngineNamesThisPackage(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	release, err := store.Own(t.Context())
	require.NoError(t, err)
	defer release()
	_, err = store.Own(t.Context())
	require.ErrorIs(t, err, orchestration.ErrOwned)
	require.ErrorContains(t, err, "orchestration/riverengine")
	require.ErrorIs(t, riverengine.New(store).Run(t.Context()), orchestration.ErrOwned)
}
