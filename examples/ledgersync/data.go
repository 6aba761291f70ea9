package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// data is the folder that everything lies in:
//
//	state.db   what the sync knows: links, files, journal
//	ledger.db  the ledger's rows
//	pdf/       the ledger's files
//
// The last two are missing where another ledger is chosen with --ledger.
type data struct {
	dir       string
	temp      bool     // of a dry run in a folder that does not exist yet
	leftovers []string // folders that go at the end
	store     *sqlstore.Store
}

func openData(ctx context.Context, dir string, dryRun bool) (_ *data, err error) {
	d := &data{dir: dir}
	if _, missing := os.Stat(filepath.Join(dir, "state.db")); dryRun && missing != nil {
		// Nothing to look at yet, and a dry run leaves nothing behind.
		if d.dir, err = os.MkdirTemp("", "ledgersync"); err != nil {
			return nil, err
		}
		d.temp, d.leftovers = true, []string{d.dir}
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
	return d, ctx.Err()
}

func (d *data) pdfs() string     { return filepath.Join(d.dir, "pdf") }
func (d *data) ledgerDB() string { return filepath.Join(d.dir, "ledger.db") }

func (d *data) close() {
	if d.store != nil {
		_ = d.store.Close()
	}
	for _, dir := range d.leftovers {
		_ = os.RemoveAll(dir)
	}
}
