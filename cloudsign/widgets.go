package cloudsign

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// WidgetType is the kind of an input field. Values that this package does not
// know are kept.
type WidgetType int

// The kinds of CloudSign Web API 0.31.0, widgetModel.widget_type.
const (
	WidgetSeal     WidgetType = 0 // 押印
	WidgetText     WidgetType = 1 // free text
	WidgetCheckbox WidgetType = 2
)

// IsKnown reports whether the type is one of the constants.
func (t WidgetType) IsKnown() bool { return t >= WidgetSeal && t <= WidgetCheckbox }

// String gives an English name, or "type N" for an unknown value.
func (t WidgetType) String() string {
	if t.IsKnown() {
		return [...]string{"seal", "text", "checkbox"}[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// WidgetStatus says whether an input field was filled in. Values that this
// package does not know are kept.
type WidgetStatus int

// The values of CloudSign Web API 0.31.0, widgetModel.status.
const (
	WidgetEmpty  WidgetStatus = 0
	WidgetFilled WidgetStatus = 1
)

// IsKnown reports whether the status is one of the constants.
func (s WidgetStatus) IsKnown() bool { return s == WidgetEmpty || s == WidgetFilled }

// Widget is an input field (入力項目) on a page of a file.
type Widget struct {
	ID            WidgetID      `json:"id"`
	Type          WidgetType    `json:"widget_type"`
	ParticipantID ParticipantID `json:"participant_id"`
	FileID        FileID        `json:"file_id"`
	Page          int           `json:"page"` // from 0
	X             int           `json:"x"`    // points from the left edge
	Y             int           `json:"y"`    // points from the upper edge
	W             int           `json:"w"`
	H             int           `json:"h"`
	FontSize      string        `json:"font_size,omitempty"` // "8" to "14"; empty: the default, which looks like 12
	Text          string        `json:"text"`
	Status        WidgetStatus  `json:"status"`
	Label         string        `json:"label"`
	Required      *bool         `json:"required,omitempty"` // of a checkbox alone

	Extra Extra `json:"-"`
}

// NewWidget is an input field to add.
type NewWidget struct {
	ParticipantID ParticipantID // required
	Type          WidgetType
	Page          int    // from 0
	X, Y          int    // points from the page's upper left corner
	FontSize      string // "8" to "14", of free text; empty: the default
	// Text is required for a field of the sender and must be empty for one of a
	// recipient, except a checkbox that is not required: "1" ticks it.
	Text  string
	Label string
	// Required is for checkboxes; nil: the service's default, true.
	Required *bool
}

// WidgetUpdate changes an input field: nil leaves a value as it is.
type WidgetUpdate struct {
	ParticipantID *ParticipantID
	Type          *WidgetType
	Page, X, Y    *int
	FontSize      *string // "" resets it
	Text          *string
	Label         *string
	Required      *bool
}

var fontSizes = []string{"", "8", "9", "10", "11", "12", "13", "14"}

// WidgetsService adds, changes and removes the input fields of a draft.
type WidgetsService struct{ service }

// Add adds an input field (POST /documents/{documentID}/files/{fileID}/widgets).
// It is found in the answer by its participant, type and place.
func (s WidgetsService) Add(ctx context.Context, doc DocumentID, file FileID, in NewWidget, opts ...countersign.CallOption) (*Added[Widget], error) {
	f := newForm("NewWidget")
	f.required("participant_id", "ParticipantID", string(in.ParticipantID), 0)
	f.number("type", int(in.Type))
	f.place("page", "Page", &in.Page)
	f.place("x", "X", &in.X)
	f.place("y", "Y", &in.Y)
	f.fontSize(in.FontSize)
	f.text("font_size", "FontSize", in.FontSize, 0)
	f.text("text", "Text", in.Text, 0)
	f.text("label", "Label", in.Label, 0)
	f.optionalBool("required", in.Required)
	call := api.Call{
		Op: "add input field", Method: http.MethodPost,
		Path: api.NewPath("/documents/{documentID}/files/{fileID}/widgets", string(doc), string(file)),
	}
	return add(ctx, s.service, doc, call, f, opts, func(d *Document) *Widget {
		on := d.File(file)
		if on == nil {
			return nil
		}
		return newest(on.Widgets, func(w Widget) (int, bool) {
			return 0, w.ParticipantID == in.ParticipantID && w.Type == in.Type && w.Page == in.Page && w.X == in.X && w.Y == in.Y
		})
	})
}

// Update changes an input field
// (PUT /documents/{documentID}/files/{fileID}/widgets/{widgetID}).
func (s WidgetsService) Update(ctx context.Context, doc DocumentID, file FileID, id WidgetID, in WidgetUpdate, opts ...countersign.CallOption) (*Document, error) {
	f := newForm("WidgetUpdate")
	if in.ParticipantID != nil {
		f.v.Set("participant_id", string(*in.ParticipantID))
	}
	if in.Type != nil {
		f.number("type", int(*in.Type))
	}
	f.place("page", "Page", in.Page)
	f.place("x", "X", in.X)
	f.place("y", "Y", in.Y)
	if in.FontSize != nil {
		f.fontSize(*in.FontSize)
	}
	f.optional("font_size", "FontSize", in.FontSize, 0)
	f.optional("text", "Text", in.Text, 0)
	f.optional("label", "Label", in.Label, 0)
	f.optionalBool("required", in.Required)
	return s.change(ctx, doc, api.Call{
		Op: "update input field", Method: http.MethodPut,
		Path: api.NewPath("/documents/{documentID}/files/{fileID}/widgets/{widgetID}", string(doc), string(file), string(id)),
	}, f, opts)
}

// Delete removes an input field
// (DELETE /documents/{documentID}/files/{fileID}/widgets/{widgetID}).
func (s WidgetsService) Delete(ctx context.Context, doc DocumentID, file FileID, id WidgetID, opts ...countersign.CallOption) (*Document, error) {
	return s.change(ctx, doc, api.Call{
		Op: "delete input field", Method: http.MethodDelete,
		Path: api.NewPath("/documents/{documentID}/files/{fileID}/widgets/{widgetID}", string(doc), string(file), string(id)),
	}, nil, opts)
}

// place is a page or a coordinate, none of which lies before the first.
func (f *form) place(name, field string, value *int) {
	f.needs(field, value == nil || *value >= 0, "is negative")
	f.optionalNumber(name, value)
}

func (f *form) fontSize(value string) {
	f.needs("FontSize", slices.Contains(fontSizes, value), `is not empty or "8" to "14"`)
}
