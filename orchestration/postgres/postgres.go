package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/countersign/countersign/orchestration/sqlstore"
)

// maxConns bounds the connections of one store. An engine needs one for its
// hold and one for each handler at a time.
const maxConns = 16

// Open connects to a database and opens the store in it, in the first schema of
// its search path. The dsn is a URL or a list of key=value, as pgx reads it.
// Close closes the connections. No error of Open holds the password.
func Open(ctx context.Context, dsn string, opts ...sqlstore.Option) (*sqlstore.Store, error) {
	db, err := OpenDB(ctx, dsn)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, append([]sqlstore.Option{sqlstore.WithClose(db.Close)}, opts...)...)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return store, nil
}

// OpenDB connects to a database and checks that it answers, for what lies
// beside the records, such as a ledger.
func OpenDB(ctx context.Context, dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's error can quote the dsn.
		return nil, errors.New("postgres: the address of the database can't be read: want postgres://user:password@host:port/database")
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		if dsn == "" {
			return nil, fmt.Errorf("postgres: the address of the database is empty, and the server that the environment names (PGHOST) can't be reached: want postgres://user:password@host:port/database: %w", err)
		}
		return nil, fmt.Errorf("postgres: database %q on %s can't be reached: check that it runs and that the user may use it: %w",
			cfg.Database, cfg.Host, err)
	}
	return db, nil
}
