// Package bundle is a contractone.Ledger that writes a hand-off bundle: a folder
// of PDFs, ready for the PDF import (PDFインポート) on Contract One's screens, which
// is the one documented way in that needs no API. A program registers files as in
// any ledger; a person carries the folder over.
//
//	README.ja.txt, README.en.txt   what to do, and which settings each folder needs
//	manifest.csv                   all values of all files, for people (UTF-8 with BOM)
//	manifest.json                  the same, exact, for programs; see ReadManifest
//	company_user taro@…_3f2a…/     one folder for each share scope and set of
//	    2026-04-01_業務委託契約書_01J…-1.pdf      responsible persons
//	.bundle/                       what the writer remembers
//
// The import sets the share scope and the responsible persons for all selected
// files at once, so each folder holds the files that are imported together.
// PDF files carry no values: what the manifest says is typed in, or left to the
// vendor's operators (データ化).
//
// # What it can do
//
// Capabilities states Search, Open and Durable. There is no contracted count to
// ask for, and nothing is edited: the values of a bundle are those of the moment
// of registration.
//
// # Crashes and memory
//
// A file is received under .bundle/, then one line of an append-only journal
// enters it, then it moves to its folder. The line decides: whoever opens the
// bundle again cuts off a line that a killed writer left unfinished, finishes the
// moves, and throws away what no line names. So a folder never holds a torn PDF or one that
// the manifest will not list. The manifests and instructions are written whole and put in place at
// once by Finish and Close.
//
// One process at a time may open a bundle. Memory holds some 100 bytes for each
// file, whatever its values and size; 100,000 files need about 15 MB.
//
// # After the import
//
// PDFs that were imported can be moved away or deleted: the journal remembers
// their keys, so they are not written again, and the next difference adds new
// files only. That is also the mark between one hand-off and the next: the
// manifests list everything that was ever written, and mark what is still in its
// folder and so to be imported. OpenPDF reports a countersign.ErrNotFound for what
// was moved away.
package bundle
