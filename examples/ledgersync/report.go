package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/jedib0t/go-pretty/v6/table"
)

// shown is how many entries and failures the report lists.
const shown = 5

func (s *sync) table(title string, heading ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(s.out)
	t.SetStyle(table.StyleLight)
	t.SetTitle(title)
	t.AppendHeader(heading)
	return t
}

// showPreview prints the plan: what is there, and what would be registered.
func (s *sync) showPreview(p ledgersync.Preview) {
	t := s.table("Preview of link "+string(p.Link), "", "documents", "files")
	row := func(name string, c contractone.Count) { t.AppendRow(table.Row{name, c.Documents, c.Files}) }
	row("concluded", p.Concluded)
	row("imported", p.Imported)
	t.AppendSeparator()
	row("confidential among them", p.Confidential)
	row("left out (confidential)", p.Excluded)
	row("in the ledger already", p.Linked)
	if p.Elsewhere.Files > 0 {
		row("on their way through another link", p.Elsewhere)
	}
	t.AppendSeparator()
	what := "to be registered"
	if s.reviewed() {
		what = "to be held for a review"
	}
	t.AppendRow(table.Row{what, "", p.Registrations})
	if p.Usage != nil {
		t.AppendRow(table.Row{"left of the contracted count", "", left(*p.Usage)})
	}
	t.Render()
	fmt.Fprintln(s.out, "The count is by file, so it may be larger than CloudSign's list of documents.")
	for _, a := range p.Advice {
		fmt.Fprintln(s.out, "Advice:", a)
	}
}

// reviewed reports whether files wait for a reviewer before they are registered.
func (s *sync) reviewed() bool { return s.link.Settings.Mode == contractone.ModeReview }

// left is what is left of the contracted count.
func left(u contractone.Usage) string {
	if n, limited := u.Remaining(); limited {
		return strconv.FormatInt(n, 10)
	}
	return "no limit"
}

// report prints what happened and where it lies, and as its last line the counts.
// Files that failed make the program fail.
func (s *sync) report(ctx context.Context) error {
	if s.DryRun {
		return nil
	}
	sum, err := s.summary(ctx)
	if err != nil {
		return err
	}
	unchanged := s.before.Linked + sum.Known + sum.Discarded
	registered, failed := sum.Linked-s.before.Linked, sum.Waiting+sum.Uncertain+sum.Failed
	if err := s.showNewest(ctx, sum.Linked); err != nil {
		return err
	}
	first, err := s.showFailures(ctx)
	if err != nil {
		return err
	}
	if err := s.showWarnings(ctx); err != nil {
		return err
	}
	link, err := s.flow.Link(ctx, s.link.ID)
	if err != nil {
		return err
	}
	t := s.table("Link "+string(s.link.ID), "what", "how many, or where")
	now := fmt.Sprint(registered)
	if s.firstLoaded > 0 {
		now = fmt.Sprintf("%d (first load %d, daily difference %d)", registered, s.firstLoaded, registered-s.firstLoaded)
	}
	t.AppendRows([]table.Row{
		{"documents", sum.Documents}, {"files", sum.Files}, {"registered now", now}, {"in the ledger before, or discarded", unchanged},
		{"held (review, grace period, budget)", sum.Held}, {"failed", failed}, {"next run", s.nextRun(link)},
	})
	if s.data.shared != nil {
		t.AppendRow(table.Row{"handled by this process", fmt.Sprintf("%d files", s.handled.total.Load())})
	}
	t.AppendSeparator()
	t.AppendRows(s.ledger.places())
	t.AppendRow(table.Row{"journal", s.data.rows(stateFile) + " (view ledgersync_journal)"})
	t.Render()
	fmt.Fprintf(s.out, "ledgersync: documents=%d files=%d registered=%d unchanged=%d held=%d failed=%d\n",
		sum.Documents, sum.Files, registered, unchanged, sum.Held, failed)
	if err := s.showWaiting(ctx); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d files are not registered, the first is %s: mend that and run again, what is registered stays", failed, sum.Files, first)
	}
	return nil
}

// summary counts the files. What another process has listed meanwhile, this one
// helps to finish before it tells of it.
func (s *sync) summary(ctx context.Context) (sum ledgersync.Summary, err error) {
	for waiting := int64(-1); err == nil; waiting = sum.Waiting {
		if sum, err = s.flow.Summary(ctx, s.link.ID); err != nil || sum.Waiting == 0 || sum.Waiting == waiting || s.data.shared == nil || s.guest != nil || s.serves() {
			break
		}
		err = s.engine.RunUntilIdle(ctx)
	}
	return sum, err
}

// showWaiting says how many files wait for a reviewer, and how to get to them.
func (s *sync) showWaiting(ctx context.Context) error {
	if !s.reviewed() {
		return nil
	}
	n := 0
	for _, err := range s.flow.Files(ctx, s.link.ID, ledgersync.FileReview) {
		if err != nil {
			return err
		}
		n++
	}
	if n > 0 {
		place := "--data " + s.data.dir
		if s.data.shared != nil {
			place += " --database …"
		}
		fmt.Fprintf(s.err, "%d files wait for a review: decide with the command review list %s, or on a page with --review-page 127.0.0.1:8081\n", n, place)
	}
	return nil
}

// nextRun says when the link is due, by the source's clock.
func (s *sync) nextRun(link ledgersync.Link) string {
	text := link.NextRun.In(japan).Format("2006-01-02 15:04 MST")
	if s.source.simulated() {
		return text + " by the simulated clock"
	}
	return text + ", if a program runs then"
}

var japan = time.FixedZone("JST", 9*60*60)

// showWarnings counts what a person may want to look at, by kind.
func (s *sync) showWarnings(ctx context.Context) error {
	files, first := map[string]int{}, map[string]ledgersync.FileResult{}
	for r, err := range s.flow.Files(ctx, s.link.ID, ledgersync.FileLinked) {
		if err != nil {
			return err
		}
		for _, f := range r.Findings {
			if files[f.Code]++; files[f.Code] == 1 {
				first[f.Code] = r
			}
		}
	}
	if len(files) == 0 {
		return nil
	}
	t := s.table("Warnings", "warning", "files", "the first")
	for _, code := range slices.Sorted(maps.Keys(files)) {
		e, _, err := s.ledger.Lookup(ctx, first[code].Key)
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{strings.ReplaceAll(code, "_", " "), files[code], e.Items.Title})
	}
	t.Render()
	return nil
}

// showNewest lists the newest entries with the place of their files, where the
// ledger can be searched.
func (s *sync) showNewest(ctx context.Context, linked int64) error {
	ledger, ok := s.ledger.(contractone.Searcher)
	if !ok || !s.ledger.Capabilities().Search {
		return nil
	}
	var newest []contractone.Entry
	for e, err := range contractone.All(ctx, ledger, contractone.Query{Link: s.link.ID, Limit: contractone.MaxPageSize}) {
		if err != nil {
			return err
		}
		newest = append(newest, e)
		newest = newest[max(0, len(newest)-shown):]
	}
	if len(newest) == 0 {
		return nil
	}
	t := s.table(fmt.Sprintf("The newest of %d entries", linked), "title", "file name", "signed on", "amount", "PDF")
	for _, e := range newest {
		t.AppendRow(table.Row{e.Items.Title, e.Items.FileName, e.Items.SignedOn, grouped(e.Items.Amount), short(s.ledger.place(e))})
	}
	t.Render()
	return nil
}

// grouped writes an amount with separators; no amount stays empty.
func grouped(a contractone.Amount) string {
	yen, ok := a.Get()
	if !ok {
		return ""
	}
	text := strconv.FormatInt(yen, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// short cuts the middle out of a path; the ledger has it whole.
func short(path string) string {
	text := []rune(path)
	if len(text) <= 40 {
		return path
	}
	return string(text[:24]) + "…" + string(text[len(text)-8:])
}

// reason is the error of a file without the ids before it, which stand elsewhere.
func reason(r ledgersync.FileResult) string {
	if _, text, found := strings.Cut(r.LastError, ", file "+r.FileID+": "); found {
		return text
	}
	return r.LastError
}

// stateText says what follows from a file's state.
func stateText(r ledgersync.FileResult) string {
	switch r.State {
	case orchestration.StateDead:
		return "given up: mend it, the next run tries again"
	case orchestration.StateUncertain:
		return "may be in the ledger: look there"
	case ledgersync.FileParked:
		return "waits for the link"
	}
	return "tried again later"
}

// showFailures lists files that are not registered, and gives the first of them
// as a sentence.
func (s *sync) showFailures(ctx context.Context) (first string, err error) {
	t := s.table("Files that are not registered", "title", "file name", "state", "why")
	n := 0
	for r, err := range s.flow.Files(ctx, s.link.ID, orchestration.StateDead, orchestration.StatePending, orchestration.StateSending,
		orchestration.StateUncertain, ledgersync.FileParked) {
		if err != nil {
			return "", err
		}
		if n++; n == 1 {
			first = fmt.Sprintf("%s (%s)", r.FileName, reason(r))
		}
		if n <= shown {
			t.AppendRow(table.Row{r.Title, r.FileName, stateText(r), reason(r)})
		}
	}
	if n > shown {
		t.AppendRow(table.Row{"…", fmt.Sprintf("and %d more", n-shown), "", ""})
	}
	if n > 0 {
		t.Render()
	}
	return first, nil
}
