package salelink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// runSales is the handler of the lane of sales.
func (f *Flow) runSales(ctx context.Context, group string) error {
	link, err := f.link(ctx)
	if err != nil {
		return err
	}
	rows, err := f.dueSales(ctx, link, group)
	if err != nil || len(rows) == 0 {
		return err
	}
	c, err := f.circumstancesOf(ctx, link, false)
	if err != nil {
		if side, ok := errors.AsType[*sideError](err); ok {
			if stopped, stopErr := f.stopOn(ctx, side.side, err); stopped {
				return stopErr
			}
		}
		return err
	}
	for _, row := range rows {
		if orchestration.TurnOver(ctx) {
			break
		}
		if err := f.forward(ctx, row, c); err != nil {
			if errors.Is(err, errStopped) || errors.Is(err, errSettings) {
				break
			}
			return err
		}
	}
	if link, err = f.link(ctx); err != nil || State(link.State) == StateLive {
		return err
	}
	_, err = f.dueSales(ctx, link, group)
	return err
}

// errStopped: the link was stopped meanwhile; its sales stay until it goes on.
var errStopped = errors.New("the link is stopped")

// errSettings: the settings were changed meanwhile; what is due is decided anew.
var errSettings = errors.New("the settings were changed")

// dueSales reads a batch. While the link is stopped they lose their due time, and
// Resume gives it back.
func (f *Flow) dueSales(ctx context.Context, link linkRow, group string) (rows []saleRow, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		rows, err = f.sales.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: batch})
		if err != nil || State(link.State) == StateLive {
			return err
		}
		for _, row := range rows {
			row.Due = time.Time{}
			if err := f.sales.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		rows = nil
		return nil
	})
	return rows, err
}

// forward brings one sale a step forward.
func (f *Flow) forward(ctx context.Context, row saleRow, c circumstances) error {
	if row.State == orchestration.StateSending {
		return f.send(ctx, row, nil, Decision{}, c)
	}
	sale, err := f.deps.A.Sales.Get(ctx, salesdock.SaleID(row.Key))
	if errors.Is(err, countersign.ErrNotFound) {
		return f.endSale(ctx, row, func(row *saleRow) {
			row.State, row.Due, row.LastError = orchestration.StateDead, time.Time{}, "the sale is gone at A"
		})
	}
	if err != nil {
		return f.later(ctx, row, &sideError{"A", err})
	}
	c.manual = row.Value.Manual != ""
	if c.mapping.Products, err = f.pairsOf(ctx, sale); err != nil {
		return err
	}
	d := decide(sale, c)
	switch d.Verdict {
	case VerdictForward:
		return f.send(ctx, row, sale, d, c)
	case VerdictHold:
		return f.endSale(ctx, row, func(row *saleRow) { row.State, row.Due = SaleHeld, d.Until })
	}
	return f.endSale(ctx, row, func(row *saleRow) {
		row.State, row.Due, row.Value.Refusals = d.restingState(), time.Time{}, d.Refusals
	})
}

// restingState is the state of a sale that is refused.
func (d Decision) restingState() string {
	switch {
	case d.refused(RuleMasked):
		return SaleMasked
	case d.refused(RuleCancelled):
		return SaleCancelled
	case len(d.Refusals) == 1 && d.refused(RuleManual):
		return SaleWaiting
	}
	return SaleRefused
}

// endSale changes a sale as it is stored now, if nobody changed it meanwhile; if
// somebody did, it is still due and comes again.
func (f *Flow) endSale(ctx context.Context, row saleRow, change func(*saleRow)) error {
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		was := row.State
		change(&row)
		row.Updated = f.now()
		if row.State != was {
			e := f.entry("sale "+row.State, row.Key, nil)
			if len(row.Value.Refusals) > 0 && row.State != SaleHeld {
				e.Why = string(row.Value.Refusals[0].Rule)
			}
			if err := f.journal.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return f.sales.Update(ctx, tx, &row)
	})
	if errors.Is(err, orchestration.ErrStale) {
		return nil
	}
	return err
}

// later defers a sale that could not be looked at; nothing was sent.
func (f *Flow) later(ctx context.Context, row saleRow, cause *sideError) error {
	if stopped, err := f.stopOn(ctx, cause.side, cause); err != nil {
		return err
	} else if stopped {
		return errStopped
	}
	if ctx.Err() != nil {
		return cause
	}
	return f.endSale(ctx, row, func(row *saleRow) {
		wait := f.cfg.Backoff(row.Attempt + 1)
		if e, ok := errors.AsType[*countersign.Error](cause); ok {
			wait = max(wait, e.RetryAfter)
		}
		row.Due, row.LastError = f.now().Add(wait), orchestration.ErrorText(cause)
		if orchestration.NotSent(cause) {
			return
		}
		row.Attempt++
		if row.Attempt >= f.cfg.Attempts {
			row.State, row.Due = orchestration.StateDead, time.Time{}
		}
	})
}

// errTwin: an identical sale is on its way or parked. Sent beside it, nobody could
// tell the two apart at B.
var errTwin = errors.New("an identical sale is on its way: this one waits for it")

// send sends a sale, or finds out what became of it.
func (f *Flow) send(ctx context.Context, row saleRow, sale *salesdock.Sale, d Decision, c circumstances) error {
	if sale != nil {
		row.Value.Refusals, row.Value.Faults, row.Value.Matches = nil, nil, nil
		row.Value.Product, row.Value.SentAt = d.carried.New.ProductID, f.now()
		row.Value.Prints = printsOf(&d.carried.New)
	}
	rec, err := f.sales.Record(row)
	if err != nil {
		return err
	}
	outcome := orchestration.Outcome[salesdock.SaleID]{
		Store: f.deps.Store, Settle: f.cfg.Settle, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock,
		Before: func(ctx context.Context, tx orchestration.Tx) error {
			if sale == nil {
				return nil // nothing will be sent, see errAfresh
			}
			return f.mayGo(ctx, tx, row, c)
		},
		Send: func(ctx context.Context, _ string, rec orchestration.Record) (salesdock.SaleID, error) {
			if sale == nil {
				return "", orchestration.NoEffect(errAfresh)
			}
			return f.create(ctx, sale, d.carried, c.policy)
		},
		Find: func(ctx context.Context, _ string, rec orchestration.Record) (salesdock.SaleID, bool, error) {
			return f.find(ctx, rec)
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, id salesdock.SaleID) error {
			return f.forwarded(ctx, tx, rec, id, c.policy)
		},
	}
	_, err = outcome.Do(ctx, rec)
	failure, failed := errors.AsType[*orchestration.WriteError](err)
	switch {
	case err == nil, errors.Is(err, orchestration.ErrStale):
		return nil
	case errors.Is(err, errTwin):
		return f.endSale(ctx, row, func(row *saleRow) {
			row.Due, row.LastError = f.now().Add(max(f.cfg.Settle, f.cfg.Backoff(1))), errTwin.Error()
		})
	case errors.Is(err, errPaused):
		return f.endSale(ctx, row, func(row *saleRow) {
			row.State, row.Due, row.Value.Refusals = SaleRefused, time.Time{}, []Refusal{{RuleProduct, "its product is paused"}}
		})
	case !failed:
		return err
	}
	return f.failed(ctx, row, failure, c)
}

// errAfresh: the write is known not to have happened; the sale is looked at anew
// before it is sent again, since it may have changed.
var errAfresh = fmt.Errorf("not at B: it is looked at again (%w)", countersign.ErrUnavailable)

// errPaused: the product was paused since the sale was decided on.
var errPaused = errors.New("the product is paused")

// mayGo refuses a sale at the moment before it is sent.
func (f *Flow) mayGo(ctx context.Context, tx orchestration.Tx, row saleRow, c circumstances) error {
	link, err := f.linkIn(ctx, tx)
	if err != nil {
		return err
	}
	if State(link.State) != StateLive {
		return errStopped
	}
	if !reflect.DeepEqual(link.Value.Settings, c.settings) {
		return errSettings
	}
	if _, paused := link.Value.Paused[row.Value.Product]; paused {
		return errPaused
	}
	open, err := f.sales.List(ctx, tx, orchestration.Query{States: []string{orchestration.StateSending, orchestration.StateUncertain}})
	if err != nil {
		return err
	}
	for _, other := range open {
		if other.Key != row.Key && other.Value.Prints.Exact == row.Value.Prints.Exact {
			return errTwin
		}
	}
	return nil
}

// create sends the sale. What fails before the sale itself is sent has had no
// effect.
func (f *Flow) create(ctx context.Context, sale *salesdock.Sale, carried salemap.Carried, p Policy) (salesdock.SaleID, error) {
	in, err := f.complete(ctx, sale, carried, p)
	if err != nil {
		return "", orchestration.NoEffect(err)
	}
	if err := in.Validate(); err != nil {
		return "", orchestration.NoEffect(err)
	}
	id, err := f.deps.B.Sales.Create(ctx, in)
	if err != nil {
		return "", &sideError{"B", &unquoted{err, saidIn(sale)}}
	}
	return id, nil
}

// complete adds what has to be fetched.
func (f *Flow) complete(ctx context.Context, sale *salesdock.Sale, carried salemap.Carried, p Policy) (salesdock.NewSale, error) {
	in := carried.New
	in.ExternalReference = f.reference(sale.ID)
	for identifier, docs := range carried.Files {
		var files []salesdock.File
		for _, d := range docs {
			body, err := f.deps.A.Sales.Download(ctx, d)
			if err != nil {
				return in, &sideError{"A", err}
			}
			file, err := readFile(d, body)
			if err != nil {
				return in, &sideError{"A", err}
			}
			files = append(files, file)
		}
		in.Answers[identifier] = salesdock.FileAnswer(files...)
	}
	var err error
	if in.Mail, err = f.mail(ctx, sale, p); err != nil {
		return in, err
	}
	if p.OptIn && f.deps.OptIn != nil {
		if in.OptIn, err = f.deps.OptIn(ctx, sale.ID); err != nil {
			return in, fmt.Errorf("opt-in data: %w", err)
		}
	}
	if f.deps.Signature != nil {
		image, err := f.deps.Signature(ctx, sale.ID)
		if err != nil {
			return in, fmt.Errorf("signature: %w", err)
		}
		in.Signature = image.Reveal()
	}
	return in, nil
}

// reference is the name of a sale of A at B.
func (f *Flow) reference(id salesdock.SaleID) string { return f.deps.A.Domain() + ":" + string(id) }

func (f *Flow) mail(ctx context.Context, sale *salesdock.Sale, p Policy) (salesdock.CustomerMail, error) {
	if p.Mail == MailByB {
		return salesdock.SendCustomerMail(), nil
	}
	contract, err := f.deps.A.Sales.Contract(ctx, sale.ID)
	if err != nil {
		return salesdock.CustomerMail{}, &sideError{"A", err}
	}
	signed := sale.FinalizedAt.Time
	return salesdock.NoCustomerMail(salesdock.Contract{
		Date: countersign.DateOf(signed.In(salesdock.Location())), PDF: contract.Content, CreatedAt: signed,
	}), nil
}

// forwarded writes down that B has the sale.
func (f *Flow) forwarded(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, id salesdock.SaleID, p Policy) error {
	row, err := f.sales.Row(*rec)
	if err != nil {
		return err
	}
	if err := f.arrived(ctx, tx, &row, id, p); err != nil {
		return err
	}
	next, err := f.sales.Record(row)
	if err != nil {
		return err
	}
	*rec = next
	return f.journal.Append(ctx, tx, f.entry("sale forwarded", row.Key, map[string]string{"sale_b": string(id), "product_b": string(row.Value.Product)}))
}

// arrived sets a sale to what follows when B has it, and says what A's is to
// become. One that A has cancelled meanwhile keeps its status there.
func (f *Flow) arrived(ctx context.Context, tx orchestration.Tx, row *saleRow, id salesdock.SaleID, p Policy) error {
	row.State, row.Ref, row.Due, row.LastError = row.Value.stateAtB(), string(id), time.Time{}, ""
	row.Value.Matches, row.Value.NotThis, row.Value.Manual = nil, nil, ""
	want := updateBody{Status: p.SentStatus, Processed: p.SentStatus != "", Field: p.ReferenceField}
	if row.Value.Cancelled {
		want.Status, want.Processed = "", false
		if err := f.noteState(ctx, tx, *row); err != nil {
			return err
		}
	}
	if want.Status == "" && want.Field == "" {
		return nil
	}
	return f.wantUpdate(ctx, tx, row, want)
}

// failed writes down why a sale did not arrive, in A's terms, and acts on what
// concerns more than this sale.
func (f *Flow) failed(ctx context.Context, row saleRow, failure *orchestration.WriteError, c circumstances) error {
	f.cfg.Logger.WarnContext(ctx, "sale not forwarded", "sale", row.Key, "state", failure.State, "error", failure.Err)
	// What is neither side's is the program's own: its dialer's, or its signatures'.
	at, sided := errors.AsType[*sideError](failure.Err)
	if sided {
		if stopped, err := f.stopOn(ctx, at.side, failure.Err); err != nil {
			return err
		} else if stopped {
			return errStopped
		}
	}
	parked, _ := errors.AsType[*notOne](failure.Err)
	var quoted said
	if e, ok := errors.AsType[*unquoted](failure.Err); ok {
		quoted = e.said
	}
	refused, isError := errors.AsType[*countersign.Error](failure.Err)
	refusal := isError && sided && at.side == "B" && (refused.StatusCode == http.StatusBadRequest || refused.StatusCode == http.StatusUnprocessableEntity)
	if parked == nil && !refusal {
		return nil
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		now, err := f.sales.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		e := f.entry("sale "+now.State, row.Key, nil)
		switch {
		case parked != nil:
			now.Value.Matches, e.Why = parked.matches, "B's list does not tell which sale it is"
		case len(refused.Fields) > 0:
			now.Value.Faults = quoted.withoutIn(salemap.Faults(refused.Fields, c.a, c.b, c.mapping))
			e.Why = "B refused " + strings.Join(faultNames(now.Value.Faults), ", ")
		default:
			e.Why = "B refused the product"
			if err := f.pause(ctx, tx, now.Value.Product, "B refused a sale of it without naming a field, as it does for products that may not be sold"); err != nil {
				return err
			}
		}
		if err := f.journal.Append(ctx, tx, e); err != nil {
			return err
		}
		return f.sales.Update(ctx, tx, &now)
	})
}

// faultNames names the first few.
func faultNames(all []salemap.Fault) []string {
	names := make([]string, min(len(all), 5))
	for i := range names {
		names[i] = all[i].Name
	}
	return names
}

// pause keeps all sales of a product back.
func (f *Flow) pause(ctx context.Context, tx orchestration.Tx, product salesdock.ProductID, why string) error {
	row, err := f.linkIn(ctx, tx)
	if err != nil {
		return err
	}
	if row.Value.Paused == nil {
		row.Value.Paused = map[salesdock.ProductID]string{}
	}
	row.Value.Paused[product] = why
	return f.links.Update(ctx, tx, &row)
}

// ResumeProduct lets sales of a product of B go again that B had refused.
func (f *Flow) ResumeProduct(ctx context.Context, product salesdock.ProductID) error {
	return f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		delete(row.Value.Paused, product)
		return f.wakeSales(ctx, tx)
	})
}
