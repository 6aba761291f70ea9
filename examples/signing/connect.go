package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
)

// connect chooses between the simulation and the real service by what is
// configured.
func (p *program) connect() error {
	switch {
	case p.Environment == "" && p.ClientID == "":
		if p.Document != "" {
			return errors.New("--document names a document of the real service: the simulation ends with the program")
		}
		return p.simulate()
	case p.Environment == "":
		return errors.New("CLOUDSIGN_CLIENT_ID is set: say with --environment which service it belongs to: production, sandbox, lgwan or lgwan-sandbox")
	}
	env, err := cloudsign.ParseEnvironment(p.Environment)
	if err != nil {
		return err
	}
	if p.ClientID == "" {
		page, err := cloudsign.ClientIDPageURL(env)
		if err != nil {
			return fmt.Errorf("CLOUDSIGN_CLIENT_ID is not set: %w", err)
		}
		return errors.New("CLOUDSIGN_CLIENT_ID is not set: create a client ID on " + page)
	}
	if p.Document == "" && (p.PDF == "" || p.Name == "" || p.Email == "") {
		return errors.New("the real service needs a PDF file, --name and --email, or --document to go on with one")
	}
	var opts []countersign.Option
	if p.baseURL != "" {
		opts = append(opts, countersign.WithBaseURL(p.baseURL))
	}
	p.client, err = cloudsign.New(cloudsign.Config{Environment: env, ClientID: countersign.NewSecret(p.ClientID)}, opts...)
	return err
}

// simulated is a CloudSign with one account, and its recipients.
type simulated struct {
	srv   *cloudsigntest.Server
	clock *countersigntest.Clock
}

func (p *program) simulate() error {
	s := &simulated{clock: countersigntest.NewClock(time.Now())}
	s.srv = cloudsigntest.NewServer(cloudsigntest.WithClock(s.clock))
	user := s.srv.AddUser(cloudsigntest.User{Name: "契約担当", Email: "contracts@midori.example"})
	p.people, p.Yes, p.Remind, p.Poll = s, true, true, time.Nanosecond
	p.Name = cmp.Or(p.Name, "鈴木 花子")
	p.Email = cmp.Or(p.Email, "suzuki@aoba.example")
	p.Organization = cmp.Or(p.Organization, "あおば工業株式会社")
	var err error
	p.client, err = cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)}, countersign.WithBaseURL(s.srv.URL()))
	return err
}

func (s *simulated) act(doc *cloudsign.Document) {
	s.clock.Advance(24 * time.Hour)
	for _, who := range doc.Participants {
		if who.Status == cloudsign.ParticipantWaitingForReview {
			s.srv.Consent(string(doc.ID), string(who.ID))
			return
		}
	}
}

func (s *simulated) close() { s.srv.Close() }

// contract is the file to upload.
func (p *program) contract() (countersign.Upload, error) {
	if p.PDF == "" {
		pdf := cloudsigntest.PDF(p.Title, "見本", 8<<10)
		return countersign.Upload{Name: p.Title + ".pdf", Size: pdf.Size, Open: pdf.Open}, nil
	}
	if err := looksLikePDF(p.PDF); err != nil {
		return countersign.Upload{}, err
	}
	return countersign.UploadFile(p.PDF)
}

// looksLikePDF reads the first bytes: what the service would refuse makes no draft.
func looksLikePDF(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 5)
	if _, err := io.ReadFull(f, head); err != nil || string(head) != "%PDF-" {
		return fmt.Errorf("%s is not a PDF file: choose one that begins with %%PDF-", path)
	}
	return nil
}
