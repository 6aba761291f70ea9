package countersigntest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
)

func TestMatchPath(t *testing.T) {
	t.Parallel()
	pattern := strings.Split("/documents/{id}/files", "/")
	for path, id := range map[string]string{"/documents/d1/files": "d1", "/documents/a%2Fb/files": "a/b"} {
		values, ok := countersigntest.MatchPath(pattern, strings.Split(path, "/"))
		require.True(t, ok, path)
		require.Equal(t, map[string]string{"id": id}, values)
	}
	for _, path := range []string{"/documents//files", "/documents/d1", "/documents/d1/files/", "/other/d1/files", "/documents/%zz/files"} {
		_, ok := countersigntest.MatchPath(pattern, strings.Split(path, "/"))
		require.False(t, ok, path)
	}
}
