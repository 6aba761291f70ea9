package digipost_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/stretchr/testify/require"
)

const back = "https://www.partner.no/digipost-reg"

func TestParseCallback(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"documented, with its fragment":      back + "?sender-id=34567&dp-address=kunde123#1A2B&nonce=abcde",
		"escaped":                            back + "?sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde",
		"escaped twice":                      back + "?sender-id=34567&dp-address=kunde123%25231A2B&nonce=abcde",
		"appended to a query":                back + "?x=1?sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde",
		"appended to a query, with fragment": back + "?x=1?sender-id=34567&dp-address=kunde123#1A2B&nonce=abcde",
		"other order":                        back + "?nonce=abcde&dp-address=kunde123%231A2B&sender-id=34567",
		"address last":                       back + "?sender-id=34567&nonce=abcde&dp-address=kunde123#1A2B",
		"unknown parameters":                 back + "?utm=a&sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde&lang=nb",
		"foreign fragment":                   back + "?sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde#top",
		"same value twice":                   back + "?sender-id=34567&sender-id=34567&dp-address=kunde123%231A2B&nonce=abcde",
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		c, err := digipost.ParseCallback(u)
		require.NoError(t, err, name)
		require.Equal(t, digipost.SenderID(34567), c.SenderID, name)
		require.Equal(t, "kunde123#1A2B", c.Address, name)
		require.Equal(t, "abcde", c.Nonce.Reveal(), name)
	}
}

func TestParseCallbackWithoutSecondHalf(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(back + "?sender-id=34567&dp-address=kunde123")
	require.NoError(t, err)
	_, err = digipost.ParseCallback(u)
	require.ErrorIs(t, err, digipost.ErrTruncated)
	cut, ok := errors.AsType[*digipost.TruncatedError](err)
	require.True(t, ok)
	require.Equal(t, digipost.TruncatedError{SenderID: 34567, Address: "kunde123"}, *cut)

	u.RawQuery = "sender-id=34567&nonce=abcde&dp-address=kunde123"
	c, err := digipost.ParseCallback(u)
	require.NoError(t, err)
	require.Equal(t, "kunde123", c.Address, "the half is all there is")

	u.RawQuery = "sender-id=34567&dp-address=a+b%231234&nonce=abcde"
	c, err = digipost.ParseCallback(u)
	require.NoError(t, err)
	require.Equal(t, "a+b#1234", c.Address)
}

// refused are queries that no callback of Digipost's has.
func refused() map[string]string {
	return map[string]string{
		"nothing":            "",
		"no sender":          "nonce=abcde",
		"no nonce":           "sender-id=34567",
		"whole address only": "sender-id=34567&dp-address=kunde123%231A2B",
		"sender zero":        "sender-id=0&nonce=abcde",
		"sender negative":    "sender-id=-1&nonce=abcde",
		"sender signed":      "sender-id=%2B1&nonce=abcde",
		"sender hex":         "sender-id=0x10&nonce=abcde",
		"sender too large":   "sender-id=9223372036854775808&nonce=abcde",
		"sender not ASCII":   "sender-id=%D9%A3&nonce=abcde",
		"two senders":        "sender-id=34567&sender-id=1&nonce=abcde",
		"two nonces":         "sender-id=34567&nonce=abcde&nonce=b",
		"line break":         "sender-id=34567&nonce=ab%0d%0aX:y",
		"markup":             "sender-id=34567&nonce=%3Cscript%3E",
		"nonce too long":     "sender-id=34567&nonce=" + strings.Repeat("a", 65),
		"control in address": "sender-id=34567&nonce=abcde&dp-address=a%00b",
		"address too long":   "sender-id=34567&nonce=abcde&dp-address=" + strings.Repeat("a", 201),
		"not UTF-8":          "sender-id=34567&nonce=abcde&dp-address=%ff",
		"broken escape":      "sender-id=34567&nonce=abcde&x=%zz",
		"semicolon":          "sender-id=34567;nonce=abcde",
		"oversized":          "sender-id=34567&nonce=abcde&x=" + strings.Repeat("a", 5000),
	}
}

func TestParseCallbackRefused(t *testing.T) {
	t.Parallel()
	for name, query := range refused() {
		_, err := digipost.ParseCallback(&url.URL{RawQuery: query})
		_, ok := errors.AsType[*digipost.CallbackError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(query))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err = digipost.ParseBackendCallback(r)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
}

func TestParseBackendCallback(t *testing.T) {
	t.Parallel()
	const query = "sender-id=34567&nonce=abcde"
	form := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		return r
	}
	split := form("nonce=abcde")
	split.URL.RawQuery = "sender-id=34567"
	for name, r := range map[string]*http.Request{
		"GET":             httptest.NewRequest(http.MethodGet, "/?"+query, nil),
		"HEAD":            httptest.NewRequest(http.MethodHead, "/?"+query, nil),
		"POST, address":   httptest.NewRequest(http.MethodPost, "/?"+query, nil),
		"POST, other":     httptest.NewRequest(http.MethodPost, "/?"+query, strings.NewReader(`{"a":1}`)),
		"POST, form":      form(query),
		"POST, both":      split,
		"appended by ?":   httptest.NewRequest(http.MethodGet, "/?x=1?"+query, nil),
		"with an address": httptest.NewRequest(http.MethodGet, "/?dp-address=kunde123&"+query, nil),
	} {
		c, err := digipost.ParseBackendCallback(r)
		require.NoError(t, err, name)
		require.Equal(t, digipost.SenderID(34567), c.SenderID, name)
		require.Equal(t, "abcde", c.Nonce.Reveal(), name)
	}
	for name, r := range map[string]*http.Request{
		"PUT":       httptest.NewRequest(http.MethodPut, "/?"+query, nil),
		"truncated": httptest.NewRequest(http.MethodGet, "/?sender-id=34567&dp-address=kunde123", nil),
		"no nonce":  httptest.NewRequest(http.MethodGet, "/?sender-id=34567", nil),
	} {
		_, err := digipost.ParseBackendCallback(r)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
		require.NotErrorIs(t, err, digipost.ErrTruncated, name)
	}
	broken := form(query)
	broken.Body = io.NopCloser(io.MultiReader(strings.NewReader("sender"), errorReader{}))
	_, err := digipost.ParseBackendCallback(broken)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// FuzzCallback: what is accepted is within its bounds and reads the same again
// in its proper form; nothing panics.
func FuzzCallback(f *testing.F) {
	f.Add(back + "?sender-id=34567&dp-address=kunde123#1A2B&nonce=abcde")
	f.Add(back + "?x=1?sender-id=34567&dp-address=kunde123%25231A2B&nonce=abcde")
	f.Add(back + "?sender-id=34567&dp-address=kunde123")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		c, err := digipost.ParseCallback(u)
		if err != nil {
			_, cut := errors.AsType[*digipost.TruncatedError](err)
			require.True(t, cut || errors.Is(err, countersign.ErrInvalid))
			return
		}
		require.Positive(t, c.SenderID)
		require.Regexp(t, `^[A-Za-z0-9_-]{1,64}$`, c.Nonce.Reveal())
		v := url.Values{"sender-id": u.Query()["sender-id"], "dp-address": {c.Address}, "nonce": {c.Nonce.Reveal()}}
		if v["sender-id"] == nil {
			return // it came by a second ? or a fragment
		}
		again, err := digipost.ParseCallback(&url.URL{RawQuery: v.Encode()})
		require.NoError(t, err)
		require.Equal(t, c.SenderID, again.SenderID)
		require.Equal(t, c.Address, again.Address)
	})
}

// FuzzBackendCallback: whatever comes is read within its bounds or refused.
func FuzzBackendCallback(f *testing.F) {
	f.Add("GET", "sender-id=34567&nonce=abcde", "")
	f.Add("POST", "", "sender-id=34567&nonce=abcde")
	f.Add("POST", "x=1?sender-id=34567", "nonce=abcde")
	f.Fuzz(func(t *testing.T, method, query, body string) {
		r := &http.Request{
			Method: method, URL: &url.URL{RawQuery: query}, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		}
		c, err := digipost.ParseBackendCallback(r)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		require.Positive(t, c.SenderID)
		require.Regexp(t, `^[A-Za-z0-9_-]{1,64}$`, c.Nonce.Reveal())
	})
}
