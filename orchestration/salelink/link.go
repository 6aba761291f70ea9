package salelink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// State is how far a link is.
type State string

// The states.
const (
	StateDraft   State = "draft"   // nothing runs yet
	StateLive    State = "live"    //
	StateStopped State = "stopped" // a person stopped it, or a token was refused; Resume
)

// Settings are what people choose: the mapping of the screens "Flows",
// "Productvragen", "Accorderingen" and "Statussen", and the policy of
// "Instellingen". Mapping.Products are what the flow imported, and left out; with
// salesdock.NativeLink they are those that the integration imported, which no API
// tells: name them, because only their questions are checked.
type Settings struct {
	Mapping salemap.Mapping `json:"mapping"`
	Policy  Policy          `json:"policy"`
}

// Link is how the link stands.
type Link struct {
	Mode     salesdock.LinkMode
	State    State
	Reason   string // why it is stopped
	Settings Settings
	// Findings are those of the last check.
	Findings []salemap.Finding
	Checked  time.Time
}

type linkBody struct {
	Mode     salesdock.LinkMode `json:"mode"`
	Settings Settings           `json:"settings"`
	Findings []salemap.Finding  `json:"findings,omitempty"`
	Checked  time.Time          `json:"checked,omitzero"`
	// LiveSince is when it went live first: sales that changed before stay A's.
	LiveSince time.Time `json:"live_since,omitzero"`
	// SettingsAt is when the settings were set last.
	SettingsAt time.Time `json:"settings_at,omitzero"`
	// Seen is a hash of both catalogues at the last check.
	Seen string `json:"seen,omitempty"`
	// Woken is Seen as it was when the sales that a rule keeps back were last looked
	// at again for it.
	Woken string `json:"woken,omitempty"`
	// Paused are products of B that it refused, and why.
	Paused map[salesdock.ProductID]string `json:"paused,omitempty"`
}

type linkRow = orchestration.Row[linkBody]

// linkKey is the key of the only record of the table of links.
const linkKey = "link"

var (
	// ErrOtherMode: the link exists in the other mode. Both at once would hand sales
	// over twice.
	ErrOtherMode = fmt.Errorf("the link exists in the other mode: Config.Mode stays what it was at first (%w)", countersign.ErrConflict)
	// ErrNotConfigured: Configure was not called yet.
	ErrNotConfigured = fmt.Errorf("the link has no settings yet: call Configure (%w)", countersign.ErrConflict)
)

// linkIn reads the link; ErrNotConfigured if there is none.
func (f *Flow) linkIn(ctx context.Context, tx orchestration.Tx) (linkRow, error) {
	row, err := f.links.Get(ctx, tx, linkKey)
	switch {
	case errors.Is(err, orchestration.ErrNoRecord):
		return row, ErrNotConfigured
	case err == nil && row.Value.Mode != f.cfg.Mode:
		return row, ErrOtherMode
	}
	return row, err
}

func (f *Flow) link(ctx context.Context) (row linkRow, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err = f.linkIn(ctx, tx)
		return err
	})
	return row, err
}

// changeLink changes the link as it is stored now, and whatever else change
// writes in the same transaction.
func (f *Flow) changeLink(ctx context.Context, change func(orchestration.Tx, *linkRow) error) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.linkIn(ctx, tx)
		if err != nil {
			return err
		}
		if err := change(tx, &row); err != nil {
			return err
		}
		row.Updated = f.now()
		return f.links.Update(ctx, tx, &row)
	})
}

// Configure sets the mapping and the policy. Settings that contradict each other
// are a *countersign.ConfigError. What refused sales before is looked at again
// under the new settings; a live link stays live.
func (f *Flow) Configure(ctx context.Context, s Settings) error {
	if err := s.Policy.check(); err != nil {
		return err
	}
	if s.Policy.OptIn && f.deps.OptIn == nil {
		return configError("Policy.OptIn", "is on, and Deps.OptIn is missing", "opt-in data comes from the dialer alone")
	}
	if !f.native() {
		s.Mapping.Products = nil // the flow imports them
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.linkIn(ctx, tx)
		if errors.Is(err, ErrNotConfigured) {
			row = linkRow{
				Record: orchestration.Record{Key: linkKey, State: string(StateDraft), Updated: f.now()},
				Value:  linkBody{Mode: f.cfg.Mode, Settings: s, SettingsAt: f.now()},
			}
			_, err = f.links.Insert(ctx, tx, row)
			return err
		}
		if err != nil {
			return err
		}
		row.Value.Settings, row.Value.SettingsAt, row.Value.Seen, row.Value.Woken, row.Updated = s, f.now(), "", "", f.now()
		if err := f.links.Update(ctx, tx, &row); err != nil {
			return err
		}
		if err := f.journal.Append(ctx, tx, f.entry("settings changed", "", nil)); err != nil || State(row.State) != StateLive {
			return err
		}
		return f.wakeAll(ctx, tx)
	})
}

// Link tells how the link stands.
func (f *Flow) Link(ctx context.Context) (Link, error) {
	row, err := f.link(ctx)
	if err != nil {
		return Link{}, err
	}
	return Link{
		Mode: row.Value.Mode, State: State(row.State), Reason: row.LastError, Settings: row.Value.Settings,
		Findings: row.Value.Findings, Checked: row.Value.Checked,
	}, nil
}

// FindingsError is a mapping that sales must not go through.
type FindingsError struct{ Findings []salemap.Finding }

// Error gives the first error and how many there are.
func (e *FindingsError) Error() string {
	n, first := 0, ""
	for _, x := range e.Findings {
		if x.Severity == "error" {
			if n++; n == 1 {
				first = x.String()
			}
		}
	}
	return fmt.Sprintf("salelink: errors in the mapping: %d, the first: %s", n, first)
}

// Is reports a FindingsError as countersign.ErrInvalid.
func (e *FindingsError) Is(target error) bool { return target == countersign.ErrInvalid }

// GoLive reads both sides, checks the mapping, and starts the link. Where sales
// are to be forwarded, errors in the mapping are a *FindingsError, and so nothing
// goes live that drops sales; import products first with SyncNow, or with
// processing off. Warnings do not hold it up. Sales that last changed before it
// went live first stay A's, unless Forward names them.
func (f *Flow) GoLive(ctx context.Context) error {
	row, err := f.link(ctx)
	if err != nil {
		return err
	}
	if _, err := f.check(ctx, f.now()); err != nil {
		return err
	}
	if row, err = f.link(ctx); err != nil {
		return err
	}
	on, _ := row.Value.Settings.Policy.processing()
	if on.Trigger != Off && salemap.HasErrors(row.Value.Findings) {
		return &FindingsError{row.Value.Findings}
	}
	return f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		row.State, row.LastError, row.Value.Woken = string(StateLive), "", row.Value.Seen
		setDefault(&row.Value.LiveSince, f.now())
		if err := f.journal.Append(ctx, tx, f.entry("went live", "", nil)); err != nil {
			return err
		}
		return f.wakeAll(ctx, tx)
	})
}

// Stop stops the link: nothing is read or written until Resume. What may have
// been sent stays so.
func (f *Flow) Stop(ctx context.Context, reason string) error {
	return f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		row.State, row.LastError = string(StateStopped), orchestration.ErrorText(errors.New(reason))
		return f.journal.Append(ctx, tx, f.entry("stopped", "", nil))
	})
}

// Resume starts a link again that was stopped.
func (f *Flow) Resume(ctx context.Context) error {
	return f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		if State(row.State) == StateDraft {
			return configError("Link", "was never live", "call GoLive")
		}
		row.State, row.LastError = string(StateLive), ""
		if err := f.journal.Append(ctx, tx, f.entry("resumed", "", nil)); err != nil {
			return err
		}
		return f.wakeAll(ctx, tx)
	})
}

// stopOn stops the link when an error says that a token is refused: everything
// else would be refused too. It reports whether it did.
func (f *Flow) stopOn(ctx context.Context, side string, cause error) (bool, error) {
	if !errors.Is(cause, countersign.ErrUnauthorized) && !errors.Is(cause, countersign.ErrForbidden) {
		return false, nil
	}
	f.cfg.Logger.ErrorContext(ctx, "link stopped", "side", side, "error", cause)
	return true, f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		row.State, row.LastError = string(StateStopped), reasonOf(side, cause)
		return f.journal.Append(ctx, tx, f.entry("stopped: "+side+" refused the token", "", nil))
	})
}

// reasonOf says why a refused token stopped the link, and what to do.
func reasonOf(side string, cause error) string {
	if s, ok := errors.AsType[*sideError](cause); ok {
		cause = s.err
	}
	return side + ": the token is refused: give the client a new one and call Resume: " + orchestration.ErrorText(cause)
}

// entry makes a line of the journal.
func (f *Flow) entry(what, sale string, ids map[string]string) orchestration.Entry {
	return orchestration.Entry{At: f.now(), Who: flowName, What: what, Ref: sale, IDs: ids}
}

// circumstancesOf joins the link with what else decides about sales, but the
// products: those of each sale are pairsOf.
func (f *Flow) circumstancesOf(ctx context.Context, row linkRow, manual bool) (circumstances, error) {
	cats, err := f.catalogues(ctx)
	if err != nil {
		return circumstances{}, err
	}
	return circumstances{
		mode: row.Value.Mode, live: State(row.State) == StateLive, settings: row.Value.Settings, policy: row.Value.Settings.Policy, mapping: row.Value.Settings.Mapping,
		a: &cats.a, b: &cats.b, fields: f.cfg.Fields, paused: row.Value.Paused, now: f.now(), manual: manual,
		since: row.Value.LiveSince,
	}, nil
}

// productsOf gives what the store holds of a product of A, if it is one of B's.
func (f *Flow) productsOf(ctx context.Context, tx orchestration.Tx, a salesdock.ProductID) ([]productRow, error) {
	if a == "" {
		return nil, nil
	}
	return f.products.List(ctx, tx, orchestration.Query{Ref: string(a)})
}

// pairsOf gives what the products of a sale are at B. A link may have ten thousand
// products, and a sale has a few.
func (f *Flow) pairsOf(ctx context.Context, s *salesdock.Sale) (out []salemap.ProductPair, err error) {
	ids := map[salesdock.ProductID]bool{s.Product.ID: true}
	for _, l := range s.Products {
		ids[l.ID] = true
	}
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		out = nil
		for id := range ids {
			rows, err := f.productsOf(ctx, tx, id)
			if err != nil {
				return err
			}
			for _, p := range rows {
				if p.Value.Gone == VanishedKeep {
					out = append(out, salemap.ProductPair{A: p.Value.A, B: p.Value.B})
				}
			}
		}
		return nil
	})
	return out, err
}

// mapping is the people's mapping with the products that were imported.
func (f *Flow) mapping(ctx context.Context, row linkRow) (salemap.Mapping, error) {
	m := row.Value.Settings.Mapping
	for p, err := range f.products.All(ctx, f.deps.Store, orchestration.Query{}) {
		if err != nil {
			return m, err
		}
		if p.Value.A != "" && p.Value.Gone == VanishedKeep {
			m.Products = append(m.Products, salemap.ProductPair{A: p.Value.A, B: p.Value.B})
		}
	}
	return m, nil
}
