// Command ledgersync links a CloudSign account with a contract ledger on disk:
// preview, confirmation, first load, and from then on the daily difference.
//
// Without configuration it runs against a simulated account, so that the whole
// job can be watched at once:
//
//	go run ./examples/ledgersync
//	go run ./examples/ledgersync --from ~/contracts
//
// With a client ID it does the same against the real service:
//
//	CLOUDSIGN_CLIENT_ID=… go run ./examples/ledgersync --environment sandbox
//
// Rows and files lie under --data. A second run goes on where the first ended and
// registers only what is new. Results go to the standard output, progress and
// errors to the standard error output. The exit code is 0 when every file is in
// the ledger, 130 after an interruption and 1 otherwise.
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
	"github.com/countersign/countersign/orchestration"
	"golang.org/x/term"
)

// options are the command line.
type options struct {
	Data         string   `help:"Folder for rows and files." default:"./countersign-data" placeholder:"DIR"`
	From         *string  `help:"Fill the simulated account with the PDF files of this folder and those below it; contracts.csv in it gives the document information." placeholder:"DIR"`
	Environment  string   `help:"Use the real service: production, sandbox, lgwan or lgwan-sandbox. Needs CLOUDSIGN_CLIENT_ID." placeholder:"NAME"`
	Arrivals     int      `help:"Generated documents that arrive in the simulated account each run; 0 leaves your own files alone." default:"3"`
	Webhook      string   `help:"After the daily run keep running and take CloudSign's webhooks on this address, such as :8080." placeholder:"ADDRESS"`
	TrustedProxy []string `help:"Address range of a proxy in front of --webhook, such as 192.0.2.0/24." placeholder:"RANGE"`
	Yes          bool     `help:"Answer the confirmation with yes."`
	DryRun       bool     `help:"Print the plan and register nothing."`

	ClientID string `kong:"-"` // from the environment only: command lines are seen by others
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("ledgersync"), kong.Description("Link a CloudSign account with a contract ledger on disk."), kong.ShortUsageOnError())
	o.ClientID = os.Getenv("CLOUDSIGN_CLIENT_ID")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() {
		stop() // the next signal ends the program at once
		fmt.Fprintln(os.Stderr, "ledgersync: stopping after the files in hand; Ctrl-C again ends at once")
	})
	p := &program{
		options: o, in: os.Stdin, out: os.Stdout, err: os.Stderr,
		terminal: term.IsTerminal(int(os.Stdin.Fd())), bars: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
	}
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ledgersync: "+sentence(err))
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

// program is one run, with what tests replace.
type program struct {
	options
	in       io.Reader
	out, err io.Writer
	terminal bool   // a person can answer
	bars     bool   // progress may draw
	baseURL  string // another address than the environment's own
	observe  orchestration.Progress
}

// sentence says what a person can do about an interruption, or about another run.
func sentence(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted: nothing is lost, run again to go on"
	case errors.Is(err, orchestration.ErrOwned):
		return "another run works on this folder: wait for it, or choose another one with --data"
	}
	return err.Error()
}
