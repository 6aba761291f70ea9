package cloudsign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
	"golang.org/x/oauth2"
)

// TokenSource gives access tokens for a client ID (POST /token). The service
// gives the same token to everybody until it ends, an hour after it was made, so
// a new token source may start with one that has little time left. It is an
// oauth2.TokenSource and safe for concurrent use.
type TokenSource struct {
	api      *api.Client
	clientID countersign.Secret
	env      Environment
	tokens   *api.Tokens
}

var _ oauth2.TokenSource = (*TokenSource)(nil)

func newTokenSource(cfg Config, set countersign.Settings) (*TokenSource, error) {
	a, err := api.New(apiConfig(set, nil))
	if err != nil {
		return nil, err
	}
	ts := &TokenSource{api: a, clientID: cfg.ClientID, env: cfg.Environment}
	ts.tokens = api.NewTokens(ts.fetch)
	return ts, nil
}

// Token gives a valid token, from memory where there is one. It implements
// oauth2.TokenSource, which has no context; TokenContext has one.
func (ts *TokenSource) Token() (*oauth2.Token, error) { return ts.tokens.Token(context.Background()) }

// TokenContext gives a valid token; a fetch ends with ctx. Errors match
// ErrInvalidClient or ErrClientRefused where the client ID is at fault.
func (ts *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return ts.tokens.Token(ctx)
}

type accessToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"` // seconds that are left, not the whole life
	TokenType   string `json:"token_type"`
}

func (ts *TokenSource) fetch(ctx context.Context) (*oauth2.Token, error) {
	asked := time.Now()
	m, err := api.JSON[accessToken](ctx, ts.api, api.Call{
		Op: "fetch token", Method: http.MethodPost, Path: api.NewPath("/token"),
		Effect: api.Read, // asking again gives the same token
		Body:   api.Form(url.Values{"client_id": {ts.clientID.Reveal()}}),
		NoAuth: true, Secrets: []countersign.Secret{ts.clientID},
	})
	if err != nil {
		return nil, ts.explain(err)
	}
	if m.AccessToken == "" {
		return nil, &countersign.DecodeError{Provider: "cloudsign", Op: "fetch token", StatusCode: http.StatusOK, ContentType: "application/json", Reason: "access_token is empty"}
	}
	return &oauth2.Token{
		AccessToken: m.AccessToken, TokenType: m.TokenType, ExpiresIn: m.ExpiresIn,
		Expiry: asked.Add(time.Duration(min(m.ExpiresIn, 24*3600)) * time.Second),
	}, nil
}

// explain says what a person can do about a client ID that is not accepted.
func (ts *TokenSource) explain(err error) error {
	e, ok := errors.AsType[*countersign.Error](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(e, ErrInvalidClient):
		e.Err = errors.New("the client ID is not known in this environment; " + clientIDHelp(ts.env))
	case e.StatusCode == http.StatusForbidden && e.Code == CodeForbidden:
		e.Kind = ErrClientRefused
		e.Err = errors.New("the client ID's user is disabled or deleted, or this machine's address is not on the team's list of allowed addresses; " +
			"have an administrator check both; for a client ID of an active user, " + clientIDHelp(ts.env))
	}
	return e
}
