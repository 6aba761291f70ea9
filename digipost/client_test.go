package digipost_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
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

// endpoint is one call of the client, in the table that all endpoints go through.
type endpoint struct {
	op    string // of the fake's log
	call  func(ctx context.Context, w *world) error
	write bool
}

func endpoints() map[string]endpoint {
	return map[string]endpoint{
		"sender": {digiposttest.OpSender, func(ctx context.Context, w *world) error {
			s, err := w.client.Senders.Get(ctx, w.sender())
			if err == nil && (!s.Valid() || !s.Has(digipost.FeatureDigipost)) {
				err = errors.New("not valid")
			}
			return err
		}, false},
		"sender by organisation": {digiposttest.OpSender, func(ctx context.Context, w *world) error {
			s, err := w.client.Senders.GetByOrganisation(ctx, "984661185")
			if err == nil && s.SenderID != w.sender() {
				err = errors.New("another sender")
			}
			return err
		}, false},
		"identify": {digiposttest.OpIdentify, func(ctx context.Context, w *world) error {
			i, err := w.client.Recipients.Identify(ctx, digipost.Recipient{Address: "kunde123#1A2B"})
			if err == nil && (i.Result != digipost.ResultDigipost || i.Address != "kunde123#1A2B") {
				err = errors.New("not identified")
			}
			return err
		}, false},
		"search": {digiposttest.OpSearch, func(ctx context.Context, w *world) error {
			found, err := w.client.Recipients.Search(ctx, "Kunde123")
			if err == nil && (len(found) != 1 || found[0].Organisation != "984661185") {
				err = errors.New("not found")
			}
			return err
		}, false},
		"send": {digiposttest.OpSend, func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.Send(ctx, w.message())
			if err == nil && !d.Duplicate && (d.Channel != digipost.ChannelDigipost || d.SenderID != w.sender() || len(d.Documents) != 2) {
				err = errors.New("not delivered")
			}
			return err
		}, true},
		"events": {digiposttest.OpEvents, func(ctx context.Context, w *world) error {
			now := w.srv.Clock().Now()
			_, err := w.client.Documents.Events(ctx, digipost.EventQuery{From: now.Add(-time.Hour), To: now})
			return err
		}, false},
		"inbox": {digiposttest.OpInbox, func(ctx context.Context, w *world) error {
			_, err := w.client.Inbox.List(ctx, w.sender(), 0, 0)
			return err
		}, false},
		"archives": {digiposttest.OpArchives, func(ctx context.Context, w *world) error {
			_, err := w.client.Archive.List(ctx)
			return err
		}, false},
		"create batch": {digiposttest.OpCreateBatch, func(ctx context.Context, w *world) error {
			b, err := w.client.Batches.Create(ctx)
			if err == nil && b.Status != "CREATED" {
				err = errors.New("not created")
			}
			return err
		}, true},
	}
}

// Every endpoint works, and meets the failures that each of them can meet.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, e := range endpoints() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, e.call(t.Context(), w))
			require.EqualValues(t, 1, w.srv.Log().Tally(e.op).Requests)
			for fault, kind := range map[*countersigntest.Fault]error{
				new(countersigntest.Status(401)):              countersign.ErrUnauthorized,
				new(countersigntest.Status(403)):              countersign.ErrForbidden,
				new(countersigntest.Status(404)):              countersign.ErrNotFound,
				new(countersigntest.TooManyRequests(0)):       countersign.ErrRateLimited,
				new(countersigntest.Status(500)):              countersign.ErrUnavailable,
				new(countersigntest.Status(503)):              countersign.ErrUnavailable,
				new(countersigntest.TooManyRequests(2 << 30)): countersign.ErrRateLimited,
			} {
				w.srv.Faults().Clear()
				w.srv.Faults().Add(countersigntest.Rule{Operation: e.op, Fault: *fault})
				err := e.call(t.Context(), w)
				if e.write && errors.Is(err, countersign.ErrOutcomeUnknown) {
					continue // a write that may have happened says so
				}
				require.ErrorIs(t, err, kind, fault.String())
			}
			w.srv.Faults().Clear()
			w.srv.Faults().Add(countersigntest.Rule{Operation: e.op, Fault: countersigntest.CutBody(20), Next: 1})
			require.NoError(t, e.call(t.Context(), w), "an answer that broke off is asked for again")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, e.call(ctx, w), context.Canceled)
		})
	}
}

// Everything that is sent and everything that the fake answers is valid by the
// vendor's schema.
func TestDigipostSchema(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	w := newWorld(t, digiposttest.WithDocuments(v.see))
	ctx := t.Context()
	for name, e := range endpoints() {
		require.NoError(t, e.call(ctx, w), name)
	}
	m := w.message()
	m.Print, m.InvoiceReference, m.DeliveryTime = paper(), "42", w.srv.Clock().Now()
	d, err := w.client.Messages.Send(ctx, m)
	require.NoError(t, err)
	_, err = w.client.Documents.Status(ctx, w.sender(), d.Documents[0])
	require.NoError(t, err)
	_, err = w.client.Messages.SendOrPrint(ctx, digipost.Message{Sender: w.sender(), Recipient: digipost.Recipient{NameAndAddress: &digipost.NameAndAddress{
		FullName: "Ola Nordmann", AddressLine1: "Prinsensveien 123", PostalCode: "0460", City: "Oslo", BirthDate: countersign.Date{Year: 1970, Month: 3, Day: 1},
	}}, Primary: letter("Hei")}, *paper())
	require.NoError(t, err)
	w.srv.AddEvents(digiposttest.Event{Broker: w.broker.ID, UUID: d.Documents[0], Type: "OPENED", Created: w.srv.Clock().Now()})
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Subject: "Post", Sender: "Posten", ContentType: "application/pdf"})
	w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{UUID: digipost.NewUUID(), FileName: "a.pdf", FileType: "pdf"})
	for _, name := range []string{"events", "inbox", "archives"} {
		require.NoError(t, endpoints()[name].call(ctx, w))
	}
	list, err := w.client.Archive.List(ctx)
	require.NoError(t, err)
	for _, err := range w.client.Archive.Documents(ctx, list[0]) {
		require.NoError(t, err)
	}
	b, err := w.client.Batches.Create(ctx)
	require.NoError(t, err)
	m.ID, m.Batch = "", b.UUID
	_, err = w.client.Messages.Send(ctx, m)
	require.NoError(t, err)
	_, err = w.client.Senders.Get(ctx, 1)
	require.NoError(t, err)
	_, err = w.client.Messages.Send(ctx, digipost.Message{Sender: 1, Recipient: m.Recipient, Primary: letter("x")})
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)
	roots, err := v.check()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(roots), 13, "%v", roots)
	total := 0
	for _, n := range roots {
		total += n
	}
	fmt.Printf("proof: digipost schema documents=%d kinds=%d invalid=0\n", total, len(roots))
}

// The checker finds what is wrong.
func TestSchemaFindsMistakes(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	v.see([]byte(`<?xml version="1.0"?><batch xmlns="http://api.digipost.no/schema/v8"><uuidd>x</uuidd></batch>`))
	_, err := v.check()
	require.Error(t, err)
}

func paper() *digipost.Print {
	return &digipost.Print{
		To:     digipost.PostalAddress{Name: "Ola Nordmann", AddressLine1: "Prinsensveien 123", ZipCode: "0460", City: "Oslo"},
		Return: digipost.PostalAddress{Name: "Kunde AS", AddressLine1: "Storgata 1", ZipCode: "0155", City: "Oslo"},
	}
}

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

func TestMessagesRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, change := range map[string]func(*digipost.Message){
		"Sender":         func(m *digipost.Message) { m.Sender = -1 },
		"Recipient":      func(m *digipost.Message) { m.Recipient.Address = "a#1234" },
		"Attachments":    func(m *digipost.Message) { m.Attachments = slices.Repeat(m.Attachments, 100) },
		"Subject":        func(m *digipost.Message) { m.Primary.Subject = strings.Repeat("æ", 256) },
		"FileType":       func(m *digipost.Message) { m.Primary.FileType = "" },
		"Authentication": func(m *digipost.Message) { m.Primary.Authentication = "" },
		"Sensitivity":    func(m *digipost.Message) { m.Attachments[0].Sensitivity = "" },
		"Content":        func(m *digipost.Message) { m.Primary.Content.Open = nil },
		"UUID":           func(m *digipost.Message) { m.Primary.UUID = "a\"\r\nX: y" },
	} {
		m := w.message()
		change(&m)
		_, err := w.client.Messages.Send(t.Context(), m)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
	require.Zero(t, w.srv.Log().Tally(digiposttest.OpSend).Requests)
}

// A refused signature tells the line that differs.
func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
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
			_, err = w.client.Batches.Create(t.Context())
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		})
	}
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

// With tokens, hash and date are all that shows an answer that was changed.
func TestHashAndDateAreChecked(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(http.Header){
		func(h http.Header) { h.Set("X-Content-SHA256", "AAAA") }, func(h http.Header) { h.Del("X-Content-SHA256") },
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
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
	for name, cfg := range map[string]digipost.Config{
		"Environment": {BrokerID: 1, Auth: digipost.SignatureAuth{Key: brokerKey()}},
		"BrokerID":    {Environment: digipost.Test, Auth: digipost.SignatureAuth{Key: brokerKey()}},
		"Auth":        {Environment: digipost.Test, BrokerID: 1},
		"Key":         {Environment: digipost.Test, BrokerID: 1, Auth: digipost.SignatureAuth{}},
		"ClientID":    {Environment: digipost.Test, BrokerID: 1, Auth: digipost.TokenAuth{}},
	} {
		_, err := digipost.New(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Equal(t, name, e.Field)
	}
}
