package contractonetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// Fault is what goes wrong with one registration. The zero value is nothing.
type Fault struct {
	Delay time.Duration // wait first, or until the context ends
	// Before fails the registration before anything is kept; use
	// countersign.ErrUnavailable for an outage.
	Before error
	// After fails the registration after the entry is kept; use
	// countersign.ErrOutcomeUnknown for an answer that got lost.
	After error
}

// SetFault asks fn before each registration what shall go wrong with it. Nil
// ends the faults. The function may be called from several goroutines.
func (l *Ledger) SetFault(fn func(contractone.Draft) Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fn
}

// SetContracted changes the contracted count; -1 takes the limit away.
func (l *Ledger) SetContracted(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.contracted = n
}

// SetRefusal makes the ledger refuse every new registration with err:
// contractone.ErrPlanNotSupported, contractone.ErrAccessRestricted. Nil ends it.
func (l *Ledger) SetRefusal(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal = err
}

// AddGroup adds a group with the accounts of its members. Groups have unique
// names: a name that exists is refused as a countersign.ErrConflict.
func (l *Ledger) AddGroup(name string, members ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.groups[name]; ok {
		return fmt.Errorf("contractonetest: a group %q exists: %w", name, countersign.ErrConflict)
	}
	l.groups[name] = slices.Clone(members)
	return nil
}

// Viewer is the user with this account, as a member of the groups that AddGroup
// put the account in.
func (l *Ledger) Viewer(account string) contractone.Viewer {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := contractone.Viewer{Account: account}
	for _, name := range slices.Sorted(maps.Keys(l.groups)) {
		if slices.Contains(l.groups[name], account) {
			v.Groups = append(v.Groups, name)
		}
	}
	return v
}

// before lets the fault of a registration happen that comes before it.
func (l *Ledger) before(ctx context.Context, d contractone.Draft) (Fault, error) {
	l.mu.Lock()
	fn := l.fault
	l.mu.Unlock()
	var f Fault
	if fn != nil {
		f = fn(d)
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return f, err
	}
	if f.Before != nil {
		return f, d.Fail(f.Before)
	}
	return f, nil
}
