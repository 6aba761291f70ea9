package envelopesync_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

// unlimited lets every call through; a real client keeps ActiveCampaign's limit.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// clients are those of two simulated services.
func clients(ds *docusigntest.Server, ac *activecampaigntest.Server) (*docusign.Client, *activecampaign.Client) {
	d, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(ds.AccessToken(ds.User().ID))}},
		countersign.WithBaseURL(ds.URL()))
	if err != nil {
		log.Fatal(err)
	}
	a, err := activecampaign.New(activecampaign.Config{APIKey: countersign.NewSecret(ac.APIKey())}, countersign.WithBaseURL(ac.URL()), countersign.WithLimiter(unlimited{}))
	if err != nil {
		log.Fatal(err)
	}
	return d, a
}

// An envelope is sent and signed; its signer becomes a contact with tags and a
// record, and an automation starts.
func Example() {
	ds, ac := docusigntest.NewServer(), activecampaigntest.NewServer(activecampaigntest.WithRateLimit(0))
	defer ds.Close()
	defer ac.Close()
	ds.SetConnectKeys("connect-key")
	docusignClient, activecampaignClient := clients(ds, ac)
	ctx := context.Background()

	store := orchestration.NewMemory()
	flow, err := envelopesync.New(envelopesync.Config{
		BaseURL: "https://sync.example/docusign",
		Automations: []envelopesync.Automation{{
			Name:     "thank",
			Triggers: []envelopesync.Trigger{envelopesync.RecordUpdated(contactmap.Completed, "status", "", "Completed")},
			Run: func(_ context.Context, f envelopesync.Firing) error {
				fmt.Println("thank", f.Record.Facts.Name, "for", f.Record.Facts.Subject)
				return nil
			},
		}},
	}, envelopesync.Deps{Store: store, ActiveCampaign: activecampaignClient, Accounts: []envelopesync.Account{{
		ID: docusign.AccountID(ds.Account().ID), Client: docusignClient, Environment: docusign.Demo,
		Keys: []countersign.Secret{countersign.NewSecret("connect-key")},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	engine := orchestration.NewLocal(store)
	flow.Register(engine)
	if _, err := flow.Apply(ctx, envelopesync.Connection{Account: docusign.AccountID(ds.Account().ID)}); err != nil {
		log.Fatal(err)
	}
	ds.Receive("https://sync.example/docusign/connect", flow.Handler())

	envelope, err := docusignClient.Envelopes.Create(ctx, docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: "Offer 7", Documents: []docusign.Document{{ID: "1", Name: "offer.pdf", Content: []byte("%PDF-1.4")}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: "Robin Recipient", Email: "robin@example.com"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	ds.Sign(string(envelope.ID), "1")
	ds.Deliver()
	if err := engine.RunUntilIdle(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Join(ac.Tags("robin@example.com"), "\n"))
	fmt.Println(ac.Records(contactmap.RecordSlug)[0].Values["status"])
	// Output:
	// thank Robin Recipient for Offer 7
	// docusign-integration
	// docusign-integration-DocuSign_Envelope_Sent
	// docusign-integration-DocuSign_Envelope_Delivered
	// docusign-integration-DocuSign_Envelope_Completed
	// Completed
}

// snippet: prefill
func offers(account docusign.AccountID, template docusign.TemplateID) envelopesync.PrefillRule {
	return envelopesync.PrefillRule{
		Name: "offer", Account: account, Template: template,
		Role: "customer", // the contact takes this role of the template
		Tabs: []contactmap.TabRule{
			{From: "CITY", Role: "customer", Label: "city", Required: true}, // contact field to tab
			{From: "email", Label: "reference"},                             // a tab of the sender's own
		},
		Report: envelopesync.Report{Tag: "offer-drafted", Note: true},
	}
}

// end snippet

// An automation's "Webhook" action calls the rule's address; the contact becomes a
// draft in DocuSign, which is not sent.
func ExamplePrefillRule() {
	ds, ac := docusigntest.NewServer(), activecampaigntest.NewServer(activecampaigntest.WithRateLimit(0))
	defer ds.Close()
	defer ac.Close()
	docusignClient, activecampaignClient := clients(ds, ac)
	ctx := context.Background()
	account := docusign.AccountID(ds.Account().ID)
	store := orchestration.NewMemory()
	flow, err := envelopesync.New(envelopesync.Config{
		BaseURL:       "https://sync.example/docusign",
		WebhookTokens: []countersign.Secret{countersign.NewSecret("MADEUPTOKEN234567234567234567")}, // rand.Text of crypto/rand
		Prefills:      []envelopesync.PrefillRule{offers(account, docusign.TemplateID(ds.AddTemplate(offer)))},
	}, envelopesync.Deps{Store: store, ActiveCampaign: activecampaignClient, Accounts: []envelopesync.Account{{
		ID: account, Client: docusignClient, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret("connect-key")},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	engine := orchestration.NewLocal(store)
	flow.Register(engine)
	address, err := flow.PrefillURL("offer") // for the action in the automation
	if err != nil {
		log.Fatal(err)
	}

	city := ac.AddField(activecampaigntest.Field{Title: "City"})
	contact := activecampaign.ContactID(ac.AddContact("robin@example.com"))
	if _, err := activecampaignClient.Fields.SetValue(ctx, contact, activecampaign.FieldID(city.ID), "Kyoto"); err != nil {
		log.Fatal(err)
	}
	call := httptest.NewRequestWithContext(ctx, http.MethodPost, address.Reveal(), strings.NewReader("date_time=2026-03-02T09:00:00Z&contact[id]="+string(contact)))
	call.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	flow.Handler().ServeHTTP(httptest.NewRecorder(), call)
	if err := engine.RunUntilIdle(ctx); err != nil {
		log.Fatal(err)
	}
	for _, e := range ds.Envelopes() {
		fmt.Println(e.Status, e.Recipients[0].Role, e.Recipients[0].Email, e.Recipients[0].Tabs["city"])
	}
	fmt.Println(ac.Tags("robin@example.com"), len(ac.Notes()))
	// Output:
	// created customer robin@example.com Kyoto
	// [offer-drafted] 1
}
