package cloudsigntest

import "slices"

// involved reports whether the user made the document or takes part in it.
func involved(u User, d *Document) bool {
	if d.UserID == u.ID {
		return true
	}
	if d.Status == Draft || d.Status == Template {
		return false
	}
	return slices.ContainsFunc(d.Participants, func(p Participant) bool { return p.Email == u.Email }) ||
		slices.ContainsFunc(d.Reportees, func(p Reportee) bool { return p.Email == u.Email })
}

// exchanged reports whether a member of the team sent or received the
// document.
func (st *state) exchanged(teamID string, d *Document) bool {
	if d.Status == Draft || d.Status == Template {
		return false
	}
	return st.teamOf(d.UserID) == teamID || slices.ContainsFunc(d.Participants, func(p Participant) bool {
		m := st.byEmail[p.Email]
		return m != nil && m.TeamID == teamID
	})
}

// mayRead is the viewing range of a user: what the user is involved in, and
// by authority what the team exchanged.
func (s *Server) mayRead(u User, t Team, d *Document) bool {
	if t.Enterprise && !s.cfg.enterpriseSeesTeam {
		return d.UserID == u.ID
	}
	if involved(u, d) {
		return true
	}
	if d.Status == Template {
		return d.Shared && s.state.teamOf(d.UserID) == u.TeamID
	}
	return s.byAuthority(u, d)
}

func (s *Server) byAuthority(u User, d *Document) bool {
	if !s.state.exchanged(u.TeamID, d) {
		return false
	}
	administrator := u.Authorities.TeamDocumentAdministrator || s.cfg.mayListTeam(u.Authorities)
	if d.Private {
		return u.Authorities.PrivateDocumentAdministrator || administrator && s.cfg.showPrivate
	}
	return administrator
}
