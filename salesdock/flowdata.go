package salesdock

import (
	"encoding/json"
	"strings"
)

// FlowData is what was filled in in the flow.
type FlowData struct {
	Questions         List[AnsweredQuestion]  `json:"product_questions"`
	Agreements        List[AnsweredAgreement] `json:"agreements"`
	Introduction      Text                    `json:"introduction"`
	AdditionalNotes   Text                    `json:"additional_notes"`
	AdditionalPricing json.RawMessage         `json:"additional_pricing"`
	ProductSubsidies  json.RawMessage         `json:"product_subsidies"`
}

// UnmarshalJSON reads the data; an empty list is none.
func (d *FlowData) UnmarshalJSON(data []byte) error {
	type plain FlowData
	if emptyJSON(data) {
		*d = FlowData{}
		return nil
	}
	return json.Unmarshal(data, (*plain)(d))
}

// AnsweredQuestion is a question with its answer.
type AnsweredQuestion struct {
	ID         QuestionID  `json:"id"`
	Identifier string      `json:"identifier"`
	Type       InputType   `json:"type"`
	Label      Text        `json:"label"`
	Value      AnswerValue `json:"value"`
}

// AnsweredAgreement is an agreement and whether the customer accepted it.
type AnsweredAgreement struct {
	ID         AgreementID `json:"id"`
	Identifier string      `json:"identifier"`
	Type       Text        `json:"type"`
	Label      Text        `json:"label"`
	Text       Text        `json:"text"`
	Value      Bool        `json:"value"`
}

// AnswerValue is an answer as it is read: a text, several texts, or files. At
// most one of the three is set; none is no answer.
type AnswerValue struct {
	Text  string
	Texts []string
	Files []Document
	Raw   json.RawMessage // as it came
}

// UnmarshalJSON reads any of the three; what is none of them is in Raw alone.
func (v *AnswerValue) UnmarshalJSON(data []byte) error {
	*v = AnswerValue{Raw: append(json.RawMessage(nil), data...)}
	var texts List[Text]
	var files List[Document]
	var file Document
	switch isList := strings.HasPrefix(strings.TrimSpace(string(data)), "[") || numbered(data); {
	case scalar(data, &v.Text) == nil:
	case isList && texts.UnmarshalJSON(data) == nil:
		for _, t := range texts {
			v.Texts = append(v.Texts, string(t))
		}
	case isList && files.UnmarshalJSON(data) == nil:
		v.Files = files
	case !isList && json.Unmarshal(data, &file) == nil && file.Location != "":
		v.Files = []Document{file}
	}
	return nil
}

// numbered reports an object whose keys are all numbers, as a list with gaps is
// written.
func numbered(data []byte) bool {
	var m map[string]json.RawMessage
	if json.Unmarshal(data, &m) != nil {
		return false
	}
	for key := range m {
		if strings.Trim(key, "0123456789") != "" {
			return false
		}
	}
	return true
}

// IsZero reports whether there is no answer.
func (v AnswerValue) IsZero() bool { return v.Text == "" && len(v.Texts) == 0 && len(v.Files) == 0 }

// ExtraFields are an account's own fields of a sale and of its products.
type ExtraFields struct {
	Sale     json.RawMessage `json:"sale"`
	Products json.RawMessage `json:"products"`
}

// UnmarshalJSON reads the fields; an empty list is none.
func (f *ExtraFields) UnmarshalJSON(data []byte) error {
	type plain ExtraFields
	if emptyJSON(data) {
		*f = ExtraFields{}
		return nil
	}
	return json.Unmarshal(data, (*plain)(f))
}

// EnergyData is the energy part of a sale.
type EnergyData struct {
	Multisite Bool             `json:"multisite"`
	Sites     List[EnergySite] `json:"sites"`
	// Raw is the whole part as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the part and keeps it whole.
func (d *EnergyData) UnmarshalJSON(data []byte) error {
	type plain EnergyData
	return decodeKept(data, (*plain)(d), &d.Raw)
}

// EnergySite is one place that is supplied.
type EnergySite struct {
	UsageOrigin           Text         `json:"usage_origin"` // "manual" or "estimated"
	LivingWorkingFunction Bool         `json:"living_working_function"`
	BAGFunction           Text         `json:"bag_function"`
	Address               *Address     `json:"address"`
	Electricity           *Electricity `json:"electricity"`
	Gas                   *Gas         `json:"gas"`
}

// UnmarshalJSON reads the site; a part that came as an empty list is none.
func (s *EnergySite) UnmarshalJSON(data []byte) error {
	type plain EnergySite
	return json.Unmarshal(emptied(data, "address", "electricity", "gas"), (*plain)(s))
}

// Electricity is the electricity connection of a site. EANs are texts of 18
// digits, more than a float can hold.
type Electricity struct {
	EAN            Text    `json:"ean_code"`
	MeteringNumber Text    `json:"metering_number"`
	DoubleMeter    Bool    `json:"double_meter"`
	UsageSingle    Decimal `json:"usage_single"`
	UsageNormal    Decimal `json:"usage_normal"`
	UsageLow       Decimal `json:"usage_low"`
	ReturnSingle   Decimal `json:"return_single"`
	ReturnNormal   Decimal `json:"return_normal"`
	ReturnLow      Decimal `json:"return_low"`
	Connection     Text    `json:"connection"` // "E_3X25A", …
}

// Gas is the gas connection of a site.
type Gas struct {
	EAN            Text    `json:"ean_code"`
	MeteringNumber Text    `json:"metering_number"`
	Usage          Decimal `json:"usage"`
	Connection     Text    `json:"connection"` // "G_G6_500_4000", …
	Region         Text    `json:"gasregion"`
}
