package salesdock_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

// partner is an environment and the clients of its admin and of a partner's
// agent.
type partner struct {
	*salesdocktest.Account
	admin, agent *salesdock.Client
	product      *salesdocktest.Product
}

func open(t testing.TB, srv *salesdocktest.Server, domain string) *partner {
	t.Helper()
	p := &partner{Account: srv.AddAccount(domain)}
	organisation := p.AddOrganisation("Alpha")
	p.product = p.AddProduct(salesdocktest.Product{
		Name: "Stroom", Type: "energy_e", Custom: map[string]string{"tariff_single": "0.20410"},
		Documents: []salesdocktest.File{{Name: "voorwaarden.pdf", Content: []byte("%PDF")}},
	})
	flow := p.AddFlow(salesdocktest.Flow{Title: "Stroom", Sections: []salesdocktest.Section{{Title: "Hoofd", Products: []*salesdocktest.Product{p.product}}}})
	p.Grant(organisation, p.product)
	p.GrantFlow(organisation, flow)
	p.agent = connect(t, srv, p.Account, p.AddToken(p.AddUser(salesdocktest.User{Firstname: "Koppeling_Alpha", Organisation: organisation})), salesdock.ScopeUser)
	p.admin = connect(t, srv, p.Account, p.AdminToken(), salesdock.ScopeAccount)
	return p
}

func (p *partner) order() salesdock.NewSale {
	in := order()
	in.ProductID = salesdock.ProductID(strconv.Itoa(p.product.ID))
	return in
}

func TestOwnerSetsUpAPartner(t *testing.T) {
	t.Parallel()
	srv := start(t)
	b := open(t, srv, "beta")
	ctx := t.Context()
	id, err := b.admin.Organisations.Create(ctx, salesdock.OrganisationInput{Name: "Gamma", Identifier: "gamma"})
	require.NoError(t, err)
	product := salesdock.ProductID(strconv.Itoa(b.product.ID))
	set, err := b.admin.Rights.SetOrganisationProducts(ctx, id, []salesdock.ProductID{product})
	require.NoError(t, err)
	have, err := b.admin.Rights.Products(ctx, id)
	require.NoError(t, err)
	require.Equal(t, set, have)
	all, err := b.admin.Rights.GrantEveryProductOfTheAccount(ctx, id)
	require.NoError(t, err)
	require.Len(t, all, len(b.Products()))
	require.NoError(t, b.admin.Rights.RevokeAllProducts(ctx, id))
	have, err = b.admin.Rights.Products(ctx, id)
	require.NoError(t, err)
	require.Empty(t, have)
	require.NoError(t, b.admin.Users.Invite(ctx, salesdock.Invitation{Email: "a@example.com", Role: salesdock.RoleAgent, OrganisationID: id}))
	require.ErrorIs(t, b.admin.Users.Invite(ctx, salesdock.Invitation{Role: "owner"}), salesdock.ErrValidation)
	for _, extended := range []bool{false, true} {
		var technical []salesdock.User
		for user, err := range b.admin.Users.All(ctx, salesdock.UserQuery{Extended: extended}) {
			require.NoError(t, err)
			if user.Firstname == "Koppeling_Alpha" {
				technical = append(technical, *user)
			}
		}
		require.Len(t, technical, 1)
		require.Equal(t, salesdock.RoleAgent, technical[0].Role)
		require.NotEmpty(t, technical[0].OrganisationID)
		require.Equal(t, salesdock.Text("alpha"), technical[0].OrganisationIdentifier)
	}
}

// TestProbing: what each wrong token is answered with, and what both scopes tell.
func TestProbing(t *testing.T) {
	t.Parallel()
	srv := start(t)
	b := open(t, srv, "beta")
	other := srv.AddAccount("gamma")
	user := b.AddUser(salesdocktest.User{})
	for name, c := range map[string]struct {
		token string
		kind  error
	}{
		"unknown":     {"nothing-0123456789", countersign.ErrUnauthorized},
		"other":       {other.AdminToken(), countersign.ErrForbidden},
		"integration": {b.AddToken(user, salesdocktest.Token{IntegrationOnly: true}), countersign.ErrForbidden},
		"address":     {b.AddToken(user, salesdocktest.Token{Address: "203.0.113.9"}), countersign.ErrForbidden},
	} {
		client := connect(t, srv, b.Account, c.token, salesdock.ScopeUser)
		for _, scope := range []salesdock.Scope{salesdock.ScopeUser, salesdock.ScopeAccount} {
			_, err := client.In(scope).Products.List(t.Context(), salesdock.ProductQuery{})
			require.ErrorIs(t, err, c.kind, "%s %s", name, scope)
		}
	}
	_, err := b.agent.In(salesdock.ScopeAccount).Products.List(t.Context(), salesdock.ProductQuery{})
	require.ErrorIs(t, err, countersign.ErrForbidden, "an Agent has no right to the account")
	_, err = b.agent.Products.List(t.Context(), salesdock.ProductQuery{})
	require.NoError(t, err)
}

func TestCatalogueOfTheFake(t *testing.T) {
	t.Parallel()
	srv := start(t)
	b := open(t, srv, "beta")
	ctx := t.Context()
	q := b.AddQuestion(salesdocktest.Question{
		Name: "Ingang", InputType: "mc-single", Options: []string{"Ja, nu", "Nee"}, Required: true, ProductTypes: []string{"energy_e"},
		Rule: &salesdocktest.Rule{Any: true, Rules: []salesdocktest.Rule{{Identifier: "product.type", Value: "energy_e"}}}, RuleVisible: true,
	})
	question, err := b.agent.Questions.Get(ctx, salesdock.QuestionID(strconv.Itoa(q.ID)))
	require.NoError(t, err)
	require.Equal(t, salesdock.InputSingle, question.InputType)
	require.Equal(t, salesdock.Options{"Ja, nu", "Nee"}, question.Options)
	require.Equal(t, []string{"energy_e"}, question.Extra.ProductTypes)
	require.True(t, bool(question.Required))
	require.Equal(t, "energy_e", string(question.Rule.Rules[0].Value))
	flows, err := b.agent.Flows.List(ctx)
	require.NoError(t, err)
	flow, err := b.agent.Flows.Get(ctx, flows[0].ID)
	require.NoError(t, err)
	require.Equal(t, "hoofd", flow.Sections[0].Identifier)
	require.False(t, flow.CreatedAt.IsZero())
	statuses, err := b.agent.Statuses.List(ctx, salesdock.OfSales)
	require.NoError(t, err)
	var ids []string
	for _, s := range statuses {
		ids = append(ids, s.ID)
	}
	require.ElementsMatch(t, salesdock.SystemSaleStatuses(), ids)
	require.Subset(t, salesdock.SystemSaleStatuses(), salesdock.SystemFormStatuses())
	product, err := b.agent.Products.Get(ctx, salesdock.ProductID(strconv.Itoa(b.product.ID)))
	require.NoError(t, err)
	require.Equal(t, salesdock.Text("0.20410"), product.CustomFields["tariff_single"])
	file, err := read(b.agent.Products.Download(ctx, product.Documents[0]))
	require.NoError(t, err)
	require.Equal(t, "%PDF", file)
	again, err := b.agent.Products.Get(ctx, product.ID)
	require.NoError(t, err)
	require.NotEqual(t, product.Documents[0].Location, again.Documents[0].Location)
	require.Equal(t, product.UpdatedAt, again.UpdatedAt)
}

func TestSaleOfTheFake(t *testing.T) {
	t.Parallel()
	clock := countersigntest.NewClock(time.Date(2025, time.July, 1, 10, 0, 0, 0, time.UTC))
	srv := start(t, salesdocktest.WithClock(clock), salesdocktest.WithPageSize(2), salesdocktest.WithLastPageNamingItself(), salesdocktest.WithRateLimit(100_000))
	b := open(t, srv, "beta")
	ctx := t.Context()
	b.AddQuestion(salesdocktest.Question{Name: "Bijlage", InputType: "file"})
	in := b.order()
	in.Mail = salesdock.NoCustomerMail(salesdock.Contract{Date: may2, PDF: []byte("%PDF")})
	in.Answers = map[string]salesdock.Answer{"bijlage": salesdock.FileAnswer(salesdock.File{Name: "a.png", Extension: "png", Content: []byte("png")})}
	in.Kind = salesdock.EnergySale{Type: "e", EAN: "871687110000000055"}
	id, err := b.agent.Sales.Create(ctx, in)
	require.NoError(t, err)
	require.Empty(t, b.Mails())
	for range 4 {
		_, err := b.agent.Sales.Create(ctx, b.order())
		require.NoError(t, err)
	}
	var seen []salesdock.SaleID
	for sale, err := range b.agent.Sales.AllFull(ctx, salesdock.SaleQuery{Period: salesdock.Period{Of: "created_date", From: clock.Now(), Until: clock.Now()}}) {
		require.NoError(t, err)
		seen = append(seen, sale.ID)
	}
	require.Len(t, seen, 5)
	require.True(t, slices.Contains(seen, id))
	sale, err := b.agent.Sales.Get(ctx, id)
	require.NoError(t, err)
	require.True(t, sale.CreatedAt.Equal(clock.Now()))
	require.Equal(t, salesdock.Text("871687110000000055"), sale.Energy.Sites[0].Electricity.EAN)
	file, err := read(b.agent.Sales.Download(ctx, sale.FlowData.Questions[0].Value.Files[0]))
	require.NoError(t, err)
	require.Equal(t, "png", file)
	require.NoError(t, b.admin.Sales.SetStatus(ctx, id, salesdock.StatusChange{Status: "sent", Processed: true}))
	require.NoError(t, b.admin.Sales.SetFields(ctx, id, map[string]string{"sale_at_b": "12"}))
	require.ErrorIs(t, b.admin.Sales.EditSale(ctx, id, salesdock.SaleEdit{Customer: &salesdock.CustomerEdit{Firstname: "Kim"}}), countersign.ErrInvalid)
	require.ErrorIs(t, b.admin.Sales.EditSale(ctx, id, salesdock.SaleEdit{}), countersign.ErrInvalid)
	require.NoError(t, b.agent.Sales.Cancel(ctx, id, "cancelled", "vergissing"))
	history, err := b.admin.Sales.History(ctx, id)
	require.NoError(t, err)
	require.Len(t, history, 3)
	contract, err := b.admin.Sales.Contract(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "contract.pdf", contract.Name)
	b.Anonymise(b.Received()[1].ID)
	masked, err := b.agent.Sales.Get(ctx, salesdock.SaleID(strconv.Itoa(b.Received()[1].ID)))
	require.NoError(t, err)
	require.True(t, masked.Masked())
}

// TestRefusedSale: the fields are named as they were sent.
func TestRefusedSale(t *testing.T) {
	t.Parallel()
	srv := start(t, salesdocktest.WithCodeAsText())
	b := open(t, srv, "beta")
	b.AddQuestion(salesdocktest.Question{Name: "Soort", Required: true})
	_, err := b.agent.Sales.Create(t.Context(), b.order())
	require.ErrorIs(t, err, salesdock.ErrValidation)
	require.Equal(t, "questionData.soort", apiError(t, err).Fields[0].Name)
	in := b.order()
	in.ProductID = "1000000"
	_, err = b.agent.Sales.Create(t.Context(), in)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.NotErrorIs(t, err, salesdock.ErrValidation)
	require.Equal(t, "400", apiError(t, err).Code)
}

// TestLostAnswers: with answers that are lost, cut and refused on the way, each
// sale is there at most once, and who was told that it is there finds it there.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	srv := start(t, salesdocktest.WithRateLimit(100_000))
	b := open(t, srv, "beta")
	for _, f := range []countersigntest.Fault{countersigntest.LoseAnswer(), countersigntest.CutBody(10), countersigntest.Status(http.StatusBadGateway), countersigntest.TooManyRequests(0)} {
		srv.Faults().Add(countersigntest.Rule{Operation: salesdocktest.OpCreateSale, Fault: f, Probability: 0.1})
	}
	const sales = 200
	made, doubt, refused := 0, 0, 0
	for i := range sales {
		in := b.order()
		in.ExternalReference = fmt.Sprintf("alpha:%d", i)
		_, err := b.agent.Sales.Create(t.Context(), in)
		switch {
		case err == nil:
			made++
		case errors.Is(err, countersign.ErrOutcomeUnknown):
			doubt++
		default:
			require.ErrorIs(t, err, countersign.ErrRateLimited)
			refused++
		}
	}
	duplicates := 0
	for _, n := range b.ByReference() {
		duplicates += n - 1
	}
	require.Zero(t, duplicates)
	require.Equal(t, int64(sales), srv.Log().Tally(salesdocktest.OpCreateSale).Requests, "each is sent once")
	require.Positive(t, doubt)
	require.LessOrEqual(t, made, len(b.Received()))
	require.LessOrEqual(t, len(b.Received()), made+doubt)
	t.Logf("proof: salesdock sales=%d made=%d in_doubt=%d refused=%d duplicates=%d", sales, made, doubt, refused, duplicates)
}

func TestWebhookOfTheFake(t *testing.T) {
	t.Parallel()
	srv := start(t)
	b := open(t, srv, "beta")
	b.EnableWebhooks()
	target, err := salesdock.WebhookURL("https://example.com/hook", salesdock.EventProductUpdated, countersign.NewSecret(hookToken))
	require.NoError(t, err)
	hook, err := b.admin.Webhooks.Subscribe(t.Context(), salesdock.EventProductUpdated, target)
	require.NoError(t, err)
	require.Equal(t, target.Reveal(), hook.TargetURL.Reveal())
	require.NotContains(t, fmt.Sprintf("%+v", *hook), hookToken)
	var got []salesdock.WebhookEvent
	srv.Receive(target.Reveal(), receiver(t, func(_ ctx, e salesdock.WebhookEvent) error {
		got = append(got, e)
		return nil
	}))
	b.ChangeProduct(b.product, func(p *salesdocktest.Product) { p.Name = "Stroom 2" })
	require.Equal(t, 1, srv.Deliver(t.Context()))
	require.Equal(t, strconv.Itoa(b.product.ID), got[0].ID)
	require.Equal(t, salesdock.EventProductUpdated, got[0].Name)
	require.NoError(t, b.admin.Webhooks.Unsubscribe(t.Context(), hook.UUID))
	events, err := b.admin.Webhooks.Events(t.Context())
	require.NoError(t, err)
	require.Contains(t, events, salesdock.EventSaleCancelled)
}
