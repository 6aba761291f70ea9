package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// runLink is the handler of a link's lane: it finds what is new. The first run
// takes everything, and so does one each week; another one what was processed since
// the one before, less the overlap. Each page's files and the place in the listing
// are committed together, so a run that was cut off goes on at its page.
func (f *Flow) runLink(ctx context.Context, group string) error {
	id := contractone.ManagementID(group)
	row, err := f.link(ctx, id)
	if err != nil {
		return err
	}
	if State(row.State) != StateActive {
		return f.changeLink(ctx, id, func(row *linkRow) error {
			row.Due = time.Time{}
			return nil
		})
	}
	// Files that were parked while the link was not active go on, whoever made it
	// active and however that ended.
	if err := f.unpark(ctx, id); err != nil {
		return err
	}
	err = f.difference(ctx, id, row)
	switch {
	case err == nil, errors.Is(err, orchestration.ErrTurnOver):
		return err
	case stopsLink(err):
		return f.stop(ctx, id, err)
	}
	err = &LinkError{Link: id, Err: err}
	if row.Attempt+1 == failedRuns && ctx.Err() == nil {
		f.notify(ctx, noticeOf(NoticeFailing, id, err))
	}
	return err
}

// failedRuns is after how many failures of a run in a row people are told: about
// an hour of them by the engine's usual pauses.
const failedRuns = 12

func (f *Flow) difference(ctx context.Context, id contractone.ManagementID, row linkRow) error {
	client, err := f.client(row)
	if err != nil {
		return err
	}
	r, err := look(ctx, client)
	if err != nil {
		return err
	}
	w, err := f.openWindow(ctx, id, r)
	if err != nil {
		return err
	}
	r.team = w.Team
	if err := f.release(ctx, id); err != nil {
		return err
	}
	f.meters.begin(id)
	first := max(w.Page-1, 1) // the page before is read again: pages shift
	if again, err := f.list(ctx, row, r, w, first); !again || err != nil {
		return err
	}
	_, err = f.list(ctx, row, r, w, 1)
	return err
}

// list goes through the listing from a page on, and ends the run. When a run that
// was cut off finds another total than it left, documents have moved between the
// pages that it read and those that it did not: then it must begin again.
func (f *Flow) list(ctx context.Context, link linkRow, r reach, w window, first int) (again bool, err error) {
	id := contractone.ManagementID(link.Key)
	var rep *orchestration.Reporter
	fresh := false
	for page, err := range r.pages(ctx, w.From, w.To, first) {
		if err != nil {
			return false, err
		}
		if rep == nil {
			if first > 1 && page.Total != w.Total {
				return true, nil
			}
			rep = orchestration.NewReporter("list", page.Total, f.cfg.Clock, f.cfg.Progress)
		}
		if err := f.keepPage(ctx, id, page); err != nil {
			return false, err
		}
		if err := f.compare(ctx, r.client, link, w, page.Items); err != nil {
			return false, err
		}
		rep.Add(int64(len(page.Items)), 0)
		// A turn reads one page at least that the one before it did not. The first page
		// is read again too where it is the one before.
		if page.Next != "" && (fresh || w.Page == 1) && orchestration.TurnOver(ctx) {
			return false, orchestration.ErrTurnOver // the run goes on at the next page
		}
		fresh = true
	}
	return false, f.closeWindow(ctx, id)
}

// openWindow begins a run, or takes up one that was cut off.
func (f *Flow) openWindow(ctx context.Context, id contractone.ManagementID, r reach) (w window, err error) {
	err = f.changeLink(ctx, id, func(row *linkRow) error {
		b := &row.Value
		b.TeamName = r.name
		// Another listing has other pages: a run that began with the other rights
		// begins anew.
		if b.Window == nil || b.Window.Team != r.team {
			full := !f.now().Before(b.LastFull.Add(f.cfg.FullEvery))
			b.Window = &window{To: f.now(), Page: 1, Team: r.team, Full: full, Asked: b.Asked}
			b.Spent.Run = 0
			if !full {
				b.Window.From = b.Until.Add(-f.cfg.Overlap)
			}
		}
		w = *b.Window
		return nil
	})
	return w, err
}

// closeWindow ends a run: the checkpoint moves to its end, and the schedule says
// when the next is due. Runs that were missed are made up for by one.
func (f *Flow) closeWindow(ctx context.Context, id contractone.ManagementID) error {
	return f.changeLink(ctx, id, func(row *linkRow) error {
		b := &row.Value
		if b.Window == nil {
			return nil
		}
		asked := b.Asked > b.Window.Asked // meanwhile
		if b.Window.Full {
			b.LastFull = b.Window.To
		}
		b.Until, b.LastRun, b.Window = b.Window.To, b.Window.To, nil
		row.LastError, row.Attempt = "", 0
		switch {
		case State(row.State) != StateActive:
		case asked:
			row.Due = f.now()
		default:
			row.Due = f.cfg.Schedule(f.now())
		}
		return nil
	})
}

// keepPage commits the files of a page together with the place in the listing.
func (f *Flow) keepPage(ctx context.Context, id contractone.ManagementID, page *countersign.Page[cloudsign.Document]) error {
	next := 0
	if page.Next != "" {
		n, err := strconv.Atoi(page.Next)
		if err != nil {
			return fmt.Errorf("ledgersync: page %q is not a number: %w", page.Next, err)
		}
		next = n
	}
	var files int
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		return f.changeLinkIn(ctx, tx, id, func(row *linkRow) (err error) {
			if files, err = f.insert(ctx, tx, row, page.Items, ""); err != nil {
				return err
			}
			if w := row.Value.Window; w != nil && next > 0 {
				w.Page, w.Total = next, page.Total
			}
			return nil
		})
	})
	if err == nil {
		f.meters.grow(ctx, f, id, files)
	}
	return err
}

// insert puts the files of documents into the queue and counts those that are
// fresh. Files that are known stay as they are, but for those that were left out and
// those that wait under a link that is not active any more: this link takes them.
func (f *Flow) insert(ctx context.Context, tx orchestration.Tx, link *linkRow, docs []cloudsign.Document, why string) (files int, err error) {
	for _, rows := range f.rowsOf(docs, contractone.ManagementID(link.Key), link.Value, why) {
		// The first file by itself tells whether the document is fresh. All are one
		// after the other in the store, so that a lane meets them together.
		first, err := f.files.Insert(ctx, tx, rows[0])
		if err != nil {
			return 0, err
		}
		others, err := f.files.Insert(ctx, tx, rows[1:]...)
		if err != nil {
			return 0, err
		}
		files += first + others
		link.Value.Seen.Documents += int64(first)
		if first+others == len(rows) {
			continue
		}
		taken, err := f.takeOver(ctx, tx, link, rows)
		if err != nil {
			return 0, err
		}
		files += taken
		if taken == len(rows) {
			link.Value.Seen.Documents++
		}
		if err := f.meet(ctx, tx, link, rows); err != nil {
			return 0, err
		}
	}
	link.Value.Seen.Files += int64(files)
	return files, nil
}

// rowsOf makes the rows of a page, those of each document together.
func (f *Flow) rowsOf(docs []cloudsign.Document, id contractone.ManagementID, link linkBody, why string) (out [][]fileRow) {
	now := f.now()
	switch {
	case why != "":
	case link.Until.IsZero():
		why = whyFirst
	case link.Window != nil && link.Window.Full:
		why = whyFull
	default:
		why = whyDaily
	}
	for i := range docs {
		d := &docs[i]
		if f.judge(id, link.Settings.Rules, d) != carried {
			continue
		}
		state, due, listed := orchestration.StatePending, now, now
		if end := link.Settings.graceEnd(d); link.Settings.GraceDays > 0 && end.After(now) {
			state, due, listed = FileGrace, end, time.Time{}
		}
		var rows []fileRow
		for _, rec := range records(link.Settings.Extras, *d) {
			src := rec.Source()
			rows = append(rows, fileRow{
				Record: orchestration.Record{
					Key: string(src.Key()), Scope: string(id), Group: f.lane(id, d.ID), Ref: string(d.ID),
					State: state, Due: due, Updated: now,
				},
				Value: fileBody{
					Document: string(d.ID), File: string(rec.File.ID), Index: rec.FileIndex, Count: rec.FileCount, Why: why,
					Title: d.Title, Name: rec.File.Name, Listed: listed,
				},
			})
		}
		out = append(out, rows)
	}
	return out
}

// lane keeps the files of a document together, so that its information is read
// once for all of them.
func (f *Flow) lane(id contractone.ManagementID, doc cloudsign.DocumentID) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(doc))
	return string(id) + "/" + strconv.Itoa(int(h.Sum32()%uint32(f.cfg.Lanes))) //nolint:gosec // 1 to 64
}

// stop ends a link's runs until a person has mended the cause, and parks the files
// that met it. What else waits is parked by its lane.
func (f *Flow) stop(ctx context.Context, id contractone.ManagementID, cause error, rows ...fileRow) error {
	stopped := false
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		err := f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			if stopped = State(row.State) == StateActive; stopped {
				row.State, row.LastError = string(StateStopped), orchestration.ErrorText(&LinkError{Link: id, Err: cause})
			}
			row.Due = time.Time{}
			return nil
		})
		if err != nil {
			return err
		}
		return f.parkIn(ctx, tx, rows)
	})
	if err != nil {
		return errors.Join(err, cause)
	}
	if !stopped {
		return nil // another lane met the same
	}
	f.cfg.Logger.ErrorContext(ctx, "link stopped", "link", string(id), "error", cause)
	n := Notice{Kind: NoticeStopped, Link: id, Reason: orchestration.ErrorText(cause)}
	if len(rows) > 0 {
		n.DocumentID, n.FileID = rows[0].Value.Document, rows[0].Value.File
	}
	f.notify(ctx, n)
	return nil
}

// RunNow makes the link's next run due at once; while one is under way, the next
// comes right after it. A link that is not active is a
// countersign.ErrConflict.
func (f *Flow) RunNow(ctx context.Context, id contractone.ManagementID) error {
	return f.changeLink(ctx, id, func(row *linkRow) error {
		if State(row.State) != StateActive {
			return &LinkError{Link: id, Err: fmt.Errorf("it is %s, not active: %w", row.State, countersign.ErrConflict)}
		}
		row.Due = f.now()
		row.Value.Asked++
		return nil
	})
}

// Pause ends a link's runs until Resume. Files that are being sent to the ledger
// at this moment are finished, all others wait. A link that is not active is a
// countersign.ErrConflict.
func (f *Flow) Pause(ctx context.Context, id contractone.ManagementID) error {
	return f.changeLink(ctx, id, func(row *linkRow) error {
		if State(row.State) != StateActive {
			return &LinkError{Link: id, Err: fmt.Errorf("it is %s, not active: %w", row.State, countersign.ErrConflict)}
		}
		row.State, row.Due = string(StatePaused), time.Time{}
		return nil
	})
}

// Resume makes a paused or stopped link active again, and its next run due at
// once. It goes on where it was: what is registered is not registered again. A
// link in another state is a countersign.ErrConflict.
func (f *Flow) Resume(ctx context.Context, id contractone.ManagementID) error {
	return f.changeLink(ctx, id, func(row *linkRow) error {
		if s := State(row.State); s != StatePaused && s != StateStopped {
			return &LinkError{Link: id, Err: fmt.Errorf("it is %s, neither paused nor stopped: %w", row.State, countersign.ErrConflict)}
		}
		f.activate(row)
		row.Value.Asked++
		return nil
	})
}

// activate makes a link active, and its next run due at once.
func (f *Flow) activate(row *linkRow) {
	row.State, row.LastError, row.Due, row.Attempt = string(StateActive), "", f.now(), 0
	row.Value.Active = f.now()
}
