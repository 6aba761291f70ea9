package ledgersync

import (
	"context"
	"sync"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// meters tell the progress of the registrations, one for each link.
type meters struct {
	mu sync.Mutex
	of map[contractone.ManagementID]*orchestration.Reporter
}

// reporter begins a link's phase with all files that wait, also those that an
// earlier process left. Fresh says that it has just begun.
func (m *meters) reporter(ctx context.Context, f *Flow, id contractone.ManagementID) (r *orchestration.Reporter, fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r = m.of[id]; r != nil {
		return r, false
	}
	var waiting int64
	// A count that can't be had leaves the total to grow; it is only for the eye.
	_ = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		states, err := tx.Count(ctx, orchestration.Query{Table: string(f.files), Scope: string(id)})
		waiting = states[orchestration.StatePending] + states[orchestration.StateSending]
		return err
	})
	r = orchestration.NewReporter("register", waiting, f.cfg.Clock, f.cfg.Progress)
	if m.of == nil {
		m.of = map[contractone.ManagementID]*orchestration.Reporter{}
	}
	m.of[id] = r
	return r, true
}

// begin ends the count of the run before, so that a program that lives long shows
// each run by itself.
func (m *meters) begin(id contractone.ManagementID) {
	m.mu.Lock()
	delete(m.of, id)
	m.mu.Unlock()
}

// grow adds files that were found.
func (m *meters) grow(ctx context.Context, f *Flow, id contractone.ManagementID, files int) {
	if f.cfg.Progress == nil || files == 0 {
		return
	}
	if r, fresh := m.reporter(ctx, f, id); !fresh {
		r.Grow(int64(files))
	}
}

// count counts an attempt at a file. One that was tried before was counted then,
// so it makes the total grow.
func (m *meters) count(ctx context.Context, f *Flow, row fileRow, bytes int64, err error) {
	if f.cfg.Progress == nil {
		return
	}
	r, fresh := m.reporter(ctx, f, contractone.ManagementID(row.Scope))
	if fresh || row.Attempt > 0 {
		r.Grow(1)
	}
	if err != nil {
		r.Fail(err)
		return
	}
	r.Add(1, bytes)
}
