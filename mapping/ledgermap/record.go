package ledgermap

import (
	"cmp"
	"slices"

	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
)

// Record is one file of a document with what is known of the document.
type Record struct {
	Document  cloudsign.Document
	Attribute *cloudsign.Attribute // nil: the document has no information
	File      cloudsign.File
	FileIndex int // place of the file in the order of upload, from 1
	FileCount int // files of the document
}

// Records gives a record for each file of a document, in the order of upload.
// attr is nil when the document has no information.
func Records(doc cloudsign.Document, attr *cloudsign.Attribute) []Record {
	files := slices.Clone(doc.Files)
	slices.SortStableFunc(files, func(a, b cloudsign.File) int { return cmp.Compare(a.Order, b.Order) })
	out := make([]Record, len(files))
	for i, f := range files {
		out[i] = Record{Document: doc, Attribute: attr, File: f, FileIndex: i + 1, FileCount: len(files)}
	}
	return out
}

// Source says in the ledger's terms which file the record is about.
func (r *Record) Source() contractone.Source {
	return contractone.Source{
		Origin:     contractone.OriginCloudSign,
		DocumentID: string(r.Document.ID),
		FileID:     string(r.File.ID),
		FileIndex:  r.FileIndex,
		FileCount:  r.FileCount,
	}
}
