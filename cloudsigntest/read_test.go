package cloudsigntest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
)

func TestDocumentAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.AddDocument(cloudsigntest.Document{
		UserID: w.user.ID, Title: "覚書", Note: "例社", Message: "こんにちは", Status: cloudsigntest.Concluded, CanTransfer: true,
		SentAt: start.Add(1500 * time.Millisecond), CreatedAt: start, UpdatedAt: start.Add(time.Hour),
		Participants: []cloudsigntest.Participant{
			{Email: w.user.Email, Name: "佐藤", Status: cloudsigntest.Sent},
			{Email: "r@example.jp", Name: "鈴木", Organization: "例社", Status: cloudsigntest.Sealed, ProcessedAt: start.Add(time.Minute + 7*time.Microsecond)},
		},
		Files: []cloudsigntest.File{{Name: "一.pdf", TotalPages: 3}, {Name: "二.pdf"}},
	})
	participant := func(i int, processed any) map[string]any {
		p := d.Participants[i]
		return map[string]any{
			"id": p.ID, "email": p.Email, "name": p.Name, "organization": p.Organization,
			"order": json.Number("01"[i : i+1]), "status": json.Number("68"[i : i+1]), "language_code": "ja",
			"advanced_authn_request": false, "tel": "", "recipient_id": "", "callback": false, "processed_at": processed,
		}
	}
	require.Equal(t, map[string]any{
		"id": d.ID, "user_id": w.user.ID, "title": "覚書", "note": "例社", "message": "こんにちは",
		"status": json.Number("2"), "can_transfer": true, "private": false,
		"sent_at": "2025-04-01T09:00:01.500000Z", "last_processed_at": "2025-04-01T09:01:00.000007Z",
		"created_at": "2025-04-01T09:00:00Z", "updated_at": "2025-04-01T10:00:00Z",
		"participants": []any{participant(0, nil), participant(1, "2025-04-01T09:01:00.000007Z")},
		"files": []any{
			map[string]any{"id": d.Files[0].ID, "name": "一.pdf", "order": json.Number("0"), "total_pages": json.Number("3"), "widgets": []any{}},
			map[string]any{"id": d.Files[1].ID, "name": "二.pdf", "order": json.Number("1"), "total_pages": json.Number("1"), "widgets": []any{}},
		},
		"reportees": []any{},
	}, w.get(w.user, "/documents/"+d.ID).json)
	for _, id := range []string{d.ID, d.UserID, d.Files[0].ID, d.Participants[0].ID} {
		require.GreaterOrEqual(t, len(id), 32)
		require.LessOrEqual(t, len(id), 36)
	}
	require.Equal(t, "not_found", w.get(w.user, "/documents/unknown").code())
}

func TestLastProcessedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.get(w.user, "/documents/"+w.add(cloudsigntest.Draft)).json
	require.Equal(t, "2025-04-01T09:00:00.000000Z", draft["last_processed_at"], "a draft has its last update")
	require.Nil(t, draft["sent_at"])
	require.Contains(t, draft, "sent_at")
	id := w.add(cloudsigntest.Pending)
	pending := w.get(w.user, "/documents/"+id).json
	require.Nil(t, pending["last_processed_at"])
	require.Contains(t, pending, "last_processed_at")
	w.Clock().Advance(time.Hour)
	w.Conclude(id)
	require.Equal(t, "2025-04-01T10:00:00.000000Z", w.get(w.user, "/documents/"+id).json["last_processed_at"])
}

func TestAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(cloudsigntest.Concluded)
	path := "/documents/" + id + "/attribute"
	a := w.get(w.user, path)
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, "not_found", a.code())

	w.SetAttribute(id, cloudsigntest.Attribute{})
	empty := map[string]any{
		"document_id": id, "title": "", "counterparty": "", "contract_at": nil, "validity_start_at": nil,
		"validity_end_at": nil, "validity_end_notice_at": nil, "auto_update": json.Number("0"), "local_id": "",
		"amount": nil, "created_at": "2025-04-01T09:00:00Z", "updated_at": "2025-04-01T09:00:00Z", "options": []any{},
	}
	require.Equal(t, empty, w.get(w.user, path).json)

	before := w.get(w.user, "/documents/"+id).json["last_processed_at"]
	w.Clock().Advance(time.Minute)
	w.SetAttribute(id, cloudsigntest.Attribute{
		Title: "管理", Counterparty: "例社", ContractAt: "2025-04-01", ValidityStartAt: "2025-04-02",
		ValidityEndAt: "2026-04-01", ValidityEndNoticeAt: "2026-01-01", AutoUpdate: cloudsigntest.AutoUpdateNo,
		LocalID: "K-1", Amount: new(int64(-1 << 63)), Options: []cloudsigntest.AttributeOption{{Order: 1, Content: "営業"}},
	})
	require.Equal(t, map[string]any{
		"document_id": id, "title": "管理", "counterparty": "例社", "contract_at": "2025-04-01", "validity_start_at": "2025-04-02",
		"validity_end_at": "2026-04-01", "validity_end_notice_at": "2026-01-01", "auto_update": json.Number("2"), "local_id": "K-1",
		"amount": json.Number("-9223372036854775808"), "created_at": "2025-04-01T09:00:00Z", "updated_at": "2025-04-01T09:01:00Z",
		"options": []any{map[string]any{"order": json.Number("1"), "content": "営業"}},
	}, w.get(w.user, path).json)
	require.Equal(t, before, w.get(w.user, "/documents/"+id).json["last_processed_at"])
	require.Equal(t, "forbidden", w.get(w.admin, "/documents/"+w.add(cloudsigntest.Draft)+"/attribute").code())
	require.Equal(t, "not_found", w.get(w.user, "/documents/unknown/attribute").code())
}

func TestEmptyMembersAndZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithEmptyOmitted(true), cloudsigntest.WithTimeZone(time.FixedZone("JST", 9*60*60)))
	id := w.add(cloudsigntest.Draft)
	w.SetAttribute(id, cloudsigntest.Attribute{ContractAt: "2025-04-01"})
	d := w.get(w.user, "/documents/"+id).json
	require.NotContains(t, d, "sent_at")
	require.Equal(t, "2025-04-01T18:00:00+09:00", d["created_at"])
	require.Equal(t, "2025-04-01T18:00:00.000000+09:00", d["last_processed_at"])
	a := w.get(w.user, "/documents/"+id+"/attribute").json
	require.NotContains(t, a, "amount")
	require.NotContains(t, a, "validity_end_at")
	require.Equal(t, "2025-04-01", a["contract_at"])
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithPDFSize(3000))
	onDisk := filepath.Join(t.TempDir(), "a.pdf")
	require.NoError(t, os.WriteFile(onDisk, []byte("%PDF-1.7 from disk %%EOF"), 0o600))
	d := w.AddDocument(cloudsigntest.Document{
		UserID: w.user.ID, Title: "契約", Status: cloudsigntest.Concluded,
		Files: []cloudsigntest.File{
			{Name: "generated.pdf"},
			{Name: "disk.pdf", Content: cloudsigntest.FileFromPath(onDisk)},
			{Name: "bytes.pdf", Content: cloudsigntest.Bytes([]byte("%PDF-1.7 in memory %%EOF"))},
			{Name: "gone.pdf", Content: cloudsigntest.FileFromPath(onDisk + ".gone")},
			{Name: "withheld.pdf", Withheld: true},
		},
	})
	file := func(i int) answer { return w.get(w.user, "/documents/"+d.ID+"/files/"+d.Files[i].ID) }
	require.Equal(t, "application/pdf", file(0).header.Get("Content-Type"))
	require.Len(t, file(0).body, 3000)
	first := file(0).body
	require.Equal(t, first, file(0).body)
	require.Equal(t, "%PDF-1.7 from disk %%EOF", file(1).body)
	require.Equal(t, "%PDF-1.7 in memory %%EOF", file(2).body)
	require.Equal(t, "internal_server_error", file(3).code())
	require.Equal(t, "bad_request", file(4).code())
	require.Equal(t, "not_found", w.get(w.user, "/documents/"+d.ID+"/files/unknown").code())
	require.Equal(t, "not_found", w.get(w.user, "/documents/unknown/files/"+d.Files[0].ID).code())
	require.Equal(t, "forbidden", w.get(w.AddUser(cloudsigntest.User{}), "/documents/"+d.ID+"/files/"+d.Files[0].ID).code())

	require.Equal(t, countersigntest.Tally{Requests: 5, Answered: 4}, // one was refused
		w.Log().TallyOf(cloudsigntest.OpDownloadFile, cloudsigntest.FileSubject(d.ID, d.Files[0].ID)))
	require.Equal(t, countersigntest.Tally{Requests: 1},
		w.Log().TallyOf(cloudsigntest.OpDownloadFile, cloudsigntest.FileSubject(d.ID, d.Files[3].ID)))
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []cloudsigntest.Status{
		cloudsigntest.Draft, cloudsigntest.Pending, cloudsigntest.Declined, cloudsigntest.Template, cloudsigntest.Imported,
	} {
		a := w.get(w.user, "/documents/"+w.add(s)+"/certificate")
		require.Equal(t, http.StatusNotFound, a.status)
		require.Equal(t, "not_found", a.code())
	}
	a := w.get(w.user, "/documents/"+w.add(cloudsigntest.Concluded)+"/certificate")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "application/pdf", a.header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(a.body, "%PDF-"))
}

func TestInjectedRefusalIsTheServicesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults().Add(
		countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.TooManyRequests(0), Next: 1},
		countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Status(http.StatusGatewayTimeout), Next: 1},
	)
	require.Equal(t, "too_many_requests", w.get(w.user, "/me").code())
	gateway := w.get(w.user, "/me")
	require.Equal(t, http.StatusGatewayTimeout, gateway.status)
	require.Contains(t, gateway.header.Get("Content-Type"), "text/html")
	require.Equal(t, http.StatusOK, w.get(w.user, "/me").status)
}

func TestClosesWhileRequestsHang(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Hang()})
	req := w.request(http.MethodGet, "/me", "")
	failed := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		failed <- err
	}()
	for w.Faults().Injected()["hang"] == 0 {
		runtime.Gosched()
	}
	w.Close()
	require.Error(t, <-failed)
}
