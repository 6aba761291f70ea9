package main

import (
	"context"
	"io"

	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
)

// hosted is what a process has to know of the simulated environments of another.
type hosted struct {
	Name   string // of the link
	URL    string
	A, B   string // accounts
	TokenA string
	TokenB string
}

// admit lets other processes on the database work, too.
func (s *simulation) admit(ctx context.Context) error {
	return s.host.Admit(ctx, hosted{
		Name: s.name, URL: s.srv.URL(), A: s.a.Domain(), B: s.b.Domain(), TokenA: s.a.AdminToken(), TokenB: s.token.Reveal(),
	})
}

// help works for the process that plays the scenes, and prints its last line.
func help(ctx context.Context, out io.Writer, store *cluster.Store, guest *cluster.Guest) error {
	defer guest.Close()
	var at hosted
	if err := guest.Account(&at); err != nil {
		return err
	}
	a, err := simulatedClient(at.URL, at.A, at.TokenA, salesdock.ScopeAccount)
	if err != nil {
		return err
	}
	b, err := simulatedClient(at.URL, at.B, at.TokenB, salesdock.ScopeUser)
	if err != nil {
		return err
	}
	flow, err := salelink.New(salelink.Config{Name: at.Name, Mode: salesdock.SDKLink, Clock: guest.Now}, salelink.Deps{Store: store, A: a, B: b})
	if err != nil {
		return err
	}
	engine := guest.Engine(store.Engine(cluster.EngineConfig{Clock: guest.Now, Say: cluster.Tell}))
	flow.Register(engine)
	s := show{out}
	s.say("Another process plays the scenes; this one works for it.")
	lines, err := guest.Work(ctx, engine)
	if err != nil {
		return err
	}
	s.say("this process had %d turns of the work", guest.Turns())
	for _, line := range lines {
		s.say("%s", line)
	}
	return nil
}
