package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/jedib0t/go-pretty/v6/table"
)

// ledger is where a run registers, and what the program tells of it.
type ledger interface {
	contractone.Ledger
	// tidy is done before a run, finish after it: then people can work with what
	// was registered.
	tidy(ctx context.Context) error
	finish(ctx context.Context) error
	// place says where an entry's PDF lies.
	place(e contractone.Entry) string
	// places are the report's rows about where everything lies.
	places() []table.Row
	close() error
}

// target is what --ledger says.
type target struct {
	kind string
	at   string // the bundle's folder, absolute, or the gateway's address
}

// The kinds of ledgers.
const (
	kindSQL     = "sql"
	kindBundle  = "bundle"
	kindGateway = "gateway"
)

// String is the target as --ledger takes it.
func (t target) String() string {
	if t.at == "" {
		return t.kind
	}
	return t.kind + ":" + t.at
}

const ledgerForms = "write sql, bundle:FOLDER or gateway:ADDRESS"

// target reads --ledger, which the data folder remembers, and checks what can be
// checked before anything is opened.
func (p *program) target() (target, error) {
	text := p.Ledger
	if text == "" {
		was, _ := os.ReadFile(filepath.Join(p.Data, ledgerFile)) // openLedger says what is wrong with it
		text = cmp.Or(strings.TrimSpace(string(was)), kindSQL)
	}
	kind, at, _ := strings.Cut(text, ":")
	switch {
	case text == kindSQL:
		return target{kind: kindSQL}, nil
	case kind == kindBundle && at != "":
		dir, err := filepath.Abs(at)
		return target{kindBundle, dir}, err
	case kind == kindGateway && at != "":
		u, err := countersign.ParseBaseURL(at)
		if err != nil {
			return target{}, fmt.Errorf("--ledger gateway: %w", err)
		}
		return target{kindGateway, u.String()}, p.checkGateway(u)
	case kind == kindBundle, kind == kindGateway:
		return target{}, fmt.Errorf("--ledger %s does not say where: %s", kind, ledgerForms)
	}
	// The value is not repeated: it may be an address with a password.
	return target{}, errors.New("--ledger names no kind of ledger: " + ledgerForms)
}

// checkGateway wants a credential for every gateway that others can reach too, and
// keeps invented contracts away from it.
func (p *program) checkGateway(u *url.URL) error {
	local := onLoopback(u.Hostname())
	header, value := p.GatewayHeader != "", p.GatewayCredential != ""
	switch {
	case !local && p.environment() == "":
		return errors.New("--ledger gateway: the contracts of the simulated account are not real, so a gateway on this machine alone takes them: " +
			"choose the real service with --environment, or a gateway on 127.0.0.1")
	case !header && (value || !local):
		return errors.New("COUNTERSIGN_GATEWAY_HEADER is not set: name the header that the gateway asks for, such as Authorization")
	case !value && header:
		return errors.New("COUNTERSIGN_GATEWAY_CREDENTIAL is not set: give the value of the header that COUNTERSIGN_GATEWAY_HEADER names, such as Bearer and the token")
	}
	return nil
}

func onLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ledgerFile says which ledger a folder's contracts are registered in.
const ledgerFile = "ledger.txt"

// openLedger opens the ledger of the data folder, which is the same in every run:
// the sync knows what it registered, and another ledger would lack all of that.
func (s *sync) openLedger(ctx context.Context, look bool) (ledger, error) {
	want := s.target
	path := filepath.Join(s.data.dir, ledgerFile)
	text, err := os.ReadFile(path)
	was := strings.TrimSpace(string(text))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, missing := os.Stat(s.data.ledgerDB()); missing == nil {
			was = kindSQL
		}
	case err != nil:
		return nil, fmt.Errorf("%s can't be read: %w: make it readable or choose another folder with --data", path, cause(err))
	}
	if was != "" && was != want.String() {
		return nil, fmt.Errorf("the folder %s registers in another ledger (%s): leave out --ledger, or choose another folder with --data", s.data.dir, was)
	}
	if want.kind == kindBundle && was != "" && !isBundle(want.at) {
		return nil, fmt.Errorf("the bundle %s is gone: put it back, or begin anew with another folder in --data", want.at)
	}
	var l ledger
	switch want.kind {
	case kindBundle:
		l, err = s.openBundle(want.at, look)
	case kindGateway:
		l, err = s.openGateway(ctx, want.at)
	default:
		l, err = s.openSQL(ctx)
	}
	if err != nil || look || was != "" {
		return l, err
	}
	if err := os.WriteFile(path, []byte(want.String()+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't be written: %w: make room or choose another folder with --data", path, cause(err)), l.close())
	}
	return l, nil
}
