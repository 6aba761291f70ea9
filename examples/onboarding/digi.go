package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration/senderonboarding"
)

// digi is the Digipost that the site works with: the real one, or a simulated one.
type digi struct {
	name        string // of the flow in the store
	environment digipost.Environment
	web         string
	partner     digipost.PartnerID
	client      *digipost.Client
	registry    senderonboarding.Registry // of Brønnøysund
	recipient   string                    // of letters; empty: nobody
	fake        *digiposttest.Server      // nil: the real one, or another process's
	key         *rsa.PrivateKey           // of the simulated broker
}

// connect chooses by what is configured.
func connect(o options) (*digi, error) {
	switch {
	case o.Environment == "" && o.BrokerID == "":
		return simulate()
	case o.Walk:
		return nil, errors.New("--walk walks the simulated registration only: leave out --environment and DIGIPOST_BROKER_ID")
	case o.Environment == "" || o.BrokerID == "" || o.KeyFile == "":
		return nil, errors.New("the real Digipost takes --environment, DIGIPOST_BROKER_ID and DIGIPOST_KEY, the file of the broker's key (PEM, or .p12 with DIGIPOST_KEY_PASSWORD); with DIGIPOST_CLIENT_ID it asks for access tokens")
	}
	env, err := digipost.ParseEnvironment(o.Environment)
	if err != nil {
		return nil, err
	}
	id, err := partnerID(o.BrokerID)
	if err != nil {
		return nil, err
	}
	auth, err := authentication(o)
	if err != nil {
		return nil, err
	}
	client, err := digipost.New(digipost.Config{Environment: env, BrokerID: digipost.BrokerID(id), Auth: auth})
	if err != nil {
		return nil, err
	}
	registry, err := digipost.NewRegistry()
	return &digi{environment: env, partner: digipost.PartnerID(id), client: client, registry: registry, recipient: o.Recipient}, err
}

// authentication takes access tokens where there is a client for them, as Digipost
// recommends, and signatures otherwise.
func authentication(o options) (digipost.Authentication, error) {
	cert, err := readKey(o.KeyFile, o.Password)
	if err != nil {
		return nil, err
	}
	if !o.ClientID.IsZero() {
		return digipost.TokenAuth{ClientID: o.ClientID, Certificate: cert}, nil
	}
	key, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the broker's key can't sign")
	}
	return digipost.SignatureAuth{Key: key}, nil
}

// readKey reads the broker's key and, where the file holds them, its certificates, of
// PEM or of a .p12 file.
func readKey(file string, password countersign.Secret) (tls.Certificate, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the broker's key: %w", err)
	}
	if filepath.Ext(file) == ".p12" {
		return digipost.ParsePKCS12(raw, password)
	}
	if cert, err := tls.X509KeyPair(raw, raw); err == nil {
		return cert, nil
	}
	key, err := digipost.ParseKey(raw) // without a certificate it can sign at least
	return tls.Certificate{PrivateKey: key}, err
}

// simulate starts a Digipost that knows one recipient.
func simulate() (*digi, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	fake := digiposttest.NewServer()
	p := fake.AddPartner(digiposttest.Partner{Key: &key.PublicKey})
	fake.AddUser(testPerson)
	d, err := simulatedAt(fake.URL(), p.ID, key)
	if err != nil {
		fake.Close()
		return nil, err
	}
	d.fake = fake
	return d, nil
}

// simulatedAt is the simulated Digipost at an address.
func simulatedAt(address string, partner int64, key *rsa.PrivateKey) (*digi, error) {
	client, err := digipost.New(digipost.Config{BrokerID: digipost.BrokerID(partner), Auth: digipost.SignatureAuth{Key: key}}, countersign.WithBaseURL(address))
	return &digi{web: address, partner: digipost.PartnerID(partner), client: client, registry: simulatedRegistry{}, recipient: testPerson, key: key}, err
}

// simulatedRegistry says of every organisation that one person may sign alone.
type simulatedRegistry struct{}

// SignatureRight is the simulated register's answer.
func (simulatedRegistry) SignatureRight(context.Context, digipost.OrganisationNumber) (digipost.SignatureRight, error) {
	return digipost.SignatureSole, nil
}

// ready tells the simulated Digipost where approvals go; the real one is told by a
// person.
func (d *digi) ready(backendURL string) {
	if d.fake != nil {
		d.fake.SetBackendURL(int64(d.partner), backendURL)
	}
}

func (d *digi) close() {
	if d.fake != nil {
		d.fake.Close()
	}
}
