package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// State is the state of a link.
type State string

// The states of a link.
const (
	StateDraft   State = "draft"   // set up, or let more in by ChangeLink; Start begins
	StateActive  State = "active"  // runs by its schedule
	StatePaused  State = "paused"  // by a person; Resume goes on
	StateStopped State = "stopped" // by a failure that a person has to mend; Resume goes on
	StateRemoved State = "removed" // for good; what it registered stays
)

// Settings are the settings of a link: the steps of the vendor's wizard and what
// this flow adds to them. They hold no secret.
type Settings struct {
	contractone.Settings
	Rules
}

// Link is a CloudSign account linked with the ledger.
type Link struct {
	ID       contractone.ManagementID
	Settings Settings
	// Team is the name of the CloudSign team of the client ID's user; empty before
	// the first preview.
	Team  string
	State State
	// LastError says why the link stopped, or why its last run failed; empty
	// otherwise.
	LastError string
	// NextRun is when the link runs next; zero when it does not.
	NextRun time.Time
	// LastRun is when the last complete run began; zero before the first.
	LastRun time.Time
	// Seen counts what the link found so far, each document and file once.
	Seen contractone.Count
	// Counts is how its files stand now.
	Counts Summary
	// Overlap counts the files that it sees and another link holds; see Overlaps.
	Overlap int64
}

// linkBody is what the store keeps of a link.
type linkBody struct {
	Settings Settings          `json:"settings"`
	TeamName string            `json:"team_name,omitempty"`
	Overlap  int64             `json:"overlap,omitempty"`
	Seen     contractone.Count `json:"seen"`
	Spent    spent             `json:"spent,omitzero"`
	// Preview is the last count that was shown.
	Preview *Preview `json:"preview,omitempty"`
	// Until is the end of the last complete run: everything up to it was seen.
	Until   time.Time `json:"until,omitzero"`
	LastRun time.Time `json:"last_run,omitzero"`
	// Active is when Start or Resume made the link active the last time.
	Active time.Time `json:"active,omitzero"`
	// LastFull is when the last run began that went through everything.
	LastFull time.Time `json:"last_full,omitzero"`
	// Window is the run that is under way, nil between runs.
	Window *window `json:"window,omitempty"`
	// Asked counts the runs that were asked for; one that is asked for while
	// another is under way comes after it.
	Asked int `json:"asked,omitempty"`
	// Reminded is the month of the last NoticeDeadlines, "2026-04".
	Reminded string `json:"reminded,omitempty"`
	// RemindTried is when that was begun last: a link that takes a turn's time and
	// fails comes after the others.
	RemindTried time.Time `json:"remind_tried,omitzero"`
}

// window is one run through a listing. Page is the next page to read: it is
// committed together with the files of the page before.
type window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to"`
	Page int       `json:"page"`
	// Total is how many documents the listing had when that page became the next.
	Total int64 `json:"total"`
	Team  bool  `json:"team"`            // lists the team's documents
	Full  bool  `json:"full,omitempty"`  // goes through everything
	Asked int   `json:"asked,omitempty"` // linkBody.Asked when the run began
}

type linkRow = orchestration.Row[linkBody]

func linkOf(row linkRow) Link {
	l := Link{
		ID: contractone.ManagementID(row.Key), Settings: row.Value.Settings, Team: row.Value.TeamName, State: State(row.State),
		LastError: row.LastError, LastRun: row.Value.LastRun, Seen: row.Value.Seen, Overlap: row.Value.Overlap,
	}
	if l.State == StateActive {
		l.NextRun = row.Due
	}
	return l
}

// AddLink checks steps 1 to 3 of the settings, assigns a management ID and keeps
// the link as a draft. The same client ID twice is a countersign.ErrConflict;
// wrong settings are a *countersign.ConfigError that names the step.
func (f *Flow) AddLink(ctx context.Context, s Settings) (Link, error) {
	s.Confirmed = nil // step 4 is Start's
	if err := f.checkSettings(s); err != nil {
		return Link{}, err
	}
	var row linkRow
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		if err := f.refuseTwice(ctx, tx, s.Credential); err != nil {
			return err
		}
		id := contractone.NewManagementID()
		row = linkRow{
			Record: orchestration.Record{Key: string(id), Scope: string(id), Group: string(id), State: string(StateDraft), Updated: f.now()},
			Value:  linkBody{Settings: s},
		}
		fresh, err := f.links.Insert(ctx, tx, row)
		if err == nil && fresh == 0 {
			err = fmt.Errorf("ledgersync: management ID %s is taken: add the link again: %w", id, countersign.ErrConflict)
		}
		if err != nil {
			return err
		}
		return f.claim(ctx, tx, id, s.Credential)
	})
	if err != nil {
		return Link{}, err
	}
	return linkOf(row), nil
}

// EnsureLink gives the link of the settings' credential, and adds it when there is
// none. Programs that start again and again, or several at the same time, use it in
// place of AddLink. The
// settings of a link that exists do not change: where they differ from s, the link
// comes with a *SettingsError, which a program may pass over whose links are changed
// elsewhere.
func (f *Flow) EnsureLink(ctx context.Context, s Settings) (Link, error) {
	has := func(other Settings) bool { return other.Credential.Fingerprint == s.Credential.Fingerprint }
	links, err := f.linksWhere(ctx, has)
	if err != nil {
		return Link{}, err
	}
	if len(links) == 0 {
		l, err := f.AddLink(ctx, s)
		if !errors.Is(err, countersign.ErrConflict) {
			return l, err
		}
		// Another process may have added it meanwhile.
		var again error
		if links, again = f.linksWhere(ctx, has); again != nil || len(links) == 0 {
			return l, err
		}
	}
	l := links[0]
	if s, err = kept(s); err != nil {
		return l, err
	}
	if differ := differences(l.Settings, s); len(differ) > 0 {
		return l, &SettingsError{Link: l.ID, Differ: differ}
	}
	return l, nil
}

// Links gives all links in the order in which they were added, but those that
// were removed.
func (f *Flow) Links(ctx context.Context) ([]Link, error) {
	return f.linksWhere(ctx, func(Settings) bool { return true })
}

// linksWhere gives the links with certain settings: of the others no file is counted.
func (f *Flow) linksWhere(ctx context.Context, has func(Settings) bool) ([]Link, error) {
	var out []Link
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		out = nil
		rows, err := f.links.List(ctx, tx, orchestration.Query{})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if State(row.State) == StateRemoved || !has(row.Value.Settings) {
				continue
			}
			l, err := f.counted(ctx, tx, row)
			if err != nil {
				return err
			}
			out = append(out, l)
		}
		return nil
	})
	return out, err
}

// Link gives one link, also one that was removed. An unknown ID is a
// countersign.ErrNotFound.
func (f *Flow) Link(ctx context.Context, id contractone.ManagementID) (l Link, err error) {
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.linkIn(ctx, tx, id)
		if err != nil {
			return err
		}
		l, err = f.counted(ctx, tx, row)
		return err
	})
	return l, err
}

func (f *Flow) link(ctx context.Context, id contractone.ManagementID) (row linkRow, err error) {
	err = f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		row, err = f.linkIn(ctx, tx, id)
		return err
	})
	return row, err
}

func (f *Flow) linkIn(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID) (linkRow, error) {
	row, err := f.links.Get(ctx, tx, string(id))
	if errors.Is(err, orchestration.ErrNoRecord) {
		err = &LinkError{Link: id, Err: fmt.Errorf("there is no such link: %w", countersign.ErrNotFound)}
	}
	return row, err
}

// counted is a link with how its files stand.
func (f *Flow) counted(ctx context.Context, tx orchestration.Tx, row linkRow) (l Link, err error) {
	l = linkOf(row)
	l.Counts, err = f.countFiles(ctx, tx, row)
	return l, err
}

// changeLink changes a link as it is stored now.
func (f *Flow) changeLink(ctx context.Context, id contractone.ManagementID, change func(*linkRow) error) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error { return f.changeLinkIn(ctx, tx, id, change) })
}

func (f *Flow) changeLinkIn(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID, change func(*linkRow) error) error {
	row, err := f.linkIn(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := change(&row); err != nil {
		return err
	}
	row.Updated = f.now()
	return f.links.Update(ctx, tx, &row)
}

// Remove ends a link for good. What it registered stays in the ledger, and the
// keys of that and of what reviewers discarded stay in the store, so no other link
// imports them again. What was not decided yet is forgotten, so that another link
// of the same client ID may find it. Removing it again finishes what was cut off.
func (f *Flow) Remove(ctx context.Context, id contractone.ManagementID) error {
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		return f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			row.State, row.LastError, row.Due = string(StateRemoved), "", time.Time{}
			row.Value.Preview, row.Value.Window = nil, nil
			return f.disclaim(ctx, tx, id, row.Value.Settings.Credential)
		})
	})
	if err != nil {
		return err
	}
	// A file that is being registered at this moment may reach the ledger without
	// a row. That is harmless: whoever finds it again registers the same key.
	undecided := []string{
		orchestration.StatePending, orchestration.StateSending, orchestration.StateDead, FileParked, FileGrace, FileBudget, FileReview, FileExcluded,
	}
	err = f.deleteAll(ctx, string(f.files), orchestration.Query{Scope: string(id), States: undecided})
	if err != nil {
		return err
	}
	return f.deleteAll(ctx, string(f.overlaps), orchestration.Query{Scope: string(id)})
}

// deleteAll deletes the records of a table that q selects.
func (f *Flow) deleteAll(ctx context.Context, table string, q orchestration.Query) error {
	q.Table, q.Limit = table, pageSize
	for found := pageSize; found == pageSize; {
		err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
			recs, err := tx.List(ctx, q)
			if found = len(recs); err != nil || found == 0 {
				return err
			}
			keys := make([]string, 0, found)
			for _, rec := range recs {
				keys = append(keys, rec.Key)
			}
			return tx.Delete(ctx, table, keys...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) client(row linkRow) (*cloudsign.Client, error) {
	cred := row.Value.Settings.Credential
	if a, ok := f.accounts[cred.Fingerprint]; ok {
		return a.Client, nil
	}
	return nil, fmt.Errorf("Deps.Accounts holds no account for the credential %q: pass the one that the link was made with: %w", cred.Label, errNoAccount)
}
