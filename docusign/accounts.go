package docusign

import (
	"context"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// FoldersService reads folders and moves envelopes between them.
type FoldersService struct{ service }

// Recyclebin is the folder of what was deleted. An envelope that is under way is
// voided when it is moved there.
const Recyclebin FolderID = "recyclebin"

// Folder is a folder of envelopes or templates.
type Folder struct {
	ID       FolderID      `json:"folderId,omitempty"`
	Name     string        `json:"name,omitempty"`
	Type     string        `json:"type,omitempty"` // "inbox", "draft", "sentitems", "recyclebin", "templates", "normal"
	ParentID FolderID      `json:"parentFolderId,omitempty"`
	Items    Int           `json:"itemCount,omitempty"`
	Folders  []Folder      `json:"folders,omitempty"`
	Error    *ErrorDetails `json:"errorDetails,omitempty"`
}

type folderList struct {
	listing
	Folders   []Folder   `json:"folders"`
	Envelopes []Envelope `json:"envelopes"`
}

// List reads the user's folders.
func (s FoldersService) List(ctx context.Context, opts ...countersign.CallOption) ([]Folder, error) {
	m, err := ask[folderList](ctx, s.conn, get("list folders", "/folders"), opts)
	if err != nil {
		return nil, err
	}
	return m.Folders, nil
}

// Envelopes reads a page of the envelopes in a folder.
func (s FoldersService) Envelopes(ctx context.Context, id FolderID, cursor string, opts ...countersign.CallOption) (*countersign.Page[Envelope], error) {
	v := url.Values{}
	if err := addPage(v, 0, cursor); err != nil {
		return nil, err
	}
	m, err := ask[folderList](ctx, s.conn, get("list folder envelopes", "/folders/{folderId}", string(id)).query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Envelopes)
}

// Move moves envelopes into a folder; moving them into Recyclebin deletes them.
func (s FoldersService) Move(ctx context.Context, to FolderID, ids []EnvelopeID, opts ...countersign.CallOption) error {
	if len(ids) == 0 {
		return badConfig("ids", "is empty", "")
	}
	m, err := ask[folderList](ctx, s.conn, send(api.IdempotentWrite, "move envelopes", "PUT", "/folders/{folderId}", envelopeIDs{ids}, string(to)), opts)
	if err != nil {
		return err
	}
	var refused refusals
	for _, f := range m.Folders {
		refused.add(string(f.ID), f.Error)
	}
	return refused.err("move envelopes")
}

// UsersService reads the users of the account.
type UsersService struct{ service }

// User is a user of the account.
type User struct {
	ID         UserID `json:"userId"`
	Name       string `json:"userName"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	Email      string `json:"email"`
	Status     string `json:"userStatus"` // "Active", "ActivationSent", "Closed", …
	IsAdmin    Bool   `json:"isAdmin"`
	Permission string `json:"permissionProfileName"`
	JobTitle   string `json:"jobTitle"`
	Company    string `json:"company"`
	Created    Text   `json:"createdDateTime"`
}

// UserQuery narrows List.
type UserQuery struct {
	Email  string // whole
	Status string // "Active", "Closed", …
	Count  int
	Cursor string // Page.Next of the page before
}

// List reads a page of the account's users.
func (s UsersService) List(ctx context.Context, q UserQuery, opts ...countersign.CallOption) (*countersign.Page[User], error) {
	v := url.Values{}
	if q.Email != "" {
		v.Set("email", q.Email)
	}
	if q.Status != "" {
		v.Set("status", q.Status)
	}
	if err := addPage(v, q.Count, q.Cursor); err != nil {
		return nil, err
	}
	m, err := ask[struct {
		listing
		Users []User `json:"users"`
	}](ctx, s.conn, get("list users", "/users").query(v), opts)
	if err != nil {
		return nil, err
	}
	return pageOf(m.listing, m.Users)
}

// Get reads one user.
func (s UsersService) Get(ctx context.Context, id UserID, opts ...countersign.CallOption) (*User, error) {
	return ask[User](ctx, s.conn, get("get user", "/users/{userId}", string(id)), opts)
}

// AccountsService reads the account itself.
type AccountsService struct{ service }

// AccountInfo is the account and its plan.
type AccountInfo struct {
	ID       AccountID `json:"accountIdGuid"`
	Name     string    `json:"accountName"`
	PlanID   string    `json:"currentPlanId"`
	PlanName string    `json:"planName"`
	// ConnectPermission is empty where the account has no Connect.
	ConnectPermission string `json:"connectPermission"`
	EnvelopesAllowed  Text   `json:"billingPeriodEnvelopesAllowed"` // "unlimited" where there is no bound
	EnvelopesSent     Int    `json:"billingPeriodEnvelopesSent"`
	SendingBlocked    Bool   `json:"envelopeSendingBlocked"`
	Extra             Extra  `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (a *AccountInfo) UnmarshalJSON(data []byte) (err error) {
	type plain AccountInfo
	a.Extra, err = unmarshalExtra(data, (*plain)(a))
	return err
}

// Get reads the account (GET /v2.1/accounts/{accountId}).
func (s AccountsService) Get(ctx context.Context, opts ...countersign.CallOption) (*AccountInfo, error) {
	return ask[AccountInfo](ctx, s.conn, get("get account", ""), opts)
}

// Settings reads the account's several hundred settings, by DocuSign's names.
func (s AccountsService) Settings(ctx context.Context, opts ...countersign.CallOption) (Extra, error) {
	m, err := ask[Extra](ctx, s.conn, get("get settings", "/settings"), opts)
	if err != nil {
		return nil, err
	}
	return *m, nil
}

// CustomFields reads the envelope custom fields that the account predefines.
func (s AccountsService) CustomFields(ctx context.Context, opts ...countersign.CallOption) (*CustomFields, error) {
	return ask[CustomFields](ctx, s.conn, get("list account custom fields", "/custom_fields"), opts)
}
