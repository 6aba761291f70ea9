package proof

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
)

// TestCrashLedgerSync kills the program again and again at chosen and at random
// moments, while new documents arrive, and then looks whether each file is in the
// ledger once and whole.
func TestCrashLedgerSync(t *testing.T) {
	t.Parallel()
	c := newCrash(t, "crash", nil)
	c.run()
}

// TestCrashFaultsLedgerSync does the same while the service fails in every way
// that it can.
func TestCrashFaultsLedgerSync(t *testing.T) {
	t.Parallel()
	c := newCrash(t, "crash-faults", nil)
	c.account.fail()
	c.run()
	injected := c.account.srv.Faults().Injected()
	for _, kind := range []string{"latency", "status", "lost answer", "cut body"} {
		// A short run has so few calls that chance may spare them a rare fault.
		if !testing.Short() {
			require.Positive(t, injected[kind], kind)
		}
	}
	t.Logf("proof: ledgersync %s injected latency=%d status=%d lost_answers=%d cut_bodies=%d",
		c.name, injected["latency"], injected["status"], injected["lost answer"], injected["cut body"])
}

// fail lets the service fail in every way that it can.
func (a *account) fail() {
	a.srv.Faults().Add(
		countersigntest.Rule{Probability: 0.1, Fault: countersigntest.Latency(3 * time.Millisecond)},
		countersigntest.Rule{Probability: 0.005, Fault: countersigntest.TooManyRequests(time.Second)},
		countersigntest.Rule{Probability: 0.02, Fault: countersigntest.Status(503)},
		countersigntest.Rule{Probability: 0.01, Fault: countersigntest.Status(502)},
		countersigntest.Rule{Probability: 0.02, Fault: countersigntest.LoseAnswer()},
		countersigntest.Rule{Probability: 0.03, Fault: countersigntest.CutBody(700), Operation: cloudsigntest.OpDownloadFile},
		countersigntest.Rule{Probability: 0.05, Fault: countersigntest.CutBody(100)},
	)
}

// crash is one run of the crash harness.
type crash struct {
	t       *testing.T
	name    string
	account *account
	random  *rand.Rand
	job     job
	cycles  int         // kills while files are being registered
	files   int         // at least this many in the end
	early   int         // further kills while the program opens its files
	kills   []time.Time // those of cycles
	begun   func()      // after the link was started; nil: nothing
}

// newCrash prepares a run; prepare changes the account before its first job.
func newCrash(t *testing.T, name string, prepare func(*account)) *crash {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("%s: seed %d", name, seed)
	a := newAccount(t, seed)
	if prepare != nil {
		prepare(a)
	}
	j := a.job(t.TempDir())
	j.Every = time.Second
	return &crash{
		t: t, name: name, account: a, random: rand.New(rand.NewPCG(seed, 2)), job: j,
		cycles: size(3, 12, 110), files: size(60, 300, 2500),
	}
}

func (c *crash) run() {
	t := c.t
	t.Helper()
	began := time.Now()
	c.account.arrive(c.files/4, began.AddDate(0, -1, 0))
	c.begin()
	if c.begun != nil {
		c.begun()
	}
	for i := range c.cycles {
		if i%10 == 9 {
			c.killEarly()
		}
		c.cycle()
	}
	if rest := c.files - c.account.files(); rest > 0 {
		c.account.arrive(rest, time.Now())
	}
	startChild(t, c.job, modeDrain).done(t)
	v := judge(t, c.account, c.job.Dir)
	worked := c.worked(v.Registered)
	t.Logf("proof: ledgersync %s cycles=%d early=%d worked=%d %s seconds=%.0f", c.name, c.cycles, c.early, worked, v, time.Since(began).Seconds())
	require.GreaterOrEqual(t, v.Files, c.files)
	require.GreaterOrEqual(t, worked, c.cycles/2, "most cycles must have registered something")
	require.Zero(t, v.Lost+v.Duplicates+v.Strays+v.Torn+v.Orphans, "%s", v)
}

// begin sets the link up, as a person does once.
func (c *crash) begin() {
	c.t.Helper()
	p, err := open(c.t.Context(), c.job)
	require.NoError(c.t, err)
	require.NoError(c.t, p.add(c.t.Context()))
	require.Eventually(c.t, func() bool { return p.start(c.t.Context()) == nil }, 30*time.Second, time.Millisecond)
	require.NoError(c.t, p.Close())
}

// reserve is how many files always wait, so that no cycle runs out of work.
const reserve = 90

// cycle starts the program, and kills it at a moment of one of its next downloads
// or shortly after it.
func (c *crash) cycle() {
	c.t.Helper()
	if short := reserve - (len(c.account.want) - c.account.downloaded()); short > 0 {
		c.account.arrive(short, time.Now())
	}
	before := c.account.srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests
	n, at, delay := 1+c.random.IntN(30), moment(c.random.IntN(int(moments))), time.Duration(0)
	if at == behind {
		delay = time.Duration(c.random.Int64N(int64([]time.Duration{2, 10, 100}[c.random.IntN(3)] * time.Millisecond)))
	}
	sprung := make(chan struct{})
	child := startChild(c.t, c.job, modeWork)
	c.account.trap.set(n, at, delay, func() {
		child.kill()
		close(sprung)
	})
	select {
	case <-sprung:
	case <-time.After(2 * time.Minute):
		child.kill()
		child.killed(c.t)
		require.FailNow(c.t, "the child did not come to the chosen download", "%d %s", n, child.stderr.String())
	}
	child.killed(c.t)
	c.account.gateway.settle(c.t)
	if c.account.srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests == before {
		// A request of the child before, held back by a fault, sprang the trap.
		c.early++
		c.cycle()
		return
	}
	c.kills = append(c.kills, time.Now())
}

// killEarly kills the program at a random moment of its start: while it opens,
// recovers and lists.
func (c *crash) killEarly() {
	c.t.Helper()
	child := startChild(c.t, c.job, modeWork)
	<-time.After(time.Duration(c.random.Int64N(int64(120 * time.Millisecond))))
	child.kill()
	child.killed(c.t)
	c.account.gateway.settle(c.t)
	c.early++
}

// worked counts the cycles in which the ledger got entries.
func (c *crash) worked(registered []time.Time) int {
	cycles := map[int]bool{}
	for _, at := range registered {
		i, _ := slices.BinarySearchFunc(c.kills, at, time.Time.Compare)
		if i < len(c.kills) {
			cycles[i] = true
		}
	}
	return len(cycles)
}
