package envelopesync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// Period is the envelopes that changed between two times.
type Period struct {
	From time.Time
	To   time.Time // zero: now
}

// BackfillPlan is what a backfill would do.
type BackfillPlan struct {
	Envelopes int // that changed in the period
	Records   int // recipients who would become records
	Contacts  int // that they belong to
	// Skipped counts the recipients who would not, by reason.
	Skipped map[string]int
	// Calls is about how many requests ActiveCampaign gets, and Takes how long that
	// is at the pace that an account allows.
	Calls int
	Takes time.Duration
}

// BackfillStatus is how far a backfill has come.
type BackfillStatus struct {
	ID        string
	Account   docusign.AccountID
	Period    Period
	Listed    bool // all envelopes were found; contacts and records may still follow
	Envelopes int
	Records   int
	LastError string
}

// backfillBody is what the store keeps of a backfill. Its cursor commits together
// with the records that were found up to it.
type backfillBody struct {
	Account   docusign.AccountID `json:"account"`
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	At        time.Time          `json:"at,omitzero"` // change of the last envelope that was found; zero: From
	Cursor    string             `json:"cursor,omitzero"`
	Page      int                `json:"page"`
	Envelopes int                `json:"envelopes"`
	Records   int                `json:"records"`
}

type backfillRow = orchestration.Row[backfillBody]

// stateListed is the state of a backfill that has found all envelopes.
const stateListed = "listed"

// backfillPage is how many envelopes are read at once.
const backfillPage = 100

func (f *Flow) checkPeriod(ctx context.Context, account docusign.AccountID, p *Period) (*live, error) {
	l, err := f.readConnection(ctx, account)
	if err == nil && l == nil {
		err = ErrUnknownAccount
	}
	if p.To.IsZero() {
		p.To = f.now()
	}
	if err == nil && (p.From.IsZero() || !p.From.Before(p.To)) {
		err = configError("Period", "is empty", "set From to a time before To, which is now where it is zero")
	}
	return l, err
}

func query(from, to time.Time, cursor string) docusign.EnvelopeQuery {
	return docusign.EnvelopeQuery{
		From: from, To: to, Count: backfillPage, Cursor: cursor, OrderBy: "status_changed", Order: "asc",
		Include: []docusign.Include{docusign.IncludeRecipients, docusign.IncludeCustomFields},
	}
}

// PlanBackfill says what Backfill would do, and writes nothing. It goes through
// DocuSign's list of the period, whose calls count.
func (f *Flow) PlanBackfill(ctx context.Context, account docusign.AccountID, p Period) (*BackfillPlan, error) {
	l, err := f.checkPeriod(ctx, account, &p)
	if err != nil {
		return nil, err
	}
	a, err := f.account(account)
	if err != nil {
		return nil, err
	}
	out := &BackfillPlan{Skipped: map[string]int{}}
	envelopes, contacts := map[docusign.EnvelopeID]bool{}, map[string]bool{}
	for env, err := range a.Client.Envelopes.ListStatusChanges(ctx, query(p.From, p.To, "")) {
		if err != nil {
			return nil, fmt.Errorf("list the envelopes: %w", err)
		}
		if envelopes[env.ID] {
			continue // the list may give one twice
		}
		envelopes[env.ID] = true
		out.count(l, eventOf(l.Account, env, p.To), contacts)
	}
	out.Envelopes, out.Contacts = len(envelopes), len(contacts)
	perRecord := 1 // finding the contact
	if l.Schema != nil {
		perRecord++
	}
	// An import takes 250 contacts, and is asked after about twice.
	out.Calls = (out.Contacts+249)/250*3 + out.Records*perRecord
	out.Takes = time.Duration(float64(out.Calls) / 4.5 * float64(time.Second)).Round(time.Second)
	return out, nil
}

func (p *BackfillPlan) count(l *live, e docusign.Event, contacts map[string]bool) {
	seen := observe(l.Connection, e)
	if n := len(e.Envelope.Recipients) - len(seen); n > 0 {
		p.Skipped["not of a type that becomes a contact, or nothing happened yet"] += n
	}
	for _, rec := range seen {
		switch {
		case contactmap.EmailKey(rec.Facts.Email) == "":
			p.Skipped["no e-mail address of their own"]++
		case len(rec.Reached(l.Actions)) == 0:
			p.Skipped["no chosen action happened"]++
		default:
			p.Records++
			contacts[contactGroup(rec.Facts.Email)] = true
		}
	}
}

// Backfill carries the envelopes of a period over, those that changed in it: their
// contacts by bulk import, which starts no automation of ActiveCampaign, then
// their records. No automation of the flow starts either. It goes on after a
// restart where it was. Values of tabs are not in DocuSign's list, so that contact
// fields which are filled from tabs stay as they are.
func (f *Flow) Backfill(ctx context.Context, account docusign.AccountID, p Period) (id string, err error) {
	l, err := f.checkPeriod(ctx, account, &p)
	if err != nil {
		return "", err
	}
	p.From, p.To = orchestration.StoredTime(p.From), orchestration.StoredTime(p.To)
	id = fmt.Sprintf("%s/%s/%s", l.Account, p.From.Format(time.RFC3339), p.To.Format(time.RFC3339))
	row := backfillRow{
		Record: orchestration.Record{Key: id, Scope: string(l.Account), Group: id, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
		Value:  backfillBody{Account: l.Account, From: p.From, To: p.To},
	}
	return id, f.store.Tx(ctx, func(tx orchestration.Tx) error {
		fresh, err := f.backfills.Insert(ctx, tx, row)
		if err != nil || fresh == 0 {
			return err
		}
		return f.log(ctx, tx, l.Account, id, "backfill began", "")
	})
}

// Backfills goes through the backfills, oldest first.
func (f *Flow) Backfills(ctx context.Context) iter.Seq2[BackfillStatus, error] {
	return func(yield func(BackfillStatus, error) bool) {
		for row, err := range f.backfills.All(ctx, f.store, orchestration.Query{}) {
			b := row.Value
			s := BackfillStatus{
				ID: row.Key, Account: b.Account, Period: Period{b.From, b.To}, Listed: row.State == stateListed,
				Envelopes: b.Envelopes, Records: b.Records, LastError: row.LastError,
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// runBackfill is the handler of a backfill: it reads one page.
func (f *Flow) runBackfill(ctx context.Context, id string) error {
	var row backfillRow
	var l *live
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		if row, err = f.backfills.Get(ctx, tx, id); err != nil {
			return err
		}
		l, err = f.connection(ctx, tx, row.Value.Account)
		return err
	})
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	if l == nil || l.paused {
		return f.putAside(ctx, row.Value.Account, string(f.backfills), row.Key)
	}
	a, err := f.account(row.Value.Account)
	if err != nil {
		return err
	}
	page, err := a.Client.Envelopes.List(ctx, query(row.Value.from(), row.Value.To, row.Value.Cursor))
	if err != nil {
		return fmt.Errorf("list the envelopes: %w", err)
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error { return f.takePage(ctx, tx, l, row, page) })
}

// from is where the list goes on.
func (b *backfillBody) from() time.Time {
	if b.At.IsZero() {
		return b.From
	}
	return b.At
}

// next moves on to the page after this one. An envelope that changes while the list
// is gone through leaves the period, and the places of all after it move: so the
// next page is the first of those that changed no earlier than the last envelope
// here. Only where all changed at one time, it is the page after this one.
func (b *backfillBody) next(page *countersign.Page[docusign.Envelope]) {
	b.Cursor = page.Next
	n := len(page.Items)
	byChange := func(x, y docusign.Envelope) int { return x.StatusChanged.Compare(y.StatusChanged.Time) }
	if page.Next == "" || n == 0 || !slices.IsSortedFunc(page.Items, byChange) {
		return
	}
	if last := page.Items[n-1].StatusChanged.Time; last.After(b.from()) {
		b.At, b.Cursor = last, ""
	}
}

// known reports whether the page before had the envelope too.
func (b *backfillBody) known(env *docusign.Envelope) bool {
	return b.Cursor == "" && !b.At.IsZero() && !env.StatusChanged.After(b.At)
}

// takePage merges the envelopes of a page, has their contacts imported, and moves
// the cursor.
func (f *Flow) takePage(ctx context.Context, tx orchestration.Tx, l *live, row backfillRow, page *countersign.Page[docusign.Envelope]) error {
	var keys []string
	for i := range page.Items {
		known := row.Value.known(&page.Items[i])
		if !known {
			row.Value.Envelopes++
		}
		for _, rec := range observe(l.Connection, eventOf(l.Account, &page.Items[i], row.Value.To)) {
			if len(rec.Reached(l.Actions)) == 0 {
				continue
			}
			if err := f.mergeIn(ctx, tx, l, rec, true); err != nil {
				return err
			}
			keys = append(keys, rec.ID())
			if !known {
				row.Value.Records++
			}
		}
	}
	row.Value.Page++
	row.Value.next(page)
	row.Updated, row.LastError, row.Attempt = f.now(), "", 0
	if page.Next == "" {
		row.State, row.Due = stateListed, time.Time{}
		if err := f.log(ctx, tx, l.Account, row.Key, "backfill found all envelopes", ""); err != nil {
			return err
		}
	} else {
		row.Due = f.now()
	}
	if err := f.insertImport(ctx, tx, l.Account, fmt.Sprintf("%s/%d", row.Key, row.Value.Page), keys); err != nil {
		return err
	}
	return f.backfills.Update(ctx, tx, &row)
}
