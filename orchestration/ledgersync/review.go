package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/orchestration"
)

// Actor is the person who reviews. Who it really is, the caller has to make sure
// of.
type Actor struct {
	ID     string   // the account, as in contractone.User; who has none may do nothing
	Groups []string // names of the groups that the person is a member of
}

// Review is what an actor may do with files that are held for review: those of
// the links whose reviewers the actor is among. It is safe for concurrent use.
type Review struct {
	f     *Flow
	actor Actor
}

// Review gives the review as an actor sees it.
func (f *Flow) Review(actor Actor) Review { return Review{f: f, actor: actor} }

// HeldFile is a file that waits outside the ledger for a reviewer.
type HeldFile struct {
	Link       contractone.ManagementID
	Key        contractone.Key
	DocumentID string
	FileID     string
	FileIndex  int // place of the file in the document, from 1
	FileCount  int // files of the document
	// Items and Extensions are what the entry will hold: as they were in CloudSign
	// when the file was held.
	Items      contractone.Items
	Extensions map[string]string
	Findings   []mapping.Finding // what a person may want to look at
	Share      contractone.Share // the link's, or as a reviewer changed it
	Since      time.Time
	Expires    time.Time // when the file is given up if nobody decides; zero: never
}

// held is what the store keeps of a file for its review, until it is in the
// ledger or discarded.
type held struct {
	mapped
	Share contractone.Share `json:"share"`
	Since time.Time         `json:"since"`
}

// Decision is what a reviewer decided about a file.
type Decision struct {
	What   string    `json:"what"` // Saved or Discarded
	By     string    `json:"by"`   // the actor's ID
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// The decisions.
const (
	Saved     = "saved"
	Discarded = "discarded"
)

// Decided is what became of one file of a call. Err is nil when it was done, else
// a *contractone.FileError around ErrNotReviewer, a *DecidedError or a
// countersign.ErrConflict, or a countersign.ErrNotFound.
type Decided struct {
	Key contractone.Key
	Err error
}

// Links are the links in review mode that the actor reviews.
func (r Review) Links(ctx context.Context) ([]Link, error) {
	return r.f.linksWhere(ctx, r.actor.reviews)
}

// List gives a page of the files of a link that are held, in the order in which
// they were found: at most limit, which is 100 where it is 0, after the cursor,
// which is the Next of the page before. Its error is a *LinkError when the actor
// does not review the link.
func (r Review) List(ctx context.Context, link contractone.ManagementID, cursor string, limit int) (*countersign.Page[HeldFile], error) {
	q := orchestration.Query{Scope: string(link), States: []string{FileReview}, Limit: limit}
	if limit <= 0 {
		q.Limit = 100
	}
	if cursor != "" {
		n, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("ledgersync: %.40q is not a cursor: %w", cursor, countersign.ErrInvalid)
		}
		q.AfterSeq = n
	}
	page := &countersign.Page[HeldFile]{}
	err := r.f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := r.f.linkIn(ctx, tx, link)
		if err != nil {
			return err
		}
		if !r.actor.reviews(row.Value.Settings) {
			return &LinkError{Link: link, Err: ErrNotReviewer}
		}
		rows, err := r.f.files.List(ctx, tx, q)
		if err != nil {
			return err
		}
		count, err := tx.Count(ctx, orchestration.Query{Table: string(r.f.files), Scope: q.Scope, States: q.States})
		if err != nil {
			return err
		}
		*page = countersign.Page[HeldFile]{Total: count[FileReview]}
		for _, row := range rows {
			page.Items = append(page.Items, heldFile(row))
		}
		if len(rows) == q.Limit {
			page.Next = strconv.FormatInt(rows[len(rows)-1].Seq, 10)
		}
		return nil
	})
	return page, err
}

// Get gives one file that is held. Its errors are those of Decided.
func (r Review) Get(ctx context.Context, key contractone.Key) (h HeldFile, err error) {
	done, err := r.each(ctx, []contractone.Key{key}, func(_ orchestration.Tx, row *fileRow) error {
		h = heldFile(*row)
		return errUnchanged
	})
	if err == nil {
		err = done[0].Err
	}
	return h, err
}

// Open streams the PDF of a file that is held from CloudSign. The caller closes
// it. Its errors are those of Decided, and CloudSign's.
func (r Review) Open(ctx context.Context, key contractone.Key) (*countersign.Download, error) {
	h, err := r.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	link, err := r.f.link(ctx, h.Link)
	if err != nil {
		return nil, err
	}
	client, err := r.f.client(link)
	if err != nil {
		return nil, &LinkError{Link: h.Link, Err: err}
	}
	pdf, err := download(ctx, client, fileBody{Document: h.DocumentID, File: h.FileID})
	if err != nil {
		return nil, &contractone.FileError{Link: h.Link, DocumentID: h.DocumentID, FileID: h.FileID, Err: err}
	}
	return pdf, nil
}

// Save lets files into the ledger (台帳に保存), with the items and the share scope
// that List gave. They are registered as soon as the engine runs and the link is
// active. An error of its own is the store's: then Decided holds what was done
// until then.
func (r Review) Save(ctx context.Context, keys ...contractone.Key) ([]Decided, error) {
	return r.each(ctx, keys, func(tx orchestration.Tx, row *fileRow) error {
		share := row.Value.Held.Share
		row.State, row.Due, row.Attempt, row.Value.Share = orchestration.StatePending, r.f.now(), 0, &share
		return r.decide(ctx, tx, row, Saved, "")
	})
}

// MaxReason is how many characters the reason for a decision may have.
const MaxReason = 500

// Discard keeps files out of the ledger for good (削除): a run that finds them
// again leaves them alone. The reason is kept with the file; one of more than
// MaxReason characters is a countersign.ErrInvalid. For its other own error see
// Save.
func (r Review) Discard(ctx context.Context, reason string, keys ...contractone.Key) ([]Decided, error) {
	if n := utf8.RuneCountInString(reason); n > MaxReason {
		return nil, fmt.Errorf("ledgersync: the reason has %d characters, more than %d: %w", n, MaxReason, countersign.ErrInvalid)
	}
	return r.each(ctx, keys, func(tx orchestration.Tx, row *fileRow) error {
		row.State, row.Due = FileDiscarded, time.Time{}
		b := &row.Value
		b.Held, b.Title, b.Name = nil, "", ""
		return r.decide(ctx, tx, row, Discarded, reason)
	})
}

// ChangeShare changes the share scope (共有範囲) that files will be registered with.
// A scope that is not valid is a countersign.ErrInvalid; for its other own error
// see Save.
func (r Review) ChangeShare(ctx context.Context, share contractone.Share, keys ...contractone.Key) ([]Decided, error) {
	if err := share.Validate(); err != nil {
		return nil, err
	}
	return r.each(ctx, keys, func(tx orchestration.Tx, row *fileRow) error {
		row.Value.Held.Share, row.Value.Share = share, &share
		return r.note(ctx, tx, row, "share scope changed")
	})
}

func (r Review) decide(ctx context.Context, tx orchestration.Tx, row *fileRow, what, reason string) error {
	row.Value.Decision = &Decision{What: what, By: r.actor.ID, At: r.f.now(), Reason: reason}
	return r.note(ctx, tx, row, what)
}

// note writes the journal's line; a reason, which a person wrote, stays out of it.
func (r Review) note(ctx context.Context, tx orchestration.Tx, row *fileRow, what string) error {
	return r.f.journal.Append(ctx, tx, orchestration.Entry{
		At: r.f.now(), Who: r.actor.ID, What: what, Scope: row.Scope, Ref: row.Key,
		IDs: map[string]string{"document": row.Value.Document, "file": row.Value.File},
	})
}

// errUnchanged says that a file was only looked at.
var errUnchanged = errors.New("unchanged")

// each applies a change to files that are held, those of each batch in one
// transaction, and tells what became of each.
func (r Review) each(ctx context.Context, keys []contractone.Key, change func(orchestration.Tx, *fileRow) error) ([]Decided, error) {
	var out []Decided
	for part := range slices.Chunk(keys, pageSize) {
		var done []Decided
		err := r.f.store.Tx(ctx, func(tx orchestration.Tx) error {
			done = nil
			for _, key := range part {
				refusal, err := r.one(ctx, tx, key, change)
				if err != nil {
					return err
				}
				done = append(done, Decided{Key: key, Err: refusal})
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		out = append(out, done...)
	}
	return out, nil
}

func (r Review) one(ctx context.Context, tx orchestration.Tx, key contractone.Key, change func(orchestration.Tx, *fileRow) error) (refusal, err error) {
	row, err := r.f.files.Get(ctx, tx, string(key))
	if errors.Is(err, orchestration.ErrNoRecord) || errors.Is(err, orchestration.ErrInvalidRecord) {
		return fmt.Errorf("ledgersync: there is no file %.120q: %w", string(key), countersign.ErrNotFound), nil
	}
	if err != nil {
		return nil, err
	}
	link, err := r.f.linkIn(ctx, tx, contractone.ManagementID(row.Scope))
	if err != nil {
		return nil, err
	}
	if refusal := r.refuse(link, row); refusal != nil {
		return named(row, refusal), nil
	}
	if err := change(tx, &row); err != nil {
		if errors.Is(err, errUnchanged) {
			err = nil
		}
		return nil, err
	}
	row.Updated = r.f.now()
	return nil, r.f.files.Update(ctx, tx, &row)
}

// refuse says why the actor can't decide about a file now.
func (r Review) refuse(link linkRow, row fileRow) error {
	switch {
	case !r.actor.reviews(link.Value.Settings):
		return ErrNotReviewer
	case row.State == FileReview:
		return nil
	case row.Value.Decision != nil:
		return &DecidedError{Decision: *row.Value.Decision}
	}
	return fmt.Errorf("it is not held for review but %s: %w", row.State, countersign.ErrConflict)
}

// reviews reports whether the actor is among a link's reviewers.
func (a Actor) reviews(s Settings) bool {
	return a.ID != "" && s.Mode == contractone.ModeReview && slices.ContainsFunc(s.Reviewers, func(p contractone.Principal) bool {
		if p.Kind == contractone.KindGroup {
			return slices.Contains(a.Groups, p.Name)
		}
		return p.Name == a.ID
	})
}

func heldFile(row fileRow) HeldFile {
	b := row.Value
	h := HeldFile{
		Link: contractone.ManagementID(row.Scope), Key: contractone.Key(row.Key), DocumentID: b.Document, FileID: b.File,
		FileIndex: b.Index, FileCount: b.Count, Expires: row.Due,
	}
	if b.Held != nil {
		h.Items, h.Extensions, h.Findings, h.Share, h.Since = b.Held.Items, b.Held.Extensions, b.Held.Findings, b.Held.Share, b.Held.Since
	}
	return h
}
