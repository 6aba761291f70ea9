package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

const (
	simulatedURL = "https://sync.example/docusign"
	simulatedKey = "made-up-connect-key"
)

// free lets every call through: the simulation need not wait for a limit.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// side is one ActiveCampaign account and the flow that fills it.
type side struct {
	ac     *activecampaigntest.Server
	store  *cluster.Store
	starts starts
	flow   *envelopesync.Flow
	engine orchestration.Engine
}

// place is where a side keeps its records.
type place struct {
	store *cluster.Store
	name  string        // of the flow in the store
	host  *cluster.Host // nil: nobody shares the work
}

// memory is a place that ends with the program.
func memory() place { return place{store: &cluster.Store{Store: orchestration.NewMemory()}} }

// newSide starts a simulated account and a flow from a DocuSign account to it.
func newSide(ctx context.Context, at place, ds *docusigntest.Server, client *docusign.Client) (_ *side, err error) {
	s := &side{
		ac:    activecampaigntest.NewServer(activecampaigntest.WithRateLimit(0), activecampaigntest.WithListLag(0)),
		store: at.store, starts: startsOf(at.store, at.name),
	}
	defer func() {
		if err != nil {
			s.ac.Close()
		}
	}()
	id := docusign.AccountID(ds.Account().ID)
	if s.flow, err = simulatedFlow(at, s.ac.URL(), s.ac.APIKey(), id, client); err != nil {
		return nil, err
	}
	s.engine = at.host.Engine(simulatedEngine(at.store), nil)
	s.flow.Register(s.engine)
	_, err = s.flow.Apply(ctx, connection(id))
	return s, err
}

// soon is when what failed is tried again.
func soon(int) time.Duration { return 20 * time.Millisecond }

func simulatedEngine(store *cluster.Store) orchestration.Engine {
	return store.Engine(cluster.EngineConfig{Backoff: soon, Say: cluster.Tell})
}

// simulatedFlow is the flow to a simulated ActiveCampaign.
func simulatedFlow(at place, address, key string, account docusign.AccountID, client *docusign.Client) (*envelopesync.Flow, error) {
	ac, err := activecampaign.New(activecampaign.Config{APIKey: countersign.NewSecret(key)}, countersign.WithBaseURL(address),
		countersign.WithLimiter(free{}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond}))
	if err != nil {
		return nil, err
	}
	return envelopesync.New(envelopesync.Config{
		Name: at.name, BaseURL: simulatedURL, Attempts: 1_000, Backoff: soon, Automations: automations(startsOf(at.store, at.name).start),
	}, envelopesync.Deps{Store: at.store, ActiveCampaign: ac, Accounts: []envelopesync.Account{{
		ID: account, Client: client, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret(simulatedKey)},
	}}})
}

// starts keeps the starts of automations in the store, whatever process they begin
// in.
type starts struct {
	store orchestration.Store
	table orchestration.Table[started]
}

// started is a start of an automation.
type started struct{ Record, Automation string }

func startsOf(store orchestration.Store, name string) starts {
	return starts{store, orchestration.Table[started](orchestration.TableName("automations", name, "start"))}
}

// start is an automation. One that is told again, as after a crash, is the same.
func (s starts) start(ctx context.Context, f envelopesync.Firing) error {
	return s.store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := s.table.Insert(ctx, tx, orchestration.Row[started]{
			Record: orchestration.Record{Key: f.ID, State: "started", Updated: time.Now()}, Value: started{f.Record.ID(), f.Automation},
		})
		return err
	})
}

// all gives the starts in their order.
func (s starts) all(ctx context.Context) (out []started, err error) {
	for row, err := range s.table.All(ctx, s.store, orchestration.Query{}) {
		if err != nil {
			return nil, err
		}
		out = append(out, row.Value)
	}
	return out, nil
}

// simulate shows the storm.
func (p *program) simulate(ctx context.Context) error {
	switch {
	case p.BaseURL != "" || p.ActiveCampaignURL != "" || p.IntegrationKey != "" || !p.ConnectKey.IsZero():
		return errors.New("credentials or --base-url are given: say with --environment which service they belong to, demo or production")
	case p.Envelopes < 1 && !p.DryRun:
		return errors.New("--envelopes is less than 1: the simulation needs one at least")
	}
	if p.DryRun || p.Database == "" {
		return p.play(ctx, memory())
	}
	store, err := p.Open(ctx, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	host, guest, err := cluster.Join(ctx, store.Shared, "envelopesync", cluster.Tell)
	if err != nil {
		return err
	}
	if guest != nil {
		return p.help(ctx, store, guest)
	}
	// The accounts are made anew, so each simulation has a flow of its own.
	err = p.play(ctx, place{store, fmt.Sprintf("simulation-%d", host.Run), host})
	host.Close(err, p.last...)
	return err
}

// play starts the services, and lets the storm come in at a place.
func (p *program) play(ctx context.Context, at place) error {
	ds := docusigntest.NewServer(docusigntest.WithClock(countersigntest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))),
		docusigntest.WithHourlyLimit(1<<30), docusigntest.WithBurstLimit(1<<30))
	defer ds.Close()
	ds.SetConnectKeys(simulatedKey)
	client, err := grant(ds)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.err, "simulated accounts: nothing leaves this machine")
	storm, err := newSide(ctx, at, ds, client)
	if err != nil {
		return err
	}
	defer storm.ac.Close()
	plan, err := storm.flow.Plan(ctx, connection(docusign.AccountID(ds.Account().ID)))
	if err != nil {
		return err
	}
	p.showPlan(plan)
	if p.DryRun {
		return nil
	}
	if err := admit(ctx, at, ds, storm); err != nil {
		return err
	}
	if err := write(ctx, ds, client, p.Envelopes); err != nil {
		return err
	}
	messages := ds.Messages()
	order := countersigntest.Disorder(messages, 7, 0.3)
	fmt.Fprintf(p.err, "%d envelopes to two people each; DocuSign sends %d messages about them, in disorder and %d of them twice,\n"+
		"while a tenth of ActiveCampaign's answers go wrong\n", p.Envelopes, len(messages), len(order)-len(messages))
	if err := p.storm(ctx, storm, order); err != nil {
		return err
	}
	calm, err := p.calm(ctx, ds, client, messages)
	if err != nil {
		return err
	}
	defer calm.ac.Close()
	if err := p.showResult(ctx, storm); err != nil {
		return err
	}
	if shared := at.host.Shared(); shared != "" {
		fmt.Fprintln(p.err, shared)
	}
	return p.compare(ctx, storm, calm, len(messages))
}

// calm sends the same messages to a second account, one by one in their order.
func (p *program) calm(ctx context.Context, ds *docusigntest.Server, client *docusign.Client, messages []docusigntest.Message) (*side, error) {
	fmt.Fprintln(p.err, "the same messages once more to a second account, one by one in their order")
	s, err := newSide(ctx, memory(), ds, client)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err = deliver(ctx, s, m); err != nil {
			break
		}
		if err = s.engine.RunUntilIdle(ctx); err != nil {
			break
		}
	}
	if err != nil {
		s.ac.Close()
	}
	return s, err
}

// grant logs in by the JWT grant: the simulated clock runs through days, so that a
// token which is taken once would end on the way.
func grant(ds *docusigntest.Server) (*docusign.Client, error) {
	app, user := ds.App(), ds.User().ID
	ds.Consent(app.IntegrationKey, user)
	return granted(ds.URL(), app.IntegrationKey, user, app.PrivateKey)
}

func granted(address, integration, user, key string) (*docusign.Client, error) {
	return docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.JWTGrant{
		IntegrationKey: integration, UserID: docusign.UserID(user), PrivateKey: countersign.NewSecret(key),
	}}, countersign.WithBaseURL(address))
}

// write lets envelopes go their ways: two signers each, who open, sign or refuse.
func write(ctx context.Context, ds *docusigntest.Server, client *docusign.Client, envelopes int) error {
	random := rand.New(rand.NewPCG(7, 7))
	people := max(envelopes, 2)
	for n := range envelopes {
		var r docusign.Recipients
		for i, who := range random.Perm(people)[:2] {
			r.Signers = append(r.Signers, docusign.Recipient{
				ID: docusign.RecipientID(strconv.Itoa(i + 1)), Name: "Robin Recipient" + strconv.Itoa(who),
				Email: fmt.Sprintf("robin%d@example.com", who), RoutingOrder: "1",
			})
		}
		made, err := client.Envelopes.Create(ctx, docusign.EnvelopeDefinition{
			Status: docusign.EnvelopeSent, EmailSubject: fmt.Sprintf("Offer %d", n+1), Recipients: &r,
			Documents: []docusign.Document{{ID: "1", Name: "offer.pdf", Content: []byte("%PDF-1.4")}},
		})
		if err != nil {
			return err
		}
		act(ds, random, string(made.ID))
	}
	return nil
}

func act(ds *docusigntest.Server, random *rand.Rand, envelope string) {
	for _, who := range []string{"1", "2"} {
		ds.Clock().Advance(time.Minute)
		switch random.IntN(10) {
		case 0:
			return // never opened
		case 1:
			ds.Decline(envelope, who, "too dear")
			return
		default:
			ds.View(envelope, who)
			ds.Clock().Advance(time.Minute)
			ds.Sign(envelope, who)
		}
	}
}

// storm sends the messages while a tenth of ActiveCampaign's answers go wrong.
func (p *program) storm(ctx context.Context, s *side, order []docusigntest.Message) error {
	s.ac.Faults().Add(
		countersigntest.Rule{Probability: 0.05, Fault: countersigntest.Status(503)},
		countersigntest.Rule{Probability: 0.05, Fault: countersigntest.LoseAnswer()},
	)
	working, stop := context.WithCancel(ctx)
	worked := make(chan error, 1)
	go func() { worked <- s.engine.Run(working) }()
	for i, m := range order {
		if err := deliver(ctx, s, m); err != nil {
			stop()
			return errors.Join(err, <-worked)
		}
		if i%10 == 9 {
			p.progress(s, i+1, len(order))
		}
	}
	err := p.settle(ctx, s, len(order))
	stop()
	s.ac.Faults().Clear()
	return errors.Join(err, <-worked)
}

// settle waits until nothing is left to do.
func (p *program) settle(ctx context.Context, s *side, sent int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := open(ctx, s.flow)
		if err != nil {
			return err
		}
		p.progress(s, sent, sent)
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// open counts what is still to be done.
func open(ctx context.Context, flow *envelopesync.Flow) (n int64, err error) {
	for _, w := range []envelopesync.Work{envelopesync.WorkMessages, envelopesync.WorkRecords, envelopesync.WorkFirings} {
		stats, err := flow.Stats(ctx, w)
		if err != nil {
			return 0, err
		}
		n += stats.States[orchestration.StatePending] + stats.States[orchestration.StateSending]
	}
	return n, nil
}

// deliver posts a message as DocuSign does.
func deliver(ctx context.Context, s *side, m docusigntest.Message) error {
	req := httptest.NewRequestWithContext(ctx, "POST", simulatedURL+"/connect", bytes.NewReader(m.Body))
	req.Header = m.Header
	answer := httptest.NewRecorder()
	s.flow.Handler().ServeHTTP(answer, req)
	if ctx.Err() != nil {
		return ctx.Err() // who interrupts a message is no fault of it
	}
	if answer.Code != 200 {
		return fmt.Errorf("a message was answered with %d", answer.Code)
	}
	return nil
}
