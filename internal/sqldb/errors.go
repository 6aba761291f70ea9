package sqldb

import (
	"errors"
	"slices"
)

// coder is how SQLite drivers tell their result code.
type coder interface {
	error
	Code() int
}

// stater is how PostgreSQL drivers tell the SQLSTATE.
type stater interface {
	error
	SQLState() string
}

// SQLite result codes, https://www.sqlite.org/rescode.html. The low byte of an
// extended code is its primary code.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteIO         = 10 // also a write past a limit on the size of files, or a quota
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteRowID      = 2579
)

// ErrConflict is a conflict that the database itself did not report, for
// example a version that moved on. IsConflict knows it.
var ErrConflict = errors.New("conflict with another transaction")

// IsConflict reports that another transaction was in the way and the same work
// may succeed when it is done again: a busy or locked SQLite file, a
// serialization failure, a deadlock.
func IsConflict(err error) bool {
	return errors.Is(err, ErrConflict) || primary(err, sqliteBusy, sqliteLocked) || state(err, "40001", "40P01", "55P03")
}

// IsUnique reports that a row with this unique key exists.
func IsUnique(err error) bool {
	if c, ok := errors.AsType[coder](err); ok {
		return slices.Contains([]int{sqlitePrimaryKey, sqliteUnique, sqliteRowID}, c.Code())
	}
	return state(err, "23505")
}

// IsStorage reports that the disk under the database can't take what is written:
// it is full, broken, or may not be written to.
func IsStorage(err error) bool {
	return primary(err, sqliteFull, sqliteIO, sqliteReadOnly, sqliteCantOpen) || state(err, "53100", "58030", "25006")
}

func primary(err error, codes ...int) bool {
	c, ok := errors.AsType[coder](err)
	return ok && slices.Contains(codes, c.Code()&0xff)
}

func state(err error, states ...string) bool {
	s, ok := errors.AsType[stater](err)
	return ok && slices.Contains(states, s.SQLState())
}
