// Package sqlledger is a contract ledger (contractone.Ledger) in the user's own
// database, SQLite or PostgreSQL through database/sql, with the PDFs in a
// folder. It imports no driver: the program opens the database.
//
//	ledger, err := sqlledger.Open(ctx, sqlledger.Config{
//		DB: db, Dialect: sqlledger.SQLite, Dir: "contracts",
//	})
//
// # The tables
//
// An entry is a row of contractone_entry with one column for each item, NULL
// where the item has no value; dates are YYYY-MM-DD under SQLite and DATE under
// PostgreSQL, amounts 64-bit integers. (document_id, file_id, origin) is unique.
// contractone_share_group, contractone_responsible, contractone_extension and
// contractone_change (the history) hold what an entry has several of. The view
// contractone_ledger is for people: readable times, and the path of the PDF.
// Reading with SQL is welcome; writing goes through the package, or the history
// and the provenance no longer tell the truth.
//
// # The folder
//
// A PDF lies in sha256/ab/<hash>.pdf, named by the SHA-256 of its bytes, so
// equal PDFs of two entries share a file. It is written to incoming/ first,
// synced and renamed, so a file under sha256/ is never torn. The row is written
// after the file, in one transaction. A crash between the two leaves a file that
// no row names; Sweep removes it. Back up the database first and the folder
// after it: then each row of the copy has its file.
//
// # Processes
//
// A Ledger is safe for concurrent use, and several processes may use the same
// database and folder. SQLite connections should be opened with WAL,
// synchronous=FULL, a busy timeout and immediate transactions.
package sqlledger
