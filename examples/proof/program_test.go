package proof

import (
	"context"
	"errors"
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
	// Database is the address of a PostgreSQL database, which takes the place of the
	// SQLite file in Dir, as riverengine takes that of the local engine.
	Database string
	// More are further accounts, each with a link of its own; Number tells the
	// processes on one database apart.
	More   []source
	Number int
}

// source is an account of the simulated service.
type source struct{ URL, ClientID string }

// program is a user's program with the real parts: client, flow, engine, and
// records and ledger in one database.
type program struct {
	job    job
	store  *sqlstore.Store
	ledger *sqlledger.Ledger // nil with a gateway
	flow   *ledgersync.Flow
	engine orchestration.Engine
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
	if err = p.openStore(ctx); err != nil {
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
	var accounts []ledgersync.Account
	for _, s := range append([]source{{j.URL, j.ClientID}}, j.More...) {
		account, err := p.account(s)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	p.cred = accounts[0].Credential
	cfg := ledgersync.Config{Overlap: 10 * time.Second, Backoff: shortly}
	if j.Every > 0 {
		cfg.Schedule = orchestration.Interval(j.Every)
	}
	p.flow, err = ledgersync.New(cfg, ledgersync.Deps{Store: p.store, Ledger: ledger, Accounts: accounts})
	if err != nil {
		return nil, err
	}
	p.flow.Register(p.engine)
	links, err := p.flow.Links(ctx)
	for _, l := range links {
		if l.Settings.Credential.Fingerprint == p.cred.Fingerprint {
			p.link = l.ID
		}
	}
	return p, err
}

// shortly is the wait after a failure.
func shortly(int) time.Duration { return 20 * time.Millisecond }

// openStore opens the records and makes the engine on them.
func (p *program) openStore(ctx context.Context) (err error) {
	if p.job.Database != "" {
		p.store, p.engine, err = openDatabase(ctx, p.job.Database)
		return err
	}
	if p.store, err = sqlite.Open(filepath.Join(p.job.Dir, "countersign.db")); err != nil {
		return err
	}
	p.engine = orchestration.NewLocal(p.store, orchestration.WithBackoff(shortly), orchestration.WithSweep(time.Second))
	return nil
}

// account makes the client of an account.
func (p *program) account(s source) (ledgersync.Account, error) {
	return ledgersync.NewAccount("proof", cloudsign.Config{ClientID: countersign.NewSecret(s.ClientID)},
		countersign.WithBaseURL(s.URL), countersign.WithLimiter(free{}), countersign.WithHTTPClient(&http.Client{Transport: p.http}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond}))
}

// openLedger opens the folder's ledger, or the gateway. That one recognises no
// repeated key, so a file is sent once and then looked up.
func (p *program) openLedger(ctx context.Context, j job) (_ contractone.Ledger, err error) {
	if j.Gateway != "" {
		return gateway.New(gateway.Config{}, countersign.WithBaseURL(j.Gateway), countersign.WithLimiter(free{}),
			countersign.WithHTTPClient(&http.Client{Transport: p.http}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	}
	dialect := sqlledger.SQLite
	if j.Database != "" {
		dialect = sqlledger.PostgreSQL
	}
	p.ledger, err = sqlledger.Open(ctx, sqlledger.Config{DB: p.store.DB(), Dialect: dialect, Dir: contracts(j.Dir)})
	return p.ledger, err
}

// contracts is where the PDFs lie.
func contracts(dir string) string { return filepath.Join(dir, "contracts") }

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
		settled, err := p.settled(ctx, began)
		if err != nil {
			return err
		}
		if settled {
			stop()
			return <-ended
		}
		select {
		case err := <-ended:
			return errors.Join(err, errors.New("the engine ended by itself"))
		case <-ticker.C:
		}
	}
}

// settled reports that a listing which began after then has ended, and that every
// file is in the ledger.
func (p *program) settled(ctx context.Context, then time.Time) (bool, error) {
	link, err := p.flow.Link(ctx, p.link)
	if err != nil {
		return false, err
	}
	switch {
	case link.LastRun.After(then):
		return link.Counts.Waiting+link.Counts.Held == 0, nil
	case link.NextRun.After(time.Now()):
		// What ended was a listing that an earlier process had begun.
		return false, p.flow.RunNow(ctx, p.link)
	}
	return false, nil
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
