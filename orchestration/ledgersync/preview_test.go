package ledgersync_test

import (
	"context"
	"sync"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// gathering is a ledger whose look-ups answer in groups: each waits until as many
// as are to be asked at a time have come.
type gathering struct {
	*contractonetest.Ledger
	together int

	mu      sync.Mutex
	waiting int
	most    int
	all     chan struct{}
}

func (g *gathering) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	g.mu.Lock()
	if g.waiting++; g.waiting == 1 {
		g.all = make(chan struct{})
	}
	all := g.all
	g.most = max(g.most, g.waiting)
	if g.waiting == g.together {
		g.waiting = 0
		close(all)
	}
	g.mu.Unlock()
	select {
	case <-all:
		return g.Ledger.Lookup(ctx, key)
	case <-ctx.Done():
		return contractone.Entry{}, false, ctx.Err()
	}
}

// TestPreviewAsksSideBySide: a ledger behind a network is asked for several files at
// a time, and for no more than that.
func TestPreviewAsksSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Lanes = 4 }))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 12, Files: 16})
	g := &gathering{Ledger: w.ledger, together: 4}
	w.use(g)
	p := w.add()
	require.EqualValues(t, 16, p.Registrations)
	require.Equal(t, 4, g.most)
}

// refusing is a ledger that can't look one key up.
type refusing struct {
	*contractonetest.Ledger
	key contractone.Key
}

func (r refusing) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	if key == r.key {
		return contractone.Entry{}, false, countersign.ErrRateLimited
	}
	if err := ctx.Err(); err != nil {
		return contractone.Entry{}, false, err
	}
	return r.Ledger.Lookup(ctx, key)
}

// TestPreviewTellsWhyALookupFailed: and not that the others were called off.
func TestPreviewTellsWhyALookupFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf", "c.pdf", "d.pdf")
	w.use(refusing{w.ledger, key(doc, 3)})
	link, err := w.flow.AddLink(t.Context(), settings(w.account))
	require.NoError(t, err)
	_, err = w.flow.Preview(t.Context(), link.ID)
	require.ErrorIs(t, err, countersign.ErrRateLimited)
}
