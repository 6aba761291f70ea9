package orchestration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

// Handlers is what all engines have in common: the handlers and schedules that a
// program sets, its limiters, and how a lane has its turn. It is for those who
// write an engine, which adds when and where a lane has its turn; a program uses
// the engine. Make it with NewHandlers; it is safe for concurrent use.
type Handlers struct {
	store Store
	set   HandlersConfig

	mu        sync.Mutex
	handlers  map[string]Handler
	schedules map[string]schedule
	unstored  []string // schedules whose record is still to be made
	misuse    error
	limiters  map[string]countersign.Limiter
}

// HandlersConfig is what an engine knows for its Handlers. All but Changed must
// be set.
type HandlersConfig struct {
	Clock   func() time.Time
	Backoff func(attempt int) time.Duration // how long a failed lane's records are put off
	Logger  *slog.Logger
	Limiter func(account string, n int, per time.Duration) countersign.Limiter
	Changed func() // called when a handler or schedule was added
}

// NewHandlers gives Handlers without any handler.
func NewHandlers(store Store, cfg HandlersConfig) *Handlers {
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	return &Handlers{
		store: store, set: cfg,
		handlers:  map[string]Handler{},
		schedules: map[string]schedule{},
		limiters:  map[string]countersign.Limiter{},
	}
}

// Handle is Engine.Handle. A table has one handler: a second one is a Misuse.
func (h *Handlers) Handle(table string, handler Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.handlers[table] != nil || table == ScheduleTable || table == "" || handler == nil {
		h.misuse = errors.Join(h.misuse, misuseOf("Handle", table))
		return
	}
	h.handlers[table] = handler
	h.set.Changed()
}

// misuseOf is a call of Handle or Every that can't be meant.
func misuseOf(method, name string) error {
	return &countersign.ConfigError{
		Component: "orchestration", Field: fmt.Sprintf("%s(%q)", method, name),
		Reason: "has no name or function, or was called before",
	}
}

// Misuse is the error of calls of Handle and Every that can't be meant, nil if
// there were none. An engine does not run with it.
func (h *Handlers) Misuse() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.misuse
}

// Limiter is the account's limiter, shared by all who name the account on this
// engine: the first call decides its rate.
func (h *Handlers) Limiter(account string, n int, per time.Duration) countersign.Limiter {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.limiters[account] == nil {
		h.limiters[account] = h.set.Limiter(account, n, per)
	}
	return h.limiters[account]
}

// Lanes are the tables that have a handler, each as a lane without a group, and
// the lanes of the schedules, in order.
func (h *Handlers) Lanes() []Lane {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lanes []Lane
	for table := range h.handlers {
		lanes = append(lanes, Lane{Table: table})
	}
	for name := range h.schedules {
		lanes = append(lanes, Lane{Table: ScheduleTable, Group: name})
	}
	slices.SortFunc(lanes, Lane.Compare)
	return lanes
}

// Has reports whether a lane has a handler.
func (h *Handlers) Has(lane Lane) bool { return h.handler(lane) != nil }

// handler is the lane's handler, nil if it has none.
func (h *Handlers) handler(lane Lane) Handler {
	h.mu.Lock()
	defer h.mu.Unlock()
	if lane.Table != ScheduleTable {
		return h.handlers[lane.Table]
	}
	if _, ok := h.schedules[lane.Group]; ok {
		return h.runSchedule
	}
	return nil
}

// errNoProgress is a handler's failure to move the record that it was called for.
var errNoProgress = errors.New("the handler returned and left its first due record as it was")

// Turn calls the handler of a lane once if a record of it is due, and defers the
// lane's due records when the handler failed: the failure then lies in the
// records. An error says that the store could not do that; the engine then holds the lane back,
// so that nothing spins. A handler that was cut off by ctx has not failed.
func (h *Handlers) Turn(ctx context.Context, lane Lane) error {
	err := h.turn(ctx, lane)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (h *Handlers) turn(ctx context.Context, lane Lane) error {
	handler := h.handler(lane)
	now := h.set.Clock()
	before, err := h.firstDue(ctx, lane, now)
	if err != nil || before == nil || handler == nil {
		return err
	}
	cause := h.call(ctx, lane, handler)
	if cause == nil && !TurnOver(ctx) {
		after, err := h.firstDue(ctx, lane, now)
		if err != nil {
			return err
		}
		if after != nil && after.Key == before.Key && after.Version == before.Version {
			cause = errNoProgress
		}
	}
	if cause == nil || ctx.Err() != nil {
		return nil
	}
	h.set.Logger.WarnContext(ctx, "lane failed", "table", lane.Table, "group", lane.Group, "error", cause)
	return h.Defer(ctx, lane, cause)
}

func (h *Handlers) call(ctx context.Context, lane Lane, handler Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.set.Logger.ErrorContext(ctx, "handler panicked", "table", lane.Table, "group", lane.Group, "stack", string(debug.Stack()))
			err = fmt.Errorf("handler panicked: %v", p)
		}
	}()
	return handler(ctx, lane.Group)
}

// firstDue is the first due record of a lane in Seq order, nil if none is due.
func (h *Handlers) firstDue(ctx context.Context, lane Lane, now time.Time) (*Record, error) {
	for rec, err := range Records(ctx, h.store, dueIn(lane, now)) {
		if err != nil {
			return nil, fmt.Errorf("look for the first due record: %w", err)
		}
		if rec.Group == lane.Group {
			return &rec, nil
		}
	}
	return nil, nil //nolint:nilnil // no record is an answer
}

// dueIn selects the due records of a lane, a page as long as it takes to see one.
func dueIn(lane Lane, now time.Time) Query {
	q := Query{Table: lane.Table, Group: lane.Group, DueBy: now, Limit: 1}
	if lane.Group == "" {
		q.Limit = pageSize // the query also finds the records of named groups
	}
	return q
}

// Due is when a record of the lane is due, as a transaction sees it, if that is
// now or within that time; else it is zero. A record that is due now comes first.
func (h *Handlers) Due(ctx context.Context, tx Tx, lane Lane, within time.Duration) (due time.Time, err error) {
	now := h.set.Clock()
	due, err = dueBy(ctx, tx, lane, now.Add(within))
	if err != nil || !due.After(now) {
		return due, err
	}
	if first, err := dueBy(ctx, tx, lane, now); err != nil || !first.IsZero() {
		return first, err
	}
	return due, nil
}

// dueBy is the Due of a record of the lane that is due by then, zero if none is.
func dueBy(ctx context.Context, tx Tx, lane Lane, by time.Time) (time.Time, error) {
	q := dueIn(lane, by)
	for {
		recs, err := tx.List(ctx, q)
		if err != nil {
			return time.Time{}, err
		}
		if i := slices.IndexFunc(recs, func(r Record) bool { return r.Group == lane.Group }); i >= 0 {
			return recs[i].Due, nil
		}
		if len(recs) < q.Limit {
			return time.Time{}, nil
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}

// Defer puts off all due records of a lane after a failure. A record that is
// being sent keeps its attempt, because the attempt names what was sent.
func (h *Handlers) Defer(ctx context.Context, lane Lane, cause error) error {
	now := h.set.Clock()
	q := Query{Table: lane.Table, Group: lane.Group, DueBy: now, Limit: pageSize}
	for {
		var recs []Record
		err := h.store.Tx(ctx, func(tx Tx) (err error) {
			if recs, err = tx.List(ctx, q); err != nil {
				return err
			}
			for _, rec := range recs {
				if rec.Group != lane.Group {
					continue
				}
				h.deferRecord(&rec, cause, now)
				if err := tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("defer the due records: %w", err)
		}
		if len(recs) < q.Limit {
			return nil
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}

func (h *Handlers) deferRecord(rec *Record, cause error, now time.Time) {
	wait := h.set.Backoff(rec.Attempt + 1)
	if rec.State != StateSending {
		rec.Attempt++
	}
	rec.LastError, rec.Updated = ErrorText(cause), now
	// It must not be due again at once, whatever the backoff says.
	rec.Due = now.Add(max(wait, time.Microsecond))
}
