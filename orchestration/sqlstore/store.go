package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/internal/sqldb"
	"github.com/countersign/countersign/orchestration"
)

// Dialect is the kind of SQL that a database speaks.
type Dialect = sqldb.Dialect

// The dialects.
const (
	SQLite     = sqldb.SQLite
	PostgreSQL = sqldb.PostgreSQL
)

//go:embed migrations
var migrations embed.FS

// Store is an orchestration.Store on a database. Make it with Open; it is safe
// for concurrent use.
type Store struct {
	db      *sql.DB
	dialect Dialect
	set     settings
	group   *group // of SQLite; nil: each transaction commits by itself
	owned   atomic.Bool
	closed  atomic.Bool

	mu    sync.Mutex
	onDue []func([]orchestration.Lane)
	holds []*hold // under PostgreSQL
}

type settings struct {
	views []string
	own   func(ctx context.Context) (release func(), err error)
	close func() error
	trace func(query string, args []any)

	explain func(error) error
	commit  CommitFunc
}

// Option changes one setting of Open.
type Option func(*settings)

// WithViews makes a view for each of these tables, for people who look with
// SQL: table "ledgersync.file" gets view ledgersync_file, which shows the
// records of all instances of the flow, the instance in a column of its own.
// Views that exist stay.
func WithViews(tables ...string) Option {
	return func(s *settings) { s.views = append(s.views, tables...) }
}

// WithOwn adds a hold across processes to Own. PostgreSQL has one already; for
// SQLite, orchestration/sqlite gives a lock on a file. Its error must be
// ErrOwned when another process holds the store.
func WithOwn(own func(ctx context.Context) (release func(), err error)) Option {
	return func(s *settings) { s.own = own }
}

// WithClose is called once when the store is closed. Without it the database
// stays open: it is the caller's.
func WithClose(f func() error) Option { return func(s *settings) { s.close = f } }

// WithTrace is told of each statement before it runs, with its arguments, which
// may be personal data: it is for tests and diagnosis.
func WithTrace(f func(query string, args []any)) Option {
	return func(s *settings) { s.trace = f }
}

// WithExplain has the errors of transactions pass through f, which knows more of
// the database: where it lies, and the way out. F keeps the error inside its
// own, and gives back unchanged what it does not know.
func WithExplain(f func(error) error) Option { return func(s *settings) { s.explain = f } }

// CommitFunc is called inside a transaction that leaves lanes due, now or later,
// after all else and on the transaction's connection: what it writes there commits
// together with the records, and its error undoes both. Due holds for each lane
// the earliest time that the transaction wrote. It may be called again for a
// transaction that runs again; what it returns, if anything, is called after the
// commit, and not at all without one.
type CommitFunc func(ctx context.Context, conn *sql.Conn, due map[orchestration.Lane]time.Time) (committed func(), err error)

// WithCommit has f called in transactions. It is for PostgreSQL alone: Open
// refuses it for SQLite.
func WithCommit(f CommitFunc) Option { return func(s *settings) { s.commit = f } }

// ErrClosed is the answer of a store after Close.
var ErrClosed = errors.New("the store is closed")

// Open brings the schema up to date and gives the store. Under SQLite it keeps
// one of the database's connections, for writing, until Close. Several processes may
// open one database at the same time. A database that a newer program migrated
// is refused.
func Open(ctx context.Context, db *sql.DB, dialect Dialect, opts ...Option) (*Store, error) {
	s := &Store{db: db, dialect: dialect}
	for _, o := range opts {
		o(&s.set)
	}
	if !dialect.Valid() {
		return nil, fmt.Errorf("open store: unknown %s", dialect)
	}
	if dialect == SQLite && db.Stats().MaxOpenConnections == 1 {
		return nil, errors.New("open store: the database allows one connection; the store needs two, one to write and one to read")
	}
	if dialect != PostgreSQL && s.set.commit != nil {
		return nil, fmt.Errorf("open store: WithCommit is not for %s", dialect)
	}
	steps, err := sqldb.Steps(migrations, "migrations/"+dialect.String())
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := sqldb.Migrate(ctx, db, dialect, "sqlstore", steps); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	for _, table := range s.set.views {
		if err := createView(ctx, db, dialect, table); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	if dialect == SQLite {
		s.group = &group{db: db, turn: make(chan struct{}, 1)}
	}
	return s, nil
}

// Tx runs fn in a transaction, and again when another transaction was in the
// way. Fn must use tx alone: a call of the store inside fn can wait for ever.
func (s *Store) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	return s.tx(ctx, s.set.commit != nil, func(t orchestration.Tx, _ *sql.Conn) error { return fn(t) })
}

// TxConn is Tx for PostgreSQL, and gives fn the connection of the transaction too,
// for what its driver alone can do there. Fn neither ends the transaction nor
// keeps the connection.
func (s *Store) TxConn(ctx context.Context, fn func(orchestration.Tx, *sql.Conn) error) error {
	if s.dialect != PostgreSQL {
		return fmt.Errorf("a transaction's connection is not to be had from %s", s.dialect)
	}
	return s.tx(ctx, true, fn)
}

func (s *Store) tx(ctx context.Context, needsConn bool, fn func(orchestration.Tx, *sql.Conn) error) error {
	if s.closed.Load() {
		return ErrClosed
	}
	var last *tx
	var committed func()
	run := func(ctx context.Context, q sqldb.Querier, conn *sql.Conn) (err error) {
		committed = nil
		last = &tx{s: s, q: q, base: ctx, lanes: map[orchestration.Lane]time.Time{}}
		defer last.end()
		if err := last.run(func(t orchestration.Tx) error { return fn(t, conn) }); err != nil {
			return err
		}
		if s.set.commit == nil || len(last.lanes) == 0 {
			return nil
		}
		committed, err = s.set.commit(ctx, conn, last.lanes)
		return err
	}
	var err error
	switch {
	case s.group != nil:
		err = sqldb.Again(ctx, sqldb.IsConflict, func() error {
			return s.group.tx(ctx, func(q sqldb.Querier) error { return run(ctx, q, nil) })
		})
	case needsConn:
		err = sqldb.InTxOnConn(ctx, s.db, func(conn *sql.Conn, q *sql.Tx) error { return run(ctx, q, conn) })
	default:
		err = sqldb.InTx(ctx, s.db, func(q *sql.Tx) error { return run(ctx, q, nil) })
	}
	switch {
	case err == nil:
		if committed != nil {
			committed()
		}
		s.tell(last.lanes)
	case s.set.explain != nil:
		err = s.set.explain(err)
	}
	return err
}

// tell tells the listeners which lanes a commit left due.
func (s *Store) tell(due map[orchestration.Lane]time.Time) {
	if len(due) == 0 {
		return
	}
	lanes := slices.Collect(maps.Keys(due))
	s.mu.Lock()
	listeners := slices.Clone(s.onDue)
	s.mu.Unlock()
	for _, f := range listeners {
		f(slices.Clone(lanes))
	}
}

// OnDue adds a listener. It is called in the goroutine of the transaction and
// must be quick.
func (s *Store) OnDue(f func([]orchestration.Lane)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onDue = append(s.onDue, f)
}

// Close makes the store refuse everything from now on.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.group != nil {
		s.group.close()
	}
	if s.set.close == nil {
		return nil
	}
	return s.set.close()
}

// DB is the database beneath the store, for what lies beside the records, such
// as a ledger. It is the store's to close.
func (s *Store) DB() *sql.DB { return s.db }

// Dialect is the kind of SQL that the database speaks.
func (s *Store) Dialect() Dialect { return s.dialect }
