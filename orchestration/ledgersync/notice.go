package ledgersync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// Notifier tells people. It is called after what it tells is committed, by several
// goroutines. An error of NoticeDeadlines makes the engine repeat it for that link;
// that of another notice is logged, since what it tells is also in Links and DeadLetters.
type Notifier interface {
	Notify(ctx context.Context, n Notice) error
}

// Notice is something that people should know.
type Notice struct {
	Kind       NoticeKind
	At         time.Time
	Link       contractone.ManagementID
	DocumentID string     // with FileID: the file that it is about, or the first of several; empty: the link
	FileID     string     //
	Files      int        // how many files it is about
	Reason     string     // what went wrong, in one line
	Deadlines  []Deadline // of NoticeDeadlines; there may be none
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeStopped NoticeKind = "link stopped"   // a person has to mend something and Resume it
	NoticeFailing NoticeKind = "runs fail"      // the link tries on; it is told once until a run is complete
	NoticeFailed  NoticeKind = "file given up"  // see DeadLetters
	NoticeExpired NoticeKind = "review expired" // see DeadLetters; one notice for many files
	// NoticeDeadlines comes on the first of each month at 09:00 in Japan, as the
	// vendor's: the contracts of a link that end, or whose notice deadline lies,
	// within three months. It needs a ledger that can be searched.
	NoticeDeadlines NoticeKind = "coming deadlines"
)

// Deadline is a contract that needs somebody's attention.
type Deadline struct {
	Entry          contractone.EntryID
	Key            contractone.Key
	DocumentID     string
	FileID         string
	Title          string
	FileName       string
	EndsOn         countersign.Date // zero: not known
	NoticeDeadline countersign.Date // zero: not known
	AutoRenewal    contractone.AutoRenewal
	Responsible    []contractone.Principal
}

// next is the date that comes first of the two that lie in the window.
func (d Deadline) next(from countersign.Date) countersign.Date {
	if d.NoticeDeadline.IsZero() || d.NoticeDeadline.Before(from) {
		return d.EndsOn
	}
	if d.EndsOn.IsZero() || d.EndsOn.Before(from) || d.NoticeDeadline.Before(d.EndsOn) {
		return d.NoticeDeadline
	}
	return d.EndsOn
}

// Subject is one line: "link ABCD-EFGH: file given up".
func (n Notice) Subject() string { return "link " + string(n.Link) + ": " + string(n.Kind) }

// Text says everything in plain text.
func (n Notice) Text() string {
	var b strings.Builder
	// Titles and reasons come from others: none may look like a line of its own.
	line := func(format string, args ...any) { b.WriteString(oneLine(fmt.Sprintf(format, args...)) + "\n") }
	line("%s", n.Kind)
	line("link (管理ID): %s", n.Link)
	line("time: %s", n.At.In(japan).Format("2006-01-02 15:04 MST"))
	if n.DocumentID != "" {
		line("document: %s", n.DocumentID)
		line("file: %s", n.FileID)
	}
	if n.Files > 1 {
		line("and other files: %d", n.Files-1)
	}
	if n.Reason != "" {
		line("reason: %s", n.Reason)
	}
	if n.Kind != NoticeDeadlines {
		return b.String()
	}
	line("contracts that end or whose notice deadline lies within three months: %d", len(n.Deadlines))
	for _, d := range n.Deadlines {
		line("")
		line("%s (%s)", cmp.Or(d.Title, d.FileName), d.FileName)
		line("  notice deadline (解約通知期限日): %s", cmp.Or(d.NoticeDeadline.String(), "-"))
		line("  ends on (契約終了日): %s", cmp.Or(d.EndsOn.String(), "-"))
		line("  renews itself (契約自動更新): %s", cmp.Or(string(d.AutoRenewal), "-"))
		line("  responsible (社内担当者): %s", principals(d.Responsible))
		line("  document %s, file %s", d.DocumentID, d.FileID)
	}
	return b.String()
}

// oneLine replaces what would end or overwrite a line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}

func principals(list []contractone.Principal) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// notify tells the notifier, if there is one.
func (f *Flow) notify(ctx context.Context, n Notice) {
	if f.cfg.Notifier == nil {
		return
	}
	n.At = f.now()
	if err := f.cfg.Notifier.Notify(ctx, n); err != nil {
		f.cfg.Logger.ErrorContext(ctx, "notice was not delivered", "kind", string(n.Kind), "link", string(n.Link),
			"document", n.DocumentID, "file", n.FileID, "error", err)
	}
}

// noticeOf is a notice with its reason; it names the document and the file that the
// reason names.
func noticeOf(kind NoticeKind, link contractone.ManagementID, cause error) Notice {
	n := Notice{Kind: kind, Link: link, Reason: orchestration.ErrorText(cause)}
	if file, ok := errors.AsType[*contractone.FileError](cause); ok {
		n.DocumentID, n.FileID, n.Files = file.DocumentID, file.FileID, 1
	}
	return n
}

// notifyFile tells about a file.
func (f *Flow) notifyFile(ctx context.Context, kind NoticeKind, row fileRow, cause error) {
	f.notify(ctx, Notice{
		Kind: kind, Link: contractone.ManagementID(row.Scope), DocumentID: row.Value.Document, FileID: row.Value.File, Files: 1,
		Reason: orchestration.ErrorText(cause),
	})
}

// notifyExpired tells about files of one link whose review ended, in one notice.
func (f *Flow) notifyExpired(ctx context.Context, rows []fileRow) {
	if len(rows) == 0 {
		return
	}
	n := noticeOf(NoticeExpired, contractone.ManagementID(rows[0].Scope), named(rows[0], errExpired))
	n.Files = len(rows)
	f.notify(ctx, n)
}

// firstOfMonth is the schedule of NoticeDeadlines.
func firstOfMonth(t time.Time) time.Time {
	local := t.In(japan)
	next := time.Date(local.Year(), local.Month(), 1, 9, 0, 0, 0, japan)
	if !next.After(t) {
		next = next.AddDate(0, 1, 0)
	}
	return next
}

// remind sends NoticeDeadlines for each link, also for one that was removed: its
// contracts are still in the ledger. A link that could not be told of does not keep
// the others waiting, and what was delivered is not sent again when the engine
// repeats the rest, or goes on with it in another turn.
func (f *Flow) remind(ctx context.Context) error {
	s := f.ledger.(contractone.Searcher) //nolint:forcetypeassert // Register asked
	links, err := f.unreminded(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, link := range links {
		if err := f.remindOf(ctx, s, link); err != nil {
			failed = append(failed, &LinkError{Link: contractone.ManagementID(link.Key), Err: err})
		}
		if orchestration.TurnOver(ctx) {
			return cmp.Or(errors.Join(failed...), orchestration.ErrTurnOver)
		}
	}
	return errors.Join(failed...)
}

// unreminded are the links that were not told of in this month, those that were tried
// last at the end.
func (f *Flow) unreminded(ctx context.Context) (links []linkRow, err error) {
	for link, err := range f.links.All(ctx, f.store, orchestration.Query{}) {
		if err != nil {
			return nil, err
		}
		if link.Value.Reminded != monthOf(f.now()) {
			links = append(links, link)
		}
	}
	slices.SortStableFunc(links, func(a, b linkRow) int { return a.Value.RemindTried.Compare(b.Value.RemindTried) })
	return links, nil
}

func (f *Flow) remindOf(ctx context.Context, s contractone.Searcher, link linkRow) error {
	id, month := contractone.ManagementID(link.Key), monthOf(f.now())
	err := f.changeLink(ctx, id, func(row *linkRow) error {
		row.Value.RemindTried = f.now()
		return nil
	})
	if err != nil {
		return err
	}
	deadlines, err := f.deadlines(ctx, s, id)
	if err != nil {
		return err
	}
	if len(deadlines) > 0 || State(link.State) != StateRemoved && State(link.State) != StateDraft {
		if err := f.cfg.Notifier.Notify(ctx, Notice{Kind: NoticeDeadlines, At: f.now(), Link: id, Deadlines: deadlines}); err != nil {
			return err
		}
	}
	return f.changeLink(ctx, id, func(row *linkRow) error {
		row.Value.Reminded = month
		return nil
	})
}

// deadlines are a link's contracts that end, or whose notice deadline lies, within
// three months, the next first.
func (f *Flow) deadlines(ctx context.Context, s contractone.Searcher, id contractone.ManagementID) ([]Deadline, error) {
	today := f.now().In(japan)
	from, to := countersign.DateOf(today), countersign.DateOf(today.AddDate(0, 3, 0))
	found := map[contractone.Key]bool{}
	var out []Deadline
	for _, item := range []contractone.ItemKey{contractone.ItemNoticeDeadline, contractone.ItemEndsOn} {
		q := contractone.Query{Link: id, Where: []contractone.Condition{contractone.DateRange(item, from, to)}, Limit: contractone.MaxPageSize}
		for e, err := range contractone.All(ctx, s, q) {
			if err != nil {
				return nil, err
			}
			if found[e.Key] {
				continue
			}
			found[e.Key] = true
			out = append(out, Deadline{
				Entry: e.ID, Key: e.Key, DocumentID: e.Source.DocumentID, FileID: e.Source.FileID, Title: e.Items.Title, FileName: e.Items.FileName,
				EndsOn: e.Items.EndsOn, NoticeDeadline: e.Items.NoticeDeadline, AutoRenewal: e.Items.AutoRenewal, Responsible: e.Responsible,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Deadline) int { return a.next(from).Compare(b.next(from)) })
	return out, nil
}
