package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/examples/docusignaccount"
)

func (p *program) run(ctx context.Context) error {
	account, err := docusignaccount.Open(ctx, p.Options, p.err)
	if err != nil {
		return err
	}
	defer account.Close()
	if account.Simulation != nil {
		p.simulate(account.Simulation)
	}
	if p.Template == "" {
		return p.list(ctx, account.Client)
	}
	f, err := p.form(ctx, account.Client)
	if err != nil {
		return err
	}
	if err := p.draft(ctx, account.Client, f); err != nil {
		return err
	}
	if account.Simulation != nil {
		fmt.Fprintln(p.out, "(simulated: the address ends with the program)")
	}
	return nil
}

// list shows the templates that can be named.
func (p *program) list(ctx context.Context, client *docusign.Client) error {
	fmt.Fprintln(p.err, "choose one of these with --template:")
	for t, err := range client.Templates.All(ctx, docusign.TemplateQuery{}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(p.out, t.ID, t.Name)
	}
	return nil
}

// form reads the template and lays the values of the command line over it.
func (p *program) form(ctx context.Context, client *docusign.Client) (*form, error) {
	id := docusign.TemplateID(p.Template)
	template, err := client.Templates.Get(ctx, id, nil)
	if errors.Is(err, countersign.ErrNotFound) {
		return nil, fmt.Errorf("the account has no template %q: run without --template to see which it has", id)
	}
	if err != nil {
		return nil, err
	}
	fields, err := client.Templates.Fields(ctx, id)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(p.out, "template %s (%s)\n", template.Name, id)
	f, err := fill(template, fields, p.Role, p.Field)
	if err != nil {
		return nil, err
	}
	return f, f.show(p.out)
}

// draft makes the draft: the roles are filled with it, the tabs of the sender
// afterwards.
func (p *program) draft(ctx context.Context, client *docusign.Client, f *form) error {
	made, err := client.Envelopes.CreateOnce(ctx, docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeCreated, EmailSubject: p.Subject,
		TemplateID: docusign.TemplateID(p.Template), TemplateRoles: f.people,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "envelope %s: %s\n", made.ID, made.Status)
	for document, values := range f.prefill {
		if err := client.Tabs.Prefill(ctx, made.ID, document, values); err != nil {
			return err
		}
	}
	address, err := client.Views.Sender(ctx, made.ID, "https://example.com/")
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "finish it here, once and soon:", address)
	return nil
}
