package webhook

import (
	"encoding/hex"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

const (
	oldToken = "OLDTOKEN2345672345672345AB"
	newToken = "NEWTOKEN2345672345672345AB"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	tokens, err := NewTokens("test", []countersign.Secret{countersign.NewSecret(oldToken), countersign.NewSecret(newToken)})
	require.NoError(t, err)
	for address, want := range map[string]bool{
		"/hooks/" + oldToken:                          true,
		"/" + newToken:                                true,
		"/hooks?token=" + newToken:                    true,
		"/hooks/" + newToken + "?token=":              false,
		"/hooks/" + newToken + "?token=x":             false,
		"/hooks/" + newToken + "/":                    false,
		"/" + newToken + "/hooks":                     false,
		"/hooks/" + newToken[1:]:                      false,
		"/hooks/" + strings.ToLower(newToken):         false,
		"/hooks?Token=" + newToken:                    false,
		"/hooks":                                      false,
		"/":                                           false,
		"/hooks?token=x&token=" + newToken:            false,
		"/hooks?token=" + newToken + "%00":            false,
		"/hooks?token=" + newToken + "&other=%ZZ;a=b": true,
	} {
		require.Equal(t, want, tokens.Match(httptest.NewRequest("POST", address, nil)), address)
	}
}

func TestTokensRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string][]countersign.Secret{
		"none":     nil,
		"empty":    {countersign.NewSecret(newToken), {}},
		"short":    {countersign.NewSecret(newToken[:MinToken-1])},
		"reserved": {countersign.NewSecret(newToken + "/")},
	} {
		_, err := NewTokens("test", in)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Equal(t, "Tokens", e.Field)
		require.NotContains(t, err.Error(), newToken[:MinToken-1])
	}
	_, err := NewTokens("test", []countersign.Secret{countersign.NewSecret(newToken[:MinToken])})
	require.NoError(t, err)
}

// Test case 2 of RFC 4231.
func TestMAC(t *testing.T) {
	t.Parallel()
	require.Equal(t, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		hex.EncodeToString(MAC([]byte("Jefe"), []byte("what do ya want for nothing?"))))
}

func TestSigned(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	key := func(s string) countersign.Secret { return countersign.NewSecret(s) }
	sign := func(s string) []byte { return MAC([]byte(s), body) }
	both := []countersign.Secret{key("one"), key("two")}
	for name, tc := range map[string]struct {
		keys       []countersign.Secret
		signatures [][]byte
		want       bool
	}{
		"first and first":         {both, [][]byte{sign("one")}, true},
		"second key":              {both, [][]byte{sign("two")}, true},
		"last signature":          {both, [][]byte{sign("old"), sign("older"), sign("two")}, true},
		"two fit":                 {both, [][]byte{sign("one"), sign("two")}, true},
		"same twice":              {both, [][]byte{sign("one"), sign("one")}, true},
		"other key":               {both, [][]byte{sign("three")}, false},
		"truncated":               {both, [][]byte{sign("one")[:31]}, false},
		"empty signature":         {both, [][]byte{nil, {}}, false},
		"no signature":            {both, nil, false},
		"no key":                  {nil, [][]byte{sign("one")}, false},
		"empty key never matches": {[]countersign.Secret{{}}, [][]byte{sign("")}, false},
	} {
		require.Equal(t, tc.want, Signed(body, tc.keys, tc.signatures), name)
	}
}
