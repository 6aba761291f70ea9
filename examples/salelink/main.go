// Command salelink links two Salesdock environments: B's products are imported
// into A, A's sales forwarded to B, and B's statuses pulled back.
//
// Without configuration it links two simulated environments in front of your
// eyes: what is wrong with the mapping, the plan, the import, a sale on its way, a
// status coming back, a product that vanishes:
//
//	go run ./examples/salelink
//
// With --dry-run it shows findings and plan and writes nothing. With credentials
// it does the same against Salesdock:
//
//	SALESDOCK_A_TOKEN=… SALESDOCK_B_TOKEN=… go run ./examples/salelink \
//	    --environment staging --a myaccount --b partner --settings link.json --data link.db --dry-run
//
// With --database postgres://… the link is kept there, and the program can be started
// twice at the same time: both share the work.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/salesdock"
)

// options are the command line.
type options struct {
	cluster.Flags

	DryRun      bool   `help:"Show what is wrong with the mapping and what would be done; write nothing to Salesdock."`
	Once        bool   `help:"Do what is due now and end, for a cron job."`
	Environment string `help:"Use the real Salesdock: production or staging. Needs SALESDOCK_A_TOKEN and SALESDOCK_B_TOKEN." placeholder:"NAME"`
	A           string `help:"Account name of A, which sells. Its token is an Admin's." placeholder:"ACCOUNT"`
	B           string `help:"Account name of B, which owns the propositions. Its token is that of the Agent of A's organisation." placeholder:"ACCOUNT"`
	Settings    string `help:"Mapping and policy: salelink.Settings as JSON." type:"existingfile" placeholder:"FILE"`
	Data        string `help:"File that keeps the link. Without it or --database the link ends with the program." type:"path" placeholder:"FILE"`

	TokenA countersign.Secret `kong:"-"` // from the environment
	TokenB countersign.Secret `kong:"-"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("salelink"), kong.Description("Links two Salesdock environments."), kong.UsageOnError())
	o.TokenA = countersign.NewSecret(os.Getenv("SALESDOCK_A_TOKEN"))
	o.TokenB = countersign.NewSecret(os.Getenv("SALESDOCK_B_TOKEN"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, o, os.Stdout)
	if err != nil && ctx.Err() != nil { // whatever it broke off in
		fmt.Fprintln(os.Stderr, "salelink: interrupted; with --environment and --data or --database, the same command goes on where it was; a simulation begins anew")
		stop()
		os.Exit(130) // as shells have it
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "salelink: "+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if o.Data != "" && o.Database != "" {
		return errors.New("--data and --database (DATABASE_URL) are given: the link is kept in one of them")
	}
	if o.Environment != "" {
		return connect(ctx, o, out)
	}
	if o.A != "" || o.B != "" || o.Settings != "" || o.Data != "" {
		return errors.New("--environment is missing: production or staging; without it, and without --a, --b, --settings and --data, two simulated environments are linked")
	}
	return simulate(ctx, o, out)
}

// complete says what a link between real environments lacks.
func (o options) complete() error {
	switch {
	case o.Settings == "":
		return errors.New("--settings is missing: a file that says what of A is what of B; begin with {}")
	case o.A == "" || o.B == "":
		return errors.New("--a or --b is missing: the account's name, as in the address that you log in at")
	case o.TokenA.IsZero():
		return errors.New("SALESDOCK_A_TOKEN is missing: the API token of an Admin of A")
	case o.TokenB.IsZero():
		return errors.New("SALESDOCK_B_TOKEN is missing: the API token of the Agent of A's organisation at B")
	}
	return nil
}

// connect runs a link between two real environments.
func connect(ctx context.Context, o options, out io.Writer) error {
	if err := o.complete(); err != nil {
		return err
	}
	settings, err := readSettings(o.Settings)
	if err != nil {
		return err
	}
	environment, err := salesdock.ParseEnvironment(o.Environment)
	if err != nil {
		return err
	}
	store, err := o.Open(ctx, func() (orchestration.Store, error) { return openStore(o.Data) })
	if err != nil {
		return err
	}
	defer store.Close()
	engine := store.Engine(cluster.EngineConfig{Say: cluster.Tell})
	// Salesdock allows each user and each address 60 calls a minute.
	flow, err := newFlow(store, engine, environment, o, store.Limit("salesdock "+string(environment), 60, time.Minute)...)
	if err != nil {
		return err
	}
	s := show{out}
	a, b := flow.TestConnections(ctx)
	s.connection("A, "+o.A, a)
	s.connection("B, "+o.B, b)
	if !a.OK || !b.OK {
		return errors.New("a connection does not work")
	}
	if err := flow.Configure(ctx, settings); err != nil {
		return err
	}
	if o.DryRun {
		s.say("questions are checked for products that are imported; here is what a run would do:")
		return s.plan(ctx, flow)
	}
	return work(ctx, o, flow, engine, s)
}

// snippet: flow
func newFlow(store orchestration.Store, engine orchestration.Engine, e salesdock.Environment, o options, limit ...countersign.Option) (*salelink.Flow, error) {
	a, err := salesdock.New(salesdock.Config{Environment: e, Domain: o.A, Token: o.TokenA, Scope: salesdock.ScopeAccount}, limit...)
	if err != nil {
		return nil, err
	}
	b, err := salesdock.New(salesdock.Config{Environment: e, Domain: o.B, Token: o.TokenB, Scope: salesdock.ScopeUser}, limit...)
	if err != nil {
		return nil, err
	}
	flow, err := salelink.New(salelink.Config{Mode: salesdock.SDKLink}, salelink.Deps{Store: store, A: a, B: b})
	if err != nil {
		return nil, err
	}
	flow.Register(engine)
	return flow, nil
}

// end snippet

// work imports the products, goes live and stays, or ends when nothing is due.
func work(ctx context.Context, o options, flow *salelink.Flow, engine orchestration.Engine, s show) error {
	if err := flow.SyncNow(ctx); err != nil {
		return err
	}
	if err := engine.RunUntilIdle(ctx); err != nil {
		return err
	}
	if err := s.products(ctx, flow); err != nil {
		return err
	}
	if err := flow.GoLive(ctx); err != nil {
		if f, ok := errors.AsType[*salelink.FindingsError](err); ok {
			s.findings(f.Findings)
		}
		return err
	}
	if o.Once {
		if err := engine.RunUntilIdle(ctx); err != nil {
			return err
		}
		return s.sales(ctx, flow)
	}
	s.say("the link is live; Ctrl-C ends")
	return engine.Run(ctx)
}

func readSettings(file string) (out salelink.Settings, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return out, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // a member that is misspelt would be a setting that is off
	if err := d.Decode(&out); err != nil {
		return out, fmt.Errorf("%s: %w", file, err)
	}
	return out, nil
}

// openStore keeps the link in a file, or in memory.
func openStore(file string) (orchestration.Store, error) {
	if file == "" {
		return orchestration.NewMemory(), nil
	}
	return sqlite.Open(file)
}
