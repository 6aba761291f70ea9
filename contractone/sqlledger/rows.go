package sqlledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/sqldb"
)

// statements are the queries that are the same for every call.
type statements struct {
	receipt      string
	byKey        string // one entry, as selectEntries reads it
	forUpdate    string // locks the entry until the end of the transaction
	entries      string // SELECT … FROM … without WHERE
	insertEntry  string
	updateEntry  string
	insertChange string
	changes      string
}

// catalogue is the catalogue of items, copied once and not for every row.
var catalogue = contractone.Catalogue()

const whereKey = " WHERE document_id = ? AND file_id = ? AND origin = ?"

func newStatements(d Dialect) statements {
	var items []string
	for _, it := range catalogue {
		items = append(items, string(it.Key))
	}
	columns := "origin, document_id, file_id, file_index, file_count, link, share, provenance, pdf_sha256, pdf_size, registered_at, " +
		strings.Join(items, ", ")
	entries := "SELECT id, " + columns + ", " + list(d, "contractone_share_group", "name") + ", " +
		list(d, "contractone_responsible", "kind, name") + ", " + list(d, "contractone_extension", "name, value") + " FROM contractone_entry e"
	lock := ""
	if d == PostgreSQL {
		lock = " FOR UPDATE" // a transaction of SQLite has the file for itself
	}
	return statements{
		receipt:   d.Rebind("SELECT id, pdf_sha256, pdf_size, registered_at FROM contractone_entry" + whereKey),
		entries:   entries,
		byKey:     d.Rebind(entries + whereKey),
		forUpdate: d.Rebind("SELECT id FROM contractone_entry" + whereKey + lock),
		insertEntry: d.Rebind("INSERT INTO contractone_entry (" + columns + ") VALUES (" + sqldb.Placeholders(11+len(items)) +
			") ON CONFLICT (document_id, file_id, origin) DO NOTHING RETURNING id"),
		updateEntry: d.Rebind("UPDATE contractone_entry SET share = ?, provenance = ?, " + strings.Join(items, " = ?, ") + " = ? WHERE id = ?"),
		insertChange: d.Rebind("INSERT INTO contractone_change (entry_id, position, changed_at, changed_by, action, memo, detail) VALUES (" +
			sqldb.Placeholders(7) + ")"),
		changes: d.Rebind("SELECT c.changed_at, c.changed_by, c.action, c.memo, c.detail FROM contractone_change c" +
			" JOIN contractone_entry e ON e.id = c.entry_id" + whereKey + " ORDER BY c.position"),
	}
}

// prepared are the statements that every registration runs. The database closes
// them with its connections.
type prepared struct{ receipt, byKey, insertEntry, insertChange *sql.Stmt }

func (s statements) prepare(ctx context.Context, db *sql.DB) (p prepared, err error) {
	for _, one := range []struct {
		stmt **sql.Stmt
		text string
	}{{&p.receipt, s.receipt}, {&p.byKey, s.byKey}, {&p.insertEntry, s.insertEntry}, {&p.insertChange, s.insertChange}} {
		if *one.stmt, err = db.PrepareContext(ctx, one.text); err != nil {
			return p, err
		}
	}
	return p, nil
}

// list reads an entry's rows of another table as JSON, a list of lists, in the
// statement that reads the entry: so both are of the same moment.
func list(d Dialect, table, columns string) string {
	if d == PostgreSQL {
		return "CAST((SELECT json_agg(json_build_array(" + columns + ") ORDER BY position) FROM " + table + " WHERE entry_id = e.id) AS TEXT)"
	}
	return "(SELECT json_group_array(json_array(" + columns + ")) FROM (SELECT * FROM " + table + " WHERE entry_id = e.id ORDER BY position))"
}

// entryRow is an entry and its number in the database.
type entryRow struct {
	id    int64
	entry contractone.Entry
}

// readEntries reads what a query gave that begins with statements.entries.
func readEntries(rows *sql.Rows, err error) ([]entryRow, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var out []entryRow
	for rows.Next() {
		r, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func scanEntry(rows *sql.Rows) (entryRow, error) {
	var r entryRow
	e := &r.entry
	var link sql.NullString
	var groups, responsible, extensions [][]string
	dest := []any{
		&r.id, &e.Source.Origin, &e.Source.DocumentID, &e.Source.FileID, &e.Source.FileIndex, &e.Source.FileCount, &link,
		&e.Share.Visibility, fromJSON{&e.Provenance}, &e.PDF.SHA256, &e.PDF.Size, (*sqldb.Time)(&e.RegisteredAt),
	}
	for _, it := range catalogue {
		dest = append(dest, itemColumn{it, &e.Items})
	}
	if err := rows.Scan(append(dest, fromJSON{&groups}, fromJSON{&responsible}, fromJSON{&extensions})...); err != nil {
		return r, err
	}
	e.ID, e.Key, e.Link = entryID(r.id), e.Source.Key(), contractone.ManagementID(link.String)
	for _, g := range groups {
		e.Share.Groups = append(e.Share.Groups, g[0])
	}
	for _, p := range responsible {
		e.Responsible = append(e.Responsible, contractone.Principal{Kind: contractone.PrincipalKind(p[0]), Name: p[1]})
	}
	if len(extensions) > 0 {
		e.Extensions = make(map[string]string, len(extensions))
	}
	for _, x := range extensions {
		e.Extensions[x[0]] = x[1]
	}
	return r, nil
}

// fromJSON scans a column of JSON text; NULL leaves the target as it is.
type fromJSON struct{ target any }

// Scan takes the column's value.
func (j fromJSON) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), j.target)
	case []byte:
		return json.Unmarshal(v, j.target)
	}
	return fmt.Errorf("a column of JSON holds %T", src)
}

// itemColumn scans the column of an item; NULL is no value.
type itemColumn struct {
	item  contractone.Item
	items *contractone.Items
}

// Scan takes the column's value.
func (c itemColumn) Scan(src any) error {
	text := ""
	switch v := src.(type) {
	case nil:
	case string:
		text = v
	case []byte:
		text = string(v)
	case int64:
		text = strconv.FormatInt(v, 10)
	case time.Time:
		text = v.Format(time.DateOnly)
	default:
		return fmt.Errorf("the column %s holds %T", c.item.Key, src)
	}
	return c.item.SetText(c.items, text)
}

// itemValue is the column's value of an item.
func itemValue(it contractone.Item, items contractone.Items) any {
	if n, ok := items.Amount.Get(); ok && it.Key == contractone.ItemAmount {
		return n
	}
	return nullable(it.Text(items))
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func itemValues(items contractone.Items) []any {
	var out []any
	for _, it := range catalogue {
		out = append(out, itemValue(it, items))
	}
	return out
}

// insertEntry writes an entry; fresh is false when its key is there already.
func (l *Ledger) insertEntry(ctx context.Context, tx *sql.Tx, e contractone.Entry) (id int64, fresh bool, err error) {
	provenance, err := json.Marshal(e.Provenance)
	if err != nil {
		return 0, false, err
	}
	args := append([]any{
		string(e.Source.Origin), e.Source.DocumentID, e.Source.FileID, e.Source.FileIndex, e.Source.FileCount, nullable(string(e.Link)),
		string(e.Share.Visibility), string(provenance), e.PDF.SHA256, e.PDF.Size, sqldb.Time(e.RegisteredAt),
	}, itemValues(e.Items)...)
	err = tx.StmtContext(ctx, l.often.insertEntry).QueryRowContext(ctx, args...).Scan(&id)
	if err == sql.ErrNoRows { //nolint:errorlint // Scan gives it as it is
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return id, true, l.insertLists(ctx, tx, id, e)
}

// insertLists writes what an entry has several of.
func (l *Ledger) insertLists(ctx context.Context, tx *sql.Tx, id int64, e contractone.Entry) error {
	var groups, responsible, extensions [][]any
	for i, g := range e.Share.Groups {
		groups = append(groups, []any{id, i, g})
	}
	for i, p := range e.Responsible {
		responsible = append(responsible, []any{id, i, string(p.Kind), p.Name})
	}
	for i, name := range slices.Sorted(maps.Keys(e.Extensions)) {
		extensions = append(extensions, []any{id, i, name, e.Extensions[name]})
	}
	for _, t := range []struct {
		table string
		rows  [][]any
	}{
		{"contractone_share_group (entry_id, position, name)", groups},
		{"contractone_responsible (entry_id, position, kind, name)", responsible},
		{"contractone_extension (entry_id, position, name, value)", extensions},
	} {
		// Databases limit the parameters of one statement.
		for chunk := range slices.Chunk(t.rows, 500) {
			row := "(" + sqldb.Placeholders(len(chunk[0])) + ")"
			query := "INSERT INTO " + t.table + " VALUES " + row + strings.Repeat(", "+row, len(chunk)-1)
			if _, err := tx.ExecContext(ctx, l.dialect.Rebind(query), slices.Concat(chunk...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) insertChange(ctx context.Context, tx *sql.Tx, id int64, position int, c contractone.Change) error {
	detail, err := json.Marshal(c.Values)
	if err != nil {
		return err
	}
	_, err = tx.StmtContext(ctx, l.often.insertChange).ExecContext(ctx, id, position, sqldb.Time(c.At), c.By, string(c.Action), c.Memo, string(detail))
	return err
}
