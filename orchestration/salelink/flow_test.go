package salelink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
)

func TestSaleGoesToBAndItsStatusComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.SentStatus, s.Policy.ReferenceField = "sent", "partner-id" })
	sale := w.sell()
	w.advance(20 * time.Minute)

	got := w.received()
	require.Len(t, got, 1)
	require.Equal(t, "alpha:"+string(id[salesdock.SaleID](sale)), got[0].ExternalReference)
	require.True(t, got[0].Completed)
	require.Empty(t, w.b.Mails())
	require.Equal(t, map[string]any{"meter-b": "slim"}, got[0].Body["questionData"])
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	w.advance(5 * time.Minute)
	at := w.a.Sale(sale)
	require.Equal(t, "sent", at.Status)
	require.Equal(t, string(id[salesdock.SaleID](got[0].ID)), at.Fields["partner-id"])

	w.b.SetStatus(got[0].ID, "verwerkt", "")
	w.advance(20 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(sale).Status)
	require.Equal(t, "verwerkt", w.sale(sale).StatusB)
	require.Len(t, w.received(), 1)
}
