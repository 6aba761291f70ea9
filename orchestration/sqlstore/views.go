package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"

	"github.com/countersign/countersign/internal/sqldb"
)

// viewable is a table that a view can be made for: "<flow>.<noun>".
var viewable = regexp.MustCompile(`^([a-z][a-z0-9]{0,30})\.([a-z][a-z0-9_]{0,30})$`)

// createView makes the view of a table as a migration of its own, so that it is
// made once and under the lock. The instance stands between flow and noun in
// the table's name, see orchestration.TableName.
func createView(ctx context.Context, db *sql.DB, d Dialect, table string) error {
	parts := viewable.FindStringSubmatch(table)
	if parts == nil {
		return fmt.Errorf("view of %q: the table's name must be a flow and a noun in lower-case letters and digits", table)
	}
	flow, noun := parts[1], parts[2]
	after := strconv.Itoa(len(flow) + 2)
	length := strconv.Itoa(len(flow) + len(noun) + 2)
	view := `CREATE VIEW ` + flow + `_` + noun + ` AS SELECT
		CASE WHEN tbl = '` + table + `' THEN '' ELSE substr(tbl, ` + after + `, length(tbl) - ` + length + `) END AS instance,
		key, scope, grp AS lane, ref, state, attempt, last_error, ` + viewTime(d, "due") + `, ` + viewTime(d, "updated") + `, body, seq, version
		FROM countersign_record WHERE tbl = '` + table + `' OR tbl LIKE '` + flow + `:%.` + noun + `'`
	return sqldb.Migrate(ctx, db, d, "view "+table, []string{view})
}

// viewTime shows a column of microseconds as a time.
func viewTime(d Dialect, column string) string {
	if d == PostgreSQL {
		return "to_timestamp(" + column + " / 1000000.0) AS " + column
	}
	return "strftime('%Y-%m-%dT%H:%M:%fZ', " + column + " / 1000000.0, 'unixepoch') AS " + column
}
