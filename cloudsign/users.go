package cloudsign

import (
	"context"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// UsersService reads who the client ID stands for.
type UsersService struct{ service }

// User is the user whom a client ID stands for.
type User struct {
	ID           UserID      `json:"id"`
	Email        string      `json:"email"`
	Name         string      `json:"name"`
	Organization string      `json:"organization"`
	Team         Team        `json:"team"`
	Authorities  Authorities `json:"authorities"`

	Extra Extra `json:"-"`
}

// Team is the team of a user.
type Team struct {
	ID   TeamID `json:"id"`
	Name string `json:"name"`

	Extra Extra `json:"-"`
}

// Authorities are a user's rights in the team.
type Authorities struct {
	TeamAdministrator            bool `json:"team_administrator"`
	TeamDocumentAdministrator    bool `json:"team_document_administrator"`    // 書類管理権限: sees all documents of the team
	DocumentApprover             bool `json:"document_approver"`              // approves before sending
	PrivateDocumentAdministrator bool `json:"private_document_administrator"` // 親展書類管理権限: sees all confidential documents

	Extra Extra `json:"-"`
}

// Me reads the user (GET /me). Enterprise accounts are refused:
// countersign.ErrForbidden.
func (s UsersService) Me(ctx context.Context, opts ...countersign.CallOption) (*User, error) {
	return api.JSON[User](ctx, s.api, api.Call{
		Op: "get user", Method: http.MethodGet, Path: api.NewPath("/me"), Effect: api.Read,
	}, opts...)
}
