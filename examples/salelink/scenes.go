package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
)

// simulate links two simulated environments, scene by scene. On a database, one
// process has them and the others work for it.
func simulate(ctx context.Context, o options, out io.Writer) error {
	if o.DryRun {
		o.Database = "" // nothing is written
	}
	store, err := o.Open(ctx, func() (orchestration.Store, error) { return orchestration.NewMemory(), nil })
	if err != nil {
		return err
	}
	defer store.Close()
	if store.Shared == nil {
		_, err := scenes(ctx, o, out, store, nil)
		return err
	}
	host, guest, err := cluster.Join(ctx, store.Shared, "salelink", cluster.Tell)
	if err != nil {
		return err
	}
	if guest != nil {
		return help(ctx, out, store, guest)
	}
	line, err := scenes(ctx, o, out, store, host)
	host.Close(err, line)
	return err
}

// scenes plays the scenes, and gives the last line.
func scenes(ctx context.Context, o options, out io.Writer, store *cluster.Store, host *cluster.Host) (line string, err error) {
	sim, err := newSimulation(store, host)
	if err != nil {
		return "", err
	}
	defer sim.srv.Close()
	s := show{out}
	s.say("Zonnig Verkoop (A) sells what Kracht Energie (B) owns. Both are simulated, and so is the time.")
	if err := sim.sideOfB(ctx, s); err != nil {
		return "", err
	}
	if err := sim.flow.Configure(ctx, sim.settings()); err != nil {
		return "", err
	}
	if o.DryRun {
		s.scene("The plan (nothing is written)")
		return "", s.plan(ctx, sim.flow)
	}
	if err := sim.admit(ctx); err != nil {
		return "", err
	}
	for _, scene := range []func(context.Context, show) error{sim.imports, sim.mends, sim.forwards, sim.pulls, sim.vanishes} {
		if err := scene(ctx, s); err != nil {
			return "", err
		}
	}
	return sim.count(ctx, s)
}

// sideOfB shows what B has prepared and hands the token over.
func (s *simulation) sideOfB(ctx context.Context, show show) error {
	show.scene("1. B has prepared its side")
	var products []salesdock.ProductID
	for _, p := range s.b.Products() {
		products = append(products, text[salesdock.ProductID](p.ID))
	}
	steps, err := s.owner.Check(ctx, salelink.Preparation{
		Mode: salesdock.SDKLink, Language: salesdock.Dutch, Names: salesdock.LinkNames{A: "Zonnig Verkoop", B: "Kracht Energie", Organisation: "Zonnig Verkoop"},
		Organisation: s.org.Identifier, Products: products, Flows: []string{s.flowB.Identifier}, Agent: s.agent,
	})
	if err != nil {
		return err
	}
	show.runbook(steps)
	show.say("  (✓ the API confirms it, ✗ it does not, · no program can tell)")
	err = s.owner.HandOver(ctx, s.token, func(context.Context, countersign.Secret) error {
		show.say("  B5: the token is handed over, once; printed, it is %v", s.token)
		return nil
	})
	if err != nil {
		return err
	}
	a, b := s.flow.TestConnections(ctx)
	show.connection("A", a)
	show.connection("B", b)
	return nil
}

func (s *simulation) imports(ctx context.Context, show show) error {
	show.scene("2. Plan and import")
	plan, err := s.flow.Plan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(show.out, plan)
	if _, err := s.flow.Apply(ctx, plan); err != nil {
		return err
	}
	if err := s.engine.RunUntilIdle(ctx); err != nil {
		return err
	}
	return show.products(ctx, s.flow)
}

// mends shows what is wrong with the mapping, does what the findings suggest, and
// goes live.
func (s *simulation) mends(ctx context.Context, show show) error {
	show.scene("3. What is wrong with the mapping")
	found, err := s.flow.Check(ctx)
	if err != nil {
		return err
	}
	show.findings(found)
	show.say("going live is refused: %v", s.flow.GoLive(ctx))
	question, err := s.flow.Describe(ctx, text[salesdock.QuestionID](s.meterB.ID))
	if err != nil {
		return err
	}
	show.say("\nB asks:\n%s\nDoing what the findings suggest:", question)
	settings := s.settings()
	for _, f := range found {
		switch fix := f.Suggestion; {
		case fix == nil:
		case fix.Action == salemap.ActionOptions:
			settings.Mapping.Questions[0].Options = fix.Options
		case fix.Action == salemap.ActionMap && f.Part == salemap.PartStatus && fix.A != "":
			settings.Mapping.Statuses = append(settings.Mapping.Statuses, salemap.StatusPair{A: fix.A, B: fix.B})
		}
	}
	if err := s.flow.Configure(ctx, settings); err != nil {
		return err
	}
	if found, err = s.flow.Check(ctx); err != nil {
		return err
	}
	show.findings(found)
	if err := s.flow.GoLive(ctx); err != nil {
		return err
	}
	show.say("the link is live")
	return s.pass(ctx, 5*time.Minute)
}

func (s *simulation) forwards(ctx context.Context, show show) error {
	show.scene("4. Two sales at A: one is complete, one lacks an agreement")
	if _, err := s.sell("jansen", true); err != nil {
		return err
	}
	if _, err := s.sell("bakker", false); err != nil {
		return err
	}
	if err := show.plan(ctx, s.flow); err != nil {
		return err
	}
	show.say("twenty minutes later:")
	if err := s.pass(ctx, 20*time.Minute); err != nil {
		return err
	}
	return show.sales(ctx, s.flow)
}

func (s *simulation) pulls(ctx context.Context, show show) error {
	show.scene("5. B's principal confirms: the status comes back")
	for _, sale := range s.b.Received() {
		s.b.SetStatus(sale.ID, "verwerkt", "")
	}
	if err := s.pass(ctx, 20*time.Minute); err != nil {
		return err
	}
	for sale, err := range s.flow.Sales(ctx, salelink.SaleForwarded) {
		if err != nil {
			return err
		}
		for _, at := range s.a.Received() {
			if text[salesdock.SaleID](at.ID) == sale.A {
				show.say("  sale %s: %q at B, %q at A", sale.A, sale.StatusB, at.Status)
			}
		}
	}
	return nil
}

func (s *simulation) vanishes(ctx context.Context, show show) error {
	show.scene("6. B withdraws a product")
	s.b.Revoke(s.org, s.gas)
	if err := show.plan(ctx, s.flow); err != nil {
		return err
	}
	show.say("after several complete lists, and a look at the product itself:")
	if err := s.pass(ctx, time.Hour); err != nil {
		return err
	}
	return show.products(ctx, s.flow)
}

// count prints the last line, for programs.
func (s *simulation) count(ctx context.Context, show show) (line string, err error) {
	stats, err := s.flow.Stats(ctx)
	if err != nil {
		return "", err
	}
	imported, vanished, statuses := 0, 0, 0
	for p, err := range s.flow.Products(ctx) {
		if err != nil {
			return "", err
		}
		imported++
		if p.State == salelink.ProductVanished {
			vanished++
		}
	}
	for _, at := range s.a.Received() {
		if at.Status == "verwerkt-door-partner" {
			statuses++
		}
	}
	if shared := s.host.Shared(); shared != "" {
		show.say("\n%s", shared)
	}
	line = fmt.Sprintf("salelink: imported=%d forwarded=%d refused=%d statuses=%d vanished=%d",
		imported, stats.States[salelink.SaleForwarded], stats.States[salelink.SaleRefused], statuses, vanished)
	show.say("\n%s", line)
	return line, nil
}
