package senderonboarding_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
)

// A customer without signature right: Digipost's support approves, and the
// back-end callback makes the session ready.
func Example() {
	ctx := context.Background()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	srv := digiposttest.NewServer() // stands for Digipost
	defer srv.Close()
	partner := srv.AddPartner(digiposttest.Partner{Key: &key.PublicKey})
	client, err := digipost.New(digipost.Config{
		BrokerID: digipost.BrokerID(partner.ID), Auth: digipost.SignatureAuth{Key: key},
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	site := httptest.NewServer(mux) // stands for the vendor's web site
	defer site.Close()
	store := orchestration.NewMemory()
	flow, err := senderonboarding.New(senderonboarding.Config{
		BaseURL: site.URL + "/digipost", PartnerID: digipost.PartnerID(partner.ID), Web: srv.URL(),
		OnEvent: func(_ context.Context, e senderonboarding.Event) error {
			fmt.Println("event:", e.Kind)
			return nil
		},
	}, senderonboarding.Deps{Store: store, Senders: client.Senders, Messages: client.Messages})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/digipost/", flow.Handler())
	srv.SetBackendURL(partner.ID, flow.BackendURL().Reveal())
	engine := orchestration.NewLocal(store)
	flow.Register(engine)

	started, err := flow.Start(ctx, senderonboarding.Start{Tenant: "customer-1", Organisation: "984661185"})
	if err != nil {
		log.Fatal(err)
	}
	application, err := srv.Apply(started.Address.Reveal(), "984661185")
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.Approve(ctx, application); err != nil { // days later
		log.Fatal(err)
	}
	if err := engine.RunUntilIdle(ctx); err != nil {
		log.Fatal(err)
	}
	sender, err := flow.Sender(ctx, "customer-1")
	fmt.Println(sender.ID, sender.Proven, err)
	fmt.Println(started.Address)
	// Output:
	// event: started
	// event: ready
	// 34567 true <nil>
	// [redacted]
}

func ExampleReadyText() {
	m := senderonboarding.ReadyText(senderonboarding.Session{Organisation: "984661185", SenderID: 34567}, "Fakturabyrået", "en")
	fmt.Println(m.Subject)
	fmt.Print(m.Body)
	// Output:
	// Digipost is ready to use
	// Hello,
	//
	// your organisation’s Digipost account is approved, and Fakturabyrået can now send mail in Digipost on your behalf. There is nothing else you need to do.
	//
	// Organisation number: 984661185
	// Sender id: 34567
	//
	// Kind regards
	// Fakturabyrået
}
