package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
)

// hosted is what a process has to know of the simulated Digipost of another.
type hosted struct {
	URL     string
	Partner int64
	Key     []byte // made up by the host, PKCS #1
}

// join gives the process its part where Digipost is simulated and the database
// shared: the first one has it, the others use it. What is simulated stays apart
// from what is real.
func (s *site) join(ctx context.Context) (err error) {
	if s.store.Shared == nil || s.digi.fake == nil {
		return nil
	}
	if s.host, s.guest, err = cluster.Join(ctx, s.store.Shared, "onboarding", cluster.Tell); err != nil {
		return err
	}
	if s.guest != nil {
		if s.digi, err = theirs(s.guest); err != nil {
			s.guest.Close()
			return err
		}
	}
	s.digi.name = "simulation"
	return nil
}

// theirs is the simulated Digipost of the host.
func theirs(guest *cluster.Guest) (*digi, error) {
	var at hosted
	if err := guest.Account(&at); err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS1PrivateKey(at.Key)
	if err != nil {
		return nil, err
	}
	return simulatedAt(at.URL, at.Partner, key)
}

// admit lets other processes on the database use the simulated Digipost.
func (s *site) admit(ctx context.Context) error {
	if s.host == nil {
		return nil
	}
	return s.host.Admit(ctx, hosted{URL: s.digi.web, Partner: int64(s.digi.partner), Key: x509.MarshalPKCS1PrivateKey(s.digi.key)})
}

// engine is the store's, and knows the process's part.
func (s *site) engine() orchestration.Engine {
	engine := s.store.Engine(cluster.EngineConfig{Say: cluster.Tell})
	if s.guest != nil {
		return s.guest.Engine(engine)
	}
	return s.host.Engine(engine, nil)
}

// work runs the engine until ctx ends; one that works for another process until
// that has done.
func (s *site) work(ctx context.Context, engine orchestration.Engine) error {
	if s.guest == nil {
		err := engine.Run(ctx)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // it was stopped before it had begun
		}
		return err
	}
	lines, err := s.guest.Work(ctx, engine)
	if err != nil {
		if ctx.Err() != nil {
			return nil // as engines have it
		}
		return err
	}
	s.done = append([]string{fmt.Sprintf("this process had %d turns of the work", s.guest.Turns())}, lines...)
	return nil
}

// leave ends the process's part.
func (s *site) leave(err error) {
	if s.last != "" {
		s.host.Close(err, s.last)
	} else {
		s.host.Close(err)
	}
	s.guest.Close()
}
