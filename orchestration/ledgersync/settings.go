package ledgersync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// checkSettings checks steps 1 to 3 and the rules against what this flow can do.
func (f *Flow) checkSettings(s Settings) error {
	for _, step := range []contractone.Step{contractone.StepCredential, contractone.StepRegistration, contractone.StepMode} {
		if err := s.ValidateStep(step); err != nil {
			return err
		}
	}
	if err := s.Rules.validate(s.Mode); err != nil { //nolint:staticcheck // QF1008: it validates the rules alone
		return err
	}
	if _, ok := f.ledger.(contractone.Digitiser); s.Late == LateFill && (!ok || !f.ledger.Capabilities().Digitise) {
		return configError("Settings.Late", "asks to fill items, which this ledger can't", fmt.Sprintf("use %q", LateReport))
	}
	account, ok := f.accounts[s.Credential.Fingerprint]
	if !ok {
		return configError("Settings.Credential", "belongs to no account of this flow", "pass the account in Deps.Accounts")
	}
	return s.Extras.validate(account.Environment)
}

// ChangeLink changes the settings of a link, in whatever state it is. The function
// gets them as they are stored and may run more than once; by is the account that
// changes them, for the journal, which names what was changed and not to what.
//
// A change counts for every file that is not sent yet, also those that wait; what
// is registered stays as it is, and so do the end of a grace period that has begun,
// and the items, share scope and end of a review of what is held for one. Reviewers change at once, the budget with the next file,
// the policy for late information with the next complete run. What was found
// stays found, but a rule that lets less in is asked about what had to wait before
// it is sent.
//
// A change that lets more in (confidential documents, an earlier cut-off, certificates)
// makes a link that was started a draft again, because each file uses up a contract:
// Preview shows the new count, and Start goes on with a run through everything.
// Meanwhile the link waits.
//
// The client ID of a link never changes, and the mode does not once it was
// started: Remove it and add another, which finds again what was not decided. These,
// and a link that was removed, are a countersign.ErrConflict; settings that are not
// valid are a *countersign.ConfigError. On an error nothing changes.
func (f *Flow) ChangeLink(ctx context.Context, id contractone.ManagementID, by string, change func(*Settings)) (Link, error) {
	if by == "" {
		return Link{}, configError("by", "is empty", "name the account that changes the link")
	}
	var out Link
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		was, err := f.linkIn(ctx, tx, id)
		if err != nil {
			return err
		}
		now := was
		var changed []string
		err = f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			set := &row.Value.Settings
			change(set)
			set.Confirmed = was.Value.Settings.Confirmed // step 4 is Start's
			changed = differences(was.Value.Settings, *set)
			if err := f.changeable(was, *set); err != nil || len(changed) == 0 {
				return err
			}
			takeEffect(row, was.Value.Settings)
			now = *row
			return nil
		})
		if err == nil {
			out, err = f.counted(ctx, tx, now)
		}
		if err != nil || len(changed) == 0 {
			return err
		}
		return f.journal.Append(ctx, tx, orchestration.Entry{
			At: f.now(), Who: by, What: "settings changed", Why: strings.Join(changed, ", "), Scope: string(id), Ref: string(id),
		})
	})
	return out, err
}

// changeable refuses what can't be changed, and settings that are not valid.
func (f *Flow) changeable(was linkRow, now Settings) error {
	id, old := contractone.ManagementID(was.Key), was.Value.Settings
	refused := func(reason string) error {
		return &LinkError{Link: id, Err: fmt.Errorf("%s: %w", reason, countersign.ErrConflict)}
	}
	switch {
	case State(was.State) == StateRemoved:
		return refused("it was removed")
	case now.Credential.Fingerprint != old.Credential.Fingerprint:
		return refused("its client ID can't be changed: add a link for the other one")
	case now.Mode != old.Mode && old.Confirmed != nil:
		return refused("its mode can't be changed once it was started: remove it and add another, which finds again what was not decided")
	}
	return f.checkSettings(now)
}

// takeEffect does to a link what its new settings ask for.
func takeEffect(row *linkRow, was Settings) {
	b := &row.Value
	b.Preview = nil // it counted by the old ones
	if b.Settings.Confirmed == nil || !widens(was.Rules, b.Settings.Rules) {
		return
	}
	row.State, row.Due = string(StateDraft), time.Time{}
	b.Window, b.LastFull = nil, time.Time{}
}

// widens reports whether rules let documents or files in that others left out.
func widens(was, now Rules) bool {
	return now.IncludeConfidential && !was.IncludeConfidential ||
		!was.CutOff.IsZero() && now.CutOff.Before(was.CutOff) ||
		now.Extras.Certificate && !was.Extras.Certificate
}

// SettingsError is what EnsureLink gives beside a link that has other settings
// than it was asked for. It is a countersign.ErrConflict and an ErrSettingsDiffer.
type SettingsError struct {
	Link contractone.ManagementID
	// Differ names what differs: "credential" (its label), "share", "responsible",
	// "mode", "reviewers", "rules".
	Differ []string
}

// ErrSettingsDiffer says that a link is there and has other settings; see
// SettingsError.
var ErrSettingsDiffer = errors.New("the link has other settings")

// Error names the link and what differs.
func (e *SettingsError) Error() string {
	return "link " + string(e.Link) + " was made with other settings (" + strings.Join(e.Differ, ", ") + "), which stay: change them with ChangeLink"
}

// Is reports a SettingsError as ErrSettingsDiffer and countersign.ErrConflict.
func (e *SettingsError) Is(target error) bool {
	return target == ErrSettingsDiffer || target == countersign.ErrConflict
}

// kept gives settings as the store gives them back: what says the same is equal.
func kept(s Settings) (out Settings, err error) {
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// differences names the settings that differ.
func differences(was, now Settings) (names []string) {
	for _, part := range []struct {
		name     string
		was, now any
	}{
		{"credential", was.Credential, now.Credential},
		{"share", was.Share, now.Share},
		{"responsible", was.Responsible, now.Responsible},
		{"mode", was.Mode, now.Mode},
		{"reviewers", was.Reviewers, now.Reviewers},
		{"rules", was.Rules, now.Rules},
	} {
		if !reflect.DeepEqual(part.was, part.now) {
			names = append(names, part.name)
		}
	}
	return names
}
