package salelink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// prints are hashes of what tells sales apart at B: they find a sale there without
// keeping the customer's data here.
type prints struct {
	// Exact stands for product, e-mail, connection, last name and day of birth.
	Exact string `json:"exact,omitempty"`
	// Mail and Place stand for the product with the e-mail or the connection: a sale
	// that shares one of them may be the same, written otherwise.
	Mail  string `json:"mail,omitempty"`
	Place string `json:"place,omitempty"`
}

func makePrints(product, email, postcode, number, lastname, birthdate string) prints {
	return prints{
		Exact: printOf(product, email, postcode, number, lastname, birthdate), Mail: printOf(product, email), Place: printOf(product, postcode, number),
	}
}

// printOf hashes texts whatever their case and spaces.
func printOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%s\x00", strings.ToLower(strings.Join(strings.Fields(p), "")))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func printsOf(n *salesdock.NewSale) prints {
	return makePrints(string(n.ProductID), n.Email, n.Connection.Postcode, n.Connection.Housenumber, n.Lastname, dayText(n.Birthdate))
}

func printsOfRow(r *salesdock.SaleRow) prints {
	postcode, number := r.ConnectionPostcode, r.ConnectionNumber
	if postcode == "" {
		postcode, number = r.Postcode, r.Housenumber
	}
	return makePrints(string(r.ProductID), string(r.Email), string(postcode), string(number), string(r.Infix+r.Lastname), dayText(r.Birthdate.Date))
}

func dayText(d countersign.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// notOne: B's list does not show exactly one sale that is ours.
type notOne struct {
	matches []salesdock.SaleID
	why     string
}

func (e *notOne) Error() string        { return e.why }
func (e *notOne) Is(target error) bool { return target == orchestration.ErrNoLookup }

// find looks for a sale at B whose answer did not come. One that carries our
// reference, or else the only one that is the same in all that tells sales apart,
// is ours. None at all: it is not there. Anything else is for a person.
func (f *Flow) find(ctx context.Context, rec orchestration.Record) (salesdock.SaleID, bool, error) {
	row, err := f.sales.Row(rec)
	if err != nil {
		return "", false, err
	}
	rows, err := f.around(ctx, row.Value.SentAt)
	if err != nil {
		return "", false, &sideError{"B", err}
	}
	others, err := f.openPrints(ctx, row.Key)
	if err != nil {
		return "", false, err
	}
	own := f.reference(salesdock.SaleID(row.Key))
	var certain, exact, near []salesdock.SaleID
	for _, r := range rows {
		taken, err := f.taken(ctx, r.ID, row.Key)
		if err != nil {
			return "", false, err
		}
		incoming, p := string(r.IncomingID), printsOfRow(&r)
		switch {
		case taken, slices.Contains(row.Value.NotThis, r.ID):
		case incoming == own:
			certain = append(certain, r.ID)
		case strings.HasPrefix(incoming, f.deps.A.Domain()+":"):
			// It is another sale of A's.
		case p.Exact == row.Value.Prints.Exact:
			exact = append(exact, r.ID)
		case slices.Contains(others, p.Exact):
			// It is another sale that is on its way.
		case p.Mail == row.Value.Prints.Mail, p.Place == row.Value.Prints.Place, r.Masked() && r.ProductID == row.Value.Product:
			near = append(near, r.ID)
		}
	}
	return choose(certain, exact, near)
}

// choose adopts exactly one match.
func choose(certain, exact, near []salesdock.SaleID) (salesdock.SaleID, bool, error) {
	switch {
	case len(certain) == 1:
		return certain[0], true, nil
	case len(certain) > 1:
		return "", false, &notOne{certain, "B has several sales with our reference"}
	case len(exact) == 1:
		return exact[0], true, nil
	case len(exact) > 1:
		return "", false, &notOne{exact, "B has several sales that are identical to this one"}
	case len(near) > 0:
		return "", false, &notOne{near, "B has a sale that may be this one"}
	}
	return "", false, nil
}

// aroundFor is for how long after an attempt and Config.Settle B may still date its
// sale: generous, and not so long that days of B's sales are read for one of them.
const aroundFor = 24 * time.Hour

// around gives B's sales that may have been made by an attempt, each once: those of
// the time of the attempt and of about a day since, however long ago it was.
func (f *Flow) around(ctx context.Context, sent time.Time) ([]salesdock.SaleRow, error) {
	from := sent.Add(-f.cfg.Skew).Truncate(time.Second) // B counts whole seconds
	until := sent.Add(f.cfg.Settle + f.cfg.Skew + overlap + aroundFor)
	q := salesdock.SaleQuery{Period: salesdock.Period{Of: "created_date", From: from.Add(-overlap), Until: until}}
	seen := map[salesdock.SaleID]bool{}
	var out []salesdock.SaleRow
	for r, err := range f.deps.B.Sales.All(ctx, q) {
		if err != nil {
			return nil, err
		}
		if !seen[r.ID] && !latest(r.CreatedAt.Time).Before(from) {
			seen[r.ID] = true
			out = append(out, *r)
		}
	}
	return out, nil
}

// latest is the latest time that a time without a zone may be: in the hour that
// comes twice, the second one.
func latest(t time.Time) time.Time {
	later := t.Add(time.Hour)
	if later.In(salesdock.Location()).Hour() == t.In(salesdock.Location()).Hour() {
		return later
	}
	return t
}

// earliest is the earliest time that a time without a zone may be: in the hour
// that comes twice, the first one.
func earliest(t time.Time) time.Time {
	before := t.Add(-time.Hour)
	if before.In(salesdock.Location()).Hour() == t.In(salesdock.Location()).Hour() {
		return before
	}
	return t
}

// taken reports a sale of B that is another sale of A.
func (f *Flow) taken(ctx context.Context, b salesdock.SaleID, but string) (taken bool, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		taken, err = f.takenIn(ctx, tx, b, but)
		return err
	})
	return taken, err
}

func (f *Flow) takenIn(ctx context.Context, tx orchestration.Tx, b salesdock.SaleID, but string) (bool, error) {
	rows, err := f.sales.List(ctx, tx, orchestration.Query{Ref: string(b)})
	return slices.ContainsFunc(rows, func(r saleRow) bool { return r.Key != but }), err
}

// openPrints are those of other sales that may have arrived at B.
func (f *Flow) openPrints(ctx context.Context, but string) (out []string, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		rows, err := f.sales.List(ctx, tx, orchestration.Query{States: []string{orchestration.StateSending, orchestration.StateUncertain}})
		out = nil
		for _, r := range rows {
			if r.Key != but {
				out = append(out, r.Value.Prints.Exact)
			}
		}
		return err
	})
	return out, err
}
