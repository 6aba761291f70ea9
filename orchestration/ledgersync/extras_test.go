package ledgersync_test

import (
	"errors"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

func withExtras(s *ledgersync.Settings) {
	s.Extras = ledgersync.Extras{Counterparty: true, Options: map[int]string{1: "部署", 3: "担当"}, DocumentURL: "クラウドサイン", Certificate: true}
}

func TestExtras(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account.Environment = cloudsign.Production
	w.restart()
	doc := w.document(cloudsigntest.Document{Title: "契約", Attribute: &cloudsigntest.Attribute{
		Counterparty: "株式会社例", Amount: new(int64(5)),
		Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "営業"}, {Order: 2, Content: "no name"}, {Order: 3, Content: " "}},
	}}, "a.pdf", "b.pdf")
	imported := w.document(cloudsigntest.Document{Status: cloudsigntest.Imported, Title: "取込"}, "c.pdf")
	p := w.add(withExtras)
	require.EqualValues(t, 4, p.Registrations, "three files and one certificate")
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 4)
	url := "https://www.cloudsign.jp/document/" + doc.ID + "/summary"
	e := w.entry(doc, 0)
	require.Equal(t, contractone.Items{Title: "契約", Counterparty: "株式会社例", Amount: contractone.Yen(5), FileName: "a.pdf"}, e.Items)
	require.Equal(t, map[string]string{"部署": "営業", "クラウドサイン": url}, e.Extensions)
	c, found, err := w.ledger.Lookup(t.Context(), contractone.CloudSignKey(doc.ID, "certificate"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, contractone.Items{Title: "契約 合意締結証明書", FileName: "合意締結証明書.pdf"}, c.Items, "without an amount, which sums would count")
	require.Equal(t, url, c.Extensions["クラウドサイン"])
	require.NotEqual(t, e.PDF, c.PDF)
	require.Equal(t, []int{3, 3}, []int{c.Source.FileIndex, c.Source.FileCount})
	_, found, err = w.ledger.Lookup(t.Context(), contractone.CloudSignKey(imported.ID, "certificate"))
	require.NoError(t, err)
	require.False(t, found, "an imported document was not concluded here")

	w.week()
	require.Empty(t, w.drift())
	require.Len(t, w.entries(), 4)
	report, err := w.flow.Check(t.Context(), w.link)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	require.EqualValues(t, 4, report.Linked)
}

func TestExtrasInReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account.Environment = cloudsign.Production
	w.restart()
	doc := w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "営業"}}}}, "a.pdf")
	w.start(reviewed, withExtras)
	require.Equal(t, "営業", w.held(hanako)[0].Extensions["部署"])
	certificate := contractone.CloudSignKey(doc.ID, "certificate")
	pdf, err := w.flow.Review(hanako).Open(t.Context(), certificate)
	require.NoError(t, err)
	require.NoError(t, pdf.Close())
	done, err := w.flow.Review(hanako).Save(t.Context(), key(doc, 0), certificate)
	require.NoError(t, err)
	require.Len(t, done, 2)
	w.run()
	require.Equal(t, "営業", w.entry(doc, 0).Extensions["部署"])
	require.Len(t, w.entries(), 2)
}

func TestUnreadableExtrasAreFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{
		Counterparty: "a\x00b", Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "\x00"}},
	}}, "a.pdf")
	w.start(func(s *ledgersync.Settings) {
		s.Extras = ledgersync.Extras{Counterparty: true, Options: map[int]string{1: "部署"}}
	})
	require.Empty(t, w.entry(doc, 0).Items.Counterparty)
	require.Empty(t, w.entry(doc, 0).Extensions)
	for r, err := range w.flow.Files(t.Context(), w.link) {
		require.NoError(t, err)
		require.Len(t, r.Findings, 2)
		require.Equal(t, mapping.CodeInvalidText, r.Findings[0].Code)
	}
}

func TestExtrasAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, extras := range map[string]ledgersync.Extras{
		"order": {Options: map[int]string{11: "x"}}, "no name": {Options: map[int]string{1: " "}}, "twice": {Options: map[int]string{1: "x", 2: "x"}},
		"no environment": {DocumentURL: "x"},
	} {
		s := settings(w.account)
		s.Extras = extras
		_, err := w.flow.AddLink(t.Context(), s)
		_, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
	}
}
