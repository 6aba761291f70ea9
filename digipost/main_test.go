package digipost_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brokerKey is one for all tests: making it takes a while.
var brokerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// world is a fake with a broker, one customer and a client.
type world struct {
	srv      *digiposttest.Server
	broker   digiposttest.Partner
	customer digiposttest.Account
	client   *digipost.Client
	opts     []countersign.Option
}

func newWorld(t testing.TB, opts ...digiposttest.Option) *world {
	t.Helper()
	clock := countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
	w := &world{srv: digiposttest.NewServer(append([]digiposttest.Option{digiposttest.WithClock(clock)}, opts...)...)}
	w.broker = w.srv.AddPartner(digiposttest.Partner{Key: &brokerKey().PublicKey})
	w.customer = w.srv.AddAccount(digiposttest.Account{Organisation: "984661185", Address: "kunde123#1A2B", Partners: []int64{w.broker.ID}})
	w.srv.AddUser("01043100358", "kunde123#1A2B")
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		w.srv.Close()
	})
	w.opts = []countersign.Option{
		countersign.WithBaseURL(w.srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}), countersign.WithLimiter(free{}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond}),
	}
	w.client = w.connect(t, digipost.SignatureAuth{Key: brokerKey()})
	return w
}

func (w *world) connect(t testing.TB, auth digipost.Authentication) *digipost.Client {
	t.Helper()
	c, err := digipost.New(digipost.Config{BrokerID: digipost.BrokerID(w.broker.ID), Auth: auth, Clock: w.srv.Clock().Now}, w.opts...)
	require.NoError(t, err)
	return c
}

func (w *world) sender() digipost.SenderID { return digipost.SenderID(w.customer.SenderID) }

func letter(text string) digipost.Document {
	return digipost.Document{
		Subject: "Brev æøå", FileType: "txt", Authentication: digipost.LevelTwoFactor, Sensitivity: digipost.SensitivityNormal,
		Content: countersign.Upload{ContentType: "text/plain", Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }},
	}
}

func (w *world) message() digipost.Message {
	return digipost.Message{
		Sender: w.sender(), Recipient: digipost.Recipient{PersonalID: "01043100358"}, Primary: letter("Hei"), Attachments: []digipost.Document{letter("Vedlegg")},
	}
}

// required reports whether the run may not do without a thing.
func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ","), what)
}

// validator checks documents against Digipost's schema with xmllint.
type validator struct {
	t      *testing.T
	schema string
	mu     sync.Mutex
	docs   [][]byte
}

func newValidator(t *testing.T) *validator {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		if required("xmllint") {
			t.Fatal("xmllint is required and not installed")
		}
		t.Skip("xmllint is not installed")
	}
	schema := filepath.Join(os.Getenv("COUNTERSIGN_SPECS"), "digipost-api-v8.xsd")
	if _, err := os.Stat(schema); err != nil {
		if required("specs") {
			t.Fatal("Digipost's schema is required and not in COUNTERSIGN_SPECS")
		}
		t.Skip("Digipost's schema is not in COUNTERSIGN_SPECS")
	}
	// Data types stand in messages and are of a schema of their own.
	both := fmt.Sprintf(`<schema xmlns="http://www.w3.org/2001/XMLSchema">`+
		`<import namespace="http://api.digipost.no/schema/v8" schemaLocation="%s"/>`+
		`<import namespace="http://api.digipost.no/schema/datatypes" schemaLocation="%s"/></schema>`,
		schema, filepath.Join(filepath.Dir(schema), "digipost-samples", "datatypes.xsd"))
	wrapper := filepath.Join(t.TempDir(), "both.xsd")
	require.NoError(t, os.WriteFile(wrapper, []byte(both), 0o600))
	return &validator{t: t, schema: wrapper}
}

func (v *validator) see(doc []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.docs = append(v.docs, doc)
}

// check validates all documents that were seen, and gives how many there were of
// each root element.
func (v *validator) check() (map[string]int, error) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	dir, roots := v.t.TempDir(), map[string]int{}
	args := []string{"--noout", "--nonet", "--schema", v.schema}
	for i, doc := range v.docs {
		name := filepath.Join(dir, fmt.Sprintf("%03d.xml", i))
		require.NoError(v.t, os.WriteFile(name, doc, 0o600))
		args = append(args, name)
		roots[rootOf(doc)]++
	}
	out, err := exec.CommandContext(v.t.Context(), "xmllint", args...).CombinedOutput()
	if err != nil {
		var wrong []string
		for line := range strings.Lines(string(out)) {
			if !strings.HasSuffix(line, " validates\n") {
				wrong = append(wrong, line)
			}
		}
		return nil, fmt.Errorf("%w: %s", err, wrong)
	}
	return roots, nil
}

func rootOf(doc []byte) string {
	_, rest, _ := strings.Cut(string(doc), "?>")
	name := strings.TrimLeft(rest, "\n <")
	return name[:strings.IndexAny(name, " >")]
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pemOf("PRIVATE KEY", der)
}
