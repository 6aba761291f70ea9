package senderonboarding

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
)

// Handler serves the flow below the path of BaseURL: the customer's way back
// (back/…), the back-end callback (backend), and, where Config.Public is set, the
// landing page and its start for visitors who are not signed in.
func (f *Flow) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+f.path+"/back/{state}", f.back)
	mux.Handle(f.path+"/backend", f.backend)
	mux.Handle(f.path+"/backend/{token}", f.backend)
	if f.cfg.Public {
		mux.HandleFunc("GET "+f.path+"/{$}", func(w http.ResponseWriter, r *http.Request) { f.publicLanding(w, r, http.StatusOK, "") })
		mux.Handle("POST "+f.path+"/start", f.startHandler(f.publicStart, func(w http.ResponseWriter, r *http.Request) {
			f.publicLanding(w, r, http.StatusBadRequest, strings.TrimSpace(r.PostFormValue("org")))
		}))
	}
	return mux
}

// BackendURL is the address to give to Digipost beforehand, for the back-end
// callback. With BackendTokens it holds a secret.
func (f *Flow) BackendURL() countersign.Secret {
	address := f.cfg.BaseURL + "/backend"
	if len(f.cfg.BackendTokens) > 0 {
		address += "/" + f.cfg.BackendTokens[0].Reveal()
	}
	return countersign.NewSecret(address)
}

// publicStart reads the form of the public landing page. What is typed there
// fills in Digipost's form and proves nothing.
func (f *Flow) publicStart(r *http.Request) (Start, error) {
	if err := r.ParseForm(); err != nil {
		return Start{}, errForm
	}
	typed := strings.TrimSpace(r.PostFormValue("org"))
	if typed == "" {
		return Start{}, nil
	}
	org, err := f.cfg.parseNumber(typed)
	return Start{Prefill: org}, err
}

// errForm does not quote what came.
var errForm = fmt.Errorf("the form can't be read (%w)", countersign.ErrInvalid)

const maxForm = 4 << 10 // bytes of a form

// StartHandler begins a session by POST and sends the customer to Digipost. who
// says for whom, from the vendor's own login. Its error is logged and answered 400
// where it matches countersign.ErrInvalid, as that of digipost.ParseOrganisationNumber
// does, 403 for countersign.ErrUnauthorized and ErrForbidden, and 503 otherwise. A
// POST that another site made is refused.
func (f *Flow) StartHandler(who func(*http.Request) (Start, error)) http.Handler {
	return f.startHandler(who, func(w http.ResponseWriter, r *http.Request) {
		f.problem(w, r, http.StatusBadRequest, problemOrganisation)
	})
}

func (f *Flow) startHandler(who func(*http.Request) (Start, error), refused http.HandlerFunc) http.Handler {
	start := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			f.problem(w, r, http.StatusMethodNotAllowed, problemInvalid)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		s, err := who(r)
		if err != nil {
			f.notStarted(w, r, s.Tenant, err, refused)
			return
		}
		s.Browser = f.keepBrowser(w, r)
		started, err := f.Start(r.Context(), s)
		if err != nil {
			f.notStarted(w, r, s.Tenant, err, refused)
			return
		}
		if !started.Claim.IsZero() {
			http.SetCookie(w, f.cookie(claimCookie+string(started.Session.ID), started.Claim, f.cfg.Deadline))
		}
		f.redirect(w, started.Address.Reveal())
	})
	ours := http.NewCrossOriginProtection()
	ours.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.cfg.Logger.WarnContext(r.Context(), "senderonboarding: a start from another site was refused")
		f.problem(w, r, http.StatusForbidden, problemDenied)
	}))
	return ours.Handler(start)
}

// notStarted shows why a session did not begin; refused is the page of a wrong
// organisation number.
func (f *Flow) notStarted(w http.ResponseWriter, r *http.Request, tenant string, err error, refused http.HandlerFunc) {
	switch {
	case errors.Is(err, countersign.ErrInvalid):
		f.cfg.Logger.WarnContext(r.Context(), "senderonboarding: not started", "tenant", tenant, "error", err)
		refused(w, r)
	case errors.Is(err, countersign.ErrUnauthorized) || errors.Is(err, countersign.ErrForbidden):
		f.cfg.Logger.WarnContext(r.Context(), "senderonboarding: not started", "tenant", tenant, "error", err)
		f.problem(w, r, http.StatusForbidden, problemDenied)
	default:
		f.fail(w, r, err)
	}
}

const (
	// claimCookie begins the name of the cookies that hold claims, one a session, so
	// that two tabs don't overwrite each other.
	claimCookie = "digipost-onboarding-"
	// browserCookie tells browsers apart.
	browserCookie = "digipost-browser"
	browserLen    = 26 // that of rand.Text
)

// cookieName gives a cookie the prefix that keeps other hosts, such as the vendor's
// other sites on one domain, from setting it.
func (f *Flow) cookieName(name string) string {
	if strings.HasPrefix(f.cfg.BaseURL, "https:") {
		return "__Host-" + name
	}
	return name
}

// cookie comes with the customer's click on another site's link, so it is Lax. One
// that is for no time at all goes away.
func (f *Flow) cookie(name string, value countersign.Secret, keep time.Duration) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure, unless the program itself is reached over plain HTTP
		Name: f.cookieName(name), Value: value.Reveal(), Path: "/", MaxAge: cmp.Or(int(keep/time.Second), -1),
		Secure: strings.HasPrefix(f.cfg.BaseURL, "https:"), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// browserOf gives the secret of the visitor's browser, none if it has none.
func (f *Flow) browserOf(r *http.Request) countersign.Secret {
	c, err := r.Cookie(f.cookieName(browserCookie))
	if err != nil || len(c.Value) != browserLen {
		return countersign.Secret{}
	}
	return countersign.NewSecret(c.Value)
}

// keepBrowser gives the secret of the visitor's browser, or gives it one, for as long
// as a session that begins now may come back.
func (f *Flow) keepBrowser(w http.ResponseWriter, r *http.Request) countersign.Secret {
	secret := f.browserOf(r)
	if secret.IsZero() {
		secret = countersign.NewSecret(rand.Text())
	}
	http.SetCookie(w, f.cookie(browserCookie, secret, f.cfg.BrowserWindow))
	return secret
}

// maxClaims bounds how many sessions a browser claims at once.
const maxClaims = 8

// ClaimFrom gives the sessions that began in this browser on a public page to the
// tenant who signed in, and takes their cookies away. The vendor calls it after
// each sign-in; without such sessions it does nothing. Sessions that can't be
// claimed any more are left out.
func (f *Flow) ClaimFrom(w http.ResponseWriter, r *http.Request, c Claimant) ([]Session, error) {
	var out []Session
	seen := 0
	for _, cookie := range r.Cookies() {
		name, found := strings.CutPrefix(cookie.Name, f.cookieName(claimCookie))
		if !found || seen == maxClaims {
			continue
		}
		seen++
		s, err := f.Claim(r.Context(), countersign.NewSecret(cookie.Value), c)
		switch {
		case err == nil:
			out = append(out, s)
		case !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrClaimed) && !errors.Is(err, ErrTooLate):
			return out, err
		}
		http.SetCookie(w, f.cookie(claimCookie+name, countersign.Secret{}, 0))
	}
	return out, nil
}

// relayed marks a callback that the relay page sent on, so that it can't loop.
const relayed = "relay"

// back is the customer's way back. With a callback it takes the click and leads
// to the same address without query, which shows how the session stands.
func (f *Flow) back(w http.ResponseWriter, r *http.Request) {
	state := countersign.NewSecret(r.PathValue("state"))
	if r.URL.RawQuery == "" || r.Method == http.MethodHead || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		f.status(w, r, state) // nobody clicked
		return
	}
	arrival := Arrival{State: state, Browser: f.browserOf(r)}
	c, err := digipost.ParseCallback(r.URL)
	cut, truncated := errors.AsType[*digipost.TruncatedError](err)
	switch {
	case truncated && !r.URL.Query().Has(relayed):
		f.relay(w, r, state, cut)
		return
	case truncated:
		arrival.SenderID = cut.SenderID // half an address is none
	case err != nil:
		f.fail(w, r, err)
		return
	default:
		arrival.SenderID, arrival.Address, arrival.Nonce = c.SenderID, c.Address, c.Nonce
	}
	if _, _, err := f.Return(r.Context(), arrival); err != nil {
		f.fail(w, r, err)
		return
	}
	f.redirect(w, f.statusPath(state))
}

// statusPath ends in a question mark, as the address does that the page loads
// again: were they different, the back button would lead from one to the other.
func (f *Flow) statusPath(state countersign.Secret) string {
	return f.path + "/back/" + url.PathEscape(state.Reveal()) + "?"
}

// status shows how a session stands.
func (f *Flow) status(w http.ResponseWriter, r *http.Request, state countersign.Secret) {
	s, err := f.Resume(r.Context(), state)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	data := f.pageData(r)
	data.Session = s
	switch s.State {
	case StateReady:
		f.render(w, r, http.StatusOK, pageDone, data)
	case StateExpired:
		f.problem(w, r, http.StatusGone, problemExpired)
	case StateRefused:
		f.problem(w, r, http.StatusOK, problemRefused)
	default:
		if s.State == StateReturned && s.Tenant != "" {
			data.Refresh = 2 // the proof takes a moment
		} else if s.State == StateWaiting {
			data.Refresh = 60
		}
		if s.Returned.IsZero() && s.State != StateUnproven {
			data.Expectation = s.Expectation
		}
		f.render(w, r, http.StatusOK, pageWaiting, data)
	}
}

// relay gives the page that brings the lost fragment, for a session that waits
// for it.
func (f *Flow) relay(w http.ResponseWriter, r *http.Request, state countersign.Secret, cut *digipost.TruncatedError) {
	s, err := f.Resume(r.Context(), state)
	switch {
	case err != nil:
		f.fail(w, r, err)
	case !s.Returned.IsZero() || s.State.Final():
		// The empty fragment replaces the one that holds the nonce.
		f.redirect(w, f.statusPath(state)+"#")
	default:
		f.relayPage(w, r, cut)
	}
}

// redirect leads elsewhere without leaving the address behind. Where to is never
// taken from the request.
func (f *Flow) redirect(w http.ResponseWriter, to string) {
	secureHeader(w)
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// fail shows the page of an error. What was guessed, what is another session's
// and what is malformed look alike.
func (f *Flow) fail(w http.ResponseWriter, r *http.Request, err error) {
	f.cfg.Logger.WarnContext(r.Context(), "senderonboarding: refused", "error", err)
	switch {
	case errors.Is(err, ErrTooLate):
		f.problem(w, r, http.StatusGone, problemExpired)
	case errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound):
		f.problem(w, r, http.StatusNotFound, problemInvalid)
	default:
		w.Header().Set("Retry-After", "30")
		f.problem(w, r, http.StatusServiceUnavailable, problemBusy)
	}
}
