package docusign_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
)

// exampleClient is a client of a fake, with a token that was had elsewhere.
func exampleClient(srv *docusigntest.Server) *docusign.Client {
	client, err := docusign.New(docusign.Config{
		Environment: docusign.Demo,
		Auth:        docusign.StaticToken{Token: countersign.NewSecret(srv.AccessToken(srv.User().ID))},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// A program acts for a user who consents once.
func ExampleJWTGrant() {
	srv := docusigntest.NewServer()
	defer srv.Close()
	app, user := srv.App(), srv.User()
	client, err := docusign.New(docusign.Config{
		Environment: docusign.Demo,
		Auth: docusign.JWTGrant{
			IntegrationKey: app.IntegrationKey,
			UserID:         docusign.UserID(user.ID),
			PrivateKey:     countersign.NewSecret(app.PrivateKey),
			RedirectURI:    app.RedirectURI,
		},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Account(context.Background())
	if consent, ok := errors.AsType[*docusign.ConsentRequiredError](err); ok {
		fmt.Println("the user has to open a page:", consent.URL != "")
		srv.Consent(app.IntegrationKey, user.ID) // they do
	}
	account, err := client.Account(context.Background())
	fmt.Println(account.Name, err)
	// Output:
	// the user has to open a page: true
	// Sample Company <nil>
}

// A person connects their account in the browser, and the program goes on with
// the token.
func ExampleLogin() {
	srv := docusigntest.NewServer()
	defer srv.Close()
	ctx := context.Background()
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	app := srv.AddApp(docusigntest.App{Secret: "a secret", RedirectURI: site.URL + "/docusign/callback"})

	store := docusign.NewMemoryStore(docusign.Token{}) // your database
	login, err := docusign.NewLogin(docusign.LoginConfig{
		App: docusign.App{
			Environment: docusign.Demo, IntegrationKey: app.IntegrationKey,
			Secret: countersign.NewSecret(app.Secret), RedirectURI: app.RedirectURI,
		},
		Connected: func(ctx context.Context, c docusign.Connection) error {
			fmt.Println(c.User.Name, "connected", c.Account.Name)
			return store.Save(ctx, c.Token)
		},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("GET /docusign/start", login.Start())
	mux.Handle("GET /docusign/callback", login.Callback())

	// The person's browser.
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	page, err := browser.Get(site.URL + "/docusign/start")
	if err != nil {
		log.Fatal(err)
	}
	text, _ := io.ReadAll(page.Body)
	_ = page.Body.Close()
	fmt.Print(string(text))

	client, err := docusign.New(docusign.Config{
		Environment: docusign.Demo,
		Auth:        docusign.CodeGrant{IntegrationKey: app.IntegrationKey, Secret: countersign.NewSecret(app.Secret), Store: store},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Account(ctx)
	fmt.Println(err)
	// Output:
	// Sasha Sender connected Sample Company
	// DocuSign is connected.
	// <nil>
}

// A draft is made from a template, filled in, and opened for its sender.
func ExampleEnvelopesService_CreateOnce() {
	srv := docusigntest.NewServer()
	defer srv.Close()
	template := docusign.TemplateID(srv.AddTemplate(`{
		"name": "Offer", "emailSubject": "Your offer",
		"documents": [{"documentId": "1", "name": "offer.pdf", "tabs": {"prefillTabs": {"textTabs": [{"tabLabel": "price"}]}}}],
		"recipients": {"signers": [{"recipientId": "1", "roleName": "customer", "tabs": {"textTabs": [{"tabLabel": "city"}]}}]}
	}`))
	ctx := context.Background()
	client := exampleClient(srv)

	fields, err := client.Templates.Fields(ctx, template)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range fields {
		fmt.Printf("%q %s\n", f.Role, f.Label)
	}
	tabs, err := docusign.RoleTabs(fields, "customer", map[string]string{"city": "Kyoto"})
	if err != nil {
		log.Fatal(err)
	}
	draft, err := client.Envelopes.CreateOnce(ctx, docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeCreated, TemplateID: template,
		TemplateRoles: []docusign.TemplateRole{{
			RoleName: "customer", Name: "Robin", Email: "robin@example.com",
			Tabs: tabs,
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Tabs.Prefill(ctx, draft.ID, "1", map[string]string{"price": "1200"}); err != nil {
		log.Fatal(err)
	}
	address, err := client.Views.Sender(ctx, draft.ID, "https://app.example.com/")
	fmt.Println(draft.Status, address != "", err)
	// Output:
	// "customer" city
	// "" price
	// created true <nil>
}

func ExampleDocumentsService_Download() {
	srv := docusigntest.NewServer()
	defer srv.Close()
	ctx := context.Background()
	client := exampleClient(srv)
	sent, err := client.Envelopes.CreateOnce(ctx, offer("Your offer"))
	if err != nil {
		log.Fatal(err)
	}
	srv.Sign(string(sent.ID), "1")
	d, err := client.Documents.Download(ctx, sent.ID, docusign.Combined, docusign.DownloadOptions{Certificate: new(true)})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	head := make([]byte, 5)
	_, err = io.ReadFull(d, head)
	fmt.Println(d.FileName, d.ContentType, string(head), err)
	// Output: Your offer.pdf application/pdf %PDF- <nil>
}

func ExampleWebhook() {
	srv := docusigntest.NewServer()
	defer srv.Close()
	hook, err := exampleClient(srv).Connect.Create(context.Background(), docusign.Webhook{
		Name: "CRM", URL: "https://app.example.com/docusign",
		Events:  []docusign.EventKind{docusign.EventRecipientCompleted, docusign.EventEnvelopeCompleted},
		Include: []docusign.Include{docusign.IncludeRecipients},
	})
	fmt.Println(hook.IsSIM(), hook.Enabled, hook.HMAC, err)
	// Output: true true true <nil>
}
