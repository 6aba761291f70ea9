package docusign

import "iter"

// Tabs are the fields on an envelope's or template's documents, by kind. In
// requests the tabs of a role are found by their labels, those of an existing
// document by their ids.
type Tabs struct {
	Approve              []Tab        `json:"approveTabs,omitempty"`
	Checkbox             []Tab        `json:"checkboxTabs,omitempty"`
	CommentThread        []Tab        `json:"commentThreadTabs,omitempty"`
	CommissionCounty     []Tab        `json:"commissionCountyTabs,omitempty"`
	CommissionExpiration []Tab        `json:"commissionExpirationTabs,omitempty"`
	CommissionNumber     []Tab        `json:"commissionNumberTabs,omitempty"`
	CommissionState      []Tab        `json:"commissionStateTabs,omitempty"`
	Company              []Tab        `json:"companyTabs,omitempty"`
	Currency             []Tab        `json:"currencyTabs,omitempty"`
	DateSigned           []Tab        `json:"dateSignedTabs,omitempty"`
	Date                 []Tab        `json:"dateTabs,omitempty"`
	Decline              []Tab        `json:"declineTabs,omitempty"`
	Draw                 []Tab        `json:"drawTabs,omitempty"`
	EmailAddress         []Tab        `json:"emailAddressTabs,omitempty"`
	Email                []Tab        `json:"emailTabs,omitempty"`
	EnvelopeID           []Tab        `json:"envelopeIdTabs,omitempty"`
	FirstName            []Tab        `json:"firstNameTabs,omitempty"`
	Formula              []Tab        `json:"formulaTabs,omitempty"`
	FullName             []Tab        `json:"fullNameTabs,omitempty"`
	InitialHere          []Tab        `json:"initialHereTabs,omitempty"`
	LastName             []Tab        `json:"lastNameTabs,omitempty"`
	List                 []Tab        `json:"listTabs,omitempty"`
	Notarize             []Tab        `json:"notarizeTabs,omitempty"`
	NotarySeal           []Tab        `json:"notarySealTabs,omitempty"`
	Note                 []Tab        `json:"noteTabs,omitempty"`
	Number               []Tab        `json:"numberTabs,omitempty"`
	PhoneNumber          []Tab        `json:"phoneNumberTabs,omitempty"`
	PolyLineOverlay      []Tab        `json:"polyLineOverlayTabs,omitempty"`
	SignerAttachment     []Tab        `json:"signerAttachmentTabs,omitempty"`
	SignHere             []Tab        `json:"signHereTabs,omitempty"`
	SmartSection         []Tab        `json:"smartSectionTabs,omitempty"`
	SSN                  []Tab        `json:"ssnTabs,omitempty"`
	Text                 []Tab        `json:"textTabs,omitempty"`
	Title                []Tab        `json:"titleTabs,omitempty"`
	View                 []Tab        `json:"viewTabs,omitempty"`
	Zip                  []Tab        `json:"zipTabs,omitempty"`
	RadioGroups          []RadioGroup `json:"radioGroupTabs,omitempty"`
	Groups               []TabGroup   `json:"tabGroups,omitempty"`
	// SenderName and SenderCompany exist among prefill tabs alone.
	SenderName    []Tab `json:"senderNameTabs,omitempty"`
	SenderCompany []Tab `json:"senderCompanyTabs,omitempty"`
	// Prefill are the tabs that the sender fills before sending. They belong to a
	// document, not to a recipient, and are reached through Tabs.OfDocument.
	Prefill *Tabs `json:"prefillTabs,omitempty"`
}

// TabKind is DocuSign's name of a list of tabs: "textTabs".
type TabKind string

// Kinds of tabs whose values programs set.
const (
	TextTabs       TabKind = "textTabs"
	CheckboxTabs   TabKind = "checkboxTabs"
	RadioGroupTabs TabKind = "radioGroupTabs"
	ListTabs       TabKind = "listTabs"
	NumberTabs     TabKind = "numberTabs"
	DateTabs       TabKind = "dateTabs"
	EmailTabs      TabKind = "emailTabs"
	NoteTabs       TabKind = "noteTabs"
	SSNTabs        TabKind = "ssnTabs"
	ZipTabs        TabKind = "zipTabs"
)

// Tab is one field on a document.
type Tab struct {
	ID    TabID `json:"tabId,omitempty"`
	Label Text  `json:"tabLabel,omitempty"`
	Name  Text  `json:"name,omitempty"`
	// Value is what stands in the tab: nil leaves it as it is, "" clears it.
	Value         *Text       `json:"value,omitempty"`
	OriginalValue Text        `json:"originalValue,omitempty"`
	Selected      *Bool       `json:"selected,omitempty"`  // of a checkbox
	Items         []ListItem  `json:"listItems,omitempty"` // of a list
	Required      *Bool       `json:"required,omitempty"`
	Locked        *Bool       `json:"locked,omitempty"`
	DocumentID    DocumentID  `json:"documentId,omitempty"`
	RecipientID   RecipientID `json:"recipientId,omitempty"`
	// Where it stands: a page from 1 and pixels from its upper left corner, or a
	// text of the document and an offset from it.
	PageNumber     Text          `json:"pageNumber,omitempty"`
	X              Text          `json:"xPosition,omitempty"`
	Y              Text          `json:"yPosition,omitempty"`
	AnchorString   string        `json:"anchorString,omitempty"`
	AnchorX        Text          `json:"anchorXOffset,omitempty"`
	AnchorY        Text          `json:"anchorYOffset,omitempty"`
	AnchorUnits    string        `json:"anchorUnits,omitempty"` // "pixels", "mms", "cms", "inches"
	AnchorOptional *Bool         `json:"anchorIgnoreIfNotPresent,omitempty"`
	Width          Text          `json:"width,omitempty"`
	Height         Text          `json:"height,omitempty"`
	MaxLength      Text          `json:"maxLength,omitempty"`
	Type           string        `json:"tabType,omitempty"` // in answers
	Status         string        `json:"status,omitempty"`
	Error          *ErrorDetails `json:"errorDetails,omitempty"`
	Extra          Extra         `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (t *Tab) UnmarshalJSON(data []byte) (err error) {
	type plain Tab
	t.Extra, err = unmarshalExtra(data, (*plain)(t))
	return err
}

// MarshalJSON writes the members of Extra too.
func (t Tab) MarshalJSON() ([]byte, error) {
	type plain Tab
	return marshalExtra(plain(t), t.Extra)
}

// ListItem is a choice of a list.
type ListItem struct {
	Text     Text  `json:"text,omitempty"`
	Value    Text  `json:"value,omitempty"`
	Selected *Bool `json:"selected,omitempty"`
}

// RadioGroup is a set of buttons of which one can be chosen. It has a name in
// place of a label.
type RadioGroup struct {
	GroupName   Text        `json:"groupName,omitempty"`
	DocumentID  DocumentID  `json:"documentId,omitempty"`
	RecipientID RecipientID `json:"recipientId,omitempty"`
	Value       Text        `json:"value,omitempty"` // in answers
	Radios      []Radio     `json:"radios,omitempty"`
	Type        string      `json:"tabType,omitempty"` // in answers
	Extra       Extra       `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (g *RadioGroup) UnmarshalJSON(data []byte) (err error) {
	type plain RadioGroup
	g.Extra, err = unmarshalExtra(data, (*plain)(g))
	return err
}

// MarshalJSON writes the members of Extra too.
func (g RadioGroup) MarshalJSON() ([]byte, error) {
	type plain RadioGroup
	return marshalExtra(plain(g), g.Extra)
}

// Radio is one button.
type Radio struct {
	TabID        TabID         `json:"tabId,omitempty"`
	Value        Text          `json:"value,omitempty"`
	Selected     *Bool         `json:"selected,omitempty"`
	PageNumber   Text          `json:"pageNumber,omitempty"`
	X            Text          `json:"xPosition,omitempty"`
	Y            Text          `json:"yPosition,omitempty"`
	AnchorString string        `json:"anchorString,omitempty"`
	AnchorX      Text          `json:"anchorXOffset,omitempty"`
	AnchorY      Text          `json:"anchorYOffset,omitempty"`
	Required     *Bool         `json:"required,omitempty"`
	Locked       *Bool         `json:"locked,omitempty"`
	Error        *ErrorDetails `json:"errorDetails,omitempty"`
}

// TabGroup ties tabs together, for example checkboxes of which some have to be
// ticked.
type TabGroup struct {
	Label           Text        `json:"groupLabel,omitempty"`
	Rule            Text        `json:"groupRule,omitempty"`
	MinimumRequired Text        `json:"minimumRequired,omitempty"`
	MaximumAllowed  Text        `json:"maximumAllowed,omitempty"`
	DocumentID      DocumentID  `json:"documentId,omitempty"`
	RecipientID     RecipientID `json:"recipientId,omitempty"`
	Scope           Text        `json:"tabScope,omitempty"`
}

type tabList struct {
	kind TabKind
	list *[]Tab
}

func (t *Tabs) lists() []tabList {
	return []tabList{
		{"approveTabs", &t.Approve},
		{"checkboxTabs", &t.Checkbox},
		{"commentThreadTabs", &t.CommentThread},
		{"commissionCountyTabs", &t.CommissionCounty},
		{"commissionExpirationTabs", &t.CommissionExpiration},
		{"commissionNumberTabs", &t.CommissionNumber},
		{"commissionStateTabs", &t.CommissionState},
		{"companyTabs", &t.Company},
		{"currencyTabs", &t.Currency},
		{"dateSignedTabs", &t.DateSigned},
		{"dateTabs", &t.Date},
		{"declineTabs", &t.Decline},
		{"drawTabs", &t.Draw},
		{"emailAddressTabs", &t.EmailAddress},
		{"emailTabs", &t.Email},
		{"envelopeIdTabs", &t.EnvelopeID},
		{"firstNameTabs", &t.FirstName},
		{"formulaTabs", &t.Formula},
		{"fullNameTabs", &t.FullName},
		{"initialHereTabs", &t.InitialHere},
		{"lastNameTabs", &t.LastName},
		{"listTabs", &t.List},
		{"notarizeTabs", &t.Notarize},
		{"notarySealTabs", &t.NotarySeal},
		{"noteTabs", &t.Note},
		{"numberTabs", &t.Number},
		{"phoneNumberTabs", &t.PhoneNumber},
		{"polyLineOverlayTabs", &t.PolyLineOverlay},
		{"signerAttachmentTabs", &t.SignerAttachment},
		{"signHereTabs", &t.SignHere},
		{"smartSectionTabs", &t.SmartSection},
		{"ssnTabs", &t.SSN},
		{"textTabs", &t.Text},
		{"titleTabs", &t.Title},
		{"viewTabs", &t.View},
		{"zipTabs", &t.Zip},
		{"senderNameTabs", &t.SenderName},
		{"senderCompanyTabs", &t.SenderCompany},
	}
}

// All goes through all tabs but radio groups and prefill tabs.
func (t *Tabs) All() iter.Seq2[TabKind, *Tab] {
	return func(yield func(TabKind, *Tab) bool) {
		if t == nil {
			return
		}
		for _, l := range t.lists() {
			for i := range *l.list {
				if !yield(l.kind, &(*l.list)[i]) {
					return
				}
			}
		}
	}
}

// refused collects the tabs that an answer says were refused.
func (t *Tabs) refused(r *refusals) {
	if t == nil {
		return
	}
	for _, tab := range t.All() {
		name := string(tab.Label)
		if name == "" {
			name = string(tab.ID)
		}
		r.add(name, tab.Error)
	}
	for _, g := range t.RadioGroups {
		for _, radio := range g.Radios {
			r.add(string(g.GroupName), radio.Error)
		}
	}
	t.Prefill.refused(r)
}
