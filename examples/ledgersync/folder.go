package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/countersign/countersign/cloudsigntest"
)

const contractsFile = "contracts.csv"

// folderFile is a PDF file of a person's folder, and what contracts.csv says of it.
type folderFile struct {
	path string // to read it
	rel  string // relative, with slashes: its identity
	info *contractInfo
}

// readFolder finds the PDF files below a folder, in the order of their names, but
// those below the folders that are left out.
func readFolder(dir string, without ...string) ([]folderFile, error) {
	var out []folderFile
	var left []fs.FileInfo
	for _, name := range without {
		if info, err := os.Stat(name); err == nil {
			left = append(left, info)
		}
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s can't be read: %w: make it readable or choose another folder with --from", p, cause(err))
		}
		if d.IsDir() && p != dir && slices.ContainsFunc(left, sameAs(d)) {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !strings.EqualFold(filepath.Ext(p), ".pdf") {
			return nil
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		out = append(out, folderFile{path: p, rel: filepath.ToSlash(rel)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no PDF file in %s: choose a folder with files whose names end in .pdf with --from", dir)
	}
	infos, err := readContracts(filepath.Join(dir, contractsFile))
	if err != nil {
		return nil, err
	}
	for i := range out {
		if info, ok := infos[out[i].rel]; ok {
			out[i].info = &info
			delete(infos, out[i].rel)
		}
	}
	for name, info := range infos {
		return nil, fmt.Errorf("%s line %d: there is no PDF file %q in the folder: correct the name or take the line out", contractsFile, info.line, name)
	}
	return out, nil
}

// sameAs reports whether something is the folder, under whatever name.
func sameAs(d fs.DirEntry) func(fs.FileInfo) bool {
	info, err := d.Info()
	return func(other fs.FileInfo) bool { return err == nil && os.SameFile(info, other) }
}

func readContracts(name string) (map[string]contractInfo, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // the file is optional
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", name, cause(err))
	}
	defer func() { _ = f.Close() }()
	return parseContracts(io.LimitReader(f, maxContracts+1))
}

// document is the file as a document of the simulated account. Its ids come from
// its place in the folder, so equal files are two documents.
func (f folderFile) document(u cloudsigntest.User) cloudsigntest.Document {
	name := path.Base(f.rel)
	d := cloudsigntest.Document{
		ID: cloudsigntest.ID("document " + f.rel), UserID: u.ID, Status: cloudsigntest.Concluded,
		Title: strings.TrimSuffix(name, path.Ext(name)),
		Files: []cloudsigntest.File{{ID: cloudsigntest.ID("file " + f.rel), Name: name, Content: cloudsigntest.FileFromPath(f.path)}},
	}
	if f.info != nil {
		if f.info.title != "" {
			d.Title = f.info.title
		}
		a := f.info.attribute
		d.Attribute = &a
	}
	return d
}
