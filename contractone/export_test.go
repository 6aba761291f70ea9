package contractone_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
)

func newLedger(t testing.TB, items ...contractone.Items) *contractonetest.Ledger {
	t.Helper()
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	l := contractonetest.NewLedger(contractonetest.WithClock(func() time.Time { return at }))
	for i, it := range items {
		_, err := l.Register(t.Context(), contractone.Draft{
			Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "doc", FileID: fmt.Sprint("file", i), FileIndex: i + 1, FileCount: len(items)},
			Link:        "2222-2222",
			Items:       it,
			Extensions:  map[string]string{"=cmd": "<a & b>"},
			Share:       contractone.Groups("Legal"),
			Responsible: []contractone.Principal{contractone.User("taro@example.com")},
			PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF("x", 100)),
		})
		require.NoError(t, err)
	}
	return l
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	l := newLedger(t,
		contractone.Items{Title: "=HYPERLINK(\"http://x\")", Amount: contractone.Yen(-500), Counterparty: "＋81, \"株\"\n式会社"},
		contractone.Items{Title: "契約", Amount: contractone.Yen(0), SignedOn: countersign.Date{Year: 2026, Month: 4, Day: 1}},
		contractone.Items{Title: "@x", FileName: "-1.pdf", ApprovalNumber: "\t1"},
	)
	var out bytes.Buffer
	require.NoError(t, contractone.WriteCSV(t.Context(), &out, l, contractone.Query{Limit: 2}, contractone.CSVOptions{BOM: true, LabelsJA: true}))
	text, hasBOM := bytes.CutPrefix(out.Bytes(), []byte("\xef\xbb\xbf"))
	require.True(t, hasBOM)
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 4)
	require.Contains(t, lines[0], "解約通知期限日")
	cell := func(line int, label string) string {
		for i, head := range lines[0] {
			if head == label {
				return lines[line][i]
			}
		}
		t.Fatalf("no column %s", label)
		return ""
	}
	require.Equal(t, "'=HYPERLINK(\"http://x\")", cell(1, "契約書タイトル"))
	require.Equal(t, "'＋81, \"株\"\n式会社", cell(1, "契約先名"))
	require.Equal(t, "-500", cell(1, "金額"))
	require.Equal(t, "0", cell(2, "金額"))
	require.Empty(t, cell(3, "金額"))
	require.Equal(t, "2026-04-01", cell(2, "契約締結日"))
	require.Equal(t, "'@x", cell(3, "契約書タイトル"))
	require.Equal(t, "'-1.pdf", cell(3, "ファイル名"))
	require.Equal(t, "'\t1", cell(3, "稟議番号等"))
	require.Equal(t, `{"=cmd":"<a & b>"}`, cell(1, "extensions")) //nolint:testifylint // people read this cell, so its very characters count
	require.Equal(t, `["Legal"]`, cell(1, "share_groups"))
	require.JSONEq(t, `[{"kind":"user","name":"taro@example.com"}]`, cell(1, "responsible"))
	require.Equal(t, "cloudsign:doc:file0", cell(1, "key"))
	require.Equal(t, "2026-04-01T09:00:00Z", cell(1, "registered_at"))
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 5} {
		l := newLedger(t, make([]contractone.Items, n)...)
		var out bytes.Buffer
		require.NoError(t, contractone.WriteJSON(t.Context(), &out, l, contractone.Query{Limit: 2}))
		var got []contractone.Entry
		require.NoError(t, json.Unmarshal(out.Bytes(), &got))
		require.Len(t, got, n)
		for _, e := range got {
			want, _, err := l.Lookup(t.Context(), e.Key)
			require.NoError(t, err)
			require.Equal(t, want.Source, e.Source)
			require.Equal(t, want.Extensions, e.Extensions)
			require.Equal(t, want.RegisteredAt, e.RegisteredAt)
		}
	}
}

// full fails every write.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestExportsReportErrors(t *testing.T) {
	t.Parallel()
	l := newLedger(t, contractone.Items{Title: "x"})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, export := range map[string]func(context.Context, io.Writer, contractone.Query) error{
		"csv": func(ctx context.Context, w io.Writer, q contractone.Query) error {
			return contractone.WriteCSV(ctx, w, l, q, contractone.CSVOptions{})
		},
		"json": func(ctx context.Context, w io.Writer, q contractone.Query) error {
			return contractone.WriteJSON(ctx, w, l, q)
		},
	} {
		require.ErrorIs(t, export(t.Context(), full{}, contractone.Query{}), errFull, name)
		require.ErrorIs(t, export(t.Context(), io.Discard, contractone.Query{Limit: -1}), countersign.ErrInvalid, name)
		require.ErrorIs(t, export(canceled, io.Discard, contractone.Query{}), context.Canceled, name)
	}
}

// stuck gives the same page for ever.
type stuck struct{}

func (stuck) Search(context.Context, contractone.Query) (*countersign.Page[contractone.Entry], error) {
	return &countersign.Page[contractone.Entry]{Next: "again"}, nil
}

func TestAllEndsWhenTheCursorStandsStill(t *testing.T) {
	t.Parallel()
	errs := 0
	for _, err := range contractone.All(t.Context(), stuck{}, contractone.Query{}) {
		require.Error(t, err)
		errs++
	}
	require.Equal(t, 1, errs)
}
