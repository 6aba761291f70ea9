// Command quickstart is the shortest program that runs the ledger sync: it links
// a CloudSign account with a ledger on disk and keeps the two in step every day.
// See examples/ledgersync for one with previews, progress and reports.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlite"
)

func main() {
	database := flag.String("database", "", "PostgreSQL `URL`; default: DATABASE_URL, or else files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cmp.Or(*database, os.Getenv("DATABASE_URL"))); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, database string) error {
	if database != "" {
		return runShared(ctx, database)
	}
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
	return keepInStep(ctx, store, orchestration.NewLocal(store), ledger)
}

// runShared is run for several processes.
func runShared(ctx context.Context, database string) error {
	store, err := riverengine.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	ledger, err := sqlledger.Open(ctx, sqlledger.Config{DB: store.DB(), Dialect: sqlledger.PostgreSQL, Dir: "contracts"})
	if err != nil {
		return err
	}
	return keepInStep(ctx, store, riverengine.New(store), ledger)
}

// snippet: quickstart
func keepInStep(ctx context.Context, store orchestration.Store, engine orchestration.Engine, ledger contractone.Ledger) error {
	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{
		Environment: cloudsign.Sandbox,
		ClientID:    countersign.NewSecret(os.Getenv("CLOUDSIGN_CLIENT_ID")),
	}, countersign.WithLimiter(engine.Limiter("cloudsign legal team", 800, time.Minute))) // of all processes together
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
		if err := flow.Start(ctx, link.ID, preview); err != nil && !errors.Is(err, countersign.ErrConflict) {
			return err // a conflict: another process has started it
		}
	}
	flow.Register(engine)
	return engine.Run(ctx) // first load, then every day, until ctx ends
}

// end snippet
