package cloudsign

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 4, 1, 1, 2, 3, 4000, time.UTC)
	for in, want := range map[string]time.Time{
		`"2025-04-01T01:02:03.000004Z"`: at, `"2025-04-01T10:02:03.000004+09:00"`: at, `"2025-04-01T01:02:03Z"`: at.Truncate(time.Second),
		`null`: {}, `""`: {}, `"soon"`: {}, `1743469323`: {}, `{}`: {},
	} {
		var d Document
		require.NoError(t, json.Unmarshal([]byte(`{"id":"d","sent_at":`+in+`}`), &d), in)
		require.True(t, want.Equal(d.SentAt.Time), "%s: %s", in, d.SentAt)
		require.Equal(t, DocumentID("d"), d.ID)
		out, err := json.Marshal(d)
		require.NoError(t, err)
		var back Document
		require.NoError(t, json.Unmarshal(out, &back))
		require.True(t, want.Equal(back.SentAt.Time))
	}
}
