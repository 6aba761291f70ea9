package salelink_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration/salelink"
)

func TestConditionsThatNoSaleCanMeetAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := func(subject string) salemap.Condition {
		return salemap.Condition{Subject: subject, Operator: salemap.Equal, Values: []string{"x"}}
	}
	configure := func(c salemap.Condition) error {
		s := w.settings()
		s.Policy.Sales = salelink.Processing{}
		s.Policy.Conditions = salelink.Conditional{Processing: salelink.Processing{Trigger: salelink.Manual}, When: c}
		return w.flow.Configure(t.Context(), s)
	}
	for name, c := range map[string]salemap.Condition{
		"unknown subject":     leaf("produkt.type"),
		"question of no name": leaf("question:"),
		"no operator":         {Subject: "status", Values: []string{"x"}},
		"no values":           {All: []salemap.Condition{{Subject: "status", Operator: salemap.Equal}}},
		"empty part":          {Any: []salemap.Condition{{}}},
		"two kinds at once":   {Subject: "status", Operator: salemap.Equal, Values: []string{"x"}, Any: []salemap.Condition{leaf("status")}},
		"unreadable":          {Unreadable: "a kind of its own"},
	} {
		require.ErrorIs(t, configure(c), countersign.ErrInvalid, name)
	}
	require.NoError(t, configure(salemap.Condition{Any: []salemap.Condition{leaf("question:meter"), {All: []salemap.Condition{leaf("status"), leaf("product.type")}}}}))
}
