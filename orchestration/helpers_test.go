package orchestration_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/storetest"
)

type thing struct {
	Name string `json:"name"`
}

func TestTable(t *testing.T) {
	t.Parallel()
	s := orchestration.NewMemory()
	table := orchestration.Table[thing](things)
	row := func(key, name string) orchestration.Row[thing] {
		return orchestration.Row[thing]{Record: orchestration.Record{Key: key, State: "new"}, Value: thing{name}}
	}
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		fresh, err := table.Insert(t.Context(), tx, row("a", "Ada"), row("b", "Bob"), row("a", "Eve"))
		require.Equal(t, 2, fresh)
		return err
	}))
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		got, err := table.Get(t.Context(), tx, "a")
		require.NoError(t, err)
		require.Equal(t, "Ada", got.Value.Name)
		got.Value.Name = "Adele"
		require.NoError(t, table.Update(t.Context(), tx, &got))
		require.NoError(t, table.Update(t.Context(), tx, &got))
		rows, err := table.List(t.Context(), tx, orchestration.Query{Limit: 1})
		require.Len(t, rows, 1)
		require.Equal(t, "Adele", rows[0].Value.Name)
		return err
	}))
	var names []string
	for row, err := range table.All(t.Context(), s, orchestration.Query{Limit: 1}) {
		require.NoError(t, err)
		names = append(names, row.Value.Name)
	}
	require.Equal(t, []string{"Adele", "Bob"}, names)

	put(t, s, orchestration.Record{Table: things, Key: "wrong", Body: []byte(`{"name":1}`)})
	err := s.Tx(t.Context(), func(tx orchestration.Tx) error { _, err := table.Get(t.Context(), tx, "wrong"); return err })
	require.Error(t, err)
}

func TestJournal(t *testing.T) {
	t.Parallel()
	s, now := orchestration.NewMemory(), storetest.NewClock().Now()
	journal := orchestration.Journal("test.journal")
	first := orchestration.Entry{
		At: now, Who: "test", What: "registered", Why: "first load", Scope: "link", Ref: "M-1",
		IDs: map[string]string{"file": "f1"}, Hashes: map[string]string{"sha256": "00"},
	}
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		return journal.Append(t.Context(), tx, first, orchestration.Entry{At: now, Who: "test", What: "held", Scope: "link"})
	}))
	list := func(scope, ref string, after int64) (out []orchestration.Entry) {
		for e, err := range journal.Entries(t.Context(), s, scope, ref, after) {
			require.NoError(t, err)
			out = append(out, e)
		}
		return out
	}
	all := list("link", "", 0)
	require.Len(t, all, 2)
	first.Seq = all[0].Seq
	require.Equal(t, first, all[0])
	require.Equal(t, all[:1], list("", "M-1", 0))
	require.Equal(t, all[1:], list("", "", first.Seq))
	require.Empty(t, list("other", "", 0))
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	s, clock := orchestration.NewMemory(), storetest.NewClock()
	for _, key := range []string{"a", "b", "c"} {
		put(t, s, orchestration.Record{Table: things, Key: key, State: orchestration.StateDead, Attempt: 8, LastError: "failed"})
	}
	put(t, s, orchestration.Record{Table: things, Key: "alive", State: orchestration.StatePending})
	dead := orchestration.DeadLetters{Store: s, Table: things, Clock: clock.Now}
	list := func() (keys []string) {
		for rec, err := range dead.All(t.Context()) {
			require.NoError(t, err)
			keys = append(keys, rec.Key)
		}
		return keys
	}
	require.Equal(t, []string{"a", "b", "c"}, list())
	require.Error(t, dead.Retry(t.Context(), "a", "alive"))
	require.ErrorIs(t, dead.Retry(t.Context(), "missing"), orchestration.ErrNoRecord)
	require.Len(t, list(), 3)
	require.NoError(t, dead.Retry(t.Context(), "a"))
	a := read(t, s, things, "a")
	require.Equal(t, orchestration.StatePending, a.State)
	require.Equal(t, clock.Now(), a.Due)
	require.Zero(t, a.Attempt)
	require.Equal(t, "failed", a.LastError)
	n, err := dead.RetryAll(t.Context(), "c")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"c"}, list())
}

func TestStatsAndHealth(t *testing.T) {
	t.Parallel()
	s, now := orchestration.NewMemory(), storetest.NewClock().Now()
	waiting, err := orchestration.Health(t.Context(), s, now)
	require.NoError(t, err)
	require.Zero(t, waiting)
	put(t, s,
		orchestration.Record{Table: things, Key: "a", State: "pending", Due: now.Add(-time.Minute)},
		orchestration.Record{Table: things, Key: "b", State: "pending", Due: now.Add(time.Minute)},
		orchestration.Record{Table: things, Key: "c", State: "done"},
		orchestration.Record{Table: "test.other", Key: "a", Due: now.Add(-time.Hour)},
	)
	stats, err := orchestration.StatsOf(t.Context(), s, things, now)
	require.NoError(t, err)
	require.Equal(t, orchestration.Stats{States: map[string]int64{"pending": 2, "done": 1}, Due: 1, Lag: time.Minute}, stats)
	waiting, err = orchestration.Health(t.Context(), s, now)
	require.NoError(t, err)
	require.Equal(t, time.Hour, waiting)
	require.NoError(t, s.Close())
	_, err = orchestration.Health(t.Context(), s, now)
	require.Error(t, err)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	s, now := orchestration.NewMemory(), storetest.NewClock().Now()
	put(t, s,
		orchestration.Record{Table: things, Key: "old", State: "done", Updated: now.Add(-time.Hour)},
		orchestration.Record{Table: things, Key: "due", State: "done", Updated: now.Add(-time.Hour), Due: now},
		orchestration.Record{Table: things, Key: "dead", State: "dead", Updated: now.Add(-time.Hour)},
		orchestration.Record{Table: things, Key: "new", State: "done", Updated: now},
		orchestration.Record{Table: things, Key: "never", State: "done"},
	)
	n, err := orchestration.Purge(t.Context(), s, things, now, "done")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	var left []string
	for rec, err := range orchestration.Records(t.Context(), s, orchestration.Query{Table: things}) {
		require.NoError(t, err)
		left = append(left, rec.Key)
	}
	require.Equal(t, []string{"due", "dead", "new", "never"}, left)
	_, err = orchestration.Purge(t.Context(), s, things, now)
	require.Error(t, err)
	_, err = orchestration.Purge(t.Context(), s, things, time.Time{}, "done")
	require.Error(t, err)
}

func TestCopy(t *testing.T) {
	t.Parallel()
	from, to := orchestration.NewMemory(), orchestration.NewMemory()
	for range 300 {
		put(t, from, orchestration.Record{Table: "test.journal"})
	}
	put(t, from, orchestration.Record{Table: things, Key: "a", Scope: "s", Body: []byte(`1`), Attempt: 3})
	n, err := orchestration.Copy(t.Context(), from, to, things, "test.journal")
	require.NoError(t, err)
	require.Equal(t, 301, n)
	got := read(t, to, things, "a")
	want := read(t, from, things, "a")
	want.Seq = got.Seq
	require.Equal(t, want, got)
	put(t, to, orchestration.Record{Table: "test.journal"}) // its number is free
	_, err = orchestration.Copy(t.Context(), from, to, things)
	require.Error(t, err)
}

func TestProgress(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	var events []orchestration.Event
	r := orchestration.NewReporter("download", 2, clock.Now, func(e orchestration.Event) { events = append(events, e) })
	clock.Move(2 * time.Second)
	r.Add(1, 1000)
	r.Grow(1)
	r.Fail(errors.New("gone"))
	require.Equal(t, []orchestration.Event{
		{Phase: "download", Total: 2},
		{Phase: "download", Done: 1, Total: 2, Bytes: 1000, Rate: 0.5},
		{Phase: "download", Done: 1, Total: 3, Bytes: 1000, Rate: 0.5},
		{Phase: "download", Done: 2, Total: 3, Bytes: 1000, Rate: 1, LastError: "gone"},
	}, events)
	orchestration.NewReporter("none", 0, nil, nil).Add(1, 1)
}

func TestTableNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ledgersync.file", orchestration.TableName("ledgersync", "", "file"))
	require.Equal(t, "ledgersync:north.file", orchestration.TableName("ledgersync", "north", "file"))
	for name, good := range map[string]bool{"": true, "north-2_b": true, "a.b": false, "a:b": false, "Ü": false, strings.Repeat("a", 41): false} {
		require.Equal(t, good, orchestration.CheckInstance(name) == nil, name)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	require.Empty(t, orchestration.ErrorText(nil))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(rapid.Byte(), 0, 1200).Draw(t, "text")) + strings.Repeat("ü", rapid.IntRange(0, 600).Draw(t, "more"))
		got := orchestration.ErrorText(errors.New(text))
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), 1000)
		require.NoError(t, orchestration.Record{Table: things, LastError: got}.Validate())
	})
}

func TestDaily(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		hour, minute int
		from         string
		want         []string
	}{
		"winter":      {9, 30, "2026-01-01T09:30:00+01:00", []string{"2026-01-02T09:30:00+01:00", "2026-01-03T09:30:00+01:00"}},
		"same day":    {9, 30, "2026-01-01T09:29:59+01:00", []string{"2026-01-01T09:30:00+01:00"}},
		"into summer": {9, 0, "2026-03-28T12:00:00+01:00", []string{"2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"}},
		"skipped":     {2, 30, "2026-03-28T12:00:00+01:00", []string{"2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"}},
		"year ends":   {0, 0, "2026-12-31T12:00:00+01:00", []string{"2027-01-01T00:00:00+01:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, c.from)
			require.NoError(t, err)
			next := orchestration.Daily(c.hour, c.minute, berlin)
			for _, want := range c.want {
				at = next(at)
				require.Equal(t, want, at.Format(time.RFC3339))
			}
		})
	}
	// The hour that comes twice has one run.
	at := time.Date(2026, 10, 24, 12, 0, 0, 0, berlin)
	runs := 0
	for next := orchestration.Daily(2, 30, berlin); at.Before(time.Date(2026, 10, 26, 12, 0, 0, 0, berlin)); runs++ {
		at = next(at)
	}
	require.Equal(t, 3, runs)
}

func TestDailyIsAlwaysLater(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Tokyo", "Africa/Cairo", "America/Asuncion", "Pacific/Apia"} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		rapid.Check(t, func(t *rapid.T) {
			at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0)
			next := orchestration.Daily(rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), loc)(at)
			require.True(t, next.After(at))
			require.Less(t, next.Sub(at), 50*time.Hour)
		})
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Second, orchestration.Backoff(0))
	require.Equal(t, time.Second, orchestration.Backoff(1))
	require.Equal(t, 8*time.Second, orchestration.Backoff(4))
	require.Equal(t, time.Hour, orchestration.Backoff(13))
	require.Equal(t, time.Hour, orchestration.Backoff(1000))
}

func TestLimiterKeepsItsRateInEverySpan(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 9, 10, 800} {
		synctest.Test(t, func(t *testing.T) {
			l := orchestration.NewLimiter("a", n, time.Minute)
			var calls []time.Time
			for range 2*n + 1 {
				require.NoError(t, l.Wait(t.Context()))
				calls = append(calls, time.Now())
			}
			for i := range len(calls) - n {
				require.GreaterOrEqual(t, calls[i+n].Sub(calls[i]), time.Minute-time.Millisecond, "%d calls in less than a minute", n+1)
			}
		})
	}
	require.NoError(t, orchestration.NewLimiter("a", 0, 0).Wait(t.Context()))
}

func TestRunSleepsUntilDueAndStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := orchestration.NewMemory()
		e := orchestration.NewLocal(s, orchestration.WithGrace(10*time.Second))
		start := time.Now()
		var ran []time.Duration
		e.Every("hourly", orchestration.Interval(time.Hour), func(context.Context) error {
			ran = append(ran, time.Since(start))
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- e.Run(ctx) }()
		time.Sleep(3*time.Hour + time.Minute)
		cancel()
		require.NoError(t, <-stopped)
		require.Equal(t, []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour}, ran)
	})
}

func TestRunGivesHandlersTheGracePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := orchestration.NewMemory()
		e := orchestration.NewLocal(s, orchestration.WithGrace(10*time.Second))
		put(t, s, orchestration.Record{Table: things, Key: "a", Group: "g", State: "pending", Due: time.Now()})
		e.Handle(things, func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- e.Run(ctx) }()
		synctest.Wait()
		start := time.Now()
		cancel()
		require.NoError(t, <-stopped)
		require.Equal(t, 10*time.Second, time.Since(start))
		rec := read(t, s, things, "a")
		require.Zero(t, rec.Attempt, "the end of the program is no failure")
		require.False(t, rec.Due.IsZero())
	})
}

// failing is a store that can't be used for a while.
type failing struct {
	orchestration.Store
	broken atomic.Bool
}

func (f *failing) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	if f.broken.Load() {
		return countersign.ErrUnavailable
	}
	return f.Store.Tx(ctx, fn)
}

func TestRunOutlastsAStoreThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &failing{Store: orchestration.NewMemory()}
		e := orchestration.NewLocal(s)
		put(t, s, orchestration.Record{Table: things, Key: "a", Group: "g", State: "pending", Due: time.Now()})
		calls := 0
		e.Handle(things, func(ctx context.Context, _ string) error {
			calls++
			return s.Tx(ctx, func(tx orchestration.Tx) error { return tx.Delete(ctx, things, "a") })
		})
		s.broken.Store(true)
		require.ErrorIs(t, e.RunUntilIdle(t.Context()), countersign.ErrUnavailable)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- e.Run(ctx) }()
		time.Sleep(time.Minute)
		s.broken.Store(false)
		time.Sleep(2 * time.Minute)
		cancel()
		require.NoError(t, <-stopped)
		require.Equal(t, 1, calls)
	})
}
