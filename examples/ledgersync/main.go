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
// registers only what is new. Results go to the standard output, progress to the
// standard error output.
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
)

// options are the command line.
type options struct {
	Data        string `help:"Folder for rows and files." default:"./countersign-data" type:"path"`
	From        string `help:"Fill the simulated account with the PDF files of this folder; contracts.csv in it gives the document information." type:"path" placeholder:"DIR"`
	Environment string `help:"Use the real service: production, sandbox, lgwan or lgwan-sandbox. Needs CLOUDSIGN_CLIENT_ID." placeholder:"NAME"`
	Arrivals    int    `help:"Documents that arrive in the simulated account each run." default:"3"`
	Yes         bool   `help:"Answer the confirmation with yes."`
	DryRun      bool   `help:"Print the plan and register nothing."`

	ClientID string `kong:"-"` // from the environment only: command lines are seen by others
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("ledgersync"), kong.Description("Link a CloudSign account with a contract ledger on disk."), kong.UsageOnError())
	o.ClientID = os.Getenv("CLOUDSIGN_CLIENT_ID")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{
		options: o, in: os.Stdin, out: os.Stdout, err: os.Stderr,
		terminal: term.IsTerminal(int(os.Stdin.Fd())), bars: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ledgersync: "+sentence(err))
		stop()
		os.Exit(1)
	}
}

// program is one run, with what tests replace.
type program struct {
	options
	in       io.Reader
	out, err io.Writer
	terminal bool   // a person can answer
	bars     bool   // progress may draw
	baseURL  string // another address than the environment's own
}

// sentence says what a person can do about an interruption.
func sentence(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted: nothing is lost, run again to go on"
	}
	return err.Error()
}
