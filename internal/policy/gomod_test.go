package policy

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

const dependenciesPage = "docs/DEPENDENCIES.md"

// module is what a go.mod says; Dir is relative to the root.
type module struct {
	Dir     string
	Module  struct{ Path string }
	Require []requirement
	Replace []replacement
}

type replacement struct{ Old, New struct{ Path string } }

type requirement struct {
	Path     string
	Version  string
	Indirect bool
}

// listedDependency is a row of the table of docs/DEPENDENCIES.md.
type listedDependency struct {
	Version string
	Where   []string // folders of the modules that require it, "." for the root
}

func modules(t *testing.T) []module {
	t.Helper()
	var out []module
	for _, f := range texts(t) {
		if path.Base(f.Path) != "go.mod" {
			continue
		}
		dir := filepath.Join(root(t), path.Dir(f.Path))
		m := goTool[module](t, dir, "mod", "edit", "-json")[0]
		m.Dir = path.Dir(f.Path)
		out = append(out, m)
	}
	return out
}

// dependencyTable reads the rows whose first column names a module in
// backquotes: module, version, where.
func dependencyTable(page string) map[string]listedDependency {
	out := map[string]listedDependency{}
	for line := range strings.SplitSeq(page, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		cell := func(n int) string { return strings.ReplaceAll(strings.TrimSpace(cells[n]), "`", "") }
		where := strings.Split(cell(3), ", ")
		for i, dir := range where {
			if dir == "root" {
				where[i] = "."
			}
		}
		out[cell(1)] = listedDependency{cell(2), where}
	}
	return out
}

// checkRequirements compares what modules require directly with the table,
// both ways.
func checkRequirements(mods []module, table map[string]listedDependency) []string {
	var found []string
	required := map[[2]string]bool{} // module folder and dependency
	for _, m := range mods {
		for _, r := range m.Require {
			if _, own := ours(r.Path); own {
				continue
			}
			row, listed := table[r.Path]
			required[[2]string{m.Dir, r.Path}] = true
			switch {
			case r.Indirect:
			case !listed || !slices.Contains(row.Where, m.Dir):
				found = append(found, fmt.Sprintf("%s/go.mod requires %s, which %s does not list there", m.Dir, r.Path, dependenciesPage))
			case row.Version != r.Version:
				found = append(found, fmt.Sprintf("%s/go.mod requires %s %s, %s says %s", m.Dir, r.Path, r.Version, dependenciesPage, row.Version))
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(table)) {
		for _, dir := range table[p].Where {
			if !required[[2]string{dir, p}] {
				found = append(found, fmt.Sprintf("%s says that %s is required by %s/go.mod, which it is not", dependenciesPage, p, dir))
			}
		}
	}
	return found
}

// checkReplaces finds modules of ours that a go.mod does not name at the
// version to be released, or does not replace by the folder: without that it
// can't be built or tidied before the release.
func checkReplaces(mods []module, version string) []string {
	var found []string
	for _, m := range mods {
		for _, r := range m.Require {
			dir, own := ours(r.Path)
			if !own {
				continue
			}
			if r.Version != version {
				found = append(found, fmt.Sprintf("%s/go.mod requires %s %s, not %s", m.Dir, r.Path, r.Version, version))
			}
			if rel, err := filepath.Rel(m.Dir, dir); err != nil || !replaces(m, r.Path, filepath.ToSlash(rel)) {
				found = append(found, fmt.Sprintf("%s/go.mod does not replace %s by its folder", m.Dir, r.Path))
			}
		}
	}
	return found
}

func replaces(m module, old, dir string) bool {
	for _, r := range m.Replace {
		if r.Old.Path == old && path.Clean(r.New.Path) == path.Clean(dir) {
			return true
		}
	}
	return false
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	var table map[string]listedDependency
	for _, f := range texts(t) {
		if f.Path == dependenciesPage {
			table = dependencyTable(f.Text)
		}
	}
	require.NotEmpty(t, table)
	require.Empty(t, checkRequirements(modules(t), table))
}

func TestReplaces(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkReplaces(modules(t), "v"+countersign.Version))
}

func TestRequirementsFindBreaches(t *testing.T) {
	t.Parallel()
	table := dependencyTable("| module | version | where | licence |\n|---|---|---|---|\n" +
		"| `example.com/a` | v1.0.0 | root, `examples` | MIT |\n")
	require.Equal(t, map[string]listedDependency{"example.com/a": {"v1.0.0", []string{".", "examples"}}}, table)

	a := requirement{Path: "example.com/a", Version: "v1.0.0"}
	check := func(roots ...requirement) []string {
		return checkRequirements([]module{{Dir: ".", Require: roots}, {Dir: "examples", Require: []requirement{a}}}, table)
	}
	require.Empty(t, check(a))
	require.Empty(t, check(a, requirement{Path: "example.com/b", Version: "v1.0.0", Indirect: true}))
	require.Len(t, check(a, requirement{Path: "example.com/b", Version: "v1.0.0"}), 1, "a module without a row")
	require.Len(t, check(requirement{Path: a.Path, Version: "v1.0.1"}), 1, "another version")
	require.Len(t, check(), 1, "a row that nothing requires")
	elsewhere := []module{{Dir: "."}, {Dir: "examples"}, {Dir: "orchestration/sqlite"}}
	for i := range elsewhere {
		elsewhere[i].Require = []requirement{a}
	}
	require.Len(t, checkRequirements(elsewhere, table), 1, "a module that the row does not name")
}

func TestReplacesFindBreaches(t *testing.T) {
	t.Parallel()
	m := module{Dir: "orchestration/sqlite", Require: []requirement{{Path: modulePath, Version: "v0.1.0"}}}
	require.Len(t, checkReplaces([]module{m}, "v0.1.0"), 1)
	m.Replace = make([]replacement, 1)
	m.Replace[0].Old.Path, m.Replace[0].New.Path = modulePath, "../.."
	require.Empty(t, checkReplaces([]module{m}, "v0.1.0"))
	require.Len(t, checkReplaces([]module{m}, "v0.2.0"), 1)
	m.Replace[0].New.Path = ".."
	require.Len(t, checkReplaces([]module{m}, "v0.1.0"), 1)
}
