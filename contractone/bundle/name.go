package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/countersign/countersign/contractone"
)

// Bounds of the parts of names, in UTF-16 units, which Windows counts. A name
// stays below the 255 bytes of Linux, and folder and name together below 190
// units, so that a path of Windows (260) has room for where the bundle lies.
const (
	maxTitle    = 60
	maxDocument = 36
	maxLabel    = 40
)

// safeText is text for a part of a file name on Windows, macOS and Linux: in
// normalisation form C, without the characters that Windows forbids, without
// control and invisible characters (some reverse what a person reads), without dots and spaces at
// the ends, at most limit UTF-16 units. It may be empty.
func safeText(s string, limit int) string {
	var b strings.Builder
	units := 0
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case r == utf8.RuneError, strings.ContainsRune(`<>:"/\|?*`, r), unicode.In(r, unicode.C):
			r = '_'
		}
		if r == ' ' && strings.HasSuffix(b.String(), " ") {
			continue
		}
		if units += utf16.RuneLen(r); units > limit {
			break
		}
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), " .")
}

// fileStem is "<signed date>_<title>_<document>-<n>". It begins with a digit or
// "undated", so it is none of the device names of Windows.
func fileStem(e contractone.Entry) string {
	date := e.Items.SignedOn.String()
	if date == "" {
		date = "undated"
	}
	title := safeText(e.Items.Title, maxTitle)
	if title == "" {
		title = safeText(strings.TrimSuffix(e.Items.FileName, ".pdf"), maxTitle)
	}
	if title == "" {
		title = "untitled"
	}
	return date + "_" + title + "_" + safeText(e.Source.DocumentID, maxDocument) + "-" + strconv.Itoa(e.Source.FileIndex)
}

// folderName names the folder of a share scope and a set of responsible persons.
// The order of groups and persons does not matter; the digits at the end tell
// sets apart whose readable part is equal.
func folderName(share contractone.Share, responsible []contractone.Principal) string {
	groups := slices.Sorted(slices.Values(share.Groups))
	who := slices.Clone(responsible)
	slices.SortFunc(who, func(a, b contractone.Principal) int { return strings.Compare(a.String(), b.String()) })
	names := make([]string, len(who))
	for i, p := range who {
		names[i] = p.String()
	}
	label := contractone.Share{Visibility: share.Visibility, Groups: groups}.String() + "_" + strings.Join(names, ", ")
	// Strings and lists of strings can always be encoded.
	set, _ := json.Marshal([]any{share.Visibility, groups, who})
	return safeText(label, maxLabel) + "_" + shortHash(string(set), 12)
}

func shortHash(s string, digits int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:digits]
}

// digest stands for a key or a name in memory.
type digest [16]byte

func digestOf(s string) digest {
	sum := sha256.Sum256([]byte(s))
	return digest(sum[:16])
}

// folded is what two names have in common that Windows or macOS take for one.
func folded(name string) digest {
	return digestOf(strings.ToLower(strings.ToUpper(norm.NFC.String(name))))
}
