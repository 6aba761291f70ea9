package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// source is where the contracts come from: the real service or a simulated
// account.
type source interface {
	// begin checks that the data folder belongs to this source.
	begin(dir string, dryRun bool) error
	account(*data) (ledgersync.Account, error)
	simulated() bool
	now() time.Time
	nextDay()
	// anotherDay is nextDay after the first of a program's run.
	anotherDay() error
	webhookSources() []netip.Prefix
	// act is what people do in CloudSign while the program takes webhooks there.
	act(ctx context.Context, webhook string)
	close()
}

// environment is the real service's, as it is given or as the folder began; empty
// for a simulated account.
func (p *program) environment() string {
	if p.Environment != "" || p.From != nil {
		return p.Environment
	}
	was, _ := os.ReadFile(filepath.Join(p.Data, environmentFile)) // begin says what is wrong with it
	return strings.TrimSpace(string(was))
}

// openSource chooses by what is configured.
func (p *program) openSource(to target) (source, error) {
	name := p.environment()
	switch {
	case p.Data == "":
		return nil, errors.New("--data is empty: name a folder")
	case p.From != nil && *p.From == "":
		return nil, errors.New("--from is empty: name a folder with PDF files, or leave it out")
	case name == "" && p.ClientID == "":
		if p.Arrivals < 0 {
			return nil, errors.New("--arrivals is negative: give the number of documents that arrive each run")
		}
		if p.From != nil && to.kind == kindBundle && sameFolder(*p.From, to.at) {
			return nil, errors.New("--from and --ledger bundle name the same folder: choose another one for the bundle")
		}
		return newSimulation(p.From, p.Arrivals, p.Data, filepath.Join(p.Data, "pdf"), to.at)
	case p.From != nil:
		return nil, errors.New("--from fills the simulated account only: leave out --environment and CLOUDSIGN_CLIENT_ID, or --from")
	case name == "":
		return nil, errors.New("CLOUDSIGN_CLIENT_ID is set: say with --environment which service it belongs to: production, sandbox, lgwan or lgwan-sandbox")
	}
	env, err := cloudsign.ParseEnvironment(name)
	if err != nil {
		return nil, fmt.Errorf("--environment %s: %w", name, err)
	}
	if p.ClientID == "" {
		return nil, fmt.Errorf("CLOUDSIGN_CLIENT_ID is not set: %s", clientIDPage(env))
	}
	return &service{env: env, clientID: countersign.NewSecret(p.ClientID), baseURL: p.baseURL, clock: p.clock}, nil
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	y, yerr := os.Stat(b)
	return err == nil && yerr == nil && os.SameFile(x, y)
}

// clientIDPage says where a client ID is made.
func clientIDPage(env cloudsign.Environment) string {
	page, err := cloudsign.ClientIDPageURL(env)
	if err != nil {
		return err.Error()
	}
	return "create a client ID on " + page
}

// service is the real CloudSign.
type service struct {
	env      cloudsign.Environment
	clientID countersign.Secret
	baseURL  string
	clock    func() time.Time // nil: time.Now
}

func (s *service) begin(dir string, dryRun bool) error {
	if _, err := os.Stat(filepath.Join(dir, simulationFile)); err == nil {
		return fmt.Errorf("the folder %s holds a simulated account: choose another one with --data for real contracts", dir)
	}
	path := filepath.Join(dir, environmentFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && dryRun:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return os.WriteFile(path, []byte(s.env+"\n"), 0o600)
	case err != nil:
		return fmt.Errorf("%s can't be read: %w: make it readable or choose another folder with --data", path, cause(err))
	case strings.TrimSpace(string(text)) != string(s.env):
		return fmt.Errorf("the folder %s holds contracts of %s: choose another one with --data for %s", dir, strings.TrimSpace(string(text)), s.env)
	}
	return nil
}

// environmentFile says which environment a folder's contracts come from.
const environmentFile = "environment.txt"

func (s *service) account(d *data) (ledgersync.Account, error) {
	// CloudSign allows a client ID 800 requests a minute.
	opts := (&cluster.Store{Shared: d.shared}).Limit("cloudsign "+string(s.env), 800, time.Minute)
	if s.baseURL != "" {
		opts = append(opts, countersign.WithBaseURL(s.baseURL))
	}
	return ledgersync.NewAccount("CloudSign "+string(s.env), cloudsign.Config{Environment: s.env, ClientID: s.clientID}, opts...)
}

func (s *service) simulated() bool   { return false }
func (s *service) nextDay()          {}
func (s *service) anotherDay() error { return nil }
func (s *service) close()            {}

func (s *service) now() time.Time {
	if s.clock == nil {
		return time.Now()
	}
	return s.clock()
}
