package postgres_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration/sqlstore"
	"github.com/countersign/countersign/orchestration/storetest"
)

// statement is one that a store ran.
type statement struct {
	query string
	args  []any
}

// At a million records no query reads the whole table or sorts more than it
// selects.
func TestPlansAtAMillionRecords(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a million records take seconds")
	}
	var mu sync.Mutex
	var ran []statement
	s := open(t, newSchema(t), sqlstore.WithTrace(func(query string, args []any) {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, statement{query, args})
	}))
	defer func() { require.NoError(t, s.Close()) }()
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	fill(t, s, now)
	ran = nil
	storetest.Queries(t.Context(), t, s, "ledgersync.file", now)
	require.Len(t, ran, 1+2*15+1+3)
	for _, st := range ran {
		plan := plan(t, s, st)
		if strings.Contains(st.query, "GROUP BY") {
			continue // it reads all that it counts, which can be the table
		}
		require.NotContains(t, plan, "Seq Scan", st.query)
		require.Contains(t, plan, "Index", st.query)
		if !strings.Contains(st.query, "UNION ALL") {
			require.NotContains(t, plan, "Sort", st.query)
		}
	}
}

// fill makes a million records of one table, of which a tenth is due, and one
// of another. The indexes are made afterwards, which is quicker.
func fill(t *testing.T, s *sqlstore.Store, now time.Time) {
	t.Helper()
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := s.DB().ExecContext(t.Context(), query, args...)
		require.NoError(t, err)
	}
	var drop, create string
	require.NoError(t, s.DB().QueryRowContext(t.Context(), `SELECT string_agg('DROP INDEX ' || indexname, ';'), string_agg(indexdef, ';')
		FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'countersign_record' AND indexname NOT LIKE '%pkey'`).Scan(&drop, &create))
	exec(drop)
	exec(`INSERT INTO countersign_record (tbl, key, scope, grp, ref, state, due, updated, attempt, version, body)
		SELECT 'ledgersync.file', 'key' || i, 'link' || (i % 3), 'link' || (i % 3) || '/' || (i % 8), 'ref' || i,
			CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'done' END,
			CASE WHEN i % 10 = 0 THEN $1::bigint - i END, $1::bigint - i, 0, 1, '{}' FROM generate_series(1, 1000000) AS i`, now.UnixMicro())
	exec(`INSERT INTO countersign_record (tbl, key, grp, state, due, attempt, version)
		VALUES ('ledgersync.link', 'link1', '', 'pending', $1, 0, 1)`, now.UnixMicro()+1)
	exec(create)
	exec("VACUUM ANALYZE countersign_record")
}

func plan(t *testing.T, s *sqlstore.Store, st statement) string {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), "EXPLAIN "+st.query, st.args...)
	require.NoError(t, err, st.query)
	defer func() { require.NoError(t, rows.Close()) }()
	var lines []string
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return strings.Join(lines, "\n")
}
