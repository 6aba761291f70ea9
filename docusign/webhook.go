package docusign

import (
	"net/url"
	"slices"
	"strings"
)

// Webhook says what an account's Connect configuration shall send where. It can
// only become a configuration of the JSON SIM form: one JSON message an event.
// DocuSign sends legacy XML as soon as one of the four members that ask for JSON
// is missing, so a Webhook sets all of them.
type Webhook struct {
	// Name is what administrators see. It is required.
	Name string
	// URL receives the messages: https, with a certificate of a public authority.
	// It is required.
	URL string
	// Events are what is reported. At least one is required.
	Events []EventKind
	// Include is what messages carry beside ids; none gives ids alone. Messages with
	// IncludeRecipients name the people; those with IncludeDocuments can exceed
	// 25 MB, so download documents rather than include them.
	Include []Include
	// Users are those whose envelopes are reported; none means all users of the
	// account. AllExcept turns the list round.
	Users     []UserID
	AllExcept bool
	// WithoutHMAC, WithoutAcknowledgement, WithoutLog and Disabled switch off what
	// is on otherwise: signatures with each of the account's keys, repetitions
	// until the receiver answers 2xx, the log of deliveries, and the configuration.
	WithoutHMAC            bool
	WithoutAcknowledgement bool
	WithoutLog             bool
	Disabled               bool
}

// Configuration checks the webhook and gives what DocuSign is sent. Its error is
// a *countersign.ConfigError.
func (w Webhook) Configuration() (ConnectConfiguration, error) {
	if strings.TrimSpace(w.Name) == "" {
		return ConnectConfiguration{}, badConfig("Webhook.Name", "is empty", "")
	}
	if err := checkHook("Webhook", w.URL, w.Events, w.Include, true); err != nil {
		return ConnectConfiguration{}, err
	}
	if w.AllExcept && len(w.Users) == 0 {
		return ConnectConfiguration{}, badConfig("Webhook.AllExcept", "is set without Users", "")
	}
	return ConnectConfiguration{
		ConfigurationType: "custom", Name: w.Name, URL: w.URL, Enabled: Bool(!w.Disabled),
		AllUsers: Bool(len(w.Users) == 0 || w.AllExcept), AllUsersExcept: Bool(w.AllExcept), UserIDs: slices.Clone(w.Users),
		DeliveryMode: "SIM", Events: slices.Clone(w.Events), EventData: simData(w.Include),
		HMAC: Bool(!w.WithoutHMAC), Acknowledge: Bool(!w.WithoutAcknowledgement), Log: Bool(!w.WithoutLog),
	}, nil
}

func simData(include []Include) *EventData {
	return &EventData{Version: "restv2.1", Format: "json", Include: slices.Clone(include)}
}

// EnvelopeHook is a webhook of a single envelope, which needs no Connect
// configuration. It too can only be JSON SIM.
type EnvelopeHook struct {
	URL     string // https; required
	Events  []EventKind
	Include []Include
	// WithHMAC signs with the account's keys, of which there has to be one.
	WithHMAC               bool
	WithoutAcknowledgement bool
	WithoutLog             bool
}

// EventNotification is an envelope's own webhook as DocuSign is sent it. Its
// names differ from those of ConnectConfiguration in spelling. Make it with
// EnvelopeHook.Notification.
type EventNotification struct {
	URL          string      `json:"url"`
	DeliveryMode string      `json:"deliveryMode"`
	Events       []EventKind `json:"events"`
	EventData    *EventData  `json:"eventData"`
	HMAC         Bool        `json:"includeHMAC"`
	Acknowledge  Bool        `json:"requireAcknowledgment"`
	Log          Bool        `json:"loggingEnabled"`
}

// Notification checks the hook and gives what goes into an EnvelopeDefinition.
// Its error is a *countersign.ConfigError.
func (h EnvelopeHook) Notification() (*EventNotification, error) {
	if err := checkHook("EnvelopeHook", h.URL, h.Events, h.Include, false); err != nil {
		return nil, err
	}
	return &EventNotification{
		URL: h.URL, DeliveryMode: "SIM", Events: slices.Clone(h.Events), EventData: simData(h.Include),
		HMAC: Bool(h.WithHMAC), Acknowledge: Bool(!h.WithoutAcknowledgement), Log: Bool(!h.WithoutLog),
	}, nil
}

// included are the values of eventData.includeData.
var included = []Include{
	IncludeAttachments, IncludeCustomFields, IncludeDocuments, IncludeExtensions, IncludeFolders,
	IncludePaymentTabs, IncludePowerform, IncludeRecipients, IncludeTabs,
}

func checkHook(component, address string, events []EventKind, include []Include, account bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		return badConfig(component+".URL", "is not an https address without a user and a fragment", "DocuSign sends to https alone")
	case len(events) == 0:
		return badConfig(component+".Events", "is empty", "name at least one event")
	}
	for i, e := range events {
		switch {
		case slices.Contains(events[:i], e):
			return badConfig(component+".Events", "has "+string(e)+" twice", "")
		case !e.IsKnown():
			return badConfig(component+".Events", "has an event that is not known", "use the Event constants")
		case !account && !strings.HasPrefix(string(e), "envelope-") && !strings.HasPrefix(string(e), "recipient-"):
			return badConfig(component+".Events", "has "+string(e)+", which is not about an envelope", "")
		}
	}
	for _, part := range include {
		if !slices.Contains(included, part) {
			return badConfig(component+".Include", "has "+string(part)+", which messages do not carry", "")
		}
	}
	return nil
}
