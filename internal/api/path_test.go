package api

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func TestPath(t *testing.T) {
	t.Parallel()
	p := NewPath("/documents/{documentID}/files/{fileID}", "a/b c", "契約?#%")
	require.NoError(t, p.err)
	require.Equal(t, "/documents/{documentID}/files/{fileID}", p.template)
	require.Equal(t, "/documents/a%2Fb%20c/files/%E5%A5%91%E7%B4%84%3F%23%25", p.escaped)

	for _, bad := range []string{"", ".", "..", "../x", "a/../b", `a\..\b`, "a\nb", "a\x00", "\xff"} {
		require.ErrorIs(t, NewPath("/documents/{documentID}", bad).err, countersign.ErrInvalid, "%q", bad)
		require.ErrorIs(t, PathOf("documents", bad).err, countersign.ErrInvalid, "%q", bad)
	}
	require.Error(t, NewPath("/documents/{documentID}").err)
	require.Error(t, NewPath("/documents", "x").err)
	require.Error(t, PathOf().err)

	p = PathOf("documents", "id-1", "files")
	require.Equal(t, "/documents/…", p.template, "ids stay out of errors and logs")
	require.Equal(t, "/documents/id-1/files", p.escaped)
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"a", "..", "%2e%2e", "a/b", "{x}", "?q=1", "#", "//evil.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		p := NewPath("/documents/{documentID}/files", id)
		if p.err != nil {
			return
		}
		u, err := url.Parse("https://api.example.com" + p.escaped)
		require.NoError(t, err)
		require.Equal(t, "api.example.com", u.Host)
		require.Empty(t, u.RawQuery)
		require.Empty(t, u.Fragment)
		require.Equal(t, "/documents/"+id+"/files", u.Path)
		require.Len(t, strings.Split(p.escaped, "/"), 4, "one element stays one element")
		require.True(t, strings.HasPrefix(path.Clean(u.Path), "/documents/"))
	})
}
