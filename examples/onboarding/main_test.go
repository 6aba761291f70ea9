package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", filepath.Join(t.TempDir(), "state.db")} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), options{Listen: "127.0.0.1:0", Walk: true, Organisation: "984661185", Data: data}, &out))
		require.Contains(t, out.String(), "onboarding: sessions=2 ready=2 letters=1\n")
		require.Contains(t, out.String(), "letter: DIGIPOST DELIVERED from sender 34567\n")
	}
}

// ender ends the program when it says where it is.
type ender struct {
	bytes.Buffer
	end func()
}

func (e *ender) Write(p []byte) (int, error) {
	defer e.end()
	return e.Buffer.Write(p)
}

func TestServeUntilTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &ender{end: cancel}
	require.NoError(t, run(ctx, options{Listen: "127.0.0.1:0", Organisation: "984661185"}, out))
	require.Contains(t, out.String(), "open http://127.0.0.1:")
}

// A letter's button may be clicked twice: one letter is sent.
func TestLetterIsSentOnce(t *testing.T) {
	t.Parallel()
	d, err := simulate()
	require.NoError(t, err)
	t.Cleanup(d.close)
	s := &site{digi: d, org: "984661185"}
	store := orchestration.NewMemory()
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.flow, err = newFlow(web.URL+"/digipost", store, d, s.note)
	require.NoError(t, err)
	mux.Handle("/", s.handler())
	started, err := s.flow.Start(t.Context(), senderonboarding.Start{Tenant: tenant, Organisation: s.org})
	require.NoError(t, err)
	d.ready(s.flow.BackendURL().Reveal())
	application, err := d.fake.Apply(started.Address.Reveal(), string(s.org))
	require.NoError(t, err)
	require.NoError(t, d.fake.Approve(t.Context(), application))
	engine := orchestration.NewLocal(store)
	s.flow.Register(engine)
	require.NoError(t, engine.RunUntilIdle(t.Context()))
	rec := httptest.NewRecorder()
	s.handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	_, after, found := strings.Cut(rec.Body.String(), `name="id" value="`)
	require.True(t, found)
	id, _, _ := strings.Cut(after, `"`)
	for range 2 {
		rec = httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodPost, "/letter", strings.NewReader("id="+id))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.handler().ServeHTTP(rec, req)
		require.Equal(t, http.StatusSeeOther, rec.Code, rec.Body.String())
	}
	require.Len(t, d.fake.Messages(), 1)
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	data := filepath.Join(t.TempDir(), "state.db")
	o := options{Listen: "127.0.0.1:8080", Organisation: "984661185", Data: data, DryRun: true, BaseURL: "https://vendor.example/digipost"}
	require.NoError(t, run(t.Context(), o, &out))
	require.Contains(t, out.String(), "would be called back below https://vendor.example/digipost\n")
	require.NoFileExists(t, data)
}

// Both ways of Digipost's authentication are read from one file.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	alone := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	both := append(alone, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	for name, tc := range map[string]struct {
		pem    []byte
		client string
		want   bool
	}{
		"key alone": {alone, "", true}, "key and certificate": {both, "", true},
		"tokens": {both, "client", true}, "tokens without a certificate": {alone, "client", false},
	} {
		file := filepath.Join(t.TempDir(), "broker.pem")
		require.NoError(t, os.WriteFile(file, tc.pem, 0o600))
		o := options{Listen: "127.0.0.1:0", Organisation: "984661185", Environment: "test", BrokerID: "1", KeyFile: file, DryRun: true,
			BaseURL: "https://vendor.example/digipost", ClientID: countersign.NewSecret(tc.client)}
		var out bytes.Buffer
		err := run(t.Context(), o, &out)
		require.Equal(t, tc.want, err == nil, name)
		require.Equal(t, tc.want, strings.Contains(out.String(), "https://test.digipost.no as partner 1"), name)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"organisation":       {Organisation: "987654321"},
		"base elsewhere":     {Organisation: "984661185", BaseURL: "https://vendor.example/other"},
		"environment alone":  {Organisation: "984661185", Environment: "test"},
		"broker alone":       {Organisation: "984661185", BrokerID: "12345"},
		"walk for real":      {Organisation: "984661185", Environment: "test", BrokerID: "1", KeyFile: "x", Walk: true},
		"unknown":            {Organisation: "984661185", Environment: "moon", BrokerID: "1", KeyFile: "x"},
		"broker not numeric": {Organisation: "984661185", Environment: "test", BrokerID: "x", KeyFile: "x"},
		"no key":             {Organisation: "984661185", Environment: "test", BrokerID: "1", KeyFile: filepath.Join(t.TempDir(), "none.pem")},
	} {
		o.Listen = "127.0.0.1:0"
		require.Error(t, run(t.Context(), o, &bytes.Buffer{}), name)
	}
}
