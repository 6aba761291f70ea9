package policy

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreignTypes are the types of other modules that an exported signature may
// name: the interface of a token source, and the token that its method gives.
var foreignTypes = []string{"golang.org/x/oauth2.TokenSource", "golang.org/x/oauth2.Token"}

// checkSignatures finds types of other modules in what a package exports: they
// would tie every user to that module's versions.
func checkSignatures(files []goFile) []string {
	var found []string
	for _, f := range files {
		if f.isTest() || f.AST.Name.Name == "main" {
			continue
		}
		for _, decl := range f.AST.Decls {
			for _, expr := range exportedTypes(decl) {
				found = append(found, foreignIn(f, expr)...)
			}
		}
	}
	return found
}

// foreignIn finds the foreign types of one type expression, but for struct
// fields that other packages can't reach.
func foreignIn(f goFile, expr ast.Node) []string {
	imports := f.imports()
	hidden := map[ast.Node]bool{}
	var found []string
	ast.Inspect(expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, field := range n.Fields.List {
				hidden[field] = len(field.Names) > 0 && !slices.ContainsFunc(field.Names, (*ast.Ident).IsExported)
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			if name := imports[pkg.Name] + "." + n.Sel.Name; isForeign(name) {
				found = append(found, fmt.Sprintf("%s:%d: %s stands in an exported signature", f.Path, f.line(n.Pos()), name))
			}
		}
		return !hidden[n]
	})
	return found
}

func isForeign(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	_, own := ours(name)
	return strings.Contains(first, ".") && strings.Contains(name, "/") && !own &&
		!strings.HasPrefix(name, modulePath+".") && !slices.Contains(foreignTypes, name)
}

// exportedTypes gives the type expressions that a declaration shows to other
// packages.
func exportedTypes(decl ast.Decl) []ast.Node {
	var out []ast.Node
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() || (d.Recv != nil && !ast.IsExported(receiverName(d))) {
			return nil
		}
		// Parameters have lower-case names, so their types are taken one by one.
		for _, list := range []*ast.FieldList{d.Type.TypeParams, d.Type.Params, d.Type.Results} {
			if list == nil {
				continue
			}
			for _, field := range list.List {
				out = append(out, field.Type)
			}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					out = append(out, s.Type)
				}
			case *ast.ValueSpec:
				if s.Type != nil && slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
					out = append(out, s.Type)
				}
			}
		}
	}
	return out
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkSignatures(goFiles(t)))
}

func TestSignaturesFindBreaches(t *testing.T) {
	t.Parallel()
	const head = "package x\n\nimport (\n\t\"golang.org/x/oauth2\"\n\t\"github.com/go-resty/resty/v2\"\n\t\"" + modulePath + "\"\n)\n\n"
	for _, src := range []string{
		"func F(c *resty.Client) {}",
		"func F() (*oauth2.Config, error) { return nil, nil }",
		"func (T) M(f func(resty.Request)) {}",
		"type T struct{ C *resty.Client }",
		"type T struct{ *resty.Client }",
		"type T struct{ F func(c *resty.Client) }",
		"type T = resty.Client",
		"type I interface{ Do(*resty.Request) error }",
		"var V resty.Client",
	} {
		require.Len(t, checkSignatures([]goFile{breach(t, "x/x.go", head+src)}), 1, src)
	}
	for _, src := range []string{
		"func F(s oauth2.TokenSource, d countersign.Date) {}",
		"func (s S) Token() (*oauth2.Token, error) { return nil, nil }",
		"func f(c *resty.Client) {}",
		"type T struct{ c *resty.Client }",
		"type t struct{ C *resty.Client }",
		"func (t) M(c *resty.Client) {}",
	} {
		require.Empty(t, checkSignatures([]goFile{breach(t, "x/x.go", head+src)}), src)
	}
}
