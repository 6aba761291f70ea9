package senderonboarding

import (
	"context"
	"sync"
	"time"

	"github.com/countersign/countersign/digipost"
)

const (
	// registryTime is how long a customer waits for the register.
	registryTime = 3 * time.Second
	// An answer of the register is good for registryFresh; where it gave none, it is
	// left alone for registryRest.
	registryFresh = time.Hour
	registryRest  = time.Minute
	// registryKept bounds the answers that are kept.
	registryKept = 1000
)

// expectations are the register's answers of late: the landing page, the start and
// the next customer of an organisation ask it once. The zero value is empty.
type expectations struct {
	mu sync.Mutex
	by map[digipost.OrganisationNumber]answer
}

type answer struct {
	right digipost.SignatureRight
	until time.Time
}

func (e *expectations) get(org digipost.OrganisationNumber, now time.Time) (digipost.SignatureRight, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a, found := e.by[org]
	return a.right, found && now.Before(a.until)
}

func (e *expectations) put(org digipost.OrganisationNumber, a answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by == nil || len(e.by) >= registryKept {
		e.by = map[digipost.OrganisationNumber]answer{}
	}
	e.by[org] = a
}

// expectation asks the register. It only informs: whatever goes wrong is
// "unknown".
func (f *Flow) expectation(ctx context.Context, org digipost.OrganisationNumber) digipost.SignatureRight {
	if f.deps.Registry == nil || org == "" {
		return ""
	}
	if right, found := f.expected.get(org, f.now()); found {
		return right
	}
	limited, cancel := context.WithTimeout(ctx, registryTime)
	defer cancel()
	right, err := f.deps.Registry.SignatureRight(limited, org)
	if ctx.Err() != nil {
		return digipost.SignatureUnknown // the visitor went away, which says nothing about the register
	}
	keep := registryFresh
	if err != nil {
		f.cfg.Logger.WarnContext(ctx, "senderonboarding: the register does not answer", "error", err)
		keep = registryRest
	}
	if err != nil || right != digipost.SignatureSole && right != digipost.SignatureJoint {
		right = digipost.SignatureUnknown
	}
	f.expected.put(org, answer{right, f.now().Add(keep)})
	return right
}
