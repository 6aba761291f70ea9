package digiposttest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// token is an access token that was given out.
type token struct {
	broker int64
	until  time.Time
}

// TokenURL is the token endpoint. It speaks TLS with a certificate of TokenRoots
// and asks for the client's.
func (s *Server) TokenURL() string { return s.mtls.URL + "/oauth2/token" }

// TokenRoots are the roots that the token endpoint's certificate is checked with.
func (s *Server) TokenRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.mtls.Certificate())
	return pool
}

// RevokeTokens makes all access tokens invalid.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.state.tokens)
}

// serveToken gives access tokens to clients whose certificate is registered.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(reason string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": reason})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.state.partners {
		if p.ClientID == "" || r.PostFormValue("client_id") != p.ClientID {
			continue
		}
		switch {
		case len(r.TLS.PeerCertificates) == 0 || !slices.Equal(fingerprint(r.TLS.PeerCertificates[0].Raw), fingerprint(p.Certificate)):
			refuse("invalid_client")
		case r.PostFormValue("grant_type") != "client_credentials":
			refuse("unsupported_grant_type")
		case r.PostFormValue("scope") != "dpost-api:"+text(p.ID):
			refuse("invalid_scope")
		case r.PostFormValue("resource") != s.web.URL:
			refuse("invalid_target")
		default:
			value := rand.Text()
			s.state.tokens[value] = token{p.ID, s.cfg.clock.Now().Add(5 * time.Minute)}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": value, "token_type": "Bearer", "expires_in": 300})
		}
		return
	}
	refuse("invalid_client")
}

func fingerprint(der []byte) []byte {
	sum := sha256.Sum256(der)
	return sum[:]
}
