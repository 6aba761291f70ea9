package digipost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// effect is what a lost answer of an endpoint may lead to.
type effect int

const (
	reads  effect = iota // asked for again
	again                // sent again, without a second effect
	once                 // never sent again: the outcome is not known
	stream               // the reader sees the end
)

// endpoint is one call of the client, in the table that all endpoints go through.
// Its call may be made many times; what it needs it makes itself.
type endpoint struct {
	op     string // of the fake's log
	effect effect
	call   func(ctx context.Context, w *world) error
}

var errUnexpected = errors.New("the answer is not what was expected")

// want is err, or an error where the condition does not hold.
func want(err error, condition func() bool) error {
	if err == nil && !condition() {
		return errUnexpected
	}
	return err
}

func endpoints() map[string]endpoint {
	all := map[string]endpoint{}
	for _, part := range []map[string]endpoint{peopleEndpoints(), tagEndpoints(), mailEndpoints(), batchEndpoints(), archiveEndpoints(), sharedEndpoints()} {
		maps.Copy(all, part)
	}
	return all
}

func peopleEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"Links": {digiposttest.OpEntryPoint, reads, func(ctx context.Context, w *world) error {
			w.srv.Clock().Advance(6 * time.Minute) // what is remembered is forgotten
			links, err := w.client.Links(ctx, 0)
			return want(err, func() bool { return len(links) > 10 })
		}},
		"Links of a sender": {digiposttest.OpSenderEntryPoint, reads, func(ctx context.Context, w *world) error {
			w.srv.Clock().Advance(6 * time.Minute)
			links, err := w.client.Links(ctx, w.sender())
			return want(err, func() bool { return len(links) > 10 })
		}},
		"Do": {digiposttest.OpSender, reads, func(ctx context.Context, w *world) error {
			var m struct {
				Status string `xml:"status"`
			}
			err := w.client.Do(ctx, digipost.Request{Relation: "get_sender_information", More: []string{fmt.Sprint(w.sender())}}, &m)
			return want(err, func() bool { return m.Status == "VALID_SENDER" })
		}},
		"Senders.Get": {digiposttest.OpSender, reads, func(ctx context.Context, w *world) error {
			s, err := w.client.Senders.Get(ctx, w.sender())
			return want(err, func() bool { return s.Valid() && s.Has(digipost.FeatureDigipost) })
		}},
		"Senders.GetByOrganisation": {digiposttest.OpSender, reads, func(ctx context.Context, w *world) error {
			s, err := w.client.Senders.GetByOrganisation(ctx, "984661185")
			return want(err, func() bool { return s.SenderID == w.sender() })
		}},
		"Senders.GetByPart": {digiposttest.OpSender, reads, func(ctx context.Context, w *world) error {
			s, err := w.client.Senders.GetByPart(ctx, "984661185", "part")
			return want(err, func() bool { return s.SenderID == w.sender() })
		}},
		"Recipients.Identify": {digiposttest.OpIdentify, reads, func(ctx context.Context, w *world) error {
			i, err := w.client.Recipients.Identify(ctx, digipost.Recipient{Address: "kunde123#1A2B"})
			return want(err, func() bool {
				return i.Result == digipost.ResultDigipost && i.Address == "kunde123#1A2B" && i.Alias == ""
			})
		}},
		"Recipients.IdentifyWithAlias": {digiposttest.OpIdentify, reads, func(ctx context.Context, w *world) error {
			i, err := w.client.Recipients.IdentifyWithAlias(ctx, digipost.Recipient{Address: "kunde123#1A2B"})
			return want(err, func() bool { return i.Alias != "" })
		}},
		"Recipients.Search": {digiposttest.OpSearch, reads, func(ctx context.Context, w *world) error {
			found, err := w.client.Recipients.Search(ctx, "Kunde123")
			return want(err, func() bool { return len(found) == 1 && found[0].Organisation == "984661185" })
		}},
		"Recipients.Suggest": {digiposttest.OpSuggest, reads, func(ctx context.Context, w *world) error {
			terms, err := w.client.Recipients.Suggest(ctx, "Kunde")
			return want(err, func() bool { return len(terms) == 1 && terms[0] == "kunde123#1A2B" })
		}},
		"Recipients.CreateAccount": {digiposttest.OpCreateAccount, once, func(ctx context.Context, w *world) error {
			a, err := w.client.Recipients.CreateAccount(ctx, digipost.NewUser{PersonalID: "01043100358", Phone: "99999999", Email: "ola@example.com"})
			return want(err, func() bool { return a.Address != "" && a.EncryptionKey != "" })
		}},
	}
}

func tagEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"Tags.AddPublicMailbox": {digiposttest.OpAddTag, again, func(ctx context.Context, w *world) error {
			return w.client.Tags.AddPublicMailbox(ctx, "01043100358")
		}},
		"Tags.RemovePublicMailbox": {digiposttest.OpRemoveTag, again, func(ctx context.Context, w *world) error {
			return w.client.Tags.RemovePublicMailbox(ctx, "01043100358")
		}},
		"Tags.Get": {digiposttest.OpTags, reads, func(ctx context.Context, w *world) error {
			if err := w.client.Tags.AddPublicMailbox(ctx, "01043100358"); err != nil {
				return err
			}
			tags, err := w.client.Tags.Get(ctx, "01043100358")
			return want(err, func() bool { return len(tags) == 1 && tags[0] == digipost.TagPublicMailbox })
		}},
	}
}

func mailEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"Messages.Send": {digiposttest.OpSend, again, func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.Send(ctx, w.message())
			return want(err, func() bool {
				return d.Duplicate || d.Channel == digipost.ChannelDigipost && d.SenderID == w.sender() && len(d.Details) == 2 && d.Details[1].UUID == d.Documents[1]
			})
		}},
		"Messages.SendOrPrint": {digiposttest.OpIdentify, reads, func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.SendOrPrint(ctx, w.message(), *paper())
			return want(err, func() bool { return d.Channel == digipost.ChannelDigipost })
		}},
		"Documents.Status": {digiposttest.OpStatus, reads, func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.Send(ctx, w.message())
			if err != nil {
				return err
			}
			s, err := w.client.Documents.Status(ctx, w.sender(), d.Documents[0])
			return want(err, func() bool { return s.Primary && s.ContentHash == d.Details[0].ContentHash.Value })
		}},
		"Documents.AddData": {digiposttest.OpAddData, once, func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.Send(ctx, w.message())
			if err != nil {
				return err
			}
			return w.client.Documents.AddData(ctx, d.Details[0], digipost.AdditionalData{Sender: w.sender(), Data: digipost.RawDataType(payslip)})
		}},
		"Documents.Events": {digiposttest.OpEvents, reads, func(ctx context.Context, w *world) error {
			now := w.srv.Clock().Now()
			_, err := w.client.Documents.Events(ctx, digipost.EventQuery{From: now.Add(-time.Hour), To: now})
			return err
		}},
		"Inbox.List": {digiposttest.OpInbox, reads, func(ctx context.Context, w *world) error {
			_, err := w.client.Inbox.List(ctx, w.sender(), 0, 0)
			return err
		}},
		"Inbox.Content": {digiposttest.OpInboxContent, stream, func(ctx context.Context, w *world) error {
			page, err := w.inbox(ctx)
			if err != nil {
				return err
			}
			return drain(w.client.Inbox.Content(ctx, page.Items[0]))
		}},
		"Inbox.Delete": {digiposttest.OpInboxDelete, again, func(ctx context.Context, w *world) error {
			page, err := w.inbox(ctx)
			if err != nil {
				return err
			}
			return w.client.Inbox.Delete(ctx, page.Items[0])
		}},
	}
}

// inbox lists an inbox in which mail just arrived.
func (w *world) inbox(ctx context.Context) (*countersign.Page[digipost.InboxDocument], error) {
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Subject: "Post", Sender: "Posten", ContentType: "application/pdf", Content: []byte("%PDF")})
	return w.client.Inbox.List(ctx, w.sender(), 0, 1)
}

// drain reads a stream to its end.
func drain(d *countersign.Download, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, d)
	return errors.Join(err, d.Close())
}

func batchEndpoints() map[string]endpoint {
	after := func(next func(context.Context, *digipost.Client, *digipost.Batch) error) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			b, err := w.client.Batches.Create(ctx, "")
			if err != nil {
				return err
			}
			return next(ctx, w.client, b)
		}
	}
	return map[string]endpoint{
		"Batches.Create": {digiposttest.OpCreateBatch, again, after(func(_ context.Context, _ *digipost.Client, b *digipost.Batch) error {
			return want(nil, func() bool { return b.Status == digipost.BatchCreated })
		})},
		"Batches.Get": {digiposttest.OpGetBatch, reads, after(func(ctx context.Context, c *digipost.Client, b *digipost.Batch) error {
			got, err := c.Batches.Get(ctx, b.UUID)
			return want(err, func() bool { return got.UUID == b.UUID && !got.Committed() })
		})},
		"Batches.Complete": {digiposttest.OpCompleteBatch, again, after(func(ctx context.Context, c *digipost.Client, b *digipost.Batch) error {
			got, err := c.Batches.Complete(ctx, b)
			return want(err, func() bool { return got.Committed() })
		})},
		"Batches.Cancel": {digiposttest.OpCancelBatch, again, after(func(ctx context.Context, c *digipost.Client, b *digipost.Batch) error {
			return c.Batches.Cancel(ctx, b)
		})},
	}
}

func archiveEndpoints() map[string]endpoint {
	with := func(next func(context.Context, *world, digipost.ArchivedDocument) error) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			uuid := digipost.NewUUID()
			w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{UUID: uuid, FileName: "a.pdf", FileType: "pdf", Reference: "ref/ø", Content: []byte("%PDF")})
			d, err := w.client.Archive.Get(ctx, w.sender(), uuid)
			if err != nil {
				return err
			}
			return next(ctx, w, *d)
		}
	}
	return map[string]endpoint{
		"Archive.List": {digiposttest.OpArchives, reads, with(func(ctx context.Context, w *world, _ digipost.ArchivedDocument) error {
			list, err := w.client.Archive.List(ctx, w.sender())
			return want(err, func() bool { return len(list) == 1 && list[0].SenderID == w.sender() })
		})},
		"Archive.Page": {digiposttest.OpArchive, reads, with(func(ctx context.Context, w *world, _ digipost.ArchivedDocument) error {
			list, err := w.client.Archive.List(ctx, w.sender())
			if err != nil {
				return err
			}
			page, err := w.client.Archive.Page(ctx, list[0], digipost.ArchiveQuery{}, "")
			return want(err, func() bool { return len(page.Items) > 0 && page.Next != "" })
		})},
		"Archive.Get": {digiposttest.OpArchiveGet, reads, with(func(_ context.Context, _ *world, d digipost.ArchivedDocument) error {
			return want(nil, func() bool { return d.FileName == "a.pdf" && d.ContentHash.Algorithm == "SHA256" })
		})},
		"Archive.FindByReference": {digiposttest.OpArchiveByReference, reads, with(func(ctx context.Context, w *world, _ digipost.ArchivedDocument) error {
			docs, err := w.client.Archive.FindByReference(ctx, w.sender(), "ref/ø")
			return want(err, func() bool { return len(docs) > 0 && docs[0].Reference == "ref/ø" })
		})},
		"Archive.Add": {digiposttest.OpArchiveAdd, once, func(ctx context.Context, w *world) error {
			docs, err := w.client.Archive.Add(ctx, digipost.NewArchived{Sender: w.sender(), Documents: []digipost.NewArchivedDocument{{FileType: "txt", Content: letter("Hei").Content}}})
			return want(err, func() bool { return len(docs) == 1 && docs[0].ContentType == "text/plain" })
		}},
		"Archive.Update": {digiposttest.OpArchiveUpdate, again, with(func(ctx context.Context, w *world, d digipost.ArchivedDocument) error {
			d.Reference, d.Attributes = "new", []digipost.ArchiveAttribute{{Key: "INR", Value: "1"}}
			got, err := w.client.Archive.Update(ctx, d)
			return want(err, func() bool { return got.Reference == "new" && got.Attribute("INR") == "1" })
		})},
		"Archive.AddUUID": {digiposttest.OpArchiveAddUUID, once, with(func(ctx context.Context, w *world, d digipost.ArchivedDocument) error {
			return w.client.Archive.AddUUID(ctx, d, digipost.NewUUID())
		})},
		"Archive.Delete": {digiposttest.OpArchiveDelete, again, with(func(ctx context.Context, w *world, d digipost.ArchivedDocument) error {
			return w.client.Archive.Delete(ctx, d)
		})},
		"Archive.Content": {digiposttest.OpArchiveContent, stream, with(func(ctx context.Context, w *world, d digipost.ArchivedDocument) error {
			return drain(w.client.Archive.Content(ctx, d))
		})},
		"Archive.ContentLink": {digiposttest.OpArchiveLink, reads, with(func(ctx context.Context, w *world, d digipost.ArchivedDocument) error {
			l, err := w.client.Archive.ContentLink(ctx, d)
			return want(err, func() bool { return l.ContentType == "application/pdf" && !l.URI.IsZero() })
		})},
	}
}

func sharedEndpoints() map[string]endpoint {
	with := func(next func(context.Context, *world, *digipost.SharedDocuments) error) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			d, err := w.client.Messages.Send(ctx, w.request())
			if err != nil {
				return err
			}
			if err := w.srv.Share(d.Documents[0], digiposttest.SharedDocument{Subject: "Lønn", FileType: "pdf", Organisation: "910336819", Name: "Arbeid AS", Content: []byte("%PDF")}); err != nil {
				return err
			}
			shared, err := w.client.Shared.Get(ctx, w.sender(), d.Documents[0])
			if err != nil {
				return err
			}
			return next(ctx, w, shared)
		}
	}
	return map[string]endpoint{
		"Shared.Get": {digiposttest.OpShared, reads, with(func(_ context.Context, _ *world, s *digipost.SharedDocuments) error {
			return want(nil, func() bool { return len(s.Documents) == 1 && s.Documents[0].Organisation.Number == "910336819" })
		})},
		"Shared.Content": {digiposttest.OpSharedContent, stream, with(func(ctx context.Context, w *world, s *digipost.SharedDocuments) error {
			return drain(w.client.Shared.Content(ctx, s.Documents[0]))
		})},
		"Shared.ContentLink": {digiposttest.OpSharedLink, reads, with(func(ctx context.Context, w *world, s *digipost.SharedDocuments) error {
			l, err := w.client.Shared.ContentLink(ctx, s.Documents[0])
			return want(err, func() bool { return !l.URI.IsZero() })
		})},
		"Shared.Stop": {digiposttest.OpStopSharing, once, with(func(ctx context.Context, w *world, s *digipost.SharedDocuments) error {
			return w.client.Shared.Stop(ctx, w.sender(), *s)
		})},
	}
}

// request is a message that asks for documents.
func (w *world) request() digipost.Message {
	m := w.message()
	m.Primary.Data = digipost.ShareDocumentsRequest{Duration: 14 * 24 * time.Hour, Purpose: "Lån", Origins: []digipost.OrganisationNumber{"984661185"}}
	return m
}

const payslip = `<payslip xmlns="http://api.digipost.no/schema/datatypes"><net-amount>42</net-amount></payslip>`

// failures are what every endpoint can meet, with the kind that comes of it.
var failures = map[*countersigntest.Fault]error{
	new(countersigntest.Status(400)):              countersign.ErrInvalid,
	new(countersigntest.Status(401)):              countersign.ErrUnauthorized,
	new(countersigntest.Status(403)):              countersign.ErrForbidden,
	new(countersigntest.Status(404)):              countersign.ErrNotFound,
	new(countersigntest.TooManyRequests(0)):       countersign.ErrRateLimited,
	new(countersigntest.Status(500)):              countersign.ErrUnavailable,
	new(countersigntest.Status(503)):              countersign.ErrUnavailable,
	new(countersigntest.TooManyRequests(2 << 30)): countersign.ErrRateLimited,
}

// Every endpoint works, and meets the failures that each of them can meet.
func TestContractDigipost(t *testing.T) {
	t.Parallel()
	for name, e := range endpoints() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, e.call(t.Context(), w))
			require.EqualValues(t, 1, w.srv.Log().Tally(e.op).Requests)
			for fault, kind := range failures {
				w.srv.Faults().Clear()
				w.srv.Faults().Add(countersigntest.Rule{Operation: e.op, Fault: *fault})
				err := e.call(t.Context(), w)
				if (e.effect == again || e.effect == once) && errors.Is(err, countersign.ErrOutcomeUnknown) {
					continue // a write that may have happened says so
				}
				require.ErrorIs(t, err, kind, fault.String())
			}
			w.srv.Faults().Clear()
			lostAnswer(t, w, e)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, e.call(ctx, w), context.Canceled)
		})
	}
	if !t.Failed() {
		t.Logf("proof: digipost contract rows=%d failures_each=%d", len(endpoints()), len(failures)+2)
	}
}

// lostAnswer loses the answer of one request after its work was done.
func lostAnswer(t *testing.T, w *world, e endpoint) {
	t.Helper()
	before := w.srv.Log().Tally(e.op).Requests
	fault := countersigntest.LoseAnswer()
	if e.effect == reads {
		fault = countersigntest.CutBody(20)
	}
	w.srv.Faults().Add(countersigntest.Rule{Operation: e.op, Fault: fault, Next: 1})
	err := e.call(t.Context(), w)
	if e.effect != once {
		require.NoError(t, err, "an answer that was lost is asked for again")
		return
	}
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, before+1, w.srv.Log().Tally(e.op).Requests, "what may have happened is not sent again")
}
