package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// Budget bounds how many files a link registers, because each uses up one of the
// contracts that a customer paid for. A file counts before it is sent, and only
// once however often it is tried; so a budget is never exceeded, and a file that
// fails for good has used its part. One that the ledger holds already does not
// count, and one that it lost and Repair registers again counts again. What is
// beyond waits for the first run that has room. 0: no limit.
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

// reserve takes up a part of the budget for a file, and tells whether there was
// one. It is kept before anything is sent.
func (f *Flow) reserve(ctx context.Context, file fileRow) (room bool, err error) {
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		link, err := f.linkIn(ctx, tx, contractone.ManagementID(file.Scope))
		if err != nil {
			return err
		}
		now, used := f.now(), &link.Value.Spent
		if room = link.Value.Settings.Budget.left(*used, now) > 0; !room {
			return nil
		}
		row, err := f.files.Get(ctx, tx, file.Key)
		if err != nil {
			return err
		}
		used.add(now)
		row.Value.Reserved = true
		return errors.Join(f.files.Update(ctx, tx, &row), f.links.Update(ctx, tx, &link))
	})
	return room, err
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
