package cluster

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// message is a line of JSON, in either direction.
type message struct {
	Key     string          `json:"key,omitempty"`     // from the guest: it may come in
	Account json.RawMessage `json:"account,omitempty"` // from the host: come in, these are the services
	Ready   bool            `json:"ready,omitempty"`   // from the guest: it wants to work
	Work    bool            `json:"work,omitempty"`    // from the host: work, by the time At
	At      time.Time       `json:"at,omitzero"`       // zero: the time is the real one
	Rest    bool            `json:"rest,omitempty"`    // from the host: stop working; from the guest: it has stopped
	Turns   int64           `json:"turns,omitempty"`   // from the guest: of its handlers so far
	End     *ending         `json:"end,omitempty"`     // from the host: its script is over
}

// ending is how a host's script ended.
type ending struct {
	Lines  []string `json:"lines,omitempty"` // what the guests print, too
	Failed string   `json:"failed,omitempty"`
}

// Waiting for guests.
const (
	writeTime = 5 * time.Second  // for a line to a guest
	restTime  = 20 * time.Second // for a guest to stop working: an engine's grace, and more
	leaveTime = 10 * time.Second // for a guest to end
)

// Host is the process whose simulated services all processes on the database use.
// A nil Host is a process alone. It is safe for concurrent use.
type Host struct {
	// Run counts the hosts of the program on this database, this one included.
	Run int

	store *riverengine.Store
	name  string
	lock  *lock
	say   func(string)
	turns atomic.Int64
	serve sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	key      string
	account  json.RawMessage
	working  bool // guests may work
	at       time.Time
	seats    map[*seat]bool
	over     bool  // nobody comes in any more
	told     int   // seats that were told to work since work was called
	others   int64 // turns of the guests that are gone
	guests   int   // that were ready to work, ever
}

// seat is a guest as the host sees it.
type seat struct {
	conn   net.Conn
	ready  bool
	busy   bool // told to work, and not yet at rest
	turns  int64
	rested chan struct{} // closed when busy ends
}

// Join gives the process its part: the host's, when the program has none on this
// database, else a guest's of the one that it has. It waits for a host that does
// not take guests yet. Messages for a person go to say, which is called by several
// goroutines.
func Join(ctx context.Context, store *riverengine.Store, name string, say func(string)) (*Host, *Guest, error) {
	var w waiting
	for {
		l, err := tryLock(ctx, store, hostLock, name)
		if err != nil {
			return nil, nil, err
		}
		if l != nil {
			h, err := begin(ctx, store, name, l, say)
			return h, nil, err
		}
		body, err := read(ctx, store, name)
		if err != nil {
			return nil, nil, err
		}
		// The record may be an earlier host's; then nobody answers there.
		if g := visit(ctx, body); g != nil {
			say("joining a process that is at work on this database: the simulated services are its")
			return nil, g, nil
		}
		text := "waiting for another process on this database: it has not begun yet"
		if machine, _ := os.Hostname(); body.Address != "" && body.Machine != machine {
			text = fmt.Sprintf("waiting for the process on %s: its simulated services can be reached on that machine alone; start this one there", body.Machine)
		}
		if err := w.pause(ctx, say, text); err != nil {
			return nil, nil, err
		}
	}
}

// begin makes the host that the lock is for.
func begin(ctx context.Context, store *riverengine.Store, name string, l *lock, say func(string)) (*Host, error) {
	machine, _ := os.Hostname() // only told to a person
	body, err := change(ctx, store, name, func(b *hostBody) { *b = hostBody{Run: b.Run + 1, Machine: machine} })
	if err != nil {
		l.release()
		return nil, err
	}
	return &Host{Run: body.Run, store: store, name: name, lock: l, say: say, seats: map[*seat]bool{}}, nil
}

// Admit lets guests in, and tells them the account: whatever they need to use the
// host's services, as JSON.
func (h *Host) Admit(ctx context.Context, account any) error {
	if h == nil {
		return nil
	}
	text, err := json.Marshal(account)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for other processes: %w", err)
	}
	h.mu.Lock()
	h.listener, h.key, h.account = l, rand.Text(), text
	h.mu.Unlock()
	h.serve.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			h.serve.Go(func() { h.seat(conn) })
		}
	})
	_, err = change(ctx, h.store, h.name, func(b *hostBody) { b.Address, b.Key = l.Addr().String(), h.key })
	return err
}

// seat serves a guest until it goes.
func (h *Host) seat(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // it is over
	in := json.NewDecoder(conn)
	var hello message
	_ = conn.SetReadDeadline(time.Now().Add(writeTime))
	if in.Decode(&hello) != nil || subtle.ConstantTimeCompare([]byte(hello.Key), []byte(h.key)) != 1 {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	s := &seat{conn: conn}
	if !h.comeIn(s) {
		return
	}
	for {
		var m message
		if in.Decode(&m) != nil {
			break
		}
		h.heard(s, m)
	}
	h.gone(s)
}

// comeIn lets a guest in, unless the script is over.
func (h *Host) comeIn(s *seat) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return false
	}
	h.seats[s] = true
	s.send(message{Account: h.account, At: h.at})
	return true
}

// send never blocks for long; a guest that can't be told goes.
func (s *seat) send(m message) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if json.NewEncoder(s.conn).Encode(m) != nil {
		_ = s.conn.Close()
	}
}

// heard takes what a guest says.
func (h *Host) heard(s *seat, m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.turns = m.Turns
	switch {
	case m.Ready && !s.ready:
		s.ready = true
		h.guests++
		h.say("another process shares the work")
		if h.working {
			h.tell(s)
		}
	case m.Rest:
		s.rest()
	}
}

// tell tells a guest to work.
func (h *Host) tell(s *seat) {
	s.busy, s.rested = true, make(chan struct{})
	h.told++
	s.send(message{Work: true, At: h.at})
}

func (s *seat) rest() {
	if s.busy {
		s.busy = false
		close(s.rested)
	}
}

// gone takes leave of a guest.
func (h *Host) gone(s *seat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.seats, s)
	h.others += s.turns
	if s.busy {
		h.say("a process that shared the work has gone: if it was killed, what it had in hand waits for up to two minutes")
	}
	s.rest()
}

// Engine is the engine of the host: while it runs, all guests' engines run, too.
// The clock is the simulated one; nil: the time is the real one.
func (h *Host) Engine(e orchestration.Engine, clock func() time.Time) orchestration.Engine {
	if h == nil {
		return e
	}
	return hostEngine{counted{e, &h.turns}, h, clock}
}

type hostEngine struct {
	counted

	h     *Host
	clock func() time.Time
}

// Run is Engine.Run, with the guests.
func (e hostEngine) Run(ctx context.Context) error {
	if err := e.h.work(ctx, e.clock); err != nil {
		return err
	}
	defer e.h.rest()
	return e.Engine.Run(ctx)
}

// RunUntilIdle is Engine.RunUntilIdle, with the guests. When it returns, none of
// them works any more.
func (e hostEngine) RunUntilIdle(ctx context.Context) error {
	if err := e.h.work(ctx, e.clock); err != nil {
		return err
	}
	err := e.Engine.RunUntilIdle(ctx)
	if e.h.rest() > 0 && err == nil {
		err = e.Engine.RunUntilIdle(ctx) // what they gave back
	}
	return err
}

var errLockLost = errors.New("the connection to the database was lost, and with it this process's part: start it again")

// work lets the guests work.
func (h *Host) work(ctx context.Context, clock func() time.Time) error {
	if err := h.lock.conn.PingContext(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errLockLost
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at = (time.Time{}); clock != nil {
		h.at = clock()
	}
	h.working, h.told = true, 0
	for s := range h.seats {
		if s.ready {
			h.tell(s)
		}
	}
	return nil
}

// rest waits until no guest works, and gives how many did.
func (h *Host) rest() int {
	h.mu.Lock()
	h.working = false
	told := h.told
	busy := map[*seat]chan struct{}{}
	for s := range h.seats {
		if s.busy {
			busy[s] = s.rested
			s.send(message{Rest: true})
		}
	}
	h.mu.Unlock()
	late := time.After(restTime)
	for s, rested := range busy {
		select {
		case <-rested:
		case <-late:
			late = time.After(0) // nor for the others
			h.say("a process that shared the work does not answer: going on without it")
			_ = s.conn.Close()
		}
	}
	return told
}

// Shared says who did the work; it is empty where nobody shared it.
func (h *Host) Shared() string {
	if h == nil {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.guests == 0 {
		return ""
	}
	others := h.others
	for s := range h.seats {
		others += s.turns
	}
	return shared(h.turns.Load(), others, h.guests)
}

func shared(here, others int64, guests int) string {
	return fmt.Sprintf("%d processes shared the work: %d turns here, %d elsewhere", guests+1, here, others)
}

// Close ends the script: the guests print the lines and end, or say that it
// failed.
func (h *Host) Close(failure error, lines ...string) {
	if h == nil {
		return
	}
	end := &ending{Lines: lines}
	if failure != nil {
		end.Failed = failure.Error()
	}
	if errors.Is(failure, context.Canceled) {
		end.Failed = "it was interrupted: start again" // whatever it broke off in
	}
	h.mu.Lock()
	h.over = true
	listener, open := h.listener, make([]*seat, 0, len(h.seats))
	for s := range h.seats {
		open = append(open, s)
		s.send(message{End: end})
	}
	h.mu.Unlock()
	if listener != nil {
		_ = listener.Close()
	}
	// They end before another host begins.
	late := time.AfterFunc(leaveTime, func() {
		for _, s := range open {
			_ = s.conn.Close()
		}
	})
	h.serve.Wait()
	late.Stop()
	h.lock.release()
}
