package policy

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/countersign/countersign"

// textFile is a file of the repository; Path is relative to its root, with
// slashes.
type textFile struct {
	Path string
	Text string
}

// goFile is a parsed Go file.
type goFile struct {
	textFile
	Fset *token.FileSet
	AST  *ast.File
}

func (f goFile) dir() string { return path.Dir(f.Path) }

func (f goFile) isTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

func (f goFile) line(p token.Pos) int { return f.Fset.Position(p).Line }

// imports maps the name under which the file knows a package to its path.
func (f goFile) imports() map[string]string {
	out := map[string]string{}
	for _, spec := range f.AST.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if spec.Name != nil {
			out[spec.Name.Name] = p
			continue
		}
		out[importName(p)] = p
	}
	return out
}

// importName is the name that a package has by convention: the last element of
// its path that is no major version, without a go- prefix.
func importName(p string) string {
	name := path.Base(p)
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p))
	}
	return strings.TrimPrefix(name, "go-")
}

// ours gives the path of a package inside the repository, "." for its root.
func ours(importPath string) (string, bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// repoRoot is the folder that holds go.work.
var repoRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.work")); statErr == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fs.ErrNotExist
		}
		dir = parent
	}
	return "", err
})

func root(t *testing.T) string {
	t.Helper()
	dir, err := repoRoot()
	require.NoError(t, err)
	return dir
}

// outside names what lies in a working copy but is not part of the repository;
// it repeats .gitignore.
func outside(p string, d fs.DirEntry) bool {
	if d.IsDir() {
		return p == ".git" || p == "bin" || d.Name() == "countersign-data"
	}
	ext := path.Ext(p)
	return p == ".git" || p == "coverage.out" || ext == ".test" || ext == ".prof"
}

var repoTexts = sync.OnceValues(func() ([]textFile, error) {
	dir, err := repoRoot()
	if err != nil {
		return nil, err
	}
	var out []textFile
	files := os.DirFS(dir)
	err = fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case outside(p, d):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		data, err := fs.ReadFile(files, p)
		if err == nil && utf8.Valid(data) && !bytes.ContainsRune(data, 0) {
			out = append(out, textFile{p, string(data)})
		}
		return err
	})
	return out, err
})

// texts are all text files of the repository.
func texts(t *testing.T) []textFile {
	t.Helper()
	out, err := repoTexts()
	require.NoError(t, err)
	require.NotEmpty(t, out)
	return out
}

var repoGoFiles = sync.OnceValues(func() ([]goFile, error) {
	all, err := repoTexts()
	if err != nil {
		return nil, err
	}
	var out []goFile
	for _, f := range all {
		if path.Ext(f.Path) != ".go" || strings.Contains(f.Path, "testdata/") {
			continue
		}
		g, err := parse(f.Path, f.Text)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
})

// goFiles are all Go files of the repository, tests included.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	out, err := repoGoFiles()
	require.NoError(t, err)
	require.NotEmpty(t, out)
	return out
}

func parse(p, src string) (goFile, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	return goFile{textFile{p, src}, fset, file}, err
}

// breach parses a made-up file for a self-test.
func breach(t *testing.T, p, src string) goFile {
	t.Helper()
	f, err := parse(p, src)
	require.NoError(t, err)
	return f
}

// goTool runs the go command in a folder of the repository and decodes the
// JSON values that it prints.
func goTool[T any](t *testing.T, dir string, args ...string) []T {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), stderr.String())
	var values []T
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var v T
		require.NoError(t, dec.Decode(&v))
		values = append(values, v)
	}
	return values
}

func TestImportName(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{
		"github.com/go-resty/resty/v2":        "resty",
		"github.com/jedib0t/go-pretty/v6":     "pretty",
		"golang.org/x/oauth2":                 "oauth2",
		"github.com/countersign/countersign":  "countersign",
		"github.com/jackc/pgx/v5/pgxpool":     "pgxpool",
		"github.com/countersign/countersign2": "countersign2",
	} {
		require.Equal(t, want, importName(p))
	}
}
