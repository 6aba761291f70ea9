package salelink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

func (w *world) owner() *salelink.Owner {
	w.t.Helper()
	o, err := salelink.NewOwner(w.client("beta", w.adminB, salesdock.ScopeAccount), w.store, "")
	require.NoError(w.t, err)
	return o
}

func TestConnectionSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	all := []salelink.Cause{salelink.CauseAccount, salelink.CauseRole, salelink.CauseAddress, salelink.CauseIntegration}
	for name, tc := range map[string]struct {
		client func(*world) *salesdock.Client
		causes []salelink.Cause
		scopes []salesdock.Scope
	}{
		"agent":        {func(w *world) *salesdock.Client { return w.client("beta", w.agent, salesdock.ScopeUser) }, nil, []salesdock.Scope{salesdock.ScopeUser}},
		"admin":        {func(w *world) *salesdock.Client { return w.client("beta", w.adminB, salesdock.ScopeAccount) }, nil, []salesdock.Scope{salesdock.ScopeAccount}},
		"wrong token":  {func(w *world) *salesdock.Client { return w.client("beta", "nonsense", salesdock.ScopeUser) }, []salelink.Cause{salelink.CauseToken}, nil},
		"wrong role":   {func(w *world) *salesdock.Client { return w.client("beta", w.agent, salesdock.ScopeAccount) }, []salelink.Cause{salelink.CauseRole}, []salesdock.Scope{salesdock.ScopeUser}},
		"wrong domain": {func(w *world) *salesdock.Client { return w.client("alpha", w.agent, salesdock.ScopeUser) }, all, nil},
		"wrong address": {func(w *world) *salesdock.Client {
			return w.client("beta", w.b.AddToken(w.b.AddUser(salesdocktest.User{Organisation: w.org}), salesdocktest.Token{Address: "192.0.2.1"}), salesdock.ScopeUser)
		}, all, nil},
		"for an integration": {func(w *world) *salesdock.Client {
			return w.client("beta", w.b.AddToken(w.b.AddUser(salesdocktest.User{Organisation: w.org}), salesdocktest.Token{IntegrationOnly: true}), salesdock.ScopeUser)
		}, all, nil},
		"no answer": {func(w *world) *salesdock.Client {
			w.srv.Faults().Add(countersigntest.Rule{Fault: countersigntest.Status(http.StatusBadGateway)})
			return w.client("beta", w.agent, salesdock.ScopeUser)
		}, []salelink.Cause{salelink.CauseUnavailable}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := salelink.TestConnection(t.Context(), tc.client(w))
			require.Equal(t, tc.causes == nil, got.OK)
			require.Equal(t, got.OK, got.Err == nil)
			require.Equal(t, tc.causes, got.Causes)
			if !got.OK {
				require.Equal(t, tc.scopes, got.Scopes)
			} else {
				require.Subset(t, got.Scopes, tc.scopes)
			}
		})
	}
}

func TestOwnerPreparesItsSide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.owner()
	in := salesdock.OrganisationInput{Name: "Gamma", Identifier: "gamma"}
	org, made, err := o.EnsureOrganisation(t.Context(), in)
	require.NoError(t, err)
	require.True(t, made)
	again, made, err := o.EnsureOrganisation(t.Context(), in)
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, org, again)

	products := []salesdock.ProductID{id[salesdock.ProductID](w.gas.ID), id[salesdock.ProductID](w.power.ID)}
	require.NoError(t, o.GrantProducts(t.Context(), org, products))
	require.NoError(t, o.GrantProducts(t.Context(), org, products[:1]))
	require.NoError(t, o.GrantProducts(t.Context(), org, []salesdock.ProductID{}))
	require.ErrorIs(t, o.GrantProducts(t.Context(), org, nil), countersign.ErrInvalid)

	require.NoError(t, o.InviteAgent(t.Context(), org, "koppeling@example.com"))
	require.Equal(t, salesdocktest.Agent, w.b.Invitations()[0].Role)
	agent, err := o.Agent(t.Context(), org)
	require.NoError(t, err)
	require.Nil(t, agent)

	_, err = salelink.NewOwner(w.client("beta", w.agent, salesdock.ScopeUser), w.store, "")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// A list that adds instead of replacing would leave rights that nobody wanted.
func TestRightsAreReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithRightsAdded())
	err := w.owner().GrantProducts(t.Context(), id[salesdock.OrganisationID](w.org.ID), []salesdock.ProductID{id[salesdock.ProductID](w.gas.ID)})
	require.ErrorIs(t, err, salelink.ErrRights)
}

func TestTokenIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("token", "token", countersign.NewSecret(w.agent))
	o, token, got := w.owner(), countersign.NewSecret(w.agent), ""
	take := func(_ context.Context, s countersign.Secret) error { got = s.Reveal(); return nil }

	err := o.HandOver(t.Context(), token, func(_ context.Context, s countersign.Secret) error {
		return errors.New("mailbox full for " + s.Reveal())
	})
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.NotContains(t, err.Error(), w.agent)
	require.NoError(t, o.HandOver(t.Context(), token, take))
	require.Equal(t, w.agent, got)
	require.ErrorIs(t, o.HandOver(t.Context(), token, take), salelink.ErrHandedOver)
	require.ErrorIs(t, o.HandOver(t.Context(), countersign.Secret{}, take), countersign.ErrInvalid)
	require.NotContains(t, log.String(), w.agent)
}

func TestRunbookSaysWhatIsDone(t *testing.T) {
	t.Parallel()
	for _, mode := range []salesdock.LinkMode{salesdock.NativeLink, salesdock.SDKLink} {
		for _, lang := range []salesdock.Language{salesdock.Dutch, salesdock.English} {
			w := newWorld(t)
			p := salelink.Preparation{
				Mode: mode, Language: lang, Names: salesdock.LinkNames{A: "Alpha", B: "Beta", Organisation: "Alpha"},
				Organisation: w.org.Identifier, Products: []salesdock.ProductID{id[salesdock.ProductID](w.power.ID), id[salesdock.ProductID](w.gas.ID)},
				Flows: []string{w.flowB.Identifier}, Agent: w.client("beta", w.agent, salesdock.ScopeUser),
			}
			steps, err := w.owner().Check(t.Context(), p)
			require.NoError(t, err)
			for _, s := range steps {
				require.Equal(t, s.Kind != salesdock.Manual, s.Checked, s.ID)
				require.Equal(t, s.Checked, s.Done, "%s: %s", s.ID, s.Problem)
			}
			p.Flows, p.Products, p.Organisation = append(p.Flows, "other"), nil, "nobody"
			steps, err = w.owner().Check(t.Context(), p)
			require.NoError(t, err)
			problems := ""
			for _, s := range steps {
				problems += fmt.Sprintf("%s %t; ", s.ID, s.Problem != "")
			}
			require.Contains(t, problems, "B1 true; B2a true; B2b true; B3 true")
		}
	}
	_, err := newWorld(t).owner().Check(t.Context(), salelink.Preparation{})
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestSeveralAgentsAreAProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.b.AddUser(salesdocktest.User{Organisation: w.org})
	_, err := w.owner().Agent(t.Context(), id[salesdock.OrganisationID](w.org.ID))
	require.ErrorIs(t, err, countersign.ErrConflict)
}
