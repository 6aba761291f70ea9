package docusign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/stretchr/testify/require"
)

var (
	oldKey   = countersign.NewSecret("b2xka2V5b2xka2V5b2xka2V5b2xka2V5b2xka2V5b2w=")
	newKey   = countersign.NewSecret("bmV3a2V5bmV3a2V5bmV3a2V5bmV3a2V5bmV3a2V5bmU=")
	otherKey = countersign.NewSecret("b3RoZXJrb3RoZXJrb3RoZXJrb3RoZXJrb3RoZXJrb3Q=")
)

// inbox keeps what a receiver accepts.
type inbox struct {
	events []docusign.Event
	err    error
}

func (i *inbox) accept(_ context.Context, e docusign.Event) error {
	if i.err == nil {
		i.events = append(i.events, e)
	}
	return i.err
}

func newReceiver(t testing.TB, in *inbox, change func(*docusign.ReceiverConfig)) *docusign.Receiver {
	t.Helper()
	cfg := docusign.ReceiverConfig{Keys: []countersign.Secret{oldKey, newKey}, Accept: in.accept}
	if change != nil {
		change(&cfg)
	}
	r, err := docusign.NewReceiver(cfg)
	require.NoError(t, err)
	return r
}

// message is a Connect message with the signatures given, numbered from 1.
func message(body []byte, signatures ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/connect", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	for i, s := range signatures {
		r.Header.Set(fmt.Sprintf("X-DocuSign-Signature-%d", i+1), s)
	}
	return r
}

// untyped is a message of whose content type a gateway has made nothing.
func untyped(body []byte, signatures ...string) *http.Request {
	r := message(body, signatures...)
	r.Header.Del("Content-Type")
	return r
}

func deliver(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// The signature was computed with the openssl command:
//
//	printf '%s\r\n' "$body" | openssl dgst -sha256 -hmac "$key" -binary | base64
func TestSignatureKnownAnswer(t *testing.T) {
	t.Parallel()
	const (
		key  = "Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFiY2RlZmdoaWo=" // used as it is, not decoded
		body = `{"event":"envelope-completed","apiVersion":"v2.1","retryCount":0,"generatedDateTime":"2026-03-01T09:30:00.5000000Z","data":{"accountId":"aaaaaaaa-0000-4000-8000-000000000001","envelopeId":"eeeeeeee-0000-4000-8000-000000000001"}}` + "\r\n"
		want = "i6On/dg33adxiXeQ8A660JtsgT3vIf6ArRSeFVx6TGg="
	)
	require.Equal(t, want, docusign.SignBody(countersign.NewSecret(key), []byte(body)))
	require.NoError(t, docusign.VerifySignature(http.Header{"X-Docusign-Signature-1": {want}}, []byte(body), countersign.NewSecret(key)))
	require.ErrorIs(t, docusign.VerifySignature(http.Header{"X-Docusign-Signature-1": {want}}, []byte(strings.TrimSpace(body)), countersign.NewSecret(key)), docusign.ErrSignature)
}

// The signatures of several keys over one body, computed in the same way without
// the line end; the last is of an empty body.
func TestSignatureKnownAnswersOfSeveralKeys(t *testing.T) {
	t.Parallel()
	const body = `{"event":"recipient-completed","apiVersion":"v2.1","data":{"envelopeId":"eeeeeeee-0000-4000-8000-000000000002","name":"契約 Zoë"}}`
	vectors := []struct{ key, body, want string }{
		{"first-key-0123456789", body, "CYeXcdN3QE790KzQbbrRwdgs3dHTjfCj+sRt1q0Yipw="},
		{"Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFiY2RlZmdoaWo=", body, "aDFjtfE38lyK7de9GzS63Aw0rFrY1AMWAEJ6cm/coi4="},
		{"clé-ключ-鍵", body, "aMfGT8cSqrQKuIu6C2BbpFJT2eRVn9hZ5a2ofPmU/Wg="},
		{"first-key-0123456789", "", "tGYkXsz5k0VOdwKM8camWFsJNSmAepBukELgatVayKU="},
	}
	header, keys := http.Header{}, []countersign.Secret{}
	for i, v := range vectors {
		require.Equal(t, v.want, docusign.SignBody(countersign.NewSecret(v.key), []byte(v.body)))
		if v.body != "" {
			header.Set(fmt.Sprintf("X-DocuSign-Signature-%d", i+1), v.want)
			keys = append(keys, countersign.NewSecret(v.key))
		}
	}
	for _, key := range keys {
		require.NoError(t, docusign.VerifySignature(header, []byte(body), key), "any one of the keys")
		require.NoError(t, docusign.VerifySignature(header, []byte(body), otherKey, key))
	}
	require.ErrorIs(t, docusign.VerifySignature(header, []byte(body), otherKey), docusign.ErrSignature)
	require.ErrorIs(t, docusign.VerifySignature(header, []byte(body[1:]), keys...), docusign.ErrSignature)
}

func TestReceiverAuthenticates(t *testing.T) {
	t.Parallel()
	body := eventFile(t, "event-sim.json")
	bySecond := docusign.SignBody(newKey, body)
	foreign := docusign.SignBody(otherKey, body)
	reserialised := bytes.ReplaceAll(body, []byte(",\n"), []byte(","))
	for name, tc := range map[string]struct {
		request *http.Request
		want    int
	}{
		"first key":            {message(body, docusign.SignBody(oldKey, body)), 200},
		"second key":           {message(body, bySecond), 200},
		"second header":        {message(body, foreign, bySecond), 200},
		"hundredth header":     {numbered(body, "X-DocuSign-Signature-100", bySecond), 200},
		"lower-case header":    {numbered(body, "x-docusign-signature-7", bySecond), 200},
		"both keys":            {message(body, docusign.SignBody(oldKey, body), bySecond), 200},
		"damaged beside good":  {message(body, "%%%", bySecond), 200},
		"foreign key":          {message(body, foreign), 401},
		"unsigned":             {message(body), 401},
		"no content type":      {untyped(body, bySecond), 200},
		"forged, no type":      {untyped(body, foreign), 401},
		"empty signature":      {message(body, ""), 401},
		"not base64":           {message(body, "%%%"), 401},
		"hexadecimal":          {message(body, "8ba3a7fdd837dda771897790f00ebad09b6c813def21fe80ad149e155c7a4c68"), 401},
		"truncated signature":  {message(body, bySecond[:40]+"AAA="), 401},
		"trailing bits set":    {message(body, loosened(bySecond)), 401},
		"forged body":          {message(bytes.ReplaceAll(body, []byte("di@example.com"), []byte("ev@example.com")), bySecond), 401},
		"truncated body":       {message(body[:len(body)-1], bySecond), 401},
		"longer body":          {message(append(bytes.Clone(body), ' '), bySecond), 401},
		"re-serialised body":   {message(reserialised, bySecond), 401},
		"signature elsewhere":  {numbered(body, "X-DocuSign-Signature", bySecond), 401},
		"signature as a query": {httptest.NewRequest(http.MethodPost, "/?X-DocuSign-Signature-1="+bySecond, bytes.NewReader(body)), 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &inbox{}
			require.Equal(t, tc.want, deliver(newReceiver(t, in, nil), tc.request))
			require.Equal(t, tc.want == 200, len(in.events) == 1)
		})
	}
}

// numbered is a message with one header.
func numbered(body []byte, name, value string) *http.Request {
	r := message(body)
	r.Header[name] = []string{value}
	return r
}

// loosened sets the last, unused bits of a base64 text, which a lax decoder
// ignores.
func loosened(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := strings.IndexByte(alphabet, s[42])
	return s[:42] + string(alphabet[last|1]) + "="
}

func TestReceiverAnswers(t *testing.T) {
	t.Parallel()
	sim := eventFile(t, "event-sim.json")
	signed := func(body []byte) *http.Request { return message(body, docusign.SignBody(newKey, body)) }
	xml := signed(eventFile(t, "event-legacy.xml"))
	xml.Header.Set("Content-Type", "text/xml; charset=utf-8")
	form := signed(sim)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	away := errors.New("store is away")
	for name, tc := range map[string]struct {
		request *http.Request
		store   error
		want    int
		events  int
	}{
		"accepted":              {request: signed(sim), want: 200, events: 1},
		"aggregate":             {request: signed(eventFile(t, "event-aggregate.json")), want: 200, events: 1},
		"legacy XML":            {request: xml, want: 200, events: 1},
		"unknown event":         {request: signed([]byte(`{"event":"envelope-teleported","data":{}}`)), want: 200, events: 1},
		"authentic but useless": {request: signed([]byte(`{"hello":1}`)), want: 200},
		"authentic but empty":   {request: signed(nil), want: 200},
		"store is away":         {request: signed(sim), store: away, want: 503},
		"too long":              {request: signed(bytes.Repeat([]byte(" "), 20_001)), want: 413},
		"form":                  {request: form, want: 415},
		"get":                   {request: httptest.NewRequest(http.MethodGet, "/", nil), want: 405},
		"other address":         {request: from("198.51.100.1:1", signed(sim)), want: 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &inbox{err: tc.store}
			r := newReceiver(t, in, func(cfg *docusign.ReceiverConfig) {
				cfg.MaxBody = 20_000
				cfg.AllowedSources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's address
			})
			require.Equal(t, tc.want, deliver(r, tc.request))
			require.Len(t, in.events, tc.events)
		})
	}
}

func from(address string, r *http.Request) *http.Request {
	r.RemoteAddr = address
	return r
}

func TestReceiverOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	const stranger, away = "cccccccc-0000-4000-8000-00000000000c", "dddddddd-0000-4000-8000-00000000000d"
	keysFor := func(_ context.Context, account docusign.AccountID) ([]countersign.Secret, error) {
		switch strings.ToLower(string(account)) {
		case string(testAccount):
			return []countersign.Secret{newKey}, nil
		case stranger:
			return []countersign.Secret{otherKey}, nil
		case away:
			return nil, errors.New("store is away")
		}
		return nil, nil
	}
	sim, legacy := eventFile(t, "event-sim.json"), eventFile(t, "event-legacy.xml")
	anonymous := []byte(`{"event":"envelope-sent","data":{"envelopeId":"e"}}`)
	for name, tc := range map[string]struct {
		body    []byte
		account string
		key     countersign.Secret
		want    int
	}{
		"its own key":                     {sim, string(testAccount), newKey, 200},
		"account in capitals":             {sim, strings.ToUpper(string(testAccount)), newKey, 200},
		"legacy XML":                      {legacy, string(testAccount), newKey, 200},
		"no account in the body":          {anonymous, string(testAccount), newKey, 200},
		"no account":                      {sim, "", newKey, 401},
		"unknown account":                 {sim, "x", newKey, 401},
		"key of another account":          {sim, string(testAccount), otherKey, 401},
		"about another account":           {sim, stranger, otherKey, 401},
		"keys can't be had at the moment": {sim, away, newKey, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &inbox{}
			r := newReceiver(t, in, func(cfg *docusign.ReceiverConfig) { cfg.Keys, cfg.KeysFor = nil, keysFor })
			req := message(tc.body, docusign.SignBody(tc.key, tc.body))
			req.Header.Set("X-DocuSign-AccountId", tc.account)
			require.Equal(t, tc.want, deliver(r, req))
			if tc.want == 200 {
				require.Equal(t, docusign.AccountID(tc.account), in.events[0].AccountID)
				require.Equal(t, name == "legacy XML" || name == "no account in the body", in.events[0].AccountAssumed)
			}
		})
	}
}

func TestReceiverWithoutHMAC(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := newReceiver(t, in, func(cfg *docusign.ReceiverConfig) { cfg.Keys, cfg.WithoutHMAC = nil, true })
	require.Equal(t, 200, deliver(r, message(eventFile(t, "event-sim.json"))))
	require.Len(t, in.events, 1)
}

func TestNewReceiverRefuses(t *testing.T) {
	t.Parallel()
	accept := (&inbox{}).accept
	for name, tc := range map[string]struct {
		cfg   docusign.ReceiverConfig
		field string
	}{
		"no key":        {docusign.ReceiverConfig{Accept: accept}, "Keys"},
		"empty key":     {docusign.ReceiverConfig{Accept: accept, Keys: []countersign.Secret{newKey, {}}}, "Keys"},
		"key with line": {docusign.ReceiverConfig{Accept: accept, Keys: []countersign.Secret{countersign.NewSecret(newKey.Reveal() + "\n")}}, "Keys"},
		"key and none":  {docusign.ReceiverConfig{Accept: accept, Keys: []countersign.Secret{newKey}, WithoutHMAC: true}, "Keys"},
		"no accept":     {docusign.ReceiverConfig{Keys: []countersign.Secret{newKey}}, "Accept"},
		"bad limit":     {docusign.ReceiverConfig{Accept: accept, Keys: []countersign.Secret{newKey}, MaxBody: -1}, "MaxBody"},
		"bad source":    {docusign.ReceiverConfig{Accept: accept, Keys: []countersign.Secret{newKey}, AllowedSources: []netip.Prefix{{}}}, "AllowedSources"},
	} {
		_, err := docusign.NewReceiver(tc.cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Equal(t, tc.field, e.Field, name)
		require.NotContains(t, err.Error(), newKey.Reveal())
	}
}

func TestReceiverLogsNoSecret(t *testing.T) {
	t.Parallel()
	body := eventFile(t, "event-sim.json")
	var log bytes.Buffer
	in := &inbox{err: errors.New("store is away")}
	r := newReceiver(t, in, func(cfg *docusign.ReceiverConfig) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	signature := docusign.SignBody(newKey, body)
	deliver(r, message(body, signature))
	deliver(r, message(body[:1], signature))
	bad := []byte(`{"private":"bo@example.com"`)
	deliver(r, message(bad, docusign.SignBody(newKey, bad)))
	require.Equal(t, 3, strings.Count(log.String(), "level="))
	for _, private := range []string{signature, newKey.Reveal(), "example.com", "too dear"} {
		require.NotContains(t, log.String(), private)
	}
}

// FuzzReceiver: nothing unsigned gets through, whatever the headers say, and
// what is signed never fails.
func FuzzReceiver(f *testing.F) {
	f.Add(eventFile(f, "event-sim.json"), "i6On/dg33adxiXeQ8A660JtsgT3vIf6ArRSeFVx6TGg=", true)
	f.Add(eventFile(f, "event-legacy.xml"), "", true)
	f.Add([]byte(`{}`), "=", false)
	f.Fuzz(func(t *testing.T, body []byte, signature string, sign bool) {
		in := &inbox{}
		r := newReceiver(t, in, nil)
		req := message(body, signature)
		if sign {
			req = message(body, signature, docusign.SignBody(oldKey, body))
		}
		code := deliver(r, req)
		if !sign {
			require.Equal(t, 401, code)
			require.Empty(t, in.events)
			return
		}
		require.Equal(t, 200, code)
		_, err := docusign.ParseEvent(body)
		require.Equal(t, err == nil, len(in.events) == 1)
	})
}

// BenchmarkConnectAccept compares a receiver with a handler that only reads the
// body and computes the HMAC.
func BenchmarkConnectAccept(b *testing.B) {
	body := eventFile(b, "event-sim.json")
	signature := docusign.SignBody(newKey, body)
	accept := func(context.Context, docusign.Event) error { return nil }
	full, err := docusign.NewReceiver(docusign.ReceiverConfig{Keys: []countersign.Secret{newKey}, Accept: accept})
	require.NoError(b, err)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, err := io.ReadAll(r.Body)
		if err != nil || docusign.SignBody(newKey, read) != signature {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	for name, h := range map[string]http.Handler{"receiver": full, "read and HMAC alone": bare} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if deliver(h, message(body, signature)) != http.StatusOK {
					b.Fatal("refused")
				}
			}
		})
	}
}
