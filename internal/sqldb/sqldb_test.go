package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/internal/sqldb"
)

type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprintf("sqlite: %d", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

type pgError string

func (e pgError) Error() string    { return "postgres: " + string(e) }
func (e pgError) SQLState() string { return string(e) }

func TestRebind(t *testing.T) {
	t.Parallel()
	query := `SELECT "a?", '?''?' FROM t WHERE x = ? AND y IN (` + sqldb.Placeholders(2) + `)`
	require.Equal(t, query, sqldb.SQLite.Rebind(query))
	require.Equal(t, `SELECT "a?", '?''?' FROM t WHERE x = $1 AND y IN ($2,$3)`, sqldb.PostgreSQL.Rebind(query))
	require.Empty(t, sqldb.Placeholders(0))
}

func TestDialectNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, "sqlite", sqldb.SQLite.String())
	require.Equal(t, "postgresql", sqldb.PostgreSQL.String())
	require.False(t, sqldb.Dialect(0).Valid())
	require.Error(t, sqldb.Migrate(t.Context(), nil, 0, "x", nil))
}

func TestTimeKeepsMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 9*3600)
	for in, want := range map[time.Time]any{
		{}: nil,
		time.Date(2026, 4, 1, 9, 0, 0, 123456789, zone): time.Date(2026, 4, 1, 0, 0, 0, 123456000, time.UTC).UnixMicro(),
		time.Unix(0, 0): int64(0),
	} {
		got, err := sqldb.Time(in).Value()
		require.NoError(t, err)
		require.Equal(t, want, got)
		var back time.Time
		require.NoError(t, (*sqldb.Time)(&back).Scan(got))
		require.True(t, back.Equal(in.Truncate(time.Microsecond)))
		require.Equal(t, time.UTC, back.Location())
	}
	var back time.Time
	require.Error(t, (*sqldb.Time)(&back).Scan("2026-04-01"))
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	for err, want := range map[error][3]bool{ // conflict, unique, full
		sqliteError(5):         {true, false, false},
		sqliteError(517):       {true, false, false}, // SQLITE_BUSY_SNAPSHOT
		sqliteError(262):       {true, false, false}, // SQLITE_LOCKED_SHAREDCACHE
		sqliteError(2067):      {false, true, false},
		sqliteError(1555):      {false, true, false},
		sqliteError(19):        {false, false, false},
		sqliteError(13):        {false, false, true},
		pgError("40001"):       {true, false, false},
		pgError("40P01"):       {true, false, false},
		pgError("23505"):       {false, true, false},
		pgError("53100"):       {false, false, true},
		errors.New("whatever"): {false, false, false},
	} {
		wrapped := fmt.Errorf("outer: %w", err)
		require.Equal(t, want, [3]bool{sqldb.IsConflict(wrapped), sqldb.IsUnique(wrapped), sqldb.IsStorage(wrapped)}, err.Error())
	}
	require.False(t, sqldb.IsConflict(nil))
}

func TestAgainStopsWhenItHelped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		err := sqldb.Again(t.Context(), sqldb.IsConflict, func() error {
			if runs++; runs < 4 {
				return sqliteError(5)
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 4, runs)
	})
}

func TestAgainGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, runs := time.Now(), 0
		err := sqldb.Again(t.Context(), sqldb.IsConflict, func() error { runs++; return pgError("40001") })
		require.ErrorIs(t, err, pgError("40001"))
		require.Equal(t, 50, runs)
		require.Less(t, time.Since(start), 15*time.Second)

		ctx, cancel := context.WithCancel(t.Context())
		runs = 0
		err = sqldb.Again(ctx, sqldb.IsConflict, func() error { runs++; cancel(); return pgError("40001") })
		require.ErrorIs(t, err, pgError("40001"))
		require.Equal(t, 1, runs)

		other := errors.New("other")
		require.Equal(t, other, sqldb.Again(t.Context(), sqldb.IsConflict, func() error { return other }))
	})
}

func TestStepsAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	steps, err := sqldb.Steps(fstest.MapFS{"m/2_b.sql": file("two"), "m/1_a.sql": file("one")}, "m")
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, steps)
	for _, bad := range []fstest.MapFS{
		{"m/1_a.sql": file("one"), "m/3_b.sql": file("three")},
		{"m/1_a.sql": file("one"), "m/1_b.sql": file("one")},
		{"m/readme.md": file("")},
		{},
	} {
		_, err := sqldb.Steps(bad, "m")
		require.Error(t, err)
	}
}
