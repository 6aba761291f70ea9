package bundle

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// Names of the files that Finish writes.
const (
	ManifestCSV  = "manifest.csv"
	ManifestJSON = "manifest.json"
	ReadmeJA     = "README.ja.txt"
	ReadmeEN     = "README.en.txt"
)

const manifestVersion = 1

// Folder is one folder of the bundle: the files that are imported with the same
// settings.
type Folder struct {
	Name        string                  `json:"name"`
	Share       contractone.Share       `json:"share"`
	Responsible []contractone.Principal `json:"responsible"`
	Files       int                     `json:"files"`   // written so far, moved away or not
	Waiting     int                     `json:"waiting"` // of these still in the folder: to be imported
}

// File is one file as manifest.json lists it. Items without a value are absent.
type File struct {
	File         string                   `json:"file"`   // path below the bundle, with slashes
	Folder       string                   `json:"folder"` // Folder.Name
	Key          contractone.Key          `json:"key"`
	Source       contractone.Source       `json:"source"`
	Link         contractone.ManagementID `json:"link,omitempty"`
	Items        contractone.Items        `json:"items"`
	Extensions   map[string]string        `json:"extensions,omitempty"`
	PDF          contractone.PDF          `json:"pdf"`
	RegisteredAt time.Time                `json:"registered_at"`
	// MovedAway says that the PDF is no longer in its folder, which is how a person
	// marks it as imported.
	MovedAway bool `json:"moved_away,omitempty"`
}

// Finish writes manifest.csv, manifest.json and the two README files as of now,
// each whole and in place at once, and completes moves that failed before. They
// list everything that was written and mark what is still in its folder, which is
// what a person has to import. It can be called at any time, and again; while no
// file comes or goes it writes the same bytes. Files that are registered while it
// runs may be in one manifest and not in the other: call it when a run is over, as
// Close does.
func (l *Ledger) Finish(ctx context.Context) error {
	l.mu.Lock()
	if l.journal == nil {
		l.mu.Unlock()
		return fmt.Errorf("bundle: %w", os.ErrClosed)
	}
	err := l.placeAll()
	folders, size := l.listFolders(), l.journal.size
	l.mu.Unlock()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name  string
		write func(*bufio.Writer) error
	}{
		{ManifestCSV, func(w *bufio.Writer) error { return l.writeCSV(ctx, w, folders) }}, // it counts what waits
		{ManifestJSON, func(w *bufio.Writer) error { return l.writeJSON(ctx, w, folders) }},
		{ReadmeJA, func(w *bufio.Writer) error { return writeReadme(w, "readme.ja.txt", folders) }},
		{ReadmeEN, func(w *bufio.Writer) error { return writeReadme(w, "readme.en.txt", folders) }},
	} {
		if err := l.replace(part.name, part.write); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = size
	return nil
}

// Close finishes the bundle, unless Finish has and nothing came since, and gives
// it free for other processes. The ledger can't be used afterwards; closing it
// again does nothing.
func (l *Ledger) Close() error {
	l.mu.Lock()
	closed := l.journal == nil
	finished := !closed && l.journal.size == l.finished
	l.mu.Unlock()
	if closed {
		return nil
	}
	var err error
	if !finished {
		err = l.Finish(context.Background())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.journal == nil {
		return err
	}
	return errors.Join(err, l.release())
}

// listFolders gives the folders by name. The caller holds mu.
func (l *Ledger) listFolders() []Folder {
	var out []Folder
	for _, name := range slices.Sorted(maps.Keys(l.folders)) {
		f := l.folders[name]
		out = append(out, Folder{Name: name, Share: f.share, Responsible: f.responsible, Files: f.files})
	}
	return out
}

// files goes through the files that are registered now.
func (l *Ledger) files(ctx context.Context, write func(File) error) error {
	var werr error
	err := l.scan(ctx, 0, func(r record, _ span) bool {
		e := r.Entry
		werr = write(File{string(e.ID), r.Folder, e.Key, e.Source, e.Link, e.Items, e.Extensions, e.PDF, e.RegisteredAt, l.movedAway(e.ID)})
		return werr == nil
	})
	return errors.Join(err, werr)
}

// movedAway reports whether a person took a file out of its folder.
func (l *Ledger) movedAway(id contractone.EntryID) bool {
	l.mu.Lock() // a file that is on its way into its folder is not away
	defer l.mu.Unlock()
	if _, coming := l.waiting[id]; coming {
		return false
	}
	_, err := os.Lstat(l.path(id))
	return errors.Is(err, fs.ErrNotExist)
}

func (l *Ledger) writeJSON(ctx context.Context, w *bufio.Writer, folders []Folder) error {
	head, err := jsonText(folders)
	if err != nil {
		return err
	}
	if len(folders) == 0 {
		head = "[]"
	}
	if _, err := fmt.Fprintf(w, "{\"version\":%d,\n\"folders\":%s,\n\"files\":[", manifestVersion, head); err != nil {
		return err
	}
	separator := "\n"
	err = l.files(ctx, func(f File) error {
		text, err := jsonText(f)
		if err == nil {
			_, err = w.WriteString(separator + text)
		}
		separator = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	_, err = w.WriteString("\n]}\n")
	return err
}

// jsonText is v as JSON that people can read: without escapes for < and >.
func jsonText(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// writeCSV heads the columns with the ledger's own labels, since people compare
// them with its screens. It counts what waits in each folder.
func (l *Ledger) writeCSV(ctx context.Context, w *bufio.Writer, folders []Folder) error {
	if _, err := w.WriteString("\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	head := []string{waitingHeading, "フォルダ", "PDF"}
	for _, it := range contractone.Catalogue() {
		head = append(head, it.LabelJA)
	}
	head = append(head, "拡張項目", "登録元", "管理ID", "登録日時", "SHA-256", "バイト数", "キー")
	if err := out.Write(head); err != nil {
		return err
	}
	waiting := map[string]int{}
	err := l.files(ctx, func(f File) error {
		if !f.MovedAway {
			waiting[f.Folder]++
		}
		return writeLine(out, f)
	})
	if err != nil {
		return err
	}
	for i := range folders {
		folders[i].Waiting = waiting[folders[i].Name]
	}
	out.Flush()
	return out.Error()
}

// The column that marks the files that are still in their folder.
const (
	waitingHeading = "取り込み待ち"
	waitingMark    = "○"
)

func writeLine(out *csv.Writer, f File) error {
	mark := waitingMark
	if f.MovedAway {
		mark = ""
	}
	line := []string{mark, contractone.CellText(f.Folder), contractone.CellText(strings.TrimPrefix(f.File, f.Folder+"/"))}
	for _, it := range contractone.Catalogue() {
		text := it.Text(f.Items)
		if it.Kind == contractone.KindText {
			text = contractone.CellText(text)
		}
		line = append(line, text)
	}
	extensions := ""
	if len(f.Extensions) > 0 {
		var err error
		if extensions, err = jsonText(f.Extensions); err != nil {
			return err
		}
	}
	return out.Write(append(line, extensions, contractone.CellText(string(f.Source.Origin)), string(f.Link),
		f.RegisteredAt.Format(time.RFC3339), f.PDF.SHA256, strconv.FormatInt(f.PDF.Size, 10), contractone.CellText(string(f.Key))))
}

// ReadManifest goes through the files that a manifest.json lists, one at a time,
// so that memory does not grow with their number. An error is given once and
// ends the sequence; a manifest that is cut off or of a version that this package
// does not know is a countersign.ErrInvalid. The sequence can be gone through once.
func ReadManifest(r io.Reader) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		dec := json.NewDecoder(bufio.NewReader(r))
		more, err := readManifest(dec, yield)
		if err != nil && more {
			yield(File{}, fmt.Errorf("bundle: manifest at byte %d: %w: %w", dec.InputOffset(), countersign.ErrInvalid, err))
		}
	}
}

var errManifest = errors.New("it does not have the form of a manifest")

// readManifest reports whether the reader wants more.
func readManifest(dec *json.Decoder, yield func(File, error) bool) (more bool, err error) {
	if err := expect(dec, json.Delim('{')); err != nil {
		return true, err
	}
	known, seen := false, false
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return true, err
		}
		switch name {
		case "version":
			var v int
			if err := dec.Decode(&v); err != nil {
				return true, err
			}
			if v != manifestVersion {
				return true, fmt.Errorf("version %d is not known", v)
			}
			known = true
		case "files":
			if !known || seen {
				return true, errManifest
			}
			seen = true
			if more, err := readFiles(dec, yield); err != nil || !more {
				return more, err
			}
		default:
			if err := dec.Decode(new(json.RawMessage)); err != nil {
				return true, err
			}
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return true, err
	}
	if !seen {
		return true, errManifest
	}
	return true, nil
}

func readFiles(dec *json.Decoder, yield func(File, error) bool) (more bool, err error) {
	if err := expect(dec, json.Delim('[')); err != nil {
		return true, err
	}
	for dec.More() {
		var f File
		if err := dec.Decode(&f); err != nil {
			return true, err
		}
		if !yield(f, nil) {
			return false, nil
		}
	}
	return true, expect(dec, json.Delim(']'))
}

func expect(dec *json.Decoder, want json.Token) error {
	got, err := dec.Token()
	if err == nil && got != want {
		err = errManifest
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
