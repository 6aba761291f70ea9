// Command signing takes a contract from a PDF file to the signed file and the
// certificate of agreement: draft, file, recipient, input fields, sending,
// reminder, conclusion, download.
//
// Without configuration it runs against a simulated CloudSign, where the
// recipient consents at once:
//
//	go run ./examples/signing
//	go run ./examples/signing contract.pdf
//
// With a client ID it does the same in the sandbox, which mails real people. It
// makes the draft and stops; with --yes it also sends:
//
//	CLOUDSIGN_CLIENT_ID=… go run ./examples/signing --environment sandbox \
//		--name "山田 太郎" --email taro@example.jp --yes contract.pdf
//
// Interrupted while it waits for the recipient, it goes on with --document and
// the id that it printed. Results go to the standard output, progress to the
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
	"time"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
)

// options are the command line.
type options struct {
	PDF          string        `arg:"" optional:"" help:"The contract. The simulation brings one along." type:"path"`
	Title        string        `help:"Title of the document." default:"業務委託契約書"`
	Message      string        `help:"Text for the recipient." default:"ご確認をお願いいたします。"`
	Name         string        `help:"The recipient's name." placeholder:"NAME"`
	Email        string        `help:"The recipient's e-mail address." placeholder:"ADDRESS"`
	Organization string        `help:"The recipient's company." placeholder:"NAME"`
	Environment  string        `help:"Use the real service: production, sandbox, lgwan or lgwan-sandbox. Needs CLOUDSIGN_CLIENT_ID." placeholder:"NAME"`
	Document     string        `help:"Go on with this document instead of making one." placeholder:"ID"`
	Yes          bool          `help:"Send to the recipient. Without it the real service is left with a draft."`
	Remind       bool          `help:"Remind the recipient once, if the document waits for one."`
	Data         string        `help:"Folder for the signed file and the certificate." default:"./countersign-signed" type:"path"`
	Wait         time.Duration `help:"How long to wait for the recipient." default:"1h"`
	Poll         time.Duration `help:"How often to look." default:"30s"`

	ClientID string `kong:"-"` // from the environment only: command lines are seen by others
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("signing"), kong.Description("Have a PDF signed with CloudSign."), kong.UsageOnError())
	o.ClientID = os.Getenv("CLOUDSIGN_CLIENT_ID")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{options: o, out: os.Stdout, err: os.Stderr}
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "signing: "+p.sentence(err))
		stop()
		os.Exit(1)
	}
}

// program is one run.
type program struct {
	options
	out, err io.Writer
	client   *cloudsign.Client
	people   people // nil: real people, who act by themselves
	baseURL  string // another address than the environment's own
}

// people are the recipients of the simulation.
type people interface {
	// act lets the next recipient consent.
	act(doc *cloudsign.Document)
	close()
}

// sentence says what a person can do about an error.
func (p *program) sentence(err error) string {
	goOn := ""
	if p.Document != "" {
		goOn = "; go on with --document " + p.Document
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted" + goOn
	case errors.Is(err, countersign.ErrOutcomeUnknown):
		return err.Error() + ": look at the document before you try again" + goOn
	case errors.Is(err, cloudsign.ErrAPIOptionRequired):
		return err.Error() + ": apply for the Web API first"
	case errors.Is(err, countersign.ErrUnavailable), errors.Is(err, countersign.ErrRateLimited):
		return err.Error() + ": try again later" + goOn
	}
	return err.Error()
}
