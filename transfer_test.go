package countersign_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

func TestUploads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "契約書.pdf")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	file, err := countersign.UploadFile(path)
	require.NoError(t, err)
	for name, u := range map[string]countersign.Upload{"契約書.pdf": file, "": countersign.UploadBytes("", []byte("content"))} {
		require.Equal(t, name, u.Name)
		require.EqualValues(t, 7, u.Size)
		for range 2 { // each attempt sends the whole file
			r, err := u.Open()
			require.NoError(t, err)
			content, err := io.ReadAll(r)
			require.NoError(t, errors.Join(err, r.Close()))
			require.Equal(t, "content", string(content))
		}
	}
	_, err = countersign.UploadFile(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = countersign.UploadFile(filepath.Dir(path))
	require.ErrorContains(t, err, "no regular file")
}

func TestSaveAs(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		r    io.Reader
		size int64
		want error
	}{
		"known size":   {strings.NewReader("content"), 7, nil},
		"unknown size": {strings.NewReader("content"), -1, nil},
		"too short":    {strings.NewReader("cont"), 7, io.ErrUnexpectedEOF},
		"breaks off":   {io.MultiReader(strings.NewReader("con"), failing{broken}), 7, broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "a.pdf")
			require.NoError(t, os.WriteFile(path, []byte("before"), 0o600))
			b := &body{Reader: c.r}
			n, err := (&countersign.Download{ReadCloser: b, Size: c.size}).SaveAs(path)
			require.True(t, b.closed)
			want := "content"
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				want = "before"
			} else {
				require.NoError(t, err)
				require.EqualValues(t, 7, n)
			}
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is left behind")
		})
	}
	b := &body{Reader: strings.NewReader("x")}
	_, err := (&countersign.Download{ReadCloser: b}).SaveAs(filepath.Join(t.TempDir(), "none", "a"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.True(t, b.closed)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
