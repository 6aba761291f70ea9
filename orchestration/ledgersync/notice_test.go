package ledgersync_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// board keeps notices.
type board struct {
	mu      sync.Mutex
	notices []ledgersync.Notice
	err     error
}

func (b *board) Notify(_ context.Context, n ledgersync.Notice) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.notices = append(b.notices, n)
	return nil
}

func (b *board) take() []ledgersync.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.notices
	b.notices = nil
	return out
}

func withNotifier(n ledgersync.Notifier) option {
	return withConfig(func(c *ledgersync.Config) { c.Notifier = n })
}

func TestNotices(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b))
	bad := w.document(cloudsigntest.Document{Files: []cloudsigntest.File{{Name: "empty.pdf", Content: cloudsigntest.Bytes([]byte{})}}})
	good := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.ReviewDays = 2 })
	done, err := w.flow.Review(hanako).Save(t.Context(), key(bad, 0))
	require.NoError(t, one(t, done, err))
	require.Empty(t, b.take())
	w.run()
	n := b.take()
	require.Len(t, n, 1)
	require.Equal(t, ledgersync.NoticeFailed, n[0].Kind)
	require.Contains(t, n[0].Reason, "empty")
	require.Equal(t, []string{string(w.link), bad.ID, bad.Files[0].ID}, []string{string(n[0].Link), n[0].DocumentID, n[0].FileID})

	w.nextDay()
	w.nextDay()
	n = b.take()
	require.Len(t, n, 1)
	require.Equal(t, ledgersync.NoticeExpired, n[0].Kind)
	require.Equal(t, good.Files[0].ID, n[0].FileID)

	disable(w, true)
	w.nextDay()
	n = b.take()
	require.Len(t, n, 1, "once, not by each lane")
	require.Equal(t, ledgersync.NoticeStopped, n[0].Kind)
	require.Equal(t, w.link, n[0].Link)
	require.Contains(t, n[0].Reason, "disabled")
	w.nextDay()
	require.Empty(t, b.take())
}

func TestStoppingIsToldOnce(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 40, Files: 60})
	w.ledger.SetContracted(10)
	w.start()
	n := b.take()
	require.Len(t, n, 1)
	require.NotEmpty(t, n[0].FileID, "the file that met it")
}

// TestDeadlines: on the first of the month, what ends or has to be cancelled within
// three months.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b)) // 1 April, 18:00 in Japan
	for _, a := range []cloudsigntest.Attribute{
		{Title: "ends later", ValidityEndAt: "2026-08-02"},
		{Title: "ends", ValidityEndAt: "2026-08-01"},
		{Title: "ended", ValidityEndAt: "2026-04-30"},
		{Title: "notice", ValidityEndNoticeAt: "2026-05-01", ValidityEndAt: "2026-07-31", AutoUpdate: cloudsigntest.AutoUpdateYes},
		{Title: "notice passed", ValidityEndNoticeAt: "2026-04-30", ValidityEndAt: "2026-06-30"},
		{Title: "no dates"},
	} {
		w.document(cloudsigntest.Document{Attribute: &a}, "a.pdf")
	}
	w.start()
	require.Empty(t, b.take())
	b.err = errors.New("the mail server is down")
	w.clock.Set(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	w.run()
	require.Empty(t, b.take())
	b.err = nil
	w.clock.Advance(10 * time.Minute)
	w.run()
	n := b.take()
	require.Len(t, n, 1)
	require.Equal(t, ledgersync.NoticeDeadlines, n[0].Kind)
	require.Equal(t, w.link, n[0].Link)
	var titles []string
	for _, d := range n[0].Deadlines {
		titles = append(titles, d.Title)
		require.NotEmpty(t, d.DocumentID)
		require.NotEmpty(t, d.FileID)
		require.NotEmpty(t, d.Responsible)
	}
	require.Equal(t, []string{"notice", "notice passed", "ends"}, titles)
	w.clock.Advance(24 * time.Hour)
	w.run()
	require.Empty(t, b.take(), "once a month")
	w.clock.Set(time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC))
	w.run()
	n = b.take()
	require.Len(t, n, 1, "also when nothing is due, and once after a year of silence")
	require.Empty(t, n[0].Deadlines)
}

func TestMailNotifier(t *testing.T) {
	t.Parallel()
	var from string
	var to []string
	var message []byte
	m := ledgersync.MailNotifier{
		From: "契約台帳 <contracts@example.com>", To: []string{"a@example.com", "法務 <b@example.com>"},
		Send: func(_ context.Context, f string, t []string, msg []byte) error {
			from, to, message = f, t, msg
			return nil
		},
	}
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	n := ledgersync.Notice{Kind: ledgersync.NoticeDeadlines, At: at, Link: "ABCD-EFGH", Deadlines: []ledgersync.Deadline{{
		Title: "業務委託契約", FileName: "契約書.pdf", NoticeDeadline: date(2026, 6, 30), AutoRenewal: contractone.RenewalYes, DocumentID: "d1", FileID: "f1",
		Responsible: []contractone.Principal{contractone.Group("Legal")},
	}}}
	require.NoError(t, m.Notify(t.Context(), n))
	require.Equal(t, "contracts@example.com", from)
	require.Equal(t, []string{"a@example.com", "b@example.com"}, to)
	got, err := mail.ReadMessage(bytes.NewReader(message))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "link ABCD-EFGH: coming deadlines", subject)
	list, err := got.Header.AddressList("To")
	require.NoError(t, err)
	require.Equal(t, "法務", list[1].Name)
	sent, err := got.Header.Date()
	require.NoError(t, err)
	require.True(t, sent.Equal(at))
	body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	require.NoError(t, err)
	for _, want := range []string{"ABCD-EFGH", "業務委託契約 (契約書.pdf)", "2026-06-30", "group Legal", "document d1, file f1"} {
		require.Contains(t, string(body), want)
	}
	require.NotContains(t, string(bytes.ReplaceAll(message, []byte("\r\n"), nil)), "\n", "lines end as mail has it")

	for _, bad := range []ledgersync.MailNotifier{
		{From: "a@example.com\r\nBcc: x@example.com", To: m.To, Send: m.Send}, {From: m.From, To: []string{"nobody"}, Send: m.Send},
		{From: m.From, Send: m.Send}, {From: m.From, To: m.To},
	} {
		require.Error(t, bad.Notify(t.Context(), n))
	}
}

func TestLogNotifier(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	n := ledgersync.LogNotifier(slog.New(slog.NewTextHandler(&b, nil)))
	require.NoError(t, n.Notify(t.Context(), ledgersync.Notice{Kind: ledgersync.NoticeFailed, Link: "ABCD-EFGH", DocumentID: "d1", FileID: "f1", Reason: "empty"}))
	require.NoError(t, n.Notify(t.Context(), ledgersync.Notice{Kind: ledgersync.NoticeDeadlines, Link: "ABCD-EFGH", Deadlines: []ledgersync.Deadline{{Title: "秘密"}}}))
	for _, want := range []string{"level=WARN", "file given up", "link=ABCD-EFGH", "document=d1", "file=f1", "reason=empty", "contracts=1"} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), "秘密")
}

// picky is a notifier that can't deliver what concerns one link.
type picky struct {
	board
	refused contractone.ManagementID
}

func (p *picky) Notify(ctx context.Context, n ledgersync.Notice) error {
	if n.Link == p.refused {
		return errors.New("bounced")
	}
	return p.board.Notify(ctx, n)
}

// TestDeadlinesComeOnceForEachLink: also when those of another link can't be delivered.
func TestDeadlinesComeOnceForEachLink(t *testing.T) {
	t.Parallel()
	p := &picky{}
	w := newWorld(t, withNotifier(p))
	w.start()
	p.refused = w.link
	preview := w.colleague()
	require.NoError(t, w.flow.Start(t.Context(), w.link, preview))
	w.run()
	w.clock.Set(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	for range 24 {
		w.run()
		w.clock.Advance(time.Hour)
	}
	n := p.take()
	require.Len(t, n, 1)
	require.Equal(t, w.link, n[0].Link)
	p.refused = ""
	w.run()
	n = p.take()
	require.Len(t, n, 1, "the other one, as soon as it can be")
	require.NotEqual(t, w.link, n[0].Link)
}

// TestManyExpiriesAreOneNotice: whichever lanes the files are in.
func TestManyExpiriesAreOneNotice(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 200, Files: 200})
	w.start(reviewed, func(s *ledgersync.Settings) { s.ReviewDays = 1 })
	w.nextDay()
	require.EqualValues(t, 200, w.summary().Failed)
	n := b.take()
	require.Len(t, n, 1)
	require.Equal(t, ledgersync.NoticeExpired, n[0].Kind)
	require.Equal(t, 200, n[0].Files)
	require.Contains(t, n[0].Text(), "199")
}

// TestNoticeTextKeepsItsLines: no title or reason can look like a line of the
// notice's own.
func TestNoticeTextKeepsItsLines(t *testing.T) {
	t.Parallel()
	n := ledgersync.Notice{Kind: ledgersync.NoticeDeadlines, Link: "ABCD-EFGH", Deadlines: []ledgersync.Deadline{{Title: "title", FileName: "a.pdf"}}}
	lines := strings.Count(n.Text(), "\n")
	for _, end := range []string{"\n", "\r\n", "\r", "\v", "\u0085", "\u2028", "\u2029"} {
		forged := end + "link (管理ID): FAKE"
		n.Deadlines[0].Title, n.Deadlines[0].FileName = "title"+forged, "a.pdf"+forged
		n.Deadlines[0].Responsible = []contractone.Principal{contractone.User("taro" + forged)}
		require.Equal(t, lines, strings.Count(n.Text(), "\n"), "%q", end)
		require.NotContains(t, n.Text(), forged)
		failed := ledgersync.Notice{Kind: ledgersync.NoticeFailed, Reason: "bad" + forged}
		require.NotContains(t, failed.Text(), forged)
	}
}

// TestNoDeadlinesWithoutSearch: that nobody will be told of them is said.
func TestNoDeadlinesWithoutSearch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notifier ledgersync.Notifier
		wrap     func(*contractonetest.Ledger) contractone.Ledger
		said     bool
	}{
		"can't be searched": {&board{}, func(l *contractonetest.Ledger) contractone.Ledger { return mute{l} }, true},
		"can be":            {&board{}, func(l *contractonetest.Ledger) contractone.Ledger { return l }, false},
		"nobody asked":      {nil, func(l *contractonetest.Ledger) contractone.Ledger { return mute{l} }, false},
	} {
		w := newWorld(t)
		var logs bytes.Buffer
		w.cfg.Notifier, w.cfg.Logger = c.notifier, slog.New(slog.NewTextHandler(&logs, nil))
		w.use(c.wrap(w.ledger))
		require.Equal(t, c.said, strings.Contains(logs.String(), "deadlines"), name)
	}
}
