package policy

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var credentialName = regexp.MustCompile(`(?i)(secret|password|passphrase|token|clientid|apikey|hmackey|privatekey)`)

// plainCredentials are fields that look like credentials by their name but may
// be plain text, as "package folder.Type.Field", with the reason.
var plainCredentials = map[string]string{}

// textMethods are how a value shows itself; none of them may reveal a secret.
var textMethods = []string{"String", "GoString", "Error", "Format", "LogValue", "MarshalJSON", "MarshalText", "AppendText"}

// checkCredentialFields finds exported fields that hold a credential as plain
// text. Fakes are exempt: what they hold is made up, and they may not import
// the vocabulary.
func checkCredentialFields(files []goFile, plain map[string]string) []string {
	texts := textTypes(files)
	var found []string
	for _, f := range files {
		if f.isTest() || strings.HasSuffix(path.Base(f.dir()), "test") {
			continue
		}
		for name, fields := range exportedStructs(f) {
			for _, field := range fields {
				for _, id := range field.Names {
					key := fmt.Sprintf("%s.%s.%s", f.dir(), name, id.Name)
					_, excused := plain[key]
					if id.IsExported() && credentialName.MatchString(id.Name) && holdsText(field.Type, f.dir(), texts) && !excused {
						found = append(found, key+" holds a credential as plain text: make it a countersign.Secret")
					}
				}
			}
		}
	}
	return found
}

// textTypes are the named string and byte-slice types, as "folder.Name".
func textTypes(files []goFile) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		for _, decl := range f.AST.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && holdsText(s.Type, f.dir(), nil) {
					out[f.dir()+"."+s.Name.Name] = true
				}
			}
		}
	}
	return out
}

// holdsText reports whether a type is text or a collection of texts.
func holdsText(expr ast.Expr, dir string, named map[string]bool) bool {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name == "string" || e.Name == "any" || named[dir+"."+e.Name]
	case *ast.StarExpr:
		return holdsText(e.X, dir, named)
	case *ast.ArrayType:
		id, ok := e.Elt.(*ast.Ident)
		return (ok && id.Name == "byte") || holdsText(e.Elt, dir, named)
	case *ast.MapType:
		return holdsText(e.Value, dir, named)
	case *ast.IndexExpr:
		return holdsText(e.Index, dir, named)
	}
	return false
}

func exportedStructs(f goFile) map[string][]*ast.Field {
	out := map[string][]*ast.Field{}
	for _, decl := range f.AST.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok || !s.Name.IsExported() {
				continue
			}
			if st, ok := s.Type.(*ast.StructType); ok {
				out[s.Name.Name] = st.Fields.List
			}
		}
	}
	return out
}

// checkReveals finds secrets that a value reveals where it shows itself, and
// secrets that are revealed straight into a formatted text or a log line.
func checkReveals(files []goFile) []string {
	var found []string
	for _, f := range files {
		if f.isTest() {
			continue
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			shows := fn.Recv != nil && slices.Contains(textMethods, fn.Name.Name)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if ok && (printsOrLogs(call) && revealsIn(call.Args) || shows && isReveal(call)) {
					found = append(found, fmt.Sprintf("%s:%d: %s shows a secret", f.Path, f.line(call.Pos()), fn.Name.Name))
				}
				return true
			})
		}
	}
	return found
}

func isReveal(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Reveal"
}

func revealsIn(args []ast.Expr) bool {
	return slices.ContainsFunc(args, func(arg ast.Expr) bool {
		reveals := false
		ast.Inspect(arg, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			reveals = reveals || (ok && isReveal(call))
			return !reveals
		})
		return reveals
	})
}

// printsOrLogs reports a call of fmt, log, slog or errors.New, or of a method
// that a *slog.Logger has.
func printsOrLogs(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if id, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"fmt", "log", "slog", "errors"}, id.Name) {
		return true
	}
	return slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs",
		"DebugContext", "InfoContext", "WarnContext", "ErrorContext"}, sel.Sel.Name)
}

func TestCredentialFields(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkCredentialFields(goFiles(t), plainCredentials))
	for key, reason := range plainCredentials {
		require.NotEmpty(t, reason, key)
	}
}

func TestReveals(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkReveals(goFiles(t)))
}

func TestSecretsFindBreaches(t *testing.T) {
	t.Parallel()
	src := `package x

type Key string

type Config struct {
	ClientID, APIKey string
	HMACKey          []byte
	Tokens           map[string]string
	Passwords        []string
	WebhookSecret    *Key
	RefreshToken     countersign.Nullable[string]

	Secret    countersign.Secret
	TokenTTL  time.Duration
	Name      string
	apiKey    string
}
`
	require.Len(t, checkCredentialFields([]goFile{breach(t, "x/x.go", src)}, nil), 7)
	require.Empty(t, checkCredentialFields([]goFile{breach(t, "xtest/x.go", src)}, nil))
	require.Len(t, checkCredentialFields([]goFile{breach(t, "x/x.go", src)}, map[string]string{"x.Config.ClientID": "not a credential there"}), 6)

	for _, body := range []string{
		`func (c Config) String() string { return "x" + c.Secret.Reveal() }`,
		`func (c *Config) LogValue() slog.Value { return slog.StringValue(c.Secret.Reveal()) }`,
		`func F(s countersign.Secret) error { return fmt.Errorf("bad key %s", s.Reveal()) }`,
		`func F(s countersign.Secret) { log.Debug("key", "key", "a"+s.Reveal()) }`,
	} {
		require.NotEmpty(t, checkReveals([]goFile{breach(t, "x/x.go", "package x\n\n"+body)}), body)
	}
	fine := `func F(s countersign.Secret) { req.Header.Set("Authorization", "Bearer "+s.Reveal()) }`
	require.Empty(t, checkReveals([]goFile{breach(t, "x/x.go", "package x\n\n"+fine)}))
}
