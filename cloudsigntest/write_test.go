package cloudsigntest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

// do asks as the user with a form; nil: without a body.
func (w *world) do(u cloudsigntest.User, method, path string, form url.Values) answer {
	w.t.Helper()
	req := w.request(method, path, "Bearer "+w.tokenOf(u))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Body = io.NopCloser(strings.NewReader(form.Encode()))
	}
	return w.send(req)
}

// file is an upload with all that a test wants to get wrong.
type file struct{ name, fileName, kind, content, cabinet string }

const pdfText = "%PDF-1.4\n<< /Type /Pages >> << /Type /Page >> << /Type /Page >>\n%%EOF\n"

func (w *world) upload(u cloudsigntest.User, path string, f file) answer {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range map[string]string{"name": f.name, "cabinet_id": f.cabinet} {
		if value != "" {
			require.NoError(w.t, m.WriteField(name, value))
		}
	}
	p, err := m.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="uploadfile"; filename="%s"`, f.fileName)}, "Content-Type": {f.kind},
	})
	require.NoError(w.t, err)
	_, err = io.WriteString(p, f.content)
	require.NoError(w.t, err)
	require.NoError(w.t, m.Close())
	req := w.request(http.MethodPost, path, "Bearer "+w.tokenOf(u))
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Body, req.ContentLength = io.NopCloser(&b), int64(b.Len())
	return w.send(req)
}

func good(change func(*file)) file {
	f := file{"契約書.pdf", "document.pdf", "application/pdf", pdfText, ""}
	if change != nil {
		change(&f)
	}
	return f
}

// draft makes a draft that can be sent.
func (w *world) draft() cloudsigntest.Document {
	w.t.Helper()
	a := w.do(w.user, "POST", "/documents", url.Values{"title": {"契約"}})
	require.Equal(w.t, 200, a.status, a.body)
	id := a.json["id"].(string)
	require.Equal(w.t, 200, w.upload(w.user, "/documents/"+id+"/files", good(nil)).status)
	require.Equal(w.t, 200, w.do(w.user, "POST", "/documents/"+id+"/participants", url.Values{"name": {"R"}, "email": {"r@example.jp"}}).status)
	d, _ := w.Document(id)
	return d
}

// pending makes a document that waits for its recipient.
func (w *world) pending() cloudsigntest.Document {
	w.t.Helper()
	id := w.draft().ID
	require.Equal(w.t, 200, w.do(w.user, "POST", "/documents/"+id, nil).status)
	d, _ := w.Document(id)
	return d
}

// states gives the status of the document and of its participants.
func (w *world) states(id string) (cloudsigntest.Status, []cloudsigntest.ParticipantStatus) {
	d, _ := w.Document(id)
	var out []cloudsigntest.ParticipantStatus
	for _, p := range d.Participants {
		out = append(out, p.Status)
	}
	return d.Status, out
}

func TestRecipientsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft()
	second := w.do(w.user, "POST", "/documents/"+d.ID+"/participants", url.Values{"name": {"S"}, "email": {"s@example.jp"}})
	require.Equal(t, 200, second.status)
	require.Equal(t, 200, w.do(w.user, "POST", "/documents/"+d.ID, nil).status)
	d, _ = w.Document(d.ID)
	require.Equal(t, start, d.SentAt)
	require.Panics(t, func() { w.Consent(d.ID, d.Participants[2].ID) }, "it is not the second one's turn")
	for i, want := range []struct {
		status       cloudsigntest.Status
		participants []cloudsigntest.ParticipantStatus
	}{
		{cloudsigntest.Pending, []cloudsigntest.ParticipantStatus{cloudsigntest.Sent, cloudsigntest.WaitingForReview, cloudsigntest.WaitingForDelivery}},
		{cloudsigntest.Pending, []cloudsigntest.ParticipantStatus{cloudsigntest.Sent, cloudsigntest.Sealed, cloudsigntest.WaitingForReview}},
		{cloudsigntest.Concluded, []cloudsigntest.ParticipantStatus{cloudsigntest.Sent, cloudsigntest.Sealed, cloudsigntest.Sealed}},
	} {
		if i > 0 {
			w.Clock().Advance(time.Hour)
			w.Consent(d.ID, d.Participants[i].ID)
		}
		status, participants := w.states(d.ID)
		require.Equal(t, want.status, status)
		require.Equal(t, want.participants, participants)
	}
	require.Equal(t, "2025-04-01T11:00:00.000000Z", w.get(w.user, "/documents/"+d.ID).json["last_processed_at"])
	require.Equal(t, 200, w.get(w.user, "/documents/"+d.ID+"/certificate").status)

	refused := w.pending()
	w.Refuse(refused.ID, refused.Participants[1].ID, "高い")
	status, _ := w.states(refused.ID)
	require.Equal(t, cloudsigntest.Declined, status)
	require.Equal(t, "高い", w.get(w.user, "/documents/"+refused.ID).json["decline_comment"])
	withdrawn := w.pending()
	a := w.do(w.user, "PUT", "/documents/"+withdrawn.ID+"/decline", url.Values{"comment": {"誤り"}})
	require.Equal(t, json.Number("3"), a.json["status"])
	require.Equal(t, "2025-04-01T11:00:00.000000Z", a.json["last_processed_at"])
}

// refused is one request and what it is refused with.
type refused struct {
	method, path string // {d} is the document, {f} {p} {s} its file, recipient and sender
	form         url.Values
	status       int
	code         string
}

func (w *world) refuses(d cloudsigntest.Document, u cloudsigntest.User, all []refused) {
	w.t.Helper()
	fill := strings.NewReplacer("{d}", "/documents/"+d.ID, "{f}", d.Files[0].ID, "{p}", d.Participants[1].ID, "{s}", d.Participants[0].ID)
	for _, r := range all {
		form := url.Values{}
		for name, values := range r.form {
			form.Set(name, fill.Replace(values[0]))
		}
		a := w.do(u, r.method, fill.Replace(r.path), form)
		require.Equal(w.t, r.status, a.status, "%s %s %v: %s", r.method, r.path, r.form, a.body)
		require.Equal(w.t, r.code, a.code(), "%s %s %v", r.method, r.path, r.form)
	}
}

// every is each write about one document and its parts.
func every(status int, code string) []refused {
	person := url.Values{"name": {"N"}, "email": {"n@example.jp"}}
	var out []refused
	for _, r := range []refused{
		{"PUT", "{d}", nil, 0, ""}, {"DELETE", "{d}", nil, 0, ""}, {"POST", "{d}", nil, 0, ""}, {"PUT", "{d}/decline", nil, 0, ""},
		{"PUT", "{d}/alert", nil, 0, ""}, {"DELETE", "{d}/files/{f}", nil, 0, ""},
		{"POST", "{d}/participants", person, 0, ""}, {"PUT", "{d}/participants/{p}", person, 0, ""}, {"DELETE", "{d}/participants/{p}", nil, 0, ""},
		{"POST", "{d}/participants/{p}/signing_url", nil, 0, ""}, {"POST", "{d}/files/{f}/widgets", nil, 0, ""},
		{"PUT", "{d}/files/{f}/widgets/w", nil, 0, ""}, {"DELETE", "{d}/files/{f}/widgets/w", nil, 0, ""},
		{"POST", "{d}/reportees", person, 0, ""}, {"PUT", "{d}/reportees/r", person, 0, ""}, {"DELETE", "{d}/reportees/r", nil, 0, ""},
		{"POST", "{d}/attachments", nil, 0, ""}, {"PUT", "{d}/attachments/a", nil, 0, ""}, {"DELETE", "{d}/attachments/a", nil, 0, ""},
	} {
		r.status, r.code = status, code
		out = append(out, r)
	}
	return out
}

func TestWritesOfOthersDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft()
	before := w.get(w.user, "/documents/"+d.ID).body
	w.refuses(d, w.AddUser(cloudsigntest.User{}), every(403, "forbidden"))
	gone := d
	gone.ID = "nowhere"
	w.refuses(gone, w.user, every(404, "not_found"))
	require.Equal(t, before, w.get(w.user, "/documents/"+d.ID).body, "nothing was changed")
}

func TestStatesForbidWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft, concluded := w.draft(), w.pending()
	w.Conclude(concluded.ID)
	w.refuses(draft, w.user, []refused{{"PUT", "{d}/decline", nil, 400, "bad_request"}, {"POST", "{d}/participants/{p}/signing_url", nil, 400, "bad_request"}})
	person := url.Values{"name": {"N"}, "email": {"n@example.jp"}}
	for _, d := range []cloudsigntest.Document{w.pending(), concluded} {
		w.refuses(d, w.user, []refused{
			{"PUT", "{d}", nil, 400, "bad_request"}, {"DELETE", "{d}", nil, 400, "bad_request"},
			{"DELETE", "{d}/files/{f}", nil, 403, "not_acceptable"}, {"POST", "{d}/participants", person, 403, "not_acceptable"},
			{"DELETE", "{d}/participants/{p}", nil, 403, "not_acceptable"}, {"POST", "{d}/files/{f}/widgets", nil, 403, "not_acceptable"},
			{"POST", "{d}/reportees", person, 403, "not_acceptable"}, {"POST", "{d}/attachments", nil, 403, "not_acceptable"},
		})
		require.Equal(t, "not_acceptable", w.upload(w.user, "/documents/"+d.ID+"/files", good(nil)).code())
	}
	w.refuses(concluded, w.user, []refused{{"POST", "{d}", nil, 403, "not_acceptable"}, {"PUT", "{d}/decline", nil, 400, "bad_request"}})
	require.Equal(t, 204, w.do(w.user, "DELETE", "/documents/"+draft.ID, nil).status)
	require.Equal(t, "not_found", w.get(w.user, "/documents/"+draft.ID).code())
}

func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithMailDomain(func(d string) bool { return d != "example.com" }))
	d := w.draft()
	long := strings.Repeat("あ", 1001)
	invalid := func(method, path string, forms ...url.Values) []refused {
		var out []refused
		for _, f := range forms {
			out = append(out, refused{method, path, f, 400, "bad_request"})
		}
		return out
	}
	person := func(more url.Values) url.Values {
		out := url.Values{"name": {"N"}, "email": {"n@example.jp"}}
		maps.Copy(out, more)
		return out
	}
	w.refuses(d, w.user, invalid("PUT", "{d}", url.Values{"title": {long}}, url.Values{"private": {"yes"}}, url.Values{"can_transfer": {""}}))
	w.refuses(d, w.user, invalid("PUT", "{d}/alert", url.Values{"memo": {long}}, url.Values{"alert_at": {"2025/04/01"}}, url.Values{"enabled": {"on"}}))
	w.refuses(d, w.user, invalid("POST", "{d}/participants",
		nil, url.Values{"name": {"N"}}, url.Values{"email": {"n@example.jp"}}, person(url.Values{"email": {"n"}}), person(url.Values{"email": {"n@example.com"}}),
		person(url.Values{"email": {"R@example.jp"}}), person(url.Values{"name": {long}}), person(url.Values{"language_code": {"fr"}}),
		person(url.Values{"language_code": {"en"}, "advanced_authn_request": {"true"}}), person(url.Values{"callback": {"true"}}),
		person(url.Values{"callback": {"1"}, "tel": {"0312345678"}}), person(url.Values{"callback": {"t"}, "tel": {"09012345678"}, "advanced_authn_request": {"T"}}),
		person(url.Values{"tel": {"09012345678"}}), person(url.Values{"recipient_id": {"あ"}}),
	))
	w.refuses(d, w.user, invalid("POST", "{d}/reportees", nil, url.Values{"name": {""}, "email": {"c@example.jp"}}, person(url.Values{"email": {"r@example.jp"}}), person(url.Values{"email": {"x"}})))
	w.refuses(d, w.user, invalid("POST", "{d}/attachments", nil, url.Values{"participant_id": {"{s}"}}, url.Values{"participant_id": {"{p}"}, "required": {"x"}}))
	widget := func(more url.Values) url.Values {
		out := url.Values{"participant_id": {"{p}"}, "type": {"1"}, "page": {"0"}, "x": {"0"}, "y": {"0"}}
		maps.Copy(out, more)
		return out
	}
	w.refuses(d, w.user, invalid("POST", "{d}/files/{f}/widgets",
		nil, widget(url.Values{"participant_id": {"x"}}), widget(url.Values{"type": {"3"}}), widget(url.Values{"page": {"2"}}), widget(url.Values{"x": {"-1"}}),
		widget(url.Values{"y": {"a"}}), widget(url.Values{"font_size": {"7"}}), widget(url.Values{"text": {"t"}}), widget(url.Values{"participant_id": {"{s}"}}),
		widget(url.Values{"type": {"2"}, "text": {"1"}}),
	))
	w.refuses(d, w.user, []refused{
		{"PUT", "{d}/participants/{s}", nil, 403, "forbidden"}, {"DELETE", "{d}/participants/{s}", nil, 403, "forbidden"},
		{"PUT", "{d}/participants/x", nil, 404, "not_found"}, {"POST", "{d}/files/x/widgets", nil, 404, "not_found"},
		{"DELETE", "{d}/files/x", nil, 404, "not_found"}, {"DELETE", "{d}/files/{f}/widgets/x", nil, 404, "not_found"},
		{"PUT", "{d}/reportees/x", nil, 404, "not_found"}, {"DELETE", "{d}/attachments/x", nil, 404, "not_found"},
	})
	req := w.request("PUT", "/documents/"+d.ID, "Bearer "+w.tokenOf(w.user))
	req.Header.Set("Content-Type", "application/json")
	req.Body = io.NopCloser(strings.NewReader(`{"title":"t"}`))
	require.Equal(t, "bad_request", w.send(req).code(), "a form is wanted")
}

func TestWhatMustNotBeSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, spoil := range map[string]func(*cloudsigntest.Document){
		"no file":      func(d *cloudsigntest.Document) { d.Files = []cloudsigntest.File{} },
		"no recipient": func(d *cloudsigntest.Document) { d.Participants = d.Participants[:1] },
		"broken PDF":   func(d *cloudsigntest.Document) { d.Files[0].Damaged = true },
		"card":         func(d *cloudsigntest.Document) { d.Participants[0].MyNumberCard = true },
		"empty field of the sender": func(d *cloudsigntest.Document) {
			d.Files[0].Widgets = []cloudsigntest.Widget{{ParticipantID: d.Participants[0].ID, Type: cloudsigntest.Text}}
		},
	} {
		d := w.draft()
		w.UpdateDocument(d.ID, spoil)
		a := w.do(w.user, "POST", "/documents/"+d.ID, nil)
		require.Equal(t, "bad_request", a.code(), name)
		status, _ := w.states(d.ID)
		require.Equal(t, cloudsigntest.Draft, status, name)
	}
	d := w.pending()
	w.UpdateDocument(d.ID, func(d *cloudsigntest.Document) { d.Participants[1].Callback = true })
	require.Equal(t, "bad_request", w.do(w.user, "POST", "/documents/"+d.ID, nil).code(), "no reminder by SMS")
}

func TestTeamsWithoutFeatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft()
	p := url.Values{"participant_id": {"{p}"}}
	w.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) {
		tm.NoAttachments, tm.NoImport, tm.NoPrivate, tm.NoEmbeddedSigning = true, true, true, true
	})
	w.refuses(d, w.user, []refused{
		{"POST", "{d}/attachments", p, 403, "forbidden"}, {"PUT", "{d}/attachments/x", p, 403, "forbidden"}, {"DELETE", "{d}/attachments/x", nil, 403, "forbidden"},
		{"PUT", "{d}", url.Values{"private": {"true"}}, 400, "bad_request"},
		{"POST", "{d}/participants", url.Values{"name": {"N"}, "callback": {"true"}, "tel": {"09012345678"}}, 400, "bad_request"},
	})
	require.Equal(t, "forbidden", w.get(w.user, "/documents/"+d.ID+"/attachments/a/attached_files/f").code())
	require.Equal(t, "forbidden", w.upload(w.admin, "/imported_documents", good(nil)).code())
}

func TestAttributeWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft()
	put := func(kind, body string) answer {
		req := w.request("PUT", "/documents/"+d.ID+"/attribute", "Bearer "+w.tokenOf(w.user))
		req.Header.Set("Content-Type", kind)
		req.Body = io.NopCloser(strings.NewReader(body))
		return w.send(req)
	}
	a := put("application/json", `{"counterparty":"例社","contract_at":"2025-04-01","amount":0,"options":[{"order":2,"content":"b"},{"order":1,"content":"a"}]}`)
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, json.Number("0"), a.json["amount"])
	stored, _ := w.Document(d.ID)
	require.Equal(t, "例社", stored.Note, "the note of a draft follows")
	require.Equal(t, 1, stored.Attribute.Options[0].Order)
	a = put("application/json; charset=utf-8", `{"contract_at":null,"amount":null,"options":[{"order":2,"content":""}],"later":1}`)
	require.Nil(t, a.json["contract_at"])
	require.Nil(t, a.json["amount"])
	require.Equal(t, "例社", a.json["counterparty"], "what is left out stays")
	require.Len(t, a.json["options"], 2)
	for _, body := range []string{
		`{`, `[]`, `{"amount":"1"}`, `{"amount":1.5}`, `{"contract_at":"x"}`, `{"auto_update":3}`, `{"options":[{"order":0}]}`, `{"title":"` + strings.Repeat("あ", 501) + `"}`,
	} {
		require.Equal(t, "bad_request", put("application/json", body).code(), body)
	}
	require.Equal(t, "bad_request", put("application/x-www-form-urlencoded", `title=x`).code())
}

func TestUploads(t *testing.T) {
	t.Parallel()
	limits := cloudsigntest.Limits{UploadBytes: 4096, DocumentBytes: 6000, ImportBytes: 2048, Files: 3, Recipients: 1}
	w := newWorld(t, cloudsigntest.WithLimits(limits))
	d := w.draft()
	path := "/documents/" + d.ID + "/files"
	require.Equal(t, 2, d.Files[0].TotalPages)
	pad := func(n int) string { return pdfText[:9] + strings.Repeat("%\n", n/2) + pdfText[9:] }
	for _, c := range []struct {
		name   string
		f      file
		status int
		code   any
	}{
		{"empty", good(func(f *file) { f.content = "" }), 400, "bad_request"},
		{"no header", good(func(f *file) { f.content = "x" + pdfText }), 400, "bad_request"},
		{"no end", good(func(f *file) { f.content += "x" }), 400, "bad_request"},
		{"no PDF", good(func(f *file) { f.kind = "image/png" }), 415, "unsupported_media_type"},
		{"request too large", good(func(f *file) { f.content = pad(4096) }), 413, "too_large_request"},
		{"file name", good(func(f *file) { f.fileName = "契約.pdf" }), 400, "bad_request"},
		{"quotation mark", good(func(f *file) { f.name = `a"b.pdf` }), 400, "bad_request"},
		{"backslash", good(func(f *file) { f.name = `a\.pdf` }), 400, "bad_request"},
		{"good", good(func(f *file) { f.content = pad(3000) }), 200, nil},
		{"too large together", good(func(f *file) { f.content = pad(3000) }), 400, "bad_request"},
		{"third", good(func(f *file) { f.name, f.fileName = "", "b.pdf" }), 200, nil},
		{"too many", good(nil), 400, "bad_request"},
	} {
		a := w.upload(w.user, path, c.f)
		require.Equal(t, c.status, a.status, "%s: %s", c.name, a.body)
		require.Equal(t, c.code, a.code(), c.name)
	}
	d, _ = w.Document(d.ID)
	require.Equal(t, "b.pdf", d.Files[2].Name)
	require.Equal(t, pdfText, w.get(w.user, path+"/"+d.Files[2].ID).body, "the bytes come back")
	a := w.do(w.user, "POST", "/documents/"+d.ID+"/participants", url.Values{"name": {"N"}, "email": {"n@example.jp"}})
	require.Equal(t, "conflict", a.code())
	require.Equal(t, "unsupported_media_type", w.do(w.user, "POST", path, url.Values{}).code())

	old := newWorld(t, cloudsigntest.WithLimits(cloudsigntest.Limits031()), cloudsigntest.WithAnyFileName(true))
	path = "/documents/" + old.draft().ID + "/files"
	require.Equal(t, 200, old.upload(old.user, path, good(func(f *file) { f.name, f.fileName = `a"b\.pdf`, "契約.pdf" })).status)
	require.Less(t, cloudsigntest.Limits031().UploadBytes, cloudsigntest.Limits036().UploadBytes)
}

func TestImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithLimits(cloudsigntest.Limits{ImportBytes: 2048}))
	a := w.upload(w.admin, "/imported_documents", good(nil))
	require.Equal(t, 200, a.status, a.body)
	require.Equal(t, json.Number("13"), a.json["status"])
	require.Equal(t, "契約書.pdf", a.json["title"])
	for name, c := range map[string]struct {
		f      file
		status int
	}{
		"too large":      {good(func(f *file) { f.content = pdfText[:9] + strings.Repeat("%\n", 1024) + pdfText[9:] }), 413},
		"much too large": {good(func(f *file) { f.content = strings.Repeat("x", 1<<20) }), 413},
		"name":           {good(func(f *file) { f.name = ".pdf" }), 400},
		"long name":      {good(func(f *file) { f.name = strings.Repeat("あ", 65) + ".pdf" }), 400},
		"ending":         {good(func(f *file) { f.name = "a.txt" }), 400},
		"no PDF":         {good(func(f *file) { f.content = "x" }), 400},
		"cabinet":        {good(func(f *file) { f.cabinet = "x" }), 400},
	} {
		require.Equal(t, c.status, w.upload(w.admin, "/imported_documents", c.f).status, name)
	}
	require.Equal(t, "forbidden", w.upload(w.user, "/imported_documents", good(nil)).code(), "it takes a document administrator")

	team := w.AddTeam(cloudsigntest.Team{Enterprise: true})
	member, other := w.AddUser(cloudsigntest.User{TeamID: team.ID}), w.AddUser(cloudsigntest.User{TeamID: team.ID, NoImport: true})
	require.Equal(t, "bad_request", w.upload(member, "/imported_documents", good(nil)).code(), "a cabinet is required")
	in := good(func(f *file) { f.cabinet = team.Cabinets[0].ID })
	require.Equal(t, 200, w.upload(member, "/imported_documents", in).status)
	require.Equal(t, "forbidden", w.upload(other, "/imported_documents", in).code())
}

// TestRemovingARecipient takes what was the recipient's, too.
func TestRemovingARecipient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft()
	w.UpdateDocument(d.ID, func(d *cloudsigntest.Document) {
		d.Files[0].Widgets = []cloudsigntest.Widget{{}, {ParticipantID: d.Participants[0].ID, Text: "x"}}
		d.Attachment = &cloudsigntest.Attachment{}
	})
	require.Equal(t, 200, w.do(w.user, "DELETE", "/documents/"+d.ID+"/participants/"+d.Participants[1].ID, nil).status)
	d, _ = w.Document(d.ID)
	require.Len(t, d.Files[0].Widgets, 1)
	require.Nil(t, d.Attachment)
	require.Panics(t, func() { w.Attach(d.ID, cloudsigntest.AttachedFile{}) })
}

func TestAccessCodesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.pending()
	w.UpdateDocument(d.ID, func(d *cloudsigntest.Document) { d.Participants[1].AccessCode = "4711" })
	require.Contains(t, w.get(w.user, "/documents/"+d.ID).body, "4711")
	require.NotContains(t, w.get(w.admin, "/documents/"+d.ID).body, "4711")
	require.Contains(t, w.get(w.user, "/documents").body, "4711")
	require.NotContains(t, w.get(w.admin, "/team_documents?with_participants=y").body, "4711")
}
