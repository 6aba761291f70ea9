package sqldb

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Dialect is a kind of SQL. The zero value is none.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota + 1
	PostgreSQL
)

// String is the dialect's lower-case name, as the folders of migration steps
// are called: "sqlite", "postgresql".
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case PostgreSQL:
		return "postgresql"
	default:
		return fmt.Sprintf("dialect(%d)", int(d))
	}
}

// Valid reports whether d is one of the dialects.
func (d Dialect) Valid() bool { return d == SQLite || d == PostgreSQL }

// Rebind writes the placeholders of a query, each a question mark, the way the
// dialect wants them: $1, $2, … for PostgreSQL. Question marks inside quotes
// stay. It knows no comments: queries of ours hold none.
func (d Dialect) Rebind(query string) string {
	if d != PostgreSQL || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	var quote byte
	n := 0
	for i := range len(query) {
		c := query[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Placeholders is a list of n question marks: "?,?,?".
func Placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?,", n), ",")
}

// Time is a time as it lies in a column: an integer of microseconds since
// 1970 in UTC, NULL for the zero time. Sqldb.Time(t) is an argument,
// (*sqldb.Time)(&t) a destination of Scan.
type Time time.Time

// Value gives the column's value.
func (t Time) Value() (driver.Value, error) {
	if time.Time(t).IsZero() {
		return nil, nil //nolint:nilnil // NULL is a value of its own
	}
	return time.Time(t).UnixMicro(), nil
}

// Scan takes the column's value.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("sqldb: a time column holds %T, want integer", src)
	}
	return nil
}
