package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnsCountsWhatATerminalShows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "title": 5, "契約": 4, "ｶﾅ": 2, "Ａ": 2, "한국": 4, "e\u0301": 1, "a→b": 3, "🙂": 2, "zero\u200dwidth": 9,
	} {
		require.Equal(t, want, columns(text), "%q", text)
	}
}

func TestTableLeavesNoSpaceAtTheEndOfALine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a   b  c\n契\n       d\n", table([][]string{{"a", "b", "c"}, {"契", "", ""}, {"", "", "d"}}))
}

func TestLabelsPreferTheVendorsLanguage(t *testing.T) {
	t.Parallel()
	require.Equal(t, "タイトル", Labels{"en": "Title", "ja": "タイトル"}.vendor())
	require.Equal(t, "Title", Labels{"en": "Title"}.vendor())
	require.Empty(t, Labels(nil).vendor())
}
