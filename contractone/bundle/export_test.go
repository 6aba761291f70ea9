package bundle

import "io"

// What tests look at or feed with foreign bytes.
type Record = record

var (
	DecodeRecord = decodeRecord
	EncodeRecord = encodeRecord
	FileStem     = fileStem
	FolderName   = folderName
	WriteLine    = writeLine
)

// Records counts the records of a journal and gives the offset behind them.
func Records(r io.Reader) (n int, end int64, err error) {
	end, err = lines(r, 0, func(record, span) bool { n++; return true })
	return n, end, err
}
