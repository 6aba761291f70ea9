package sqlstore

import (
	"context"
	"database/sql"
)

// maxStatements bounds how many statements a writer keeps compiled. Ours come
// in a few shapes, most often with the same few lengths.
const maxStatements = 128

// writer is the connection that a SQLite store writes on. It keeps statements
// compiled from one transaction to the next, since to compile one costs as much
// as to run it.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// prepared gives the compiled statement of a query, nil where it must run as
// it is.
func (w *writer) prepared(ctx context.Context, query string) *sql.Stmt {
	if s, ok := w.stmts[query]; ok {
		return s
	}
	if len(w.stmts) >= maxStatements {
		return nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it tells the error
	}
	w.stmts[query] = s
	return s
}

// ExecContext runs a statement.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := w.prepared(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return w.conn.ExecContext(ctx, query, args...)
}

// QueryContext runs a query.
func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := w.prepared(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return w.conn.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := w.prepared(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return w.conn.QueryRowContext(ctx, query, args...)
}

// close gives the connection back to the pool.
func (w *writer) close() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
	_ = w.conn.Close()
}
