package docusign

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// eventText is a JSON scalar as text. DocuSign writes most numbers and booleans
// as strings, but not all, and not always the same ones.
type eventText string

// UnmarshalJSON never fails: an object or array is no scalar and reads as "".
func (t *eventText) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		if text := b[1 : len(b)-1]; bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
			*t = eventText(text) // nearly all text is free of escapes, and this is much faster
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = eventText(s)
	case 'n', '{', '[':
		*t = ""
	default:
		*t = eventText(b)
	}
	return nil
}

func (t eventText) int() int {
	n, err := strconv.Atoi(string(t))
	if err != nil {
		return 0
	}
	return n
}

// time reads ISO 8601 with any fraction; what can't be read is zero. JSON
// messages are always in UTC, also where they leave the Z out.
func (t eventText) time() time.Time {
	at, _ := parseTime(string(t), time.UTC)
	return at
}

// simJSON is a SIM message. The members at the end belong to the envelope of an
// aggregate message, which has no other wrapper.
type simJSON struct {
	Event           *eventText   `json:"event"`
	ConfigurationID eventText    `json:"configurationId"`
	RetryCount      eventText    `json:"retryCount"`
	GeneratedAt     eventText    `json:"generatedDateTime"`
	Data            *simDataJSON `json:"data"`

	EnvelopeID eventText `json:"envelopeId"`
}

type simDataJSON struct {
	AccountID   eventText     `json:"accountId"`
	UserID      eventText     `json:"userId"`
	EnvelopeID  eventText     `json:"envelopeId"`
	RecipientID eventText     `json:"recipientId"`
	Summary     *envelopeJSON `json:"envelopeSummary"`
}

type envelopeJSON struct {
	Status        eventText `json:"status"`
	EnvelopeID    eventText `json:"envelopeId"`
	Subject       eventText `json:"emailSubject"`
	Created       eventText `json:"createdDateTime"`
	InitialSent   eventText `json:"initialSentDateTime"`
	Sent          eventText `json:"sentDateTime"`
	Delivered     eventText `json:"deliveredDateTime"`
	Completed     eventText `json:"completedDateTime"`
	Declined      eventText `json:"declinedDateTime"`
	Voided        eventText `json:"voidedDateTime"`
	StatusChanged eventText `json:"statusChangedDateTime"`
	VoidedReason  eventText `json:"voidedReason"`
	Sender        struct {
		Name      eventText `json:"userName"`
		Email     eventText `json:"email"`
		UserID    eventText `json:"userId"`
		AccountID eventText `json:"accountId"`
	} `json:"sender"`
	Recipients   map[string][]recipientJSON `json:"recipients"` // and a few scalars
	CustomFields struct {
		Text []customFieldJSON `json:"textCustomFields"`
		List []customFieldJSON `json:"listCustomFields"`
	} `json:"customFields"`
	Documents []documentJSON `json:"envelopeDocuments"`
}

type customFieldJSON struct {
	ID    eventText `json:"fieldId"`
	Name  eventText `json:"name"`
	Value eventText `json:"value"`
}

type documentJSON struct {
	ID   eventText `json:"documentId"`
	Name eventText `json:"name"`
	Type eventText `json:"type"`
	Tabs struct {
		Prefill map[string][]tabJSON `json:"prefillTabs"`
	} `json:"tabs"`
}

type recipientJSON struct {
	ID             eventText            `json:"recipientId"`
	GUID           eventText            `json:"recipientIdGuid"`
	Name           eventText            `json:"name"`
	Email          eventText            `json:"email"`
	SignerName     eventText            `json:"signerName"`
	SignerEmail    eventText            `json:"signerEmail"`
	HostEmail      eventText            `json:"hostEmail"`
	RoleName       eventText            `json:"roleName"`
	RoutingOrder   eventText            `json:"routingOrder"`
	ClientUserID   eventText            `json:"clientUserId"`
	Status         eventText            `json:"status"`
	Sent           eventText            `json:"sentDateTime"`
	Delivered      eventText            `json:"deliveredDateTime"`
	Signed         eventText            `json:"signedDateTime"`
	Declined       eventText            `json:"declinedDateTime"`
	DeclinedReason eventText            `json:"declinedReason"`
	Tabs           map[string][]tabJSON `json:"tabs"`
}

type tabJSON struct {
	ID         eventText `json:"tabId"`
	Label      eventText `json:"tabLabel"`
	Name       eventText `json:"name"`
	Value      eventText `json:"value"`
	Selected   eventText `json:"selected"`
	DocumentID eventText `json:"documentId"`
	Status     eventText `json:"status"`
	GroupName  eventText `json:"groupName"`
	Radios     []struct {
		Value    eventText `json:"value"`
		Selected eventText `json:"selected"`
	} `json:"radios"`
}

// decodeTolerant decodes what fits; members of an unexpected type stay zero.
func decodeTolerant(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); wrongType {
		return nil
	}
	return err
}

func parseJSONEvent(body []byte) (Event, error) {
	var m simJSON
	if decodeTolerant(body, &m) != nil {
		return Event{}, notEvent("the JSON is malformed")
	}
	switch {
	case m.Event != nil || m.Data != nil:
		return m.event(), nil
	case m.EnvelopeID != "":
		return aggregateEvent(body, m), nil
	default:
		return Event{}, notEvent("the JSON has neither an event nor an envelope")
	}
}

func (m simJSON) event() Event {
	e := Event{
		Format: FormatSIM, ConfigurationID: string(m.ConfigurationID),
		RetryCount: m.RetryCount.int(), GeneratedAt: m.GeneratedAt.time(),
	}
	if m.Event != nil {
		e.Kind = EventKind(*m.Event)
	}
	d := m.Data
	if d == nil {
		return e
	}
	e.AccountID, e.EnvelopeID = AccountID(d.AccountID), EnvelopeID(d.EnvelopeID)
	e.UserID, e.RecipientID = string(d.UserID), RecipientID(d.RecipientID)
	if d.Summary != nil {
		e.Envelope = d.Summary.envelope()
		e.EnvelopeID = cmp.Or(e.EnvelopeID, EnvelopeID(d.Summary.EnvelopeID))
		e.AccountID = cmp.Or(e.AccountID, e.Envelope.Sender.AccountID)
	}
	return e
}

// aggregateEvent reads a body that is the envelope itself. It tells no time of
// its own, so the time of the last change of status stands in.
func aggregateEvent(body []byte, m simJSON) Event {
	var j envelopeJSON
	_ = decodeTolerant(body, &j) // has been read as JSON already
	envelope := j.envelope()
	at := m.GeneratedAt.time()
	if at.IsZero() {
		at = envelope.StatusChangedAt
	}
	return Event{
		Kind: kindOfStatus(envelope.Status), Format: FormatAggregate,
		AccountID: envelope.Sender.AccountID, EnvelopeID: EnvelopeID(j.EnvelopeID), UserID: envelope.Sender.UserID,
		GeneratedAt: at, Envelope: envelope,
	}
}

// kindOfStatus names the event after which an envelope has a status, for
// messages that do not name it.
func kindOfStatus(s EnvelopeStatus) EventKind {
	if s == "" {
		return ""
	}
	return "envelope-" + EventKind(s)
}

func (j *envelopeJSON) envelope() *EventEnvelope {
	out := &EventEnvelope{
		Status: EnvelopeStatus(strings.ToLower(string(j.Status))), Subject: string(j.Subject),
		Sender: EventSender{
			Name: string(j.Sender.Name), Email: string(j.Sender.Email),
			UserID: string(j.Sender.UserID), AccountID: AccountID(j.Sender.AccountID),
		},
		CreatedAt: j.Created.time(), InitialSentAt: j.InitialSent.time(), SentAt: cmp.Or(j.Sent, j.InitialSent).time(),
		DeliveredAt: j.Delivered.time(), CompletedAt: j.Completed.time(), DeclinedAt: j.Declined.time(),
		VoidedAt: j.Voided.time(), StatusChangedAt: j.StatusChanged.time(), VoidedReason: string(j.VoidedReason),
	}
	for _, f := range slices.Concat(j.CustomFields.Text, j.CustomFields.List) {
		out.CustomFields = append(out.CustomFields, EventCustomField{ID: string(f.ID), Name: string(f.Name), Value: string(f.Value)})
	}
	for _, d := range j.Documents {
		out.Documents = append(out.Documents, EventDocument{ID: string(d.ID), Name: string(d.Name), Type: string(d.Type)})
		out.PrefillTabs = append(out.PrefillTabs, tabsOf(d.Tabs.Prefill)...)
	}
	for _, list := range slices.Sorted(maps.Keys(j.Recipients)) {
		for _, r := range j.Recipients[list] {
			out.Recipients = append(out.Recipients, r.recipient(singular(list)))
		}
	}
	sortRecipients(out.Recipients)
	return out
}

func sortRecipients(rs []EventRecipient) {
	slices.SortStableFunc(rs, func(a, b EventRecipient) int { return cmp.Compare(a.RoutingOrder, b.RoutingOrder) })
}

// singular turns the name of a list of recipients into a type: "carbonCopies"
// into "carboncopy". The member recipientType is not always there.
func singular(list string) string {
	list = strings.ToLower(list)
	if stem, ok := strings.CutSuffix(list, "ies"); ok {
		return stem + "y"
	}
	if stem, ok := strings.CutSuffix(list, "sses"); ok {
		return stem + "ss"
	}
	return strings.TrimSuffix(list, "s")
}

func (r recipientJSON) recipient(kind string) EventRecipient {
	out := EventRecipient{
		ID: RecipientID(r.ID), GUID: string(r.GUID), Type: kind, Name: string(r.Name), Email: string(r.Email),
		RoleName: string(r.RoleName), RoutingOrder: r.RoutingOrder.int(), ClientUserID: string(r.ClientUserID),
		Status: RecipientStatus(strings.ToLower(string(r.Status))),
		SentAt: r.Sent.time(), DeliveredAt: r.Delivered.time(), SignedAt: r.Signed.time(), DeclinedAt: r.Declined.time(),
		DeclinedReason: string(r.DeclinedReason), Tabs: tabsOf(r.Tabs),
	}
	if kind == "inpersonsigner" {
		// The plain members are the host's here.
		out.Name, out.Email = string(cmp.Or(r.SignerName, r.Name)), string(r.SignerEmail)
		out.HostEmail = string(cmp.Or(r.HostEmail, r.Email))
	}
	return out
}

// tabsOf reads the lists of tabs ("textTabs", "checkboxTabs", …) in the order
// of their names.
func tabsOf(lists map[string][]tabJSON) []EventTab {
	var out []EventTab
	for _, list := range slices.Sorted(maps.Keys(lists)) {
		kind, ok := strings.CutSuffix(list, "Tabs")
		if !ok {
			continue
		}
		for _, t := range lists[list] {
			out = append(out, t.tab(kind))
		}
	}
	return out
}

func (t tabJSON) tab(kind string) EventTab {
	out := EventTab{
		Kind: kind, ID: string(t.ID), Label: string(cmp.Or(t.Label, t.GroupName)), Name: string(t.Name),
		Value: string(cmp.Or(t.Value, t.Selected)), DocumentID: string(t.DocumentID), Status: string(t.Status),
	}
	for _, r := range t.Radios {
		if strings.EqualFold(string(r.Selected), "true") {
			out.Value = string(r.Value)
		}
	}
	return out
}

// content is what a repetition has in common with the first message: the data
// of a SIM message, whose wrapper counts the repetitions, else everything.
func (e Event) content() []byte {
	var m struct {
		Data json.RawMessage `json:"data"`
	}
	if e.Format == FormatSIM && decodeTolerant(bytes.TrimPrefix(e.Raw, []byte("\ufeff")), &m) == nil && m.Data != nil {
		return m.Data
	}
	return e.Raw
}
