package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/stretchr/testify/require"
)

func defaults(t *testing.T) options {
	return options{Title: "業務委託契約書", Data: filepath.Join(t.TempDir(), "signed"), Wait: time.Minute, Poll: time.Millisecond}
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "自社の契約.pdf")
	require.NoError(t, os.WriteFile(own, []byte("%PDF-1.4\n%%EOF\n"), 0o600))
	for _, pdf := range []string{"", own} {
		var out, progress bytes.Buffer
		p := &program{options: defaults(t), out: &out, err: &progress}
		p.PDF = pdf
		require.NoError(t, p.run(t.Context()))
		var steps []string
		for line := range strings.Lines(out.String()) {
			steps = append(steps, strings.Fields(line)[0])
		}
		require.Equal(t, []string{
			"draft", "file", "recipient", "field", "field", "sent", "reminded", "concluded", "saved", "saved", "signing:",
		}, steps)
		require.Contains(t, progress.String(), "waiting for 鈴木 花子")
		for _, name := range []string{"-1.pdf", "-certificate.pdf"} {
			b, err := os.ReadFile(filepath.Join(p.Data, p.Document+name))
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(b, []byte("%PDF-")))
		}
		left, err := os.ReadDir(p.Data)
		require.NoError(t, err)
		require.Len(t, left, 2, "no half files")
	}
}

func TestConfigurationErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*options){
		"https://sandbox.cloudsign.jp/api/clients": func(o *options) { o.Environment = "sandbox" },
		"管理画面 > アカウント > クライアントID":                  func(o *options) { o.Environment = "lgwan" },
		"say with --environment":                   func(o *options) { o.ClientID = "x" },
		"choose production, sandbox":               func(o *options) { o.Environment = "staging" },
		"--name and --email":                       func(o *options) { o.Environment, o.ClientID = "sandbox", "x" },
		"--document names a document":              func(o *options) { o.Document = "d" },
		"no such file":                             func(o *options) { o.PDF = "nowhere.pdf" },
		"--poll":                                   func(o *options) { o.Poll = 0 },
	} {
		p := &program{options: defaults(t), out: &bytes.Buffer{}, err: &bytes.Buffer{}}
		change(&p.options)
		require.ErrorContains(t, p.run(t.Context()), want)
	}
}

// fake is a draft of the real service, played by the fake.
func fake(t *testing.T) (*cloudsigntest.Server, *program, *bytes.Buffer) {
	t.Helper()
	srv := cloudsigntest.NewServer()
	t.Cleanup(srv.Close)
	user := srv.AddUser(cloudsigntest.User{})
	client, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)}, countersign.WithBaseURL(srv.URL()))
	require.NoError(t, err)
	var out bytes.Buffer
	p := &program{options: defaults(t), out: &out, err: &bytes.Buffer{}, client: client}
	p.Name, p.Email = "N", "n@example.jp"
	_, err = p.open(t.Context())
	require.NoError(t, err)
	return srv, p, &out
}

// TestServiceInSteps: a draft without --yes, then sending, then waiting on.
func TestServiceInSteps(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer()
	t.Cleanup(srv.Close)
	user := srv.AddUser(cloudsigntest.User{})
	pdf := filepath.Join(t.TempDir(), "契約.pdf")
	require.NoError(t, os.WriteFile(pdf, []byte("%PDF-1.4\n%%EOF\n"), 0o600))
	run := func(change func(*options)) (*program, string, error) {
		var out bytes.Buffer
		p := &program{options: defaults(t), out: &out, err: &bytes.Buffer{}, baseURL: srv.URL()}
		p.Environment, p.ClientID = "sandbox", user.ClientID
		change(&p.options)
		err := p.run(t.Context())
		return p, out.String(), err
	}
	p, out, err := run(func(o *options) { o.PDF, o.Name, o.Email = pdf, "N", "n@example.jp" })
	require.NoError(t, err)
	require.Contains(t, out, "--yes --document "+p.Document)
	id := p.Document
	_, out, err = run(func(o *options) { o.Document, o.Yes, o.Remind, o.Wait = id, true, true, 0 })
	require.ErrorContains(t, err, "nobody has answered")
	require.Contains(t, out, "reminded")
	d, _ := srv.Document(id)
	require.Equal(t, 1, d.Reminders)
	srv.Consent(id, d.Participants[1].ID)
	_, out, err = run(func(o *options) { o.Document = id })
	require.NoError(t, err)
	require.Contains(t, out, "signing: document="+id+" status=concluded files=1 certificate=1\n")

	declined := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Declined, DeclineComment: "高い"})
	_, _, err = run(func(o *options) { o.Document = declined.ID })
	require.ErrorContains(t, err, "高い")
	template := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Template})
	_, _, err = run(func(o *options) { o.Document = template.ID })
	require.ErrorContains(t, err, "is template")
	_, _, err = run(func(o *options) { o.Document = "nowhere" })
	require.ErrorIs(t, err, countersign.ErrNotFound)
}

func TestLostAnswerOfSend(t *testing.T) {
	t.Parallel()
	srv, p, _ := fake(t)
	srv.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpSendDocument, Fault: countersigntest.LoseAnswer(), Next: 1})
	doc, err := send(t.Context(), p.client, cloudsign.DocumentID(p.Document))
	require.NoError(t, err)
	require.Equal(t, cloudsign.StatusPending, doc.Status)
	require.EqualValues(t, 1, srv.Log().Tally(cloudsigntest.OpSendDocument).Requests)
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	srv, p, _ := fake(t)
	doc, err := send(t.Context(), p.client, cloudsign.DocumentID(p.Document))
	require.NoError(t, err)
	p.Wait = 0
	_, err = p.await(t.Context(), doc)
	require.ErrorContains(t, err, "--document "+p.Document)
	p.Wait = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.await(ctx, doc)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, p.sentence(err), "--document "+p.Document)
	srv.Refuse(p.Document, string(doc.Participants[1].ID), "高い")
	doc, err = p.await(t.Context(), doc)
	require.NoError(t, err)
	require.Equal(t, cloudsign.StatusCancelled, doc.Status)
}

func TestSentences(t *testing.T) {
	t.Parallel()
	p := &program{options: options{Document: "d1"}}
	for want, err := range map[string]error{
		"look at the document":      &countersign.Error{Kind: countersign.ErrOutcomeUnknown},
		"apply for the Web API":     &countersign.Error{Kind: cloudsign.ErrAPIOptionRequired},
		"try again later; go on":    &countersign.Error{Kind: countersign.ErrUnavailable},
		"something is wrong":        errors.New("something is wrong"),
		"interrupted; go on with -": context.Canceled,
	} {
		require.Contains(t, p.sentence(err), want)
	}
}

// TestWrongInputLeavesNoDraft: what can be seen to be wrong makes no draft, and a
// draft that can't be completed is removed.
func TestWrongInputLeavesNoDraft(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer(cloudsigntest.WithMailDomain(func(domain string) bool { return domain != "nowhere.example" }))
	t.Cleanup(srv.Close)
	user := srv.AddUser(cloudsigntest.User{})
	dir := t.TempDir()
	pdf, text := filepath.Join(dir, "a.pdf"), filepath.Join(dir, "b.pdf")
	require.NoError(t, os.WriteFile(pdf, []byte("%PDF-1.4\n%%EOF\n"), 0o600))
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	for want, change := range map[string]func(*options){
		"is not a PDF file":     func(o *options) { o.PDF = text },
		"is no address":         func(o *options) { o.Email = "notanemail" },
		"the draft was removed": func(o *options) { o.Email = "n@nowhere.example" },
		"leave out the PDF":     func(o *options) { o.Document = "d" },
		"--wait is negative":    func(o *options) { o.Wait = -1 },
	} {
		p := &program{options: defaults(t), out: &bytes.Buffer{}, err: &bytes.Buffer{}, baseURL: srv.URL()}
		p.Environment, p.ClientID, p.PDF, p.Name, p.Email = "sandbox", user.ClientID, pdf, "N", "n@example.jp"
		change(&p.options)
		require.ErrorContains(t, p.run(t.Context()), want)
	}
	made := srv.Log().Tally(cloudsigntest.OpCreateDocument).Answered
	require.EqualValues(t, 1, made)
	require.Equal(t, made, srv.Log().Tally(cloudsigntest.OpDeleteDocument).Answered)
}
