package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"

	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// data is the folder that everything lies in:
//
//	state.db   what the sync knows: links, files, journal
//	ledger.db  the ledger's rows
//	pdf/       the ledger's files
type data struct {
	dir    string
	temp   bool // of a dry run in a folder that does not exist yet
	store  *sqlstore.Store
	db     *sql.DB
	ledger *sqlledger.Ledger
}

func openData(ctx context.Context, dir string, dryRun bool) (_ *data, err error) {
	d := &data{dir: dir}
	if _, missing := os.Stat(filepath.Join(dir, "state.db")); dryRun && missing != nil {
		// Nothing to look at yet, and a dry run leaves nothing behind.
		if d.dir, err = os.MkdirTemp("", "ledgersync"); err != nil {
			return nil, err
		}
		d.temp = true
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := makeFolder(d.dir); err != nil {
		return nil, err
	}
	if d.store, err = sqlite.Open(filepath.Join(d.dir, "state.db"), sqlstore.WithViews(ledgersync.Tables("")...)); err != nil {
		return nil, err
	}
	if d.db, err = sqlite.OpenDB(filepath.Join(d.dir, "ledger.db")); err != nil {
		return nil, err
	}
	return d, ctx.Err()
}

func (d *data) pdfs() string { return filepath.Join(d.dir, "pdf") }

func (d *data) close() {
	if d.db != nil {
		_ = d.db.Close()
	}
	if d.store != nil {
		_ = d.store.Close()
	}
	if d.temp {
		_ = os.RemoveAll(d.dir)
	}
}
