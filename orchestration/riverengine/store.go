package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// maxConns bounds the connections of one process where the address does not say
// pool_max_conns: one for each worker, and some for the queue.
const maxConns = 16

// minConns are the connections without which nothing moves: one holds the store for
// the engine, or the lock of a migration, and one is for all else.
const minConns = 2

// abandonAfter has the database end the transaction of a process that was frozen in
// it, unless it has such a limit already: others wait for the rows that it holds, and those of the
// store do nothing but use the database.
const abandonAfter = "SELECT set_config('idle_in_transaction_session_timeout', '30s', false)" +
	" WHERE current_setting('idle_in_transaction_session_timeout') = '0'"

// Store is the store of records in a PostgreSQL database whose transactions also
// insert the jobs that wake the lanes which they leave due. A program that only
// writes records, such as a receiver of webhooks, needs no Engine. Make it with
// Open; it is safe for concurrent use.
type Store struct {
	*sqlstore.Store
	pool   *pgxpool.Pool
	driver *riverpgxv5.Driver
	jobs   *river.Client[pgx.Tx] // inserts jobs

	mu    sync.Mutex
	later []func(due time.Time)
}

// Open connects to a database, brings its schema up to date, River's tables
// included, and opens the store in it, in the first schema of its search path.
// The dsn is a URL or a list of key=value, as pgx reads it; pool_max_conns in it
// bounds the connections (default 16, at least 2). Close closes them. No error of
// Open holds the password.
func Open(ctx context.Context, dsn string, opts ...sqlstore.Option) (*Store, error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool, driver: riverpgxv5.New(pool)}
	if err := s.open(ctx, opts); err != nil {
		pool.Close()
		return nil, fmt.Errorf("riverengine: %w", err)
	}
	return s, nil
}

func connect(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The parser's error can quote the dsn.
		return nil, errors.New("riverengine: the address of the database can't be read: want postgres://user:password@host:port/database")
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = maxConns
	}
	if cfg.MaxConns < minConns {
		return nil, fmt.Errorf("riverengine: pool_max_conns=%d in the address of the database is too few: want at least %d", cfg.MaxConns, minConns)
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, abandonAfter)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err == nil {
		if err = pool.Ping(ctx); err == nil {
			return pool, nil
		}
		pool.Close()
	}
	if dsn == "" {
		return nil, fmt.Errorf("riverengine: the address of the database is empty, and the server that the environment names (PGHOST) can't be reached: want postgres://user:password@host:port/database: %w", err)
	}
	return nil, fmt.Errorf("riverengine: database %q on %s can't be reached: check that it runs and that the user may use it: %w",
		cfg.ConnConfig.Database, cfg.ConnConfig.Host, err)
}

func (s *Store) open(ctx context.Context, opts []sqlstore.Option) error {
	if err := migrate(ctx, s.pool, s.driver); err != nil {
		return err
	}
	var err error
	s.jobs, err = river.NewClient(s.driver, &river.Config{
		Logger: slog.New(slog.DiscardHandler), FetchCooldown: fetchCooldown, SkipUnknownJobCheck: true,
	})
	if err != nil {
		return fmt.Errorf("set up the queue: %w", err)
	}
	db := stdlib.OpenDBFromPool(s.pool)
	closeAll := func() error {
		err := db.Close()
		s.pool.Close()
		return err
	}
	// Ours come last: without them no lane is woken.
	opts = append(slices.Clone(opts), sqlstore.WithClose(closeAll), sqlstore.WithCommit(s.wakeAtCommit))
	s.Store, err = sqlstore.Open(ctx, db, sqlstore.PostgreSQL, opts...)
	if err != nil {
		_ = db.Close()
	}
	return err
}

// wakeAtCommit inserts the jobs of the lanes that a transaction leaves due now.
// Those that it leaves due later get theirs when the time has come: a job that
// waits for its time would make every other wake of its lane wait with it. They
// are told after the commit, since who looks before does not see their records.
func (s *Store) wakeAtCommit(ctx context.Context, conn *sql.Conn, due map[orchestration.Lane]time.Time) (committed func(), err error) {
	now := time.Now()
	var later time.Time
	var lanes []orchestration.Lane
	for lane, at := range due {
		switch {
		case !at.After(now):
			lanes = append(lanes, lane)
		case later.IsZero() || at.Before(later):
			later = at
		}
	}
	if !later.IsZero() {
		committed = func() { s.tellLater(later) }
	}
	return committed, s.wakeOn(ctx, conn, lanes)
}

// onLater adds an engine of this process that wakes lanes in time.
func (s *Store) onLater(f func(due time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = append(s.later, f)
}

func (s *Store) tellLater(due time.Time) {
	s.mu.Lock()
	listeners := slices.Clone(s.later)
	s.mu.Unlock()
	for _, f := range listeners {
		f(due)
	}
}
