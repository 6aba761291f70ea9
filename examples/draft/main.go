// Command draft makes a draft from a DocuSign template, fills in its fields, and
// prints the address where its sender looks it over and sends it.
//
// Without configuration it runs against a simulated account with a template of
// its own:
//
//	go run ./examples/draft
//	go run ./examples/draft --field city=Kyoto --field price=1200
//
// With an integration key it does the same against a developer account. Without
// --template it lists the account's templates:
//
//	export DOCUSIGN_INTEGRATION_KEY=… DOCUSIGN_USER_ID=… DOCUSIGN_PRIVATE_KEY_FILE=key.pem
//	go run ./examples/draft --environment demo
//	go run ./examples/draft --environment demo --template GUID \
//	  --role 'customer=Robin Recipient <robin@example.com>' --field city=Kyoto
//
// What no flag names stays as the template has it, for the sender to fill in.
// See examples/docusign for the ways to log in. Results go to the standard output,
// progress to the standard error output.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign/examples/docusignaccount"
)

// options are the command line.
type options struct {
	docusignaccount.Options

	Template string            `help:"Template to make a draft of." placeholder:"GUID"`
	Role     map[string]string `help:"Who fills a role of the template; may be repeated." placeholder:"ROLE='NAME <ADDRESS>'" mapsep:"none"`
	Field    map[string]string `help:"Value of a field, wherever the template has its label; may be repeated." placeholder:"LABEL=VALUE" mapsep:"none"`
	Subject  string            `help:"Subject of the mail; the default is the template's."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("draft"), kong.Description("Make a draft from a template and open it for its sender."), kong.UsageOnError())
	o.Credentials = docusignaccount.FromEnvironment()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	p := &program{options: o, out: os.Stdout, err: os.Stderr}
	err := p.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "draft: "+err.Error())
		os.Exit(1)
	}
}

// program is one run, with what tests replace.
type program struct {
	options
	out, err io.Writer
}
