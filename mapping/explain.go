package mapping

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Explain gives the map as an aligned text table, one line for each target and
// one more for each further source of it. Labels are the vendor's own; wide
// East Asian characters count as two columns.
func (m *Map[S, T]) Explain() string {
	rows := [][]string{{"TARGET", "LABEL", "KIND", "SOURCE", "LABEL", "TRANSFORM"}}
	for i := range m.steps {
		rows = append(rows, m.steps[i].explain(m.def.Rules[i])...)
	}
	return m.def.Name + ": " + m.def.Source.Name + " → " + m.def.Target.Name + "\n" + table(rows)
}

// explain gives the rows of one rule.
func (s *step[S, T]) explain(r Rule) [][]string {
	transform := r.Transform.name
	if r.Transform.bind == nil {
		transform = copying.name
	}
	if r.Required {
		transform += ", required"
	}
	first := []string{s.to.Key, s.to.Labels.vendor(), s.to.Kind.String(), "", "", transform}
	rows := [][]string{first}
	for i, from := range s.sources {
		if i == 0 {
			first[3], first[4] = from.field.Key, from.field.Labels.vendor()
			continue
		}
		rows = append(rows, []string{"", "", "", "else " + from.field.Key, from.field.Labels.vendor(), ""})
	}
	return rows
}

// vendor is the label in the vendor's own language: keys are English already.
func (l Labels) vendor() string {
	for _, language := range slices.Sorted(maps.Keys(l)) {
		if language != "en" {
			return l[language]
		}
	}
	return l["en"]
}

// table aligns rows of equal length in columns, two spaces apart.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		pending := 0 // spaces are written only before text, so that no line ends in them
		for i, cell := range row {
			if cell != "" {
				b.WriteString(strings.Repeat(" ", pending))
				pending = 0
			}
			b.WriteString(cell)
			pending += widths[i] - columns(cell) + 2
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// columns is the width of s on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide holds the blocks of Unicode Standard Annex 11 whose characters take two
// columns, as whole blocks: labels need no finer distinction.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, // Hangul Jamo
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1}, // CJK radicals and punctuation
		{Lo: 0x3041, Hi: 0xA4CF, Stride: 1}, // kana, CJK ideographs, Yi
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Hangul syllables
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, // CJK compatibility ideographs
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1}, // CJK compatibility and small forms
		{Lo: 0xFF01, Hi: 0xFF60, Stride: 1}, // full-width forms
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1}, // full-width signs
	},
	R32: []unicode.Range32{
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, // pictographs
		{Lo: 0x1F900, Hi: 0x1F9FF, Stride: 1}, // supplemental pictographs
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1}, // CJK extensions
	},
}
