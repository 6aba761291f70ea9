// Package docusignaccount opens the account that the DocuSign examples work on:
// one that is simulated on this machine, or a real one with the credentials of
// the environment.
package docusignaccount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
)

// Options are the part of a command line that names the account. The zero value
// is the simulated account.
type Options struct {
	Environment string `help:"Use the real service: demo or production. Needs DOCUSIGN_INTEGRATION_KEY, an app with the redirect URI http://localhost:8787/docusign/callback; and DOCUSIGN_USER_ID with DOCUSIGN_PRIVATE_KEY_FILE, or --login." placeholder:"NAME"`
	Account     string `help:"Account id; the default is the user's default account." placeholder:"GUID"`
	Login       bool   `help:"Log in with a browser instead of the JWT grant. Needs DOCUSIGN_SECRET, unless the app is public."`

	Credentials `kong:"-"`
}

// Credentials come from the environment only: command lines are seen by others.
type Credentials struct {
	IntegrationKey string
	UserID         string             // for the JWT grant
	KeyFile        string             // for the JWT grant: the file of the RSA key
	Secret         countersign.Secret // for the login
}

// FromEnvironment reads the credentials from DOCUSIGN_INTEGRATION_KEY,
// DOCUSIGN_USER_ID, DOCUSIGN_PRIVATE_KEY_FILE and DOCUSIGN_SECRET.
func FromEnvironment() Credentials {
	return Credentials{
		IntegrationKey: os.Getenv("DOCUSIGN_INTEGRATION_KEY"), UserID: os.Getenv("DOCUSIGN_USER_ID"),
		KeyFile: os.Getenv("DOCUSIGN_PRIVATE_KEY_FILE"), Secret: countersign.NewSecret(os.Getenv("DOCUSIGN_SECRET")),
	}
}

// Account is what an example works on. Close it at the end.
type Account struct {
	Client     *docusign.Client
	Simulation *docusigntest.Server // nil with the real service
}

// Close ends a simulation.
func (a *Account) Close() {
	if a.Simulation != nil {
		a.Simulation.Close()
	}
}

// Open gives the account that the options name, and says on progress which one it
// is. Where the user has not consented yet, the error names the page to open.
func Open(ctx context.Context, o Options, progress io.Writer) (*Account, error) {
	if o.Environment == "" {
		if err := o.simulated(); err != nil {
			return nil, err
		}
		return simulate(ctx, progress)
	}
	env, err := docusign.ParseEnvironment(o.Environment)
	if err != nil {
		return nil, err
	}
	if o.IntegrationKey == "" {
		return nil, errors.New("DOCUSIGN_INTEGRATION_KEY is not set: it is the client id of your app")
	}
	auth, err := o.auth(ctx, env, progress)
	if err != nil {
		return nil, err
	}
	client, err := docusign.New(docusign.Config{Environment: env, Auth: auth, AccountID: docusign.AccountID(o.Account)}, countersign.WithUserAgent("docusign-example", ""))
	if err != nil {
		return nil, err
	}
	if err := greet(ctx, client, progress); err != nil {
		return nil, err
	}
	return &Account{Client: client}, nil
}

// simulated refuses what only the real service can do, so that nobody takes the
// simulation for it.
func (o Options) simulated() error {
	switch {
	case o.IntegrationKey != "":
		return errors.New("DOCUSIGN_INTEGRATION_KEY is set: say with --environment which service it belongs to: demo or production")
	case o.Account != "":
		return errors.New("--account names an account of the real service: say with --environment which one, demo or production")
	case o.Login:
		return errors.New("--login logs in to the real service: say with --environment which one, demo or production")
	}
	return nil
}

func (o Options) auth(ctx context.Context, env docusign.Environment, progress io.Writer) (docusign.Auth, error) {
	if o.Login {
		return o.login(ctx, env, progress)
	}
	switch {
	case o.UserID == "":
		return nil, errors.New("DOCUSIGN_USER_ID is not set: it is the GUID of the user to act for, from the page Apps and Keys; or log in with --login")
	case o.KeyFile == "":
		return nil, errors.New("DOCUSIGN_PRIVATE_KEY_FILE is not set: it names the file of the app's RSA private key; or log in with --login")
	}
	key, err := os.ReadFile(o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("DOCUSIGN_PRIVATE_KEY_FILE: %w", err)
	}
	return docusign.JWTGrant{
		IntegrationKey: o.IntegrationKey, UserID: docusign.UserID(o.UserID),
		PrivateKey: countersign.NewSecret(string(key)), RedirectURI: redirectURI,
	}, nil
}

// greet names the account, or the page where the user has to consent first.
func greet(ctx context.Context, client *docusign.Client, progress io.Writer) error {
	a, err := client.Account(ctx)
	if consent, ok := errors.AsType[*docusign.ConsentRequiredError](err); ok {
		return fmt.Errorf("open this page as the user, allow the app, and run again: %s", consent.URL)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "account %s (%s)\n", a.Name, a.ID)
	return nil
}

// simulate starts an account on this machine.
func simulate(ctx context.Context, progress io.Writer) (*Account, error) {
	srv := docusigntest.NewServer()
	srv.Consent(srv.App().IntegrationKey, srv.User().ID)
	client, err := clientOf(srv)
	if err == nil {
		err = greet(ctx, client, progress)
	}
	if err != nil {
		srv.Close()
		return nil, err
	}
	fmt.Fprintln(progress, "simulated account: nothing leaves this machine")
	return &Account{Client: client, Simulation: srv}, nil
}

func clientOf(srv *docusigntest.Server) (*docusign.Client, error) {
	app := srv.App()
	return docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.JWTGrant{
		IntegrationKey: app.IntegrationKey, UserID: docusign.UserID(srv.User().ID),
		PrivateKey: countersign.NewSecret(app.PrivateKey), RedirectURI: app.RedirectURI,
	}}, countersign.WithBaseURL(srv.URL()))
}
