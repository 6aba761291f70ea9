package policy

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkPackageDocs finds packages without a comment and names that say nothing.
func checkPackageDocs(files []goFile) []string {
	documented := map[string]bool{}
	var found []string
	for _, f := range files {
		if strings.HasSuffix(f.AST.Name.Name, "_test") {
			continue
		}
		documented[f.dir()] = documented[f.dir()] || f.AST.Doc != nil
		switch path.Base(f.dir()) {
		case "util", "utils", "common", "helper", "helpers", "misc", "shared":
			found = append(found, f.Path+": the package's name says nothing about what it is for")
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(documented)) {
		if !documented[dir] {
			found = append(found, dir+" has no package comment")
		}
	}
	return found
}

// checkExportedDocs finds exported names without a comment. A comment on a
// group of constants or variables covers the group.
func checkExportedDocs(files []goFile) []string {
	var found []string
	for _, f := range files {
		if f.isTest() {
			continue
		}
		for _, decl := range f.AST.Decls {
			for _, name := range undocumented(decl) {
				found = append(found, fmt.Sprintf("%s:%d: %s has no comment", f.Path, f.line(name.Pos()), name.Name))
			}
		}
	}
	return found
}

func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiverName(d))) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Doc == nil {
			return undocumentedSpecs(d.Specs)
		}
	}
	return nil
}

func undocumentedSpecs(specs []ast.Spec) []*ast.Ident {
	var found []*ast.Ident
	for _, spec := range specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Name.IsExported() {
				found = append(found, s.Name)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if s.Doc == nil && s.Comment == nil && name.IsExported() {
					found = append(found, name)
				}
			}
		}
	}
	return found
}

// receiverName is the name of the type that a method belongs to.
func receiverName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	name := ""
	ast.Inspect(fn.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

func TestPackageDocs(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkPackageDocs(goFiles(t)))
}

func TestExportedDocs(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkExportedDocs(goFiles(t)))
}

func TestDocsFindBreaches(t *testing.T) {
	t.Parallel()
	require.Len(t, checkPackageDocs([]goFile{breach(t, "x/x.go", "package x\n")}), 1)
	require.Len(t, checkPackageDocs([]goFile{breach(t, "util/x.go", "// Package util helps.\npackage util\n")}), 1)
	require.Empty(t, checkPackageDocs([]goFile{
		breach(t, "x/x.go", "package x\n"),
		breach(t, "x/doc.go", "// Package x is documented in doc.go.\npackage x\n"),
	}))

	found := checkExportedDocs([]goFile{breach(t, "x.go", `package x

type T struct{}

func F() {}

func (T) M() {}

func (*G[K]) M() {}

var A = 1

const (
	// B is documented.
	B = 1
	C = 2
	D = 3 // documented too
	e = 4
)

// The numbers.
const (
	Four = 4
	Five = 5
)

func (hidden) M() {}
`)})
	require.Len(t, found, 6, "%q", found)
}
