// Command quickstart is the shortest program that runs the ledger sync: it links
// a CloudSign account with a ledger on disk and keeps the two in step every day.
// See examples/ledgersync for one with previews, progress and reports.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	store, err := sqlite.Open("state.db") // what the sync knows
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	db, err := sqlite.OpenDB("ledger.db") // what you own: the contracts
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ledger, err := sqlledger.Open(ctx, sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: "contracts"})
	if err != nil {
		return err
	}
	return keepInStep(ctx, store, ledger)
}

// snippet: quickstart
func keepInStep(ctx context.Context, store orchestration.Store, ledger contractone.Ledger) error {
	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{
		Environment: cloudsign.Sandbox,
		ClientID:    countersign.NewSecret(os.Getenv("CLOUDSIGN_CLIENT_ID")),
	})
	if err != nil {
		return err
	}
	flow, err := ledgersync.New(ledgersync.Config{}, ledgersync.Deps{Store: store, Ledger: ledger, Accounts: []ledgersync.Account{account}})
	if err != nil {
		return err
	}
	link, err := flow.EnsureLink(ctx, ledgersync.Settings{Settings: contractone.Settings{
		Credential: account.Credential, Mode: contractone.ModeDirect, Share: contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.User("legal@example.com")},
	}})
	if err != nil {
		return err
	}
	if link.State == ledgersync.StateDraft { // not started yet: show the count, ask, start
		preview, err := flow.Preview(ctx, link.ID)
		if err != nil {
			return err
		}
		fmt.Println("files that will be registered:", preview.Registrations)
		if err := flow.Start(ctx, link.ID, preview); err != nil {
			return err
		}
	}
	engine := orchestration.NewLocal(store)
	flow.Register(engine)
	return engine.Run(ctx) // first load, then every day, until ctx ends
}

// end snippet
