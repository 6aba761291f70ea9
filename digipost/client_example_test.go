package digipost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
)

// exampleClient is a client of a fake with one customer, 34567.
func exampleClient() (*digiposttest.Server, *digipost.Client) {
	srv := digiposttest.NewServer()
	partner := srv.AddPartner(digiposttest.Partner{Key: &brokerKey().PublicKey})
	srv.AddAccount(digiposttest.Account{Organisation: "984661185", Partners: []int64{partner.ID}})
	srv.AddUser("01043100358")
	client, err := digipost.New(digipost.Config{
		BrokerID: digipost.BrokerID(partner.ID), Auth: digipost.SignatureAuth{Key: brokerKey()},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	return srv, client
}

// exampleFile makes a file to attach, and gives what takes it away.
func exampleFile() (path string, remove func()) {
	f, err := os.CreateTemp("", "terms-*.pdf")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := f.WriteString("%PDF-1.7"); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
	return f.Name(), func() { _ = os.Remove(f.Name()) } // one that stays does no harm
}

func ExampleMessagesService_Send() {
	srv, client := exampleClient()
	defer srv.Close()
	terms, remove := exampleFile()
	defer remove()
	// snippet: send
	conditions, err := countersign.UploadFile(terms)
	if err != nil {
		log.Fatal(err)
	}
	delivery, err := client.Messages.Send(context.Background(), digipost.Message{
		ID: "order-2026-000123", Sender: 34567, Recipient: digipost.Recipient{PersonalID: "01043100358"},
		Primary: digipost.Document{
			Subject: "Kontrakt", FileType: "txt", Authentication: digipost.LevelTwoFactor, Sensitivity: digipost.SensitivityNormal,
			Content: countersign.UploadBytes("", []byte("Hei")),
		},
		Attachments: []digipost.Document{{
			Subject: "Vilkår", FileType: "pdf", Authentication: digipost.LevelTwoFactor, Sensitivity: digipost.SensitivityNormal,
			Content: conditions,
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(delivery.Channel, delivery.SenderID, delivery.Status)
	// end snippet
	// Output: DIGIPOST 34567 DELIVERED
}

func ExampleSendersService_GetByOrganisation() {
	srv, client := exampleClient()
	defer srv.Close()
	s, err := client.Senders.GetByOrganisation(context.Background(), "984661185")
	fmt.Println(s.SenderID, s.Valid(), s.Has(digipost.FeatureDigipost), err)
	s, err = client.Senders.GetByOrganisation(context.Background(), "910336819")
	fmt.Println(s.Status, s.Valid(), err)
	// Output:
	// 34567 true true <nil>
	// NO_INFO_AVAILABLE false <nil>
}

func ExampleRecipientsService_Identify() {
	srv, client := exampleClient()
	defer srv.Close()
	for _, id := range []string{"01043100358", "12345678901"} {
		who, err := client.Recipients.Identify(context.Background(), digipost.Recipient{PersonalID: id})
		fmt.Println(who.Result, who.Reason, err)
	}
	// Output:
	// DIGIPOST  <nil>
	// UNIDENTIFIED NOT_FOUND <nil>
}

func ExampleArchiveService_Add() {
	srv, client := exampleClient()
	defer srv.Close()
	ctx := context.Background()
	// snippet: archive
	_, err := client.Archive.Add(ctx, digipost.NewArchived{Sender: 34567, Documents: []digipost.NewArchivedDocument{{
		UUID: digipost.UUIDOf("invoice 123123"), FileName: "invoice.txt", FileType: "txt", Attributes: []digipost.ArchiveAttribute{{Key: "customer", Value: "4321"}},
		Content: countersign.Upload{ContentType: "text/plain", Size: 3, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("Hei")), nil }},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	kept, err := client.Archive.GetByExternalID(ctx, 34567, "invoice 123123")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kept.FileName, kept.Attribute("customer"))
	// end snippet
	// Output: invoice.txt 4321
}

func ExampleInboxService_All() {
	srv, client := exampleClient()
	defer srv.Close()
	srv.AddInbox(34567, digiposttest.InboxDocument{Sender: "Ola Nordmann", Subject: "Svar", ContentType: "text/plain", Content: []byte("Takk!")})
	ctx := context.Background()
	// snippet: inbox
	for d, err := range client.Inbox.All(ctx, 34567) {
		if err != nil {
			log.Fatal(err)
		}
		file, err := client.Inbox.Content(ctx, d)
		if err != nil {
			log.Fatal(err)
		}
		text, err := io.ReadAll(file) // or file.SaveAs
		fmt.Println(d.Sender, d.Subject, string(text), errors.Join(err, file.Close()))
	}
	// end snippet
	// Output: Ola Nordmann Svar Takk! <nil>
}

func ExampleClient_Do() {
	srv, client := exampleClient()
	defer srv.Close()
	// snippet: do
	var answer struct {
		Status string `xml:"status"`
	}
	err := client.Do(context.Background(), digipost.Request{Relation: "get_sender_information", More: []string{"34567"}}, &answer)
	// end snippet
	fmt.Println(answer.Status, err)
	// Output: VALID_SENDER <nil>
}
