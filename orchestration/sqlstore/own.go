package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// engineLock is the class of the PostgreSQL advisory lock that an engine holds;
// the second half of its key is the schema, because each has a store of its own.
const engineLock = 0x6373 // "cs"

// Own takes the exclusive hold of the local engine: within the process, under
// PostgreSQL by a session's advisory lock also across processes, and by
// whatever WithOwn adds. Its error is ErrOwned when another engine has it. A
// hold across processes ends with its process, and under PostgreSQL with its
// connection: Due, which an engine asks before it gives work to handlers, then
// takes it again, or fails with ErrOwned when another engine was quicker. What the
// handlers of both do meanwhile, the records' versions keep safe.
func (s *Store) Own(ctx context.Context) (release func(), err error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if !s.owned.CompareAndSwap(false, true) {
		return nil, owned(alone)
	}
	releases := []func(){func() { s.owned.Store(false) }}
	release = sync.OnceFunc(func() {
		for i := len(releases) - 1; i >= 0; i-- {
			releases[i]()
		}
	})
	for _, own := range []func(context.Context) (func(), error){s.advisoryLock, s.set.own} {
		if own == nil {
			continue
		}
		r, err := own(ctx)
		if err != nil {
			release()
			return nil, err
		}
		releases = append(releases, r)
	}
	return release, nil
}

// owned is the error of an engine that wants a hold of that kind and finds the
// store held.
func owned(kind string) error {
	way := "one process at a time runs the local engine; several share the work with the engine of orchestration/riverengine, on PostgreSQL: see docs/scaling.md"
	if kind == shared {
		way = "a local engine runs on this database; stop it first, then every process runs the engine of orchestration/riverengine"
	}
	return fmt.Errorf("sqlstore: %w; %s", orchestration.ErrOwned, way)
}

// Share takes the hold of an engine that runs in several processes: any number
// of them have it together, while Own has it alone. It is for PostgreSQL; its
// error is ErrOwned when a local engine holds the store. A hold that is lost with
// its connection is taken again as that of Own.
func (s *Store) Share(ctx context.Context) (release func(), err error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if s.dialect != PostgreSQL {
		return nil, fmt.Errorf("share the store: not possible with %s", s.dialect)
	}
	return s.lock(ctx, shared)
}

func (s *Store) advisoryLock(ctx context.Context) (release func(), err error) {
	if s.dialect != PostgreSQL {
		return func() {}, nil
	}
	return s.lock(ctx, alone)
}

// lock takes PostgreSQL's advisory lock of an engine, of its own or shared.
func (s *Store) lock(ctx context.Context, kind string) (release func(), err error) {
	h := &hold{db: s.db, kind: kind}
	if err := h.take(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds = append(s.holds, h)
	return func() {
		s.mu.Lock()
		s.holds = slices.DeleteFunc(s.holds, func(other *hold) bool { return other == h })
		s.mu.Unlock()
		h.release()
	}, nil
}

// keepHolds takes the holds again that were lost with their connections. Its error
// is ErrOwned where another engine was quicker.
func (s *Store) keepHolds(ctx context.Context) error {
	s.mu.Lock()
	holds := slices.Clone(s.holds)
	s.mu.Unlock()
	for _, h := range holds {
		if err := h.keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// The kinds of a hold, as PostgreSQL's functions are called.
const (
	alone  = ""
	shared = "_shared"
)

// holdTime bounds what is done with the connection of a hold, since it may lead
// nowhere.
const holdTime = 5 * time.Second

// hold is an advisory lock on a connection of its own: it belongs to the session.
type hold struct {
	db   *sql.DB
	kind string

	mu       sync.Mutex
	conn     *sql.Conn // nil: lost
	released bool
}

// take takes the lock. The mutex is held, or nobody else has the hold yet.
func (h *hold) take(ctx context.Context) error {
	conn, err := h.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("hold the store: %w", err)
	}
	var got bool
	row := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock"+h.kind+"($1, hashtext(current_schema()))", engineLock)
	if err := row.Scan(&got); err != nil || !got {
		_ = conn.Close()
		if err == nil {
			return owned(h.kind)
		}
		return fmt.Errorf("hold the store: %w", err)
	}
	h.conn = conn
	return nil
}

// keep takes the lock again when its connection is lost.
func (h *hold) keep(ctx context.Context) error {
	// A caller that gives up in between must not cost the connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdTime)
	defer cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released || h.conn != nil && h.conn.PingContext(ctx) == nil {
		return nil
	}
	if h.conn != nil {
		_ = h.conn.Close()
		h.conn = nil
	}
	if err := h.take(ctx); err != nil {
		return fmt.Errorf("the connection that held the store was lost: %w", err)
	}
	return nil
}

func (h *hold) release() {
	ctx, cancel := context.WithTimeout(context.Background(), holdTime)
	defer cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = true
	if h.conn == nil {
		return
	}
	// Where the connection is lost, so is the lock.
	_, _ = h.conn.ExecContext(ctx, "SELECT pg_advisory_unlock"+h.kind+"($1, hashtext(current_schema()))", engineLock)
	_ = h.conn.Close()
}
