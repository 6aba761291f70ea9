// Command docusign sends a document for signature, follows it to its end, and
// saves the signed document and the certificate of completion.
//
// Without configuration it runs against a simulated account, in which the
// recipient signs at once:
//
//	go run ./examples/docusign
//	go run ./examples/docusign --pdf contract.pdf
//
// With an integration key it does the same against a developer account. With a
// user and an RSA key it uses the JWT grant, and says which page the user has to
// open once; with --login it opens a page on this machine where you log in:
//
//	DOCUSIGN_INTEGRATION_KEY=… DOCUSIGN_USER_ID=… DOCUSIGN_PRIVATE_KEY_FILE=key.pem \
//	  go run ./examples/docusign --environment demo --email you@example.com --pdf contract.pdf
//	DOCUSIGN_INTEGRATION_KEY=… DOCUSIGN_SECRET=… go run ./examples/docusign --environment demo --login …
//
// The redirect URI http://localhost:8787/docusign/callback has to be registered
// for the integration key; docs/docusign.md has all that a real account needs.
// examples/draft makes a draft from a template. Results go to the standard output,
// progress to the standard error output.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign/examples/docusignaccount"
)

// options are the command line.
type options struct {
	docusignaccount.Options

	Template string `help:"Send this template instead of a PDF file; examples/draft lists them." placeholder:"ID"`
	Role     string `help:"Role of the template that the recipient fills." default:"customer"`
	PDF      string `help:"Send this PDF file; the default is a page of the program's own." name:"pdf" type:"existingfile" placeholder:"FILE"`
	Subject  string `help:"Subject of the mail." default:"Please sign"`
	Name     string `help:"Recipient's name." default:"Robin Recipient"`
	Email    string `help:"Recipient's address." default:"robin@example.com"`
	Out      string `help:"Folder for the signed documents." default:"./countersign-docusign" type:"path"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("docusign"), kong.Description("Send a document for signature and save what was signed."), kong.UsageOnError())
	o.Credentials = docusignaccount.FromEnvironment()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{options: o, out: os.Stdout, err: os.Stderr}
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "docusign: "+err.Error())
		stop()
		os.Exit(1)
	}
}

// program is one run, with what tests replace.
type program struct {
	options
	out, err io.Writer
}
