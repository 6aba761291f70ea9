package digipost_test

import (
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// Everything that is sent and everything that the fake answers is valid by the
// vendor's schemas.
func TestSchemaDigipost(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	w := newWorld(t, digiposttest.WithDocuments(v.see))
	ctx := t.Context()
	for name, e := range endpoints() {
		require.NoError(t, e.call(ctx, w), name)
	}
	for name, m := range w.messages() {
		_, err := w.client.Messages.Send(ctx, m)
		require.NoError(t, err, name)
	}
	_, err := w.client.Messages.Send(ctx, digipost.Message{Sender: 1, Recipient: w.message().Recipient, Primary: letter("x")})
	require.ErrorIs(t, err, digipost.ErrNotAuthorised)
	_, err = w.client.Senders.Get(ctx, 1)
	require.NoError(t, err)
	for _, r := range w.recipients() {
		_, err = w.client.Recipients.Identify(ctx, r)
		require.NoError(t, err)
	}
	w.srv.AddEvents(w.events()...)
	require.NoError(t, endpoints()["Documents.Events"].call(ctx, w))
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{
		Reference: "r", Subject: "Post", Sender: "Posten", ContentType: "application/pdf", Attachments: []digiposttest.InboxDocument{{Sender: "Posten"}},
	})
	require.NoError(t, endpoints()["Inbox.List"].call(ctx, w))
	added, err := w.client.Archive.Add(ctx, w.archive())
	require.NoError(t, err)
	require.Len(t, added, 2)

	roots, err := v.check()
	require.NoError(t, err)
	for _, root := range []string{
		"entrypoint", "error", "sender-information", "identification", "identification-result", "recipients", "autocomplete", "user-information", "user-account",
		"tag", "tags", "message", "message-delivery", "document-status", "document-events", "additional-data", "inbox", "batch", "archives", "archive",
		"archive-document", "archive-document-content", "share-documents-request-state", "shared-document-content",
	} {
		require.Positive(t, roots[root], root)
	}
	total := 0
	for _, n := range roots {
		total += n
	}
	t.Logf("proof: digipost schema documents=%d kinds=%d invalid=0", total, len(roots))
}

// The checker finds what is wrong, in data types too.
func TestSchemaFindsMistakes(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{
		`<batch xmlns="http://api.digipost.no/schema/v8"><uuidd>x</uuidd></batch>`,
		`<additional-data xmlns="http://api.digipost.no/schema/v8"><data-type>` + strings.Replace(payslip, "42", "much", 1) + `</data-type></additional-data>`,
	} {
		v := newValidator(t)
		v.see([]byte(`<?xml version="1.0"?>` + wrong))
		_, err := v.check()
		require.Error(t, err, wrong)
	}
}

// messages use every field that a message has.
func (w *world) messages() map[string]digipost.Message {
	now := w.srv.Clock().Now()
	full := w.message()
	full.Print, full.InvoiceReference, full.DeliveryTime = paper(), "42", now
	full.Primary.OpeningReceipt, full.Primary.TechnicalType = "Kvittering", "technical"
	full.Primary.SMS = &digipost.SMSNotification{At: []time.Time{now}, AfterHours: []int{0, 24}, Mobile: "99999999", Text: "Post"}
	full.Primary.Email = &digipost.EmailNotification{Email: "ola@example.com", Subject: "Post", Text: "Les", At: []time.Time{now, now}}
	full.Primary.Data = digipost.Invoice{
		Link: &digipost.ExternalLink{URL: "https://example.com", Deadline: now, Description: "Betal", ButtonText: "Nå"}, Due: now, Sum: decimal("42.50"), Account: "01235424320", KID: "1",
	}
	full.Attachments[0].Data = digipost.Inkasso{Due: now, Sum: decimal("42"), Account: "01235424320", KID: "1"}
	full.Attachments[0].SMS = &digipost.SMSNotification{}
	full.PrintIfUnread = &digipost.PrintIfUnread{After: now.Add(time.Hour), Print: *foreignPaper()}

	organisation := w.message()
	organisation.Sender, organisation.SenderOrganisation = 0, &digipost.SenderOrganisation{ID: "984661185", Part: "p"}
	organisation.Attachments[0].Data = digipost.Inkasso{Due: now}
	invited := w.message()
	invited.Recipient.PersonalID = "12345678901"
	invited.Registration = &digipost.RegistrationRequest{Deadline: now.Add(time.Hour), Phone: "99999999", Email: "ola@example.com", Print: paper()}
	out := map[string]digipost.Message{"full": full, "organisation": organisation, "invited": invited, "shared": w.request()}
	for name, r := range w.recipients() {
		m := w.message()
		m.Recipient, m.Print = r, paper()
		out[name] = m
	}
	for name, r := range map[string]digipost.Recipient{
		"emails": {Emails: []string{"a@example.com", "b@example.com"}},
		"peppol": {Peppol: &digipost.Peppol{Receiver: digipost.PeppolAddress{Scheme: "0192", Endpoint: "984661185"}, Sender: digipost.PeppolAddress{Scheme: "0192", Endpoint: "910336819"}}},
		"paper":  {},
	} {
		m := w.message()
		m.Recipient = r
		if name == "paper" {
			m.Print = foreignPaper()
		}
		out[name] = m
	}
	return out
}

// recipients are those whom identification knows.
func (w *world) recipients() map[string]digipost.Recipient {
	w.srv.AddKnown("22345678901")
	return map[string]digipost.Recipient{
		"user": {PersonalID: "01043100358"}, "known": {PersonalID: "22345678901"}, "nobody": {PersonalID: "12345678901"},
		"organisation number": {Organisation: "984661185"}, "address": {Address: "kunde123#1A2B"}, "bank account": {BankAccount: "01235424320"},
		"name": {NameAndAddress: &digipost.NameAndAddress{
			FullName: "Ola Nordmann", AddressLine1: "Prinsensveien 123", AddressLine2: "Oppgang B", PostalCode: "0460", City: "Oslo",
			BirthDate: countersign.Date{Year: 1970, Month: 3, Day: 1}, Phone: "99999999", Email: "ola@example.com",
		}},
	}
}

func (w *world) events() []digiposttest.Event {
	now := w.srv.Clock().Now().Add(-time.Minute)
	event := func(kind, metadata string, details map[string]string) digiposttest.Event {
		return digiposttest.Event{
			Broker: w.broker.ID, SenderID: w.customer.SenderID, UUID: digipost.NewUUID(), Type: kind, Created: now, Metadata: metadata, Details: details,
		}
	}
	return []digiposttest.Event{
		event("OPENED", "", nil), event("SHREDDED", "", nil),
		event("PRINT_FAILED", "failed-print-metadata", map[string]string{"error-code": "INVALID_PDF_CONTENT"}),
		event("SMS_NOTIFICATION_FAILED", "sms-notification-failed-metadata", map[string]string{"mobile-number": "99999999", "error-code": "X"}),
		event("EMAIL_NOTIFICATION_FAILED", "email-notification-failed-metadata", map[string]string{"email-address": "a@example.com", "error-code": "X"}),
		event("POSTMARKED", "postmarked-metadata", map[string]string{"postmarked-date": "2026-04-01T09:00:00+02:00"}),
		event("REQUEST_FOR_REGISTRATION_EXPIRED", "request-for-registration-expired-metadata", map[string]string{"fallback-channel": "print"}),
	}
}

func (w *world) archive() digipost.NewArchived {
	return digipost.NewArchived{
		Archive: "bilag", SenderOrganisation: &digipost.SenderOrganisation{ID: "984661185"}, Documents: []digipost.NewArchivedDocument{
			{
				UUID: digipost.UUIDOf("invoice 1"), FileName: "faktura.txt", FileType: "txt", Reference: "1", DeleteAfter: w.srv.Clock().Now().AddDate(5, 0, 0),
				Attributes: []digipost.ArchiveAttribute{{Key: "INR", Value: "123123"}, {Key: "custid", Value: ""}}, Content: letter("Hei").Content,
			},
			{FileType: "txt", Content: letter("Hei").Content},
		},
	}
}

func decimal(s string) countersign.Decimal {
	d, err := countersign.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

func paper() *digipost.Print {
	return &digipost.Print{
		To:     digipost.PostalAddress{Name: "Ola Nordmann", AddressLine1: "Prinsensveien 123", ZipCode: "0460", City: "Oslo"},
		Return: digipost.PostalAddress{Name: "Kunde AS", AddressLine1: "Storgata 1", ZipCode: "0155", City: "Oslo"},
	}
}

func foreignPaper() *digipost.Print {
	p := paper()
	p.To = digipost.PostalAddress{Name: "Sven Svensson", Foreign: &digipost.ForeignAddress{AddressLine1: "Gatan 1", AddressLine2: "111 22 Stockholm", CountryCode: "SE"}}
	p.Return.Foreign, p.Return.AddressLine1, p.Return.ZipCode, p.Return.City = &digipost.ForeignAddress{
		AddressLine1: "Gatan 2", AddressLine2: "c/o", AddressLine3: "Hus 1", AddressLine4: "111 22 Stockholm", Country: "Sverige",
	}, "", "", ""
	p.Colours, p.Undeliverable, p.Instructions = true, digipost.Shred, []digipost.PrintInstruction{{Key: "k", Value: "v"}}
	return p
}
