package sqlite_test

import (
	"path/filepath"
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
	s := open(t, filepath.Join(t.TempDir(), "state.db"), sqlstore.WithTrace(func(query string, args []any) {
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
		for _, line := range plan(t, s, st) {
			require.NotContains(t, line, "SCAN countersign_record", st.query)
			if strings.Contains(line, "SEARCH") && strings.Contains(line, "countersign_record") {
				require.Contains(t, line, "USING", st.query)
			}
			// Counting groups what the index selects, and a union sorts at most
			// the limit of each of its parts.
			if !strings.Contains(st.query, "GROUP BY") && !strings.Contains(st.query, "UNION ALL SELECT * FROM (") {
				require.NotContains(t, line, "TEMP B-TREE", st.query)
			}
		}
	}
}

// fill makes a million records of one table, of which a tenth is due, and one
// of another. The indexes are made afterwards, which is quicker.
func fill(t *testing.T, s *sqlstore.Store, now time.Time) {
	t.Helper()
	conn, err := s.DB().Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), query, args...)
		require.NoError(t, err)
	}
	var drop, create string
	require.NoError(t, conn.QueryRowContext(t.Context(), `SELECT group_concat('DROP INDEX ' || name, ';'), group_concat(sql, ';')
		FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'countersign_record'`).Scan(&drop, &create))
	exec("PRAGMA cache_size = -200000; PRAGMA synchronous = OFF; " + drop)
	exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		INSERT INTO countersign_record (tbl, key, scope, grp, ref, state, due, updated, attempt, version, body)
		SELECT 'ledgersync.file', 'key' || i, 'link' || (i % 3), 'link' || (i % 3) || '/' || (i % 8), 'ref' || i,
			CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'done' END,
			CASE WHEN i % 10 = 0 THEN ?1 - i END, ?1 - i, 0, 1, '{}' FROM n`, now.UnixMicro())
	exec(`INSERT INTO countersign_record (tbl, key, grp, state, due, attempt, version)
		VALUES ('ledgersync.link', 'link1', '', 'pending', ?, 0, 1)`, now.UnixMicro()+1)
	exec(create)
}

func plan(t *testing.T, s *sqlstore.Store, st statement) (lines []string) {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+st.query, st.args...)
	require.NoError(t, err, st.query)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var line string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return lines
}
