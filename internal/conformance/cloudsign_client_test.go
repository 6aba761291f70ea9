package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/internal/conformance"
)

// driver is the real client, whose requests and answers are checked on their
// way to the fake.
type driver struct {
	*cloudsign.Client
	t    *testing.T
	ctx  context.Context
	srv  *cloudsigntest.Server
	user cloudsigntest.User
}

func newDriver(t *testing.T, spec *conformance.Spec, srv *cloudsigntest.Server, user cloudsigntest.User) driver {
	t.Helper()
	client, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)},
		countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: spec.Transport(nil)}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}), countersign.WithLimiter(free{}))
	require.NoError(t, err)
	return driver{client, t, t.Context(), srv, user}
}

type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

func upload(name string, content []byte) countersign.Upload {
	return countersign.Upload{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

var onePage = []byte("%PDF-1.4\n1 0 obj << /Type /Page >> endobj\n%%EOF\n")

// ok gives a value whose call must not fail.
func ok[T any](d driver) func(T, error) T {
	return func(v T, err error) T {
		d.t.Helper()
		require.NoError(d.t, err)
		return v
	}
}

// contract makes a draft with everything that a draft can have.
func (d driver) contract() (doc cloudsign.DocumentID, file cloudsign.FileID, recipient cloudsign.ParticipantID) {
	made := ok[*cloudsign.Document](d)(d.Documents.Create(d.ctx, cloudsign.NewDocument{
		Title: "業務委託契約", Note: "株式会社例", Message: "ご確認ください", CanTransfer: true, Private: true,
	}))
	ok[*cloudsign.Document](d)(d.Documents.Update(d.ctx, made.ID, cloudsign.DocumentUpdate{
		Title: new("契約"), Note: new(""), Message: new("m"), CanTransfer: new(false), Private: new(false),
	}))
	f := ok[*cloudsign.Added[cloudsign.File]](d)(d.Files.Upload(d.ctx, made.ID, upload("契約書.pdf", onePage))).New
	p := ok[*cloudsign.Added[cloudsign.Participant]](d)(d.Participants.Add(d.ctx, made.ID, cloudsign.NewParticipant{
		Name: "山田", Email: "yamada@example.jp", Organization: "例社", AccessCode: countersign.NewSecret("1234"), LanguageCode: cloudsign.English,
	})).New
	ok[*cloudsign.Document](d)(d.Participants.Update(d.ctx, made.ID, p.ID, cloudsign.ParticipantUpdate{
		Name: new("山田 太郎"), Email: new("taro@example.jp"), Organization: new(""), AccessCode: new(countersign.NewSecret("5678")),
		LanguageCode: new(cloudsign.Japanese), AdvancedAuthnRequest: new(false), Callback: new(false), Tel: new(""), RecipientID: new("person-1"),
	}))
	return made.ID, f.ID, p.ID
}

// driveParts changes everything that a draft has, and takes it away again.
func driveParts(d driver) {
	doc, file, recipient := d.contract()
	w := ok[*cloudsign.Added[cloudsign.Widget]](d)(d.Widgets.Add(d.ctx, doc, file, cloudsign.NewWidget{
		ParticipantID: recipient, Type: cloudsign.WidgetCheckbox, X: 10, Y: 20, Text: "1", Label: "同意", Required: new(false),
	})).New
	ok[*cloudsign.Document](d)(d.Widgets.Update(d.ctx, doc, file, w.ID, cloudsign.WidgetUpdate{
		ParticipantID: new(recipient), Type: new(cloudsign.WidgetText), Page: new(0), X: new(1), Y: new(2),
		FontSize: new("14"), Text: new(""), Label: new("氏名"), Required: new(true),
	}))
	ok[*cloudsign.Document](d)(d.Widgets.Delete(d.ctx, doc, file, w.ID))
	r := ok[*cloudsign.Added[cloudsign.Reportee]](d)(d.Reportees.Add(d.ctx, doc, cloudsign.ReporteeInput{Email: "a@example.jp", Name: "A", Organization: "O"})).New
	ok[*cloudsign.Document](d)(d.Reportees.Update(d.ctx, doc, r.ID, cloudsign.ReporteeInput{Email: "b@example.jp", Name: "B"}))
	ok[*cloudsign.Document](d)(d.Reportees.Delete(d.ctx, doc, r.ID))
	a := ok[*cloudsign.Added[cloudsign.Attachment]](d)(d.Attachments.Add(d.ctx, doc, cloudsign.NewAttachment{ParticipantID: recipient, Description: "登記簿", Optional: true})).New
	ok[*cloudsign.Document](d)(d.Attachments.Update(d.ctx, doc, a.ID, cloudsign.AttachmentUpdate{ParticipantID: new(recipient), Description: new(""), Required: new(true)}))
	ok[*cloudsign.Document](d)(d.Attachments.Delete(d.ctx, doc, a.ID))
	ok[*cloudsign.Document](d)(d.Participants.Delete(d.ctx, doc, recipient))
	ok[*cloudsign.Document](d)(d.Files.Delete(d.ctx, doc, file))
	require.NoError(d.t, d.Documents.Delete(d.ctx, doc))
}

// driveSigning takes a contract through its life, and reads all that is left.
func driveSigning(d driver) {
	doc, file, recipient := d.contract()
	att := ok[*cloudsign.Added[cloudsign.Attachment]](d)(d.Attachments.Add(d.ctx, doc, cloudsign.NewAttachment{ParticipantID: recipient})).New
	ok[*cloudsign.Document](d)(d.Documents.Send(d.ctx, doc))
	ok[*cloudsign.Document](d)(d.Documents.Remind(d.ctx, doc))
	ok[*cloudsign.SigningURL](d)(d.Participants.SigningURL(d.ctx, doc, recipient, "person-1"))
	attached := d.srv.Attach(string(doc), cloudsigntest.AttachedFile{Name: "登記簿.pdf"})
	d.srv.Consent(string(doc), string(recipient))

	require.Equal(d.t, cloudsign.StatusConcluded, ok[*cloudsign.Document](d)(d.Documents.Get(d.ctx, doc)).Status)
	for _, open := range []func() (*countersign.Download, error){
		func() (*countersign.Download, error) { return d.Files.Download(d.ctx, doc, file) },
		func() (*countersign.Download, error) { return d.Files.DownloadCertificate(d.ctx, doc) },
		func() (*countersign.Download, error) {
			return d.Attachments.Download(d.ctx, doc, att.ID, cloudsign.AttachedFileID(attached.ID))
		},
	} {
		file := ok[*countersign.Download](d)(open())
		_, err := io.Copy(io.Discard, file)
		require.NoError(d.t, err)
		require.NoError(d.t, file.Close())
	}
	day := countersign.Date{Year: 2026, Month: 4, Day: 1}
	ok[*cloudsign.Attribute](d)(d.Attributes.Update(d.ctx, doc, cloudsign.AttributeUpdate{
		Title: new("T"), Counterparty: new("C"), ContractAt: countersign.Value(day), ValidityStartAt: countersign.Value(day),
		ValidityEndAt: countersign.Null[countersign.Date](), ValidityEndNoticeAt: countersign.Null[countersign.Date](),
		AutoUpdate: new(cloudsign.AutoUpdateNo), LocalID: new(""), Amount: countersign.Value(int64(-1 << 63)),
		Options: []cloudsign.Option{{Order: 1, Content: "x"}, {Order: 10}},
	}))
	attr, _, err := d.Attributes.Get(d.ctx, doc)
	require.NoError(d.t, err)
	ok[*cloudsign.Attribute](d)(d.Attributes.Update(d.ctx, doc, attr.Update()))
	ok[*cloudsign.Alert](d)(d.Alerts.Update(d.ctx, doc, cloudsign.AlertUpdate{Memo: new("m"), AlertAt: new(day), Enabled: new(true)}))
	_, found, err := d.Alerts.Get(d.ctx, doc)
	require.NoError(d.t, err)
	require.True(d.t, found)

	second, _, _ := d.contract()
	ok[*cloudsign.Document](d)(d.Documents.Send(d.ctx, second))
	ok[*cloudsign.Document](d)(d.Documents.Decline(d.ctx, second, "取り下げ"))
}

// driveRest covers templates, listings, imports and embedded signing by SMS.
func driveRest(d driver) {
	template := d.srv.AddDocument(cloudsigntest.Document{UserID: d.user.ID, Status: cloudsigntest.Template})
	doc := ok[*cloudsign.Document](d)(d.Documents.CreateFromTemplate(d.ctx, cloudsign.DocumentID(template.ID), cloudsign.NewDocument{}))
	p := ok[*cloudsign.Added[cloudsign.Participant]](d)(d.Participants.Add(d.ctx, doc.ID, cloudsign.NewParticipant{Name: "N", Callback: true, Tel: "09012345678"})).New
	ok[*cloudsign.Document](d)(d.Documents.Send(d.ctx, doc.ID))
	ok[*cloudsign.SigningURL](d)(d.Participants.SigningURL(d.ctx, doc.ID, p.ID, ""))
	ok[*cloudsign.Document](d)(d.ImportedDocuments.Create(d.ctx, cloudsign.NewImportedDocument{File: upload("過去の契約.pdf", onePage)}))

	q := cloudsign.DocumentQuery{WithReportees: true, WithAttachment: true, From: time.Now().Add(-time.Hour)}
	for _, all := range []func(func(*cloudsign.Document, error) bool){d.Documents.All(d.ctx, q), d.Documents.AllTeam(d.ctx, q)} {
		n := 0
		for _, err := range all {
			require.NoError(d.t, err)
			n++
		}
		require.NotZero(d.t, n)
	}
	q.Status, q.WithSharedTemplates, q.WithoutFiles, q.WithoutParticipants = new(cloudsign.StatusTemplate), true, true, true
	ok[*countersign.Page[cloudsign.Document]](d)(d.Documents.List(d.ctx, q))
	ok[*cloudsign.User](d)(d.Users.Me(d.ctx))
}

func driveCabinets(d driver) {
	for c, err := range d.Cabinets.All(d.ctx) {
		require.NoError(d.t, err)
		ok[*cloudsign.Document](d)(d.ImportedDocuments.Create(d.ctx, cloudsign.NewImportedDocument{File: upload("a.pdf", onePage), CabinetID: c.ID}))
	}
}

// calls are all operations on one document and its parts, for refusals that do
// not depend on what is asked.
func calls(d driver, doc cloudsign.DocumentID) map[string]func() error {
	id := func(kind string) string { return cloudsigntest.ID(kind) }
	file, person, widget := cloudsign.FileID(id("f")), cloudsign.ParticipantID(id("p")), cloudsign.WidgetID(id("w"))
	reportee, att := cloudsign.ReporteeID(id("r")), cloudsign.AttachmentID(id("a"))
	contact := cloudsign.ReporteeInput{Email: "a@example.jp", Name: "A"}
	return map[string]func() error{
		"update":  func() error { return second(d.Documents.Update(d.ctx, doc, cloudsign.DocumentUpdate{Title: new("t")})) },
		"delete":  func() error { return d.Documents.Delete(d.ctx, doc) },
		"decline": func() error { return second(d.Documents.Decline(d.ctx, doc, "")) },
		"post": func() error {
			return d.Do(d.ctx, countersign.Request{Method: "POST", Path: []string{"documents", string(doc)}}, nil)
		},
		"attribute": func() error { return second(d.Attributes.Update(d.ctx, doc, cloudsign.AttributeUpdate{})) },
		"alert":     func() error { return second(d.Alerts.Update(d.ctx, doc, cloudsign.AlertUpdate{})) },
		"get alert": func() error {
			return d.Do(d.ctx, countersign.Request{Path: []string{"documents", string(doc), "alert"}}, nil)
		},
		"upload":      func() error { return second(d.Files.Upload(d.ctx, doc, upload("a.pdf", onePage))) },
		"delete file": func() error { return second(d.Files.Delete(d.ctx, doc, file)) },
		"add person": func() error {
			return second(d.Participants.Add(d.ctx, doc, cloudsign.NewParticipant{Name: "N", Email: "n@example.jp"}))
		},
		"update person": func() error { return second(d.Participants.Update(d.ctx, doc, person, cloudsign.ParticipantUpdate{})) },
		"delete person": func() error { return second(d.Participants.Delete(d.ctx, doc, person)) },
		"signing url":   func() error { return second(d.Participants.SigningURL(d.ctx, doc, person, "")) },
		"add widget": func() error {
			return second(d.Widgets.Add(d.ctx, doc, file, cloudsign.NewWidget{ParticipantID: person}))
		},
		"update widget": func() error {
			return second(d.Widgets.Update(d.ctx, doc, file, widget, cloudsign.WidgetUpdate{X: new(1)}))
		},
		"delete widget":   func() error { return second(d.Widgets.Delete(d.ctx, doc, file, widget)) },
		"add reportee":    func() error { return second(d.Reportees.Add(d.ctx, doc, contact)) },
		"update reportee": func() error { return second(d.Reportees.Update(d.ctx, doc, reportee, contact)) },
		"delete reportee": func() error { return second(d.Reportees.Delete(d.ctx, doc, reportee)) },
		"add attachment": func() error {
			return second(d.Attachments.Add(d.ctx, doc, cloudsign.NewAttachment{ParticipantID: person}))
		},
		"update attachment": func() error {
			return second(d.Attachments.Update(d.ctx, doc, att, cloudsign.AttachmentUpdate{Required: new(true)}))
		},
		"delete attachment": func() error { return second(d.Attachments.Delete(d.ctx, doc, att)) },
		"attached file": func() error {
			return second(d.Attachments.Download(d.ctx, doc, att, cloudsign.AttachedFileID(id("af"))))
		},
	}
}

// whole are the operations that are about no document.
func whole(d driver) map[string]func() error {
	return map[string]func() error{
		"create": func() error { return second(d.Documents.Create(d.ctx, cloudsign.NewDocument{})) },
		"import": func() error {
			return second(d.ImportedDocuments.Create(d.ctx, cloudsign.NewImportedDocument{File: upload("a.pdf", onePage)}))
		},
	}
}

func second[T any](_ T, err error) error { return err }

// driveErrors makes every operation be refused in every way that is its own.
func driveErrors(d driver, stranger driver) {
	doc, _, _ := d.contract()
	pending, _, _ := d.contract()
	ok[*cloudsign.Document](d)(d.Documents.Send(d.ctx, pending))
	for name, call := range calls(d, cloudsign.DocumentID(cloudsigntest.ID("none"))) {
		require.ErrorIs(d.t, call(), countersign.ErrNotFound, name)
	}
	for name, call := range calls(stranger, doc) {
		require.ErrorIs(d.t, call(), countersign.ErrForbidden, name)
	}
	for _, call := range calls(d, pending) {
		_ = call() // most are refused for the state, some for what they name, a few are allowed
	}
	require.ErrorIs(d.t, second(d.Files.Upload(d.ctx, pending, upload("a.pdf", onePage))), cloudsign.ErrNotAcceptable)
	require.ErrorIs(d.t, second(stranger.ImportedDocuments.Create(d.ctx, cloudsign.NewImportedDocument{File: upload("a.pdf", onePage)})), countersign.ErrForbidden)
	require.ErrorIs(d.t, second(stranger.Documents.CreateFromTemplate(d.ctx, doc, cloudsign.NewDocument{})), countersign.ErrForbidden)
	require.ErrorIs(d.t, second(d.Participants.Add(d.ctx, doc, cloudsign.NewParticipant{Name: "N", Email: "taro@example.jp"})), countersign.ErrInvalid)
	require.ErrorIs(d.t, second(d.Documents.Send(d.ctx, ok[*cloudsign.Document](d)(d.Documents.Create(d.ctx, cloudsign.NewDocument{})).ID)), countersign.ErrInvalid)
}

// driveGeneral makes every write meet what any call can meet: no right to the
// API, an expired token, too many requests.
func driveGeneral(d driver) {
	doc, _, _ := d.contract()
	every := calls(d, doc)
	for name, call := range whole(d) {
		every[name] = call
	}
	for name, call := range every {
		d.srv.Faults().Add(countersigntest.Rule{Fault: countersigntest.TooManyRequests(0), Next: 1})
		require.ErrorIs(d.t, call(), countersign.ErrRateLimited, name)
	}
	d.srv.UpdateTeam(d.user.TeamID, func(tm *cloudsigntest.Team) { tm.NoWebAPI = true })
	for name, call := range every {
		require.ErrorIs(d.t, call(), cloudsign.ErrAPIOptionRequired, name)
	}
	d.srv.UpdateUser(d.user.ID, func(u *cloudsigntest.User) { u.Disabled = true })
	d.srv.ExpireTokens()
	for name, call := range every {
		err := call()
		require.True(d.t, errors.Is(err, cloudsign.ErrClientRefused) || errors.Is(err, countersign.ErrUnauthorized), "%s: %v", name, err)
	}
}

// driveLimits meets the bounds of uploads and recipients.
func driveLimits(d driver) {
	doc, _, _ := d.contract()
	require.ErrorIs(d.t, second(d.Files.Upload(d.ctx, doc, upload("b.pdf", onePage))), countersign.ErrInvalid)
	big := append(append([]byte("%PDF-"), make([]byte, 4096)...), "%%EOF"...)
	require.ErrorIs(d.t, second(d.Files.Upload(d.ctx, doc, upload("b.pdf", big))), cloudsign.ErrTooLarge)
	require.ErrorIs(d.t, second(d.ImportedDocuments.Create(d.ctx, cloudsign.NewImportedDocument{File: upload("b.pdf", append(big, big...))})), cloudsign.ErrTooLarge)
	require.ErrorIs(d.t, second(d.Participants.Add(d.ctx, doc, cloudsign.NewParticipant{Name: "N", Email: "n@example.jp"})), countersign.ErrConflict)
	for _, path := range [][]string{{"documents", string(doc), "files"}, {"imported_documents"}} {
		err := d.Do(d.ctx, countersign.Request{Method: "POST", Path: path}, nil)
		require.ErrorIs(d.t, err, cloudsign.ErrUnsupportedMedia)
	}
}

// TestCloudSignClient sends every operation through the real client to the fake,
// good and refused, and holds both sides against the specification.
func TestCloudSignClient(t *testing.T) {
	t.Parallel()
	spec := NewCloudSign(t)
	start := func(team cloudsigntest.Team, opts ...cloudsigntest.Option) (driver, driver) {
		srv := cloudsigntest.NewServer(opts...)
		t.Cleanup(srv.Close)
		team = srv.AddTeam(team)
		user := srv.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
		stranger := srv.AddUser(cloudsigntest.User{TeamID: team.ID})
		return newDriver(t, spec, srv, user), newDriver(t, spec, srv, stranger)
	}
	for _, omit := range []bool{false, true} {
		d, _ := start(cloudsigntest.Team{}, cloudsigntest.WithEmptyOmitted(omit))
		driveParts(d)
		driveSigning(d)
		driveRest(d)
		driveGeneral(d)
	}
	d, _ := start(cloudsigntest.Team{Enterprise: true, Cabinets: []cloudsigntest.Cabinet{{Name: "営業部"}}})
	driveCabinets(d)
	driveErrors(start(cloudsigntest.Team{}))
	d, _ = start(cloudsigntest.Team{}, cloudsigntest.WithLimits(cloudsigntest.Limits{
		UploadBytes: 2048, DocumentBytes: 1 << 20, ImportBytes: 4096, Files: 1, Recipients: 1,
	}))
	driveLimits(d)
	require.Empty(t, spec.Violations())
	fmt.Println(spec.Line())
	t.Logf("proof: cloudsign conformance operations=%d violations=%d overlay=%d", len(spec.Covered()), len(spec.Violations()), len(conformance.CloudSign()))
	require.Equal(t, "conformance: cloudsign 34/34 operations schema=30", spec.Line())
}
