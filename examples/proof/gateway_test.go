package proof

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/countersign/countersign/countersigntest"
)

// TestCrashGatewayLedgerSync kills the program while it registers through a gateway
// that loses and cuts its answers after it has entered the file, and counts what
// the gateway holds. The gateway does not recognise a repeated key: whatever is
// sent twice is there twice.
func TestCrashGatewayLedgerSync(t *testing.T) {
	t.Parallel()
	c := newCrash(t, "crash-gateway", func(a *account) { a.gateway = newGateway(a.t) })
	srv := c.account.gateway.Server
	// A count that a person confirms asks for each file, so faults come after it.
	c.begun = func() {
		srv.Faults().Add(
			countersigntest.Rule{Operation: gatewaytest.OpRegister, Every: 5, Fault: countersigntest.LoseAnswer()},
			countersigntest.Rule{Operation: gatewaytest.OpRegister, Every: 9, Fault: countersigntest.CutBody(30)},
			countersigntest.Rule{Operation: gatewaytest.OpRegister, Every: 11, Fault: countersigntest.Status(502)},
			countersigntest.Rule{Operation: gatewaytest.OpLookup, Every: 19, Fault: countersigntest.LoseAnswer()},
			countersigntest.Rule{Operation: gatewaytest.OpLookup, Every: 23, Fault: countersigntest.Status(503)},
		)
	}
	c.run()
	injected := srv.Faults().Injected()
	for _, kind := range []string{"lost answer", "cut body", "status"} {
		require.Positive(t, injected[kind], kind)
	}
	t.Logf("proof: ledgersync %s injected lost_answers=%d cut_bodies=%d status=%d", c.name, injected["lost answer"], injected["cut body"], injected["status"])
}

// gatewayBehind is the gateway that an account's files are registered through. It
// lives in this process and outlives every child.
type gatewayBehind struct{ *gatewaytest.Server }

func newGateway(t testing.TB) *gatewayBehind {
	g := &gatewayBehind{gatewaytest.NewServer(gatewaytest.WithoutIdempotency())}
	t.Cleanup(g.Close)
	return g
}

// address is the gateway's; none if there is none.
func (g *gatewayBehind) address() string {
	if g == nil {
		return ""
	}
	return g.URL()
}

// settle waits until every request that a killed child left behind is answered: a
// file that is still being entered is not found yet.
func (g *gatewayBehind) settle(t testing.TB) {
	t.Helper()
	if g == nil {
		return
	}
	require.Eventually(t, func() bool {
		begun, ended := int64(0), int64(0)
		for _, tally := range g.Log().Operations() {
			begun += tally.Requests
		}
		for e := range g.Log().Entries() {
			ended = e.Seq
		}
		return begun == ended
	}, 30*time.Second, time.Millisecond)
}

// entered gives what the gateway holds, each time that it was entered.
func (g *gatewayBehind) entered() (out []entered) {
	for _, e := range g.Entries() {
		out = append(out, entered{
			key: contractone.Key(e.Key), link: contractone.ManagementID(e.Link), titled: len(e.Items["title"]) > 0,
			source: contractone.Source{DocumentID: e.Source.DocumentID, FileID: e.Source.FileID},
			share:  contractone.Share{Visibility: contractone.Visibility(e.Share.Visibility), Groups: e.Share.Groups},
			pdf:    digest{SHA256: e.PDF.SHA256, Size: e.PDF.Size}, at: e.RegisteredAt,
		})
	}
	return out
}
