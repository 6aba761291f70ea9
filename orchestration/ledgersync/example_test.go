package ledgersync_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// A simulated account with one contract of two files is linked with a ledger in
// memory; the next day another contract is concluded.
func Example() {
	ctx := context.Background()
	clock := countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
	srv := cloudsigntest.NewServer(cloudsigntest.WithClock(clock))
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	srv.AddDocument(cloudsigntest.Document{
		UserID: user.ID, Status: cloudsigntest.Concluded, Title: "業務委託契約",
		Files: []cloudsigntest.File{{Name: "契約書.pdf"}, {Name: "別紙.pdf"}},
	})

	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	store, ledger := orchestration.NewMemory(), contractonetest.NewLedger()
	flow, err := ledgersync.New(ledgersync.Config{Clock: clock.Now}, ledgersync.Deps{Store: store, Ledger: ledger, Accounts: []ledgersync.Account{account}})
	if err != nil {
		log.Fatal(err)
	}
	engine := orchestration.NewLocal(store, orchestration.WithClock(clock.Now))
	flow.Register(engine)

	link, err := flow.AddLink(ctx, ledgersync.Settings{Settings: contractone.Settings{
		Credential: account.Credential, Share: contractone.CompanyWide(), Mode: contractone.ModeDirect,
		Responsible: []contractone.Principal{contractone.Group("Legal")},
	}})
	if err != nil {
		log.Fatal(err)
	}
	preview, err := flow.Preview(ctx, link.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("documents:", preview.Linkable().Documents, "registrations:", preview.Registrations)
	if err := flow.Start(ctx, link.ID, preview); err != nil {
		log.Fatal(err)
	}
	show := func(when string) {
		if err := engine.RunUntilIdle(ctx); err != nil {
			log.Fatal(err)
		}
		s, err := flow.Summary(ctx, link.ID)
		fmt.Println(when, s.Linked, "of", s.Files, "files are in the ledger", err)
	}
	show("first load:")
	clock.Advance(24 * time.Hour)
	srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded, Files: []cloudsigntest.File{{Name: "覚書.pdf"}}})
	show("next day:")
	// Output:
	// documents: 1 registrations: 2
	// first load: 2 of 2 files are in the ledger <nil>
	// next day: 3 of 3 files are in the ledger <nil>
}

// Two files wait for a review; the reviewer saves one and deletes the other.
func ExampleFlow_Review() {
	ctx := context.Background()
	srv := cloudsigntest.NewServer()
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	srv.AddDocument(cloudsigntest.Document{
		UserID: user.ID, Status: cloudsigntest.Concluded, Title: "業務委託契約", Files: []cloudsigntest.File{{Name: "契約書.pdf"}, {Name: "下書き.pdf"}},
	})
	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	store, ledger := orchestration.NewMemory(), contractonetest.NewLedger()
	flow, err := ledgersync.New(ledgersync.Config{}, ledgersync.Deps{Store: store, Ledger: ledger, Accounts: []ledgersync.Account{account}})
	if err != nil {
		log.Fatal(err)
	}
	engine := orchestration.NewLocal(store)
	flow.Register(engine)
	link, err := flow.AddLink(ctx, ledgersync.Settings{
		Settings: contractone.Settings{
			Credential: account.Credential, Share: contractone.CompanyWide(), Responsible: []contractone.Principal{contractone.Group("Legal")},
			Mode: contractone.ModeReview, Reviewers: []contractone.Principal{contractone.User("hanako@example.com")},
		},
		Rules: ledgersync.LikeVendor(),
	})
	if err != nil {
		log.Fatal(err)
	}
	preview, err := flow.Preview(ctx, link.ID)
	if err == nil {
		err = flow.Start(ctx, link.ID, preview)
	}
	if err == nil {
		err = engine.RunUntilIdle(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}

	review := flow.Review(ledgersync.Actor{ID: "hanako@example.com"})
	page, err := review.List(ctx, link.ID, "", 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, held := range page.Items {
		fmt.Println("held:", held.Items.Title, held.Items.FileName)
	}
	saved, err := review.Save(ctx, page.Items[0].Key)
	fmt.Println("saved:", len(saved), saved[0].Err, err)
	deleted, err := review.Discard(ctx, "a draft", page.Items[1].Key)
	fmt.Println("deleted:", len(deleted), deleted[0].Err, err)
	if err := engine.RunUntilIdle(ctx); err != nil {
		log.Fatal(err)
	}
	s, err := flow.Summary(ctx, link.ID)
	fmt.Println("in the ledger:", s.Linked, "discarded:", s.Discarded, err)
	// Output:
	// held: 業務委託契約 契約書.pdf
	// held: 業務委託契約 下書き.pdf
	// saved: 1 <nil> <nil>
	// deleted: 1 <nil> <nil>
	// in the ledger: 1 discarded: 1 <nil>
}
