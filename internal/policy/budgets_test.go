package policy

import (
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	maxFileLines = 400
	maxFuncLines = 60
)

// codeLines marks the lines that hold code: neither blank nor comment alone.
func codeLines(src string) map[int]bool {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return lines
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		first := file.Line(pos)
		for n := range strings.Count(lit, "\n") + 1 {
			lines[first+n] = true
		}
	}
}

// checkBudgets finds files and functions that are too long to be read at once.
func checkBudgets(files []goFile) []string {
	var found []string
	for _, f := range files {
		code := codeLines(f.Text)
		if len(code) > maxFileLines {
			found = append(found, fmt.Sprintf("%s has %d code lines, more than %d", f.Path, len(code), maxFileLines))
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			lines := 0
			for n := f.line(fn.Body.Lbrace) + 1; n < f.line(fn.Body.Rbrace); n++ {
				if code[n] {
					lines++
				}
			}
			if lines > maxFuncLines {
				found = append(found, fmt.Sprintf("%s: %s has %d code lines, more than %d", f.Path, fn.Name.Name, lines, maxFuncLines))
			}
		}
	}
	return found
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkBudgets(goFiles(t)))
}

func TestBudgetsFindBreaches(t *testing.T) {
	t.Parallel()
	function := func(lines int) string {
		return "func f() {\n" + strings.Repeat("\t// why\n\n\tg()\n", lines) + "}\n"
	}
	short := breach(t, "short.go", "package x\n\n"+function(maxFuncLines))
	require.Empty(t, checkBudgets([]goFile{short}))
	long := breach(t, "long.go", "package x\n\n"+function(maxFuncLines+1))
	require.Len(t, checkBudgets([]goFile{long}), 1)

	file := breach(t, "file.go", "package x\n\nvar (\n"+strings.Repeat("\t_ = `\n`\n", maxFileLines/2)+")\n")
	require.Len(t, checkBudgets([]goFile{file}), 1)
}
