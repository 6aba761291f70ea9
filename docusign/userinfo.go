package docusign

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// UserInfo is who a token belongs to, and the accounts they can use
// (GET /oauth/userinfo).
type UserInfo struct {
	UserID     UserID    `json:"sub"`
	Name       string    `json:"name"`
	GivenName  string    `json:"given_name"`
	FamilyName string    `json:"family_name"`
	Email      string    `json:"email"`
	Accounts   []Account `json:"accounts"`
}

// Account is an account of a user, and where it lives.
type Account struct {
	ID        AccountID `json:"account_id"`
	Name      string    `json:"account_name"`
	IsDefault Bool      `json:"is_default"`
	BaseURI   string    `json:"base_uri"` // of its data centre, without /restapi
}

// Choose gives the account with the id, or the default one when the id is empty.
func (u UserInfo) Choose(id AccountID) (Account, error) {
	for _, a := range u.Accounts {
		if (id == "" && bool(a.IsDefault)) || (id != "" && strings.EqualFold(string(a.ID), string(id))) {
			return a, nil
		}
	}
	if id == "" {
		return Account{}, badConfig("AccountID", "is empty and the user has no default account", "name one of the user's accounts")
	}
	return Account{}, badConfig("AccountID", "is not one of the user's accounts", "use the GUID from Settings > Apps and Keys, in the same environment")
}

// UserInfo asks who the token belongs to. DocuSign limits these calls apart from
// the others and wants the answer to be kept; a Client does.
func (o *OAuth) UserInfo(ctx context.Context, access countersign.Secret) (*UserInfo, error) {
	return o.userInfo(ctx, api.HeaderKey("Authorization", "Bearer ", access))
}

func (o *OAuth) userInfo(ctx context.Context, auth api.Auth) (*UserInfo, error) {
	cred, err := auth.Credential(ctx)
	if err != nil {
		return nil, o.noCredential(err)
	}
	info, err := o.askUserInfo(ctx, cred)
	// A token that is a moment old is refused at times; the other reason is one
	// that has ended.
	if errors.Is(err, countersign.ErrUnauthorized) {
		if _, failed := auth.Renew(ctx, cred); failed != nil {
			return nil, o.noCredential(failed)
		}
		if cred, err = auth.Credential(ctx); err != nil {
			return nil, o.noCredential(err)
		}
		info, err = o.askUserInfo(ctx, cred)
	}
	return info, err
}

func (o *OAuth) askUserInfo(ctx context.Context, cred api.Credential) (*UserInfo, error) {
	return api.JSON[UserInfo](ctx, o.api, api.Call{
		Op: "get user info", Method: http.MethodGet, Path: api.NewPath("/oauth/userinfo"), Effect: api.Read, NoAuth: true,
		Header:  http.Header{cred.Header: {cred.Prefix + cred.Value.Reveal()}},
		Secrets: []countersign.Secret{cred.Value},
	})
}

// noCredential is a credential that could not be had; a call of its own says
// most about why.
func (o *OAuth) noCredential(err error) error {
	if _, ok := errors.AsType[*countersign.Error](err); ok {
		return err
	}
	return &countersign.Error{Provider: "docusign", Op: "get token", Kind: kindOf(err), Err: err}
}

func kindOf(err error) error {
	if errors.Is(err, ErrLoginRequired) {
		return ErrLoginRequired
	}
	return nil
}
