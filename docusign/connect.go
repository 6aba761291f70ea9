package docusign

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// ConnectService manages DocuSign Connect, the account's webhooks. All its calls
// need an administrator of an account that has Connect: errors match
// ErrConnectNotEnabled or ErrNotAdministrator. Keys for the messages' signatures
// are made in DocuSign's administration pages alone; no documented call of v2.1
// creates them.
type ConnectService struct{ service }

// ConnectConfiguration is a webhook of the account, as DocuSign has it.
type ConnectConfiguration struct {
	ID                ConnectID   `json:"connectId,omitempty"`
	ConfigurationType string      `json:"configurationType,omitempty"` // "custom"
	Name              string      `json:"name,omitempty"`
	URL               string      `json:"urlToPublishTo,omitempty"`
	Enabled           Bool        `json:"allowEnvelopePublish"`
	AllUsers          Bool        `json:"allUsers"`
	AllUsersExcept    Bool        `json:"allUsersExcept"`
	UserIDs           []UserID    `json:"userIds,omitempty"`
	DeliveryMode      string      `json:"deliveryMode,omitempty"` // "SIM"
	Events            []EventKind `json:"events,omitempty"`
	EventData         *EventData  `json:"eventData,omitempty"`
	HMAC              Bool        `json:"includeHMAC"`
	Acknowledge       Bool        `json:"requiresAcknowledgement"`
	Log               Bool        `json:"enableLog"`
	Extra             Extra       `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (c *ConnectConfiguration) UnmarshalJSON(data []byte) (err error) {
	type plain ConnectConfiguration
	c.Extra, err = unmarshalExtra(data, (*plain)(c))
	return err
}

// MarshalJSON writes the members of Extra too, so that what was read can be
// written back without losing anything.
func (c ConnectConfiguration) MarshalJSON() ([]byte, error) {
	type plain ConnectConfiguration
	return marshalExtra(plain(c), c.Extra)
}

// IsSIM reports whether the configuration sends the JSON messages that a
// receiver of this package is made for.
func (c ConnectConfiguration) IsSIM() bool {
	return strings.EqualFold(c.DeliveryMode, "SIM") && len(c.Events) > 0 && c.EventData != nil &&
		strings.EqualFold(c.EventData.Version, "restv2.1") && strings.EqualFold(c.EventData.Format, "json")
}

// EventData is what messages carry, and in which form.
type EventData struct {
	Version string    `json:"version,omitempty"`
	Format  string    `json:"format,omitempty"`
	Include []Include `json:"includeData,omitempty"`
}

type configurations struct {
	Configurations []ConnectConfiguration `json:"configurations"`
}

const connectPath = "/connect/{connectId}"

// List reads the account's configurations.
func (s ConnectService) List(ctx context.Context, opts ...countersign.CallOption) ([]ConnectConfiguration, error) {
	m, err := admin[configurations](ctx, s, get("list Connect configurations", "/connect"), opts)
	if err != nil {
		return nil, err
	}
	return m.Configurations, nil
}

// Get reads one configuration.
func (s ConnectService) Get(ctx context.Context, id ConnectID, opts ...countersign.CallOption) (*ConnectConfiguration, error) {
	m, err := admin[configurations](ctx, s, get("get Connect configuration", connectPath, string(id)), opts)
	if err != nil {
		return nil, err
	}
	for i := range m.Configurations {
		if m.Configurations[i].ID == id || len(m.Configurations) == 1 {
			return &m.Configurations[i], nil
		}
	}
	return nil, &countersign.Error{
		Provider: "docusign", Op: "get Connect configuration", Method: "GET", StatusCode: 200,
		Path: "/v2.1/accounts/{accountId}" + connectPath, Kind: countersign.ErrNotFound, Message: "the answer holds no configuration",
	}
}

// Create makes a configuration. An account has at most 20.
func (s ConnectService) Create(ctx context.Context, hook Webhook, opts ...countersign.CallOption) (*ConnectConfiguration, error) {
	c, err := hook.Configuration()
	if err != nil {
		return nil, err
	}
	return admin[ConnectConfiguration](ctx, s, send(api.Write, "create Connect configuration", "POST", "/connect", c), opts)
}

// Update makes an existing configuration what the webhook says. Members that a
// Webhook does not know stay as they are.
func (s ConnectService) Update(ctx context.Context, id ConnectID, hook Webhook, opts ...countersign.CallOption) (*ConnectConfiguration, error) {
	want, err := hook.Configuration()
	if err != nil {
		return nil, err
	}
	now, err := s.Get(ctx, id, opts...)
	if err != nil {
		return nil, err
	}
	want.ID, want.Extra = id, now.Extra
	// They belong to the legacy formats, and DocuSign sends those when they are set.
	for _, legacy := range []string{"envelopeEvents", "recipientEvents", "useSoapInterface", "soapNamespace"} {
		delete(want.Extra, legacy)
	}
	return admin[ConnectConfiguration](ctx, s, send(api.IdempotentWrite, "update Connect configuration", "PUT", "/connect", want), opts)
}

// SetEnabled starts or stops a configuration.
func (s ConnectService) SetEnabled(ctx context.Context, id ConnectID, enabled bool, opts ...countersign.CallOption) (*ConnectConfiguration, error) {
	c, err := s.Get(ctx, id, opts...)
	if err != nil {
		return nil, err
	}
	c.ID, c.Enabled = id, Bool(enabled)
	return admin[ConnectConfiguration](ctx, s, send(api.IdempotentWrite, "update Connect configuration", "PUT", "/connect", c), opts)
}

// Delete deletes a configuration; messages that wait are lost.
func (s ConnectService) Delete(ctx context.Context, id ConnectID, opts ...countersign.CallOption) error {
	return s.do(ctx, send(api.IdempotentWrite, "delete Connect configuration", "DELETE", connectPath, nil, string(id)), opts)
}

// Users reads a page of the users whose envelopes a configuration covers.
func (s ConnectService) Users(ctx context.Context, id ConnectID, cursor string, opts ...countersign.CallOption) (*countersign.Page[UserRef], error) {
	v := url.Values{}
	if err := addPage(v, 0, cursor); err != nil {
		return nil, err
	}
	m, err := admin[struct {
		listing
		Users []UserRef `json:"users"`
	}](ctx, s, get("list Connect users", connectPath+"/users", string(id)).query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Users)
}

// Check says whether the client can manage Connect: nil, or an error that
// matches ErrConnectNotEnabled or ErrNotAdministrator and says what to do.
func (s ConnectService) Check(ctx context.Context, opts ...countersign.CallOption) error {
	_, err := s.List(ctx, opts...)
	return err
}

// admin runs a call that needs Connect and an administrator.
func admin[T any](ctx context.Context, s ConnectService, c call, opts []countersign.CallOption) (*T, error) {
	v, err := ask[T](ctx, s.conn, c, opts)
	return v, explainConnect(err)
}

func (s ConnectService) do(ctx context.Context, c call, opts []countersign.CallOption) error {
	return explainConnect(do(ctx, s.conn, c, opts))
}

// explainConnect says which of the two conditions a refusal means, and what to
// do about it. DocuSign answers both with codes that other calls use too.
func explainConnect(err error) error {
	e, ok := errors.AsType[*countersign.Error](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(e, ErrNotAdministrator) || e.Code == CodeUserLacksPermissions:
		e.Kind = ErrNotAdministrator
		e.Err = errors.New("administrators of the account manage Connect; log in as one, or have one give the user a DocuSign Administrator permission profile")
	case e.Code == CodeAccountLacksPermissions || e.Code == "CONNECT_NOT_ENABLED" || e.Code == "ACCOUNT_NOT_ENABLED_FOR_CONNECT":
		e.Kind = ErrConnectNotEnabled
		e.Err = errors.New("it is part of Business Pro and higher plans and of developer accounts; ask DocuSign to enable it, or use EnvelopeDefinition.EventNotification")
	}
	return err
}

// ConnectLog is a delivery that DocuSign remembers. It keeps 100 of a
// configuration with Log.
type ConnectLog struct {
	ID         string     `json:"logId"`
	FailureID  string     `json:"failureId"`
	AccountID  AccountID  `json:"accountId"`
	EnvelopeID EnvelopeID `json:"envelopeId"`
	ConnectID  ConnectID  `json:"connectId"`
	ConfigURL  string     `json:"configUrl"`
	Created    Text       `json:"created"`
	LastTry    Text       `json:"lastTry"`
	RetryCount Int        `json:"retryCount"`
	Status     string     `json:"status"`
	Error      string     `json:"error"`
	Subject    string     `json:"subject"`
	Debug      []DebugLog `json:"connectDebugLog"`
}

// DebugLog is one step of a delivery.
type DebugLog struct {
	Config      string `json:"connectConfig"`
	When        Text   `json:"eventDateTime"`
	Description string `json:"eventDescription"`
	Payload     string `json:"payload"`
}

type connectLogs struct {
	Failures []ConnectLog `json:"failures"`
	Logs     []ConnectLog `json:"logs"`
}

func between(from, to time.Time) url.Values {
	v := url.Values{}
	if !from.IsZero() {
		v.Set("from_date", instant(from))
	}
	if !to.IsZero() {
		v.Set("to_date", instant(to))
	}
	return v
}

// Failures reads the deliveries that failed between two times; zero times leave
// the bounds open.
func (s ConnectService) Failures(ctx context.Context, from, to time.Time, opts ...countersign.CallOption) ([]ConnectLog, error) {
	m, err := admin[connectLogs](ctx, s, get("list Connect failures", "/connect/failures").query(between(from, to)), opts)
	if err != nil {
		return nil, err
	}
	return m.Failures, nil
}

// DeleteFailure forgets a failed delivery, so that it is not tried again (DELETE
// /connect/failures/{failureId}); "all" forgets every one. It is sent once: what
// failed meanwhile would be forgotten by a repetition.
func (s ConnectService) DeleteFailure(ctx context.Context, failureID string, opts ...countersign.CallOption) error {
	return s.do(ctx, send(api.Write, "delete Connect failure", "DELETE", "/connect/failures/{failureId}", nil, failureID), opts)
}

// Logs reads the deliveries between two times; zero times leave the bounds open.
func (s ConnectService) Logs(ctx context.Context, from, to time.Time, opts ...countersign.CallOption) ([]ConnectLog, error) {
	m, err := admin[connectLogs](ctx, s, get("list Connect logs", "/connect/logs").query(between(from, to)), opts)
	if err != nil {
		return nil, err
	}
	return m.Logs, nil
}

// Log reads one delivery with its steps.
func (s ConnectService) Log(ctx context.Context, logID string, opts ...countersign.CallOption) (*ConnectLog, error) {
	c := get("get Connect log", "/connect/logs/{logId}", logID)
	return admin[ConnectLog](ctx, s, c.query(url.Values{"additional_info": {"true"}}), opts)
}

// DeleteLog forgets one delivery.
func (s ConnectService) DeleteLog(ctx context.Context, logID string, opts ...countersign.CallOption) error {
	return s.do(ctx, send(api.IdempotentWrite, "delete Connect log", "DELETE", "/connect/logs/{logId}", nil, logID), opts)
}

// ClearLogs forgets all deliveries (DELETE /connect/logs). It is sent once: what
// was logged meanwhile would be forgotten by a repetition.
func (s ConnectService) ClearLogs(ctx context.Context, opts ...countersign.CallOption) error {
	return s.do(ctx, send(api.Write, "clear Connect logs", "DELETE", "/connect/logs", nil), opts)
}

// Republished says what became of a message that is sent again.
type Republished struct {
	ConnectID  ConnectID  `json:"configId"`
	URL        string     `json:"configUrl"`
	EnvelopeID EnvelopeID `json:"envelopeId"`
	Status     string     `json:"status"`
	Message    string     `json:"statusMessage"`
}

type retryQueue struct {
	Queue []Republished `json:"retryQueue"`
}

// Republish has the messages of envelopes sent again, in the background (PUT
// /connect/envelopes/{envelopeId}/retry_queue, and …/retry_queue for several). It
// is sent once, since each call sends the messages again.
func (s ConnectService) Republish(ctx context.Context, ids []EnvelopeID, opts ...countersign.CallOption) ([]Republished, error) {
	var c call
	switch len(ids) {
	case 0:
		return nil, badConfig("ids", "is empty", "")
	case 1:
		c = send(api.Write, "republish envelope", "PUT", "/connect/envelopes/{envelopeId}/retry_queue", nil, string(ids[0]))
	default:
		body := struct {
			IDs         []EnvelopeID `json:"envelopeIds"`
			Synchronous Bool         `json:"synchronous"` // has to be false
		}{IDs: ids}
		c = send(api.Write, "republish envelopes", "PUT", "/connect/envelopes/retry_queue", body)
	}
	m, err := admin[retryQueue](ctx, s, c, opts)
	if err != nil {
		return nil, err
	}
	return m.Queue, nil
}
