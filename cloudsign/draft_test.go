package cloudsign_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// sendable makes a draft that can be sent, and gives its recipient.
func sendable(t testing.TB, c *cloudsign.Client) (cloudsign.DocumentID, cloudsign.ParticipantID) {
	t.Helper()
	doc := newDraft(t, c)
	_, err := c.Files.Upload(t.Context(), doc, text("契約書.pdf", smallPDF))
	require.NoError(t, err)
	p, err := c.Participants.Add(t.Context(), doc, cloudsign.NewParticipant{Name: "山田", Email: "yamada@example.jp"})
	require.NoError(t, err)
	return doc, p.New.ID
}

// TestContractFromDraftToConclusion is the whole life of a contract.
func TestContractFromDraftToConclusion(t *testing.T) {
	t.Parallel()
	srv, _, c := account(t)
	ctx := t.Context()
	doc, recipient := sendable(t, c)
	d, err := c.Documents.Get(ctx, doc)
	require.NoError(t, err)
	w, err := c.Widgets.Add(ctx, doc, d.Files[0].ID, cloudsign.NewWidget{ParticipantID: recipient, Type: cloudsign.WidgetSeal, X: 400, Y: 700})
	require.NoError(t, err)
	require.Equal(t, cloudsign.WidgetEmpty, w.New.Status)

	_, err = c.Documents.Remind(ctx, doc)
	require.Equal(t, &cloudsign.StateError{Op: "remind of document", DocumentID: doc, Status: cloudsign.StatusDraft, Want: cloudsign.StatusPending}, err)
	require.ErrorIs(t, err, cloudsign.ErrNotAcceptable)
	require.ErrorIs(t, err, countersign.ErrConflict)
	sent, err := c.Documents.Send(ctx, doc)
	require.NoError(t, err)
	require.Equal(t, cloudsign.StatusPending, sent.Status)
	require.Equal(t, cloudsign.ParticipantWaitingForReview, sent.Participants[1].Status)
	_, err = c.Documents.Send(ctx, doc)
	require.ErrorContains(t, err, "is pending, not draft")
	require.Zero(t, reminders(srv, doc), "a second Send is no reminder")
	_, err = c.Documents.Remind(ctx, doc)
	require.NoError(t, err)
	require.Equal(t, 1, reminders(srv, doc))
	_, err = c.Files.Upload(ctx, doc, text("b.pdf", smallPDF))
	require.ErrorIs(t, err, cloudsign.ErrNotAcceptable)
	require.ErrorIs(t, c.Documents.Delete(ctx, doc), countersign.ErrInvalid)

	srv.Consent(string(doc), string(recipient))
	d, err = c.Documents.Get(ctx, doc)
	require.NoError(t, err)
	require.Equal(t, cloudsign.StatusConcluded, d.Status)
	require.Equal(t, cloudsign.ParticipantConsented, d.Participants[1].Status)
	require.Equal(t, cloudsign.WidgetFilled, d.Files[0].Widgets[0].Status)
	_, err = c.Documents.Decline(ctx, doc, "")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = c.Attributes.Update(ctx, doc, cloudsign.AttributeUpdate{LocalID: new("K-1")})
	require.NoError(t, err, "also after the conclusion")
}

func reminders(srv *cloudsigntest.Server, id cloudsign.DocumentID) int {
	d, _ := srv.Document(string(id))
	return d.Reminders
}

// TestWritesOfOneDocumentTakeTurns: the fake is asked by many at once and never
// sees two writes about one document together.
func TestWritesOfOneDocumentTakeTurns(t *testing.T) {
	t.Parallel()
	mt := httpmock.NewMockTransport()
	mt.RegisterResponder("POST", host+"/token", answer(200, `{"access_token":"tok-0123456789","expires_in":3600}`))
	var mu sync.Mutex
	busy, together, most, total := map[string]int{}, 0, 0, 0
	mt.RegisterResponder("PUT", `=~^`+host+`/documents/d\d$`, func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		busy[r.URL.Path]++
		together = max(together, busy[r.URL.Path])
		total++
		most = max(most, total)
		mu.Unlock()
		<-time.After(time.Second) // of the bubble
		mu.Lock()
		busy[r.URL.Path]--
		total--
		mu.Unlock()
		return answer(200, `{"id":"`+path.Base(r.URL.Path)+`","status":0}`)(r)
	})
	synctest.Test(t, func(t *testing.T) {
		c := overTransport(t, mt)
		var wg sync.WaitGroup
		start := time.Now()
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = c.Documents.Update(t.Context(), cloudsign.DocumentID(fmt.Sprintf("d%d", i%2)), cloudsign.DocumentUpdate{Title: new("t")})
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, 1, together)
		require.Equal(t, 2, most, "other documents do not wait")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		wg.Go(func() { _, _ = c.Documents.Update(t.Context(), "d1", cloudsign.DocumentUpdate{}) })
		synctest.Wait()
		_, err := c.Documents.Send(ctx, "d1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, "it was not sent")
		_, err = c.Files.Delete(ctx, "d1", "f1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		wg.Wait()
	})
}

// overTransport is a client of the sandbox whose answers come from mt.
func overTransport(t testing.TB, mt http.RoundTripper) *cloudsign.Client {
	t.Helper()
	c, err := cloudsign.New(cloudsign.Config{Environment: cloudsign.Sandbox, ClientID: countersign.NewSecret(clientID)},
		countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithLimiter(free{}))
	require.NoError(t, err)
	return c
}

// TestLostAnswers: the write happens and its answer is lost. The client does
// not repeat it, and Reconcile finds it.
func TestLostAnswersCloudSign(t *testing.T) {
	t.Parallel()
	srv, _, c := account(t)
	ctx := t.Context()
	doc, _ := sendable(t, c)
	lose := func(op string) {
		srv.Faults().Add(countersigntest.Rule{Operation: op, Fault: countersigntest.LoseAnswer(), Next: 1})
	}
	for _, w := range []struct {
		op       string
		write    func() error
		happened func(*cloudsign.Document) bool
	}{
		{
			cloudsigntest.OpAddReportee,
			func() error {
				_, err := c.Reportees.Add(ctx, doc, cloudsign.ReporteeInput{Email: "c@example.jp", Name: "C"})
				return err
			},
			func(d *cloudsign.Document) bool { return len(d.Reportees) == 1 },
		},
		{
			cloudsigntest.OpUploadFile,
			func() error { _, err := c.Files.Upload(ctx, doc, text("b.pdf", smallPDF)); return err },
			func(d *cloudsign.Document) bool { return len(d.Files) == 2 },
		},
		{
			cloudsigntest.OpSendDocument,
			func() error { _, err := c.Documents.Send(ctx, doc); return err },
			func(d *cloudsign.Document) bool { return d.Status == cloudsign.StatusPending },
		},
	} {
		srv.Log().Reset()
		lose(w.op)
		require.ErrorIs(t, w.write(), countersign.ErrOutcomeUnknown, w.op)
		require.EqualValues(t, 1, srv.Log().Tally(w.op).Requests, w.op)
		d, ok, err := c.Documents.Reconcile(ctx, doc, w.happened)
		require.NoError(t, err)
		require.True(t, ok, w.op)
		require.Equal(t, doc, d.ID)
	}
	gone := newDraft(t, c)
	lose(cloudsigntest.OpDeleteDocument)
	require.ErrorIs(t, c.Documents.Delete(ctx, gone), countersign.ErrOutcomeUnknown)
	d, ok, err := c.Documents.Reconcile(ctx, gone, func(d *cloudsign.Document) bool { return d == nil })
	require.NoError(t, err)
	require.True(t, ok)
	require.Nil(t, d)
}

// TestReconcileWaits: the service shows a change only after a while, or never.
func TestReconcileWaits(t *testing.T) {
	t.Parallel()
	sent := func(d *cloudsign.Document) bool { return d != nil && d.Status == cloudsign.StatusPending }
	for shownAfter, want := range map[time.Duration]struct {
		ok   bool
		took time.Duration
	}{
		0: {true, 0}, 2 * time.Second: {true, 3 * time.Second}, 12 * time.Second: {true, 13 * time.Second}, time.Hour: {false, 13 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			mt := httpmock.NewMockTransport()
			mt.RegisterResponder("POST", host+"/token", answer(200, `{"access_token":"tok-0123456789","expires_in":3600}`))
			mt.RegisterResponder("GET", ofD1, func(r *http.Request) (*http.Response, error) {
				if time.Since(start) < shownAfter {
					return d1(`"status":0`)(r)
				}
				return d1(`"status":1`)(r)
			})
			c := overTransport(t, mt)
			d, ok, err := c.Documents.Reconcile(t.Context(), "d1", sent)
			require.NoError(t, err)
			require.Equal(t, want.ok, ok)
			require.Equal(t, sent(d), ok)
			require.Equal(t, want.took, time.Since(start))

			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, ok, err = c.Documents.Reconcile(ctx, "d1", func(*cloudsign.Document) bool { return false })
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.False(t, ok)
		})
	}
	c, mt := mocked(t)
	mt.RegisterResponder("GET", ofD1, answer(403, `{"error":"forbidden"}`))
	_, _, err := c.Documents.Reconcile(t.Context(), "d1", sent)
	require.ErrorIs(t, err, countersign.ErrForbidden)
}

// TestAnswersWithoutTheNewPart: the service says that it did, and does not show
// what.
func TestAnswersWithoutTheNewPart(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	empty := d1(`"participants":[{"id":"p0","order":0,"email":"a@example.jp"}],"files":[{"id":"f1"}]`)
	for path, add := range map[string]func() error{
		"/participants": func() error {
			_, err := c.Participants.Add(t.Context(), "d1", cloudsign.NewParticipant{Name: "A", Email: "a@example.jp"})
			return err
		},
		"/reportees": func() error {
			_, err := c.Reportees.Add(t.Context(), "d1", cloudsign.ReporteeInput{Name: "A", Email: "a@example.jp"})
			return err
		},
		"/attachments": func() error {
			_, err := c.Attachments.Add(t.Context(), "d1", cloudsign.NewAttachment{ParticipantID: "p1"})
			return err
		},
		"/files/f1/widgets": func() error {
			_, err := c.Widgets.Add(t.Context(), "d1", "f1", cloudsign.NewWidget{ParticipantID: "p1"})
			return err
		},
		"/files/f2/widgets": func() error {
			_, err := c.Widgets.Add(t.Context(), "d1", "f2", cloudsign.NewWidget{ParticipantID: "p1"})
			return err
		},
	} {
		mt.RegisterResponder("POST", ofD1+path, empty)
		err := add()
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, path)
		_, ok := errors.AsType[*countersign.DecodeError](err)
		require.True(t, ok, path)
	}
	mt.RegisterResponder("PUT", ofD1, answer(200, `{}`))
	_, err := c.Documents.Update(t.Context(), "d1", cloudsign.DocumentUpdate{})
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, "an empty object is no document")
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t)
	template := srv.AddDocument(cloudsigntest.Document{
		UserID: user.ID, Status: cloudsigntest.Template, Title: "雇用契約",
		Participants: []cloudsigntest.Participant{{Email: user.Email}, {Email: "r@example.jp", Name: "R"}},
		Files:        []cloudsigntest.File{{Name: "雇用契約.pdf", Widgets: []cloudsigntest.Widget{{Type: cloudsigntest.Text, X: 3}}}},
	})
	d, err := c.Documents.CreateFromTemplate(t.Context(), cloudsign.DocumentID(template.ID), cloudsign.NewDocument{Note: "山田"})
	require.NoError(t, err)
	require.Equal(t, "雇用契約", d.Title)
	require.Equal(t, "山田", d.Note)
	require.NotEqual(t, template.Files[0].ID, string(d.Files[0].ID))
	require.Equal(t, d.Participants[1].ID, d.Files[0].Widgets[0].ParticipantID)
	_, err = c.Documents.Send(t.Context(), d.ID)
	require.NoError(t, err)
}

func TestEmbeddedSigning(t *testing.T) {
	t.Parallel()
	_, _, c := account(t)
	doc, recipient := sendable(t, c)
	_, err := c.Participants.Update(t.Context(), doc, recipient, cloudsign.ParticipantUpdate{RecipientID: new("person-7")})
	require.NoError(t, err)
	_, err = c.Participants.SigningURL(t.Context(), doc, recipient, "person-7")
	require.ErrorIs(t, err, countersign.ErrInvalid, "it was not sent yet")
	_, err = c.Documents.Send(t.Context(), doc)
	require.NoError(t, err)
	u, err := c.Participants.SigningURL(t.Context(), doc, recipient, "person-7")
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", u, *u, u), u.URL.Reveal(), "whoever has the address acts as the person")
}

func TestAttachedFiles(t *testing.T) {
	t.Parallel()
	srv, _, c := account(t)
	doc, recipient := sendable(t, c)
	a, err := c.Attachments.Add(t.Context(), doc, cloudsign.NewAttachment{ParticipantID: recipient})
	require.NoError(t, err)
	require.True(t, a.New.Required)
	_, err = c.Documents.Send(t.Context(), doc)
	require.NoError(t, err)
	f := srv.Attach(string(doc), cloudsigntest.AttachedFile{Name: "photo.png", ContentType: "image/png", Content: cloudsigntest.Bytes([]byte("PNG"))})
	fetch := func() (*countersign.Download, error) {
		return c.Attachments.Download(t.Context(), doc, a.New.ID, cloudsign.AttachedFileID(f.ID))
	}
	_, err = fetch()
	require.ErrorIs(t, err, cloudsign.ErrNotAcceptable, "it is not concluded")
	srv.Consent(string(doc), string(recipient))
	d, err := fetch()
	require.NoError(t, err)
	defer d.Close()
	b, err := io.ReadAll(d)
	require.NoError(t, err)
	require.Equal(t, "image/png PNG", d.ContentType+" "+string(b))
}
