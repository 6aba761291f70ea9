package senderonboarding_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// register is a Brønnøysund register that gives one answer.
type register struct {
	right digipost.SignatureRight
	err   error
}

func (r register) SignatureRight(context.Context, digipost.OrganisationNumber) (digipost.SignatureRight, error) {
	return r.right, r.err
}

// Whatever the register says, the pages tell it and the session goes its way.
func TestExpectationOnlyInforms(t *testing.T) {
	t.Parallel()
	const title, note = "Hva du kan vente deg", "Digipost avgjør hvordan registreringen går"
	for name, tc := range map[string]struct {
		register register
		want     digipost.SignatureRight
		text     string
	}{
		"sole":    {register{digipost.SignatureSole, nil}, digipost.SignatureSole, "kan én person signere alene"},
		"joint":   {register{digipost.SignatureJoint, nil}, digipost.SignatureJoint, "må flere signere sammen"},
		"unknown": {register{digipost.SignatureUnknown, nil}, digipost.SignatureUnknown, "Vi vet ikke hvem som kan signere"},
		"other":   {register{"maybe", nil}, digipost.SignatureUnknown, "Vi vet ikke hvem som kan signere"},
		"down":    {register{"", errors.New("down")}, digipost.SignatureUnknown, "Vi vet ikke hvem som kan signere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withEscaping(digiposttest.EscapedHash), withDeps(func(d *senderonboarding.Deps) { d.Registry = tc.register }))
			w.mux.Handle("GET /landing", w.flow.LandingHandler("/start", func(*http.Request) (senderonboarding.Start, error) {
				return senderonboarding.Start{Tenant: "acme", Organisation: acme}, nil
			}))
			_, page := w.visitor().get(w.web.URL + "/landing")
			require.Contains(t, page, tc.text)
			require.Contains(t, page, note)

			f := w.fresh("acme", acme)
			require.Equal(t, tc.want, f.Session.Expectation)
			_, page = w.visitor().get(w.web.URL + "/digipost/back/" + f.state)
			require.Contains(t, page, tc.text, "until the customer is back")
			res, page := w.visitor().open(w.register(f.Started, acme))
			require.NotContains(t, page, title, "and not afterwards")
			w.run()
			require.Equal(t, senderonboarding.StateReady, w.session(f.Session.ID).State)
			_, page = w.visitor().get(res.Request.URL.String())
			require.NotContains(t, page, title)
		})
	}
}

// Where nothing was asked, nothing is said.
func TestNoExpectation(t *testing.T) {
	t.Parallel()
	const title = "Hva du kan vente deg"
	who := func(org digipost.OrganisationNumber, err error) func(*http.Request) (senderonboarding.Start, error) {
		return func(*http.Request) (senderonboarding.Start, error) {
			return senderonboarding.Start{Tenant: "acme", Organisation: org}, err
		}
	}
	asks := newWorld(t, withDeps(func(d *senderonboarding.Deps) { d.Registry = register{digipost.SignatureSole, nil} }))
	asks.mux.Handle("GET /nobody", asks.flow.LandingHandler("/start", nil))
	asks.mux.Handle("GET /no-number", asks.flow.LandingHandler("/start", who("", nil)))
	asks.mux.Handle("GET /error", asks.flow.LandingHandler("/start", who(acme, errors.New("no login"))))
	for _, path := range []string{"/nobody", "/no-number", "/error", "/digipost/"} {
		res, page := asks.visitor().get(asks.web.URL + path)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.NotContains(t, page, title, path)
		require.NotContains(t, page, "gjelder organisasjonsnummer", path)
	}
	silent := newWorld(t)
	silent.mux.Handle("GET /landing", silent.flow.LandingHandler("/start", who(acme, nil)))
	_, page := silent.visitor().get(silent.web.URL + "/landing")
	require.NotContains(t, page, title)
	require.Contains(t, page, "gjelder organisasjonsnummer "+acme, "whom it is for is said without a register")
	require.Empty(t, silent.start("acme", acme).Session.Expectation)
}

// slow is a register that never answers.
type slow struct{}

func (slow) SignatureRight(ctx context.Context, _ digipost.OrganisationNumber) (digipost.SignatureRight, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// A register that does not answer does not keep the customer.
func TestSlowRegister(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		flow, err := senderonboarding.New(senderonboarding.Config{BaseURL: "https://vendor.example/digipost", PartnerID: 1, Environment: digipost.Test},
			senderonboarding.Deps{Store: orchestration.NewMemory(), Registry: slow{}})
		require.NoError(t, err)
		s, err := flow.Start(t.Context(), senderonboarding.Start{Tenant: "acme", Organisation: acme})
		require.NoError(t, err)
		require.Equal(t, digipost.SignatureUnknown, s.Session.Expectation)
	})
}

// counted is a register that counts its questions and may be down.
type counted struct {
	register
	asked int
}

func (c *counted) SignatureRight(ctx context.Context, org digipost.OrganisationNumber) (digipost.SignatureRight, error) {
	c.asked++
	return c.register.SignatureRight(ctx, org)
}

// The register is asked once an hour for an organisation, and left alone for a
// minute when it does not answer.
func TestRegisterIsAskedOnce(t *testing.T) {
	t.Parallel()
	r := &counted{register: register{digipost.SignatureSole, nil}}
	w := newWorld(t, withDeps(func(d *senderonboarding.Deps) { d.Registry = r }))
	for range 3 {
		require.Equal(t, digipost.SignatureSole, w.start("acme", acme).Session.Expectation)
		w.clock.Advance(10 * time.Minute)
	}
	require.Equal(t, 1, r.asked)
	w.start("beta", other)
	require.Equal(t, 2, r.asked)
	w.clock.Advance(time.Hour)
	r.register = register{"", errors.New("down")}
	for range 2 {
		require.Equal(t, digipost.SignatureUnknown, w.start("acme", acme).Session.Expectation)
		require.Equal(t, 3, r.asked)
	}
	r.register = register{digipost.SignatureJoint, nil}
	w.clock.Advance(time.Minute)
	require.Equal(t, digipost.SignatureJoint, w.start("acme", acme).Session.Expectation)
	require.Equal(t, 4, r.asked)
}
