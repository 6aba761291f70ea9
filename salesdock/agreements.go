package salesdock

import (
	"context"
	"encoding/json"

	"github.com/countersign/countersign"
)

// AgreementsService is the agreements ("accorderingen") that a customer accepts.
type AgreementsService struct{ service }

// AgreementRow is an agreement in a list.
type AgreementRow struct {
	ID         AgreementID `json:"id"`
	Identifier string      `json:"identifier"`
	Name       string      `json:"name"`
	Text       Text        `json:"text"`
}

// Agreement is an agreement with its settings.
type Agreement struct {
	AgreementRow
	AccountID          Text  `json:"account_id"`
	Description        Text  `json:"description"`
	Type               Text  `json:"type"`
	Archive            Bool  `json:"archive"`
	Required           Bool  `json:"required"`
	Visible            Bool  `json:"visible"`
	DefaultValue       Text  `json:"default_value"`
	ContractVisibility Bool  `json:"contract_pdf_visibility"`
	Rule               *Rule `json:"rule"`
	RuleRequired       Bool  `json:"rule_required"`
	RuleVisible        Bool  `json:"rule_visible"`
	Sort               Int   `json:"sort"`
	// ReferenceID, Source and IntegrationID are set where the agreement came through
	// an integration of Salesdock's own.
	ReferenceID   Text `json:"reference_id"`
	Source        Text `json:"source"`
	IntegrationID Text `json:"salesdock_integration_id"`
	CreatedAt     Time `json:"created_at"`
	UpdatedAt     Time `json:"updated_at"`
	DeletedAt     Time `json:"deleted_at"`
	// Raw is the whole agreement as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the agreement and keeps it whole.
func (a *Agreement) UnmarshalJSON(data []byte) error {
	type plain Agreement
	return decodeKept(data, (*plain)(a), &a.Raw)
}

// List gives all agreements; the service does not page them.
func (s AgreementsService) List(ctx context.Context, opts ...countersign.CallOption) ([]AgreementRow, error) {
	return askList[AgreementRow](ctx, s.conn, get(either, "list agreements", "/agreements"), opts)
}

// Get reads one agreement.
func (s AgreementsService) Get(ctx context.Context, id AgreementID, opts ...countersign.CallOption) (*Agreement, error) {
	return ask[Agreement](ctx, s.conn, get(either, "get agreement", "/agreements/{id}", string(id)), opts)
}
