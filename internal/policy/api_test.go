package policy

import (
	"bytes"
	"flag"
	"go/ast"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write down the exported API as it is now")

// apiDir holds a file for each package that others may import, with a line for each
// exported name. What a change does to users is then seen in its diff.
const apiDir = "testdata/api"

// apiLines lists what the packages export: the lines of each package in order.
func apiLines(files []goFile) map[string][]string {
	out := map[string][]string{}
	for _, f := range files {
		dir := f.dir()
		if f.isTest() || f.AST.Name.Name == "main" || slices.Contains(strings.Split(dir, "/"), "internal") || under(dir, "examples") {
			continue
		}
		for _, decl := range f.AST.Decls {
			out[dir] = append(out[dir], declLines(decl)...)
		}
	}
	for dir, lines := range out {
		// Files for several systems declare the same.
		slices.Sort(lines)
		out[dir] = slices.Compact(lines)
	}
	return out
}

func declLines(decl ast.Decl) (lines []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		switch {
		case !d.Name.IsExported() || (d.Recv != nil && !ast.IsExported(receiverName(d))):
		case d.Recv == nil:
			lines = append(lines, "func "+d.Name.Name+signature(d.Type))
		default:
			lines = append(lines, "method ("+text(d.Recv.List[0].Type)+") "+d.Name.Name+signature(d.Type))
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				lines = append(lines, typeLines(s)...)
			case *ast.ValueSpec:
				lines = append(lines, valueLines(d.Tok, s)...)
			}
		}
	}
	return lines
}

func typeLines(s *ast.TypeSpec) []string {
	if !s.Name.IsExported() {
		return nil
	}
	head := "type " + s.Name.Name + typeParams(s.TypeParams)
	if s.Assign.IsValid() {
		head += " ="
	}
	switch t := s.Type.(type) {
	case *ast.StructType:
		return append(memberLines(head+" struct", t.Fields), head+" struct")
	case *ast.InterfaceType:
		return append(memberLines(head+" interface", t.Methods), head+" interface")
	}
	return []string{head + " " + text(s.Type)}
}

// memberLines lists exported fields and methods. An interface with a method that is
// not exported can't be implemented elsewhere, and whoever adds one takes that away.
func memberLines(head string, members *ast.FieldList) (lines []string) {
	for _, m := range members.List {
		what := text(m.Type)
		if fn, ok := m.Type.(*ast.FuncType); ok && strings.HasSuffix(head, "interface") {
			what = signature(fn)
		} else if len(m.Names) > 0 {
			what = " " + what
		}
		if len(m.Names) == 0 {
			lines = append(lines, head+" { "+what+" }")
		}
		for _, name := range m.Names {
			switch {
			case name.IsExported():
				lines = append(lines, head+" { "+name.Name+what+" }")
			case strings.HasSuffix(head, "interface"):
				lines = append(lines, head+" { unexported methods }")
			}
		}
	}
	return lines
}

func valueLines(tok token.Token, s *ast.ValueSpec) (lines []string) {
	for i, name := range s.Names {
		if !name.IsExported() {
			continue
		}
		line := tok.String() + " " + name.Name
		if s.Type != nil {
			line += " " + text(s.Type)
		}
		if tok == token.CONST && i < len(s.Values) {
			line += " = " + text(s.Values[i])
		}
		lines = append(lines, line)
	}
	return lines
}

// signature prints a function's type without the names of its parameters, which
// are nobody's concern.
func signature(t *ast.FuncType) string {
	out := typeParams(t.TypeParams) + "(" + strings.Join(types(t.Params), ", ") + ")"
	switch results := types(t.Results); len(results) {
	case 0:
		return out
	case 1:
		return out + " " + results[0]
	default:
		return out + " (" + strings.Join(results, ", ") + ")"
	}
}

func types(list *ast.FieldList) (out []string) {
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		for range max(len(field.Names), 1) {
			out = append(out, text(field.Type))
		}
	}
	return out
}

func typeParams(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var out []string
	for _, field := range list.List {
		for _, name := range field.Names {
			out = append(out, name.Name+" "+text(field.Type))
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// text prints an expression in one line.
func text(expr ast.Expr) string {
	if fn, ok := expr.(*ast.FuncType); ok {
		return "func" + signature(fn)
	}
	var out bytes.Buffer
	if err := printer.Fprint(&out, token.NewFileSet(), expr); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// checkAPI compares what packages export with what is written down.
func checkAPI(now, written map[string][]string) (found []string) {
	for _, dir := range slices.Sorted(maps.Keys(now)) {
		for _, line := range now[dir] {
			if !slices.Contains(written[dir], line) {
				found = append(found, dir+": new: "+line)
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(written)) {
		for _, line := range written[dir] {
			if !slices.Contains(now[dir], line) {
				found = append(found, dir+": gone or changed, which CHANGELOG.md must say: "+line)
			}
		}
	}
	return found
}

func apiFile(dir string) string {
	name := strings.ReplaceAll(dir, "/", ".")
	if dir == "." {
		name = "countersign"
	}
	return filepath.Join(apiDir, name+".txt")
}

func TestAPI(t *testing.T) {
	t.Parallel()
	now, written := apiLines(goFiles(t)), map[string][]string{}
	if *update {
		require.NoError(t, os.RemoveAll(apiDir))
		require.NoError(t, os.MkdirAll(apiDir, 0o755))
	}
	files := 0
	for dir, lines := range now {
		if *update {
			require.NoError(t, os.WriteFile(apiFile(dir), []byte(strings.Join(lines, "\n")+"\n"), 0o644))
		}
		content, err := os.ReadFile(apiFile(dir))
		if err == nil {
			files++
			written[dir] = strings.Split(strings.TrimSpace(string(content)), "\n")
		}
	}
	require.Empty(t, checkAPI(now, written), "the exported API has changed; if that is meant: make api")
	entries, err := os.ReadDir(apiDir)
	require.NoError(t, err)
	require.Len(t, entries, files, "%s has files of packages that are gone: make api", apiDir)
}

func TestAPIFindsBreaches(t *testing.T) {
	t.Parallel()
	const src = `package x

import "context"

const A, b = "a", 1

var E error

type S[K comparable] struct {
	Name, Title string
	Call        func(ctx context.Context) error
	hidden      int
	Embedded
}

type I interface {
	Do(ctx context.Context, n int) (string, error)
	seal()
}

type Alias = S[int]

func F(a, b int, opts ...func(*S[int])) (n int, err error) { return 0, nil }

func (s *S[K]) M() {}

func (hidden) N() {}
`
	now := apiLines([]goFile{breach(t, "x/x.go", src), breach(t, "x/x_test.go", src), breach(t, "internal/y/y.go", src)})
	require.Equal(t, map[string][]string{"x": {
		`const A = "a"`,
		"func F(int, int, ...func(*S[int])) (int, error)",
		"method (*S[K]) M()",
		"type Alias = S[int]",
		"type I interface",
		"type I interface { Do(context.Context, int) (string, error) }",
		"type I interface { unexported methods }",
		"type S[K comparable] struct",
		"type S[K comparable] struct { Call func(context.Context) error }",
		"type S[K comparable] struct { Embedded }",
		"type S[K comparable] struct { Name string }",
		"type S[K comparable] struct { Title string }",
		"var E error",
	}}, now)
	require.Empty(t, checkAPI(now, now))
	require.Equal(t, []string{`x: new: const A = "a"`, "x: gone or changed, which CHANGELOG.md must say: const A = 1"},
		checkAPI(map[string][]string{"x": {`const A = "a"`}}, map[string][]string{"x": {"const A = 1"}}))
	require.NotEmpty(t, checkAPI(nil, now))
}
