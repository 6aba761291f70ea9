package orchestration

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Memory is a Store in memory, for tests and demonstrations: it forgets
// everything with the process. Make it with NewMemory.
type Memory struct {
	mu     sync.Mutex // held during a transaction: they run one after another
	seq    int64
	keys   map[identity]int64
	rows   map[int64]*Record  // a record here never changes: an update puts a new one
	tables map[string][]int64 // the numbers of each table's records in order, also of some that are gone
	gone   map[string]int     // how many of them are gone
	due    map[Lane]*dueHeap
	onDue  []func([]Lane)
	owned  bool
	closed bool
}

type identity struct{ table, key string }

// errClosed is the answer of a store after Close.
var errClosed = errors.New("the store is closed")

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{
		keys: map[identity]int64{}, rows: map[int64]*Record{}, tables: map[string][]int64{},
		gone: map[string]int{}, due: map[Lane]*dueHeap{},
	}
}

// Tx runs fn alone; it never has a conflict.
func (m *Memory) Tx(ctx context.Context, fn func(Tx) error) error {
	touched, listeners, err := m.run(ctx, fn)
	if err != nil || len(touched) == 0 {
		return err
	}
	for _, f := range listeners {
		f(slices.Clone(touched))
	}
	return nil
}

func (m *Memory) run(ctx context.Context, fn func(Tx) error) (lanes []Lane, listeners []func([]Lane), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, errClosed
	}
	tx := &memoryTx{m: m, lanes: map[Lane]bool{}}
	committed := false
	defer func() {
		tx.done = true
		if !committed { // also when fn panics
			tx.rollback()
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := fn(tx); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	committed = true
	tx.commit()
	for lane := range tx.lanes {
		lanes = append(lanes, lane)
	}
	slices.SortFunc(lanes, compareLanes)
	return lanes, slices.Clone(m.onDue), nil
}

func compareLanes(a, b Lane) int {
	return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Group, b.Group))
}

// Due lists the lanes that have a record due by then, the longest due first.
func (m *Memory) Due(ctx context.Context, by time.Time, limit int) ([]Lane, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, time.Time{}, errClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, err
	}
	by = StoredTime(by)
	var due []Lane
	var next time.Time
	for lane := range m.due {
		first, ok := m.firstDue(lane)
		if !ok {
			continue
		}
		if !first.After(by) {
			due = append(due, lane)
			first = m.firstDueAfter(lane, by)
		}
		if !first.IsZero() && (next.IsZero() || first.Before(next)) {
			next = first
		}
	}
	slices.SortFunc(due, func(a, b Lane) int {
		return cmp.Or((*m.due[a])[0].due.Compare((*m.due[b])[0].due), compareLanes(a, b))
	})
	return due[:min(max(limit, 0), len(due))], next, nil
}

// OnDue adds a listener.
func (m *Memory) OnDue(f func([]Lane)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onDue = append(m.onDue, f)
}

// Own takes the hold until release is called.
func (m *Memory) Own(context.Context) (release func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errClosed
	}
	if m.owned {
		return nil, fmt.Errorf("orchestration: %w", ErrOwned)
	}
	m.owned = true
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.owned = false
	}), nil
}

// Close makes the store refuse everything from now on.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// put sets, replaces or (nil) removes the record of seq and gives the former.
func (m *Memory) put(seq int64, rec *Record) (former *Record) {
	former = m.rows[seq]
	if rec == nil {
		delete(m.rows, seq)
		delete(m.keys, identity{former.Table, former.Key})
		return former
	}
	m.rows[seq] = rec
	m.keys[identity{rec.Table, rec.Key}] = seq
	lane := Lane{rec.Table, rec.Group}
	if entry := (dueEntry{rec.Due, seq}); !rec.Due.IsZero() && (former == nil || former.Group != rec.Group || !former.Due.Equal(rec.Due)) {
		h := m.due[lane]
		if h == nil {
			h = new(dueHeap)
			m.due[lane] = h
		}
		heap.Push(h, entry)
	}
	return former
}

// dueEntry says that a record was due at some time. It may be outdated: then
// the record is gone or its Due is another, and the entry is dropped when it
// comes to the top.
type dueEntry struct {
	due time.Time
	seq int64
}

type dueHeap []dueEntry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueEntry)) } //nolint:forcetypeassert // ours alone
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (m *Memory) current(lane Lane, e dueEntry) bool {
	rec := m.rows[e.seq]
	return rec != nil && rec.Due.Equal(e.due) && rec.Table == lane.Table && rec.Group == lane.Group
}

// firstDue is the earliest Due of a lane.
func (m *Memory) firstDue(lane Lane) (time.Time, bool) {
	h, ok := m.due[lane]
	for ok && h.Len() > 0 {
		if m.current(lane, (*h)[0]) {
			return (*h)[0].due, true
		}
		heap.Pop(h)
	}
	delete(m.due, lane)
	return time.Time{}, false
}

// firstDueAfter is the earliest Due of a lane after by; zero when none is.
func (m *Memory) firstDueAfter(lane Lane, by time.Time) (next time.Time) {
	for _, e := range *m.due[lane] {
		if e.due.After(by) && (next.IsZero() || e.due.Before(next)) && m.current(lane, e) {
			next = e.due
		}
	}
	return next
}

// dueBy are the numbers of the records of a lane that may be due by then, in
// order.
func (m *Memory) dueBy(lane Lane, by time.Time) (seqs []int64) {
	if _, ok := m.firstDue(lane); !ok {
		return nil
	}
	for _, e := range *m.due[lane] {
		if !e.due.After(by) {
			seqs = append(seqs, e.seq)
		}
	}
	slices.Sort(seqs)
	return slices.Compact(seqs)
}

// stored is rec as the store keeps it and gives it out: nothing in it is
// shared with the caller.
func stored(rec Record) *Record {
	rec.Due, rec.Updated = StoredTime(rec.Due), StoredTime(rec.Updated)
	if len(rec.Body) == 0 {
		rec.Body = nil
	}
	rec.Body = bytes.Clone(rec.Body)
	return &rec
}

func keyOf(rec Record, seq int64) string {
	if rec.Key == "" {
		return strconv.FormatInt(seq, 10)
	}
	return rec.Key
}
