package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// Guest is a process that works for a host. Make it with Join and close it.
type Guest struct {
	conn    net.Conn
	in      *json.Decoder
	out     *json.Encoder
	account json.RawMessage
	at      atomic.Pointer[time.Time]
	turns   atomic.Int64
}

// visitTime is how long the host may take to answer.
const visitTime = 2 * time.Second

// visit asks a host for its account; nil: there is none.
func visit(ctx context.Context, host hostBody) *Guest {
	if host.Address == "" {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: visitTime}).DialContext(ctx, "tcp", host.Address)
	if err != nil {
		return nil
	}
	g := &Guest{conn: conn, in: json.NewDecoder(conn), out: json.NewEncoder(conn)}
	_ = conn.SetDeadline(time.Now().Add(visitTime))
	var m message
	if g.out.Encode(message{Key: host.Key}) != nil || g.in.Decode(&m) != nil || m.Account == nil {
		_ = conn.Close()
		return nil
	}
	_ = conn.SetDeadline(time.Time{})
	g.account = m.Account
	g.at.Store(&m.At)
	return g
}

// Account reads what the host gave to Admit.
func (g *Guest) Account(v any) error { return json.Unmarshal(g.account, v) }

// Now is the host's time.
func (g *Guest) Now() time.Time {
	if at := g.at.Load(); !at.IsZero() {
		return *at
	}
	return time.Now()
}

// Engine is the engine that counts its turns for the host.
func (g *Guest) Engine(e orchestration.Engine) orchestration.Engine { return counted{e, &g.turns} }

// Turns is how many turns this process had so far.
func (g *Guest) Turns() int64 { return g.turns.Load() }

var errHostGone = errors.New("the process with the simulated services has gone: what is stored stays, start again")

// Work runs the engine whenever the host's runs, until the host's script is over,
// and gives the lines that the host left. Its error is the engine's, that of ctx, or
// says how the host failed.
func (g *Guest) Work(ctx context.Context, engine orchestration.Engine) (lines []string, err error) {
	if err := g.out.Encode(message{Ready: true}); err != nil {
		return nil, errHostGone
	}
	told := make(chan message)
	over := make(chan struct{})
	defer close(over)
	go g.listen(told, over)
	var run running
	defer func() { err = errors.Join(err, run.stop()) }()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-run.ended:
			run = running{}
			return nil, fmt.Errorf("this process's engine ended: %w", err)
		case m, ok := <-told:
			switch {
			case !ok:
				return nil, errHostGone
			case m.End != nil && m.End.Failed != "":
				return nil, errors.New("the process with the simulated services ended: " + m.End.Failed)
			case m.End != nil:
				return m.End.Lines, nil
			case m.Work:
				g.at.Store(&m.At)
				run = start(ctx, engine)
			case m.Rest:
				err := run.stop()
				run = running{}
				if err != nil {
					return nil, err
				}
				if g.out.Encode(message{Rest: true, Turns: g.turns.Load()}) != nil {
					return nil, errHostGone
				}
			}
		}
	}
}

// listen passes on what the host says, until it says nothing any more.
func (g *Guest) listen(told chan<- message, over <-chan struct{}) {
	defer close(told)
	for {
		var m message
		if g.in.Decode(&m) != nil {
			return
		}
		select {
		case told <- m:
		case <-over:
			return
		}
	}
}

// running is an engine at work; the zero value is none.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

func start(ctx context.Context, engine orchestration.Engine) running {
	ctx, cancel := context.WithCancel(ctx)
	r := running{cancel, make(chan error, 1)}
	go func() {
		err := engine.Run(ctx)
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			err = nil // it was stopped before it had begun
		}
		r.ended <- err
	}()
	return r
}

// stop ends the work when the handlers have returned.
func (r running) stop() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	return <-r.ended
}

// Close takes leave of the host, which waits for that when its script is over.
func (g *Guest) Close() {
	if g != nil {
		_ = g.conn.Close()
	}
}
