package salesdock

import (
	"context"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// auth asks for the token at each attempt.
type auth struct {
	token func(context.Context) (countersign.Secret, error)
}

func newAuth(cfg Config) api.Auth {
	if cfg.TokenFrom == nil {
		return api.HeaderKey("Authorization", "Bearer ", cfg.Token)
	}
	return auth{cfg.TokenFrom}
}

// Credential implements api.Auth.
func (a auth) Credential(ctx context.Context) (api.Credential, error) {
	token, err := a.token(ctx)
	if err != nil {
		return api.Credential{}, err
	}
	if token.IsZero() {
		return api.Credential{}, badConfig("TokenFrom", "gave an empty token", "")
	}
	return api.Credential{Header: "Authorization", Prefix: "Bearer ", Value: token}, nil
}

// Renew reports whether there is another token now.
func (a auth) Renew(ctx context.Context, refused api.Credential) (bool, error) {
	now, err := a.Credential(ctx)
	if err != nil {
		return false, err
	}
	return !refused.Value.Equal(now.Value.Reveal()), nil
}
