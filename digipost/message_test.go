package digipost_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// Each kind of recipient goes out on its channel, with what was said about it.
func TestChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, channel := range map[string]digipost.Channel{
		"full": digipost.ChannelDigipost, "organisation": digipost.ChannelDigipost, "invited": digipost.ChannelPending, "emails": digipost.ChannelEmail,
		"peppol": digipost.ChannelPeppol, "paper": digipost.ChannelPrint, "bank account": digipost.ChannelPrint,
	} {
		d, err := w.client.Messages.Send(t.Context(), w.messages()[name])
		require.NoError(t, err, name)
		require.Equal(t, channel, d.Channel, name)
		require.Equal(t, w.sender(), d.SenderID, name)
		sent := w.srv.Messages()
		require.Equal(t, d.MessageID, sent[len(sent)-1].ID)
	}
}

// What stands in a message arrives as it was said.
func TestMessageFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client.Messages.Send(t.Context(), w.messages()["full"])
	require.NoError(t, err)
	got := string(w.srv.Messages()[0].XML)
	for _, part := range []string{
		"<opening-receipt>Kvittering</opening-receipt>", `technical-type="technical"`, "<sms-mobile-number>99999999</sms-mobile-number><text>Post</text>",
		"<after-hours>0</after-hours><after-hours>24</after-hours>", `<at time="2026-04-01T09:00:00Z">`, "<print-if-unread-after>2026-04-01T10:00:00Z</print-if-unread-after>",
		"<color>COLORS</color><nondeliverable-handling>SHRED</nondeliverable-handling>", "<country-code>SE</country-code>", "<country>Sverige</country>",
		"<print-instruction><key>k</key><value>v</value></print-instruction>", `<invoice xmlns="http://api.digipost.no/schema/datatypes"><link><url>https://example.com</url>`,
		"<sum>42.50</sum><creditor-account>01235424320</creditor-account><kid>1</kid></invoice>", "<inkasso ", "<sms-notification></sms-notification>",
	} {
		require.Contains(t, got, part)
	}
}

// badMessages are messages with a mistake, by the field that the refusal names.
func badMessages() map[string][]func(*digipost.Message) {
	long := strings.Repeat("æ", 256)
	return map[string][]func(*digipost.Message){
		"Sender":             {func(m *digipost.Message) { m.Sender = -1 }, func(m *digipost.Message) { m.SenderOrganisation = &digipost.SenderOrganisation{ID: "1"} }},
		"SenderOrganisation": {func(m *digipost.Message) { m.Sender, m.SenderOrganisation = 0, &digipost.SenderOrganisation{} }},
		"Recipient":          {func(m *digipost.Message) { m.Recipient.Address = "a#1234" }, func(m *digipost.Message) { m.Recipient = digipost.Recipient{} }},
		"Emails":             {func(m *digipost.Message) { m.Recipient = digipost.Recipient{Emails: make([]string, 51)} }},
		"Peppol":             {func(m *digipost.Message) { m.Recipient = digipost.Recipient{Peppol: &digipost.Peppol{}} }},
		"NameAndAddress": {
			func(m *digipost.Message) {
				m.Recipient = digipost.Recipient{NameAndAddress: &digipost.NameAndAddress{FullName: "Ola"}}
			},
			func(m *digipost.Message) {
				m.Recipient = digipost.Recipient{NameAndAddress: &digipost.NameAndAddress{FullName: long, AddressLine1: "a", PostalCode: "1", City: "b"}}
			},
		},
		"InvoiceReference": {func(m *digipost.Message) { m.InvoiceReference = long }},
		"Attachments":      {func(m *digipost.Message) { m.Attachments = slices.Repeat(m.Attachments, 100) }},
		"Batch":            {func(m *digipost.Message) { m.Batch = "1" }},
	}
}

func badDocuments(now time.Time) map[string][]func(*digipost.Message) {
	long := strings.Repeat("æ", 256)
	return map[string][]func(*digipost.Message){
		"Primary.Subject":            {func(m *digipost.Message) { m.Primary.Subject = long }},
		"Primary.FileType":           {func(m *digipost.Message) { m.Primary.FileType = "" }},
		"Primary.Authentication":     {func(m *digipost.Message) { m.Primary.Authentication = "" }},
		"Attachments[0].Sensitivity": {func(m *digipost.Message) { m.Attachments[0].Sensitivity = "" }},
		"Primary.Content.Open":       {func(m *digipost.Message) { m.Primary.Content.Open = nil }},
		"Primary.UUID":               {func(m *digipost.Message) { m.Primary.UUID = "a\"\r\nX: y" }},
		"Primary.SMS": {
			func(m *digipost.Message) { m.Primary.SMS = &digipost.SMSNotification{Mobile: "1"} },
			func(m *digipost.Message) { m.Primary.SMS = &digipost.SMSNotification{AfterHours: []int{-1}} },
		},
		"Primary.Email": {
			func(m *digipost.Message) { m.Primary.Email = &digipost.EmailNotification{Email: "a"} },
			func(m *digipost.Message) {
				m.Primary.Email = &digipost.EmailNotification{Email: "a", Subject: long, Text: "a", At: []time.Time{now}}
			},
			func(m *digipost.Message) {
				m.Primary.Email = &digipost.EmailNotification{Email: "a", Subject: "a", At: []time.Time{now}}
			},
		},
		"DataType": {
			func(m *digipost.Message) { m.Primary.Data = digipost.Invoice{} },
			func(m *digipost.Message) { m.Primary.Data = digipost.Inkasso{} },
			func(m *digipost.Message) { m.Primary.Data = digipost.ShareDocumentsRequest{Purpose: "x"} },
			func(m *digipost.Message) { m.Primary.Data = digipost.RawDataType("<a/>") },
		},
	}
}

func badPrints(now time.Time) map[string][]func(*digipost.Message) {
	long := strings.Repeat("æ", 256)
	return map[string][]func(*digipost.Message){
		"PrintIfUnread": {func(m *digipost.Message) { m.PrintIfUnread = &digipost.PrintIfUnread{Print: *paper()} }},
		"Registration":  {func(m *digipost.Message) { m.Registration = &digipost.RegistrationRequest{} }},
		"Print.To":      {func(m *digipost.Message) { m.Print = paper(); m.Print.To.Name = "" }},
		"Print.Instructions": {func(m *digipost.Message) {
			m.Print = paper()
			m.Print.Instructions = make([]digipost.PrintInstruction, 1)
		}},
		"Print.Return": {
			func(m *digipost.Message) { m.Print = paper(); m.Print.Return.ZipCode = "" },
			func(m *digipost.Message) { m.Print = paper(); m.Print.Return.AddressLine3 = long },
			func(m *digipost.Message) { m.Print = paper(); m.Print.Return.Foreign = &digipost.ForeignAddress{} },
			func(m *digipost.Message) { m.Print = foreignPaper(); m.Print.Return.Foreign.AddressLine1 = "" },
			func(m *digipost.Message) { m.Print = foreignPaper(); m.Print.Return.Foreign.CountryCode = "SE" },
			func(m *digipost.Message) {
				m.PrintIfUnread = &digipost.PrintIfUnread{After: now, Print: *foreignPaper()}
				m.PrintIfUnread.Print.Return.Foreign.Country = ""
			},
		},
	}
}

func TestMessagesRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := badMessages()
	maps.Copy(bad, badDocuments(w.srv.Clock().Now()))
	maps.Copy(bad, badPrints(w.srv.Clock().Now()))
	for field, changes := range bad {
		for _, change := range changes {
			m := w.message()
			change(&m)
			_, err := w.client.Messages.Send(t.Context(), m)
			e, ok := errors.AsType[*countersign.ConfigError](err)
			require.True(t, ok, field)
			require.Equal(t, field, e.Field)
		}
	}
	require.Zero(t, w.srv.Log().Tally(digiposttest.OpSend).Requests)
	_, err := w.client.Recipients.Identify(t.Context(), digipost.Recipient{Emails: []string{"a@example.com"}})
	require.ErrorIs(t, err, countersign.ErrInvalid, "identification knows no e-mail addresses")
}

// More attachments go out where the broker says that they may.
func TestMaxAttachments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.message()
	m.Attachments = slices.Repeat(m.Attachments, 100)
	c, err := digipost.New(digipost.Config{
		BrokerID: digipost.BrokerID(w.broker.ID), Auth: digipost.SignatureAuth{Key: brokerKey()}, Clock: w.srv.Clock().Now, MaxAttachments: 201,
	}, w.opts...)
	require.NoError(t, err)
	d, err := c.Messages.Send(t.Context(), m)
	require.NoError(t, err)
	require.Len(t, d.Documents, 101)
}

// Data that comes later stands beside the document; it needs the document's link.
func TestAddData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := w.client.Messages.Send(t.Context(), w.message())
	require.NoError(t, err)
	data := digipost.AdditionalData{Data: digipost.RawDataType("\n" + payslip + "\n"), Sender: w.sender()}
	require.NoError(t, w.client.Documents.AddData(t.Context(), d.Details[1], data))
	require.Equal(t, []string{payslip}, w.srv.Messages()[0].Documents[1].Data)
	for _, bad := range []digipost.AdditionalData{{}, {Data: data.Data, Sender: -1}, {Data: data.Data, Sender: 1, SenderOrganisation: &digipost.SenderOrganisation{ID: "1"}}} {
		require.ErrorIs(t, w.client.Documents.AddData(t.Context(), d.Details[1], bad), countersign.ErrInvalid)
	}
	_, ok := errors.AsType[*digipost.LinkError](w.client.Documents.AddData(t.Context(), digipost.DeliveredDocument{}, data))
	require.True(t, ok)
}

// Whatever goes wrong with the recipient's Digipost, paper is not the answer to it.
func TestNoPrintAfterError(t *testing.T) {
	t.Parallel()
	for _, op := range []string{digiposttest.OpEntryPoint, digiposttest.OpIdentify, digiposttest.OpSend} {
		for _, fault := range []countersigntest.Fault{
			countersigntest.Status(400), countersigntest.Status(401), countersigntest.Status(403), countersigntest.Status(404), countersigntest.Status(500),
			countersigntest.Status(503), countersigntest.TooManyRequests(0), countersigntest.CutBody(10),
		} {
			w := newWorld(t)
			w.srv.Faults().Add(countersigntest.Rule{Operation: op, Fault: fault})
			_, err := w.client.Messages.SendOrPrint(t.Context(), w.message(), *paper())
			require.Error(t, err, op)
			for _, m := range w.srv.Messages() {
				require.Equal(t, "DIGIPOST", m.Channel)
			}
		}
	}
}

// Asking for a registration and printing exclude each other, and bad paper is found
// before anybody is asked.
func TestSendOrPrintRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client.Messages.SendOrPrint(t.Context(), w.messages()["invited"], *paper())
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = w.client.Messages.SendOrPrint(t.Context(), w.message(), digipost.Print{})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Zero(t, w.srv.Log().Tally(digiposttest.OpIdentify).Requests)

	m := w.messages()["full"]
	m.Recipient = digipost.Recipient{PersonalID: "12345678901"}
	d, err := w.client.Messages.SendOrPrint(t.Context(), m, *paper())
	require.NoError(t, err)
	require.Equal(t, digipost.ChannelPrint, d.Channel)
	require.NotContains(t, string(w.srv.Messages()[0].XML), "print-if-unread")
}

// A data type is one element of its namespace; anything else is refused here.
func TestRawDataType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.message()
	for _, good := range []string{payslip, " \n" + payslip + "\n", `<d:payslip xmlns:d="http://api.digipost.no/schema/datatypes"><!-- c --><d:net-amount>1</d:net-amount></d:payslip>`} {
		m.Primary.Data = digipost.RawDataType(good)
		_, err := w.client.Messages.Send(t.Context(), m)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{
		"", " ", "text", "<payslip/>", payslip + payslip, payslip + "text", `<?xml version="1.0"?>` + payslip, "<!DOCTYPE a>" + payslip, payslip + "</data-type>",
		payslip[:len(payslip)-1], `<payslip xmlns="http://api.digipost.no/schema/datatypes"><!DOCTYPE a></payslip>`, "<!-- c -->" + payslip,
	} {
		m.Primary.Data = digipost.RawDataType(bad)
		_, err := w.client.Messages.Send(t.Context(), m)
		require.ErrorIs(t, err, countersign.ErrInvalid, bad)
	}
}
