package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
)

// run takes the document as far as it gets, from wherever it stands.
func (p *program) run(ctx context.Context) error {
	switch {
	case p.Poll <= 0:
		return errors.New("--poll is not positive: give how often to look, such as 30s")
	case p.Wait < 0:
		return errors.New("--wait is negative: give how long to wait, such as 1h")
	case p.Document != "" && (p.PDF != "" || p.Name != "" || p.Email != ""):
		return errors.New("--document goes on with a document as it is: leave out the PDF, --name and --email, or --document")
	case p.Email != "":
		if _, err := mail.ParseAddress(p.Email); err != nil {
			return fmt.Errorf("--email %s is no address: write it as taro@example.co.jp", p.Email)
		}
	}
	if err := p.connect(); err != nil {
		return err
	}
	if p.people != nil {
		defer p.people.close()
	}
	doc, err := p.open(ctx)
	if err != nil {
		return err
	}
	if doc.Status == cloudsign.StatusDraft {
		if !p.Yes {
			p.say("not sent", "look at the draft, then go on with --yes --document "+p.Document)
			return nil
		}
		if doc, err = send(ctx, p.client, doc.ID); err != nil {
			return err
		}
		p.say("sent", recipients(doc))
	}
	if doc, err = p.await(ctx, doc); err != nil {
		return err
	}
	switch doc.Status {
	case cloudsign.StatusConcluded:
		return p.download(ctx, doc)
	case cloudsign.StatusCancelled:
		return errors.New("the document was declined or cancelled: " + doc.DeclineComment)
	}
	return fmt.Errorf("the document is %s, which is neither on its way nor concluded", doc.Status)
}

// say prints one step.
func (p *program) say(step, what string) { fmt.Fprintf(p.out, "%-12s%s\n", step, what) }

func recipients(doc *cloudsign.Document) string {
	var names []string
	for _, who := range doc.Participants {
		if who.Order > 0 {
			names = append(names, who.Name+" <"+who.Email+">")
		}
	}
	return strings.Join(names, ", ")
}

// open reads the document to go on with, or makes one.
func (p *program) open(ctx context.Context) (*cloudsign.Document, error) {
	if p.Document != "" {
		doc, err := p.client.Documents.Get(ctx, cloudsign.DocumentID(p.Document))
		if err == nil {
			p.say("document", fmt.Sprintf("%s (%s)", doc.Title, doc.Status))
		}
		return doc, err
	}
	file, err := p.contract()
	if err != nil {
		return nil, err
	}
	doc, err := p.client.Documents.Create(ctx, cloudsign.NewDocument{Title: p.Title, Note: p.Organization, Message: p.Message})
	if err != nil {
		return nil, err
	}
	p.Document = string(doc.ID)
	p.say("draft", doc.Title+" "+p.Document)
	id := doc.ID
	doc, err = prepare(ctx, p.client, id, file, cloudsign.NewParticipant{Name: p.Name, Email: p.Email, Organization: p.Organization})
	if err != nil {
		return nil, p.discard(ctx, id, err)
	}
	p.say("file", fmt.Sprintf("%s, %d page(s)", doc.Files[0].Name, doc.Files[0].TotalPages))
	p.say("recipient", recipients(doc))
	for _, field := range doc.Files[0].Widgets {
		p.say("field", fmt.Sprintf("%s on page %d at %d,%d", field.Type, field.Page+1, field.X, field.Y))
	}
	return doc, nil
}

// discard removes a draft that could not be completed: nothing can go on from it.
func (p *program) discard(ctx context.Context, id cloudsign.DocumentID, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := p.client.Documents.Delete(ctx, id); err != nil {
		return fmt.Errorf("%w; the incomplete draft %s is left, remove it in CloudSign", cause, id)
	}
	return fmt.Errorf("%w; the draft was removed", cause)
}

// snippet: prepare

// prepare puts a file, a recipient and the recipient's input fields into a draft.
func prepare(ctx context.Context, client *cloudsign.Client, id cloudsign.DocumentID, pdf countersign.Upload, who cloudsign.NewParticipant) (*cloudsign.Document, error) {
	file, err := client.Files.Upload(ctx, id, pdf)
	if err != nil {
		return nil, err
	}
	recipient, err := client.Participants.Add(ctx, id, who)
	if err != nil {
		return nil, err
	}
	doc := recipient.Document
	for _, field := range []cloudsign.NewWidget{
		{ParticipantID: recipient.New.ID, Type: cloudsign.WidgetText, X: 340, Y: 700, Label: "氏名"},
		{ParticipantID: recipient.New.ID, Type: cloudsign.WidgetSeal, X: 480, Y: 700},
	} {
		added, err := client.Widgets.Add(ctx, id, file.New.ID, field)
		if err != nil {
			return nil, err
		}
		doc = added.Document
	}
	return doc, nil
}

// end snippet

// snippet: send

// send sends a draft. When the answer is lost, it finds out whether the document
// went out, instead of mailing the recipient twice.
func send(ctx context.Context, client *cloudsign.Client, id cloudsign.DocumentID) (*cloudsign.Document, error) {
	doc, err := client.Documents.Send(ctx, id)
	if !errors.Is(err, countersign.ErrOutcomeUnknown) {
		return doc, err
	}
	doc, sent, lookup := client.Documents.Reconcile(ctx, id, func(d *cloudsign.Document) bool {
		return d != nil && d.Status != cloudsign.StatusDraft
	})
	if lookup != nil || !sent {
		return nil, errors.Join(err, lookup)
	}
	return doc, nil
}

// end snippet

// await reminds the recipient if asked to, and waits until the document is no
// longer pending.
func (p *program) await(ctx context.Context, doc *cloudsign.Document) (*cloudsign.Document, error) {
	if doc.Status == cloudsign.StatusPending && p.Remind {
		if _, err := p.client.Documents.Remind(ctx, doc.ID); err != nil {
			return nil, err
		}
		p.say("reminded", recipients(doc))
	}
	for deadline := time.Now().Add(p.Wait); doc.Status == cloudsign.StatusPending; {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("nobody has answered within %s: go on with --document %s", p.Wait, doc.ID)
		}
		fmt.Fprintln(p.err, "waiting for", recipients(doc))
		if p.people != nil {
			p.people.act(doc)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(p.Poll):
		}
		var err error
		if doc, err = p.client.Documents.Get(ctx, doc.ID); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// download saves the signed files and the certificate.
func (p *program) download(ctx context.Context, doc *cloudsign.Document) error {
	p.say("concluded", doc.LastProcessedAt.Local().Format(time.DateTime))
	if err := os.MkdirAll(p.Data, 0o750); err != nil {
		return err
	}
	for i, f := range doc.Files {
		d, err := p.client.Files.Download(ctx, doc.ID, f.ID)
		if err := p.save(fmt.Sprintf("%s-%d.pdf", doc.ID, i+1), d, err); err != nil {
			return err
		}
	}
	d, err := p.client.Files.DownloadCertificate(ctx, doc.ID)
	if err := p.save(string(doc.ID)+"-certificate.pdf", d, err); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "signing: document=%s status=%s files=%d certificate=1\n", doc.ID, doc.Status, len(doc.Files))
	return err
}

// save writes a download to the data folder. The name is the document's id, so
// nothing that a recipient typed becomes part of a path.
func (p *program) save(name string, d *countersign.Download, err error) error {
	if err != nil {
		return err
	}
	path := filepath.Join(p.Data, filepath.Base(name))
	n, err := d.SaveAs(path)
	if err == nil {
		p.say("saved", fmt.Sprintf("%s (%d bytes)", path, n))
	}
	return err
}
