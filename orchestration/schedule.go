package orchestration

import (
	"context"
	"errors"
	"time"
)

// ScheduleTable is the table of the schedules that Engine.Every sets. A
// schedule's key and group are its name, and its Due is the next run.
const ScheduleTable = "orchestration.schedule"

type schedule struct {
	next func(time.Time) time.Time
	run  func(context.Context) error
}

// Every is Engine.Every: it calls run at the times that next gives, each computed
// from the time at which the run before it ended; a zero time ends the schedule.
// The name is the schedule's identity in the store: after a pause of the program,
// however many runs it missed, it is called once, at once. A failed run is repeated
// with backoff, and one that ends with ErrTurnOver goes on at once in another turn.
// A name has one schedule: a second one is a Misuse.
func (h *Handlers) Every(name string, next func(time.Time) time.Time, run func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, exists := h.schedules[name]; exists || name == "" || next == nil || run == nil {
		h.misuse = errors.Join(h.misuse, misuseOf("Every", name))
		return
	}
	h.schedules[name] = schedule{next: next, run: run}
	h.unstored = append(h.unstored, name)
	h.set.Changed()
}

// StoreSchedules makes the records of new schedules. One that exists keeps its
// Due, so that a run that was missed is caught up; but when the program now
// asks for an earlier run, that counts.
func (h *Handlers) StoreSchedules(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.unstored) > 0 {
		if err := h.storeSchedule(ctx, h.unstored[0]); err != nil {
			return err
		}
		h.unstored = h.unstored[1:]
	}
	return nil
}

func (h *Handlers) storeSchedule(ctx context.Context, name string) error {
	now := h.set.Clock()
	rec := Record{
		Table: ScheduleTable, Key: name, Group: name, State: StatePending,
		Due: h.schedules[name].next(now), Updated: now,
	}
	return h.store.Tx(ctx, func(tx Tx) error {
		fresh, err := tx.Insert(ctx, rec)
		if err != nil || fresh == 1 {
			return err
		}
		was, err := tx.Get(ctx, ScheduleTable, name)
		if err != nil {
			return err
		}
		if rec.Due.IsZero() || !was.Due.IsZero() && !rec.Due.Before(was.Due) {
			return nil
		}
		was.Due, was.Updated = rec.Due, now
		return tx.Update(ctx, was)
	})
}

// runSchedule is the handler of a schedule's lane.
func (h *Handlers) runSchedule(ctx context.Context, name string) error {
	h.mu.Lock()
	s := h.schedules[name]
	h.mu.Unlock()
	if err := s.run(ctx); err != nil {
		return err
	}
	return h.store.Tx(ctx, func(tx Tx) error {
		rec, err := tx.Get(ctx, ScheduleTable, name)
		if err != nil {
			return err
		}
		now := h.set.Clock()
		rec.Due, rec.Updated = s.next(now), now
		rec.Attempt, rec.LastError = 0, ""
		return tx.Update(ctx, rec)
	})
}

// Interval is a schedule for Engine.Every: d after the run before.
func Interval(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Add(d) }
}

// Daily is a schedule for Engine.Every: once a day at that time of the clock
// on the wall in loc. Where summer time skips that time, the day's run is up
// to an hour off; where it comes twice, the day has one run.
func Daily(hour, minute int, loc *time.Location) func(time.Time) time.Time {
	return func(t time.Time) time.Time {
		local := t.In(loc)
		for days := 0; ; days++ {
			next := time.Date(local.Year(), local.Month(), local.Day()+days, hour, minute, 0, 0, loc)
			if next.After(t) {
				return next
			}
		}
	}
}
