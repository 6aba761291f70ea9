package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

const (
	simulationFile = "simulation.json"
	contracts      = 140 // with the next two among them
	contractFiles  = 240
	privateOnes    = 4 // excluded by default, so that the preview has something to say
	importedOnes   = 10
	otherOnes      = 12 // drafts, pending and declined ones, which no link carries
	seed           = 20260401
)

// simulation is a CloudSign account that lives in this program. It is made anew
// for each run from its seed, and its clock goes on a day each run, so what it
// holds depends on nothing but the number of the run.
type simulation struct {
	from     *string // folder that the documents come from; nil: generated ones
	arrivals int
	server   *cloudsigntest.Server
	clock    *countersigntest.Clock
	user     cloudsigntest.User
	state    simulationState
	contents []folderFile
	own      []string // folders that the program writes itself
	dir      string   // where state is kept
}

// simulationState is what is kept of the simulation between runs.
type simulationState struct {
	Kind  string    `json:"kind"`           // "generated" or "folder"
	From  string    `json:"from,omitempty"` // the folder
	Start time.Time `json:"start"`          // the clock at the first run
	Runs  int       `json:"runs"`
	Came  []int     `json:"came"` // documents that arrived in each run
}

// newSimulation leaves the folders out that the program writes itself, wherever
// they lie: what it registered is not to come in again.
func newSimulation(from *string, arrivals int, own ...string) (*simulation, error) {
	s := &simulation{from: from, arrivals: arrivals, own: own}
	if from == nil {
		return s, nil
	}
	var err error
	s.contents, err = readFolder(*from, own...)
	return s, err
}

// settle takes the folder that the documents came from before, or keeps the one
// that is given.
func (s *simulation) settle() (err error) {
	if s.from != nil {
		s.state.From, err = filepath.Abs(*s.from)
		return err
	}
	if s.state.From != "" {
		s.from = &s.state.From
		s.contents, err = readFolder(s.state.From, s.own...)
	}
	return err
}

func (s *simulation) kind() string {
	if s.from == nil {
		return "generated"
	}
	return "folder"
}

// begin reads how many runs there were, and fills the account as it stood at the
// end of the last one.
func (s *simulation) begin(dir string, dryRun bool) error {
	if err := s.read(dir); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	s.clock = countersigntest.NewClock(s.state.Start)
	s.server = cloudsigntest.NewServer(cloudsigntest.WithClock(s.clock), cloudsigntest.WithRateLimit(0))
	s.user = s.server.AddUser(cloudsigntest.User{
		ClientID: "00000000-0000-4000-8000-" + s.kind()[:6] + "000000", Name: "連携専用",
		Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true, PrivateDocumentAdministrator: true},
	})
	if s.from == nil {
		s.server.Seed(s.user, cloudsigntest.Account{
			Documents: contracts, Files: contractFiles, Private: privateOnes, Imported: importedOnes, Others: otherOnes, Seed: seed,
		})
	}
	for run, n := range s.state.Came {
		s.clock.Advance(24 * time.Hour)
		s.server.Arrive(s.user, n, arrivalSeed(run))
	}
	for _, f := range s.contents {
		s.server.AddDocument(f.document(s.user))
	}
	if dryRun {
		return nil
	}
	return s.count(dir)
}

// count writes down that a day begins.
func (s *simulation) count(dir string) error {
	s.dir = dir
	s.state.Came = append(s.state.Came, s.arrivals)
	s.state.Runs = len(s.state.Came)
	return s.write(dir)
}

func (s *simulation) anotherDay() error {
	if err := s.count(s.dir); err != nil {
		return err
	}
	s.nextDay()
	return nil
}

func arrivalSeed(run int) uint64 { return seed + 1 + uint64(run) }

func (s *simulation) read(dir string) error {
	path := filepath.Join(dir, simulationFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if holdsLinks(dir) {
			return fmt.Errorf("the folder %s holds a real account: choose another one with --data for the simulated one", dir)
		}
		s.state = simulationState{Kind: s.kind(), Start: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}
		return nil
	case err != nil:
		return fmt.Errorf("%s can't be read: %w: make it readable or choose another folder with --data", path, cause(err))
	}
	if err := json.Unmarshal(text, &s.state); err != nil {
		return fmt.Errorf("%s can't be understood: choose another folder with --data", path)
	}
	switch {
	case s.state.Kind == s.kind(), s.from == nil && s.state.From != "":
	case s.from == nil:
		return fmt.Errorf("the folder %s was filled with --from: give it again, or choose another folder with --data", dir)
	default:
		return fmt.Errorf("the folder %s was filled without --from: leave it out, or choose another folder with --data", dir)
	}
	return nil
}

// holdsLinks reports whether a real account was linked in the folder.
func holdsLinks(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, environmentFile))
	return err == nil
}

func (s *simulation) write(dir string) error {
	text, err := json.MarshalIndent(s.state, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, simulationFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("%s can't be written: %w: make room or choose another folder with --data", path, cause(err))
	}
	return os.Rename(path+".new", path)
}

func (s *simulation) account(*data) (ledgersync.Account, error) {
	return ledgersync.NewAccount("simulated account", cloudsign.Config{ClientID: countersign.NewSecret(s.user.ClientID)},
		countersign.WithBaseURL(s.server.URL()), countersign.WithLimiter(unlimited{}))
}

// unlimited lets everything through: the simulated account has no limit to keep.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

func (s *simulation) simulated() bool { return true }
func (s *simulation) now() time.Time  { return s.clock.Now() }

// nextDay is what happens between two runs of a daily link.
func (s *simulation) nextDay() {
	s.clock.Advance(24 * time.Hour)
	s.server.Arrive(s.user, s.arrivals, arrivalSeed(len(s.state.Came)-1))
}

func (s *simulation) close() {
	if s.server != nil {
		s.server.Close()
	}
}
