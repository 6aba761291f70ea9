package digiposttest

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody   = 64 << 20
	maxSkew   = 5 * time.Minute
	mediaType = "application/vnd.digipost-v8+xml"
)

// call is one request to the API on its way through the server.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	broker int64
	values map[string]string // of the path
}

// sender is the path's sender-id; without one, the broker itself.
func (c *call) sender() int64 {
	if c.values["sender"] == "" {
		return c.broker
	}
	id, _ := strconv.ParseInt(c.values["sender"], 10, 64)
	return id
}

// serveAPI admits a request as the service does and hands it to its operation.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	found, values, known := find(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	c := &call{w: w, r: r, body: body, values: values}
	if !s.admit(c) {
		return
	}
	if !known {
		s.fail(c, http.StatusNotFound, "PROBLEM_WITH_REQUEST", "no such resource", "CLIENT_TECHNICAL")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found.handle(s, c)
}

// admit checks date, hash and signature or token.
func (s *Server) admit(c *call) bool {
	h := c.r.Header
	id, err := strconv.ParseInt(h.Get("X-Digipost-UserId"), 10, 64)
	s.mu.Lock()
	partner, known := s.state.partners[id]
	s.mu.Unlock()
	date, dateErr := http.ParseTime(h.Get("Date"))
	sum := sha256.Sum256(c.body)
	switch {
	case err != nil || !known:
		return s.fail(c, http.StatusForbidden, "UNKNOWN_USER_ID", "unknown X-Digipost-UserId", "CLIENT_TECHNICAL")
	case h.Get("Date") == "":
		return s.fail(c, http.StatusBadRequest, "MISSING_DATE_HEADER", "Date is missing", "CLIENT_TECHNICAL")
	case dateErr != nil:
		return s.fail(c, http.StatusBadRequest, "INVALID_DATE_HEADER", "Date can't be read", "CLIENT_TECHNICAL")
	case s.cfg.clock.Now().Sub(date).Abs() > maxSkew:
		return s.fail(c, http.StatusBadRequest, "DATE_HEADER_OUTSIDE_ACCEPTED_INTERVAL", "Date is too far off", "CLIENT_TECHNICAL")
	case len(c.body) > 0 && h.Get("X-Content-SHA256") == "":
		return s.fail(c, http.StatusBadRequest, "MISSING_SHA256", "X-Content-SHA256 is missing", "CLIENT_TECHNICAL")
	case len(c.body) > 0 && h.Get("X-Content-SHA256") != base64.StdEncoding.EncodeToString(sum[:]):
		return s.fail(c, http.StatusBadRequest, "INVALID_SHA256", "X-Content-SHA256 is not that of the body", "CLIENT_TECHNICAL")
	}
	c.broker = id
	if h.Get("Authorization") != "" {
		return s.admitToken(c, partner)
	}
	return s.admitSignature(c, partner)
}

func (s *Server) admitToken(c *call, p Partner) bool {
	token, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	t, known := s.state.tokens[token]
	s.mu.Unlock()
	if !known || t.broker != p.ID || !s.cfg.clock.Now().Before(t.until) {
		http.Error(c.w, "unauthorized", http.StatusUnauthorized) // a gateway's answer, without Digipost's headers
		return false
	}
	return true
}

func (s *Server) admitSignature(c *call, p Partner) bool {
	if p.Key == nil {
		return s.fail(c, http.StatusForbidden, "MISSING_CERTIFICATE", "No certificate found", "CONFIGURATION")
	}
	h := c.r.Header
	text := c.r.Method + "\n" + strings.ToLower(c.r.URL.Path) + "\ndate: " + h.Get("Date") + "\n"
	if hash := h.Get("X-Content-SHA256"); hash != "" {
		text += "x-content-sha256: " + hash + "\n"
	}
	text += "x-digipost-userid: " + h.Get("X-Digipost-UserId") + "\n" + strings.ToLower(c.r.URL.RawQuery) + "\n"
	sum := sha256.Sum256([]byte(text))
	signature, err := base64.StdEncoding.DecodeString(h.Get("X-Digipost-Signature"))
	if err != nil || rsa.VerifyPKCS1v15(p.Key, crypto.SHA256, sum[:], signature) != nil {
		return s.fail(c, http.StatusForbidden, "INVALID_SIGNATURE", "Signature does not match. Signed by the server:\n===START===\n"+text+"===SLUTT===", "CLIENT_TECHNICAL")
	}
	return true
}

// answer sends a document with the headers that the service signs.
func (s *Server) answer(c *call, status int, v any) {
	var body bytes.Buffer
	if v != nil {
		body.WriteString(xml.Header)
		if err := xml.NewEncoder(&body).Encode(v); err != nil {
			panic(err) // the wire types hold nothing that cannot be written
		}
		if s.cfg.watch != nil {
			s.cfg.watch(bytes.Clone(body.Bytes()))
		}
	}
	h := c.w.Header()
	if s.cfg.gzip && body.Len() > 0 {
		body = compressed(body.Bytes())
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Date", s.cfg.clock.Now().UTC().Format(http.TimeFormat))
	text := strconv.Itoa(status) + "\n" + strings.ToLower(c.r.URL.Path) + "\ndate: " + h.Get("Date") + "\n"
	if body.Len() > 0 {
		sum := sha256.Sum256(body.Bytes())
		h.Set("X-Content-SHA256", base64.StdEncoding.EncodeToString(sum[:]))
		h.Set("Content-Type", mediaType)
		text += "x-content-sha256: " + h.Get("X-Content-SHA256") + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	h.Set("X-Digipost-Signature", base64.StdEncoding.EncodeToString(signature))
	if s.cfg.spoil != nil {
		s.cfg.spoil(h)
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body.Bytes()) // the only error is a client that went away
}

func compressed(plain []byte) (out bytes.Buffer) {
	z := gzip.NewWriter(&out)
	_, _ = z.Write(plain) // a buffer takes everything
	_ = z.Close()
	return out
}

// fail sends the service's error document; it gives false, for admit.
func (s *Server) fail(c *call, status int, code, message, kind string) bool {
	s.answer(c, status, wireError{Code: code, Message: message, Type: kind})
	return false
}

// acts reports whether the broker may act for a sender, and answers where not.
func (s *Server) acts(c *call, sender int64) bool {
	a, found := s.state.accounts[sender]
	if sender == c.broker || found && slices.Contains(a.Partners, c.broker) {
		return true
	}
	return s.fail(c, http.StatusForbidden, "BROKER_NOT_AUTHORIZED", "the broker may not act for the sender", "CONFIGURATION")
}

// selfSigned makes the certificate that answers are checked with.
func selfSigned(key *rsa.PrivateKey, now time.Time) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err) // the template is fixed
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
