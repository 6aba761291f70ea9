package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"github.com/countersign/countersign/internal/sqldb"
)

// maxGroup bounds how many transactions share a commit, and with it how long
// the first of them waits.
const maxGroup = 256

// group commits transactions of SQLite together. A file has one writer at a
// time, and flushing the disk is the dear part of a commit; so a transaction
// that sees another one waiting leaves the commit to it, and the last in line
// commits for all. Each runs in the goroutine of its caller, inside a savepoint
// of the common transaction, so one that fails undoes its own work only.
type group struct {
	db      *sql.DB
	waiting atomic.Int32  // callers that will have their turn next
	turn    chan struct{} // holds one item while somebody has the turn
	writer  *writer       // kept from one common transaction to the next; nil: to be made
	batch   *batch        // the open common transaction; nil if none is
	closed  bool
}

type batch struct {
	conn *writer
	size int
	done chan struct{} // closed when the commit is over
	err  error         // why it failed, set before done is closed
}

// tx runs fn in the common transaction and returns when that is committed.
func (g *group) tx(ctx context.Context, fn func(sqldb.Querier) error) error {
	b, err := g.join(ctx, fn)
	if b == nil || err != nil {
		return err
	}
	<-b.done
	if b.err != nil {
		return fmt.Errorf("commit transaction: %w", b.err)
	}
	return nil
}

// join runs fn as the writer. It also settles whether the common transaction
// goes on: whoever waited counted on it, so this happens however fn ends.
func (g *group) join(ctx context.Context, fn func(sqldb.Querier) error) (b *batch, err error) {
	if err := g.enter(ctx); err != nil {
		return nil, err
	}
	defer g.leave()
	defer g.settle() //nolint:contextcheck // the commit is one of several callers
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g.batch == nil {
		if g.batch, err = g.begin(ctx); err != nil {
			return nil, err
		}
	}
	b = g.batch
	b.size++
	return b, b.run(ctx, fn)
}

// enter waits for the caller's turn, or for the end of its context.
func (g *group) enter(ctx context.Context) error {
	g.waiting.Add(1)
	select {
	case g.turn <- struct{}{}:
		g.waiting.Add(-1)
		return nil
	case <-ctx.Done():
	}
	// Somebody may have left the commit to this caller, so its turn still comes.
	go func() { //nolint:contextcheck // the commit is one of several callers
		g.turn <- struct{}{}
		g.waiting.Add(-1)
		g.settle()
		g.leave()
	}()
	return ctx.Err()
}

func (g *group) leave() { <-g.turn }

// begin opens the common transaction. It belongs to several callers, so no
// caller's context ends it: SQLite would undo the work of all.
func (g *group) begin(ctx context.Context) (*batch, error) {
	ctx = context.WithoutCancel(ctx)
	if g.closed {
		return nil, ErrClosed
	}
	if g.writer == nil {
		conn, err := g.db.Conn(ctx)
		if err != nil {
			return nil, fmt.Errorf("begin transaction: %w", err)
		}
		g.writer = &writer{conn: conn, stmts: map[string]*sql.Stmt{}}
	}
	if _, err := g.writer.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		g.drop()
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	return &batch{conn: g.writer, done: make(chan struct{})}, nil
}

// drop gives the connection back, so that the next transaction has a sound one.
func (g *group) drop() {
	if g.writer != nil {
		g.writer.close()
		g.writer = nil
	}
}

// close ends the group when the transactions at work are done.
func (g *group) close() {
	g.turn <- struct{}{}
	defer g.leave()
	g.closed = true
	if g.batch == nil { // else whoever waits to join it commits it, and drops
		g.drop()
	}
}

// run runs fn in a savepoint. When the savepoint is lost, because SQLite undid
// the whole transaction (a full disk does that), the batch has failed for all.
func (b *batch) run(ctx context.Context, fn func(sqldb.Querier) error) (err error) {
	ctx = context.WithoutCancel(ctx)
	if _, err := b.conn.ExecContext(ctx, "SAVEPOINT countersign"); err != nil {
		b.err = err
		return err
	}
	finished := false
	defer func() {
		if finished {
			return
		}
		// Fn failed, panicked or left its goroutine.
		if _, back := b.conn.ExecContext(ctx, "ROLLBACK TO countersign"); back != nil {
			b.err = back
			if err != nil {
				b.err = err
			}
			return
		}
		if _, release := b.conn.ExecContext(ctx, "RELEASE countersign"); release != nil {
			b.err = release
		}
	}()
	if err := fn(b.conn); err != nil {
		return err
	}
	finished = true
	if _, err := b.conn.ExecContext(ctx, "RELEASE countersign"); err != nil {
		b.err = err
		return err
	}
	return nil
}

// settle ends the common transaction unless another caller waits to join it.
func (g *group) settle() {
	b := g.batch
	if b == nil || b.err == nil && g.waiting.Load() > 0 && b.size < maxGroup {
		return
	}
	g.batch = nil
	ctx := context.Background()
	if b.err == nil {
		_, b.err = b.conn.ExecContext(ctx, "COMMIT")
	}
	if b.err != nil {
		// Where SQLite has undone it already, this changes nothing.
		_, _ = b.conn.ExecContext(ctx, "ROLLBACK")
	}
	if b.err != nil || g.closed {
		g.drop()
	}
	close(b.done)
}
