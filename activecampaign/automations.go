package activecampaign

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Automation is an automation. ActiveCampaign's editor alone makes them.
type Automation struct {
	ID      AutomationID `json:"id"`
	Name    string       `json:"name"`
	Status  Text         `json:"status"` // "1" and "2" occur; their meaning is undocumented, and taken for active and inactive
	Created Time         `json:"cdate"`
	Updated Time         `json:"mdate"`
	Entered Int          `json:"entered"` // contacts that entered it
	Exited  Int          `json:"exited"`
	Hidden  Bool         `json:"hidden"`
}

// Active reports whether the status is the one that is taken for active.
func (a Automation) Active() bool { return a.Status == "1" }

// Enrolment is a contact's run through an automation.
type Enrolment struct {
	ID         EnrolmentID  `json:"id"`
	Contact    ContactID    `json:"contact"`
	Automation AutomationID `json:"automation"`
	Status     Text         `json:"status"`
	Added      Time         `json:"adddate"`
	Removed    Time         `json:"remdate"`
	Completed  Bool         `json:"completed"`
}

type enrolmentList struct {
	Enrolments []Enrolment `json:"contactAutomations"`
	Meta       meta        `json:"meta"`
}

// AutomationsService enrols contacts in automations. The runs of one contact are
// read with ContactsService.Enrolments.
type AutomationsService struct{ service }

// List reads a page of the automations (GET /automations).
func (s AutomationsService) List(ctx context.Context, q PageQuery, opts ...countersign.CallOption) (*countersign.Page[Automation], error) {
	v, err := q.values(nil)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		Automations []Automation `json:"automations"`
		Meta        meta         `json:"meta"`
	}](ctx, s.api, withQuery(get("list automations", "/automations"), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q, m.Automations, m.Meta), nil
}

// All goes through the automations of all pages. An error ends it.
func (s AutomationsService) All(ctx context.Context, opts ...countersign.CallOption) iter.Seq2[*Automation, error] {
	return pages("", func(cursor string) (*countersign.Page[Automation], error) {
		return s.List(ctx, PageQuery{Cursor: cursor}, opts...)
	})
}

type oneEnrolment struct {
	Enrolment Enrolment `json:"contactAutomation"`
}

// Enrol has a contact enter an automation (POST /contactAutomations). It is sent
// once, since each call enters it anew; ContactsService.Enrolments shows whether
// one without an answer did. An automation or contact that does not exist is
// answered as ErrForbidden.
func (s AutomationsService) Enrol(ctx context.Context, contact ContactID, automation AutomationID, opts ...countersign.CallOption) (*Enrolment, error) {
	c, err := number("contact", string(contact))
	if err != nil {
		return nil, err
	}
	a, err := number("automation", string(automation))
	if err != nil {
		return nil, err
	}
	body := map[string]any{"contactAutomation": map[string]json.Number{"contact": c, "automation": a}}
	m, err := api.JSON[oneEnrolment](ctx, s.api, send(api.Write, "enrol contact", http.MethodPost, "/contactAutomations", body), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Enrolment, nil
}

// Enrolments reads a page of the runs of all contacts (GET /contactAutomations).
func (s AutomationsService) Enrolments(ctx context.Context, q PageQuery, opts ...countersign.CallOption) (*countersign.Page[Enrolment], error) {
	v, err := q.values(nil)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[enrolmentList](ctx, s.api, withQuery(get("list enrolments", "/contactAutomations"), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q, m.Enrolments, m.Meta), nil
}

// Enrolment reads a run (GET /contactAutomations/{id}).
func (s AutomationsService) Enrolment(ctx context.Context, id EnrolmentID, opts ...countersign.CallOption) (*Enrolment, error) {
	m, err := api.JSON[oneEnrolment](ctx, s.api, get("get enrolment", "/contactAutomations/{id}", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Enrolment, nil
}

// Remove takes a contact out of an automation (DELETE /contactAutomations/{id}).
// A run that is gone is no error. It is repeated when no answer comes.
func (s AutomationsService) Remove(ctx context.Context, id EnrolmentID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "remove enrolment", http.MethodDelete, "/contactAutomations/{id}", nil, string(id)), nil, opts...))
}
