package docusign

import (
	"context"
	"iter"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// TemplatesService reads and makes templates.
type TemplatesService struct{ service }

// Template is an envelope to be filled in: documents, roles and their tabs. In
// listings, what was not asked for is empty.
type Template struct {
	ID           TemplateID    `json:"templateId,omitempty"`
	Name         string        `json:"name,omitempty"`
	Description  string        `json:"description,omitempty"`
	Shared       *Bool         `json:"shared,omitempty"`
	EmailSubject string        `json:"emailSubject,omitempty"`
	EmailBlurb   string        `json:"emailBlurb,omitempty"`
	Created      Text          `json:"created,omitempty"`
	LastModified Text          `json:"lastModified,omitempty"`
	LastUsed     Text          `json:"lastUsed,omitempty"`
	PageCount    Int           `json:"pageCount,omitempty"`
	Owner        *UserRef      `json:"owner,omitempty"`
	FolderID     FolderID      `json:"folderId,omitempty"`
	FolderName   string        `json:"folderName,omitempty"`
	Documents    []Document    `json:"documents,omitempty"`
	Recipients   *Recipients   `json:"recipients,omitempty"`
	CustomFields *CustomFields `json:"customFields,omitempty"`
	Notification *Notification `json:"notification,omitempty"`
	Extra        Extra         `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (t *Template) UnmarshalJSON(data []byte) (err error) {
	type plain Template
	t.Extra, err = unmarshalExtra(data, (*plain)(t))
	return err
}

// MarshalJSON writes the members of Extra too.
func (t Template) MarshalJSON() ([]byte, error) {
	type plain Template
	return marshalExtra(plain(t), t.Extra)
}

// TemplateQuery narrows List.
type TemplateQuery struct {
	SearchText string // at most 48 characters
	FolderIDs  []FolderID
	IDs        []TemplateID
	UserFilter string // "owned_by_me", "shared_with_me", "all"
	OrderBy    string // "name", "modified", "used"
	Order      string // "asc" or "desc"
	Include    []Include
	Count      int
	Cursor     string // Page.Next of the page before
}

func (q TemplateQuery) values() (url.Values, error) {
	if len([]rune(q.SearchText)) > 48 {
		return nil, badConfig("TemplateQuery.SearchText", "is longer than 48 characters", "")
	}
	v := url.Values{}
	for name, value := range map[string]string{
		"search_text": q.SearchText, "folder_ids": commas(q.FolderIDs), "template_ids": commas(q.IDs),
		"user_filter": q.UserFilter, "order_by": q.OrderBy, "order": q.Order, "include": commas(q.Include),
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v, addPage(v, q.Count, q.Cursor)
}

// List reads a page of the account's templates; DocuSign gives at most 2,000.
func (s TemplatesService) List(ctx context.Context, q TemplateQuery, opts ...countersign.CallOption) (*countersign.Page[Template], error) {
	v, err := q.values()
	if err != nil {
		return nil, err
	}
	m, err := ask[struct {
		listing
		Templates []Template `json:"envelopeTemplates"`
	}](ctx, s.conn, get("list templates", "/templates").query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Templates)
}

// All goes through the pages of List. An error is given once and ends the
// sequence.
func (s TemplatesService) All(ctx context.Context, q TemplateQuery) iter.Seq2[*Template, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Template], error) {
		q := q
		q.Cursor = cursor
		return s.List(ctx, q)
	})
}

const templatePath = "/templates/{templateId}"

// Get reads a template with its roles, and with what is asked for.
func (s TemplatesService) Get(ctx context.Context, id TemplateID, include []Include, opts ...countersign.CallOption) (*Template, error) {
	c := get("get template", templatePath, string(id))
	if len(include) > 0 {
		c = c.query(url.Values{"include": {commas(include)}})
	}
	return ask[Template](ctx, s.conn, c, opts)
}

// Create makes a template and gives its id.
func (s TemplatesService) Create(ctx context.Context, t Template, opts ...countersign.CallOption) (TemplateID, error) {
	m, err := ask[struct {
		ID    TemplateID    `json:"templateId"`
		Error *ErrorDetails `json:"errorDetails"`
	}](ctx, s.conn, send(api.Write, "create template", "POST", "/templates", t), opts)
	if err != nil {
		return "", err
	}
	var refused refusals
	refused.add("template", m.Error)
	return m.ID, refused.err("create template")
}

// Update changes a template (PUT /templates/{templateId}); what is empty stays as
// it is. Parts that are refused are in an *ItemError; the call is repeated.
func (s TemplatesService) Update(ctx context.Context, id TemplateID, t Template, opts ...countersign.CallOption) error {
	const op = "update template"
	m, err := ask[updateSummary](ctx, s.conn, send(api.IdempotentWrite, op, "PUT", templatePath, t, string(id)), opts)
	if err != nil {
		return err
	}
	return m.refused("template", op)
}

// Documents reads what documents a template has.
func (s TemplatesService) Documents(ctx context.Context, id TemplateID, opts ...countersign.CallOption) ([]DocumentInfo, error) {
	m, err := ask[struct {
		Documents []DocumentInfo `json:"templateDocuments"`
	}](ctx, s.conn, get("list template documents", templatePath+"/documents", string(id)), opts)
	if err != nil {
		return nil, err
	}
	return m.Documents, nil
}

// Download gives one document of a template as a stream that the caller closes.
func (s TemplatesService) Download(ctx context.Context, id TemplateID, document DocumentID, opts ...countersign.CallOption) (*countersign.Download, error) {
	c := get("download template document", templatePath+"/documents/{documentId}", string(id), string(document))
	c.Accept = "application/pdf"
	return download(ctx, s.conn, c, opts)
}

// Recipients reads a template's roles, with their tabs if asked for.
func (s TemplatesService) Recipients(ctx context.Context, id TemplateID, withTabs bool, opts ...countersign.CallOption) (*Recipients, error) {
	c := get("list template recipients", templatePath+"/recipients", string(id))
	if withTabs {
		c = c.query(url.Values{"include_tabs": {"true"}})
	}
	return ask[Recipients](ctx, s.conn, c, opts)
}

// DocumentTabs reads the tabs of a template's document. Tabs.Prefill are those
// that a sender fills before sending.
func (s TemplatesService) DocumentTabs(ctx context.Context, id TemplateID, document DocumentID, opts ...countersign.CallOption) (*Tabs, error) {
	return ask[Tabs](ctx, s.conn, get("get template document tabs", templatePath+"/documents/{documentId}/tabs", string(id), string(document)), opts)
}

// RecipientTabs reads the tabs of one role.
func (s TemplatesService) RecipientTabs(ctx context.Context, id TemplateID, recipient RecipientID, opts ...countersign.CallOption) (*Tabs, error) {
	return ask[Tabs](ctx, s.conn, get("get template recipient tabs", templatePath+"/recipients/{recipientId}/tabs", string(id), string(recipient)), opts)
}

// CustomFields reads a template's envelope custom fields.
func (s TemplatesService) CustomFields(ctx context.Context, id TemplateID, opts ...countersign.CallOption) (*CustomFields, error) {
	return ask[CustomFields](ctx, s.conn, get("list template custom fields", templatePath+"/custom_fields", string(id)), opts)
}

// TemplateField is something that a program can fill in when it makes an
// envelope from a template.
type TemplateField struct {
	Role       string     // who has it; empty: a prefill tab of the sender
	DocumentID DocumentID // of a prefill tab
	Kind       TabKind
	Label      string   // data label, or a radio group's name
	Required   bool     // as the template has it
	Choices    []string // of a list or a radio group
}

// Fields lists what can be filled in when an envelope is made from a template:
// the tabs of each role, found by TemplateRole.Tabs, and the prefill tabs of
// each document, found by Tabs.Prefill. Tabs that fill themselves, such as the
// date of signing, are left out. It makes one call, and one more for each
// document.
func (s TemplatesService) Fields(ctx context.Context, id TemplateID, opts ...countersign.CallOption) ([]TemplateField, error) {
	t, err := s.Get(ctx, id, []Include{IncludeTabs, IncludeDocuments}, opts...)
	if err != nil {
		return nil, err
	}
	var out []TemplateField
	for _, r := range t.Recipients.All() {
		out = append(out, r.Tabs.fields(r.RoleName, "")...)
	}
	for _, d := range t.Documents {
		tabs, err := s.DocumentTabs(ctx, id, d.ID, opts...)
		if err != nil {
			return nil, err
		}
		out = append(out, tabs.Prefill.fields("", d.ID)...)
	}
	return out, nil
}

// RoleTabs fills the fields of one role by their labels, for TemplateRole.Tabs:
// "true" ticks a checkbox, and a radio group takes one of its choices. Labels that
// the role does not have are an *ItemError. DocuSign itself passes over them.
func RoleTabs(fields []TemplateField, role string, values map[string]string) (*Tabs, error) {
	f, out := newFilling(values), &Tabs{}
	for _, field := range fields {
		if field.Role != role || field.DocumentID != "" {
			continue
		}
		value, ok := f.value(field.Label)
		if !ok {
			continue
		}
		if field.Kind == RadioGroupTabs && value != "" {
			f.choice(field.Label, field.Choices, value)
			out.RadioGroups = append(out.RadioGroups, RadioGroup{GroupName: Text(field.Label), Radios: []Radio{{Value: Text(value), Selected: new(Bool(true))}}})
		}
		for _, l := range out.lists() {
			if l.kind == field.Kind {
				*l.list = append(*l.list, f.tab(field.Label, Tab{Label: Text(field.Label)}, field.Kind, field.Choices, value))
			}
		}
	}
	return out, f.err("fill role")
}

// settable are the kinds of tabs that take a value.
var settable = map[TabKind]bool{
	TextTabs: true, CheckboxTabs: true, ListTabs: true, NumberTabs: true, DateTabs: true, EmailTabs: true,
	NoteTabs: true, SSNTabs: true, ZipTabs: true, "currencyTabs": true, "phoneNumberTabs": true,
}

func (t *Tabs) fields(role string, document DocumentID) []TemplateField {
	if t == nil {
		return nil
	}
	var out []TemplateField
	for kind, tab := range t.All() {
		if !settable[kind] || tab.Label == "" {
			continue
		}
		f := TemplateField{Role: role, DocumentID: document, Kind: kind, Label: string(tab.Label), Required: tab.Required != nil && bool(*tab.Required)}
		f.Choices = tab.choices()
		out = append(out, f)
	}
	for _, g := range t.RadioGroups {
		f := TemplateField{Role: role, DocumentID: document, Kind: RadioGroupTabs, Label: string(g.GroupName), Choices: g.choices()}
		for _, r := range g.Radios {
			f.Required = f.Required || r.Required != nil && bool(*r.Required)
		}
		out = append(out, f)
	}
	return out
}
