package envelopesync_test

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/orchestration"
)

func acField(title, kind string, options ...string) activecampaigntest.Field {
	return activecampaigntest.Field{Title: title, Type: kind, Options: options, Lists: []string{"0"}}
}

func withoutRecords(status int) func(*setting) {
	return func(s *setting) { s.ac = append(s.ac, activecampaigntest.WithoutCustomObjects(status)) }
}

func fault(operation string, next int) countersigntest.Rule {
	return countersigntest.Rule{Operation: operation, Fault: countersigntest.Status(503), Next: next}
}

func deadKeys(t *testing.T, all iter.Seq2[orchestration.Record, error]) (keys []string) {
	t.Helper()
	for rec, err := range all {
		require.NoError(t, err)
		keys = append(keys, rec.Key)
	}
	return keys
}

func values(m map[string]string) (out []string) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func contactID(id string) activecampaign.ContactID { return activecampaign.ContactID(id) }

func envelopeID(id string) docusign.EnvelopeID { return docusign.EnvelopeID(id) }

func parseHook(form string) (activecampaign.Event, error) {
	return activecampaign.ParseEvent([]byte(form))
}
