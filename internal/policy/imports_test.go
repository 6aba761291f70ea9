package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// importRule keeps a package out of places where it has no business.
type importRule struct {
	prefix  string   // import path, itself or above
	inTests bool     // allowed in _test.go files
	dirs    []string // packages that may import it in production code too
	why     string
}

var importRules = []importRule{
	{"github.com/go-resty/resty", false, []string{"internal/api"}, "one package knows the HTTP library"},
	{"resty.dev", false, []string{"internal/api"}, "one package knows the HTTP library"},
	{"github.com/stretchr/testify", true, nil, "production code links no test library"},
	{"github.com/jarcoal/httpmock", true, nil, "production code links no test library"},
	{"go.uber.org/goleak", true, nil, "production code links no test library"},
	{"pgregory.net/rapid", true, nil, "production code links no test library"},
	// These two are suites that other packages' tests run.
	{"testing", true, []string{"orchestration/storetest", "contractonetest"}, "production code links no test library"},
	{"unsafe", false, nil, "nothing here needs it"},
}

// checkImports finds imports that a rule forbids, and internals in examples.
func checkImports(files []goFile, rules []importRule) []string {
	var found []string
	for _, f := range files {
		for _, p := range f.imports() {
			for _, rule := range rules {
				if !under(p, rule.prefix) || slices.Contains(rule.dirs, f.dir()) || (rule.inTests && f.isTest()) {
					continue
				}
				found = append(found, fmt.Sprintf("%s imports %s: %s", f.Path, p, rule.why))
			}
			if under(f.dir(), "examples") && under(p, modulePath+"/internal") {
				found = append(found, fmt.Sprintf("%s imports %s: a user can't", f.Path, p))
			}
		}
	}
	return found
}

// under reports whether a slash-separated path is base or lies below it.
func under(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }

func TestImports(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkImports(goFiles(t), importRules))
}

func TestImportsFindBreaches(t *testing.T) {
	t.Parallel()
	for p, imp := range map[string]string{
		"cloudsign/client.go":              "github.com/go-resty/resty/v2",
		"cloudsign/client_test.go":         "github.com/go-resty/resty/v2",
		"orchestration/store.go":           "github.com/stretchr/testify/require",
		"orchestration/storetest/suite.go": "github.com/stretchr/testify/require",
		"cloudsigntest/server.go":          "testing",
		"mapping/run.go":                   "testing/fstest",
		"examples/ledgersync/main.go":      modulePath + "/internal/api",
		"examples/proof/crash_test.go":     modulePath + "/internal/sqldb",
	} {
		file := breach(t, p, fmt.Sprintf("package x\n\nimport _ %q\n", imp))
		require.Len(t, checkImports([]goFile{file}, importRules), 1, p)
	}
	for p, imp := range map[string]string{
		"internal/api/send.go":             "github.com/go-resty/resty/v2",
		"cloudsign/client_test.go":         "github.com/stretchr/testify/require",
		"orchestration/storetest/suite.go": "testing",
	} {
		file := breach(t, p, fmt.Sprintf("package x\n\nimport %q\n", imp))
		require.Empty(t, checkImports([]goFile{file}, importRules), p)
	}
}
