package salesdock

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/countersign/countersign"
)

// UsersService is the account's users. It needs the scope account. Nothing in the
// API reads one user, creates, changes or deactivates one, or makes a token.
type UsersService struct{ service }

// Role is what a user may do. The list is open.
type Role string

// The roles that were seen.
const (
	RoleOwner             Role = "owner"
	RoleAdmin             Role = "admin"
	RoleOrganisationAdmin Role = "organisationadmin"
	RoleTeamLeader        Role = "teamleader"
	RoleAgent             Role = "agent"
)

// User is a user of the account.
type User struct {
	ID                     UserID          `json:"id"`
	Firstname              Text            `json:"firstname"`
	Lastname               Text            `json:"lastname"`
	Email                  Text            `json:"email"`
	Role                   Role            `json:"role"`
	Active                 Bool            `json:"active"`
	Organisation           json.RawMessage `json:"organisation"` // a name, or an object in the extended list
	OrganisationID         OrganisationID  `json:"organisation_id"`
	OrganisationIdentifier Text            `json:"organisation_identifier"`
	ExtraFields            json.RawMessage `json:"extrafields"`
	// Raw is the whole user as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the user and keeps it whole. The extended list nests the
// organisation.
func (u *User) UnmarshalJSON(data []byte) error {
	type plain User
	if err := decodeKept(data, (*plain)(u), &u.Raw); err != nil {
		return err
	}
	var nested struct {
		ID         OrganisationID `json:"id"`
		Identifier Text           `json:"identifier"`
	}
	if u.OrganisationID == "" && json.Unmarshal(u.Organisation, &nested) == nil {
		u.OrganisationID, u.OrganisationIdentifier = nested.ID, nested.Identifier
	}
	return nil
}

// UserQuery narrows a list of users; the zero value is all.
type UserQuery struct {
	Extended bool   // nests organisation and team
	Period   Period // Of is "created_date", "updated_date" or "deactivated_date"
	Cursor   string // of Page.Next; empty: the first page
}

// List gives one page of users.
func (s UsersService) List(ctx context.Context, q UserQuery, opts ...countersign.CallOption) (*countersign.Page[User], error) {
	p := params{}
	if q.Extended {
		p.set("extended", "true")
	}
	p.period(q.Period, time.DateOnly)
	return askPage[User](ctx, s.conn, get(accountOnly, "list users", "/users").query(map[string][]string(p)), q.Cursor, opts)
}

// All goes through all users.
func (s UsersService) All(ctx context.Context, q UserQuery, opts ...countersign.CallOption) iter.Seq2[*User, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[User], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Invitation invites a person.
type Invitation struct {
	Email          string         `json:"email"`           // required
	Role           Role           `json:"role"`            // required; not RoleOwner
	OrganisationID OrganisationID `json:"organisation_id"` // required
	TeamID         TeamID         `json:"team_id,omitempty"`
}

// Invite mails an invitation to a person, who becomes a user on signing up within
// 14 days. The user name is the mail address: a technical user without a mailbox
// is made in the screens.
func (s UsersService) Invite(ctx context.Context, in Invitation, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "invite user", "POST", "/invitation", in), nil, opts)
}
