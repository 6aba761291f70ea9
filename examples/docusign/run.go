package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"path/filepath"
	"slices"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/docusignaccount"
)

func (p *program) run(ctx context.Context) error {
	definition, err := p.definition()
	if err != nil {
		return err
	}
	account, err := docusignaccount.Open(ctx, p.Options, p.err)
	if err != nil {
		return err
	}
	defer account.Close()
	if err := p.check(ctx, account); err != nil {
		return err
	}
	made, err := account.Client.Envelopes.CreateOnce(ctx, definition)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "envelope %s: %s\n", made.ID, made.Status)
	if account.Simulation != nil {
		p.sign(account.Simulation, string(made.ID))
	}
	fmt.Fprintln(p.err, "waiting until everybody has signed (DocuSign allows a look every 15 minutes)")
	envelope, err := account.Client.Envelopes.Wait(ctx, made.ID, docusign.WaitOptions{Include: []docusign.Include{docusign.IncludeRecipients}})
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
	return p.save(ctx, account.Client, made.ID)
}

// sign plays the recipients of a simulated envelope, in their order.
func (p *program) sign(srv *docusigntest.Server, id string) {
	for {
		envelope, _ := srv.Envelope(id)
		i := slices.IndexFunc(envelope.Recipients, func(r docusigntest.Recipient) bool { return r.Status == "sent" })
		if i < 0 {
			return
		}
		srv.Sign(id, envelope.Recipients[i].ID)
		fmt.Fprintln(p.err, "simulated:", envelope.Recipients[i].Name, "opens the envelope and signs")
	}
}

// definition is the envelope to make.
func (p *program) definition() (docusign.EnvelopeDefinition, error) {
	d := docusign.EnvelopeDefinition{Status: docusign.EnvelopeSent, EmailSubject: p.Subject}
	if p.Template != "" && p.PDF != "" {
		return d, errors.New("--template and --pdf exclude each other: send a template or a file")
	}
	if address, err := mail.ParseAddress(p.Email); err != nil || address.Address != p.Email {
		return d, fmt.Errorf("--email %q is not an address: give one such as robin@example.com", p.Email)
	}
	if p.Template != "" {
		d.TemplateID = docusign.TemplateID(p.Template)
		d.TemplateRoles = []docusign.TemplateRole{{RoleName: p.Role, Name: p.Name, Email: p.Email}}
		return d, nil
	}
	name, content := "contract.pdf", page
	if p.PDF != "" {
		var err error
		if content, err = readPDF(p.PDF); err != nil {
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

// save writes the signed documents and the certificate into a folder.
func (p *program) save(ctx context.Context, client *docusign.Client, id docusign.EnvelopeID) error {
	for _, document := range []docusign.DocumentID{docusign.Combined, docusign.Certificate} {
		d, err := client.Documents.Download(ctx, id, document, docusign.DownloadOptions{})
		if err != nil {
			return err
		}
		path := filepath.Join(p.Out, string(id)+" "+string(document)+".pdf")
		size, err := d.SaveAs(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "saved %s (%d bytes)\n", path, size)
	}
	return nil
}

// template is what the simulated account sends for --template.
const template = `{"name": "Offer", "emailSubject": "Your offer", "documents": [{"documentId": "1", "name": "offer.pdf"}],
	"recipients": {"signers": [{"recipientId": "1", "roleName": "customer"}]}}`

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
