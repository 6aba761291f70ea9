package cloudsigntest_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

func readAll(t *testing.T, c cloudsigntest.Content) []byte {
	t.Helper()
	r, err := c.Open()
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Len(t, b, int(c.Size))
	return b
}

// requirePDF checks what a reader needs to open the file: the table where the
// end of the file says, every object where the table says, and the stream as
// long as it says.
func requirePDF(t *testing.T, b []byte) {
	t.Helper()
	require.True(t, bytes.HasPrefix(b, []byte("%PDF-1.4\n")))
	end := regexp.MustCompile(`\nstartxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
	require.NotNil(t, end)
	table, err := strconv.Atoi(string(end[1]))
	require.NoError(t, err)
	var n int
	_, err = fmt.Sscanf(string(b[table:]), "xref\n0 %d\n", &n)
	require.NoError(t, err)
	entries := regexp.MustCompile(`(?m)^(\d{10}) (\d{5}) ([fn]) $`).FindAllSubmatch(b[table:], -1)
	require.Len(t, entries, n)
	for i, e := range entries[1:] {
		at, err := strconv.Atoi(string(e[1]))
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(b[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)))
	}
	require.Contains(t, string(b[table:]), fmt.Sprintf("/Size %d /Root 1 0 R", n))
	stream := regexp.MustCompile(`(?s)/Length (\d+) >>\nstream\n(.*)\nendstream`).FindSubmatch(b)
	require.NotNil(t, stream)
	require.Equal(t, string(stream[1]), strconv.Itoa(len(stream[2])))
}

func TestPDF(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"", "Agreement", `back\slash (and) parentheses`, "業務委託契約書（髙﨑）", "𠮷野家"} {
		least := len(readAll(t, cloudsigntest.PDF(title, "note", 0)))
		for _, size := range []int64{0, 1, 2048, 2049, 9990, 9999, 10_000, 10_001, 10_007, 1 << 20} {
			b := readAll(t, cloudsigntest.PDF(title, "note", size))
			require.Len(t, b, max(least, int(size)), "%s %d", title, size)
			requirePDF(t, b)
		}
	}
	require.Contains(t, string(readAll(t, cloudsigntest.PDF(`a(b\c)`, "", 0))), `/Title (a\(b\\c\))`)
	require.Contains(t, string(readAll(t, cloudsigntest.PDF("契", "", 0))), "<5951> Tj")
}

func TestID(t *testing.T) {
	t.Parallel()
	require.Len(t, cloudsigntest.ID("a/契約.pdf"), 32)
	first := cloudsigntest.ID("a/b.pdf")
	require.Equal(t, first, cloudsigntest.ID("a/b.pdf"))
	require.NotEqual(t, first, cloudsigntest.ID("a/c.pdf"))
}

func FuzzPDF(f *testing.F) {
	f.Add("契約 (1)", "01abc", int64(2048))
	f.Fuzz(func(t *testing.T, title, note string, size int64) {
		requirePDF(t, readAll(t, cloudsigntest.PDF(title, note, size%(1<<20))))
	})
}
