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
// Values are written as they are. A text that a spreadsheet would run as a formula
// (=cmd|…) stays one, and a NUL stays a NUL, because the file goes to a screen that
// reads data, and a mark in front would become part of the item: who lets people
// open the upload in a spreadsheet, or takes values from strangers, checks them
// first. In CP932 alone, the wave dash and its family (〜 − — ‖ ¢ £ ¬), which macOS
// writes and Windows does not have, become the twins that it has (～ － ― ∥ ￠ ￡ ￢);
// any other character that the encoding lacks is ErrEncoding.
//
// A line with nothing on it is no row, except in a file of one column, where it is
// an empty cell.
//
// Rows that the vendor does not find in the upload stay untouched, so only rows
// that changed are written. Whether an empty cell clears the item or leaves it is
// not published either: try it on one row.
package bulkcsv
