package docusign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/countersign/countersign/docusign"
	"github.com/stretchr/testify/require"
)

// TestEveryKindOfTab reads the vendor's own sample of a message with all members
// and all tab kinds, and loses nothing on the way back.
func TestEveryKindOfTab(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(connectSamples(t), "connect.schema-v2.json"))
	require.NoError(t, err)
	// Other members of the sample are placeholders that are not even times.
	var m struct {
		Data struct {
			Summary struct {
				Recipients struct {
					Signers []struct {
						Tabs json.RawMessage `json:"tabs"`
					} `json:"signers"`
				} `json:"recipients"`
			} `json:"envelopeSummary"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(data, &m))
	var tabs docusign.Tabs
	var raw bytes.Buffer
	require.NoError(t, json.Compact(&raw, m.Data.Summary.Recipients.Signers[0].Tabs))
	require.NoError(t, json.Unmarshal(raw.Bytes(), &tabs))
	kinds := map[docusign.TabKind]bool{}
	for kind := range tabs.All() {
		kinds[kind] = true
	}
	require.Len(t, kinds, 26)
	require.NotEmpty(t, tabs.RadioGroups)
	again, err := json.Marshal(tabs)
	require.NoError(t, err)
	var back docusign.Tabs
	require.NoError(t, json.Unmarshal(again, &back))
	require.Equal(t, tabs, back)
	require.NotEmpty(t, tabs.Text[0].Extra, "members without a field are kept")
}
