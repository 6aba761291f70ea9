package salelink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// batch is how many records a lane does before it lets others have their turn.
const batch = 16

// runProducts is the handler of the lane of products: it brings A up to date.
func (f *Flow) runProducts(ctx context.Context, group string) error {
	link, err := f.link(ctx)
	if err != nil {
		return err
	}
	var rows []productRow
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		rows, err = f.products.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: batch})
		if err != nil || State(link.State) != StateStopped {
			return err
		}
		for _, row := range rows {
			row.Due = time.Time{}
			if err := f.products.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		rows = nil
		return nil
	})
	made := false
	for _, row := range rows {
		if orchestration.TurnOver(ctx) {
			break
		}
		made = made || row.Value.Do != ProductUpdate
		if err := f.product(ctx, link, row); err != nil {
			return err
		}
	}
	if err != nil || !made {
		return err
	}
	return f.afterImport(ctx)
}

// written is what was written at A.
type written struct {
	a    salesdock.ProductID
	hash string
	read time.Time // when the hash was taken
	gone Vanished
	none bool // nothing was to be done after all
}

// product does at A what is to be done with one product.
func (f *Flow) product(ctx context.Context, link linkRow, row productRow) error {
	again := row.Value.Tried
	row.Value.Tried = true // stored before anything is sent
	rec, err := f.products.Record(row)
	if err != nil {
		return err
	}
	w := productWork{f: f, link: link, body: row.Value}
	outcome := orchestration.Outcome[written]{
		Store: f.deps.Store, Settle: f.cfg.Settle, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock,
		Send: func(ctx context.Context, _ string, _ orchestration.Record) (written, error) {
			return w.send(ctx, again)
		},
		Find: func(ctx context.Context, _ string, _ orchestration.Record) (written, bool, error) { return w.find(ctx) },
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r written) error {
			return f.productDone(ctx, tx, rec, r)
		},
	}
	_, err = outcome.Do(ctx, rec)
	failure, failed := errors.AsType[*orchestration.WriteError](err)
	switch {
	case err == nil, errors.Is(err, orchestration.ErrStale):
		return nil
	case !failed:
		return err
	}
	f.cfg.Logger.WarnContext(ctx, "product failed", "product", row.Key, "state", failure.State, "error", failure.Err)
	side := "A"
	if at, ok := errors.AsType[*sideError](failure.Err); ok {
		side = at.side
	}
	_, err = f.stopOn(ctx, side, failure.Err)
	return err
}

// productWork is one product at work.
type productWork struct {
	f    *Flow
	link linkRow
	body productBody
}

// send writes to A. An earlier attempt may have made the product and failed after
// that.
func (w *productWork) send(ctx context.Context, again bool) (written, error) {
	if w.body.Do == ProductDeactivate || w.body.Do == ProductDelete {
		return w.remove(ctx)
	}
	if again && (w.body.A == "" || w.body.Gone == VanishedDelete) {
		if _, _, err := w.find(ctx); err != nil {
			return written{}, orchestration.NoEffect(err)
		}
	}
	read := w.f.now()
	p, err := w.f.deps.B.Products.Get(ctx, w.body.B)
	if gone(err) {
		return written{none: true}, nil // the next list says more
	}
	if err != nil {
		return written{}, orchestration.NoEffect(&sideError{"B", err})
	}
	out := written{a: w.body.A, read: read}
	if out.hash, err = w.f.productHash(ctx, p); err != nil {
		return written{}, orchestration.NoEffect(err)
	}
	in, err := w.input(ctx, p)
	if err != nil {
		return written{}, orchestration.NoEffect(err)
	}
	a := w.f.deps.A.Products
	if w.body.A == "" || w.body.Gone == VanishedDelete {
		out.a, err = a.Create(ctx, in)
	} else {
		err = a.Update(ctx, w.body.A, in)
	}
	if err != nil {
		return written{}, err
	}
	return out, w.tariffs(ctx, out.a, p)
}

// gone reports that B no longer shows a product. Which of the two errors it gives
// is undocumented.
func gone(err error) bool {
	return errors.Is(err, countersign.ErrNotFound) || errors.Is(err, countersign.ErrForbidden)
}

// remove looks at the product itself before it believes that it vanished.
func (w *productWork) remove(ctx context.Context) (written, error) {
	p, err := w.f.deps.B.Products.Get(ctx, w.body.B)
	switch {
	case err == nil && bool(p.Active):
		return written{none: true}, nil
	case err != nil && !gone(err):
		return written{}, orchestration.NoEffect(&sideError{"B", err})
	}
	a := w.f.deps.A.Products
	if w.body.Do == ProductDelete {
		err := a.Delete(ctx, w.body.A)
		if errors.Is(err, countersign.ErrNotFound) {
			err = nil
		}
		return written{a: w.body.A, gone: VanishedDelete}, err
	}
	own, err := a.Get(ctx, w.body.A)
	if errors.Is(err, countersign.ErrNotFound) {
		return written{a: w.body.A, gone: VanishedDelete}, nil
	}
	if err != nil {
		return written{}, orchestration.NoEffect(err)
	}
	in := keepAs(own)
	in.Active = false
	return written{a: w.body.A, gone: VanishedDeactivate}, a.Update(ctx, w.body.A, in)
}

// keepAs writes a product as it is.
func keepAs(p *salesdock.Product) salesdock.ProductInput {
	return salesdock.ProductInput{
		Name: p.Name, Identifier: p.Identifier, Active: p.Active, SupplierID: p.SupplierID, Retention: string(p.Retention), Audience: p.Audience,
		USP: string(p.USP), Description: string(p.Description), Duration: string(p.Duration), Price: p.Price.Decimal, PriceAction: p.PriceAction.Decimal,
		PriceMonthlyActionValue: months(p.PriceMonthlyActionValue), PriceMonthly: p.PriceMonthly.Decimal, PriceMonthlyAction: p.PriceMonthlyAction.Decimal, ValidFrom: p.ValidFrom.Date, ValidTill: p.ValidTill.Date,
	}
}

// months reads a number of months; 0 for what is none.
func months(d salesdock.Decimal) int {
	whole, _, _ := strings.Cut(d.String(), ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return 0
	}
	return n
}

// input writes a product of B as A gets it. Its identifier tells where it comes
// from, so that it is found again after an answer that did not come.
func (w *productWork) input(ctx context.Context, p *salesdock.Product) (salesdock.ProductInput, error) {
	in := keepAs(p)
	in.Type, in.Identifier, in.Active, in.Image = p.Type, w.identifier(), true, p.Image
	supplier, ok := w.link.Value.Settings.Mapping.SupplierOf(p.SupplierID)
	if !ok && p.SupplierID != "" {
		return in, fmt.Errorf("supplier %s of B is not mapped to one of A (Mapping.Suppliers): %w", p.SupplierID, countersign.ErrInvalid)
	}
	in.SupplierID = supplier
	in.CustomFields = map[string]string{}
	for name, v := range p.CustomFields {
		in.CustomFields[name] = string(v)
	}
	if isEnergy(p.Type) {
		in.CustomFields = nil // they are tariffs, see tariffs
	}
	for _, d := range p.Documents {
		file, err := w.f.download(ctx, d)
		if err != nil {
			return in, err
		}
		in.Attachments = append(in.Attachments, file)
	}
	return in, nil
}

// identifier is the identifier at A of a product of B.
func (w *productWork) identifier() string {
	return strings.ToLower(w.f.deps.B.Domain()) + "-" + string(w.body.B)
}

func isEnergy(productType string) bool {
	return productType == "energy_e_g" || productType == "energy_e" || productType == "energy_g"
}

// maxDocument bounds a document that is copied, in bytes.
const maxDocument = 32 << 20

func (f *Flow) download(ctx context.Context, d salesdock.Document) (_ salesdock.File, err error) {
	body, err := f.deps.B.Products.Download(ctx, d)
	if err != nil {
		return salesdock.File{}, &sideError{"B", err}
	}
	return readFile(d, body)
}

// readFile reads all of a download and closes it.
func readFile(d salesdock.Document, body *countersign.Download) (_ salesdock.File, err error) {
	defer func() { err = errors.Join(err, body.Close()) }()
	data, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("the document has more than %d bytes: %w", maxDocument, countersign.ErrInvalid)
	}
	extension := d.Extension
	if at := strings.LastIndexByte(d.Name, '.'); at > 0 && extension == "" {
		extension = d.Name[at+1:]
	}
	return salesdock.File{Name: d.Name, Extension: extension, Content: data}, err
}

// tariffs copies the tariffs of an energy product, which have a call of their own.
func (w *productWork) tariffs(ctx context.Context, id salesdock.ProductID, p *salesdock.Product) error {
	if !isEnergy(p.Type) {
		return nil
	}
	in := salesdock.EnergyInput{Type: p.Type, Active: true, ProductType: string(p.CustomFields["product_type"]), Fields: map[string]string{}, ValidFrom: p.ValidFrom.Date, ValidTill: p.ValidTill.Date}
	for name, v := range p.CustomFields {
		if name != "product_type" {
			in.Fields[name] = string(v)
		}
	}
	return w.f.deps.A.Products.UpdateEnergy(ctx, id, in)
}

// find looks a write up whose answer did not come. A product that is there under
// its identifier is brought up to date by sending again: everything but making it
// can be repeated.
func (w *productWork) find(ctx context.Context) (written, bool, error) {
	if w.body.A != "" && w.body.Gone != VanishedDelete {
		return written{}, false, nil
	}
	for _, active := range []bool{true, false} {
		rows, err := w.f.deps.A.Products.List(ctx, salesdock.ProductQuery{Active: &active})
		if err != nil {
			return written{}, false, err
		}
		for _, r := range rows {
			if r.Identifier == w.identifier() {
				w.body.A, w.body.Gone = r.ID, VanishedKeep
				return written{a: r.ID}, true, nil
			}
		}
	}
	return written{}, false, nil
}

// productDone writes down what was done. Without a hash the product is there but
// not known to be whole: it is brought up to date next.
func (f *Flow) productDone(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r written) error {
	row, err := f.products.Row(*rec)
	if err != nil {
		return err
	}
	b := &row.Value
	did := b.Do
	b.Tried = b.Tried && r.none // whether it is there stays open
	switch {
	case r.none:
		row.State, b.Do, b.Absences, b.Confirmed = ProductSynced, "", 0, false
	case r.gone != VanishedKeep:
		row.State, b.Do, b.Gone, b.Ask, b.LastSynced = ProductVanished, "", r.gone, "", f.now()
	case r.hash == "":
		row.State, row.Due, b.A, b.Do, b.Gone = orchestration.StatePending, f.now(), r.a, ProductUpdate, VanishedKeep
		row.Attempt = 0
	default:
		row.State, b.A, b.Hash, b.Do, b.Gone = ProductSynced, r.a, r.hash, "", VanishedKeep
		b.LastSynced, b.FullAt = f.now(), r.read
	}
	row.Ref = string(b.A)
	next, err := f.products.Record(row)
	if err != nil {
		return err
	}
	*rec = next
	if r.none {
		return nil
	}
	e := f.entry("product "+string(did), "", map[string]string{"product_b": string(b.B), "product_a": string(b.A)})
	e.Hashes = map[string]string{"product": r.hash}
	return f.journal.Append(ctx, tx, e)
}

// afterImport has the mapping checked again when the last product was made or
// taken away: new products may bring new questions.
func (f *Flow) afterImport(ctx context.Context) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		left, err := tx.List(ctx, orchestration.Query{Table: string(f.products), States: []string{orchestration.StatePending, orchestration.StateSending}, Limit: 1})
		if err != nil || len(left) > 0 {
			return err
		}
		return f.wake(ctx, tx, false, jobProducts)
	})
}
