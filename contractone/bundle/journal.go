package bundle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// maxRecord bounds a line of the journal, so that a damaged one can't fill the
// memory.
const maxRecord = 16 << 20

// record is a line of the journal: the checksum of the JSON in eight hexadecimal
// digits, a space, the JSON, a line break. The entry's ID is the path of its
// file below the bundle.
type record struct {
	Entry    contractone.Entry `json:"entry"`
	Folder   string            `json:"folder"`
	Incoming string            `json:"incoming"` // the file's name before it moved to the folder
}

// span is where a record stands.
type span struct {
	offset int64
	length int
}

// errDamaged is a whole line that is not what was written.
var errDamaged = errors.New("the line is damaged")

func encodeRecord(r record) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(text) > maxRecord-16 {
		return nil, fmt.Errorf("bundle: the values have %d bytes, more than a bundle takes: %w", len(text), countersign.ErrInvalid)
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(text), text), nil
}

// decodeRecord reads a line with its line break.
func decodeRecord(line []byte) (record, error) {
	sum, text, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if !ok || err != nil || len(sum) != 8 || uint32(want) != crc32.ChecksumIEEE(text) {
		return record{}, errDamaged
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, errDamaged
	}
	return r, nil
}

// lines reads the records of r, which starts at the given offset, until yield
// returns false. It gives the offset behind the last whole line; what comes after
// that was never acknowledged.
func lines(r io.Reader, offset int64, yield func(record, span) bool) (end int64, err error) {
	buf := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		part, err := buf.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxRecord:
			continue
		case errors.Is(err, io.EOF):
			return offset, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return offset, err
		case len(line) > maxRecord:
			return offset, fmt.Errorf("bundle: journal at byte %d: %w", offset, errDamaged)
		}
		rec, err := decodeRecord(line)
		if err != nil {
			return offset, fmt.Errorf("bundle: journal at byte %d: %w", offset, err)
		}
		s := span{offset, len(line)}
		offset += int64(len(line))
		if !yield(rec, s) {
			return offset, nil
		}
		line = line[:0]
	}
}

// journal is the append-only file. Appending is not for several goroutines.
type journal struct {
	file *os.File
	size int64
	// broken is why the file can't be trusted any more.
	broken error
}

// openJournal reads what is there and cuts off an unfinished line.
func openJournal(path string, yield func(record, span) bool) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, storageError(path, err)
	}
	j := &journal{file: file}
	if j.size, err = lines(file, 0, yield); err == nil {
		if err = j.cut(); err != nil {
			err = storageError(path, err)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return j, nil
}

// cut takes away what stands behind the last acknowledged line.
func (j *journal) cut() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	return j.file.Sync()
}

// append writes a record. When it returns without an error, the record survives
// a crash; on an error it is gone, unless it is a countersign.ErrOutcomeUnknown.
func (j *journal) append(r record) (span, error) {
	if j.broken != nil {
		return span{}, j.broken
	}
	line, err := encodeRecord(r)
	if err != nil {
		return span{}, err
	}
	if _, err = j.file.WriteAt(line, j.size); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		err = storageError(j.file.Name(), err)
		if cerr := j.cut(); cerr != nil {
			j.broken = fmt.Errorf("bundle: the journal can't be written to until the bundle is opened again: %w", err)
			return span{}, fmt.Errorf("%w: %w", countersign.ErrOutcomeUnknown, err)
		}
		return span{}, err
	}
	s := span{j.size, len(line)}
	j.size += int64(len(line))
	return s, nil
}

// at reads one record.
func (j *journal) at(s span) (record, error) {
	line := make([]byte, s.length)
	if _, err := j.file.ReadAt(line, s.offset); err != nil {
		return record{}, storageError(j.file.Name(), err)
	}
	r, err := decodeRecord(line)
	if err != nil {
		return record{}, fmt.Errorf("bundle: journal at byte %d: %w", s.offset, err)
	}
	return r, nil
}
