package main

import (
	"context"
	"fmt"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/cluster"
)

// hosted is what a process has to know of the simulated accounts of another. The
// credentials are made up.
type hosted struct {
	Name        string // of the flow in the store
	URL         string // of DocuSign, and what belongs to it
	Account     string
	Integration string
	User        string
	Key         string
	CRM         string // address of ActiveCampaign, and its key
	CRMKey      string
}

// admit lets other processes on the database work, too.
func admit(ctx context.Context, at place, ds *docusigntest.Server, s *side) error {
	app := ds.App()
	return at.host.Admit(ctx, hosted{
		Name: at.name, URL: ds.URL(), Account: ds.Account().ID, Integration: app.IntegrationKey, User: ds.User().ID, Key: app.PrivateKey,
		CRM: s.ac.URL(), CRMKey: s.ac.APIKey(),
	})
}

// help works for the process that has the simulated accounts, and prints how it
// ended there.
func (p *program) help(ctx context.Context, store *cluster.Store, guest *cluster.Guest) error {
	defer guest.Close()
	var at hosted
	if err := guest.Account(&at); err != nil {
		return err
	}
	client, err := granted(at.URL, at.Integration, at.User, at.Key)
	if err != nil {
		return err
	}
	flow, err := simulatedFlow(place{store: store, name: at.Name}, at.CRM, at.CRMKey, docusign.AccountID(at.Account), client)
	if err != nil {
		return err
	}
	engine := guest.Engine(simulatedEngine(store))
	flow.Register(engine)
	lines, err := guest.Work(ctx, engine)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "this process had %d turns of the work\n", guest.Turns())
	for _, line := range lines {
		fmt.Fprintln(p.out, line)
	}
	return nil
}
