package cloudsign_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/stretchr/testify/require"
)

// text is an upload of a few bytes.
func text(name, content string) countersign.Upload {
	return countersign.Upload{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

const smallPDF = "%PDF-1.4\n1 0 obj << /Type /Page >> endobj\n%%EOF\n"

// newDraft is an empty draft on the fake.
func newDraft(t testing.TB, c *cloudsign.Client) cloudsign.DocumentID {
	t.Helper()
	d, err := c.Documents.Create(t.Context(), cloudsign.NewDocument{Title: "契約"})
	require.NoError(t, err)
	return d.ID
}

func TestUploadOfAnySize(t *testing.T) {
	t.Parallel()
	srv, _, c := account(t)
	doc := newDraft(t, c)
	bytewise := text("バイト.pdf", smallPDF)
	bytewise.Size = -1
	bytewise.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(iotest.OneByteReader(strings.NewReader(smallPDF))), nil
	}
	for _, u := range []countersign.Upload{
		text("契約書 [最終版]/2026.pdf", smallPDF), bytewise,
		text("trailing white space.pdf", smallPDF+"\n\r\n"), text(`back\slash.pdf`, smallPDF),
	} {
		a, err := c.Files.Upload(t.Context(), doc, u)
		require.NoError(t, err)
		require.Equal(t, u.Name, a.New.Name)
		require.Equal(t, a.New.Order, len(a.Document.Files)-1)
		require.Same(t, a.New, a.Document.File(a.New.ID))
	}
	stored, _ := srv.Document(string(doc))
	body, err := stored.Files[1].Content.Open()
	require.NoError(t, err)
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, smallPDF, string(b))
}

// TestUploadsThatTheServiceWouldRefuse: none of them reaches the service whole.
func TestUploadsThatTheServiceWouldRefuse(t *testing.T) {
	t.Parallel()
	srv, _, c := account(t)
	doc := newDraft(t, c)
	unsized := func(u countersign.Upload) countersign.Upload {
		u.Size = -1
		return u
	}
	padding := strings.Repeat(" ", 2000)
	for name, u := range map[string]countersign.Upload{
		"no name":                     text("", smallPDF),
		"other ending":                text("a.docx", smallPDF),
		"capital ending":              text("a.PDF", smallPDF),
		"nothing before it":           text(" .pdf", smallPDF),
		"quotation mark":              text(`a"b.pdf`, smallPDF),
		"backslash at end":            text(`a\.pdf`, smallPDF),
		"line break":                  text("a\r\nX-Evil: 1.pdf", smallPDF),
		"not UTF-8":                   text("a\xff.pdf", smallPDF),
		"no file":                     {Name: "a.pdf", Size: 1},
		"empty":                       text("a.pdf", ""),
		"empty, size unknown":         unsized(text("a.pdf", "")),
		"too short":                   text("a.pdf", "%PD"),
		"no header":                   text("a.pdf", "PK\x03\x04 %%EOF"),
		"no end":                      text("a.pdf", "%PDF-1.4"),
		"end too early":               text("a.pdf", "%PDF-1.4 %%EOF"+padding),
		"end too early, size unknown": unsized(text("a.pdf", "%PDF-1.4 %%EOF"+padding)),
		"can't be opened":             {Name: "a.pdf", Size: 9, Open: func() (io.ReadCloser, error) { return nil, errors.New("gone") }},
		"breaks off": {Name: "a.pdf", Size: 9, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("%PDF-"), iotest.ErrReader(errors.New("disk")))), nil
		}},
	} {
		_, err := c.Files.Upload(t.Context(), doc, u)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, name)
		_, err = c.ImportedDocuments.Create(t.Context(), cloudsign.NewImportedDocument{File: u})
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
	_, err := c.ImportedDocuments.Create(t.Context(), cloudsign.NewImportedDocument{File: text(strings.Repeat("契", 65)+".pdf", smallPDF)})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	d, _ := srv.Document(string(doc))
	require.Empty(t, d.Files)
	require.Zero(t, srv.Log().Tally(cloudsigntest.OpUploadFile).Answered+srv.Log().Tally(cloudsigntest.OpImportDocument).Answered)
}

func TestUploadBounds(t *testing.T) {
	t.Parallel()
	srv, user, _ := account(t)
	bounded := func(limit int64) *cloudsign.Client {
		c, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID), MaxUploadBytes: limit},
			countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(client(t)), countersign.WithLimiter(free{}))
		require.NoError(t, err)
		return c
	}
	small := bounded(int64(len(smallPDF)))
	doc := newDraft(t, small)
	_, err := small.Files.Upload(t.Context(), doc, text("a.pdf", smallPDF))
	require.NoError(t, err, "as large as it may be")
	longer := text("a.pdf", smallPDF+"\n")
	for _, size := range []int64{longer.Size, -1} {
		longer.Size = size
		_, err := small.Files.Upload(t.Context(), doc, longer)
		require.ErrorIs(t, err, cloudsign.ErrTooLarge)
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
	_, err = bounded(-1).Files.Upload(t.Context(), doc, text("a.pdf", smallPDF+"\n"))
	require.NoError(t, err)

	huge := countersign.Upload{Name: "a.pdf", Size: cloudsign.MaxUploadBytes036 + 1, Open: func() (io.ReadCloser, error) { return nil, errors.New("not opened") }}
	_, err = bounded(0).Files.Upload(t.Context(), doc, huge)
	require.ErrorIs(t, err, cloudsign.ErrTooLarge)
	_, err = bounded(-1).ImportedDocuments.Create(t.Context(), cloudsign.NewImportedDocument{File: huge})
	require.ErrorIs(t, err, cloudsign.ErrTooLarge)
}

// TestUploadThatOneVersionTakes: a file between the bounds of the two versions.
// The older service refuses it while it is still being sent.
func TestUploadThatOneVersionTakes(t *testing.T) {
	t.Parallel()
	pdf := cloudsigntest.PDF("契約", "", cloudsign.MaxUploadBytes031+1<<20)
	for name, c := range map[string]struct {
		limits cloudsigntest.Limits
		want   error
	}{
		"0.31.0": {cloudsigntest.Limits031(), cloudsign.ErrTooLarge},
		"0.36.0": {cloudsigntest.Limits036(), nil},
	} {
		_, _, client := account(t, cloudsigntest.WithLimits(c.limits))
		_, err := client.Files.Upload(t.Context(), newDraft(t, client), countersign.Upload{Name: "契約.pdf", Size: pdf.Size, Open: pdf.Open})
		require.ErrorIs(t, err, c.want, name)
	}
}
