package contractone

import (
	"fmt"
	"slices"

	"github.com/countersign/countersign"
)

// Visibility says who may see an entry beside its responsible persons.
type Visibility string

// The three share scopes: 全社公開, 非公開 and 指定グループに公開.
const (
	VisibleToCompany Visibility = "company"
	VisibleToNobody  Visibility = "private"
	VisibleToGroups  Visibility = "groups"
)

// Share is the share scope (共有範囲, 公開範囲) of an entry: a right to see, not
// to edit. Make it with CompanyWide, Private or Groups; the zero value is not
// valid, because nobody may share a contract by forgetting to choose.
type Share struct {
	Visibility Visibility `json:"visibility"`
	Groups     []string   `json:"groups,omitempty"` // names, for VisibleToGroups only
}

// CompanyWide shares with every user of the company (全社公開).
func CompanyWide() Share { return Share{Visibility: VisibleToCompany} }

// Private shares with nobody but the responsible persons (非公開).
func Private() Share { return Share{Visibility: VisibleToNobody} }

// Groups shares with the members of one or more groups (指定グループに公開).
// Groups have unique names.
func Groups(names ...string) Share {
	return Share{Visibility: VisibleToGroups, Groups: slices.Clone(names)}
}

// problem says what is wrong with s, or "".
func (s Share) problem() string {
	switch s.Visibility {
	case VisibleToCompany, VisibleToNobody:
		if len(s.Groups) > 0 {
			return "names groups but is not shared with groups"
		}
		return ""
	case VisibleToGroups:
		if len(s.Groups) == 0 {
			return "names no group"
		}
		return badNames(s.Groups)
	case "":
		return "is not chosen"
	}
	return fmt.Sprintf("is %q, which is no share scope", s.Visibility)
}

// Validate refuses a scope that was not chosen, groups without a name and the
// same group twice. The error is a countersign.ErrInvalid.
func (s Share) Validate() error {
	if p := s.problem(); p != "" {
		return fmt.Errorf("contractone: share scope %s: %w", p, countersign.ErrInvalid)
	}
	return nil
}

// PrincipalKind tells users from groups.
type PrincipalKind string

// The kinds of principals.
const (
	KindUser  PrincipalKind = "user"
	KindGroup PrincipalKind = "group"
)

// Principal is a user, named by the e-mail address of the account, or a group,
// named by its unique name. Principals can be compared with ==.
type Principal struct {
	Kind PrincipalKind `json:"kind"`
	Name string        `json:"name"`
}

// User is the user with this account.
func User(account string) Principal { return Principal{KindUser, account} }

// Group is the group with this name.
func Group(name string) Principal { return Principal{KindGroup, name} }

// String gives "user taro@example.com" or "group Legal".
func (p Principal) String() string { return string(p.Kind) + " " + p.Name }

// principalsProblem says what is wrong with a list of at least one, or "".
func principalsProblem(list []Principal) string {
	if len(list) == 0 {
		return "names nobody"
	}
	for i, p := range list {
		switch {
		case p.Kind != KindUser && p.Kind != KindGroup:
			return fmt.Sprintf("holds %q, which is neither a user nor a group", p.Kind)
		case p.Name == "":
			return "holds a " + string(p.Kind) + " without a name"
		case badText(p.Name) != "":
			return "holds a name that " + badText(p.Name)
		case slices.Contains(list[:i], p):
			return "names " + p.String() + " twice"
		}
	}
	return ""
}

func badNames(names []string) string {
	for i, n := range names {
		switch {
		case n == "":
			return "holds a group without a name"
		case badText(n) != "":
			return "holds a name that " + badText(n)
		case slices.Contains(names[:i], n):
			return fmt.Sprintf("names the group %q twice", n)
		}
	}
	return ""
}

// Viewer is a user who wants to see or edit entries.
type Viewer struct {
	Account     string
	Groups      []string // names of the groups that the user is a member of
	SystemAdmin bool     // システム管理ユーザー: may edit what is visible, sees no more than others
	SearchAll   bool     // 全契約書の検索: sees every entry whatever its share scope
}

// VisibleTo reports whether v may see the entry: shared with the whole company
// or with one of v's groups, v is responsible for it, or v may search all
// contracts. A system administrator sees no more than that.
func (e Entry) VisibleTo(v Viewer) bool {
	switch {
	case v.SearchAll, e.Share.Visibility == VisibleToCompany, e.isResponsible(v):
		return true
	case e.Share.Visibility == VisibleToGroups:
		return slices.ContainsFunc(e.Share.Groups, func(g string) bool { return slices.Contains(v.Groups, g) })
	}
	return false
}

// EditableBy reports whether v may edit the entry: a responsible person, or a
// system administrator who can see it. The share scope gives no right to edit.
func (e Entry) EditableBy(v Viewer) bool {
	return e.isResponsible(v) || (v.SystemAdmin && e.VisibleTo(v))
}

func (e Entry) isResponsible(v Viewer) bool {
	return slices.ContainsFunc(e.Responsible, func(p Principal) bool {
		if p.Kind == KindGroup {
			return slices.Contains(v.Groups, p.Name)
		}
		return p.Name == v.Account
	})
}
