package riverengine_test

import (
	"sync"
	"testing"

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
