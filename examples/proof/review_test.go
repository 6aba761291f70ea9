package proof

import (
	"context"
	"errors"
	"hash/fnv"
	"testing"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// TestCrashReviewLedgerSync kills the program while files are held and a reviewer
// decides about them, and the service fails: each file that was saved is in the
// ledger once, with the share scope that the reviewer gave it, and none that was
// discarded.
func TestCrashReviewLedgerSync(t *testing.T) {
	t.Parallel()
	c := newCrash(t, "crash-review", func(a *account) { a.reviewed = true })
	c.account.fail()
	c.run()
}

var reviewer = ledgersync.Actor{ID: "hanako@example.com"}

// decision is what the reviewer does with a file, which depends on its key alone,
// so that judge knows it.
type decision int

const (
	save decision = iota
	share
	discard
)

func decisionOn(key contractone.Key) decision {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return []decision{save, save, save, share, discard}[h.Sum32()%5]
}

// shareOf is the share scope that a file has to have in the ledger.
func (a *account) shareOf(key contractone.Key) contractone.Share {
	if a.reviewed && decisionOn(key) == share {
		return contractone.Private()
	}
	return contractone.Groups("Legal")
}

// run runs the engine until the context ends, and lets the reviewer decide
// meanwhile.
func (p *program) run(ctx context.Context) error {
	if !p.job.Review {
		return p.engine.Run(ctx)
	}
	reviewing, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.review(reviewing) }()
	err := p.engine.Run(ctx)
	stop()
	return errors.Join(err, <-ended)
}

// review decides about what is held, some files at a time, until the context ends.
func (p *program) review(ctx context.Context) error {
	r := p.flow.Review(reviewer)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := p.decide(ctx, r); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (p *program) decide(ctx context.Context, r ledgersync.Review) error {
	page, err := r.List(ctx, p.link, "", 50)
	if err != nil {
		return err
	}
	keys := map[decision][]contractone.Key{}
	for _, h := range page.Items {
		d := decisionOn(h.Key)
		keys[d] = append(keys[d], h.Key)
	}

	_, err = r.ChangeShare(ctx, contractone.Private(), keys[share]...)
	if err == nil {
		_, err = r.Save(ctx, append(keys[save], keys[share]...)...)
	}
	if err == nil {
		_, err = r.Discard(ctx, "not a contract", keys[discard]...)
	}
	return err
}
