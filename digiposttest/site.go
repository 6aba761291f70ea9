package digiposttest

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// OpSite names requests to the registration site in the log and in rules of
// faults.
const OpSite = "registration site"

const sitePath = "/registrering/bedrift"

// registration is what the start address says.
type registration struct {
	partner  int64
	redirect string
	nonce    string
	org      string
}

func (s *Server) parseStart(q url.Values) (registration, error) {
	id, err := strconv.ParseInt(q.Get("partner-id"), 10, 64)
	if _, known := s.state.partners[id]; err != nil || !known {
		return registration{}, errors.New("digiposttest: no such partner")
	}
	u, err := url.Parse(q.Get("redirect-url"))
	if err != nil || u.Host == "" {
		return registration{}, errors.New("digiposttest: redirect-url is not an absolute address")
	}
	return registration{id, u.String(), q.Get("nonce"), q.Get("org")}, nil
}

// Register walks the full-automatic flow of a registration address for an
// organisation and gives the link of Digipost's last page, as it stands there.
// An organisation that has an account authorises the partner with it.
func (s *Server) Register(ctx context.Context, start, organisation string) (link string, err error) {
	reg, err := s.start(start)
	if err != nil {
		return "", err
	}
	return s.register(ctx, reg, organisation)
}

func (s *Server) start(address string) (registration, error) {
	u, err := url.Parse(address)
	if err != nil || u.Path != sitePath {
		return registration{}, errors.New("digiposttest: not a registration address")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parseStart(u.Query())
}

func (s *Server) register(ctx context.Context, reg registration, organisation string) (string, error) {
	s.mu.Lock()
	a := s.authorise(organisation, reg.partner)
	s.mu.Unlock()
	if s.cfg.both {
		if err := s.callBack(ctx, reg, a.SenderID); err != nil {
			return "", err
		}
	}
	return s.link(reg, a), nil
}

// link writes the callback by joining texts, as the documented example suggests.
func (s *Server) link(reg registration, a Account) string {
	address := a.Address
	switch s.cfg.escaping {
	case EscapedHash:
		address = url.QueryEscape(address)
	case EscapedTwice:
		address = url.QueryEscape(url.QueryEscape(address))
	}
	return reg.redirect + "?sender-id=" + text(a.SenderID) + "&dp-address=" + address + "&nonce=" + url.QueryEscape(reg.nonce)
}

// Apply walks the semi-automatic flow up to the form that somebody without
// signature right sends in.
func (s *Server) Apply(start, organisation string) (ApplicationID, error) {
	reg, err := s.start(start)
	if err != nil {
		return "", err
	}
	return s.apply(reg, organisation), nil
}

func (s *Server) apply(reg registration, organisation string) ApplicationID {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ApplicationID(rand.Text())
	s.state.applications[id] = &application{request: reg, organisation: organisation}
	return id
}

// Applications gives the applications that are not approved, for tests that let a
// browser send the form in.
func (s *Server) Applications() []ApplicationID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []ApplicationID
	for id, a := range s.state.applications {
		if !a.done {
			out = append(out, id)
		}
	}
	return out
}

// Approve is support's approval: the account and the partner's right are made,
// and the back-end callback is sent. Approving again sends it again. The error
// is that of the callback, a *StatusError for an answer that is not 2xx.
func (s *Server) Approve(ctx context.Context, id ApplicationID) error {
	s.mu.Lock()
	a, found := s.state.applications[id]
	if !found {
		s.mu.Unlock()
		return errors.New("digiposttest: no such application")
	}
	a.done = true
	account := s.authorise(a.organisation, a.request.partner)
	s.mu.Unlock()
	return s.callBack(ctx, a.request, account.SenderID)
}

// StatusError is a back-end callback that the partner did not accept.
type StatusError struct{ StatusCode int }

// Error tells the status.
func (e *StatusError) Error() string {
	return "digiposttest: the back-end callback was answered " + strconv.Itoa(e.StatusCode)
}

// CallBack sends a back-end callback with any values to a partner's address, as
// Digipost or as somebody who pretends to be. The error is as Approve's.
func (s *Server) CallBack(ctx context.Context, partner, senderID int64, nonce string) error {
	return s.callBack(ctx, registration{partner: partner, nonce: nonce}, senderID)
}

func (s *Server) callBack(ctx context.Context, reg registration, senderID int64) error {
	s.mu.Lock()
	address := s.state.partners[reg.partner].BackendURL
	s.mu.Unlock()
	if address == "" {
		return errors.New("digiposttest: the partner has no BackendURL")
	}
	query := "sender-id=" + text(senderID) + "&nonce=" + url.QueryEscape(reg.nonce)
	body, form := strings.NewReader(""), ""
	if s.cfg.method == http.MethodPost {
		body, form = strings.NewReader(query), "application/x-www-form-urlencoded"
	} else {
		address += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, s.cfg.method, address, body)
	if err != nil {
		return err
	}
	if form != "" {
		req.Header.Set("Content-Type", form)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode/100 != 2 {
		return &StatusError{res.StatusCode}
	}
	return nil
}

var sitePage = template.Must(template.New("site").Parse(`<!DOCTYPE html>
<html lang="nb"><head><meta charset="utf-8"><title>Digipost (simulert)</title></head>
<body style="font: 1rem/1.5 sans-serif; max-width: 36rem; margin: 2rem auto">
{{if .Link}}<h1>Kontoen er klar</h1><p>Avsender-id {{.SenderID}}.</p><p><a id="back" href="{{.Link}}">Tilbake til leverandøren</a></p>
{{else if .Applied}}<h1>Søknaden er sendt</h1><p>Digipost support kontrollerer virksomheten. Det kan ta noen dager.</p>
{{else}}<h1>Opprett virksomhetskonto</h1>
<form method="post"><label>Organisasjonsnummer <input name="org" value="{{.Org}}"></label>
<p><button id="register" name="right" value="yes">Jeg har signaturrett</button>
<button id="apply" name="right" value="no">Jeg har ikke signaturrett: send søknad</button></p></form>{{end}}
</body></html>
`))

type siteData struct {
	Org, SenderID string
	Link          template.URL // as Digipost writes it, also where that breaks it
	Applied       bool
}

// serveSite is the registration for a browser: a form, then the last page.
func (s *Server) serveSite(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	reg, err := s.parseStart(r.URL.Query())
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	data := siteData{Org: reg.org}
	if r.Method == http.MethodPost {
		org := r.PostFormValue("org")
		if r.PostFormValue("right") == "no" {
			s.apply(reg, org)
			data.Applied = true
		} else {
			link, err := s.register(r.Context(), reg, org)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			a, _ := s.Account(org)
			data.Link, data.SenderID = template.URL(link), text(a.SenderID) //nolint:gosec // the page must not mend how the link is escaped
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = sitePage.Execute(w, data) // the only error is a browser that went away
}
