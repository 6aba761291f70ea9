package envelopesync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

var errCrash = errors.New("the program has ended")

// crashing is a store whose program ends at one of its transactions: before it
// commits, or just after.
type crashing struct {
	orchestration.Store
	mu    sync.Mutex
	left  int // transactions until then
	after bool
	ended bool
}

func (s *crashing) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errCrash
	}
	s.left--
	if s.ended = s.left == 0; !s.ended {
		return s.Store.Tx(ctx, fn)
	}
	if s.after {
		return errors.Join(s.Store.Tx(ctx, fn), errCrash)
	}
	return errCrash
}

// told are firings, each once.
type told struct {
	mu   sync.Mutex
	ids  map[string]bool
	list []envelopesync.Firing
}

func (f *told) run(_ context.Context, x envelopesync.Firing) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ids[x.ID] {
		f.ids[x.ID] = true
		f.list = append(f.list, x)
	}
	return nil
}

// The program may end at each of its commits: the next one leads to the same
// contacts, tags, records, notes and starts of automations. Which commits are tried
// differs from run to run.
func TestEndAtEachCommit(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]func(*setting){"records": nil, "notes": {withoutRecords(403)}} {
		want, n := endsAt(t, 0, false, change)
		require.Greater(t, n, 40)
		step := 9
		if testing.Short() {
			step = 29
		}
		for i := 1 + rand.IntN(step); i < n; i += step {
			for _, after := range []bool{false, true} {
				got, _ := endsAt(t, i, after, change)
				require.Equal(t, want, got, "%s: commit %d of %d, after it: %v", name, i, n, after)
			}
		}
	}
}

// endsAt is what a program leads to that ends at a commit (0: at none) and is started
// again, and how many commits there were.
func endsAt(t *testing.T, commit int, after bool, change []func(*setting)) ([]string, int) {
	t.Helper()
	w := newWorld(t, change...)
	w.ac.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	f := told{ids: map[string]bool{}}
	cfg := envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now}
	for _, a := range append(allKinds(), automation("enter", envelopesync.RecordCreated(contactmap.Sent))) {
		if a.Run = f.run; a.Name == "enter" {
			a.Run, a.Enrol = nil, "1"
		}
		cfg.Automations = append(cfg.Automations, a)
	}
	w.open(cfg)
	w.live()
	first := w.send(robin, kim)
	w.send(robin)
	w.view(first, "1")
	w.sign(first, "1")
	require.Zero(t, w.ds.Deliver().Failed)

	kept := w.store
	s := &crashing{Store: kept, left: commit, after: after}
	if commit == 0 {
		s.left = -1
	}
	w.store = s
	w.open(cfg)
	_ = w.engine.RunUntilIdle(t.Context()) // ends with the program
	require.True(t, s.ended || commit == 0 || commit > 40)
	n := -1 - s.left
	w.store = kept
	w.open(cfg)
	for range 4 {
		w.later(time.Hour)
	}
	var out []string
	names := map[string]string{} // by id, which depends on who comes first
	for _, c := range w.ac.Contacts() {
		names[c.ID] = c.Email
		out = append(out, fmt.Sprint(c.Email, c.FirstName, c.LastName, slices.Sorted(slices.Values(c.Tags))))
	}
	for _, r := range w.ac.Records(contactmap.RecordSlug) {
		out = append(out, fmt.Sprint(names[r.Contacts[0]], len(r.Contacts), r.Values["status"], r.Values["completed-at"]))
	}
	for _, x := range w.ac.Notes() {
		out = append(out, x.Text)
	}
	for _, e := range w.ac.Enrolments() {
		out = append(out, "entered "+names[e.Contact])
	}
	for _, x := range f.list {
		out = append(out, names[string(x.Contact)]+fmt.Sprint(x.Automation, x.Trigger, x.Action))
	}
	slices.Sort(out)
	return out, n
}
