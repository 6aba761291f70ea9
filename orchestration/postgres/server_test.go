package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

func TestBadAddressIsToldWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://user:geheim@127.0.0.1:port/db",
		"postgres://user:geheim@127.0.0.1:1/db?connect_timeout=1",
	} {
		_, err := postgres.Open(t.Context(), dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "geheim")
	}
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	var wg sync.WaitGroup
	stores := make([]*sqlstore.Store, 4)
	errs := make([]error, len(stores))
	for i := range stores {
		wg.Go(func() { stores[i], errs[i] = postgres.Open(t.Context(), dsn, sqlstore.WithViews("ledgersync.file")) })
	}
	wg.Wait()
	for i := range stores {
		require.NoError(t, errs[i])
		defer func() { require.NoError(t, stores[i].Close()) }()
	}
	// The stores are as far apart as two processes are.
	release, err := stores[0].Own(t.Context())
	require.NoError(t, err)
	_, err = stores[1].Own(t.Context())
	require.ErrorIs(t, err, orchestration.ErrOwned)
	require.ErrorContains(t, err, "riverengine")
	release()
	release, err = stores[1].Own(t.Context())
	require.NoError(t, err)
	release()

	require.NoError(t, stores[0].Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: orchestration.TableName("ledgersync", "north", "file"), Key: "k"})
		return err
	}))
	var instance, key string
	row := stores[1].DB().QueryRowContext(t.Context(), "SELECT instance, key FROM ledgersync_file")
	require.NoError(t, row.Scan(&instance, &key))
	require.Equal(t, "north/k", instance+"/"+key)
}

func TestStoresInTwoSchemasHaveAnEngineEach(t *testing.T) {
	t.Parallel()
	for range 2 {
		s := open(t, newSchema(t))
		defer func() { require.NoError(t, s.Close()) }()
		release, err := s.Own(t.Context())
		require.NoError(t, err)
		defer release()
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	s := open(t, dsn)
	_, err := s.DB().ExecContext(t.Context(), "UPDATE countersign_schema SET version = 99 WHERE component = 'sqlstore'")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = postgres.Open(t.Context(), dsn)
	require.ErrorContains(t, err, "use a newer version of the program")
}

// BenchmarkTx inserts records of 2 KB, one a transaction, by 1 and by 64
// clients. Raw is the same row written by hand, one a commit, for comparison
// in the same run.
func BenchmarkTx(b *testing.B) {
	body := `"` + strings.Repeat("x", 2000) + `"`
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, newSchema(b))
			defer func() { require.NoError(b, s.Close()) }()
			spread(b, clients, func(i int64) error {
				return s.Tx(b.Context(), func(tx orchestration.Tx) error {
					_, err := tx.Insert(b.Context(), orchestration.Record{Table: "bench.row", Key: fmt.Sprint(i), State: "pending", Body: []byte(body)})
					return err
				})
			})
		})
	}
	b.Run("raw", func(b *testing.B) {
		db, err := postgres.OpenDB(b.Context(), newSchema(b))
		require.NoError(b, err)
		defer func() { require.NoError(b, db.Close()) }()
		_, err = db.ExecContext(b.Context(), "CREATE TABLE raw (seq BIGSERIAL PRIMARY KEY, key TEXT UNIQUE, state TEXT, body JSON)")
		require.NoError(b, err)
		spread(b, 1, func(i int64) error {
			_, err := db.ExecContext(b.Context(), "INSERT INTO raw (key, state, body) VALUES ($1, $2, $3)", fmt.Sprint(i), "pending", body)
			return err
		})
	})
}

// spread has so many clients share b.N calls of f.
func spread(b *testing.B, clients int, f func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}
