package docusign

import (
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

// loginTime is how long a person may take to log in.
const loginTime = 15 * time.Minute

// Login connects an account in a browser: Start sends the person to DocuSign,
// Callback takes them back, exchanges the code and hands the token over. Mount
// both, and Callback at the redirect URI's path:
//
//	mux.Handle("GET /docusign/start", login.Start())
//	mux.Handle("GET /docusign/callback", login.Callback())
//
// Who may open Start is the program's to say. State and PKCE verifier travel in
// a sealed cookie of the browser that started, are good for 15 minutes and for
// one callback. Nothing in a request decides where anybody is sent.
type Login struct {
	oauth *OAuth
	cfg   LoginConfig
	seal  cipher.AEAD
	mu    sync.Mutex
	used  map[string]time.Time // states that came back, until they are too old
	swept time.Time
}

// Connection is what a login gives.
type Connection struct {
	Token   Token
	User    UserInfo
	Account Account // the one that LoginConfig asks for, else the default one
}

// LoginConfig is what a Login needs.
type LoginConfig struct {
	App App // with RedirectURI; required
	// AccountID has the login refused when the person can't use this account.
	AccountID AccountID
	// Scopes are asked for; none is signature and extended.
	Scopes []Scope
	// ForceLogin asks for the password although the person is logged in.
	ForceLogin bool
	// CookieKey seals the cookies. Processes that share the callback need the same
	// one, of 16 bytes or more; empty makes one for this process.
	CookieKey countersign.Secret
	// Connected stores the connection. It is required. An error of it fails the
	// login.
	Connected func(ctx context.Context, c Connection) error
	// Done answers after Connected; nil is a short text.
	Done http.Handler
	// Failed answers when the login failed: *RefusedError, ErrLoginState, or what
	// a call or Connected gave. nil is a short text that tells nothing of the
	// error. It runs for forged requests too.
	Failed func(w http.ResponseWriter, r *http.Request, err error)
}

// ErrLoginState says that the callback does not belong to a login that this
// browser started, or that it came too late, or a second time.
var ErrLoginState = errors.New("docusign: the callback belongs to no login of this browser")

// RefusedError says that the person, or DocuSign for them, refused the login:
// Code is "access_denied" when they clicked it away.
type RefusedError struct {
	Code        string
	Description string
}

// Error names the code.
func (e *RefusedError) Error() string {
	s := "docusign: login refused: " + e.Code
	if e.Description != "" {
		s += ": " + e.Description
	}
	return s
}

// Is reports a RefusedError as countersign.ErrForbidden.
func (e *RefusedError) Is(target error) bool { return target == countersign.ErrForbidden }

// NewLogin checks the configuration. Its error is a *countersign.ConfigError.
func NewLogin(cfg LoginConfig, opts ...countersign.Option) (*Login, error) {
	if cfg.Connected == nil {
		return nil, badConfig("LoginConfig.Connected", "is nil", "store the connection there")
	}
	if err := cfg.App.checkRedirect(); err != nil {
		return nil, err
	}
	oauth, err := NewOAuth(cfg.App, opts...)
	if err != nil {
		return nil, err
	}
	key := []byte(cfg.CookieKey.Reveal())
	switch {
	case len(key) == 0:
		key = []byte(rand.Text())
	case len(key) < 16:
		return nil, badConfig("LoginConfig.CookieKey", "is shorter than 16 bytes", "use 32 random bytes")
	}
	sum := sha256.Sum256(append([]byte("countersign docusign login\x00"), key...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if cfg.Done == nil {
		cfg.Done = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "DocuSign is connected.") })
	}
	if cfg.Failed == nil {
		cfg.Failed = func(w http.ResponseWriter, _ *http.Request, _ error) {
			plainText(w, http.StatusForbidden, "DocuSign was not connected.")
		}
	}
	return &Login{oauth: oauth, cfg: cfg, seal: seal, used: map[string]time.Time{}}, nil
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

// ticket is what the browser keeps while its owner is at DocuSign.
type ticket struct {
	State    string    `json:"s"`
	Verifier string    `json:"v"`
	Until    time.Time `json:"u"`
}

// getOnly answers 405 to all methods but GET. A pattern "GET /…" matches HEAD as
// well, with which mail programs and proxies look at links, and a state that one
// of them used up would be lost for the person.
func getOnly(f http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		f(w, r)
	})
}

// Start sends the person to DocuSign.
func (l *Login) Start() http.Handler {
	return getOnly(func(w http.ResponseWriter, r *http.Request) {
		t := ticket{State: rand.Text(), Verifier: rand.Text() + rand.Text(), Until: time.Now().Add(loginTime)}
		page, err := l.oauth.LoginURL(LoginRequest{Scopes: l.cfg.Scopes, State: t.State, Verifier: t.Verifier, ForceLogin: l.cfg.ForceLogin})
		if err != nil {
			l.cfg.Failed(w, r, err)
			return
		}
		c := l.cookie(t.State) //nolint:gosec // cookie sets all three
		c.Value, c.MaxAge = l.sealed(t), int(loginTime/time.Second)
		http.SetCookie(w, c)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, page, http.StatusFound)
	})
}

// Callback takes the person back.
func (l *Login) Callback() http.Handler {
	return getOnly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer") // the address holds the code
		q := r.URL.Query()
		t, err := l.redeem(w, r, q.Get("state"))
		if err == nil {
			err = l.finish(r.Context(), q, t)
		}
		if err != nil {
			l.cfg.Failed(w, r, err)
			return
		}
		l.cfg.Done.ServeHTTP(w, r)
	})
}

func (l *Login) finish(ctx context.Context, q url.Values, t ticket) error {
	if code := q.Get("error"); code != "" {
		return &RefusedError{Code: short(code, 100), Description: short(cmp.Or(q.Get("error_message"), q.Get("error_description")), 300)}
	}
	if q.Get("code") == "" {
		return &RefusedError{Code: "no_code", Description: "the callback carries neither a code nor an error"}
	}
	token, err := l.oauth.Exchange(ctx, countersign.NewSecret(q.Get("code")), countersign.NewSecret(t.Verifier))
	if err != nil {
		return err
	}
	user, err := l.oauth.UserInfo(ctx, token.Access)
	if err != nil {
		return err
	}
	account, err := user.Choose(l.cfg.AccountID)
	if err != nil {
		return err
	}
	return l.cfg.Connected(ctx, Connection{Token: token, User: *user, Account: account})
}

// redeem gives the ticket for a state, once, and takes the cookie away.
func (l *Login) redeem(w http.ResponseWriter, r *http.Request, state string) (ticket, error) {
	if state == "" || len(state) > 100 {
		return ticket{}, ErrLoginState
	}
	c := l.cookie(state) //nolint:gosec // cookie sets all three
	sent, err := r.Cookie(c.Name)
	if err != nil {
		return ticket{}, ErrLoginState
	}
	c.MaxAge = -1
	http.SetCookie(w, c)
	now := time.Now()
	t, ok := l.unsealed(sent.Value)
	if !ok || !countersign.NewSecret(t.State).Equal(state) || now.After(t.Until) || !l.first(t, now) {
		return ticket{}, ErrLoginState
	}
	return t, nil
}

// maxUsed bounds how many states are remembered. Only browsers that started a
// login get a state remembered, so more than this is an attack.
const maxUsed = 100_000

// first reports whether a ticket is seen for the first time. When too many are
// remembered it is refused: to forget one would let it be used again.
func (l *Login) first(t ticket, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute {
		maps.DeleteFunc(l.used, func(_ string, until time.Time) bool { return now.After(until) })
		l.swept = now
	}
	if _, again := l.used[t.State]; again || len(l.used) >= maxUsed {
		return false
	}
	l.used[t.State] = t.Until
	return true
}

// cookie is the login's cookie. Each login has one of its own, so that two tabs
// do not disturb each other.
func (l *Login) cookie(state string) *http.Cookie {
	sum := sha256.Sum256([]byte(state))
	c := &http.Cookie{
		Name: "docusign_login_" + base64.RawURLEncoding.EncodeToString(sum[:6]),
		Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	if u, err := url.Parse(l.cfg.App.RedirectURI); err == nil {
		c.Secure = u.Scheme == "https"
		c.Path = u.EscapedPath()
	}
	if c.Path == "" {
		c.Path = "/"
	}
	return c
}

func (l *Login) sealed(t ticket) string {
	text, err := json.Marshal(t)
	if err != nil {
		return "" // no member of a ticket can fail
	}
	nonce := make([]byte, l.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(l.seal.Seal(nonce, nonce, text, nil))
}

func (l *Login) unsealed(value string) (t ticket, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(data) < l.seal.NonceSize() {
		return t, false
	}
	nonce, sealed := data[:l.seal.NonceSize()], data[l.seal.NonceSize():]
	text, err := l.seal.Open(nil, nonce, sealed, nil)
	return t, err == nil && json.Unmarshal(text, &t) == nil
}

// short makes foreign text fit for an error: one line, printable, not long.
func short(s string, limit int) string {
	out := make([]rune, 0, limit)
	for _, r := range s {
		if len(out) == limit {
			break
		}
		if r < ' ' || r == 0x7f || r == 0xfffd {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
