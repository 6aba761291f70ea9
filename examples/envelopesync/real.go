package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/examples/docusignaccount"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// real works on the accounts that the environment names.
func (p *program) real(ctx context.Context) error {
	env, err := docusign.ParseEnvironment(p.Environment)
	if err != nil {
		return err
	}
	if err := p.complete(); err != nil {
		return err
	}
	account, err := docusignaccount.Open(ctx, p.Options, p.err)
	if err != nil {
		return err
	}
	defer account.Close()
	id, err := account.Client.Account(ctx)
	if err != nil {
		return err
	}
	store, err := p.Open(ctx, func() (orchestration.Store, error) { return sqlite.Open(p.Data) })
	if err != nil {
		return err
	}
	defer store.Close()
	// ActiveCampaign allows an account 5 requests a second; DocuSign says itself what is left.
	ac, err := activecampaign.New(activecampaign.Config{BaseURL: p.ActiveCampaignURL, APIKey: p.ActiveCampaignKey},
		store.Limit("activecampaign", 5, time.Second)...)
	if err != nil {
		return err
	}
	flow, err := newFlow(p.BaseURL, store, ac, envelopesync.Account{
		ID: id.ID, Client: account.Client, Environment: env, Keys: []countersign.Secret{p.ConnectKey},
	}, p.notice)
	if err != nil {
		return err
	}
	plan, err := flow.Plan(ctx, connection(id.ID))
	if err != nil {
		return err
	}
	p.showPlan(plan)
	if p.DryRun {
		return nil
	}
	err = store.Exclusive(ctx, "envelopesync live", cluster.Tell, func() error {
		_, err := flow.Apply(ctx, connection(id.ID))
		return err
	})
	if err != nil {
		return err
	}
	return p.serve(ctx, flow, store.Engine(cluster.EngineConfig{Say: cluster.Tell}))
}

// complete names what is missing.
func (p *program) complete() error {
	switch {
	case p.BaseURL == "":
		return errors.New("--base-url is missing: where DocuSign reaches this program, https")
	case p.ActiveCampaignURL == "" || p.ActiveCampaignKey.IsZero():
		text := "ACTIVECAMPAIGN_URL or ACTIVECAMPAIGN_KEY is not set:"
		for _, step := range activecampaign.ConnectSteps() {
			text += "\n  " + step
		}
		return errors.New(text)
	case p.ConnectKey.IsZero():
		return errors.New("DOCUSIGN_CONNECT_KEY is not set: create an HMAC key in DocuSign's administration, Connect, Connect Keys")
	}
	return nil
}

// snippet: flow
func newFlow(baseURL string, store orchestration.Store, ac *activecampaign.Client, account envelopesync.Account,
	tell func(envelopesync.Notice),
) (*envelopesync.Flow, error) {
	return envelopesync.New(envelopesync.Config{
		BaseURL: baseURL, // https://sync.example/docusign
		Notify:  tell,
	}, envelopesync.Deps{Store: store, ActiveCampaign: ac, Accounts: []envelopesync.Account{account}})
}

func connection(id docusign.AccountID) envelopesync.Connection {
	return envelopesync.Connection{
		Account: id,
		Actions: contactmap.DefaultActions(), // sent, delivered, completed, declined
		Rules:   contactmap.DefaultRules(),   // e-mail, first and last name
	}
}

// end snippet

// snippet: serve
func (p *program) serve(ctx context.Context, flow *envelopesync.Flow, engine orchestration.Engine) error {
	flow.Register(engine)
	mux := http.NewServeMux()
	mux.Handle("/", flow.Handler())
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", p.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(p.err, "listening on %s; messages are taken until this program is interrupted\n", listener.Addr())
	err = engine.Run(ctx)
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

// end snippet

// notice tells a person what they should know.
func (p *program) notice(n envelopesync.Notice) {
	fmt.Fprintf(p.err, "notice: %s %s %s %s\n", n.Kind, n.Ref, n.Reason, n.Link)
}
