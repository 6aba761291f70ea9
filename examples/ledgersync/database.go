package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// databaseFile is in the folder of a database, and holds what the database knows
// it by: the rows of one belong to the files of the other.
const databaseFile = "database.txt"

// folders is the table that says which folder belongs to the database.
const folders = orchestration.Table[string]("ledgersync.folder")

const folderKey = "data"

// checkDatabase refuses what processes can't share.
func (p *program) checkDatabase(to target) error {
	if p.Database != "" && to.kind == kindBundle {
		return errors.New("--ledger bundle: one process at a time writes a bundle: leave out --database, or choose another ledger")
	}
	return nil
}

// checkData refuses a folder whose rows lie elsewhere than the flags say.
func (p *program) checkData() error {
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(p.Data, name))
		return err == nil
	}
	switch {
	case p.Database == "" && exists(databaseFile):
		return fmt.Errorf("the rows of the folder %s lie in a database: name it with --database, or choose another folder with --data", p.Data)
	case p.Database != "" && exists(stateFile):
		return fmt.Errorf("the folder %s has rows of its own (%s): leave out --database, or choose another folder with --data", p.Data, stateFile)
	}
	return nil
}

// bind makes the folder and the database belong together, and refuses either when
// it belongs to another.
func (d *data) bind(ctx context.Context) error {
	path := filepath.Join(d.dir, databaseFile)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s can't be read: %w: make it readable or choose another folder with --data", path, cause(err))
	}
	has, begun := strings.TrimSpace(string(text)), err == nil
	row := orchestration.Row[string]{Record: orchestration.Record{Key: folderKey, State: "bound"}, Value: rand.Text()}
	fresh := false
	err = d.store.Tx(ctx, func(tx orchestration.Tx) error {
		was, err := folders.Get(ctx, tx, folderKey)
		fresh = errors.Is(err, orchestration.ErrNoRecord)
		switch {
		case fresh && begun:
			return fmt.Errorf("the rows of the folder %s lie in another database: name that one with --database, or choose another folder with --data", d.dir)
		case fresh:
			_, err = folders.Insert(ctx, tx, row)
		case err == nil && was.Value != has:
			return fmt.Errorf("the files of this database do not lie in the folder %s: name theirs with --data, or another database with --database", d.dir)
		}
		return err
	})
	if err != nil || !fresh {
		return err
	}
	if err := os.WriteFile(path, []byte(row.Value+"\n"), 0o600); err != nil {
		return fmt.Errorf("%s can't be written: %w: make room or choose another folder with --data", path, cause(err))
	}
	return nil
}

// say tells a person something besides the progress.
func (p *program) say(text string) { fmt.Fprintln(p.err, text) }

// hosted is what a process has to know of the simulated account of another.
type hosted struct {
	URL      string
	ClientID string
	Before   ledgersync.Summary // as it stood when the host began
}

// guest is the simulated account of another process on the database.
type guest struct {
	*simulation

	of   *cluster.Guest
	host hosted
}

// join gives the process its part where the account is simulated and the database
// shared: the first one has the account, the others use it.
func (s *sync) join(ctx context.Context) (err error) {
	account, ok := s.source.(*simulation)
	if s.data.shared == nil || !ok {
		return nil
	}
	if s.host, s.guest, err = cluster.Join(ctx, s.data.shared, "ledgersync", s.progress.say); err != nil || s.guest == nil {
		return err
	}
	g := &guest{simulation: account, of: s.guest}
	s.source = g
	if err := s.guest.Account(&g.host); err != nil {
		return err
	}
	for _, f := range []struct{ flag, value string }{{"--webhook", s.Webhook}, {"--review-page", s.ReviewPage}} {
		if f.value != "" {
			return fmt.Errorf("%s: the simulated account belongs to another process: leave the flag out here, or give it to the first one", f.flag)
		}
	}
	return nil
}

// admit lets others use the simulated account.
func (s *sync) admit(ctx context.Context) error {
	account, ok := s.source.(*simulation)
	if !ok {
		return nil
	}
	return s.host.Admit(ctx, hosted{URL: account.server.URL(), ClientID: account.user.ClientID, Before: s.before})
}

// begin checks that the folder's account is the one that the flags name.
func (g *guest) begin(dir string, _ bool) error { return g.read(dir) }

func (g *guest) account(*data) (ledgersync.Account, error) {
	return ledgersync.NewAccount("simulated account", cloudsign.Config{ClientID: countersign.NewSecret(g.host.ClientID)},
		countersign.WithBaseURL(g.host.URL), countersign.WithLimiter(unlimited{}))
}

func (g *guest) now() time.Time              { return g.of.Now() }
func (g *guest) nextDay()                    {}
func (g *guest) anotherDay() error           { return nil }
func (g *guest) act(context.Context, string) {}

// leave ends the process's part.
func (s *sync) leave(err error) {
	if err != nil {
		err = errors.New(sentence(err))
	}
	s.host.Close(err)
	s.guest.Close()
}

// help works for the process that has the simulated account, until that has done.
func (s *sync) help(ctx context.Context) error {
	if s.Review && !s.reviewed() {
		return s.notReviewed()
	}
	_, err := s.guest.Work(ctx, s.engine)
	return err
}

// meter counts the files of a phase that begins anew with each run.
type meter struct{ total, last atomic.Int64 }

func (m *meter) tell(e orchestration.Event) {
	last := m.last.Swap(e.Done)
	m.total.Add(e.Done - min(last, e.Done)) // less than before: another run
}

// newEngine is the engine that the store is for, and this process's part in it.
func (s *sync) newEngine() orchestration.Engine {
	store := cluster.Store{Store: s.data.store, Shared: s.data.shared}
	engine := store.Engine(cluster.EngineConfig{Clock: s.source.now, Say: s.progress.say})
	if s.guest != nil {
		return s.guest.Engine(engine)
	}
	return s.host.Engine(engine, s.source.now)
}

// alone does what one process at a time does.
func (s *sync) alone(ctx context.Context, name string, f func() error) error {
	if s.data.shared == nil || s.host != nil || s.guest != nil {
		return f()
	}
	return cluster.Exclusive(ctx, s.data.shared, "ledgersync "+name, s.progress.say, f)
}
