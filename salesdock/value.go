package salesdock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Text is a text that Salesdock sometimes sends as a number or a boolean. null
// is the empty text.
type Text string

// UnmarshalJSON reads any scalar.
func (t *Text) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(t)) }

// scalar reads a text, a number, a boolean or null; a number keeps its digits.
func scalar(data []byte, into *string) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return fmt.Errorf("salesdock: no value")
	}
	switch data[0] {
	case '"':
		return json.Unmarshal(data, into)
	case '{', '[':
		return fmt.Errorf("salesdock: a list or an object where a text is expected")
	case 'n':
		*into = ""
		return nil
	}
	*into = string(data)
	return nil
}

// Salesdock's ids. They arrive as numbers or texts and are kept as texts; the
// empty text is no id.
type (
	// ProductID is Salesdock's id of a product.
	ProductID string
	// SupplierID is Salesdock's id of a supplier.
	SupplierID string
	// FlowID is Salesdock's id of a flow.
	FlowID string
	// QuestionID is Salesdock's id of a question of a product.
	QuestionID string
	// AgreementID is Salesdock's id of an agreement.
	AgreementID string
	// SaleID is Salesdock's id of a sale.
	SaleID string
	// OrganisationID is Salesdock's id of an organisation.
	OrganisationID string
	// UserID is Salesdock's id of a user.
	UserID string
	// TeamID is Salesdock's id of a team.
	TeamID string
	// LeadID is Salesdock's id of a lead.
	LeadID string
	// FormID is Salesdock's id of a form.
	FormID string
	// InstanceID is Salesdock's id of an instance of a form.
	InstanceID string
	// RelationID is Salesdock's id of a relation.
	RelationID string
	// TaskID is Salesdock's id of a task.
	TaskID string
)

// UnmarshalJSON reads a number or a text.
func (v *ProductID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *SupplierID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *FlowID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *QuestionID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *AgreementID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *SaleID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *OrganisationID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *UserID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *TeamID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *LeadID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *FormID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *InstanceID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *RelationID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// UnmarshalJSON reads a number or a text.
func (v *TaskID) UnmarshalJSON(data []byte) error { return scalar(data, (*string)(v)) }

// Int is a whole number that Salesdock may send as text. null, the empty text
// and a masked text are 0; it is written as a number.
type Int int64

// UnmarshalJSON reads a number, or a text that holds one.
func (n *Int) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	if s = strings.TrimSpace(s); s == "" || IsMasked(s) {
		*n = 0
		return nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	v, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0") != "" {
		return fmt.Errorf("salesdock: not a whole number")
	}
	*n = Int(v)
	return nil
}

// Bool is yes or no in any of Salesdock's forms: true, 1, "1", "yes", "Ja" and
// their opposites. null, the empty text and a masked text are no. It is written as
// 1 or 0.
type Bool bool

// UnmarshalJSON reads any of the forms; another text is an error, since taking it
// for no would be silent.
func (b *Bool) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	if IsMasked(s) {
		s = "" // one anonymised member must not make a whole list unreadable
	}
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "ja", "on":
		*b = true
	case "false", "0", "no", "nee", "off", "":
		*b = false
	default:
		return fmt.Errorf("salesdock: neither yes nor no")
	}
	return nil
}

// MarshalJSON writes 1 or 0.
func (b Bool) MarshalJSON() ([]byte, error) {
	if b {
		return []byte("1"), nil
	}
	return []byte("0"), nil
}

// YesNo is a Bool that is written as "yes" or "no".
type YesNo bool

// UnmarshalJSON reads what Bool reads.
func (b *YesNo) UnmarshalJSON(data []byte) error { return (*Bool)(b).UnmarshalJSON(data) }

// MarshalJSON writes "yes" or "no".
func (b YesNo) MarshalJSON() ([]byte, error) {
	if b {
		return []byte(`"yes"`), nil
	}
	return []byte(`"no"`), nil
}

// Map is an object that Salesdock writes as [] or null when it is empty, and as a
// list when its keys are 0, 1, 2 and so on.
type Map[V any] map[string]V

// UnmarshalJSON reads an object, a list or null.
func (m *Map[V]) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("[")) {
		var list []V
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		*m = Map[V]{}
		for i, v := range list {
			(*m)[strconv.Itoa(i)] = v
		}
		return nil
	}
	if bytes.Equal(data, []byte(`""`)) {
		data = []byte("null")
	}
	var own map[string]V
	if err := json.Unmarshal(data, &own); err != nil {
		return err
	}
	*m = own
	return nil
}

// List is a list that Salesdock writes as an object when its keys have gaps, and
// as null when it is empty. It is written as a list, never as null.
type List[T any] []T

// UnmarshalJSON reads a list, an object (in the order of its keys, as numbers
// where they are numbers) or null.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("{")) {
		if bytes.Equal(data, []byte(`""`)) {
			data = []byte("null")
		}
		var own []T
		if err := json.Unmarshal(data, &own); err != nil {
			return err
		}
		*l = own
		return nil
	}
	var byKey map[string]T
	if err := json.Unmarshal(data, &byKey); err != nil {
		return err
	}
	keys := make([]string, 0, len(byKey))
	for k := range byKey {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, byNumber)
	*l = make(List[T], 0, len(keys))
	for _, k := range keys {
		*l = append(*l, byKey[k])
	}
	return nil
}

// MarshalJSON writes a list, [] for none.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// byNumber puts numbers before texts, and each in their own order.
func byNumber(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	switch {
	case errX == nil && errY == nil && x != y:
		return x - y
	case errX == nil && errY != nil:
		return -1
	case errX != nil && errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// decodeKept reads data into v and keeps the whole text, so that members that
// this package does not know are not lost.
func decodeKept(data []byte, v any, raw *json.RawMessage) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	*raw = bytes.Clone(data)
	return nil
}
