package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

// simulation is two environments that live in this program: Zonnig Verkoop sells
// energy of Kracht Energie.
type simulation struct {
	name   string        // of the link in the store
	host   *cluster.Host // with --database
	clock  *countersigntest.Clock
	srv    *salesdocktest.Server
	a, b   *salesdocktest.Account
	org    *salesdocktest.Organisation
	power  *salesdocktest.Product
	gas    *salesdocktest.Product
	flowA  *salesdocktest.Flow
	flowB  *salesdocktest.Flow
	meterA *salesdocktest.Question
	meterB *salesdocktest.Question
	startA *salesdocktest.Question
	startB *salesdocktest.Question
	termsA *salesdocktest.Agreement
	termsB *salesdocktest.Agreement

	flow   *salelink.Flow
	owner  *salelink.Owner
	agent  *salesdock.Client
	token  countersign.Secret
	engine orchestration.Engine
}

// newSimulation makes the environments anew, so on a database each simulation has
// a link of its own.
func newSimulation(store *cluster.Store, host *cluster.Host) (*simulation, error) {
	s := &simulation{host: host, clock: countersigntest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))}
	s.srv = salesdocktest.NewServer(salesdocktest.WithClock(s.clock), salesdocktest.WithRateLimit(0))
	s.a, s.b = s.srv.AddAccount("zonnig-verkoop"), s.srv.AddAccount("kracht-energie")
	s.prepareB()
	s.prepareA()
	if host != nil {
		s.name = fmt.Sprintf("simulation-%d", host.Run)
	}
	if err := s.connect(store); err != nil {
		s.srv.Close()
		return nil, err
	}
	return s, nil
}

func (s *simulation) prepareB() {
	s.power = s.b.AddProduct(salesdocktest.Product{Name: "Stroom vast 3 jaar", Documents: []salesdocktest.File{{Name: "tarieven.pdf", Content: []byte("%PDF 0,25")}}})
	s.gas = s.b.AddProduct(salesdocktest.Product{Name: "Gas vast 3 jaar"})
	var rest []*salesdocktest.Product
	for _, name := range []string{"Stroom variabel", "Stroom dynamisch", "Gas variabel", "Groene stroom"} {
		rest = append(rest, s.b.AddProduct(salesdocktest.Product{Name: name}))
	}
	all := append([]*salesdocktest.Product{s.power, s.gas}, rest...)
	s.flowB = s.b.AddFlow(salesdocktest.Flow{Title: "Energie", Sections: []salesdocktest.Section{{Title: "Contracten", Products: all}}})
	s.meterB = s.b.AddQuestion(salesdocktest.Question{Name: "Type meter", InputType: "mc-single", Required: true, Options: []string{"slimme meter", "oude meter"}})
	s.startB = s.b.AddQuestion(salesdocktest.Question{Name: "Ingangsdatum", InputType: "switchdate", Required: true})
	s.termsB = s.b.AddAgreement(salesdocktest.Agreement{Name: "Akkoord met voorwaarden", Required: true})
	s.b.AddStatus(salesdocktest.Status{ID: "verwerkt", Name: "Verwerkt"})
	s.org = s.b.AddOrganisation("Zonnig Verkoop")
	s.b.Grant(s.org, all...)
	s.b.GrantFlow(s.org, s.flowB)
	user := s.b.AddUser(salesdocktest.User{Organisation: s.org, Firstname: salesdock.TechnicalUser("Zonnig Verkoop")})
	s.token = countersign.NewSecret(s.b.AddToken(user))
}

func (s *simulation) prepareA() {
	s.flowA = s.a.AddFlow(salesdocktest.Flow{Title: "Energie verkoop"})
	s.meterA = s.a.AddQuestion(salesdocktest.Question{Name: "Welke meter heeft u?", InputType: "mc-single", Required: true, Options: []string{"Slimme meter", "oude meter"}})
	s.startA = s.a.AddQuestion(salesdocktest.Question{Name: "Ingangsdatum", InputType: "switchdate", Required: true})
	s.termsA = s.a.AddAgreement(salesdocktest.Agreement{Name: "Akkoord", Required: true})
	s.a.AddStatus(salesdocktest.Status{ID: "verwerkt-door-partner", Name: "Verwerkt"})
}

// unlimited lets every call through: the simulation has no minutes.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

func (s *simulation) client(domain, token string, scope salesdock.Scope) (*salesdock.Client, error) {
	return simulatedClient(s.srv.URL(), domain, token, scope)
}

func simulatedClient(address, domain, token string, scope salesdock.Scope) (*salesdock.Client, error) {
	return salesdock.New(salesdock.Config{Domain: domain, Token: countersign.NewSecret(token), Scope: scope},
		countersign.WithBaseURL(address), countersign.WithLimiter(unlimited{}))
}

func (s *simulation) connect(store *cluster.Store) error {
	a, err := s.client(s.a.Domain(), s.a.AdminToken(), salesdock.ScopeAccount)
	if err != nil {
		return err
	}
	if s.agent, err = s.client(s.b.Domain(), s.token.Reveal(), salesdock.ScopeUser); err != nil {
		return err
	}
	admin, err := s.client(s.b.Domain(), s.b.AdminToken(), salesdock.ScopeAccount)
	if err != nil {
		return err
	}
	if s.owner, err = salelink.NewOwner(admin, store, s.name); err != nil {
		return err
	}
	s.flow, err = salelink.New(salelink.Config{Name: s.name, Mode: salesdock.SDKLink, Clock: s.clock.Now}, salelink.Deps{Store: store, A: a, B: s.agent})
	if err != nil {
		return err
	}
	s.engine = s.host.Engine(store.Engine(cluster.EngineConfig{Clock: s.clock.Now, Say: cluster.Tell}), s.clock.Now)
	s.flow.Register(s.engine)
	return nil
}

func text[T ~string](n int) T { return T(strconv.Itoa(n)) }

// settings are what a person chose at first: one option and one status are not
// mapped yet.
func (s *simulation) settings() salelink.Settings {
	return salelink.Settings{
		Mapping: salemap.Mapping{
			Flows: []salemap.FlowPair{{A: text[salesdock.FlowID](s.flowA.ID), B: text[salesdock.FlowID](s.flowB.ID)}},
			Questions: []salemap.QuestionPair{
				{A: text[salesdock.QuestionID](s.meterA.ID), B: text[salesdock.QuestionID](s.meterB.ID)},
				{A: text[salesdock.QuestionID](s.startA.ID), B: text[salesdock.QuestionID](s.startB.ID)},
			},
			Agreements: []salemap.AgreementPair{{A: text[salesdock.AgreementID](s.termsA.ID), B: text[salesdock.AgreementID](s.termsB.ID)}},
		},
		Policy: salelink.Policy{
			ImportAll: true, Vanished: salelink.VanishedDeactivate,
			Sales: salelink.Processing{Trigger: salelink.Automatic, Statuses: []string{"new"}}, Mail: salelink.MailByA, SentStatus: "sent",
			PullStatuses: true,
		},
	}
}

// sell makes a sale at A, as a seller does in the screens.
func (s *simulation) sell(name string, accepted bool) (int, error) {
	for _, p := range s.a.Products() {
		if p.Name != s.power.Name {
			continue
		}
		agreements := map[string]any{}
		if accepted {
			agreements[s.termsA.Identifier] = "1"
		}
		return s.a.AddSale(salesdocktest.SaleSeed{Flow: s.flowA, Product: p, Body: map[string]any{
			"lastname": name, "email": name + "@example.com", "agreements": agreements,
			"questionData": map[string]any{s.meterA.Identifier: "Slimme meter", s.startA.Identifier: "01-05-2026", s.startA.Identifier + "_switchdate_option": "Anders"},
		}}), nil
	}
	return 0, fmt.Errorf("the product was not imported")
}

// pass lets simulated time go by, and the engine work.
func (s *simulation) pass(ctx context.Context, d time.Duration) error {
	for ; d > 0; d -= 5 * time.Minute {
		s.clock.Advance(5 * time.Minute)
		if err := s.engine.RunUntilIdle(ctx); err != nil {
			return err
		}
	}
	return nil
}
