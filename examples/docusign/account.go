package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
)

const (
	loginAddress = "localhost:8787"
	redirectURI  = "http://" + loginAddress + "/docusign/callback"
)

// account is what the program works on.
type account struct {
	client        *docusign.Client
	close         func()
	recipientActs func(docusign.EnvelopeID) // in the simulation alone
}

// connect gives the real account, or a simulated one.
func (p *program) connect(ctx context.Context) (*account, error) {
	if p.Environment == "" {
		return p.simulate(ctx)
	}
	env, err := docusign.ParseEnvironment(p.Environment)
	if err != nil {
		return nil, err
	}
	auth, err := p.auth(ctx, env)
	if err != nil {
		return nil, err
	}
	client, err := docusign.New(docusign.Config{Environment: env, Auth: auth, AccountID: docusign.AccountID(p.Account)}, countersign.WithUserAgent("docusign-example", ""))
	if err != nil {
		return nil, err
	}
	return &account{client: client, close: func() {}, recipientActs: func(docusign.EnvelopeID) {}}, p.greet(ctx, client)
}

// greet names the account, or the page where the user has to consent first.
func (p *program) greet(ctx context.Context, client *docusign.Client) error {
	a, err := client.Account(ctx)
	if consent, ok := errors.AsType[*docusign.ConsentRequiredError](err); ok {
		return fmt.Errorf("open this page as the user, allow the app, and run again: %s", consent.URL)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "account %s (%s)\n", a.Name, a.ID)
	return nil
}

func (p *program) auth(ctx context.Context, env docusign.Environment) (docusign.Auth, error) {
	if p.Login {
		return p.login(ctx, env)
	}
	key, err := os.ReadFile(p.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("DOCUSIGN_PRIVATE_KEY_FILE: %w", err)
	}
	return docusign.JWTGrant{
		IntegrationKey: p.IntegrationKey, UserID: docusign.UserID(p.UserID),
		PrivateKey: countersign.NewSecret(string(key)), RedirectURI: redirectURI,
	}, nil
}

// login has a person log in through a page on this machine.
func (p *program) login(ctx context.Context, env docusign.Environment) (docusign.Auth, error) {
	grant := docusign.CodeGrant{IntegrationKey: p.IntegrationKey, Secret: countersign.NewSecret(p.Secret)}
	done := make(chan error, 1)
	tell := func(err error) {
		select {
		case done <- err:
		default: // it is settled already
		}
	}
	login, err := docusign.NewLogin(docusign.LoginConfig{
		App: docusign.App{Environment: env, IntegrationKey: p.IntegrationKey, Secret: grant.Secret, RedirectURI: redirectURI},
		Connected: func(_ context.Context, c docusign.Connection) error {
			grant.Store = docusign.NewMemoryStore(c.Token)
			tell(nil)
			return nil
		},
		Failed: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "DocuSign was not connected.", http.StatusForbidden)
			if !errors.Is(err, docusign.ErrLoginState) { // somebody else's request
				tell(err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /docusign/start", login.Start())
	mux.Handle("GET /docusign/callback", login.Callback())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loginAddress)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	fmt.Fprintln(p.err, "log in on http://"+loginAddress+"/docusign/start")
	select {
	case err := <-done:
		return grant, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// simulate starts an account on this machine whose recipients sign at once.
func (p *program) simulate(ctx context.Context) (*account, error) {
	srv := docusigntest.NewServer()
	app, user := srv.App(), srv.User()
	srv.Consent(app.IntegrationKey, user.ID)
	if p.Template != "" {
		p.Template = srv.AddTemplate(`{"name": "Offer", "emailSubject": "Your offer", "documents": [{"documentId": "1", "name": "offer.pdf"}],
			"recipients": {"signers": [{"recipientId": "1", "roleName": "customer"}]}}`)
	}
	client, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.JWTGrant{
		IntegrationKey: app.IntegrationKey, UserID: docusign.UserID(user.ID), PrivateKey: countersign.NewSecret(app.PrivateKey), RedirectURI: app.RedirectURI,
	}}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		srv.Close()
		return nil, err
	}
	fmt.Fprintln(p.err, "simulated account: nothing leaves this machine")
	return &account{client: client, close: srv.Close, recipientActs: func(id docusign.EnvelopeID) {
		srv.Sign(string(id), "1")
		fmt.Fprintln(p.err, "simulated:", p.Name, "opens the envelope and signs")
	}}, p.greet(ctx, client)
}
