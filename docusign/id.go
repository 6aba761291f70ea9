package docusign

// Identifiers. All but those that a sender chooses are GUIDs; only their being
// non-empty is checked.
type (
	// UserID names a user of an account.
	UserID string
	// TemplateID names a template.
	TemplateID string
	// TabID names a tab on an envelope's document.
	TabID string
	// FieldID names a custom field.
	FieldID string
	// FolderID names a folder; "recyclebin" is a folder too.
	FolderID string
	// ConnectID names a Connect configuration.
	ConnectID string
	// BulkListID names a list of a bulk send.
	BulkListID string
	// BatchID names a batch of envelopes that a bulk send made.
	BatchID string
	// TransactionID is the sender's own name of one creation, valid for seven days.
	TransactionID string
)

// DocumentID names a document within its envelope. The sender chooses it, from
// 1 to 2147483647; a download also takes the constants.
type DocumentID string

// What DocumentsService.Download gives instead of one document.
const (
	Combined    DocumentID = "combined"    // all documents as one PDF
	Archive     DocumentID = "archive"     // a ZIP file of all documents and the certificate
	Certificate DocumentID = "certificate" // the certificate of completion
	Portfolio   DocumentID = "portfolio"   // a PDF portfolio
)

// UnmarshalJSON reads text or a number.
func (id *DocumentID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *RecipientID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }
