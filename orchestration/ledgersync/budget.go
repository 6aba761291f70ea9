package ledgersync

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// Budget bounds how many files a link registers, because each uses up one of the
// contracts that a customer paid for. A file counts when it is taken up, before
// anything is sent, and only once however often it is tried; so a budget is never
// exceeded, and a file that fails for good has used its part. What is beyond
// waits for the first run that has room. 0: no limit.
type Budget struct {
	Run   int64 `json:"run,omitempty"`   // files from one run of the link to the next
	Month int64 `json:"month,omitempty"` // files in a calendar month in Japan
}

// spent is how much of the budget is reserved.
type spent struct {
	Run     int64  `json:"run,omitempty"`
	Month   string `json:"month,omitempty"` // "2026-04", to which InMonth belongs
	InMonth int64  `json:"in_month,omitempty"`
}

// left is how many files may still be taken up.
func (b Budget) left(s spent, now time.Time) int64 {
	n := int64(math.MaxInt64)
	if b.Run > 0 {
		n = max(0, b.Run-s.Run)
	}
	if b.Month > 0 {
		n = min(n, max(0, b.Month-s.inMonth(now)))
	}
	return n
}

// String gives "10 files a run, 100 files a month".
func (b Budget) String() string {
	var parts []string
	if b.Run > 0 {
		parts = append(parts, fmt.Sprintf("%d files a run", b.Run))
	}
	if b.Month > 0 {
		parts = append(parts, fmt.Sprintf("%d files a month", b.Month))
	}
	return strings.Join(parts, ", ")
}

func (s spent) inMonth(now time.Time) int64 {
	if s.Month != monthOf(now) {
		return 0
	}
	return s.InMonth
}

func (s *spent) add(now time.Time) {
	s.Run++
	s.InMonth = s.inMonth(now) + 1
	s.Month = monthOf(now)
}

func monthOf(t time.Time) string { return t.In(japan).Format("2006-01") }

// reserve takes files up as far as the budget goes, and gives those that may be
// registered. The others wait.
func (f *Flow) reserve(ctx context.Context, tx orchestration.Tx, link *linkRow, rows []fileRow) (ready []fileRow, err error) {
	budget, used := link.Value.Settings.Budget, &link.Value.Spent
	if budget == (Budget{}) {
		return rows, nil
	}
	before := *used
	for _, row := range rows {
		if row.Value.Reserved || row.State == orchestration.StateSending || holds(link.Value.Settings, row.Value) {
			ready = append(ready, row)
			continue
		}
		room := budget.left(*used, f.now()) > 0
		if room {
			used.add(f.now())
			row.Value.Reserved = true
		} else {
			row.State, row.Due = FileBudget, time.Time{}
			row.LastError = "waits for the first run that has room in the budget of " + budget.String()
		}
		row.Updated = f.now()
		if err := f.files.Update(ctx, tx, &row); err != nil {
			return nil, err
		}
		if room {
			ready = append(ready, row)
		}
	}
	if *used == before {
		return ready, nil
	}
	return ready, f.links.Update(ctx, tx, link)
}

// release takes up as many of the files that wait for the budget as it has room
// for, those that were found first first.
func (f *Flow) release(ctx context.Context, id contractone.ManagementID) error {
	link, err := f.link(ctx, id)
	if err != nil {
		return err
	}
	room := link.Value.Settings.Budget.left(link.Value.Spent, f.now())
	q := orchestration.Query{Scope: string(id), States: []string{FileBudget}}
	return f.requeue(ctx, q, room)
}
