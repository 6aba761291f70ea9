package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// Files of the folder.
const (
	stateFile  = "state.db"
	ledgerRows = "ledger.db"
)

// data is the folder that everything lies in:
//
//	state.db   what the sync knows: links, files, journal
//	ledger.db  the ledger's rows
//	pdf/       the ledger's files
//
// The last two are missing where another ledger is chosen with --ledger. With
// --database the rows of the first two lie there, and the folder keeps the rest.
type data struct {
	dir       string
	temp      bool     // of a dry run in a folder that does not exist yet
	leftovers []string // folders that go at the end
	store     *sqlstore.Store
	shared    *riverengine.Store // the same store, with --database
}

func (p *program) openData(ctx context.Context, look bool) (_ *data, err error) {
	if err := p.checkData(); err != nil {
		return nil, err
	}
	d := &data{dir: p.Data}
	if look && !p.begun() {
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
	if err := d.open(ctx, p.Database, p.say); err != nil {
		return nil, err
	}
	return d, ctx.Err()
}

// begun reports whether there is something to look at.
func (p *program) begun() bool {
	name := stateFile
	if p.Database != "" {
		name = databaseFile
	}
	_, err := os.Stat(filepath.Join(p.Data, name))
	return err == nil
}

// open opens the store, and with a database makes sure that this is its folder.
func (d *data) open(ctx context.Context, database string, say func(string)) (err error) {
	views := sqlstore.WithViews(ledgersync.Tables("")...)
	if database == "" || d.temp {
		d.store, err = sqlite.Open(filepath.Join(d.dir, stateFile), views)
		return err
	}
	if d.shared, err = riverengine.Open(ctx, database, views); err != nil {
		return err
	}
	d.store = d.shared.Store
	return cluster.Exclusive(ctx, d.shared, "ledgersync folder", say, func() error { return d.bind(ctx) })
}

func (d *data) pdfs() string     { return filepath.Join(d.dir, "pdf") }
func (d *data) ledgerDB() string { return filepath.Join(d.dir, ledgerRows) }

// rows says where the rows of the ledger or the sync lie.
func (d *data) rows(file string) string {
	if d.shared != nil {
		return "the database"
	}
	return filepath.Join(d.dir, file)
}

func (d *data) close() {
	if d.store != nil {
		_ = d.store.Close()
	}
	for _, dir := range d.leftovers {
		_ = os.RemoveAll(dir)
	}
}
