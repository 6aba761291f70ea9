package docusign

import "encoding/json"

// updateSummary is the answer to a change of an envelope or a template
// (eSignature REST API v2.1, envelopeUpdateSummary and templateUpdateSummary).
// It comes with status 200 also when parts of the change were refused.
type updateSummary struct {
	Error      *ErrorDetails           `json:"errorDetails"`
	Recipients someOf[recipientResult] `json:"recipientUpdateResults"`
	Tabs       *Tabs                   `json:"tabUpdateResults"`
	TextFields someOf[CustomField]     `json:"textCustomFieldUpdateResults"`
	ListFields someOf[CustomField]     `json:"listCustomFieldUpdateResults"`
	Lock       *struct {
		Error *ErrorDetails `json:"errorDetails"`
	} `json:"lockInformation"`
}

// recipientResult says what became of one recipient.
type recipientResult struct {
	ID    RecipientID   `json:"recipientId"`
	Error *ErrorDetails `json:"errorDetails"`
	Tabs  *Tabs         `json:"tabs"`
}

func (r recipientResult) refused(into *refusals) {
	into.add(string(r.ID), r.Error)
	r.Tabs.refused(into)
}

// refused gives everything that was refused as one error. whole names what the
// change was of.
func (u *updateSummary) refused(whole, op string) error {
	var r refusals
	r.add(whole, u.Error)
	for _, one := range u.Recipients {
		one.refused(&r)
	}
	u.Tabs.refused(&r)
	for _, list := range [][]CustomField{u.TextFields, u.ListFields} {
		for _, f := range list {
			r.add(f.Name, f.Error)
		}
	}
	if u.Lock != nil {
		r.add("lock", u.Lock.Error)
	}
	return r.err(op)
}

// someOf reads a list, or a single item in its place.
type someOf[T any] []T

// UnmarshalJSON reads both forms.
func (s *someOf[T]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var one T
		err := json.Unmarshal(data, &one)
		*s = someOf[T]{one}
		return err
	}
	return json.Unmarshal(data, (*[]T)(s))
}
