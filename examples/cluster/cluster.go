// Package cluster lets several processes of an example work together on one
// PostgreSQL database, each with the engine of orchestration/riverengine.
//
// With a real service all of them are equals, and Exclusive is all that they need:
// what one of them does once, such as going live, the others wait for.
//
// A simulated service lives in one process, so there one is the Host: it runs the
// script of the example, publishes where its services are, and ends when the script
// does. Each other process is a Guest: it connects its clients to the host's
// services, registers the same flow and works whenever the host's engine does. When
// both of them look, and at which time of the simulated clock, is the host's to
// say: so a script moves its clock, and changes the world, while nobody works.
package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// Flags are the part of a command line that names the database. The zero value is
// none.
type Flags struct {
	Database string `help:"Keep the state in this PostgreSQL database, postgres://…, and share the work with every other process that is started on it. An address with a password belongs into DATABASE_URL: command lines are seen by others." env:"DATABASE_URL" placeholder:"URL"`
}

// The classes of the advisory locks; the other half of a lock's key is the schema
// and what is locked.
const (
	hostLock      = 0x6378
	exclusiveLock = 0x6379
)

// lock is a session's advisory lock of the database.
type lock struct {
	conn  *sql.Conn // the lock's session
	class int
	name  string
}

// tryLock takes a lock unless another process has it: then it is nil.
func tryLock(ctx context.Context, store *riverengine.Store, class int, name string) (*lock, error) {
	conn, err := store.DB().Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	var got bool
	err = conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, hashtext(current_schema() || '/' || $2))", class, name).Scan(&got)
	if err != nil || !got {
		_ = conn.Close()
		return nil, err
	}
	return &lock{conn, class, name}, nil
}

// release gives the lock back. Where the connection is lost, so is the lock.
func (l *lock) release() {
	_, _ = l.conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock($1, hashtext(current_schema() || '/' || $2))", l.class, l.name)
	_ = l.conn.Close()
}

// Times of waiting for another process.
const (
	again     = 50 * time.Millisecond // between two looks
	tellAfter = 2 * time.Second       // until a person is told
)

// waiting tells a person once when something takes long.
type waiting struct {
	since time.Time
	told  bool
}

func (w *waiting) pause(ctx context.Context, say func(string), text string) error {
	if w.since.IsZero() {
		w.since = time.Now()
	}
	if !w.told && time.Since(w.since) > tellAfter {
		w.told = true
		say(text)
	}
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Exclusive calls f when no other process on the database is in an f of that name.
// What it does while it waits long, it tells with say.
func Exclusive(ctx context.Context, store *riverengine.Store, name string, say func(string), f func() error) error {
	var w waiting
	for {
		l, err := tryLock(ctx, store, exclusiveLock, name)
		if err != nil {
			return err
		}
		if l != nil {
			defer l.release()
			return f()
		}
		if err := w.pause(ctx, say, "waiting for another process, which does the same at this moment"); err != nil {
			return err
		}
	}
}

// hosts is the table of the hosts. A host's key is the name of its program.
const hosts = orchestration.Table[hostBody]("cluster.host")

// hostBody is what the store keeps of a program's host.
type hostBody struct {
	Run     int    `json:"run"`               // how many hosts there were, with this one
	Machine string `json:"machine,omitempty"` // its name; the services are on its loopback
	Address string `json:"address,omitempty"` // where guests ask; empty: not open yet
	Key     string `json:"key,omitempty"`     // what they show there
}

// change changes the host's record, and makes it when there is none.
func change(ctx context.Context, store *riverengine.Store, name string, f func(*hostBody)) (body hostBody, err error) {
	err = store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := hosts.Get(ctx, tx, name)
		switch {
		case errors.Is(err, orchestration.ErrNoRecord):
			row = orchestration.Row[hostBody]{Record: orchestration.Record{Key: name, State: "host", Updated: time.Now()}}
			f(&row.Value)
			_, err = hosts.Insert(ctx, tx, row)
		case err == nil:
			f(&row.Value)
			row.Updated = time.Now()
			err = hosts.Update(ctx, tx, &row)
		}
		body = row.Value
		return err
	})
	return body, err
}

func read(ctx context.Context, store *riverengine.Store, name string) (body hostBody, err error) {
	err = store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := hosts.Get(ctx, tx, name)
		body = row.Value
		if errors.Is(err, orchestration.ErrNoRecord) {
			return nil
		}
		return err
	})
	return body, err
}

// counted is an engine that counts the turns of its handlers.
type counted struct {
	orchestration.Engine

	turns *atomic.Int64
}

func (e counted) Handle(table string, h orchestration.Handler) {
	e.Engine.Handle(table, func(ctx context.Context, group string) error {
		e.turns.Add(1)
		return h(ctx, group)
	})
}

func (e counted) Every(name string, next func(time.Time) time.Time, h func(context.Context) error) {
	e.Engine.Every(name, next, func(ctx context.Context) error {
		e.turns.Add(1)
		return h(ctx)
	})
}
