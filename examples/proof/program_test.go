package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// job says what a program works on. A child process gets it as JSON.
type job struct {
	Mode     string // of a child: see modes
	URL      string // of the simulated service
	ClientID string
	Dir      string // where the database and the PDFs lie
	// Every is how long after a listing the next one follows; 0: the next day.
	Every time.Duration
	Limit uint64 // of modeFull: the largest size of a file, in bytes
	// Envelopes is the work of modeEnvelopes, in place of all but Dir.
	Envelopes envelopeJob
	// Review holds files, and a reviewer decides about them while the program works.
	Review bool
	// Gateway is the address of a gateway to register through; empty: the ledger
	// lies in Dir.
	Gateway string
	Sale    *saleJob `json:",omitempty"` // of the sale link
}

// program is a user's program with the real parts: client, flow, local engine,
// and records and ledger in one SQLite file.
type program struct {
	job    job
	store  *sqlstore.Store
	ledger *sqlledger.Ledger // nil with a gateway
	flow   *ledgersync.Flow
	engine *orchestration.Local
	link   contractone.ManagementID // empty before the link is added
	cred   contractone.Credential
	http   *http.Transport
}

// free lets every call through: the proofs measure the program, not the
// service's limit.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// open starts the program on its folder, as after any restart. The waits are
// short, because the proofs have no hours.
func open(ctx context.Context, j job) (_ *program, err error) {
	p := &program{job: j, http: &http.Transport{MaxIdleConnsPerHost: 64}}
	if p.store, err = sqlite.Open(filepath.Join(j.Dir, "countersign.db")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	ledger, err := p.openLedger(ctx, j)
	if err != nil {
		return nil, err
	}
	account, err := ledgersync.NewAccount("proof", cloudsign.Config{ClientID: countersign.NewSecret(j.ClientID)},
		countersign.WithBaseURL(j.URL), countersign.WithLimiter(free{}), countersign.WithHTTPClient(&http.Client{Transport: p.http}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond}))
	if err != nil {
		return nil, err
	}
	p.cred = account.Credential
	soon := func(int) time.Duration { return 20 * time.Millisecond }
	cfg := ledgersync.Config{Overlap: 10 * time.Second, Backoff: soon}
	if j.Every > 0 {
		cfg.Schedule = orchestration.Interval(j.Every)
	}
	p.flow, err = ledgersync.New(cfg, ledgersync.Deps{Store: p.store, Ledger: ledger, Accounts: []ledgersync.Account{account}})
	if err != nil {
		return nil, err
	}
	p.engine = orchestration.NewLocal(p.store, orchestration.WithBackoff(soon), orchestration.WithSweep(time.Second))
	p.flow.Register(p.engine)
	links, err := p.flow.Links(ctx)
	if len(links) > 0 {
		p.link = links[0].ID
	}
	return p, err
}

// openLedger opens the folder's ledger, or the gateway. That one recognises no
// repeated key, so a file is sent once and then looked up.
func (p *program) openLedger(ctx context.Context, j job) (_ contractone.Ledger, err error) {
	if j.Gateway != "" {
		return gateway.New(gateway.Config{}, countersign.WithBaseURL(j.Gateway), countersign.WithLimiter(free{}),
			countersign.WithHTTPClient(&http.Client{Transport: p.http}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	}
	p.ledger, err = sqlledger.Open(ctx, sqlledger.Config{DB: p.store.DB(), Dialect: sqlledger.SQLite, Dir: filepath.Join(j.Dir, "contracts")})
	return p.ledger, err
}

// Close ends the program in good order.
func (p *program) Close() error {
	p.http.CloseIdleConnections()
	return p.store.Close()
}

// add adds the link; nothing runs yet.
func (p *program) add(ctx context.Context) error {
	set := contractone.Settings{
		Credential: p.cred, Share: contractone.Groups("Legal"), Mode: contractone.ModeDirect,
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
	}
	if p.job.Review {
		set.Mode, set.Reviewers = contractone.ModeReview, []contractone.Principal{contractone.User(reviewer.ID)}
	}
	link, err := p.flow.AddLink(ctx, ledgersync.Settings{Settings: set})
	p.link = link.ID
	return err
}

// start confirms the link's count, so that the engine has work.
func (p *program) start(ctx context.Context) error {
	preview, err := p.flow.Preview(ctx, p.link)
	if err != nil {
		return err
	}
	return p.flow.Start(ctx, p.link, preview)
}

// drain works until a listing that began now has ended and every file is in the
// ledger.
func (p *program) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	began := time.Now()
	if err := p.flow.RunNow(ctx, p.link); err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.run(work) }()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		link, err := p.flow.Link(ctx, p.link)
		if err != nil {
			return err
		}
		s, err := p.flow.Summary(ctx, p.link)
		if err != nil {
			return err
		}
		if link.LastRun.After(began) && s.Waiting+s.Held == 0 {
			stop()
			return <-ended
		}
		if !link.LastRun.After(began) && link.NextRun.After(time.Now()) {
			// What ended was a listing that an earlier process had begun.
			if err := p.flow.RunNow(ctx, p.link); err != nil {
				return err
			}
		}
		select {
		case err := <-ended:
			return errors.Join(err, fmt.Errorf("the engine ended with %+v, link %s %s", s, link.State, link.LastError))
		case <-ticker.C:
		}
	}
}

// digest is what is known of a PDF.
type digest = contractone.PDF

// read gives all of a stream and closes it.
func read(r io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}
