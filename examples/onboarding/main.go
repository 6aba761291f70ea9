// Command onboarding is a small web site of a software vendor whose
// customers get Digipost: landing page, registration, back, ready, first letter.
//
// Without configuration it runs against a simulated Digipost, so that both ways of
// the registration can be clicked through at once:
//
//	go run ./examples/onboarding
//
// With --walk it clicks for itself, prints what happened and ends. With credentials
// it does the same against Digipost's test environment:
//
//	DIGIPOST_BROKER_ID=… DIGIPOST_KEY=broker.pem go run ./examples/onboarding \
//	    --environment test --base-url https://vendor.example/digipost --organisation …
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// options are the command line.
type options struct {
	Listen       string `help:"Address to listen on." default:"127.0.0.1:8080"`
	Walk         bool   `help:"Walk both ways of the simulated registration, print what happened and end."`
	Data         string `help:"File that keeps the sessions. Without it they end with the program." type:"path" placeholder:"FILE"`
	Environment  string `help:"Use the real Digipost: test, difitest or production. Needs DIGIPOST_BROKER_ID and DIGIPOST_KEY." placeholder:"NAME"`
	BaseURL      string `help:"Where Digipost and customers reach this program, with the path /digipost." placeholder:"URL"`
	Organisation string `help:"Organisation number of the customer who is signed in." default:"984661185"`

	BrokerID string             `kong:"-"` // from the environment
	KeyFile  string             `kong:"-"`
	Password countersign.Secret `kong:"-"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("onboarding"), kong.Description("A vendor's web site whose customers get Digipost."), kong.UsageOnError())
	o.BrokerID, o.KeyFile = os.Getenv("DIGIPOST_BROKER_ID"), os.Getenv("DIGIPOST_KEY")
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
func run(ctx context.Context, o options, out io.Writer) error {
	org, err := digipost.ParseOrganisationNumber(o.Organisation)
	if err != nil {
		return err
	}
	store, err := openStore(o.Data)
	if err != nil {
		return err
	}
	defer store.Close()
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	if o.BaseURL == "" {
		o.BaseURL = "http://" + listener.Addr().String() + "/digipost"
	}
	digi, err := connect(o)
	if err != nil {
		return err
	}
	defer digi.close()
	s := &site{digi: digi, org: org, home: "http://" + listener.Addr().String()}
	if s.flow, err = newFlow(o.BaseURL, store, digi, s.note); err != nil {
		return err
	}
	digi.ready(s.flow.BackendURL().Reveal())
	engine := orchestration.NewLocal(store)
	s.flow.Register(engine)
	return s.serve(ctx, listener, engine, o.Walk, out)
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
		BaseURL:     baseURL, // https://vendor.example/digipost
		PartnerID:   d.partner,
		Environment: d.environment,
		Web:         d.web, // empty, but for the simulation
		OnEvent:     tell,
		Brand:       senderonboarding.Brand{Name: "Fakturabyrået", HomeURL: "/", Support: "hjelp@example.no"},
	}, senderonboarding.Deps{Store: store, Senders: d.client.Senders, Messages: d.client.Messages, Registry: d.registry})
}

// serve runs engine and site side by side.
func (s *site) serve(ctx context.Context, l net.Listener, engine *orchestration.Local, walk bool, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(l) }()
	go func() { failed <- engine.Run(ctx) }()
	defer server.Close()
	if walk {
		return s.walk(ctx, out)
	}
	fmt.Fprintln(out, "open "+s.home+" in a browser; Ctrl-C ends")
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func partnerID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("DIGIPOST_BROKER_ID is not the number of a Digipost account")
	}
	return id, nil
}
