package bulkcsv

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// Encoding is how a file writes its characters.
type Encoding string

// The encodings. CP932 is the Shift_JIS of Windows.
const (
	UTF8    Encoding = "UTF-8"
	UTF8BOM Encoding = "UTF-8 with byte order mark"
	CP932   Encoding = "CP932"
)

var byteOrderMark = []byte("\ufeff")

// fits tells the encoding of some bytes; "" when they are ASCII and fit all. What
// is UTF-8 is taken for UTF-8: text of CP932 hardly ever is.
func fits(b []byte) Encoding {
	switch {
	case !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }):
		return ""
	case utf8.Valid(b):
		return UTF8
	}
	return CP932
}

// decode gives the text of some bytes; ok is false when they don't fit.
func (e Encoding) decode(b []byte) (text string, ok bool) {
	if e != CP932 {
		return string(b), utf8.Valid(b)
	}
	out, err := japanese.ShiftJIS.NewDecoder().Bytes(b)
	return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}

// encode gives the bytes of a text; ok is false when reading them again would
// not give the same text.
func (e Encoding) encode(text string) (b []byte, ok bool) {
	if e != CP932 {
		return []byte(text), utf8.ValidString(text)
	}
	b, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(text))
	if err != nil {
		return nil, false
	}
	again, ok := e.decode(b)
	return b, ok && again == text
}

// twinsOf are characters that macOS and the JIS tables write where Windows has
// another code point for the same character of CP932: the wave dash and its family.
var twinsOf = strings.NewReplacer("〜", "～", "−", "－", "—", "―", "‖", "∥", "¢", "￠", "£", "￡", "¬", "￢")

// twins gives a text as the encoding writes it: in CP932 with the twins that it has.
func (e Encoding) twins(text string) string {
	if e != CP932 {
		return text
	}
	return twinsOf.Replace(text)
}

// unquote takes the quotation marks off a cell's bytes.
func unquote(b []byte, quoted bool) []byte {
	if !quoted {
		return b
	}
	return bytes.ReplaceAll(b[1:len(b)-1], []byte(`""`), []byte(`"`))
}

// quote puts quotation marks around a cell's bytes where they are needed, and
// where they were before.
func quote(b []byte, quoted bool) []byte {
	if !quoted && !bytes.ContainsAny(b, ",\"\r\n") && strings.TrimSpace(string(b)) == string(b) {
		return b
	}
	out := append([]byte{'"'}, bytes.ReplaceAll(b, []byte(`"`), []byte(`""`))...)
	return append(out, '"')
}
