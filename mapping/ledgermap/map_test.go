package ledgermap_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/ledgermap"
)

func newMap(t require.TestingT, cfg ledgermap.Config) *ledgermap.Map {
	m, err := ledgermap.New(cfg)
	require.NoError(t, err)
	return m
}

func day(s string) countersign.Date {
	d, err := countersign.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// record is a document of one file with complete information.
func record() ledgermap.Record {
	doc := cloudsign.Document{ID: "doc", Title: "書類の題名", Files: []cloudsign.File{{ID: "file", Name: "lease.pdf"}}}
	return ledgermap.Records(doc, &cloudsign.Attribute{
		DocumentID: "doc", Title: "賃貸借契約書", Counterparty: "Example K.K.", ContractAt: day("2026-03-15"), ValidityStartAt: day("2026-04-01"),
		ValidityEndAt: day("2027-03-31"), ValidityEndNoticeAt: day("2026-12-31"), AutoUpdate: cloudsign.AutoUpdateYes,
		LocalID: "L-1", Amount: new(int64(1200000)), Options: []cloudsign.Option{{Order: 1, Content: "more"}},
	})[0]
}

func run(t require.TestingT, cfg ledgermap.Config, rec ledgermap.Record) (contractone.Draft, mapping.Result) {
	var d contractone.Draft
	res := newMap(t, cfg).Run(&rec, &d)
	return d, res
}

func codes(res mapping.Result) []string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Code)
	}
	return out
}

// The vendor's table of what the CloudSign link carries, "CloudSign item |
// Contract One item", as its help page shows it.
const vendorTable = `タイトル | 契約書タイトル
契約締結日 | 契約締結日
契約開始日 | 契約開始日
契約終了日 | 契約終了日
取引金額 | 金額
自動更新の有無 | 契約自動更新
解約通知期限 | 解約通知期限日
契約書の作成ページにてアップロードしたファイル名 | ファイル名
管理番号 | 稟議番号等`

func TestTheMapIsTheVendorsTable(t *testing.T) {
	t.Parallel()
	rec := record()
	_, res := run(t, ledgermap.Config{}, rec)
	require.Empty(t, res.Findings)
	labels := map[string]string{}
	for _, f := range ledgermap.Source().Fields {
		labels["from "+f.Key] = f.Labels["ja"]
		require.NotEmpty(t, f.Labels["en"])
	}
	for _, f := range ledgermap.Target(0).Fields {
		labels["to "+f.Key] = f.Labels["ja"]
		require.NotEmpty(t, f.Labels["en"])
	}
	rows := strings.Split(vendorTable, "\n")
	require.Len(t, res.Origins, len(rows))
	for i, o := range res.Origins {
		require.Equal(t, rows[i], labels["from "+o.From]+" | "+labels["to "+o.To])
	}
}

func TestTheMapWritesExactlyTheLinkedItems(t *testing.T) {
	t.Parallel()
	d, res := run(t, ledgermap.Config{}, record())
	require.Equal(t, contractone.Draft{Items: contractone.Items{
		Title: "賃貸借契約書", SignedOn: day("2026-03-15"), StartsOn: day("2026-04-01"), EndsOn: day("2027-03-31"), Amount: contractone.Yen(1200000),
		AutoRenewal: contractone.RenewalYes, NoticeDeadline: day("2026-12-31"), FileName: "lease.pdf", ApprovalNumber: "L-1",
	}}, d)
	written := map[string]bool{}
	for _, o := range res.Origins {
		written[o.To] = o.Written()
	}
	for _, item := range contractone.Catalogue() {
		require.Equal(t, item.Linked, written[string(item.Key)], item.Key)
	}
}

func TestWithoutInformationOnlyTitleAndFileNameAreWritten(t *testing.T) {
	t.Parallel()
	for _, attr := range []*cloudsign.Attribute{nil, {}, {Title: " ", LocalID: "\u3000"}} {
		rec := record()
		rec.Attribute = attr
		d, res := run(t, ledgermap.Config{}, rec)
		require.Equal(t, contractone.Items{Title: "書類の題名", FileName: "lease.pdf"}, d.Items)
		require.Empty(t, res.Findings)
	}
}

func TestTitlePolicies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		policy     ledgermap.TitlePolicy
		management string
		title      string
		from       string
	}{
		{"", "M", "M", ledgermap.FromTitle},
		{ledgermap.ManagementFirst, "M", "M", ledgermap.FromTitle},
		{ledgermap.ManagementFirst, " ", "書類の題名", ledgermap.FromDocumentTitle},
		{ledgermap.DocumentOnly, "M", "書類の題名", ledgermap.FromDocumentTitle},
		{ledgermap.ManagementOnly, "M", "M", ledgermap.FromTitle},
		{ledgermap.ManagementOnly, "", "", ""},
	} {
		rec := record()
		rec.Attribute.Title = tc.management
		d, res := run(t, ledgermap.Config{Title: tc.policy}, rec)
		require.Equal(t, tc.title, d.Items.Title)
		origin, ok := res.Origin(string(contractone.ItemTitle))
		require.True(t, ok)
		require.Equal(t, tc.from, origin.From)
		require.Equal(t, tc.title != "", origin.Written())
	}
	_, err := ledgermap.New(ledgermap.Config{Title: "newest"})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = ledgermap.New(ledgermap.Config{TextLimit: -1})
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestAutoRenewal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in    cloudsign.AutoUpdate
		want  contractone.AutoRenewal
		state mapping.State
		codes []string
	}{
		{cloudsign.AutoUpdateUnspecified, contractone.RenewalUnspecified, mapping.StateAbsent, nil},
		{cloudsign.AutoUpdateYes, contractone.RenewalYes, mapping.StateTransformed, nil},
		{cloudsign.AutoUpdateNo, contractone.RenewalNo, mapping.StateTransformed, nil},
		{7, contractone.RenewalUnspecified, mapping.StateRejected, []string{mapping.CodeUnknownChoice}},
		{-1, contractone.RenewalUnspecified, mapping.StateRejected, []string{mapping.CodeUnknownChoice}},
	} {
		rec := record()
		rec.Attribute.AutoUpdate = tc.in
		d, res := run(t, ledgermap.Config{}, rec)
		require.Equal(t, tc.want, d.Items.AutoRenewal)
		require.Equal(t, tc.codes, codes(res))
		origin, _ := res.Origin(string(contractone.ItemAutoRenewal))
		require.Equal(t, mapping.Origin{To: "auto_renewal", From: ledgermap.FromAutoUpdate, State: tc.state}, origin)
	}
}

func TestAmountKeepsZeroAndNegatives(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{0, -5, 1 << 40, math.MinInt64, math.MaxInt64} {
		rec := record()
		rec.Attribute.Amount = new(n)
		d, _ := run(t, ledgermap.Config{}, rec)
		got, ok := d.Items.Amount.Get()
		require.True(t, ok)
		require.Equal(t, n, got)
	}
	rec := record()
	rec.Attribute.Amount = nil
	d, _ := run(t, ledgermap.Config{}, rec)
	require.True(t, d.Items.Amount.IsZero())
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*ledgermap.Record)
		code   string // "": nothing is found
		field  contractone.ItemKey
	}{
		{"end before start", func(r *ledgermap.Record) { r.Attribute.ValidityStartAt = day("2027-04-01") }, ledgermap.CodeEndBeforeStart, contractone.ItemEndsOn},
		{"one day", func(r *ledgermap.Record) { r.Attribute.ValidityStartAt = day("2027-03-31") }, "", ""},
		{"no start", func(r *ledgermap.Record) { r.Attribute.ValidityStartAt = countersign.Date{} }, "", ""},
		{"no end", func(r *ledgermap.Record) { r.Attribute.ValidityEndAt = countersign.Date{} }, "", ""},
		{"notice after end", func(r *ledgermap.Record) { r.Attribute.ValidityEndNoticeAt = day("2027-04-01") }, ledgermap.CodeNoticeAfterEnd, contractone.ItemNoticeDeadline},
		{"notice on the last day", func(r *ledgermap.Record) { r.Attribute.ValidityEndNoticeAt = day("2027-03-31") }, "", ""},
		{"renewal without notice", func(r *ledgermap.Record) { r.Attribute.ValidityEndNoticeAt = countersign.Date{} }, ledgermap.CodeRenewalWithoutNotice, contractone.ItemNoticeDeadline},
		{"no renewal, no notice", func(r *ledgermap.Record) {
			r.Attribute.ValidityEndNoticeAt, r.Attribute.AutoUpdate = countersign.Date{}, cloudsign.AutoUpdateNo
		}, "", ""},
		{"amount on two files", func(r *ledgermap.Record) { r.FileCount = 2 }, ledgermap.CodeAmountOnEachFile, contractone.ItemAmount},
		{"two files without amount", func(r *ledgermap.Record) { r.FileCount, r.Attribute.Amount = 2, nil }, "", ""},
		{"title is the file name", func(r *ledgermap.Record) { r.Attribute.Title, r.Document.Title = "", "lease.pdf" }, ledgermap.CodeTitleIsFileName, contractone.ItemTitle},
		{"title is the file's base name", func(r *ledgermap.Record) { r.Attribute.Title, r.Document.Title, r.File.Name = "", "Lease", "lease.PDF" }, ledgermap.CodeTitleIsFileName, contractone.ItemTitle},
		{"a typed title", func(r *ledgermap.Record) { r.Attribute.Title = "lease.pdf" }, "", ""},
		{"neither title nor file name", func(r *ledgermap.Record) { r.Attribute.Title, r.Document.Title, r.File.Name = "", "", "" }, "", ""},
		{"file name of an extension only", func(r *ledgermap.Record) { r.Attribute.Title, r.Document.Title, r.File.Name = "", "", ".pdf" }, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rec := record()
			tc.change(&rec)
			_, res := run(t, ledgermap.Config{}, rec)
			if tc.code == "" {
				require.Empty(t, res.Findings)
				return
			}
			require.Equal(t, []string{tc.code}, codes(res))
			require.Equal(t, string(tc.field), res.Findings[0].Field)
			require.Equal(t, mapping.SeverityWarning, res.Findings[0].Severity)
			require.False(t, res.HasErrors())
		})
	}
}

func TestTextLimitCutsWithAWarning(t *testing.T) {
	t.Parallel()
	rec := record()
	rec.Attribute.LocalID = "12345"
	d, res := run(t, ledgermap.Config{TextLimit: 4}, rec)
	require.Equal(t, contractone.Items{
		Title: "賃貸借契", SignedOn: day("2026-03-15"), StartsOn: day("2026-04-01"), EndsOn: day("2027-03-31"), Amount: contractone.Yen(1200000),
		AutoRenewal: contractone.RenewalYes, NoticeDeadline: day("2026-12-31"), FileName: "leas", ApprovalNumber: "1234",
	}, d.Items)
	require.Equal(t, []string{mapping.CodeTruncated, mapping.CodeTruncated, mapping.CodeTruncated}, codes(res))
}

func TestRecordsFollowTheOrderOfUpload(t *testing.T) {
	t.Parallel()
	doc := cloudsign.Document{ID: "d", Files: []cloudsign.File{{ID: "c", Order: 3}, {ID: "a", Order: 0}, {ID: "b", Order: 3}}}
	attr := &cloudsign.Attribute{}
	var ids []string
	for i, rec := range ledgermap.Records(doc, attr) {
		ids = append(ids, string(rec.File.ID))
		require.Same(t, attr, rec.Attribute)
		require.Equal(t, contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "d", FileID: ids[i], FileIndex: i + 1, FileCount: 3}, rec.Source())
	}
	require.Equal(t, []string{"a", "c", "b"}, ids)
	require.Equal(t, cloudsign.FileID("c"), doc.Files[0].ID, "the document stays as it was")
	require.Empty(t, ledgermap.Records(cloudsign.Document{}, nil))
}

// TestDraftsAreAlwaysFitForTheLedger runs the map on anything that could come
// out of a decoder: what arrives is either the source's value or empty, and the
// ledger never refuses it.
func TestDraftsAreAlwaysFitForTheLedger(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", " ", "a\x00b", "a\xffb", "契約書.pdf", strings.Repeat("長", 600)}))
	date := rapid.Custom(func(t *rapid.T) countersign.Date {
		return countersign.Date{Year: rapid.IntRange(-1, 10001).Draw(t, "year"), Month: time.Month(rapid.IntRange(0, 13).Draw(t, "month")), Day: rapid.IntRange(0, 32).Draw(t, "day")}
	})
	m := newMap(t, ledgermap.Config{})
	rapid.Check(t, func(t *rapid.T) {
		a := cloudsign.Attribute{
			Title: text.Draw(t, "title"), Counterparty: text.Draw(t, "counterparty"), LocalID: text.Draw(t, "number"),
			ContractAt: date.Draw(t, "signed"), ValidityStartAt: date.Draw(t, "start"), ValidityEndAt: date.Draw(t, "end"), ValidityEndNoticeAt: date.Draw(t, "notice"),
			AutoUpdate: cloudsign.AutoUpdate(rapid.IntRange(-1, 4).Draw(t, "renewal")), Amount: rapid.Ptr(rapid.Int64(), true).Draw(t, "amount"),
		}
		rec := ledgermap.Record{Document: cloudsign.Document{Title: text.Draw(t, "document")}, Attribute: &a, File: cloudsign.File{Name: text.Draw(t, "file")}, FileIndex: 1, FileCount: 1}
		var d contractone.Draft
		res := m.Run(&rec, &d)

		require.NoError(t, d.Items.Validate())
		require.Empty(t, d.Items.Counterparty)
		require.Contains(t, []string{"", a.Title, rec.Document.Title}, d.Items.Title)
		require.Contains(t, []string{"", a.LocalID}, d.Items.ApprovalNumber)
		require.Contains(t, []countersign.Date{{}, a.ValidityEndAt}, d.Items.EndsOn)
		amount, ok := d.Items.Amount.Get()
		require.Equal(t, a.Amount != nil, ok)
		require.True(t, !ok || amount == *a.Amount)
		for _, o := range res.Origins {
			item, _ := contractone.FindItem(contractone.ItemKey(o.To))
			require.Equal(t, o.Written(), item.Has(d.Items), o.To)
		}
	})
}
