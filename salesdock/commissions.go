package salesdock

import (
	"context"

	"github.com/countersign/countersign"
)

// CommissionsService is what sales pay. It needs the scope account.
type CommissionsService struct{ service }

// Commissions are entries and their sums.
type Commissions struct {
	Items  List[Commission] `json:"items"`
	Totals struct {
		Amounts Map[Decimal] `json:"amounts"`
		Counts  struct {
			Total   Int `json:"total"`
			Pending Int `json:"pending"`
			Final   Int `json:"final"`
		} `json:"counts"`
	} `json:"totals"`
}

// Commission is one entry.
type Commission struct {
	SaleID           SaleID    `json:"sale_id"`
	PartnerType      Text      `json:"partner_type"` // "user", "organisation" or "account"
	ProductID        ProductID `json:"product_id"`
	Plan             Text      `json:"commission_plan"`
	Description      Text      `json:"description"`
	PayoutPercentage Decimal   `json:"payout_percentage"`
	Currency         Text      `json:"currency"`
	Amount           Decimal   `json:"amount"`
	RecurringType    Text      `json:"recurring_type"`
	RecurringCount   Int       `json:"recurring_count"`
	RunCount         Int       `json:"run_count"`
}

// Outgoing gives what the account pays; an empty sale is all of them.
func (s CommissionsService) Outgoing(ctx context.Context, sale SaleID, opts ...countersign.CallOption) (*Commissions, error) {
	return s.get(ctx, "outgoing", sale, opts)
}

// Incoming gives what the account is paid; an empty sale is all of them.
func (s CommissionsService) Incoming(ctx context.Context, sale SaleID, opts ...countersign.CallOption) (*Commissions, error) {
	return s.get(ctx, "incoming", sale, opts)
}

func (s CommissionsService) get(ctx context.Context, direction string, sale SaleID, opts []countersign.CallOption) (*Commissions, error) {
	c := get(accountOnly, "get "+direction+" commissions", "/commissions/"+direction)
	if sale != "" {
		c = get(accountOnly, "get sale's "+direction+" commissions", "/commissions/"+direction+"/{sale_id}", string(sale))
	}
	return ask[Commissions](ctx, s.conn, c, opts)
}
