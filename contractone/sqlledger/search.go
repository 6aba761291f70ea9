package sqlledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/sqldb"
)

// Search gives a page of the entries that match, in the order of registration.
// Page.Total is -1; see Count.
func (l *Ledger) Search(ctx context.Context, q contractone.Query) (*countersign.Page[contractone.Entry], error) {
	w, err := l.where(q)
	if err != nil {
		return nil, err
	}
	if q.Cursor != "" {
		after, err := parseCursor(q.Cursor)
		if err != nil {
			return nil, err
		}
		w.add("e.id > ?", after)
	}
	// One more than the page shows tells whether there is another page.
	query := l.q.entries + w.text() + " ORDER BY e.id LIMIT " + strconv.Itoa(q.PageSize()+1)
	rows, err := readEntries(l.db.QueryContext(ctx, l.dialect.Rebind(query), w.args...))
	if err != nil {
		return nil, databaseError("search", err)
	}
	page := &countersign.Page[contractone.Entry]{Total: -1}
	if len(rows) > q.PageSize() {
		rows = rows[:q.PageSize()]
		page.Next = strconv.FormatInt(rows[len(rows)-1].id, 10)
	}
	for _, r := range rows {
		page.Items = append(page.Items, r.entry)
	}
	return page, nil
}

// parseCursor reads the id of the last entry of a page. Cursors come back from
// outside, so anything may stand in them.
func parseCursor(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return 0, fmt.Errorf("sqlledger: %.40q is not a cursor of this ledger: %w", s, countersign.ErrInvalid)
	}
	return id, nil
}

// Count is the number of entries that match on all pages.
func (l *Ledger) Count(ctx context.Context, q contractone.Query) (int64, error) {
	w, err := l.where(q)
	if err != nil {
		return 0, err
	}
	var n int64
	query := "SELECT COUNT(*) FROM contractone_entry e" + w.text()
	if err := l.db.QueryRowContext(ctx, l.dialect.Rebind(query), w.args...).Scan(&n); err != nil {
		return 0, databaseError("count", err)
	}
	return n, nil
}

// conditions are the parts of a WHERE and their arguments.
type conditions struct {
	parts []string
	args  []any
}

func (w *conditions) add(part string, args ...any) {
	w.parts = append(w.parts, part)
	w.args = append(w.args, args...)
}

func (w *conditions) text() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

func (l *Ledger) where(q contractone.Query) (*conditions, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	w := &conditions{}
	for _, p := range []struct{ column, value string }{
		{"link", string(q.Link)}, {"document_id", q.DocumentID}, {"pdf_sha256", q.SHA256},
	} {
		if p.value != "" {
			w.add("e."+p.column+" = ?", p.value)
		}
	}
	for _, c := range q.Where {
		if err := l.whereItem(w, c); err != nil {
			return nil, err
		}
	}
	if q.Viewer != nil && !q.Viewer.SearchAll {
		whereVisible(w, *q.Viewer)
	}
	return w, nil
}

// whereItem adds a condition on an item. The column's name is a key of the
// catalogue, so nothing that a caller wrote is part of the statement.
func (l *Ledger) whereItem(w *conditions, c contractone.Condition) error {
	it, _ := contractone.FindItem(c.Item)
	column := "e." + string(it.Key)
	compare := func(operator, text string) error {
		var items contractone.Items
		if err := it.SetText(&items, text); err != nil {
			return err
		}
		w.add(column+" "+operator+" ?", itemValue(it, items))
		return nil
	}
	switch c.Op {
	case contractone.OpAbsent:
		w.add(column + " IS NULL")
	case contractone.OpPresent:
		w.add(column + " IS NOT NULL")
	case contractone.OpEqual:
		return compare("=", c.Value)
	case contractone.OpContains:
		// Not LIKE: its treatment of case and wildcards differs.
		position := "instr"
		if l.dialect == PostgreSQL {
			position = "strpos"
		}
		w.add(position+"("+column+", ?) > 0", c.Value)
	case contractone.OpRange:
		w.add(column + " IS NOT NULL")
		if c.From != "" {
			if err := compare(">=", c.From); err != nil {
				return err
			}
		}
		if c.To != "" {
			return compare("<=", c.To)
		}
	}
	return nil
}

// whereVisible is Entry.VisibleTo in SQL.
func whereVisible(w *conditions, v contractone.Viewer) {
	groups := make([]any, len(v.Groups))
	for i, g := range v.Groups {
		groups[i] = g
	}
	in := " IN (" + sqldb.Placeholders(len(groups)) + ")"
	responsible := "kind = 'user' AND name = ?"
	args := []any{v.Account}
	shared := ""
	if len(groups) > 0 {
		responsible = "(" + responsible + " OR kind = 'group' AND name" + in + ")"
		shared = " OR e.share = 'groups' AND EXISTS (SELECT 1 FROM contractone_share_group WHERE entry_id = e.id AND name" + in + ")"
		args = append(append(args, groups...), groups...)
	}
	w.add("(e.share = 'company' OR EXISTS (SELECT 1 FROM contractone_responsible WHERE entry_id = e.id AND "+responsible+")"+shared+")", args...)
}
