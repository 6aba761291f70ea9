package salesdock

import (
	"context"
	"strings"

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
	if fault := tokenFault(token); fault != "" {
		return api.Credential{}, badConfig("TokenFrom", "gave a token that "+fault, "give the token alone")
	}
	return api.Credential{Header: "Authorization", Prefix: "Bearer ", Value: token}, nil
}

// tokenFault says why a text is no token; empty: it may be one. net/http refuses a
// header with a line's end only when it sends it, which a write would take for an
// answer that got lost.
func tokenFault(token countersign.Secret) string {
	s := token.Reveal()
	switch {
	case strings.HasPrefix(strings.ToLower(s), "bearer "):
		return "begins with Bearer"
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "has white space or another character that no token has"
	}
	return ""
}

// Renew reports whether there is another token now.
func (a auth) Renew(ctx context.Context, refused api.Credential) (bool, error) {
	now, err := a.Credential(ctx)
	if err != nil {
		return false, err
	}
	return !refused.Value.Equal(now.Value.Reveal()), nil
}
