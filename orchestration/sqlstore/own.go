package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/countersign/countersign/orchestration"
)

// engineLock is the class of the PostgreSQL advisory lock that an engine holds;
// the second half of its key is the schema, because each has a store of its own.
const engineLock = 0x6373 // "cs"

// Own takes the exclusive hold of the local engine: within the process, under
// PostgreSQL by a session's advisory lock also across processes, and by
// whatever WithOwn adds. Its error is ErrOwned when another engine has it. A
// hold across processes ends with its process, and under PostgreSQL with its
// connection: so it keeps engines apart, while versions keep records safe.
func (s *Store) Own(ctx context.Context) (release func(), err error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if !s.owned.CompareAndSwap(false, true) {
		return nil, owned()
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

func owned() error {
	return fmt.Errorf("sqlstore: %w; one process at a time runs the local engine; several share the work with the engine of orchestration/riverengine, on PostgreSQL: see docs/scaling.md", orchestration.ErrOwned)
}

// Share takes the hold of an engine that runs in several processes: any number
// of them have it together, while Own has it alone. It is for PostgreSQL; its
// error is ErrOwned when a local engine holds the store.
func (s *Store) Share(ctx context.Context) (release func(), err error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if s.dialect != PostgreSQL {
		return nil, fmt.Errorf("share the store: not possible with %s", s.dialect)
	}
	release, err = s.lock(ctx, "_shared")
	if errors.Is(err, orchestration.ErrOwned) {
		return nil, fmt.Errorf("sqlstore: %w: a local engine runs on this database; stop it first, then every process runs the engine of orchestration/riverengine",
			orchestration.ErrOwned)
	}
	return release, err
}

func (s *Store) advisoryLock(ctx context.Context) (release func(), err error) {
	if s.dialect != PostgreSQL {
		return func() {}, nil
	}
	return s.lock(ctx, "")
}

// lock takes PostgreSQL's advisory lock of an engine, of its own or shared.
func (s *Store) lock(ctx context.Context, kind string) (release func(), err error) {
	// The lock belongs to the session, so the connection is kept until then.
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the store: %w", err)
	}
	var got bool
	row := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock"+kind+"($1, hashtext(current_schema()))", engineLock)
	if err := row.Scan(&got); err != nil || !got {
		_ = conn.Close()
		if err == nil {
			return nil, owned()
		}
		return nil, fmt.Errorf("hold the store: %w", err)
	}
	return func() {
		// Where the connection is lost, so is the lock.
		_, _ = conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock"+kind+"($1, hashtext(current_schema()))", engineLock)
		_ = conn.Close()
	}, nil
}
