package ledgersync

import (
	"context"
	"math"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// park takes files out of the queue until their link is active again. The link is
// written too, so that a Resume at the same moment is either seen here or comes
// after: no file stays parked under an active link.
func (f *Flow) park(ctx context.Context, id contractone.ManagementID, rows []fileRow) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		active := false
		err := f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			active = State(row.State) == StateActive
			return nil
		})
		if err != nil || active {
			return err
		}
		return f.parkIn(ctx, tx, rows)
	})
}

// parkIn parks files as they are stored now. One that may have been sent stays
// as sent: it will be looked up.
func (f *Flow) parkIn(ctx context.Context, tx orchestration.Tx, rows []fileRow) error {
	for _, row := range rows {
		now, err := f.files.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		now.Due, now.Updated = time.Time{}, f.now()
		if now.State != orchestration.StateSending {
			now.State, now.Attempt = FileParked, 0
		}
		if err := f.files.Update(ctx, tx, &now); err != nil {
			return err
		}
	}
	return nil
}

// unpark puts a link's parked files back into the queue. It does not matter how
// far an earlier one came.
func (f *Flow) unpark(ctx context.Context, id contractone.ManagementID) error {
	return f.requeue(ctx, orchestration.Query{Scope: string(id), States: []string{FileParked, orchestration.StateSending}}, math.MaxInt64)
}

// pageSize is how many rows are changed in one transaction where nothing else is
// done with them.
const pageSize = 256

// requeue makes files due now, at most n of those that q selects. One that may
// have been sent stays as sent: it will be looked up. What a turn leaves, the next
// finds.
func (f *Flow) requeue(ctx context.Context, q orchestration.Query, n int64) error {
	for n > 0 {
		var rows []fileRow
		q.Limit = int(min(n, pageSize))
		err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			if rows, err = f.files.List(ctx, tx, q); err != nil {
				return err
			}
			for _, row := range rows {
				switch {
				case row.State != orchestration.StateSending:
					row.State = orchestration.StatePending
				case !row.Due.IsZero():
					continue // is at work, or waits for its turn
				}
				row.Due = f.now()
				if err := f.files.Update(ctx, tx, &row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(rows) < q.Limit {
			return err
		}
		if orchestration.TurnOver(ctx) {
			return orchestration.ErrTurnOver
		}
		n -= int64(len(rows))
		q.AfterSeq = rows[len(rows)-1].Seq
	}
	return nil
}
