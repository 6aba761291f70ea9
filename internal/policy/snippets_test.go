package policy

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// In a page, a Go block follows a marker that names a file and a region:
//
//	<!-- snippet: examples/ledgersync/main.go#quickstart -->
//
// In the file, the region stands between these lines:
//
//	// snippet: quickstart
//	// end snippet
var (
	snippetMarker = regexp.MustCompile(`^<!-- snippet: ([^#\s]+\.go)#(\S+) -->$`)
	regionStart   = regexp.MustCompile(`^\s*// snippet: (\S+)$`)
	regionEnd     = regexp.MustCompile(`^\s*// end snippet$`)
)

// goBlock is a Go block of a page; Source is "file#region", or empty.
type goBlock struct {
	Line   int
	Source string
	Text   string
}

// goBlocks finds the Go blocks of a page and the markers that no block follows.
func goBlocks(page string) (blocks []goBlock, stray []string) {
	marker, fence := "", ""
	var block *goBlock
	for i, line := range strings.Split(page, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case block != nil && trimmed == fence:
			blocks = append(blocks, *block)
			block, fence = nil, ""
		case block != nil:
			block.Text += line + "\n"
		case fence != "":
			if trimmed == fence {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			if info := strings.Fields(strings.TrimPrefix(trimmed, "```")); len(info) > 0 && (info[0] == "go" || info[0] == "golang") {
				block = &goBlock{Line: i + 1, Source: marker}
				marker = ""
			}
		case trimmed == "":
		default:
			if marker != "" {
				stray = append(stray, marker)
			}
			marker = ""
			if m := snippetMarker.FindStringSubmatch(trimmed); m != nil {
				marker = m[1] + "#" + m[2]
			}
		}
	}
	if marker != "" {
		stray = append(stray, marker)
	}
	return blocks, stray
}

// regions gives the marked regions of a Go file without their common
// indentation.
func regions(src string) map[string]string {
	out := map[string]string{}
	name := ""
	var lines []string
	for line := range strings.SplitSeq(src, "\n") {
		switch m := regionStart.FindStringSubmatch(line); {
		case m != nil:
			name, lines = m[1], nil
		case name != "" && regionEnd.MatchString(line):
			out[name] = dedent(lines)
			name = ""
		case name != "":
			lines = append(lines, line)
		}
	}
	return out
}

func dedent(lines []string) string {
	indent := -1
	for _, line := range lines {
		if rest := strings.TrimLeft(line, "\t"); rest != "" && (indent < 0 || len(line)-len(rest) < indent) {
			indent = len(line) - len(rest)
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line[min(max(indent, 0), len(line)):])
		b.WriteByte('\n')
	}
	return strings.Trim(b.String(), "\n") + "\n"
}

// checkSnippets compares the Go blocks of pages with the code that they name:
// what is shown is what is compiled.
func checkSnippets(all []textFile) []string {
	code := map[string]string{}
	for _, f := range all {
		if path.Ext(f.Path) != ".go" || strings.Contains(f.Path, "testdata/") {
			continue
		}
		for name, text := range regions(f.Text) {
			code[f.Path+"#"+name] = text
		}
	}
	var found []string
	for _, f := range all {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		blocks, stray := goBlocks(f.Text)
		for _, source := range stray {
			found = append(found, fmt.Sprintf("%s: no Go block follows the marker of %s", f.Path, source))
		}
		for _, b := range blocks {
			text, known := code[b.Source]
			switch {
			case b.Source == "":
				found = append(found, fmt.Sprintf("%s:%d: the Go block has no marker", f.Path, b.Line))
			case !known:
				found = append(found, fmt.Sprintf("%s:%d: there is no region %s", f.Path, b.Line, b.Source))
			case text != strings.Trim(b.Text, "\n")+"\n":
				found = append(found, fmt.Sprintf("%s:%d: the Go block differs from %s, which is:\n%s", f.Path, b.Line, b.Source, text))
			}
		}
	}
	return found
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkSnippets(texts(t)))
}

func TestSnippetsFindBreaches(t *testing.T) {
	t.Parallel()
	code := textFile{"a/main.go", "package main\n\nfunc main() {\n\t// snippet: run\n\tif run() {\n\n\t\tstop()\n\t}\n\t// end snippet\n}\n"}
	const (
		marker = "<!-- snippet: a/main.go#run -->\n"
		block  = "```go\nif run() {\n\n\tstop()\n}\n```\n"
	)
	check := func(page string) []string { return checkSnippets([]textFile{code, {"README.md", page}}) }

	require.Empty(t, check("# Title\n\n"+marker+"\n"+block+"\nText.\n"))
	require.Empty(t, check("```sh\ngo run .\n```\n"))
	for name, page := range map[string]string{
		"no marker":      block,
		"changed code":   marker + strings.Replace(block, "stop", "start", 1),
		"unknown region": strings.Replace(marker, "#run", "#walk", 1) + block,
		"unknown file":   strings.Replace(marker, "a/main", "b/main", 1) + block,
		"stray marker":   marker + "Text.\n",
		"last marker":    marker,
		"marker is used": marker + block + block,
	} {
		require.Len(t, check(page), 1, name)
	}
}
