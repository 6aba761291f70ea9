package mapping_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

func benchOrder() order {
	return order{Title: "A deal", Cents: new(int64(5)), Due: countersign.Date{Year: 2026, Month: 2, Day: 28},
		Placed: time.Unix(1, 0), Paid: true, Priority: "high", Tags: []string{"a"}}
}

// handWritten does what fullRules do, with the same provenance and findings.
func handWritten(src *order, dst *invoice) mapping.Result {
	res := mapping.Result{Origins: make([]mapping.Origin, 8)}
	o := res.Origins
	note := func(i int, to, from string, state mapping.State) {
		o[i] = mapping.Origin{To: to, From: from, State: state}
	}
	switch {
	case !mapping.TextOf(src.Title).IsAbsent() && len(src.Title) <= 10:
		dst.Title = src.Title
		note(0, "title", "title", mapping.StateCopied)
	case !mapping.TextOf(src.Name).IsAbsent() && len(src.Name) <= 10:
		dst.Title = src.Name
		note(0, "title", "name", mapping.StateCopied)
	default:
		note(0, "title", "", mapping.StateAbsent)
		res.Findings = append(res.Findings, mapping.Finding{Severity: mapping.SeverityError, Code: mapping.CodeRequired, Field: "title"})
	}
	note(1, "total", "", mapping.StateAbsent)
	if src.Cents != nil {
		dst.Total, dst.HasTotal = *src.Cents, true
		note(1, "total", "cents", mapping.StateCopied)
	}
	note(2, "due", "", mapping.StateAbsent)
	if src.Due.IsValid() {
		dst.Due = src.Due
		note(2, "due", "due", mapping.StateCopied)
	}
	note(3, "placed", "", mapping.StateAbsent)
	if !src.Placed.IsZero() {
		dst.Placed = src.Placed.UTC()
		note(3, "placed", "placed", mapping.StateCopied)
	}
	dst.Paid = src.Paid
	note(4, "paid", "paid", mapping.StateCopied)
	note(5, "urgency", "priority", mapping.StateAbsent)
	if src.Priority == "high" {
		dst.Urgency = "urgent"
		note(5, "urgency", "priority", mapping.StateTransformed)
	}
	note(6, "tags", "", mapping.StateAbsent)
	if len(src.Tags) > 0 {
		dst.Tags = src.Tags
		note(6, "tags", "tags", mapping.StateCopied)
	}
	dst.Currency = "JPY"
	note(7, "currency", "", mapping.StateConstant)
	dst.Writes += 8
	return res
}

func TestHandWrittenAgreesWithTheMap(t *testing.T) {
	t.Parallel()
	src := benchOrder()
	var byMap, byHand invoice
	res := mustCompile(t, definition(fullRules()...)).Run(&src, &byMap)
	require.Equal(t, handWritten(&src, &byHand), res)
	require.Equal(t, byHand, byMap)
}

func BenchmarkRun(b *testing.B) {
	m := mustCompile(b, definition(fullRules()...))
	src, dst := benchOrder(), invoice{}
	b.ReportAllocs()
	for b.Loop() {
		m.Run(&src, &dst)
	}
}

func BenchmarkHandWritten(b *testing.B) {
	src, dst := benchOrder(), invoice{}
	b.ReportAllocs()
	for b.Loop() {
		handWritten(&src, &dst)
	}
}

func TestRunAllocatesOnlyItsResult(t *testing.T) {
	m := mustCompile(t, definition(fullRules()...))
	src, dst := benchOrder(), invoice{}
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { m.Run(&src, &dst) }), 1.0)
}
