package orchestration

import (
	"context"
	"encoding/json"
	"time"

	"github.com/countersign/countersign"
)

// Record is one row of a Store; see Record.Validate for what it may hold.
type Record struct {
	Table, Key        string    // identity; Table is "<flow>.<noun>", an empty Key takes Seq
	Scope, Group, Ref string    // link, tenant or account · lane: one handler at a time · the other side's id
	State, LastError  string    // pending, sending, uncertain, dead mean the same in every flow
	Due, Updated      time.Time // a record whose Due has come IS the wake-up of its lane; zero: never
	Attempt           int
	Body              json.RawMessage
	Seq, Version      int64 // set by the store; Update compares Version
}

// Query selects records; all that it names must hold.
type Query struct {
	Table, Scope, Group, Ref string // empty: any, but Table
	States                   []string
	DueBy, UpdatedBefore     time.Time
	AfterSeq                 int64 // pages one listing; no tail: commits may land out of Seq order
	Limit                    int   // zero: all
}

// Lane is what one handler works on. Either all records of a table have a Group or none has: a Query for none finds all.
type Lane struct{ Table, Group string }

// Tx is one transaction of a Store; it is for one goroutine and ends with fn.
type Tx interface {
	Get(ctx context.Context, table, key string) (Record, error)        // ErrNoRecord
	Insert(ctx context.Context, recs ...Record) (fresh int, err error) // rows that exist stay as they are
	Update(ctx context.Context, rec Record) error                      // ErrStale when Version moved on
	Delete(ctx context.Context, table string, keys ...string) error
	List(ctx context.Context, q Query) ([]Record, error) // in Seq order
	Count(ctx context.Context, q Query) (map[string]int64, error)
}

// Store keeps records. It is safe for concurrent use.
type Store interface {
	Tx(ctx context.Context, fn func(Tx) error) error // commits on nil; runs fn again on a conflict: fn does no other I/O
	Due(ctx context.Context, by time.Time, limit int) (lanes []Lane, next time.Time, err error)
	OnDue(func([]Lane))                                  // after each commit of this process that left lanes due
	Own(ctx context.Context) (release func(), err error) // the local engine's exclusive hold; ErrOwned
	Close() error
}

// Handler brings one lane forward, see the package's comment.
type Handler func(ctx context.Context, group string) error // an error or panic defers the lane's due rows with backoff
// Engine runs handlers and schedules. It is safe for concurrent use.
type Engine interface {
	Handle(table string, h Handler)
	Every(name string, next func(time.Time) time.Time, h func(context.Context) error) // itself a due record
	Run(ctx context.Context) error                                                    // until ctx ends, then stops within the grace period
	RunUntilIdle(ctx context.Context) error                                           // all that is due now: cron jobs, examples, tests
	Limiter(account string, n int, per time.Duration) countersign.Limiter
}
