package digipost

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The headers of Digipost's document "Security" of API v8.
const (
	headerUserID    = "X-Digipost-UserId"
	headerSignature = "X-Digipost-Signature"
	headerHash      = "X-Content-SHA256"
)

// signer signs requests and checks answers.
type signer struct {
	key crypto.Signer
	// encodedPath signs the path as it is sent. The vendor's Java client signs the
	// decoded one, its .NET client this; they differ for search terms only.
	encodedPath bool
}

// requestText is what is signed of a request, as the document says it: method,
// path and query in lower case, headers by name.
func requestText(method, path, date, hash, user, query string) string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(method) + "\n" + strings.ToLower(path) + "\n" + "date: " + date + "\n")
	if hash != "" {
		b.WriteString("x-content-sha256: " + hash + "\n")
	}
	b.WriteString("x-digipost-userid: " + user + "\n" + strings.ToLower(query) + "\n")
	return b.String()
}

// answerText is what is signed of an answer.
func answerText(status int, path, date, hash string) string {
	text := strconv.Itoa(status) + "\n" + strings.ToLower(path) + "\ndate: " + date + "\n"
	if hash != "" {
		text += "x-content-sha256: " + hash + "\n"
	}
	return text
}

func contentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// sign writes the signature of a request whose other headers are final, and
// gives the text that was signed.
func (s *signer) sign(r *http.Request, path string) (string, error) {
	text := requestText(r.Method, path, r.Header.Get("Date"), r.Header.Get(headerHash), r.Header.Get(headerUserID), r.URL.RawQuery)
	sum := sha256.Sum256([]byte(text))
	signature, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	r.Header.Set(headerSignature, base64.StdEncoding.EncodeToString(signature))
	return text, nil
}

// verify checks a signature in base64 of a text.
func verify(key *rsa.PublicKey, text, signature string) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil
}

// lineDiff shows where two texts differ, line by line: "-" what was signed here,
// "+" what the service made of the request.
func lineDiff(signed, echoed string) []string {
	a, b := strings.Split(strings.TrimSuffix(signed, "\n"), "\n"), strings.Split(strings.TrimSuffix(echoed, "\n"), "\n")
	var out []string
	for i := range max(len(a), len(b)) {
		var ours, theirs string
		if i < len(a) {
			ours = a[i]
		}
		if i < len(b) {
			theirs = strings.TrimSuffix(b[i], "\r")
		}
		if ours != theirs {
			out = append(out, "-"+ours, "+"+theirs)
		}
	}
	return out
}

// echo takes the text that the service signed out of its message.
func echo(message string) (string, bool) {
	_, rest, found := strings.Cut(message, "===START===")
	text, _, ended := strings.Cut(rest, "===SLUTT===")
	return strings.TrimPrefix(strings.TrimPrefix(text, "\r"), "\n"), found && ended
}
