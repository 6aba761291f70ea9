package digipost

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// Callback is what a callback says. Nothing of it is authenticated.
type Callback struct {
	SenderID SenderID
	// Address is the new account's Digipost address, such as "kunde123#1A2B". The
	// back-end callback has none, and the part behind the # may be lost. It is
	// for display.
	Address string
	Nonce   countersign.Secret
}

// ErrTruncated says that the address was cut at its #, so that the nonce did not
// arrive.
var ErrTruncated = errors.New("the callback was cut at the # of the Digipost address")

// TruncatedError is a browser callback whose Digipost address holds an
// unescaped #. Everything behind it is a fragment, which browsers keep to
// themselves: a page with a script can send it after.
type TruncatedError struct {
	SenderID SenderID
	Address  string // the part before the #
}

// Error says what is missing.
func (e *TruncatedError) Error() string { return "digipost: " + ErrTruncated.Error() }

// Is reports a TruncatedError as ErrTruncated.
func (e *TruncatedError) Is(target error) bool { return target == ErrTruncated }

// CallbackError is a callback that can't be one of Digipost's. It does not quote
// what came.
type CallbackError struct {
	Parameter string // "sender-id"; empty: the whole
	Reason    string // "is missing"
}

// Error names the parameter and the reason.
func (e *CallbackError) Error() string {
	if e.Parameter == "" {
		return "digipost: callback " + e.Reason
	}
	return "digipost: callback: " + e.Parameter + " " + e.Reason
}

// Is reports a CallbackError as countersign.ErrInvalid.
func (e *CallbackError) Is(target error) bool { return target == countersign.ErrInvalid }

const (
	maxQuery   = 4 << 10 // bytes of a callback's query or form
	maxAddress = 200     // bytes of a Digipost address
)

// ParseCallback reads the address that the customer's click leads to. It takes
// all forms in which the # of a Digipost address may arrive: escaped, escaped
// twice, and literal in an address that still has its fragment. A literal one
// on a server has lost the nonce: the error is a *TruncatedError with what did
// arrive. Parameters that were appended to a redirect URL with a query by a
// second ? are found. Any other error is a *CallbackError.
func ParseCallback(u *url.URL) (Callback, error) {
	raw := strings.ReplaceAll(u.RawQuery, "?", "&")
	if fragment := u.EscapedFragment(); fragment != "" && cutInAddress(raw) {
		raw += "%23" + fragment
	}
	return parse(raw)
}

// cutInAddress reports a query whose last parameter is a Digipost address
// without its second half.
func cutInAddress(raw string) bool {
	last := raw[strings.LastIndexByte(raw, '&')+1:]
	name, value, _ := strings.Cut(last, "=")
	return name == "dp-address" && !strings.Contains(value, "%23")
}

func parse(raw string) (Callback, error) {
	values, err := parameters(raw)
	if err != nil {
		return Callback{}, err
	}
	sender, err := values.senderID()
	if err != nil {
		return Callback{}, err
	}
	address, err := values.address()
	if err != nil {
		return Callback{}, err
	}
	nonce, err := values.one("nonce")
	switch {
	case err != nil:
		return Callback{}, err
	case nonce == "" && address != "" && !strings.Contains(address, "#"):
		return Callback{}, &TruncatedError{SenderID: sender, Address: address}
	case nonce == "":
		return Callback{}, &CallbackError{"nonce", "is missing"}
	case !nonceText(nonce):
		return Callback{}, &CallbackError{"nonce", "is not a nonce"}
	}
	return Callback{SenderID: sender, Address: address, Nonce: countersign.NewSecret(nonce)}, nil
}

type values url.Values

func parameters(raw string) (values, error) {
	if len(raw) > maxQuery {
		return nil, &CallbackError{"", "is too long"}
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &CallbackError{"", "has an unreadable query"}
	}
	return values(v), nil
}

// one gives a parameter's only value. One that stands there twice with two
// values could be read differently by whoever looks next, so it is refused.
func (v values) one(name string) (string, error) {
	all := v[name]
	for _, other := range all {
		if other != all[0] {
			return "", &CallbackError{name, "has two values"}
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], nil
}

func (v values) senderID() (SenderID, error) {
	text, err := v.one("sender-id")
	switch {
	case err != nil:
		return 0, err
	case text == "":
		return 0, &CallbackError{"sender-id", "is missing"}
	case strings.Trim(text, "0123456789") != "":
		return 0, &CallbackError{"sender-id", "is not a number"}
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id == 0 {
		return 0, &CallbackError{"sender-id", "is not a positive 64-bit number"}
	}
	return SenderID(id), nil
}

func (v values) address() (string, error) {
	text, err := v.one("dp-address")
	if err != nil {
		return "", err
	}
	if !strings.Contains(text, "#") {
		text = strings.Replace(text, "%23", "#", 1) // escaped twice
	}
	text = strings.ReplaceAll(text, " ", "+") // no address holds a space
	switch {
	case len(text) > maxAddress:
		return "", &CallbackError{"dp-address", "is too long"}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", &CallbackError{"dp-address", "is not text"}
	}
	return text, nil
}

// ParseBackendCallback reads the request that Digipost sends when its support
// has approved a customer. Its method is not documented, so GET, HEAD and POST
// are read, the last with its parameters in the address or in a form; of the
// body at most 4 KiB are read. The error is a *CallbackError, or that of a body
// that does not arrive.
func ParseBackendCallback(r *http.Request) (Callback, error) {
	raw := strings.ReplaceAll(r.URL.RawQuery, "?", "&")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		form, err := readForm(r)
		if err != nil {
			return Callback{}, err
		}
		raw = strings.Trim(raw+"&"+form, "&")
	default:
		return Callback{}, &CallbackError{"", "is not GET, HEAD or POST"}
	}
	c, err := parse(raw)
	if errors.Is(err, ErrTruncated) {
		// No browser holds the rest back here.
		return Callback{}, &CallbackError{"nonce", "is missing"}
	}
	return c, err
}

func readForm(r *http.Request) (string, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Body == nil || media != "application/x-www-form-urlencoded" {
		return "", nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxQuery+1))
	switch {
	case err != nil:
		return "", err
	case len(body) > maxQuery:
		return "", &CallbackError{"", "is too long"}
	}
	return string(body), nil
}
