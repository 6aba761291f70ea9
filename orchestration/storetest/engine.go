package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// Clock is a clock that the test moves. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at a fixed time.
func NewClock() *Clock { return &Clock{now: at(0)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// RunEngine tests an engine that holds its store alone, as orchestration.Local
// does. Each call of open gives a new, empty store, which
// the suite closes; make gives an engine on it that takes the time from now and
// puts a lane off by a minute for each failure of a record so far.
func RunEngine(t *testing.T, open func(t *testing.T) orchestration.Store, make func(s orchestration.Store, now func() time.Time) orchestration.Engine) {
	t.Helper()
	events := 20_000
	if testing.Short() {
		events = fewEvents
	}
	runEngine(t, open, make, events, engineCase{"OwnsWhileRunning", testOwnsWhileRunning})
}

// RunSharedEngine is RunEngine for an engine of which several work on one store at
// the same time, but never beside a local one.
func RunSharedEngine(t *testing.T, open func(t *testing.T) orchestration.Store, make func(s orchestration.Store, now func() time.Time) orchestration.Engine) {
	t.Helper()
	runEngine(t, open, make, fewEvents, engineCase{"SharesWhileRunning", testSharesWhileRunning})
}

// fewEvents is the size of the race of events against their handlers where time
// counts. An engine of several processes has to race them in several anyway.
const fewEvents = 2_000

type engineCase struct {
	name string
	test func(*testing.T, *rig)
}

func runEngine(t *testing.T, open func(t *testing.T) orchestration.Store, make func(s orchestration.Store, now func() time.Time) orchestration.Engine, events int, holds engineCase) {
	t.Helper()
	for _, c := range []engineCase{
		{"DrainsAll", testDrainsAll},
		{"EmptyGroup", testEmptyGroup},
		{"FutureWaits", testFutureWaits},
		{"Backoff", testBackoff},
		{"Panic", testPanic},
		{"NoProgress", testNoProgress},
		{"TurnOver", testTurnOver},
		{"FailedLaneHindersNoOther", testFailedLaneHindersNoOther},
		{"SendingKeepsAttempt", testSendingKeepsAttempt},
		{"Schedule", testSchedule},
		{"ScheduleFails", testScheduleFails},
		{"ScheduleAcrossEngines", testScheduleAcrossEngines},
		holds,
		{"Misuse", testMisuse},
		{"Limiter", testLimiter},
		{"LostWakeUps", testLostWakeUps},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { ok(t, s.Close()) })
			clock := NewClock()
			c.test(t, &rig{Store: s, clock: clock, events: events, make: make, Engine: make(s, clock.Now)})
		})
	}
}

// rig is a store, an engine on it and its clock.
type rig struct {
	orchestration.Store
	orchestration.Engine
	clock  *Clock
	events int // of the race
	make   func(s orchestration.Store, now func() time.Time) orchestration.Engine
}

// done is the handler's work of the cases: it clears the Due of up to n due
// records and counts each in Attempt.
func (r *rig) done(ctx context.Context, group string, n int) error {
	return r.Tx(ctx, func(tx orchestration.Tx) error {
		recs, err := tx.List(ctx, orchestration.Query{Table: table, Group: group, DueBy: r.clock.Now(), Limit: n})
		for _, rec := range recs {
			rec.State, rec.Due = "done", time.Time{}
			rec.Attempt++
			if err = tx.Update(ctx, rec); err != nil {
				return err
			}
		}
		return err
	})
}

func (r *rig) insert(t *testing.T, n int, groups ...string) {
	t.Helper()
	var recs []orchestration.Record
	for i := range n {
		for _, group := range groups {
			recs = append(recs, rec(fmt.Sprintf("%s%d", group, i), func(rec *orchestration.Record) { rec.Group, rec.Due = group, r.clock.Now() }))
		}
	}
	insert(t, r.Store, recs...)
}

func (r *rig) states(t *testing.T) (counts map[string]int64) {
	t.Helper()
	inTx(t, r.Store, func(tx orchestration.Tx) (err error) {
		counts, err = tx.Count(t.Context(), orchestration.Query{Table: table})
		return err
	})
	return counts
}

func (r *rig) idle(t *testing.T) {
	t.Helper()
	ok(t, r.RunUntilIdle(t.Context()))
}

func testDrainsAll(t *testing.T, r *rig) {
	r.insert(t, 10, "a", "b", "c", "d")
	insert(t, r.Store, orchestration.Record{Table: "storetest.unhandled", Key: "x", Group: "x", Due: r.clock.Now()})
	r.Handle(table, func(ctx context.Context, group string) error { return r.done(ctx, group, 3) })
	r.idle(t)
	equal(t, map[string]int64{"done": 40}, r.states(t))
	for i := range 10 {
		equal(t, 1, get(t, r.Store, fmt.Sprintf("a%d", i)).Attempt)
	}
}

// The empty group is a lane like any other, in a table that has no other.
func testEmptyGroup(t *testing.T, r *rig) {
	r.insert(t, 10, "")
	r.Handle(table, func(ctx context.Context, group string) error { return r.done(ctx, group, 3) })
	r.idle(t)
	equal(t, map[string]int64{"done": 10}, r.states(t))
}

func testFutureWaits(t *testing.T, r *rig) {
	insert(t, r.Store, rec("a", func(rec *orchestration.Record) { rec.Group, rec.Due = "g", r.clock.Now().Add(time.Minute) }))
	r.Handle(table, func(ctx context.Context, group string) error { return r.done(ctx, group, 10) })
	r.idle(t)
	equal(t, orchestration.StatePending, get(t, r.Store, "a").State)
	r.clock.Move(time.Minute)
	r.idle(t)
	equal(t, "done", get(t, r.Store, "a").State)
}

func testBackoff(t *testing.T, r *rig) {
	r.insert(t, 300, "g")
	insert(t, r.Store, rec("later", func(rec *orchestration.Record) { rec.Group, rec.Due = "g", r.clock.Now().Add(time.Hour) }))
	var calls atomic.Int32
	fail := true
	r.Handle(table, func(ctx context.Context, group string) error {
		calls.Add(1)
		if fail {
			return errors.New("it \x00 failed")
		}
		return r.done(ctx, group, 1000)
	})
	for attempt := 1; attempt <= 3; attempt++ {
		r.idle(t)
		equal(t, int32(attempt), calls.Load())
		for _, key := range []string{"g0", "g299"} {
			got := get(t, r.Store, key)
			equal(t, attempt, got.Attempt)
			equal(t, "it \uFFFD failed", got.LastError)
			equal(t, r.clock.Now().Add(time.Duration(attempt)*time.Minute), got.Due)
			equal(t, orchestration.StatePending, got.State)
		}
		r.idle(t) // nothing is due
		equal(t, int32(attempt), calls.Load())
		r.clock.Move(time.Duration(attempt) * time.Minute)
	}
	equal(t, 0, get(t, r.Store, "later").Attempt)
	fail = false
	r.idle(t)
	equal(t, map[string]int64{"done": 300, "pending": 1}, r.states(t))
}

func testPanic(t *testing.T, r *rig) {
	r.insert(t, 1, "bad", "good")
	r.Handle(table, func(ctx context.Context, group string) error {
		if group == "bad" {
			panic("out of order")
		}
		return r.done(ctx, group, 10)
	})
	r.idle(t)
	got := get(t, r.Store, "bad0")
	equal(t, 1, got.Attempt)
	equal(t, "handler panicked: out of order", got.LastError)
	equal(t, "done", get(t, r.Store, "good0").State)
}

// A handler that returns without having moved its record does not spin.
func testNoProgress(t *testing.T, r *rig) {
	r.insert(t, 2, "g")
	var calls atomic.Int32
	r.Handle(table, func(context.Context, string) error { calls.Add(1); return nil })
	r.idle(t)
	equal(t, int32(1), calls.Load())
	got := get(t, r.Store, "g0")
	equal(t, 1, got.Attempt)
	if got.LastError == "" || !got.Due.After(r.clock.Now()) {
		t.Fatalf("the record does not tell: %+v", got)
	}
}

func testFailedLaneHindersNoOther(t *testing.T, r *rig) {
	var groups []string
	for i := range 40 {
		groups = append(groups, fmt.Sprintf("%02d", i))
	}
	r.insert(t, 20, groups...)
	r.Handle(table, func(ctx context.Context, group string) error {
		if group < "30" {
			return errors.New("failed")
		}
		return r.done(ctx, group, 7)
	})
	r.idle(t)
	equal(t, map[string]int64{"done": 200, "pending": 600}, r.states(t))
}

func testSendingKeepsAttempt(t *testing.T, r *rig) {
	insert(t, r.Store, rec("a", func(rec *orchestration.Record) {
		rec.Group, rec.Due, rec.State, rec.Attempt = "g", r.clock.Now(), orchestration.StateSending, 4
	}))
	r.Handle(table, func(context.Context, string) error { return errors.New("failed") })
	r.idle(t)
	got := get(t, r.Store, "a")
	equal(t, 4, got.Attempt)
	equal(t, "failed", got.LastError)
	if !got.Due.After(r.clock.Now()) {
		t.Fatal("the record was not put off")
	}
}

func testSchedule(t *testing.T, r *rig) {
	var ran []time.Time
	r.Every("daily", orchestration.Daily(10, 0, time.UTC), func(context.Context) error {
		ran = append(ran, r.clock.Now())
		return nil
	})
	r.idle(t) // it is 09:00
	equal(t, 0, len(ran))
	r.clock.Move(time.Hour)
	r.idle(t)
	r.idle(t)
	equal(t, []time.Time{at(60)}, ran)
	// Five runs are missed and caught up once.
	r.clock.Move(5*24*time.Hour + time.Hour)
	r.idle(t)
	r.idle(t)
	equal(t, 2, len(ran))
	r.clock.Move(22 * time.Hour)
	r.idle(t)
	equal(t, 2, len(ran))
	r.clock.Move(time.Hour)
	r.idle(t)
	equal(t, 3, len(ran))
}

func testScheduleFails(t *testing.T, r *rig) {
	var calls int
	r.Every("hourly", orchestration.Interval(time.Hour), func(context.Context) error {
		if calls++; calls == 1 {
			return errors.New("failed")
		}
		return nil
	})
	r.clock.Move(0)
	r.idle(t)
	r.clock.Move(time.Hour)
	r.idle(t)
	r.idle(t)
	equal(t, 1, calls)
	r.clock.Move(time.Minute) // the backoff
	r.idle(t)
	equal(t, 2, calls)
	r.clock.Move(59 * time.Minute)
	r.idle(t)
	equal(t, 2, calls)
	r.clock.Move(time.Minute)
	r.idle(t)
	equal(t, 3, calls)
}

// A schedule lies in the store: the next program catches up what was missed,
// and starting a program again and again does not put it off.
func testScheduleAcrossEngines(t *testing.T, r *rig) {
	var calls int
	every := func(e orchestration.Engine, name string) {
		e.Every(name, orchestration.Interval(time.Hour), func(context.Context) error { calls++; return nil })
	}
	every(r.Engine, "hourly")
	r.idle(t)
	for range 3 {
		r.clock.Move(25 * time.Minute)
		e := r.make(r.Store, r.clock.Now)
		every(e, "hourly")
		ok(t, e.RunUntilIdle(t.Context()))
	}
	equal(t, 1, calls)
	// An engine that does not know the schedule leaves it.
	r.clock.Move(5 * time.Hour)
	e := r.make(r.Store, r.clock.Now)
	every(e, "other")
	ok(t, e.RunUntilIdle(t.Context()))
	equal(t, 1, calls)
	r.idle(t)
	equal(t, 2, calls)
}

func testOwnsWhileRunning(t *testing.T, r *rig) {
	r.insert(t, 1, "g")
	r.Handle(table, func(ctx context.Context, group string) error {
		other := r.make(r.Store, r.clock.Now)
		if err := other.RunUntilIdle(ctx); !errors.Is(err, orchestration.ErrOwned) {
			t.Errorf("a second engine gets %v", err)
		}
		return r.done(ctx, group, 1)
	})
	r.idle(t)
	equal(t, "done", get(t, r.Store, "g0").State)
	release, err := r.Own(t.Context())
	ok(t, err)
	release()
}

func testSharesWhileRunning(t *testing.T, r *rig) {
	r.insert(t, 1, "a", "b")
	handle := func(e orchestration.Engine, h orchestration.Handler) { e.Handle(table, h) }
	second := r.make(r.Store, r.clock.Now)
	handle(second, func(ctx context.Context, group string) error { return r.done(ctx, group, 1) })
	local := orchestration.NewLocal(r.Store, orchestration.WithClock(r.clock.Now))
	handle(r.Engine, func(ctx context.Context, group string) error {
		if err := local.RunUntilIdle(ctx); !errors.Is(err, orchestration.ErrOwned) {
			t.Errorf("a local engine beside it gets %v", err)
		}
		if err := r.done(ctx, group, 1); err != nil {
			return err
		}
		insert(t, r.Store, rec("c", func(rec *orchestration.Record) { rec.Group, rec.Due = "c", r.clock.Now() })) //nolint:contextcheck // the test has its own
		return nil
	})
	r.idle(t)
	ok(t, second.RunUntilIdle(t.Context()))
	equal(t, map[string]int64{"done": 3}, r.states(t))
	release, err := r.Own(t.Context())
	ok(t, err)
	defer release()
	wantErr(t, r.RunUntilIdle(t.Context()), orchestration.ErrOwned)
}

// A handler that is told to stop returns without having moved anything, and no
// record counts that as a failure.
func testTurnOver(t *testing.T, r *rig) {
	r.insert(t, 1, "g")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Handle(table, func(ctx context.Context, _ string) error {
		if orchestration.TurnOver(ctx) {
			t.Error("the turn is over before it began")
		}
		cancel()
		if !orchestration.TurnOver(ctx) {
			t.Error("the engine stops, and the turn goes on")
		}
		return ctx.Err()
	})
	wantErr(t, r.RunUntilIdle(ctx), context.Canceled)
	equal(t, 0, get(t, r.Store, "g0").Attempt)
	equal(t, "", get(t, r.Store, "g0").LastError)
}

func testMisuse(t *testing.T, r *rig) {
	h := func(context.Context, string) error { return nil }
	r.Handle(table, h)
	r.Handle(table, h)
	if err := r.RunUntilIdle(t.Context()); err == nil {
		t.Fatal("two handlers of one table are taken")
	}
}

func testLimiter(t *testing.T, r *rig) {
	l := r.Limiter("account", 10, time.Hour)
	if l != r.Limiter("account", 10, time.Hour) {
		t.Fatal("an account has two limiters")
	}
	ok(t, l.Wait(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l.Wait(ctx) == nil {
		t.Fatal("a limiter does not heed its context")
	}
	ok(t, r.Limiter("other", 1, time.Hour).Wait(t.Context()))
}
