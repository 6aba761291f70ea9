package activecampaign_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
)

// exampleAccount starts a fake, and a client for it; end stops both. A program
// gives Config.BaseURL instead of countersign.WithBaseURL.
func exampleAccount() (srv *activecampaigntest.Server, client *activecampaign.Client, end func()) {
	srv = activecampaigntest.NewServer(activecampaigntest.WithRateLimit(0), activecampaigntest.WithListLag(0), activecampaigntest.WithImportDelay(0))
	transport := &http.Transport{}
	client, err := activecampaign.New(
		activecampaign.Config{APIKey: countersign.NewSecret(srv.APIKey())}, countersign.WithBaseURL(srv.URL()),
		countersign.WithHTTPClient(&http.Client{Transport: transport}), countersign.WithLimiter(free{}),
	)
	if err != nil {
		panic(err)
	}
	return srv, client, func() {
		transport.CloseIdleConnections()
		srv.Close()
	}
}

func Example() {
	srv, client, end := exampleAccount()
	defer end()
	ctx := context.Background()

	synced, err := client.Contacts.Sync(ctx, activecampaign.ContactInput{Email: "robin@example.com", FirstName: new("Robin")})
	if err != nil {
		fmt.Println(err)
		return
	}
	tag, err := client.Tags.Ensure(ctx, "signed", "has signed a document")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Tags.Apply(ctx, synced.Contact.ID, tag.ID); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(synced.Creation, srv.Tags("robin@example.com"))
	// Output: created [signed]
}

func ExampleFieldsService_List() {
	srv, client, end := exampleAccount()
	defer end()
	srv.AddField(activecampaigntest.Field{Title: "City"})
	srv.AddField(activecampaigntest.Field{Title: "Size", Type: "dropdown", Options: []string{"S", "L"}})

	fields, err := client.Fields.List(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range fields {
		fmt.Printf("%s %s %s, XL fits: %t\n", f.ID, f.Title, f.Type, f.Check("XL") == nil)
	}
	// Output:
	// 1 City text, XL fits: true
	// 2 Size dropdown, XL fits: false
}

func ExampleRecordsService_Upsert() {
	srv, client, end := exampleAccount()
	defer end()
	ctx := context.Background()
	contact := activecampaign.ContactID(srv.AddContact("robin@example.com"))

	schema, err := client.Schemas.Ensure(ctx, activecampaign.Schema{
		Slug: "envelope", Labels: activecampaign.Labels{Singular: "Envelope", Plural: "Envelopes"},
		Fields: []activecampaign.SchemaField{
			{ID: "status", Labels: activecampaign.Labels{Singular: "Status", Plural: "Statuses"}, Type: activecampaign.SchemaText},
			{ID: "sent-at", Labels: activecampaign.Labels{Singular: "Sent", Plural: "Sent"}, Type: activecampaign.SchemaDatetime},
		},
		Relationships: []activecampaign.Relationship{activecampaign.ToContact()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	in := activecampaign.RecordInput{ExternalID: "e1:r1", Contact: contact, Fields: []activecampaign.RecordField{{ID: "status", Value: "Sent"}}}
	_, err = client.Records.Upsert(ctx, *schema, in)
	fmt.Println(err)

	in.Fields = append(in.Fields, activecampaign.RecordField{ID: "sent-at", Value: "2026-04-14T15:03:23Z"})
	if _, err := client.Records.Upsert(ctx, *schema, in); err != nil {
		fmt.Println(err)
		return
	}
	got, err := client.Records.GetByExternalID(ctx, schema.ID, "e1:r1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.Value("status"), got.Value("sent-at"))
	// Output:
	// activecampaign: Fields lacks sent-at: name it with the value nil to clear it
	// Sent 2026-04-14T15:03:23Z
}

func ExampleImportService_Start() {
	srv, client, end := exampleAccount()
	defer end()
	ctx := context.Background()

	batches, err := activecampaign.SplitImport([]activecampaign.ImportContact{
		{Email: "robin@example.com", Tags: []string{"signed before"}}, {Email: "sam@example.com", Tags: []string{"signed before"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, contacts := range batches {
		queued, err := client.Import.Start(ctx, activecampaign.BulkImport{Contacts: contacts})
		if err != nil {
			fmt.Println(err)
			return
		}
		status, err := client.Import.Status(ctx, queued.BatchID)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(status.State, len(status.Imported), srv.Tags("sam@example.com"))
	}
	// Output: completed 2 [signed before]
}

func ExampleReceiver() {
	receiver, err := activecampaign.NewReceiver(activecampaign.ReceiverConfig{
		Tokens: []countersign.Secret{countersign.NewSecret("made-with-rand.Text-of-crypto")},
		Accept: func(_ context.Context, event activecampaign.Event) error {
			// Store it durably, and return.
			fmt.Println(event.Contact.Email, event.Contact.Fields["city"])
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := url.Values{"contact[email]": {"robin@example.com"}, "contact[fields][city]": {"Kyoto"}}
	for _, token := range []string{"guessed", "made-with-rand.Text-of-crypto"} {
		req := httptest.NewRequest(http.MethodPost, "/activecampaign/"+token, strings.NewReader(body.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		receiver.ServeHTTP(rec, req)
		fmt.Println(rec.Code)
	}
	// Output:
	// 401
	// robin@example.com Kyoto
	// 200
}
