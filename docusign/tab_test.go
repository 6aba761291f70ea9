package docusign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
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

func TestRoleTabs(t *testing.T) {
	t.Parallel()
	fields := []docusign.TemplateField{
		{Role: "customer", Kind: docusign.TextTabs, Label: "city"},
		{Role: "customer", Kind: docusign.CheckboxTabs, Label: "news"},
		{Role: "customer", Kind: docusign.RadioGroupTabs, Label: "colour", Choices: []string{"red", "blue"}},
		{Role: "customer", Kind: docusign.NumberTabs, Label: "age"},
		{Role: "witness", Kind: docusign.TextTabs, Label: "city"},
		{DocumentID: "1", Kind: docusign.TextTabs, Label: "price"},
	}
	values := map[string]string{"city": "Kyoto", "news": "true", "colour": "red"}
	tabs, err := docusign.RoleTabs(fields, "customer", values)
	require.NoError(t, err)
	require.Equal(t, &docusign.Tabs{
		Text:        []docusign.Tab{{Label: "city", Value: new(docusign.Text("Kyoto"))}},
		Checkbox:    []docusign.Tab{{Label: "news", Selected: new(docusign.Bool(true))}},
		RadioGroups: []docusign.RadioGroup{{GroupName: "colour", Radios: []docusign.Radio{{Value: "red", Selected: new(docusign.Bool(true))}}}},
	}, tabs)
	require.Len(t, values, 3, "the caller's map is left alone")
	for label, value := range map[string]string{"news": "maybe", "colour": "green"} {
		_, err := docusign.RoleTabs(fields, "customer", map[string]string{label: value})
		refused, ok := errors.AsType[*docusign.ItemError](err)
		require.True(t, ok, label)
		require.Equal(t, label, refused.Items[0].Name)
	}
	for role, label := range map[string]string{"customer": "price", "witness": "age", "": "price"} {
		_, err := docusign.RoleTabs(fields, role, map[string]string{label: "1"})
		refused, ok := errors.AsType[*docusign.ItemError](err)
		require.True(t, ok, role)
		require.Equal(t, label, refused.Items[0].Name)
	}
}

// TestPrefillValues: a value that a tab can't take changes nothing; it must not
// clear the tab.
func TestPrefillValues(t *testing.T) {
	t.Parallel()
	const path = rest + "/envelopes/e/documents/1/tabs"
	const have = `{"prefillTabs":{"checkboxTabs":[{"tabId":"c","tabLabel":"pets"}],"listTabs":[{"tabId":"l","tabLabel":"size","listItems":[{"value":"s"},{"value":"m"}]}],` +
		`"radioGroupTabs":[{"groupName":"pay","radios":[{"tabId":"r1","value":"bank"},{"tabId":"r2","value":"card"}]}]}}`
	for name, tc := range map[string]struct {
		values map[string]string
		sent   string // empty: refused
	}{
		"ticked":        {map[string]string{"pets": "True"}, `{"checkboxTabs":[{"tabId":"c","selected":"true"}]}`},
		"cleared":       {map[string]string{"pets": ""}, `{"checkboxTabs":[{"tabId":"c","selected":"false"}]}`},
		"no boolean":    {map[string]string{"pets": "cat"}, ""},
		"listed":        {map[string]string{"size": "m"}, `{"listTabs":[{"tabId":"l","value":"m"}]}`},
		"not listed":    {map[string]string{"size": "xl"}, ""},
		"chosen":        {map[string]string{"pay": "card"}, `{"radioGroupTabs":[{"groupName":"pay","radios":[{"tabId":"r1","value":"bank","selected":"false"},{"tabId":"r2","value":"card","selected":"true"}]}]}`},
		"not a choice":  {map[string]string{"pay": "cash"}, ""},
		"one of two":    {map[string]string{"pay": "cash", "pets": "true"}, ""},
		"unknown label": {map[string]string{"price": "1"}, ""},
	} {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", path, answer(200, have))
		var sent []byte
		mt.RegisterResponder("PUT", path, func(r *http.Request) (*http.Response, error) {
			sent, _ = io.ReadAll(r.Body)
			return answer(200, `{}`)(r)
		})
		err := c.Tabs.Prefill(t.Context(), "e", "1", tc.values)
		if tc.sent == "" {
			_, ok := errors.AsType[*docusign.ItemError](err)
			require.True(t, ok, "%s: %v", name, err)
			require.Empty(t, sent, name)
			continue
		}
		require.NoError(t, err, name)
		require.JSONEq(t, `{"prefillTabs":`+tc.sent+`}`, string(sent), name)
	}
}
