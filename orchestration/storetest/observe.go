package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// seen is an observer that remembers.
type seen struct {
	mu       sync.Mutex
	begun    []orchestration.Lane
	turns    []turn
	waits    []wait
	backlogs map[string]orchestration.Stats
	told     chan struct{} // closed at the first backlog
}

type turn struct {
	lane orchestration.Lane
	took time.Duration
	err  string
}

type wait struct {
	account string
	waited  time.Duration
}

func newSeen() *seen {
	return &seen{backlogs: map[string]orchestration.Stats{}, told: make(chan struct{})}
}

func (s *seen) TurnBegan(lane orchestration.Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = append(s.begun, lane)
}

func (s *seen) TurnEnded(lane orchestration.Lane, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns = append(s.turns, turn{lane, took, orchestration.ErrorText(err)})
}

func (s *seen) RateLimited(account string, waited time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, wait{account, waited})
}

func (s *seen) Backlog(table string, stats orchestration.Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.backlogs) == 0 {
		close(s.told)
	}
	s.backlogs[table] = stats
}

// running are the lanes whose turn has begun and not ended.
func (s *seen) running() []orchestration.Lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := slices.Clone(s.begun)
	for _, turn := range s.turns {
		i := slices.Index(open, turn.lane)
		open = slices.Delete(open, i, i+1)
	}
	return open
}

func (s *seen) backlog(table string) (stats orchestration.Stats, told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats, told = s.backlogs[table]
	return stats, told
}

// testObserver has turns end in each way. One lane is due at a time, so that only
// its handler moves the clock.
func testObserver(t *testing.T, r *rig) {
	s := newSeen()
	e := r.make(r.Store, r.clock.Now, s)
	e.Handle(table, func(ctx context.Context, group string) error {
		lane := orchestration.Lane{Table: table, Group: group}
		if !slices.Equal([]orchestration.Lane{lane}, s.running()) {
			t.Errorf("in the turn of %v the observer knows of %v", lane, s.running())
		}
		r.clock.Move(time.Second)
		switch group {
		case "fails":
			return errors.New("failed")
		case "panics":
			panic("out of order")
		case "rests":
			return nil
		default:
			return r.done(ctx, group, 10)
		}
	})
	e.Every("schedule", orchestration.Interval(time.Hour), func(context.Context) error { return nil })
	for _, group := range []string{"works", "fails", "panics", "rests"} {
		r.insert(t, 2, group)
		ok(t, e.RunUntilIdle(t.Context()))
	}
	r.clock.Move(time.Hour)
	inTx(t, r.Store, func(tx orchestration.Tx) error {
		return tx.Delete(t.Context(), table, "fails0", "fails1", "panics0", "panics1", "rests0", "rests1")
	})
	ok(t, e.RunUntilIdle(t.Context()))
	equal(t, []turn{
		{orchestration.Lane{Table: table, Group: "works"}, time.Second, ""},
		{orchestration.Lane{Table: table, Group: "fails"}, time.Second, "failed"},
		{orchestration.Lane{Table: table, Group: "panics"}, time.Second, "handler panicked: out of order"},
		{orchestration.Lane{Table: table, Group: "rests"}, time.Second, "the handler returned and left its first due record as it was"},
		{orchestration.Lane{Table: orchestration.ScheduleTable, Group: "schedule"}, 0, ""},
	}, s.turns)
	equal(t, []orchestration.Lane{}, s.running())
}

// testObserverSeesBacklog has a handler wait until the backlog was told, so that its
// records are still due, and then looks at what the engine leaves.
func testObserverSeesBacklog(t *testing.T, r *rig) {
	s := newSeen()
	e := r.make(r.Store, r.clock.Now, s)
	insert(t, r.Store,
		rec("later", func(rec *orchestration.Record) { rec.Group, rec.Due = "g", r.clock.Now().Add(-time.Minute) }),
		rec("first", func(rec *orchestration.Record) { rec.Group, rec.Due = "g", r.clock.Now().Add(-time.Hour) }),
		rec("planned", func(rec *orchestration.Record) { rec.Group, rec.Due = "g", r.clock.Now().Add(time.Hour) }),
		rec("given up", func(rec *orchestration.Record) { rec.Group, rec.State = "g", orchestration.StateDead }),
		orchestration.Record{Table: "storetest.unhandled", Key: "x", Group: "x", Due: r.clock.Now()},
	)
	e.Handle(table, func(ctx context.Context, group string) error {
		select {
		case <-s.told:
		case <-ctx.Done():
			return ctx.Err()
		}
		stats, _ := s.backlog(table)
		want := orchestration.Stats{
			States: map[string]int64{orchestration.StatePending: 3, orchestration.StateDead: 1},
			Due:    2, Lag: time.Hour,
		}
		if !reflect.DeepEqual(want, stats) {
			t.Errorf("the backlog is %+v, want %+v", stats, want)
		}
		return r.done(ctx, group, 10)
	})
	ok(t, e.RunUntilIdle(t.Context()))
	stats, _ := s.backlog(table)
	equal(t, orchestration.Stats{States: map[string]int64{orchestration.StatePending: 1, orchestration.StateDead: 1}}, stats)
	if _, told := s.backlog("storetest.unhandled"); told {
		t.Fatal("the backlog of a table without a handler is told")
	}
}

// testObserverSeesWaits waits for a limit that is used up, longer each time, until
// the observer knows of it.
func testObserverSeesWaits(t *testing.T, r *rig) {
	s := newSeen()
	l := r.make(r.Store, r.clock.Now, s).Limiter("account", 1, time.Hour)
	ok(t, l.Wait(t.Context()))
	waited := func() []wait {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.DeleteFunc(slices.Clone(s.waits), func(w wait) bool { return w.waited < 15*time.Millisecond })
	}
	for patience := 20 * time.Millisecond; len(waited()) == 0; patience *= 2 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(patience, cancel)
		if l.Wait(ctx) == nil {
			t.Fatal("the limit lets a second call through")
		}
		timer.Stop()
		cancel()
	}
	equal(t, "account", waited()[0].account)
}

// faulty is an observer that panics.
type faulty struct{}

func (faulty) TurnBegan(orchestration.Lane)                       { panic("began") }
func (faulty) TurnEnded(orchestration.Lane, time.Duration, error) { panic("ended") }
func (faulty) RateLimited(string, time.Duration)                  { panic("limited") }
func (faulty) Backlog(string, orchestration.Stats)                { panic("backlog") }

func testObserverPanics(t *testing.T, r *rig) {
	e := r.make(r.Store, r.clock.Now, faulty{})
	r.insert(t, 3, "a", "b")
	e.Handle(table, func(ctx context.Context, group string) error { return r.done(ctx, group, 2) })
	ok(t, e.RunUntilIdle(t.Context()))
	equal(t, map[string]int64{"done": 6}, r.states(t))
}
