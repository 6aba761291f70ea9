package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// BenchmarkTx inserts records of 2 KB, one a transaction, by 1 and by 64
// clients. Raw is the same row written by hand, one a commit, for comparison
// in the same run.
func BenchmarkTx(b *testing.B) {
	body := []byte(`"` + strings.Repeat("x", 2000) + `"`)
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "state.db"))
			defer func() { require.NoError(b, s.Close()) }()
			spread(b, clients, func(i int64) error {
				return s.Tx(b.Context(), func(tx orchestration.Tx) error {
					_, err := tx.Insert(b.Context(), orchestration.Record{Table: "bench.row", Key: fmt.Sprint(i), State: "pending", Body: body})
					return err
				})
			})
		})
	}
	b.Run("raw", func(b *testing.B) {
		db, err := sqlite.OpenDB(filepath.Join(b.TempDir(), "raw.db"))
		require.NoError(b, err)
		defer func() { require.NoError(b, db.Close()) }()
		_, err = db.ExecContext(b.Context(), "CREATE TABLE row (seq INTEGER PRIMARY KEY, key TEXT UNIQUE, state TEXT, body TEXT)")
		require.NoError(b, err)
		spread(b, 1, func(i int64) error {
			_, err := db.ExecContext(b.Context(), "INSERT INTO row (key, state, body) VALUES (?, ?, ?)", fmt.Sprint(i), "pending", string(body))
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
