package salesdock

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/countersign/countersign"
)

// StatusesService is the statuses of sales, leads and forms.
type StatusesService struct{ service }

// StatusSource is what a status is a status of.
type StatusSource string

// The sources.
const (
	OfSales StatusSource = "sale"
	OfLeads StatusSource = "lead"
	OfForms StatusSource = "form"
)

// Status is a status. Its ID is the text that is used everywhere, such as "new"
// or "accepted_by_supplier". Ids of leads' statuses may come more than once.
type Status struct {
	Source     StatusSource    `json:"source"`
	ID         string          `json:"id"`
	Name       string          `json:"name"` // in the account's language
	Text       Text            `json:"text"`
	Type       string          `json:"type"` // "default", "cancelled", "closed", "action_required", "netto"; open
	SourceData json.RawMessage `json:"source_data"`
}

// TypeCancelled is the type of a status that cancels.
const TypeCancelled = "cancelled"

// List gives the statuses of a source; the service does not page them. An empty
// source is all.
func (s StatusesService) List(ctx context.Context, source StatusSource, opts ...countersign.CallOption) ([]Status, error) {
	p := params{}
	p.set("status_source", string(source))
	return askList[Status](ctx, s.conn, get(either, "list statuses", "/statuses").query(map[string][]string(p)), opts)
}

// SystemSaleStatuses gives the ids of the statuses that Salesdock brings along.
// No member tells system and custom statuses apart: the list is inferred from
// samples, and so a default that a program may replace. "fnalized" is Salesdock's
// own spelling.
func SystemSaleStatuses() []string {
	return slices.Clone(systemSaleStatuses)
}

var systemSaleStatuses = []string{
	"new", "sent", "cancelled", "error", "verification_pending", "verification_expired", "verified",
	"offer_pending", "offer_accepted", "offer_rejected", "offer_expired", "offer_rejected_alternative",
	"accepted_by_supplier", "netto", "resolved", "reminder-1", "reminder-2", "reminder-3", "invoiced", "paid",
	"contract_terminated", "cancelled_within_happy_call", "concept", "open", "default", "closed",
	StatusOpenCancellation, StatusSyncedCancellation, "completed", "saved", "waiting_for_client", "fnalized", "unfinalized",
}

// SystemFormStatuses gives those of forms, inferred alike.
func SystemFormStatuses() []string {
	return []string{"new", "sent", "cancelled", "error", "completed", "saved", "waiting_for_client"}
}

// The statuses of a cancellation between two linked environments.
const (
	StatusOpenCancellation   = "open_cancellation_proposal"
	StatusSyncedCancellation = "synced_cancellation_request"
)
