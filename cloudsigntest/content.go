package cloudsigntest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Content is what a file holds. It is opened for every download, so that an
// account of any size needs no memory for its files.
type Content struct {
	// Open gives the bytes from the start.
	Open func() (io.ReadCloser, error)
	// Size is the number of bytes, sent as Content-Length; negative: unknown.
	Size int64
}

// Bytes is content held in memory. It must not be changed afterwards.
func Bytes(b []byte) Content {
	return Content{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Size: int64(len(b)),
	}
}

// FileFromPath is the content of a file on disk as it is when it is
// downloaded. A file that cannot be read then answers 500.
func FileFromPath(path string) Content {
	return Content{
		Open: func() (io.ReadCloser, error) { return os.Open(path) },
		Size: -1,
	}
}

// PDF is a generated PDF of one page that shows the title and the note in any
// script, exactly size bytes long unless that is too small for a PDF. Equal
// arguments give equal bytes.
func PDF(title, note string, size int64) Content {
	head, offsets := pdfObjects(title, note)
	padding := max(0, size-int64(len(head))-int64(len(pdfTail(offsets, int64(len(head))))))
	// Padding moves the table, whose position is written in decimal: when the
	// number becomes longer, the padding becomes shorter.
	tail := pdfTail(offsets, int64(len(head))+padding)
	if over := int64(len(head)) + padding + int64(len(tail)) - size; over > 0 {
		padding = max(0, padding-over)
		tail = pdfTail(offsets, int64(len(head))+padding)
	}
	return Content{
		Open: func() (io.ReadCloser, error) {
			fill := io.LimitReader(&comment{}, padding)
			if padding > 0 {
				// The last byte ends the line, or the table would be part of
				// the comment.
				fill = io.MultiReader(io.LimitReader(&comment{}, padding-1), strings.NewReader("\n"))
			}
			return io.NopCloser(io.MultiReader(bytes.NewReader(head), fill, bytes.NewReader(tail))), nil
		},
		Size: int64(len(head)) + padding + int64(len(tail)),
	}
}

// comment is an endless run of PDF comment lines.
type comment struct{ at int }

const commentLine = "% padding padding padding padding padding padding padding padding padding pad\n"

func (c *comment) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], commentLine[c.at:])
		n += m
		c.at = (c.at + m) % len(commentLine)
	}
	return n, nil
}

// pdfObjects gives the file up to its padding, and where each object begins.
// The text uses a font that readers bring along for Japanese, so that nothing
// has to be embedded.
func pdfObjects(title, note string) ([]byte, []int) {
	text := fmt.Sprintf("BT /F1 18 Tf 56 760 Td %s Tj 0 -28 Td /F1 10 Tf %s Tj ET", hexString(title), hexString(note))
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text),
		"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5 /Encoding /UniJIS-UTF16-H /DescendantFonts [6 0 R] >>",
		"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiKakuGo-W5 " +
			"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> " +
			"/DW 1000 /W [1 94 500] /FontDescriptor 7 0 R >>",
		"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922] " +
			"/ItalicAngle 0 /Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>",
		"<< /Title " + infoString(title) + " /Producer (cloudsigntest) >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return b.Bytes(), offsets
}

func pdfTail(offsets []int, table int64) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n",
		len(offsets)+1, len(offsets), table)
	return b.Bytes()
}

// hexString writes text in UTF-16, as the font's encoding wants it.
func hexString(text string) string {
	var b strings.Builder
	b.WriteByte('<')
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return b.String()
}

// infoString writes text as the document information wants it: plain where it
// is ASCII, else UTF-16 with a byte order mark.
func infoString(text string) string {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return "<FEFF" + hexString(text)[1:]
		}
	}
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text) + ")"
}

// send streams a file. Content that ends early breaks the connection, since the
// answer has begun.
func (c *call) send(content Content, contentType string) {
	body, err := content.Open()
	if err != nil {
		c.fail(http.StatusInternalServerError, "internal_server_error", "the file cannot be read")
		return
	}
	defer func() { _ = body.Close() }()
	c.w.Header().Set("Content-Type", contentType)
	if content.Size >= 0 {
		c.w.Header().Set("Content-Length", strconv.FormatInt(content.Size, 10))
	}
	n, err := io.Copy(c.w, body)
	if err != nil || content.Size >= 0 && n != content.Size {
		panic(http.ErrAbortHandler)
	}
}
