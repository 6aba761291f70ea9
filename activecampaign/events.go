package activecampaign

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// trackingAddress is the host of event tracking, the same for all accounts
// (ActiveCampaign, "Track event").
const trackingAddress = "https://trackcmp.net"

// maxEventName is the longest name of an event, in characters.
const maxEventName = 32

// EventsService records events of contacts. An automation with the trigger "Event
// is recorded" starts at each of them, also when the contact had one before.
type EventsService struct {
	service
	tracker *tracker
}

// tracker sends to the host of event tracking.
type tracker struct {
	api     *api.Client
	account string
	key     countersign.Secret
}

func newTracker(cfg Tracking, set countersign.Settings, direct bool, b *budget) (*tracker, error) {
	if direct {
		root := *set.BaseURL
		root.Path = strings.TrimSuffix(root.Path, version)
		set.BaseURL = &root
	} else {
		u, err := countersign.ParseBaseURL(trackingAddress)
		if err != nil {
			return nil, err
		}
		set.BaseURL = u
	}
	// The event key goes in the body; no call here carries the API key.
	a, err := api.New(apiConfig(set, b, nil))
	if err != nil {
		return nil, err
	}
	return &tracker{a, cfg.AccountID, cfg.EventKey}, nil
}

// TrackedEvent is an event of a contact.
type TrackedEvent struct {
	Name  string // at most 32 characters, registered with EventsService.Register
	Email string // of the contact; ActiveCampaign makes one where there is none
	Data  string // anything, shown beside the event
}

// Track records an event (POST https://trackcmp.net/event). It needs
// Config.Tracking. It is sent once, since each call records another event.
func (s EventsService) Track(ctx context.Context, e TrackedEvent, opts ...countersign.CallOption) error {
	t := s.tracker
	switch {
	case t.account == "" || t.key.IsZero():
		return badConfig("Tracking", "lacks the actid or the event key", "copy both from ActiveCampaign: Settings, Tracking, Event Tracking")
	case e.Name == "":
		return badConfig("Name", "is empty", "")
	case utf8.RuneCountInString(e.Name) > maxEventName:
		return badConfig("Name", "has more than 32 characters", "")
	}
	if err := checkEmail("Email", e.Email); err != nil {
		return err
	}
	visit, err := json.Marshal(map[string]string{"email": e.Email})
	if err != nil {
		return err
	}
	form := url.Values{"actid": {t.account}, "key": {t.key.Reveal()}, "event": {e.Name}, "visit": {string(visit)}}
	if e.Data != "" {
		form.Set("eventdata", e.Data)
	}
	c := send(api.Write, "track event", http.MethodPost, "/event", nil)
	c.Body, c.Secrets, c.NoAuth, c.Accept = api.Form(form), []countersign.Secret{t.key}, true, "*/*"
	var got tracked
	if err := t.api.Run(ctx, c, got.decode, opts...); err != nil {
		return err
	}
	if got.ok {
		return nil
	}
	return &countersign.Error{
		Provider: provider, Op: c.Op, Method: c.Method, Path: c.Path.Template(), StatusCode: http.StatusOK,
		Attempts: 1, Kind: countersign.ErrInvalid, Message: api.Clean(got.message, t.key),
	}
}

// tracked is the answer of event tracking: JSON or a single digit, and 200 also
// for a refusal.
type tracked struct {
	ok      bool
	message string
}

func (t *tracked) decode(_ string, body []byte) error {
	var m struct {
		Success Bool `json:"success"`
		Message Text `json:"message"`
	}
	var digit Bool
	switch body = bytes.TrimSpace(body); {
	case json.Unmarshal(body, &m) == nil:
		t.ok, t.message = bool(m.Success), string(m.Message)
	case len(body) > 0 && json.Unmarshal(body, &digit) == nil:
		t.ok, t.message = bool(digit), "the event was not recorded"
	default:
		return api.BadAnswer("expected JSON or a digit")
	}
	return nil
}

type trackingStatus struct {
	Tracking struct {
		Enabled Bool `json:"enabled"`
	} `json:"eventTracking"`
}

// Enabled reports whether the account tracks events (GET /eventTracking).
func (s EventsService) Enabled(ctx context.Context, opts ...countersign.CallOption) (bool, error) {
	m, err := api.JSON[trackingStatus](ctx, s.api, get("get event tracking", "/eventTracking"), opts...)
	if err != nil {
		return false, err
	}
	return bool(m.Tracking.Enabled), nil
}

// SetEnabled switches event tracking of the account on or off
// (PUT /eventTracking). It is repeated when no answer comes.
func (s EventsService) SetEnabled(ctx context.Context, enabled bool, opts ...countersign.CallOption) error {
	body := map[string]any{"eventTracking": map[string]bool{"enabled": enabled}}
	return s.api.Run(ctx, send(api.IdempotentWrite, "set event tracking", http.MethodPut, "/eventTracking", body), nil, opts...)
}

type eventName struct {
	Name string `json:"name"`
}

// Names reads the names of the events that are registered
// (GET /eventTrackingEvents).
func (s EventsService) Names(ctx context.Context, opts ...countersign.CallOption) ([]string, error) {
	m, err := api.JSON[struct {
		Events []eventName `json:"eventTrackingEvents"`
	}](ctx, s.api, get("list events", "/eventTrackingEvents"), opts...)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range m.Events {
		names = append(names, e.Name)
	}
	return names, nil
}

// Register makes a name that Track may use (POST /eventTrackingEvents). It is sent
// once: what a second registration does is undocumented.
func (s EventsService) Register(ctx context.Context, name string, opts ...countersign.CallOption) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return badConfig("name", "is empty", "")
	case n > maxEventName:
		return badConfig("name", "has more than 32 characters", "")
	}
	body := map[string]eventName{"eventTrackingEvent": {name}}
	return s.api.Run(ctx, send(api.Write, "register event", http.MethodPost, "/eventTrackingEvents", body), nil, opts...)
}

// Unregister deletes a name (DELETE /eventTrackingEvents/{eventName}). ActiveCampaign
// gives no reason when it refuses, so that a name that is not registered is
// ErrInvalid; Names shows which are. It is repeated when no answer comes.
func (s EventsService) Unregister(ctx context.Context, name string, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "unregister event", http.MethodDelete, "/eventTrackingEvents/{eventName}", nil, name), nil, opts...))
}
