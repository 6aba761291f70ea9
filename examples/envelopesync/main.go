// Command envelopesync carries what happens to DocuSign envelopes to the contacts of
// an ActiveCampaign account.
//
// Without configuration it starts both services as simulations on this machine,
// lets a storm of messages come in (in disorder, twice, while ActiveCampaign's
// answers go wrong), shows contacts, tags and records as they grow, and compares
// the end with what the same messages lead to in their order:
//
//	go run ./examples/envelopesync
//	go run ./examples/envelopesync --envelopes 200
//
// With credentials it does the same for real: it shows what going live does, goes
// live, takes DocuSign's messages and works until it is interrupted. A second run
// continues. Something in front of it has to serve the base URL over https:
//
//	export DOCUSIGN_INTEGRATION_KEY=… DOCUSIGN_USER_ID=… DOCUSIGN_PRIVATE_KEY_FILE=key.pem
//	export DOCUSIGN_CONNECT_KEY=… ACTIVECAMPAIGN_URL=… ACTIVECAMPAIGN_KEY=…
//	go run ./examples/envelopesync --environment demo --base-url https://sync.example/docusign --dry-run
//	go run ./examples/envelopesync --environment demo --base-url https://sync.example/docusign
//
// Ctrl-C ends it; what was taken in is kept.
//
// With --database postgres://… that lies there, and the program can be started twice at
// the same time, for real with another --listen: both share the work.
//
// Results go to the standard output, progress to the standard error output.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/examples/docusignaccount"
	"github.com/countersign/countersign/orchestration"
)

// options are the command line.
type options struct {
	docusignaccount.Options
	cluster.Flags

	DryRun    bool   `help:"Show what going live does, and end."`
	BaseURL   string `help:"Where DocuSign reaches this program, https; needed with --environment." placeholder:"URL"`
	Listen    string `help:"Address to listen on, with --environment." default:"127.0.0.1:8080"`
	Data      string `help:"File that keeps what came in, with --environment and without --database." default:"envelopesync.db" type:"path" placeholder:"FILE"`
	Envelopes int    `help:"How many envelopes the simulation has." default:"60"`

	ActiveCampaignURL string             `kong:"-"` // from the environment
	ActiveCampaignKey countersign.Secret `kong:"-"`
	ConnectKey        countersign.Secret `kong:"-"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("envelopesync"), kong.Description("DocuSign envelopes to ActiveCampaign contacts."), kong.UsageOnError())
	o.Credentials = docusignaccount.FromEnvironment()
	o.ActiveCampaignURL = os.Getenv("ACTIVECAMPAIGN_URL")
	o.ActiveCampaignKey = countersign.NewSecret(os.Getenv("ACTIVECAMPAIGN_KEY"))
	o.ConnectKey = countersign.NewSecret(os.Getenv("DOCUSIGN_CONNECT_KEY"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{options: o, out: os.Stdout, err: os.Stderr, live: term.IsTerminal(int(os.Stderr.Fd()))}
	err := p.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "envelopesync: "+sentence(err))
		os.Exit(exitCode(err))
	}
}

// exitCode is 130 for an interruption, as shells have it, and 1 for everything
// else.
func exitCode(err error) int {
	if errors.Is(err, context.Canceled) {
		return 130
	}
	return 1
}

// sentence says what a person can do about an interruption, or about another run.
func sentence(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted: with --environment, run again to go on; a simulation begins anew"
	case errors.Is(err, orchestration.ErrOwned):
		return "another run works on this file: wait for it, choose another one with --data, or let several share the work with --database"
	}
	return err.Error()
}

// program is one run, with what tests replace.
type program struct {
	options
	out, err io.Writer
	live     bool     // progress is drawn over and over, for a person at a terminal
	drawn    int      // lines of the last drawing
	last     []string // lines of the comparison
}

func (p *program) run(ctx context.Context) error {
	if p.Environment != "" {
		return p.real(ctx)
	}
	return p.simulate(ctx)
}
