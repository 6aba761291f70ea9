package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/jedib0t/go-pretty/v6/table"
)

// sqlLedger is rows in ledger.db, or in the database, and files in pdf/.
type sqlLedger struct {
	*sqlledger.Ledger

	end  func() error
	data *data
}

func (s *sync) openSQL(ctx context.Context) (ledger, error) {
	cfg := sqlledger.Config{Dir: s.data.pdfs(), Now: s.source.now}
	end := func() error { return nil } // the database of both is closed with the state
	if s.data.shared != nil {
		cfg.DB, cfg.Dialect = s.data.shared.DB(), sqlledger.PostgreSQL
	} else {
		db, err := sqlite.OpenDB(s.data.ledgerDB())
		if err != nil {
			return nil, err
		}
		cfg.DB, cfg.Dialect, end = db, sqlledger.SQLite, db.Close
	}
	l, err := sqlledger.Open(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return sqlLedger{l, end, s.data}, nil
}

// tidy removes what a kill left of unfinished files. It goes some day; a new run is
// one.
func (l sqlLedger) tidy(ctx context.Context) error {
	_, err := l.Sweep(ctx, 24*time.Hour)
	return err
}

func (sqlLedger) finish(context.Context) error { return nil }

func (l sqlLedger) place(e contractone.Entry) string {
	path := l.PDFPath(e)
	if rel, err := filepath.Rel(l.data.dir, path); err == nil {
		return rel
	}
	return path
}

func (l sqlLedger) places() []table.Row {
	return []table.Row{{"rows", l.data.rows(ledgerRows) + " (view contractone_ledger)"}, {"files", l.data.pdfs()}}
}

func (l sqlLedger) close() error { return l.end() }

// bundleLedger is a folder for the PDF import on Contract One's screens.
type bundleLedger struct{ *bundle.Ledger }

// isBundle reports whether a bundle was begun in a folder.
func isBundle(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ".bundle"))
	return err == nil
}

// openBundle opens the bundle; who only looks does not begin one.
func (s *sync) openBundle(dir string, look bool) (ledger, error) {
	if !isBundle(dir) && look {
		dir = filepath.Join(s.data.dir, "bundle")
		if !s.data.temp {
			temp, err := os.MkdirTemp("", "ledgersync")
			if err != nil {
				return nil, err
			}
			s.data.leftovers, dir = append(s.data.leftovers, temp), temp
		}
	}
	l, err := bundle.Open(bundle.Config{Dir: dir, Now: s.source.now})
	switch {
	case errors.Is(err, countersign.ErrConflict):
		return nil, fmt.Errorf("another run has the bundle %s open: wait for it, or name another folder with --ledger bundle:FOLDER", dir)
	case err != nil:
		return nil, fmt.Errorf("the bundle %s can't be used: %w: name another folder with --ledger bundle:FOLDER", dir, err)
	}
	return bundleLedger{l}, nil
}

func (bundleLedger) tidy(context.Context) error { return nil }

// finish writes the manifests and the instructions.
func (l bundleLedger) finish(ctx context.Context) error { return l.Finish(ctx) }

func (bundleLedger) place(e contractone.Entry) string { return string(e.ID) }

func (l bundleLedger) places() []table.Row {
	return []table.Row{
		{"bundle", l.Dir()}, {"what to do", bundle.ReadmeJA + ", " + bundle.ReadmeEN}, {"values", bundle.ManifestCSV + ", " + bundle.ManifestJSON},
	}
}

func (l bundleLedger) close() error { return l.Close() }

// gatewayLedger is whatever lies behind a gateway.
type gatewayLedger struct {
	*gateway.Ledger

	address string
}

// openGateway also asks the gateway for something, so that a wrong address or
// credential is told before anything is listed or sent.
func (s *sync) openGateway(ctx context.Context, address string) (ledger, error) {
	cfg := gateway.Config{Header: s.GatewayHeader, Credential: countersign.NewSecret(s.GatewayCredential), Quota: s.GatewayQuota}
	l, err := gateway.New(cfg, countersign.WithBaseURL(address))
	if err != nil {
		return nil, fmt.Errorf("%w: see COUNTERSIGN_GATEWAY_HEADER and COUNTERSIGN_GATEWAY_CREDENTIAL", err)
	}
	_, _, err = l.Lookup(ctx, contractone.CloudSignKey("none", "none"))
	switch {
	case errors.Is(err, countersign.ErrUnauthorized), errors.Is(err, countersign.ErrForbidden):
		return nil, fmt.Errorf("the gateway refuses the credential: check COUNTERSIGN_GATEWAY_HEADER and COUNTERSIGN_GATEWAY_CREDENTIAL: %w", err)
	case err != nil:
		return nil, fmt.Errorf("the gateway %s can't be used: %w: check the address, or run again later: nothing is lost", address, err)
	}
	return gatewayLedger{l, address}, nil
}

func (gatewayLedger) tidy(context.Context) error     { return nil }
func (gatewayLedger) finish(context.Context) error   { return nil }
func (gatewayLedger) place(contractone.Entry) string { return "" }
func (l gatewayLedger) places() []table.Row {
	return []table.Row{{"entries", "behind the gateway " + l.address}}
}
func (gatewayLedger) close() error { return nil }
