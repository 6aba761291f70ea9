package salesdock

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Failures that callers tell apart. Each is also one of the kinds of package
// countersign.
var (
	// ErrValidation: the service named fields that it refuses (400 with errors, or
	// 422). They stand in countersign.Error.Fields.
	ErrValidation = fmt.Errorf("fields were refused (%w)", countersign.ErrInvalid)
	// ErrNotAllowed: the method does not exist there, or not in this API (405).
	ErrNotAllowed = fmt.Errorf("not available in this API (%w)", countersign.ErrInvalid)
	// ErrMasked: the data was anonymised, so that it can't be passed on. It never
	// comes back.
	ErrMasked = fmt.Errorf("the data is anonymised (%w)", countersign.ErrInvalid)
)

// failure is what all of the service's error bodies have in common. Members come
// as other types than documented, so each is read for itself: one that can't be
// read takes nothing away from the others.
type failure struct {
	Code    json.RawMessage `json:"code"`
	Message json.RawMessage `json:"message"`
	Errors  json.RawMessage `json:"errors"`
}

// parseError reads an error answer. Gateways answer with pages, of which the
// status is all that can be said.
func parseError(status int, _ http.Header, body []byte) api.Detail {
	var f failure
	var d api.Detail
	if json.Unmarshal(body, &f) == nil {
		d = api.Detail{Code: text(f.Code), Message: text(f.Message), Fields: f.fields()}
	}
	switch {
	case status == http.StatusUnprocessableEntity, status == http.StatusBadRequest && len(d.Fields) > 0:
		d.Kind = ErrValidation
	case status == http.StatusMethodNotAllowed:
		d.Kind = ErrNotAllowed
	}
	return d
}

// fields gives one entry for each field, in the order of their names.
func (f failure) fields() []countersign.FieldError {
	var named map[string]json.RawMessage
	if json.Unmarshal(f.Errors, &named) != nil {
		return nil
	}
	var out []countersign.FieldError
	for _, name := range slices.Sorted(maps.Keys(named)) {
		var many List[Text]
		if many.UnmarshalJSON(named[name]) != nil {
			var one Text
			_ = one.UnmarshalJSON(named[name]) // a reason that can't be read is left out; the name stays
			many = List[Text]{one}
		}
		reasons := make([]string, len(many))
		for i, m := range many {
			reasons[i] = string(m)
		}
		out = append(out, countersign.FieldError{Name: name, Message: strings.Join(reasons, " ")})
	}
	return out
}
