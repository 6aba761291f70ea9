package salesdock

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/countersign/countersign"
)

// QuestionsService is the product questions.
type QuestionsService struct{ service }

// InputType is the kind of a question's answer. The list is open.
type InputType string

// The published input types of product questions. All take a text but
// InputMultiple, which takes a list, and InputFile.
const (
	InputText       InputType = "text"
	InputDate       InputType = "date"
	InputSwitchDate InputType = "switchdate"
	InputSingle     InputType = "mc-single"
	InputMultiple   InputType = "mc-multi"
	InputFile       InputType = "file"
)

// QuestionRow is a question in a list.
type QuestionRow struct {
	ID          QuestionID `json:"id"`
	Name        string     `json:"name"`
	Identifier  string     `json:"identifier"`
	InputType   InputType  `json:"input_type"`
	Description Text       `json:"description"`
}

// Question is a question with everything that decides its answer.
type Question struct {
	QuestionRow
	Required        Bool    `json:"required"`
	Visible         Bool    `json:"visible"`
	VisibleCustomer Bool    `json:"visible_customer"`
	Rule            *Rule   `json:"rule"` // nil: none
	RuleRequired    Bool    `json:"rule_required"`
	RuleVisible     Bool    `json:"rule_visible"`
	Validator       Text    `json:"validator"` // its vocabulary is not published
	Options         Options `json:"options"`
	DefaultValue    Text    `json:"default_value"`
	Extra           Extra   `json:"extra"`
	CreatedAt       Time    `json:"created_at"`
	UpdatedAt       Time    `json:"updated_at"`
	// Raw is the whole question as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the question and keeps it whole.
func (q *Question) UnmarshalJSON(data []byte) error {
	type plain Question
	return decodeKept(data, (*plain)(q), &q.Raw)
}

// Options are a question's possible answers. Salesdock sends them as one text with
// a line for each; the documentation speaks of commas, which count only in a text
// without lines.
type Options []string

// UnmarshalJSON reads such a text, or a list.
func (o *Options) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		var items List[Text]
		if err := items.UnmarshalJSON(data); err != nil {
			return err
		}
		*o = nil
		for _, item := range items {
			*o = append(*o, string(item))
		}
		return nil
	}
	*o = SplitOptions(s)
	return nil
}

// SplitOptions takes the options' text apart. White space around an option and
// empty ones are left out.
func SplitOptions(s string) Options {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	separator := "\n"
	if !strings.Contains(strings.TrimSpace(s), "\n") {
		separator = ","
	}
	var out Options
	for part := range strings.SplitSeq(s, separator) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Extra is what a question carries besides, as JSON inside a text.
type Extra struct {
	ProductTypes []string        // the product types that the question is for; empty: not said
	Raw          json.RawMessage // the inner JSON; nil: none
	// Unreadable says that there was something that is no such JSON, so that
	// ProductTypes is not known.
	Unreadable bool
}

// UnmarshalJSON reads the text, an object or null.
func (e *Extra) UnmarshalJSON(data []byte) error {
	*e = Extra{}
	inner := strings.TrimSpace(string(data))
	if strings.HasPrefix(inner, `"`) {
		if err := json.Unmarshal(data, &inner); err != nil {
			return err
		}
	}
	if inner = strings.TrimSpace(inner); inner == "" || inner == "null" || inner == "[]" {
		return nil
	}
	var m struct {
		ProductTypes List[Text] `json:"product_types"`
	}
	if json.Unmarshal([]byte(inner), &m) != nil {
		e.Unreadable = true
		return nil //nolint:nilerr // Unreadable says it
	}
	e.Raw = json.RawMessage(inner)
	for _, t := range m.ProductTypes {
		e.ProductTypes = append(e.ProductTypes, string(t))
	}
	return nil
}

// List gives all questions; the service does not page them.
func (s QuestionsService) List(ctx context.Context, opts ...countersign.CallOption) ([]QuestionRow, error) {
	return askList[QuestionRow](ctx, s.conn, get(either, "list questions", "/productquestions"), opts)
}

// Get reads one question.
func (s QuestionsService) Get(ctx context.Context, id QuestionID, opts ...countersign.CallOption) (*Question, error) {
	return ask[Question](ctx, s.conn, get(either, "get question", "/productquestions/{id}", string(id)), opts)
}
