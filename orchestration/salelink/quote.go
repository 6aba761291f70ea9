package salelink

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

// said are the words of a sale's customer. B may quote them in what it refuses;
// what is stored and logged of that does not.
type said []string

// saidIn collects what the customer of a sale said, longest first.
func saidIn(s *salesdock.Sale) said {
	var out said
	add := func(text string) {
		for _, word := range append(strings.Fields(text), strings.TrimSpace(text)) {
			if utf8.RuneCountInString(word) > 2 {
				out = append(out, word)
			}
		}
	}
	for _, part := range []any{s.Customer, s.Energy} {
		data, err := json.Marshal(part)
		var tree any
		if err == nil && json.Unmarshal(data, &tree) == nil {
			leaves(tree, add)
		}
	}
	for _, q := range s.FlowData.Questions {
		add(q.Value.Text)
		for _, text := range q.Value.Texts {
			add(text)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}

// leaves goes through the texts of a JSON tree.
func leaves(tree any, do func(string)) {
	switch v := tree.(type) {
	case string:
		do(v)
	case []any:
		for _, x := range v {
			leaves(x, do)
		}
	case map[string]any:
		for _, x := range v {
			leaves(x, do)
		}
	}
}

// maxQuote bounds what is kept of one of B's texts, in bytes.
const maxQuote = 300

// without gives a text in which the customer's words are dots.
func (s said) without(text string) string {
	for _, word := range s {
		text = withoutWord(text, word)
	}
	if len(text) > maxQuote {
		text = strings.ToValidUTF8(text[:maxQuote], "") + "…"
	}
	return text
}

// withoutWord replaces a word whatever its case, where it stands by itself.
func withoutWord(text, word string) string {
	var out strings.Builder
	last := rune(-1)
	for text != "" {
		n := foldedPrefix(text, word)
		next, _ := utf8.DecodeRuneInString(text[n:])
		if n > 0 && !wordRune(last) && (n == len(text) || !wordRune(next)) {
			out.WriteString("…")
			last, text = '…', text[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		out.WriteString(text[:size])
		last, text = r, text[size:]
	}
	return out.String()
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// foldedPrefix gives how much of the text the word takes at its beginning; 0: it
// is not there.
func foldedPrefix(text, word string) int {
	at := 0
	for range word {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	if !strings.EqualFold(text[:at], word) {
		return 0
	}
	return at
}

// unquoted is an error whose text quotes no customer.
type unquoted struct {
	err  error
	said said
}

func (e *unquoted) Error() string { return e.said.without(e.err.Error()) }
func (e *unquoted) Unwrap() error { return e.err }

// maxFaults bounds how many refused fields are kept of one sale.
const maxFaults = 50

func (s said) withoutIn(faults []salemap.Fault) []salemap.Fault {
	faults = faults[:min(len(faults), maxFaults)]
	for i := range faults {
		f := &faults[i]
		f.Field, f.Name, f.Reason = s.without(f.Field), s.without(f.Name), s.without(f.Reason)
	}
	return faults
}
