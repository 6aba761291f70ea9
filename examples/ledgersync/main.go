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
// Rows and files lie under --data, or in the ledger that --ledger names: a bundle
// for the PDF import of Contract One, or whatever lies behind a gateway, whose
// credential is in COUNTERSIGN_GATEWAY_HEADER and COUNTERSIGN_GATEWAY_CREDENTIAL. With
// --database postgres://… rows lie in PostgreSQL, and the program can be started twice
// at the same time: both share the work. A second run goes on where the first ended and
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
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"golang.org/x/term"
)

// options are the command line.
type options struct {
	cluster.Flags

	Data         string   `help:"Folder for rows and files." default:"./countersign-data" placeholder:"DIR"`
	From         *string  `help:"Fill the simulated account with the PDF files of this folder and those below it; contracts.csv in it gives the document information. Said once, when the folder of --data begins." placeholder:"DIR"`
	Environment  string   `help:"Use the real service: production, sandbox, lgwan or lgwan-sandbox. Needs CLOUDSIGN_CLIENT_ID; said once, when the folder of --data begins." placeholder:"NAME"`
	Ledger       string   `help:"Where to register: sql (rows and files under --data), bundle:FOLDER for the PDF import of Contract One, or gateway:ADDRESS. Chosen once, when the folder begins; default: sql." placeholder:"LEDGER"`
	GatewayQuota bool     `help:"The gateway tells its contracted count: show what is left of it, and stop when it is used up."`
	Arrivals     int      `help:"Generated documents that arrive in the simulated account each run; 0 leaves your own files alone." default:"3"`
	Webhook      string   `help:"After the daily run keep running and take CloudSign's webhooks on this address, such as :8080." placeholder:"ADDRESS"`
	TrustedProxy []string `help:"Address range of a proxy in front of --webhook, such as 192.0.2.0/24." placeholder:"RANGE"`
	Yes          bool     `help:"Answer the confirmation with yes."`
	DryRun       bool     `help:"Print the plan and register nothing."`
	Review       bool     `help:"Hold files for a review instead of registering them; chosen once, before the first count is confirmed. See the command review."`
	ReviewPage   string   `help:"After the daily run keep running and serve the review as a web page on this address of this machine, such as 127.0.0.1:8081. It signs nobody in." placeholder:"ADDRESS"`
	Reviewer     string   `help:"Account that decides on the review page; default: the name of this system's user." env:"COUNTERSIGN_REVIEWER" placeholder:"ACCOUNT"`
	KeepRunning  bool     `help:"Go on with the daily difference until interrupted; --webhook and --review-page do so anyway."`

	// From the environment only: command lines are seen by others.
	ClientID          string `kong:"-"`
	GatewayHeader     string `kong:"-"`
	GatewayCredential string `kong:"-"`
}

// commands are the command line's commands.
type commands struct {
	options
	Sync   struct{}      `cmd:"" default:"1" help:"Link the account, load everything and then the difference."`
	Links  struct{}      `cmd:"" help:"List the links of the folder: management ID, team, state, last and next run, counts."`
	Review reviewCommand `cmd:"" name:"review" help:"Decide about files that are held for review."`

	Gateway gatewayCommand `cmd:"" help:"Run a gateway in memory to try --ledger gateway with."`
}

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("ledgersync"), kong.Description("Link a CloudSign account with a contract ledger on disk."), kong.ShortUsageOnError(),
		kong.Exit(func(code int) { os.Exit(min(code, 1)) }))
	c.ClientID = os.Getenv("CLOUDSIGN_CLIENT_ID")
	c.GatewayHeader, c.GatewayCredential = os.Getenv("COUNTERSIGN_GATEWAY_HEADER"), os.Getenv("COUNTERSIGN_GATEWAY_CREDENTIAL")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() {
		stop() // the next signal ends the program at once
		fmt.Fprintln(os.Stderr, "ledgersync: stopping after the files in hand; Ctrl-C again ends at once")
	})
	p := &program{
		options: c.options, in: os.Stdin, out: os.Stdout, err: os.Stderr,
		terminal: term.IsTerminal(int(os.Stdin.Fd())), bars: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
	}
	if err := p.do(ctx, parsed.Command(), &c); err != nil {
		fmt.Fprintln(os.Stderr, "ledgersync: "+sentence(err))
		os.Exit(exitCode(err))
	}
}

// do does the command that was parsed: "sync", "links", "gateway", "review list",
// "review save <keys>".
func (p *program) do(ctx context.Context, command string, c *commands) error {
	switch words := strings.Fields(command); words[0] {
	case "gateway":
		return p.gateway(ctx, c.Gateway)
	case "links":
		return p.links(ctx)
	case "review":
		return p.review(ctx, words[1], &c.Review)
	}
	return p.run(ctx)
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

	finishEvery time.Duration    // 0: every 30 seconds; see live
	clock       func() time.Time // of the real service; nil: time.Now
}

// sentence says what a person can do about an interruption, or about another run.
func sentence(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted: nothing is lost, run again to go on"
	case errors.Is(err, orchestration.ErrOwned):
		return "another run works on this folder: wait for it, choose another one with --data, or let several share the work with --database"
	}
	return err.Error()
}
