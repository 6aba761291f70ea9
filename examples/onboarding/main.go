// Command onboarding is a small web site of a software vendor whose
// customers get Digipost: landing page, registration, back, ready, first letter.
//
// Without configuration it runs against a simulated Digipost, so that both ways of
// the registration can be clicked through at once:
//
//	go run ./examples/onboarding
//
// With --walk it clicks for itself, prints what happened and ends. With credentials
// it does the same against Digipost's test environment, with access tokens, or with
// signatures where DIGIPOST_CLIENT_ID is left out; --dry-run shows beforehand what it
// would do:
//
//	DIGIPOST_BROKER_ID=… DIGIPOST_CLIENT_ID=… DIGIPOST_KEY=broker.p12 go run ./examples/onboarding \
//	    --environment test --base-url https://vendor.example/digipost --organisation …
//
// With --database postgres://… the sessions are kept there, and the program can be
// started twice at the same time, with another --listen: both share the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// options are the command line.
type options struct {
	cluster.Flags

	Listen       string `help:"Address to listen on." default:"127.0.0.1:8080"`
	Walk         bool   `help:"Walk both ways of the simulated registration, print what happened and end."`
	Data         string `help:"File that keeps the sessions. Without it or --database they end with the program." type:"path" placeholder:"FILE"`
	Environment  string `help:"Use the real Digipost: test, difitest, nhn or production. Needs DIGIPOST_BROKER_ID and DIGIPOST_KEY." placeholder:"NAME"`
	BaseURL      string `help:"Where Digipost and customers reach this program, with the path /digipost." placeholder:"URL"`
	Organisation string `help:"Organisation number of the customer who is signed in." default:"984661185"`
	Recipient    string `help:"National identity number of who gets the letters. The simulation has somebody; the real Digipost's test environment gives you test persons." placeholder:"NUMBER"`
	DryRun       bool   `help:"Check the configuration and print what would be served. Nothing is sent, stored or listened to."`

	BrokerID string             `kong:"-"` // from the environment
	ClientID countersign.Secret `kong:"-"`
	KeyFile  string             `kong:"-"`
	Password countersign.Secret `kong:"-"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("onboarding"), kong.Description("A vendor's web site whose customers get Digipost."), kong.UsageOnError())
	o.BrokerID, o.KeyFile = os.Getenv("DIGIPOST_BROKER_ID"), os.Getenv("DIGIPOST_KEY")
	o.ClientID = countersign.NewSecret(os.Getenv("DIGIPOST_CLIENT_ID"))
	o.Password = countersign.NewSecret(os.Getenv("DIGIPOST_KEY_PASSWORD"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onboarding: "+err.Error())
		stop()
		os.Exit(1)
	}
}

// run serves the site until ctx ends, or walks it once.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	org, err := digipost.ParseOrganisationNumber(o.Organisation)
	if err != nil {
		return fmt.Errorf("--organisation: %w", err)
	}
	if u, err := url.Parse(o.base("")); err != nil || strings.TrimRight(u.Path, "/") != mounted {
		return fmt.Errorf("--base-url does not end in %s, which is where this program serves the flow", mounted)
	}
	if o.Data != "" && o.Database != "" {
		return errors.New("--data and --database (DATABASE_URL) are given: the sessions are kept in one of them")
	}
	digi, err := connect(o)
	if err != nil {
		return err
	}
	defer digi.close()
	s := &site{digi: digi, org: org}
	if o.DryRun {
		return s.describe(o, out)
	}
	if s.store, err = o.Open(ctx, func() (orchestration.Store, error) { return openStore(o.Data) }); err != nil {
		return err
	}
	defer s.store.Close()
	if err := s.join(ctx); err != nil {
		return err
	}
	defer func() { s.leave(err) }()
	return s.open(ctx, o, out)
}

// open makes the flow and serves the site.
func (s *site) open(ctx context.Context, o options, out io.Writer) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	s.home = "http://" + listener.Addr().String()
	if s.flow, err = newFlow(o.base(s.home), s.store, s.digi, s.note); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.digi.ready(s.flow.BackendURL().Reveal())
	engine := s.engine()
	s.flow.Register(engine)
	if err := s.admit(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.serve(ctx, listener, engine, o.Walk, out)
}

// mounted is the path that the site serves the flow below.
const mounted = "/digipost"

// base is where the flow is reached.
func (o options) base(home string) string {
	if o.BaseURL != "" {
		return o.BaseURL
	}
	return home + mounted
}

// describe prints what would be served.
func (s *site) describe(o options, out io.Writer) error {
	base := o.base("http://" + o.Listen)
	if _, err := newFlow(base, orchestration.NewMemory(), s.digi, s.note); err != nil {
		return err
	}
	where := s.digi.web
	if a, err := s.digi.environment.Addresses(); err == nil {
		where = a.Web
	}
	_, err := fmt.Fprintf(out, "would listen on %s\nwould send customers to %s as partner %d\nwould be called back below %s\n", o.Listen, where, s.digi.partner, base)
	return err
}

// openStore keeps the sessions in a file, or in memory.
func openStore(file string) (orchestration.Store, error) {
	if file == "" {
		return orchestration.NewMemory(), nil
	}
	return sqlite.Open(file)
}

// newFlow makes the flow of the site.
func newFlow(baseURL string, store orchestration.Store, d *digi, tell func(context.Context, senderonboarding.Event) error) (*senderonboarding.Flow, error) {
	return senderonboarding.New(senderonboarding.Config{
		Name:        d.name,
		BaseURL:     baseURL, // https://vendor.example/digipost
		PartnerID:   d.partner,
		Environment: d.environment,
		Web:         d.web, // empty, but for the simulation
		OnEvent:     tell,
		Brand:       senderonboarding.Brand{Name: "Fakturabyrået", HomeURL: "/", Support: "hjelp@example.no"},
	}, senderonboarding.Deps{Store: store, Senders: d.client.Senders, Messages: d.client.Messages, Registry: d.registry})
}

// serve runs engine and site side by side. When it returns, both have ended, and the
// store may be closed.
func (s *site) serve(ctx context.Context, l net.Listener, engine orchestration.Engine, walk bool, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	var work sync.WaitGroup
	work.Go(func() { failed <- server.Serve(l) })
	work.Go(func() { failed <- s.work(ctx, engine) })
	defer work.Wait()
	defer shutDown(server)
	defer cancel()
	switch {
	case !walk:
		fmt.Fprintln(out, "open "+s.home+" in a browser; Ctrl-C ends")
	case s.guest == nil:
		return s.walk(ctx, out)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		for _, line := range s.done {
			fmt.Fprintln(out, line)
		}
		return err
	}
}

// shutDown lets requests end that are under way, for a while.
func shutDown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // nothing is left to lose
	}
}

func partnerID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("DIGIPOST_BROKER_ID is not the number of a Digipost account, such as 12345")
	}
	return id, nil
}
