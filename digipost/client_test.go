package digipost_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// What is sent arrives, byte for byte.
func TestSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.message()
	m.ID = "order-1"
	d, err := w.client.Messages.Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "order-1", d.MessageID)
	got := w.srv.Messages()
	require.Len(t, got, 1)
	require.Equal(t, []string{"Hei", "Vedlegg"}, []string{string(got[0].Documents[0].Content), string(got[0].Documents[1].Content)})
	require.Equal(t, "Brev æøå", got[0].Documents[0].Subject)
	require.Equal(t, w.customer.SenderID, got[0].SenderID)

	_, err = w.client.Messages.Send(t.Context(), m)
	require.ErrorIs(t, err, digipost.ErrDuplicate)
	m.ID, m.Recipient = "", digipost.Recipient{PersonalID: "00000000000"}
	_, err = w.client.Messages.Send(t.Context(), m)
	require.ErrorIs(t, err, digipost.ErrNotDigipostUser)
	require.Len(t, w.srv.Messages(), 1)
}

// A lost answer: the message is not sent twice, and the call succeeds.
func TestSendOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpSend, Fault: countersigntest.LoseAnswer(), Next: 1})
	d, err := w.client.Messages.Send(t.Context(), w.message())
	require.NoError(t, err)
	require.True(t, d.Duplicate)
	require.Len(t, w.srv.Messages(), 1)
	status, err := w.client.Documents.Status(t.Context(), w.sender(), d.Documents[0])
	require.NoError(t, err)
	require.Equal(t, "DELIVERED", status.Status)
}

// Print comes after a confirmed no, never after an error.
func TestSendOrPrint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.message()
	d, err := w.client.Messages.SendOrPrint(t.Context(), m, *paper())
	require.NoError(t, err)
	require.Equal(t, digipost.ChannelDigipost, d.Channel)
	m.Recipient.PersonalID = "12345678901"
	d, err = w.client.Messages.SendOrPrint(t.Context(), m, *paper())
	require.NoError(t, err)
	require.Equal(t, digipost.ChannelPrint, d.Channel)
	for _, code := range []int{400, 403, 404, 500, 503} {
		w.srv.Faults().Clear()
		w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpIdentify, Fault: countersigntest.Status(code)})
		_, err = w.client.Messages.SendOrPrint(t.Context(), m, *paper())
		require.Error(t, err)
	}
	w.srv.Faults().Clear()
	m.Recipient.PersonalID = "1"
	_, err = w.client.Messages.SendOrPrint(t.Context(), m, *paper())
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Len(t, w.srv.Messages(), 2)
}

// A refused signature tells the line that differs.
func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	_, err = w.connect(t, digipost.SignatureAuth{Key: stranger}).Senders.Get(t.Context(), 1)
	e, ok := errors.AsType[*digipost.SignatureError](err)
	require.True(t, ok, "%v", err)
	require.True(t, e.Echoed)
	require.Empty(t, e.Diff, "the texts agree, the keys don't")
	require.ErrorIs(t, err, countersign.ErrUnauthorized)

	// The encoded path is not what this server signs.
	c := w.connect(t, digipost.SignatureAuth{Key: brokerKey(), EncodedPath: true})
	_, err = c.Recipients.Search(t.Context(), "blå bær")
	e, ok = errors.AsType[*digipost.SignatureError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, []string{"-/search-example/bl%c3%a5%20b%c3%a6r", "+/search-example/blå bær"}, e.Diff)
	_, err = w.client.Recipients.Search(t.Context(), "blå bær")
	require.NoError(t, err)
}

// An answer that was changed on its way is not believed, and a write says that it
// may have happened.
func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(http.Header){
		"signature":    func(h http.Header) { h.Set("X-Digipost-Signature", "AAAA") },
		"no signature": func(h http.Header) { h.Del("X-Digipost-Signature") },
		"hash":         func(h http.Header) { h.Set("X-Content-SHA256", "AAAA") },
		"no hash":      func(h http.Header) { h.Del("X-Content-SHA256") },
		"old":          func(h http.Header) { h.Set("Date", "Wed, 01 Apr 2026 08:54:59 GMT") },
		"new":          func(h http.Header) { h.Set("Date", "Wed, 01 Apr 2026 09:05:01 GMT") },
		"no date":      func(h http.Header) { h["Date"] = nil },
		"strange date": func(h http.Header) { h.Set("Date", "16. januar 2012 - 16:14:23") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, digiposttest.WithSpoiltAnswers(spoil))
			_, err := w.client.Senders.Get(t.Context(), w.sender())
			_, ok := errors.AsType[*digipost.AnswerError](err)
			require.True(t, ok, "%v", err)
			_, err = w.client.Batches.Create(t.Context(), "")
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		})
	}
}

// A compressed answer is checked as it came and read as it was meant.
func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, digiposttest.WithGzip(true))
	s, err := w.client.Senders.Get(t.Context(), w.sender())
	require.NoError(t, err)
	require.True(t, s.Valid())
	_, err = w.client.Inbox.List(t.Context(), 1, 0, 0)
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)

	broken := newWorld(t, digiposttest.WithSpoiltAnswers(func(h http.Header) { h.Set("Content-Encoding", "gzip") }))
	_, err = broken.client.Senders.Get(t.Context(), w.sender())
	require.Error(t, err)
}

// certificate makes a client certificate as a vendor registers it.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTokenAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cert := certificate(t)
	w.broker = w.srv.AddPartner(digiposttest.Partner{ClientID: "client-0123456789", Certificate: cert.Certificate[0]})
	w.customer = w.srv.AddAccount(digiposttest.Account{Organisation: "984661185", Partners: []int64{w.broker.ID}})
	auth := digipost.TokenAuth{ClientID: countersign.NewSecret("client-0123456789"), Certificate: cert, Endpoint: w.srv.TokenURL(), RootCAs: w.srv.TokenRoots()}
	w.client = w.connect(t, auth)
	for range 3 {
		s, err := w.client.Senders.Get(t.Context(), w.sender())
		require.NoError(t, err)
		require.True(t, s.Valid())
	}
	w.srv.RevokeTokens()
	_, err := w.client.Messages.Send(t.Context(), w.message())
	require.NoError(t, err, "a token that is refused is fetched anew once")

	auth.Certificate = certificate(t)
	_, err = w.connect(t, auth).Senders.Get(t.Context(), w.sender())
	require.ErrorIs(t, err, countersign.ErrUnauthorized)
	require.NotContains(t, err.Error(), "client-0123456789")
}

// With tokens, hash and date show an answer that was changed, and a signature where
// there is one.
func TestHashAndDateAreChecked(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(http.Header){
		func(h http.Header) { h.Set("X-Content-SHA256", "AAAA") }, func(h http.Header) { h.Del("X-Content-SHA256") },
		func(h http.Header) { h.Set("X-Digipost-Signature", "AAAA") },
		func(h http.Header) { h.Set("Date", "Wed, 01 Apr 2026 08:54:59 GMT") }, func(h http.Header) { h.Set("Date", "Wed, 01 Apr 2026 09:05:01 GMT") },
	} {
		w := newWorld(t, digiposttest.WithSpoiltAnswers(spoil))
		cert := certificate(t)
		w.broker = w.srv.AddPartner(digiposttest.Partner{ClientID: "client-0123456789", Certificate: cert.Certificate[0]})
		c := w.connect(t, digipost.TokenAuth{ClientID: countersign.NewSecret("client-0123456789"), Certificate: cert, Endpoint: w.srv.TokenURL(), RootCAs: w.srv.TokenRoots()})
		_, err := c.Senders.Get(t.Context(), 1)
		_, ok := errors.AsType[*digipost.AnswerError](err)
		require.True(t, ok, "%v", err)
	}
}

// What a signature counts beside a token can be chosen; date and hash count always.
func TestSignaturesBesideTokens(t *testing.T) {
	t.Parallel()
	right := func(http.Header) {}
	wrong := func(h http.Header) { h.Set("X-Digipost-Signature", "AAAA") }
	none := func(h http.Header) { h.Del("X-Digipost-Signature") }
	changed := func(h http.Header) { none(h); h.Set("X-Content-SHA256", "AAAA") }
	for _, tc := range []struct {
		signatures digipost.Signatures
		spoil      func(http.Header)
		believed   bool
	}{
		{digipost.SignaturesChecked, right, true},
		{digipost.SignaturesChecked, wrong, false},
		{digipost.SignaturesChecked, none, true},
		{digipost.SignaturesChecked, changed, false},
		{digipost.SignaturesRequired, right, true},
		{digipost.SignaturesRequired, wrong, false},
		{digipost.SignaturesRequired, none, false},
		{digipost.SignaturesIgnored, wrong, true},
		{digipost.SignaturesIgnored, none, true},
		{digipost.SignaturesIgnored, changed, false},
	} {
		w := newWorld(t, digiposttest.WithSpoiltAnswers(tc.spoil))
		auth := w.tokenAuth(t)
		auth.Signatures = tc.signatures
		_, err := w.connect(t, auth).Senders.Get(t.Context(), 1)
		_, refused := errors.AsType[*digipost.AnswerError](err)
		require.Equal(t, !tc.believed, refused, "%+v: %v", tc, err)
		require.Equal(t, tc.believed, err == nil)
	}
}

// tokenAuth registers a client of the broker.
func (w *world) tokenAuth(t *testing.T) digipost.TokenAuth {
	t.Helper()
	cert := certificate(t)
	w.broker = w.srv.AddPartner(digiposttest.Partner{ClientID: "client-0123456789", Certificate: cert.Certificate[0]})
	return digipost.TokenAuth{ClientID: countersign.NewSecret("client-0123456789"), Certificate: cert, Endpoint: w.srv.TokenURL(), RootCAs: w.srv.TokenRoots()}
}

// A 401 is a gateway's, whatever header it carries: the token is fetched anew.
func TestUnauthorizedIsNotChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := w.tokenAuth(t)
	tr := between{w.transport(t), func(res *http.Response) {
		if res.StatusCode == http.StatusUnauthorized {
			res.Header.Set("X-Digipost-Signature", "AAAA")
		}
	}}
	w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: tr}))
	c := w.connect(t, auth)
	_, err := c.Senders.Get(t.Context(), 1)
	require.NoError(t, err)
	w.srv.RevokeTokens()
	_, err = c.Senders.Get(t.Context(), 1)
	require.NoError(t, err)
}

// The answer to a HEAD has a hash and no content.
func TestHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := w.tokenAuth(t)
	tr := elsewhere{w.transport(t), strings.TrimPrefix(w.srv.URL(), "http://"), func() *http.Response {
		return plainAnswer(200, http.Header{"Date": {w.srv.Clock().Now().UTC().Format(http.TimeFormat)}, "X-Content-Sha256": {"of what a GET gives"}}, "")
	}, new(atomic.Int64)}
	w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: tr}))
	require.NoError(t, w.connect(t, auth).Do(t.Context(), digipost.Request{Method: http.MethodHead, Path: []string{"documents"}}, nil))
	_, ok := errors.AsType[*digipost.AnswerError](w.connect(t, auth).Do(t.Context(), digipost.Request{Path: []string{"documents"}}, nil))
	require.True(t, ok, "a GET without the content of its hash")
}

// The key of a certificate signs.
func TestKeyOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, err := digipost.KeyOf(tls.Certificate{PrivateKey: brokerKey()})
	require.NoError(t, err)
	_, err = w.connect(t, digipost.SignatureAuth{Key: key}).Senders.Get(t.Context(), w.sender())
	require.NoError(t, err)
	for _, bad := range []tls.Certificate{{}, {PrivateKey: "x"}, certificate(t)} {
		_, err := digipost.KeyOf(bad)
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key, err := digipost.ParseKey(append(pemOf("CERTIFICATE", []byte("x")), pkcs8(t, brokerKey())...))
	require.NoError(t, err)
	require.True(t, brokerKey().Equal(key))
	_, err = digipost.ParseKey(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(brokerKey())))
	require.NoError(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for _, bad := range [][]byte{nil, []byte("x"), pkcs8(t, other), pemOf("RSA PRIVATE KEY", []byte("x")), pemOf("ENCRYPTED PRIVATE KEY", nil), pemOf("CERTIFICATE", nil)} {
		_, err := digipost.ParseKey(bad)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok)
		require.NotEmpty(t, e.Fix)
		require.NotContains(t, e.Fix, "digipost.ParseKey", "that is what was called")
	}
	for name, cfg := range map[string]digipost.Config{
		"Environment": {BrokerID: 1, Auth: digipost.SignatureAuth{Key: brokerKey()}},
		"BrokerID":    {Environment: digipost.Test, Auth: digipost.SignatureAuth{Key: brokerKey()}},
		"Auth":        {Environment: digipost.Test, BrokerID: 1},
		"Key":         {Environment: digipost.Test, BrokerID: 1, Auth: digipost.SignatureAuth{}},
		"ClientID":    {Environment: digipost.Test, BrokerID: 1, Auth: digipost.TokenAuth{}},
		"Certificate": {Environment: digipost.Test, BrokerID: 1, Auth: digipost.TokenAuth{ClientID: countersign.NewSecret("x")}},
	} {
		_, err := digipost.New(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Equal(t, name, e.Field)
		require.NotEmpty(t, e.Fix, name)
	}
}
