package bundle

import (
	"io"
	"os"
)

// What tests look at or feed with foreign bytes.
type Record = record

var (
	DecodeRecord = decodeRecord
	EncodeRecord = encodeRecord
	FileStem     = fileStem
	FolderName   = folderName
	WriteLine    = writeLine
)

// BreakJournal makes the journal fail as a disk does that went away.
func BreakJournal(l *Ledger) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Open(l.journal.file.Name()) // for reading alone
	if err == nil {
		err = l.journal.file.Close()
		l.journal.file = file
	}
	return err
}

// Records counts the records of a journal and gives the offset behind them.
func Records(r io.Reader) (n int, end int64, err error) {
	end, err = lines(r, 0, func(record, span) bool { n++; return true })
	return n, end, err
}
