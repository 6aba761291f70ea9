package salelink

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

func TestCustomersWordsBecomeDots(t *testing.T) {
	t.Parallel()
	s := &salesdock.Sale{}
	s.Customer.Firstname, s.Customer.Lastname, s.Customer.Email = "Zoë", "van den Berg", "zoe@example.com"
	s.FlowData.Questions = []salesdock.AnsweredQuestion{{Value: salesdock.AnswerValue{Texts: []string{"slim", "op de hoek"}}}}
	words := saidIn(s)
	for text, want := range map[string]string{
		"ZOË VAN DEN BERG is onbekend":   "… … is onbekend",
		"Bergen is geen waarde":          "Bergen is geen waarde",
		"(zoe@example.com) bestaat al":   "(…) bestaat al",
		"meter: slim, niet op de hoek.":  "meter: …, niet ….",
		"\xff\xfezoe@example.com\xff ok": "\xff\xfe…\xff ok",
		"":                               "",
	} {
		require.Equal(t, want, words.without(text), text)
	}
	require.Less(t, len(words.without(strings.Repeat("lang ", 1000))), maxQuote+10)
	require.Len(t, words.withoutIn(make([]salemap.Fault, 1000)), maxFaults)
}

// What is sold is not known where a line tells no type, so no condition on it
// holds.
func TestLineWithoutATypeLeavesItOpen(t *testing.T) {
	t.Parallel()
	s := &salesdock.Sale{Products: []salesdock.SaleProduct{{ID: "1", Type: "simple"}, {Name: "Pakket"}}}
	not := salemap.Condition{Subject: "product.type", Operator: salemap.NotEqual, Values: []string{"telecom_1p"}}
	require.Equal(t, salemap.Undecidable, not.Decide(SaleFacts(s)).Truth)
	s.Products = s.Products[:1]
	require.Equal(t, salemap.True, not.Decide(SaleFacts(s)).Truth)
}
