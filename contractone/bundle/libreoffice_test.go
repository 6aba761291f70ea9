package bundle_test

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
)

// libreOffice is the program, or the test skips; where it is required, its
// absence is a failure.
func libreOffice(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("LibreOffice takes its time: not with -short")
	}
	path, err := exec.LookPath("soffice")
	if err != nil {
		required := strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ",")
		require.NotContains(t, required, "libreoffice", "soffice must be installed")
		t.Skip("soffice (LibreOffice) is not installed")
	}
	return path
}

// A manifest of 1,000 files opens in a spreadsheet without a warning, and each
// cell shows the manifest's value: no formula, no broken character, no shifted
// column.
func TestLibreOfficeOpensTheManifest(t *testing.T) {
	t.Parallel()
	program := libreOffice(t)
	dir := t.TempDir()
	l := open(t, dir)
	titles := []string{"業務委託契約書", "=HYPERLINK(\"http://example.com\";\"x\")", "a,\"b\"", "二行\nの題", "@SUM(A1)", "🈺 髙﨑㈱", "－x", "'quoted'"}
	add := func(i int) {
		d := draft(fmt.Sprint("doc", i), "file")
		d.Items.Title = titles[i%len(titles)]
		d.Items.Amount = contractone.Yen(int64(i-500) * 1_000_003)
		d.Items.EndsOn = d.Items.SignedOn.AddDays(i)
		d.Items.ApprovalNumber = fmt.Sprint("R-", i)
		if i%3 == 0 {
			d.Share, d.Extensions = contractone.Private(), map[string]string{"部署": "法務,\"本社\""}
		}
		_, err := l.Register(t.Context(), d)
		if err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for worker := range 8 { // each waits for the disk most of the time
		wg.Go(func() {
			for i := worker; i < 1000; i += 8 {
				add(i)
			}
		})
	}
	wg.Wait()
	require.NoError(t, l.Close())
	source := filepath.Join(dir, bundle.ManifestCSV)
	// The filter says what the byte order mark says to a person's LibreOffice.
	cmd := exec.CommandContext(t.Context(), program, "--headless", "--norestore", "-env:UserInstallation=file://"+filepath.ToSlash(t.TempDir()),
		"--infilter=CSV:44,34,UTF8", "--convert-to", "fods", "--outdir", t.TempDir(), source)
	outdir := cmd.Args[len(cmd.Args)-2]
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	for line := range strings.Lines(string(said)) {
		// Headless Debian has no Java, which no spreadsheet of text needs.
		if !strings.Contains(line, "javaldx") {
			require.NotRegexp(t, `(?i)warn|error|fail`, line)
		}
	}
	want, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(readAll(source), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, want, 1001)
	got := sheet(t, filepath.Join(outdir, "manifest.fods"))
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, trimRight(want[i]), trimRight(got[i]), "line %d", i)
	}
}

func trimRight(cells []string) []string {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// cell is a cell of an OpenDocument sheet.
type cell struct {
	Repeated int      `xml:"number-columns-repeated,attr"`
	Formula  string   `xml:"formula,attr"`
	Type     string   `xml:"value-type,attr"`
	Value    string   `xml:"value,attr"`
	Date     string   `xml:"date-value,attr"`
	Text     []string `xml:"p"`
}

func (c cell) shows(t *testing.T) string {
	t.Helper()
	require.Empty(t, c.Formula, "a cell became a formula")
	switch c.Type {
	case "float":
		f, err := strconv.ParseFloat(c.Value, 64)
		require.NoError(t, err)
		return strconv.FormatFloat(f, 'f', -1, 64)
	case "date":
		date := c.Date
		if strings.Contains(date, "T") {
			date += "Z" // the times of the manifest are UTC
		}
		return date
	}
	return strings.Join(c.Text, "\n")
}

// sheet reads the cells of a flat OpenDocument spreadsheet as text.
func sheet(t *testing.T, path string) (rows [][]string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	dec := xml.NewDecoder(file)
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return rows
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "table-row" {
			continue
		}
		var row struct {
			Cells []cell `xml:"table-cell"`
		}
		require.NoError(t, dec.DecodeElement(&row, &start))
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, slices.Repeat([]string{c.shows(t)}, max(c.Repeated, 1))...)
		}
		rows = append(rows, cells)
	}
}
