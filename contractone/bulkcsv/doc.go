// Package bulkcsv edits the CSV file that Contract One's ledger exports
// (CSVダウンロード), so that a system administrator can upload it on the screen
// 台帳の一括更新 (bulk update). It is one of the documented ways in, for rows that
// exist; no CSV creates rows.
//
// The vendor's list of columns, its encoding and its key column could not be
// read, so nothing of that is assumed: the file says it. An Editor reads a real
// export, and what it writes is that file with other values in some cells:
// encoding, byte order mark, line breaks, quoting, column order, headings and
// unknown columns stay byte for byte as they were. It never makes a file from
// nothing and never invents a heading.
//
// The help page says what the bulk update does not change: the main items, the
// responsible persons and the share scope. Edits of those are refused with a
// *RefusedError that names them. What is left are items that are not main
// (contractone.Item.CSVUpdatable) and extension items (拡張項目), whose headings the
// customer chose and the caller names in Options.Extensions. That these can be
// updated is inferred from the exclusions, not stated.
//
// Rows that the vendor does not find in the upload stay untouched, so only rows
// that changed are written. Whether an empty cell clears the item or leaves it is
// not published either: try it on one row.
package bulkcsv
