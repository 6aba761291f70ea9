package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
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
	environment digipost.Environment
	web         string
	partner     digipost.PartnerID
	client      *digipost.Client
	registry    senderonboarding.Registry // of Brønnøysund
	fake        *digiposttest.Server      // nil: the real one
}

// connect chooses by what is configured.
func connect(o options) (*digi, error) {
	switch {
	case o.Environment == "" && o.BrokerID == "":
		return simulate()
	case o.Walk:
		return nil, errors.New("--walk walks the simulated registration only: leave out --environment and DIGIPOST_BROKER_ID")
	case o.Environment == "" || o.BrokerID == "" || o.KeyFile == "":
		return nil, errors.New("the real Digipost takes --environment, DIGIPOST_BROKER_ID and DIGIPOST_KEY, the file of the broker's key (PEM, or .p12 with DIGIPOST_KEY_PASSWORD)")
	}
	env, err := digipost.ParseEnvironment(o.Environment)
	if err != nil {
		return nil, err
	}
	id, err := partnerID(o.BrokerID)
	if err != nil {
		return nil, err
	}
	key, err := readKey(o.KeyFile, o.Password)
	if err != nil {
		return nil, err
	}
	client, err := digipost.New(digipost.Config{Environment: env, BrokerID: digipost.BrokerID(id), Auth: digipost.SignatureAuth{Key: key}})
	if err != nil {
		return nil, err
	}
	registry, err := digipost.NewRegistry()
	return &digi{environment: env, partner: digipost.PartnerID(id), client: client, registry: registry}, err
}

// readKey reads the broker's key, of PEM or of a .p12 file.
func readKey(file string, password countersign.Secret) (crypto.Signer, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the broker's key: %w", err)
	}
	if filepath.Ext(file) != ".p12" {
		return digipost.ParseKey(raw)
	}
	cert, err := digipost.ParsePKCS12(raw, password)
	if err != nil {
		return nil, err
	}
	key, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the broker's key can't sign")
	}
	return key, nil
}

// simulate starts a Digipost that knows one recipient.
func simulate() (*digi, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	fake := digiposttest.NewServer()
	p := fake.AddPartner(digiposttest.Partner{Key: &key.PublicKey})
	fake.AddUser(recipient)
	client, err := digipost.New(digipost.Config{BrokerID: digipost.BrokerID(p.ID), Auth: digipost.SignatureAuth{Key: key}}, countersign.WithBaseURL(fake.URL()))
	return &digi{web: fake.URL(), partner: digipost.PartnerID(p.ID), client: client, registry: simulatedRegistry{}, fake: fake}, err
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
