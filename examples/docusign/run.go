package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

func (p *program) run(ctx context.Context) error {
	account, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer account.close()
	definition, err := p.definition()
	if err != nil {
		return err
	}
	made, err := account.client.Envelopes.CreateOnce(ctx, definition)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "envelope %s: %s\n", made.ID, made.Status)
	if p.Draft {
		return p.openDraft(ctx, account.client, made.ID)
	}
	account.recipientActs(made.ID)
	fmt.Fprintln(p.err, "waiting until everybody has signed (DocuSign allows a look every 15 minutes)")
	envelope, err := account.client.Envelopes.Wait(ctx, made.ID, docusign.WaitOptions{Include: []docusign.Include{docusign.IncludeRecipients}})
	if err != nil {
		return err
	}
	for _, r := range envelope.Recipients.All() {
		fmt.Fprintf(p.out, "%s <%s>: %s\n", r.Name, r.Email, r.Status)
	}
	fmt.Fprintf(p.out, "envelope %s: %s\n", made.ID, envelope.Status)
	if envelope.Status != docusign.EnvelopeCompleted {
		return nil
	}
	return p.save(ctx, account.client, made.ID)
}

// definition is the envelope to make.
func (p *program) definition() (docusign.EnvelopeDefinition, error) {
	d := docusign.EnvelopeDefinition{Status: docusign.EnvelopeSent, EmailSubject: p.Subject}
	if p.Draft {
		d.Status = docusign.EnvelopeCreated
	}
	if p.Template != "" {
		d.TemplateID = docusign.TemplateID(p.Template)
		d.TemplateRoles = []docusign.TemplateRole{{RoleName: p.Role, Name: p.Name, Email: p.Email}}
		return d, nil
	}
	name, content := "contract.pdf", page
	if p.PDF != "" {
		var err error
		if content, err = os.ReadFile(p.PDF); err != nil {
			return d, err
		}
		name = filepath.Base(p.PDF)
	}
	d.Documents = []docusign.Document{{ID: "1", Name: name, FileExtension: "pdf", Content: content}}
	d.Recipients = &docusign.Recipients{Signers: []docusign.Recipient{{
		ID: "1", Name: p.Name, Email: p.Email, RoutingOrder: "1",
		Tabs: &docusign.Tabs{SignHere: []docusign.Tab{{DocumentID: "1", PageNumber: "1", X: "72", Y: "200"}}},
	}}}
	return d, nil
}

// openDraft prints where the sender finishes a draft.
func (p *program) openDraft(ctx context.Context, client *docusign.Client, id docusign.EnvelopeID) error {
	address, err := client.Views.Sender(ctx, id, "https://example.com/")
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "finish it here, once and soon:", address)
	return nil
}

// save writes the signed documents and the certificate into a folder.
func (p *program) save(ctx context.Context, client *docusign.Client, id docusign.EnvelopeID) error {
	if err := os.MkdirAll(p.Out, 0o700); err != nil {
		return err
	}
	for _, document := range []docusign.DocumentID{docusign.Combined, docusign.Certificate} {
		d, err := client.Documents.Download(ctx, id, document, docusign.DownloadOptions{})
		if err != nil {
			return err
		}
		path := filepath.Join(p.Out, string(id)+" "+string(document)+".pdf")
		size, err := writeFile(path, d)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "saved %s (%d bytes)\n", path, size)
	}
	return nil
}

// writeFile streams a download into a file, which appears when it is whole.
func writeFile(path string, d *countersign.Download) (size int64, err error) {
	defer func() { err = errors.Join(err, d.Close()) }()
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // no file any more when all went well
	size, err = io.Copy(f, d)
	if err = errors.Join(err, f.Close()); err != nil {
		return size, err
	}
	return size, os.Rename(f.Name(), path)
}

// page is the document that is sent when none is named.
var page = []byte(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 50>>stream
BT /F1 18 Tf 72 770 Td (Countersign example) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
`)
