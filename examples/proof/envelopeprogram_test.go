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
	engine orchestration.Engine
}

// fired is what the program tells of a firing.
type fired struct{ ID, Record, Contact, What string }

// openEnvelopes starts the program on its folder, as after any restart.
func openEnvelopes(ctx context.Context, j job) (p *envelopeProgram, err error) {
	var store *sqlstore.Store
	var engine orchestration.Engine
	if j.Database != "" {
		store, engine, err = openDatabase(ctx, j.Database)
	} else if store, err = sqlite.Open(filepath.Join(j.Dir, "envelopes.db")); err == nil {
		engine = orchestration.NewLocal(store, orchestration.WithWorkers(16), orchestration.WithBackoff(soon))
	}
	if err != nil {
		return nil, err
	}
	if p, err = newEnvelopes(j.Envelopes, store, engine); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return p, nil
}

// newEnvelopes has the flow run on an engine.
func newEnvelopes(j envelopeJob, store *sqlstore.Store, engine orchestration.Engine) (*envelopeProgram, error) {
	flow, err := newEnvelopeFlow(j, store, engine)
	if err != nil {
		return nil, err
	}
	flow.Register(engine)
	return &envelopeProgram{store: store, flow: flow, engine: engine}, nil
}

// soon is the wait after a failure: the proofs have no hours.
func soon(attempt int) time.Duration {
	return min(time.Duration(attempt)*20*time.Millisecond, time.Second)
}

func newEnvelopeFlow(j envelopeJob, store orchestration.Store, engine orchestration.Engine) (*envelopesync.Flow, error) {
	retry := countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: 5 * time.Millisecond, MaxDelay: 20 * time.Millisecond})
	ds, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(j.Token)}},
		countersign.WithBaseURL(j.DocuSign), retry)
	if err != nil {
		return nil, err
	}
	options := []countersign.Option{countersign.WithBaseURL(j.ActiveCampaign)}
	if j.PerSecond > 0 {
		options = append(options, retry, countersign.WithLimiter(engine.Limiter("activecampaign", j.PerSecond, time.Second)))
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

// socket is where a program takes messages, one of several in a folder.
func socket(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("in%d.sock", number))
}

// listen opens the program's socket.
func (j job) listen(ctx context.Context) (net.Listener, error) {
	path := socket(j.Dir, j.Number)
	_ = os.Remove(path) // of the one that was killed
	var listen net.ListenConfig
	return listen.Listen(ctx, "unix", path)
}

// serveEnvelopes is the program under test: it takes messages on a socket, works,
// and tells how much is left.
func serveEnvelopes(ctx context.Context, j job) error {
	p, err := openEnvelopes(ctx, j)
	if err != nil {
		return err
	}
	l, err := j.listen(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return errors.Join(p.engine.Run(ctx), errors.New("the engine ended by itself"))
}

// handler takes messages and tells how much is left.
func (p *envelopeProgram) handler() http.Handler {
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
	return mux
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
