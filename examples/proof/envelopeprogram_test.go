package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// envelopeJob says what a program of the envelope sync works on.
type envelopeJob struct {
	DocuSign, Token  string // address of the simulated service and a token for it
	Account          docusign.AccountID
	ActiveCampaign   string // address
	Key              string
	Fired            string // where the program tells what its automations were started with
	PerSecond        int    // the limiter's pace; 0: that of the client itself
	LastSubject      string // names of the contact fields
	LastStatus       string
	WithoutAutomatic bool // no automations
}

const (
	envelopeBase = "https://sync.example/docusign"
	envelopeKey  = "made-up-connect-key"
)

// envelopeProgram is a user's program with the real parts.
type envelopeProgram struct {
	store  *sqlstore.Store
	flow   *envelopesync.Flow
	engine *orchestration.Local
}

// fired is what the program tells of a firing.
type fired struct{ ID, Record, Contact, What string }

// openEnvelopes starts the program on its folder, as after any restart.
func openEnvelopes(j envelopeJob, dir string) (*envelopeProgram, error) {
	store, err := sqlite.Open(filepath.Join(dir, "envelopes.db"))
	if err != nil {
		return nil, err
	}
	flow, err := newEnvelopeFlow(j, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	p := &envelopeProgram{store: store, flow: flow}
	p.engine = orchestration.NewLocal(store, orchestration.WithWorkers(16), orchestration.WithBackoff(soon))
	flow.Register(p.engine)
	return p, nil
}

// soon is the wait after a failure: the proofs have no hours.
func soon(attempt int) time.Duration {
	return min(time.Duration(attempt)*20*time.Millisecond, time.Second)
}

func newEnvelopeFlow(j envelopeJob, store orchestration.Store) (*envelopesync.Flow, error) {
	retry := countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: 5 * time.Millisecond, MaxDelay: 20 * time.Millisecond})
	ds, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(j.Token)}},
		countersign.WithBaseURL(j.DocuSign), retry)
	if err != nil {
		return nil, err
	}
	options := []countersign.Option{countersign.WithBaseURL(j.ActiveCampaign)}
	if j.PerSecond > 0 {
		options = append(options, retry, countersign.WithLimiter(orchestration.NewLimiter("", j.PerSecond, time.Second)))
	}
	ac, err := activecampaign.New(activecampaign.Config{APIKey: countersign.NewSecret(j.Key)}, options...)
	if err != nil {
		return nil, err
	}
	cfg := envelopesync.Config{BaseURL: envelopeBase, Attempts: 1_000, Backoff: soon}
	if !j.WithoutAutomatic {
		cfg.Automations = envelopeAutomations(j.Fired)
	}
	return envelopesync.New(cfg, envelopesync.Deps{Store: store, ActiveCampaign: ac, Accounts: []envelopesync.Account{{
		ID: j.Account, Client: ds, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret(envelopeKey)},
	}}})
}

// connection is what the program goes live with.
func (j envelopeJob) connection() envelopesync.Connection {
	return envelopesync.Connection{Account: j.Account, Rules: append(contactmap.DefaultRules(),
		contactmap.Rule{From: []string{contactmap.EnvelopeSubject}, To: j.LastSubject},
		contactmap.Rule{From: []string{contactmap.Status}, To: j.LastStatus},
	)}
}

// envelopeAutomations are triggers of all three kinds, told over HTTP, and one
// that enrols.
func envelopeAutomations(address string) []envelopesync.Automation {
	tell := func(ctx context.Context, f envelopesync.Firing) error {
		what := f.Automation
		if f.Trigger.Kind == envelopesync.KindTagAdded {
			what += " " + f.Trigger.Tag
		}
		body, err := json.Marshal(fired{f.ID, f.Record.ID(), string(f.Contact), what})
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	}
	tags := contactmap.EnglishTags()
	one := func(name string, t ...envelopesync.Trigger) envelopesync.Automation {
		return envelopesync.Automation{Name: name, Triggers: t, Run: tell}
	}
	return []envelopesync.Automation{
		one("sent", envelopesync.RecordCreated(contactmap.Sent)),
		one("opened", envelopesync.RecordUpdated(contactmap.Delivered, "status", "Sent", "Delivered")),
		one("done", envelopesync.RecordUpdated(contactmap.Completed, "status", "Delivered", "Completed")),
		one("refused", envelopesync.RecordUpdated(contactmap.Declined, "status", "", "Declined")),
		one("tagged", envelopesync.TagAdded(tags.Base), envelopesync.TagAdded(tags.Completed)),
		{Name: "welcome", Triggers: []envelopesync.Trigger{envelopesync.RecordCreated(contactmap.Sent)}, Enrol: "1"},
	}
}

// socket is where a program takes messages.
func socket(dir string) string { return filepath.Join(dir, "in.sock") }

// serveEnvelopes is the program under test: it takes messages on a socket, works,
// and tells how much is left.
func serveEnvelopes(ctx context.Context, j job) error {
	p, err := openEnvelopes(j.Envelopes, j.Dir)
	if err != nil {
		return err
	}
	_ = os.Remove(socket(j.Dir)) // of the one that was killed
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "unix", socket(j.Dir))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/docusign/", p.flow.Handler())
	mux.HandleFunc("GET /left", func(w http.ResponseWriter, r *http.Request) {
		left, err := p.left(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, left)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return errors.Join(p.engine.Run(ctx), errors.New("the engine ended by itself"))
}

// left counts what is still to be done. What was given up counts too: it never
// goes away.
func (p *envelopeProgram) left(ctx context.Context) (int64, error) {
	n := int64(0)
	for _, w := range []envelopesync.Work{envelopesync.WorkMessages, envelopesync.WorkRecords, envelopesync.WorkFirings} {
		s, err := p.flow.Stats(ctx, w)
		if err != nil {
			return 0, err
		}
		for _, state := range []string{orchestration.StatePending, orchestration.StateSending, orchestration.StateDead, orchestration.StateUncertain} {
			n += s.States[state]
		}
	}
	return n, nil
}

// Close ends the program.
func (p *envelopeProgram) Close() error { return p.store.Close() }
