package salesdock

import (
	"context"
	"encoding/json"
	"time"

	"github.com/countersign/countersign"
)

// OptIn is a customer's consent to be contacted, as the dialer has it.
type OptIn struct {
	Source         string
	ObtainedAt     time.Time
	ObtainedBy     string
	ObtainedSystem string
	ObtainedViaURL string
	ClientIP       string
	ValidTill      time.Time
	WithdrawnAt    time.Time
	Remarks        string
	CampaignCode   string
	Proof          *File // png, jpg, jpeg or pdf
	Channels       []OptInChannel
}

// OptInChannel is one way to contact the customer.
type OptInChannel struct {
	Type           string // "email" or "phone"
	Value          string
	Topic          string
	VerifiedAt     time.Time
	VerifiedIP     string
	VerifiedMethod string // "sms", "call" or "whatsapp"
}

type optInBody struct {
	Source         string         `json:"source,omitempty"`
	ObtainedAt     string         `json:"obtained_at,omitempty"`
	ObtainedBy     string         `json:"obtained_by,omitempty"`
	ObtainedSystem string         `json:"obtained_system,omitempty"`
	ObtainedViaURL string         `json:"obtained_via_url,omitempty"`
	ClientIP       string         `json:"client_ip,omitempty"`
	ValidTill      string         `json:"valid_till,omitempty"`
	WithdrawnAt    string         `json:"withdrawn_at,omitempty"`
	Remarks        string         `json:"remarks,omitempty"`
	CampaignCode   string         `json:"campaign_code,omitempty"`
	Proof          *File          `json:"proof,omitempty"`
	Channels       []optInChannel `json:"channels,omitempty"`
}

type optInChannel struct {
	Type           string `json:"type"`
	Value          string `json:"value"`
	Topic          string `json:"topic,omitempty"`
	VerifiedAt     string `json:"verified_at,omitempty"`
	VerifiedIP     string `json:"verified_ip,omitempty"`
	VerifiedMethod string `json:"verified_method,omitempty"`
}

func (o OptIn) body() optInBody {
	out := optInBody{
		Source: o.Source, ObtainedAt: stamp(o.ObtainedAt), ObtainedBy: o.ObtainedBy, ObtainedSystem: o.ObtainedSystem,
		ObtainedViaURL: o.ObtainedViaURL, ClientIP: o.ClientIP, ValidTill: stamp(o.ValidTill), WithdrawnAt: stamp(o.WithdrawnAt),
		Remarks: o.Remarks, CampaignCode: o.CampaignCode, Proof: o.Proof,
	}
	for _, c := range o.Channels {
		out.Channels = append(out.Channels, optInChannel{c.Type, c.Value, c.Topic, stamp(c.VerifiedAt), c.VerifiedIP, c.VerifiedMethod})
	}
	return out
}

// MarshalJSON writes times in Amsterdam's time, as Salesdock reads them.
func (o OptIn) MarshalJSON() ([]byte, error) { return json.Marshal(o.body()) }

// AddOptIn adds a consent to a sale; Salesdock ignores it when the sale has one
// already. It needs the scope account and at least one channel.
func (s SalesService) AddOptIn(ctx context.Context, id SaleID, o OptIn, opts ...countersign.CallOption) error {
	if len(o.Channels) == 0 {
		return badConfig("OptIn.Channels", "is empty", "give at least one")
	}
	return s.conn.run(ctx, send(accountOnly, "add opt-in", "POST", "/sales/{id}/optin", o, string(id)), nil, opts)
}
