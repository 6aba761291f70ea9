package activecampaign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Failures that ActiveCampaign tells apart. Each is also one of the kinds of
// package countersign.
var (
	// ErrDuplicate: something with this name, address or slug exists already.
	ErrDuplicate = fmt.Errorf("it exists already (%w)", countersign.ErrConflict)
	// ErrCustomObjectsUnavailable: the account has no custom objects of its own.
	// They are part of ActiveCampaign's Enterprise plan. How ActiveCampaign refuses
	// them elsewhere is undocumented: a 402, 403 or 404 of the call that creates a
	// schema is taken for it.
	ErrCustomObjectsUnavailable = fmt.Errorf("the plan has no custom objects of its own (%w)", countersign.ErrForbidden)
)

// The service's error codes (Error.Code). The list is open, and many errors have
// none.
const (
	CodeDuplicate      = "duplicate"
	CodeFieldMissing   = "field_missing"
	CodeFieldInvalid   = "field_invalid"
	CodeRelatedMissing = "related_missing"
	CodeEmailInvalid   = "email_invalid"
)

// failure is every shape of an error answer in one.
type failure struct {
	Message Text            `json:"message"`
	Errors  json.RawMessage `json:"errors"` // a list, or one text
	Reasons json.RawMessage `json:"failureReasons"`
}

// problem is one entry of errors.
type problem struct {
	Title  Text   `json:"title"`
	Detail Text   `json:"detail"`
	Code   Text   `json:"code"`
	Error  Text   `json:"error"`
	Source source `json:"source"`
}

type source struct {
	Pointer Text `json:"pointer"` // classic calls
	Value   Text `json:"value"`   // custom objects, beside type "pointer"
}

// UnmarshalJSON reads an object; anything else names no place.
func (s *source) UnmarshalJSON(data []byte) error {
	type plain source
	*s = source{}
	_ = json.Unmarshal(data, (*plain)(s))
	return nil
}

// maxProblems bounds what is read of a list in an error: each contact of an import
// may have its own reason.
const maxProblems = MaxImportContacts

// problems are the entries of errors that can be read: an odd one does not cost
// the others.
type problems []problem

// UnmarshalJSON reads a list of objects and texts.
func (p *problems) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, item := range list[:min(len(list), maxProblems)] {
		var one problem
		if json.Unmarshal(item, &one) != nil && json.Unmarshal(item, &one.Title) != nil {
			continue
		}
		*p = append(*p, one)
	}
	return nil
}

func (p problem) text() string {
	switch {
	case p.Detail == "" || p.Detail == p.Title:
		return string(p.Title)
	case p.Title == "":
		return string(p.Detail)
	}
	return string(p.Title + ": " + p.Detail)
}

func (p problem) pointer() string {
	if p.Source.Pointer != "" {
		return string(p.Source.Pointer)
	}
	return string(p.Source.Value)
}

// code prefers the code that the documentation lists over the finer word.
func (p problem) code() string {
	if p.Code != "" {
		return string(p.Code)
	}
	return string(p.Error)
}

// parseError reads an error answer by its content: some are labelled as text.
func parseError(status int, _ http.Header, body []byte) api.Detail {
	var f failure
	if json.Unmarshal(body, &f) != nil {
		return api.Detail{}
	}
	d := api.Detail{Message: string(f.Message)}
	var list problems
	var text string
	switch {
	case json.Unmarshal(f.Errors, &list) == nil:
		readProblems(&d, list)
	case json.Unmarshal(f.Errors, &text) == nil:
		d.Message = joined(d.Message, text)
	}
	readReasons(&d, f.Reasons)
	// Notes and field values answer 403 for one that does not exist, and so does a
	// key without the right: the text alone tells them apart.
	if status == http.StatusForbidden && strings.HasPrefix(strings.ToLower(d.Message), "no result found for ") {
		d.Kind = countersign.ErrNotFound
	}
	// Bulk import refuses too many calls with a 400 that has no code: here too the
	// text counts. Nothing was queued then.
	if f.Reasons != nil && strings.HasPrefix(string(f.Message), "Rate limit exceeded") {
		d.Kind, d.Repeat, d.RetryAfter = countersign.ErrRateLimited, api.RepeatLater, time.Minute
	}
	return d
}

func readProblems(d *api.Detail, list problems) {
	for _, p := range list {
		if d.Code == "" {
			d.Code = p.code()
		}
		if p.Code == CodeDuplicate {
			d.Code, d.Kind = CodeDuplicate, ErrDuplicate
		}
		d.Message = joined(d.Message, p.text())
		if at := p.pointer(); at != "" {
			d.Fields = append(d.Fields, countersign.FieldError{Name: at, Message: p.text()})
			// Custom objects refuse a taken slug without a code.
			if strings.HasSuffix(at, "/schema/slug") && strings.Contains(string(p.Detail), "must be unique") {
				d.Kind = ErrDuplicate
			}
		}
	}
}

// readReasons reads why a bulk import was refused: texts, or a contact's place in
// the batch, from 1, and a text.
func readReasons(d *api.Detail, raw json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	for _, item := range list[:min(len(list), maxProblems)] {
		var text string
		if json.Unmarshal(item, &text) == nil {
			d.Message = joined(d.Message, text)
			continue
		}
		var of struct {
			Contact Int  `json:"contact"`
			Reason  Text `json:"failureReason"`
		}
		if json.Unmarshal(item, &of) == nil {
			d.Fields = append(d.Fields, countersign.FieldError{Name: "contacts[" + strconv.FormatInt(int64(of.Contact)-1, 10) + "]", Message: string(of.Reason)})
		}
	}
}

func joined(a, b string) string {
	if a == "" || b == "" || a == b {
		return a + strings.TrimPrefix(b, a)
	}
	return a + "; " + b
}
