package digipost

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxSkew   = 5 * time.Minute // how far Date may be off, both ways
	maxSigned = 16 << 20        // bytes of an answer that is checked
)

// headerSigned carries the text that was signed to the reading of a refusal. The
// service's own header of this name is thrown away.
const headerSigned = "X-Countersign-Signed"

// transport writes the headers that Digipost wants, at the last moment, and
// checks its answers.
type transport struct {
	base        http.RoundTripper
	host        string
	prefix      string // of the base URL's path: a proxy's
	plain       bool   // the base URL is http, which only a loopback address may be
	broker      BrokerID
	signer      *signer // nil: requests carry a token
	signatures  Signatures
	clock       func() time.Time
	certificate func(ctx context.Context, notBefore time.Time) (*rsa.PublicKey, error)
}

// RoundTrip sends a request and gives its checked answer. The only redirects are
// those to a file, which are followed here: Go's own client would send Digipost's
// headers along.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host {
		return nil, &AnswerError{Reason: "was not asked for: the request leads to another host"}
	}
	r = r.Clone(r.Context())
	text, err := t.prepare(r)
	if err != nil {
		return nil, err
	}
	res, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Header.Del(headerSigned)
	if err := t.check(r, res); err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	if res.StatusCode == http.StatusTemporaryRedirect || res.StatusCode == http.StatusFound {
		return t.follow(r, res)
	}
	if res.StatusCode == http.StatusForbidden && text != "" {
		res.Header.Set(headerSigned, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return res, nil
}

// prepare writes the headers and, where requests are signed, the signature. It
// gives the text that was signed.
func (t *transport) prepare(r *http.Request) (string, error) {
	// Without it Go's transport would unpack what the hash was made of.
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Date", t.clock().UTC().Format(http.TimeFormat))
	r.Header.Set(headerUserID, strconv.FormatInt(int64(t.broker), 10))
	if r.Body != nil && r.Body != http.NoBody && r.GetBody != nil {
		hash, err := hashBody(r.GetBody)
		if err != nil {
			_ = r.Body.Close()
			return "", err
		}
		r.Header.Set(headerHash, hash)
	}
	if t.signer == nil {
		return "", nil
	}
	text, err := t.signer.sign(r, t.signedPath(r))
	if err != nil && r.Body != nil {
		_ = r.Body.Close()
	}
	return text, err
}

// hashBody reads a body once before it is sent: its hash stands in the header.
func hashBody(open func() (io.ReadCloser, error)) (string, error) {
	body, err := open()
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(sum.Sum(nil)), nil
}

// wantsFile reports a request for a file, which is streamed and rests on TLS
// alone. Every other answer is a document that is checked.
func wantsFile(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Accept") == "*/*"
}

// follow fetches a file from the address that Digipost leads to, with a request
// that carries nothing of ours. Nothing but a file comes so: a document from
// another host could not be checked.
func (t *transport) follow(r *http.Request, res *http.Response) (*http.Response, error) {
	_ = res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	switch {
	case !wantsFile(r):
		return nil, &AnswerError{Reason: "redirects although no file was asked for"}
	case err != nil || to.Host == "" || to.Scheme != "https" && !t.reachesPlain(to):
		return nil, &AnswerError{Reason: "redirects to something that is not an https address"}
	}
	bare, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, &AnswerError{Reason: "redirects to something that is not an address"}
	}
	file, err := t.base.RoundTrip(bare)
	if err != nil {
		return nil, err
	}
	if file.StatusCode/100 == 3 {
		_ = file.Body.Close()
		return nil, &AnswerError{Reason: "redirects twice"}
	}
	file.Header.Del(headerSigned)
	return file, nil
}

// reachesPlain reports an http address that may be followed: a loopback one, from
// a base URL that is one itself. A service elsewhere has no business with what
// listens on this machine.
func (t *transport) reachesPlain(to *url.URL) bool {
	return t.plain && to.Scheme == "http" && loopback(to.Hostname())
}

// check makes sure that an answer is Digipost's: its date, its hash and, where
// requests are signed, its signature. Refusals and redirects are checked where
// they are signed; a gateway in front of Digipost signs nothing, and a 401 is taken
// for a gateway's. Entry points, of which the broker's
// brings the certificate, rest on TLS alone. What a signature counts is in
// Signatures.
func (t *transport) check(r *http.Request, res *http.Response) error {
	signed := res.Header.Get(headerSignature) != ""
	switch {
	case r.Method == http.MethodGet && entryPath(strings.TrimPrefix(r.URL.Path, t.prefix)):
		body, err := readAnswer(res)
		if err != nil {
			return err
		}
		return unpack(res, body)
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode/100 != 2 && !signed:
		return nil
	case res.StatusCode/100 == 2 && wantsFile(r):
		return nil
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return &AnswerError{Reason: "has no readable date"}
	}
	if skew := t.clock().Sub(date).Abs(); skew > maxSkew {
		return &AnswerError{Reason: "is dated more than five minutes off: compare this machine's clock"}
	}
	body, err := readAnswer(res)
	if err != nil {
		return err
	}
	hash := res.Header.Get(headerHash)
	if (len(body) > 0 || hash != "" && r.Method != http.MethodHead) && hash != contentHash(body) {
		return &AnswerError{Reason: "does not have the content that its hash was made of"}
	}
	if t.signatures == SignaturesRequired || t.signatures == SignaturesChecked && signed {
		if err := t.checkSignature(r, res, hash); err != nil {
			return err
		}
	}
	return unpack(res, body)
}

// readAnswer reads an answer's body and leaves it to be read again.
func readAnswer(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSigned+1))
	_ = res.Body.Close()
	if err == nil && len(body) > maxSigned {
		err = &AnswerError{Reason: "is larger than 16 MiB"}
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// unpack undoes a compression that was not asked for. It comes after the checks:
// the hash is of what was on the wire.
func unpack(res *http.Response, body []byte) error {
	if !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return &AnswerError{Reason: "is not compressed as it says"}
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxSigned+1))
	if err != nil || len(plain) > maxSigned {
		return &AnswerError{Reason: "is not compressed as it says, or larger than 16 MiB"}
	}
	res.Header.Del("Content-Encoding")
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(plain)), int64(len(plain))
	return nil
}

// entryPath reports the path of an entry point: "/" or "/{sender-id}".
func entryPath(path string) bool {
	return strings.HasPrefix(path, "/") && strings.Trim(path[1:], "0123456789") == ""
}

// signedPath is a request's path as Digipost sees it, behind a proxy that has a
// path of its own.
func (t *transport) signedPath(r *http.Request) string {
	if t.signer.encodedPath {
		return strings.TrimPrefix(r.URL.EscapedPath(), t.prefix)
	}
	return strings.TrimPrefix(r.URL.Path, t.prefix)
}

// checkSignature takes the path decoded or as it was sent, since Digipost's own
// clients disagree about which is signed. It tries a second time with a fresh
// certificate: Digipost changes it.
func (t *transport) checkSignature(r *http.Request, res *http.Response, hash string) error {
	began := t.clock()
	for _, notBefore := range []time.Time{{}, began} {
		key, err := t.certificate(r.Context(), notBefore)
		if err != nil {
			return err
		}
		for _, path := range []string{r.URL.Path, r.URL.EscapedPath()} {
			text := answerText(res.StatusCode, strings.TrimPrefix(path, t.prefix), res.Header.Get("Date"), hash)
			if verify(key, text, res.Header.Get(headerSignature)) {
				return nil
			}
		}
	}
	return &AnswerError{Reason: "is not signed by Digipost"}
}

// AnswerError is an answer that can't be trusted. What was asked for may have
// happened.
type AnswerError struct{ Reason string }

// Error gives the reason.
func (e *AnswerError) Error() string { return "the answer " + e.Reason }
