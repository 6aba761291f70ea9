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

// Every calls h at the times that next gives, each computed from the time at
// which the run before it ended; a zero time ends the schedule. The name is the
// schedule's identity in the store: after a pause of the program, however many
// runs it missed, h is called once, at once. A failed run is repeated with
// backoff. A name has one schedule: a second one makes Run fail.
func (l *Local) Every(name string, next func(time.Time) time.Time, h func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, exists := l.schedules[name]; exists || name == "" || next == nil || h == nil {
		l.misuse = errors.Join(l.misuse, misuseOf("Every", name))
		return
	}
	l.schedules[name] = schedule{next: next, run: h}
	l.unstored = append(l.unstored, name)
	l.wake()
}

// storeSchedules makes the records of new schedules. One that exists keeps its
// Due, so that a run that was missed is caught up; but when the program now
// asks for an earlier run, that counts.
func (l *Local) storeSchedules(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.unstored) > 0 {
		if err := l.storeSchedule(ctx, l.unstored[0]); err != nil {
			return err
		}
		l.unstored = l.unstored[1:]
	}
	return nil
}

func (l *Local) storeSchedule(ctx context.Context, name string) error {
	now := l.set.clock()
	rec := Record{
		Table: ScheduleTable, Key: name, Group: name, State: StatePending,
		Due: l.schedules[name].next(now), Updated: now,
	}
	return l.store.Tx(ctx, func(tx Tx) error {
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
func (l *Local) runSchedule(ctx context.Context, name string) error {
	l.mu.Lock()
	s := l.schedules[name]
	l.mu.Unlock()
	if err := s.run(ctx); err != nil {
		return err
	}
	return l.store.Tx(ctx, func(tx Tx) error {
		rec, err := tx.Get(ctx, ScheduleTable, name)
		if err != nil {
			return err
		}
		now := l.set.clock()
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
