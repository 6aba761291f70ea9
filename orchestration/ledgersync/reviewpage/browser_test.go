package reviewpage_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/ledgersync/reviewpage"
	"github.com/stretchr/testify/require"
)

// browser is a Chromium without a window, driven through a pipe by the DevTools
// protocol.
type browser struct {
	t    *testing.T
	in   *os.File
	out  *bufio.Reader
	id   int
	page string // session of the page that is shown
	// answers are what the network answered, by address.
	answers map[string]response
}

// response is an answer as the browser took it.
type response struct {
	Status   int
	MimeType string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time: not with -short")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ","), "chromium") {
			require.NoError(t, err)
		}
		t.Skip("chromium is not installed")
	}
	theirIn, in, err := os.Pipe()
	require.NoError(t, err)
	out, theirOut, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	require.NoError(t, cmd.Start())
	require.NoError(t, theirIn.Close())
	require.NoError(t, theirOut.Close())
	b := &browser{t: t, in: in, out: bufio.NewReader(out), answers: map[string]response{}}
	require.NoError(t, out.SetReadDeadline(time.Now().Add(2*time.Minute)))
	t.Cleanup(func() {
		b.call("", "Browser.close", nil, nil)
		_ = cmd.Wait()
		require.NoError(t, in.Close())
		require.NoError(t, out.Close())
	})
	return b
}

// call sends a command and reads its result; of other messages the answers of the
// network are kept.
func (b *browser) call(session, method string, params map[string]any, result any) {
	b.t.Helper()
	b.id++
	msg, err := json.Marshal(map[string]any{"id": b.id, "method": method, "params": params, "sessionId": session})
	require.NoError(b.t, err)
	if session == "" {
		msg, err = json.Marshal(map[string]any{"id": b.id, "method": method, "params": params})
		require.NoError(b.t, err)
	}
	_, err = b.in.Write(append(msg, 0))
	require.NoError(b.t, err)
	for {
		line, err := b.out.ReadBytes(0)
		require.NoError(b.t, err, method)
		var answer struct {
			ID     int             `json:"id"`
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
			Method string          `json:"method"`
			Params struct {
				Response struct {
					response

					URL string
				}
			} `json:"params"`
		}
		require.NoError(b.t, json.Unmarshal(line[:len(line)-1], &answer))
		if answer.Method == "Network.responseReceived" {
			b.answers[answer.Params.Response.URL] = answer.Params.Response.response
		}
		if answer.ID != b.id {
			continue
		}
		require.Empty(b.t, answer.Error, method)
		if result != nil {
			require.NoError(b.t, json.Unmarshal(answer.Result, result))
		}
		return
	}
}

// open shows an address in a tab of its own, as somebody.
func (b *browser) open(who, url string) {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.page = session.SessionID
	b.call(b.page, "Network.enable", nil, nil)
	b.call(b.page, "Network.setExtraHTTPHeaders", map[string]any{"headers": map[string]string{"Account": who, "Accept-Language": "en"}}, nil)
	b.call(b.page, "Page.navigate", map[string]any{"url": url}, nil)
	b.until("document.readyState === 'complete' && document.location.href !== 'about:blank'")
}

// value is the value of an expression in the page.
func (b *browser) value(js string) (v any) {
	b.t.Helper()
	var out struct{ Result struct{ Value any } }
	b.call(b.page, "Runtime.evaluate", map[string]any{"expression": js, "returnByValue": true}, &out)
	return out.Result.Value
}

func (b *browser) until(js string) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); b.value(js) != true; {
		require.True(b.t, time.Now().Before(end), js)
	}
}

// answered waits for the answer that the frame of a file's page got.
func (b *browser) answered() response {
	b.t.Helper()
	address, ok := b.value("document.querySelector('iframe').src").(string)
	require.True(b.t, ok)
	for end := time.Now().Add(time.Minute); b.answers[address].Status == 0; b.value("0") {
		require.True(b.t, time.Now().Before(end), address)
	}
	return b.answers[address]
}

// key presses a key, as somebody without a mouse does.
func (b *browser) key(name, text string, code int) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		b.call(b.page, "Input.dispatchKeyEvent", map[string]any{"type": kind, "key": name, "code": name, "text": text, "windowsVirtualKeyCode": code}, nil)
	}
}

// TestBrowser walks through the page as people do: with the keyboard, two at once,
// one who may not, many files, a PDF that can't be had.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newSite(t, documents(500), func(c *reviewpage.Config) {
		c.PageSize = 500
		c.Actor = func(r *http.Request) (ledgersync.Actor, error) {
			return ledgersync.Actor{ID: r.Header.Get("Account")}, nil
		}
	})
	list := s.web.URL + s.list()
	b.open("hanako", list)
	require.EqualValues(t, 500, b.value("document.querySelectorAll('tbody tr').length"))
	require.Equal(t, "sticky", b.value("getComputedStyle(document.querySelector('fieldset')).position"), "the policy lets the style sheet in")
	require.EqualValues(t, 0, b.value("[...document.querySelectorAll('input:not([type=hidden]),select')].filter(e => !e.labels.length && !e.getAttribute('aria-labelledby')).length"),
		"each field has a name for screen readers")

	// The Enter key in a field decides nothing; the space bar and Enter on a button do.
	b.value("document.querySelector('input[name=key]').focus()")
	b.key(" ", " ", 32)
	require.Equal(t, true, b.value("document.querySelector('input[name=key]').checked"))
	b.value("document.querySelector('input[name=reason]').focus()")
	b.key("Enter", "\r", 13)
	require.EqualValues(t, 500, b.value("document.querySelectorAll('tbody tr').length"))
	first := b.page
	b.open("jiro", list)
	b.value("document.querySelector('input[name=key]').checked = true; document.querySelector('button[value=discard]').focus()")
	b.key("Enter", "\r", 13)
	b.until("document.querySelector('[role=status]')?.textContent.includes('Done for 1 files.')")
	b.page = first
	b.value("document.querySelector('input[name=all]').checked = true; document.querySelector('button[value=save]').focus()")
	b.key("Enter", "\r", 13)
	b.until("document.querySelector('[role=status]')?.textContent.includes('Done for 499 files.')")
	require.Contains(t, b.value("document.querySelector('[role=status]').textContent"), "Deleted already (jiro")
	require.NoError(t, s.engine.RunUntilIdle(t.Context()))
	require.Equal(t, 499, s.entries())

	b.open("taro", list)
	require.Contains(t, b.value("document.querySelector('[role=alert]').textContent"), "not a reviewer")
}

// TestBrowserShowsThePDF: beside the items, and in its place a sentence when it
// can't be had.
func TestBrowserShowsThePDF(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newSite(t, documents(1))
	file := s.web.URL + "/review/files/" + s.do("hanako", "GET", s.list(), nil).keys()[0]
	s.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.Status(503)})
	b.open("hanako", file)
	b.until("document.querySelector('iframe').contentDocument?.body?.textContent.includes('try again')")
	s.fake.Faults().Clear()
	require.Equal(t, http.StatusBadGateway, b.answered().Status)
	clear(b.answers)
	b.open("hanako", file)
	require.Equal(t, response{http.StatusOK, "application/pdf"}, b.answered())
	require.Greater(t, b.value("document.querySelectorAll('dd').length"), 3.0, "the items are beside it")
}

// TestBrowserWithADamagedPDF: the page says what is wrong in its own language, shows
// the items, and takes a decision.
func TestBrowserWithADamagedPDF(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newSite(t, func(f *cloudsigntest.Server, u cloudsigntest.User) {
		for name, content := range map[string]string{"word.pdf": "PK\x03\x04", "empty.pdf": "", "broken.pdf": "%PDF-1.7\nnothing follows\n"} {
			f.AddDocument(cloudsigntest.Document{
				UserID: u.ID, Status: cloudsigntest.Concluded, Title: name,
				Files: []cloudsigntest.File{{Name: name, Content: cloudsigntest.Bytes([]byte(content))}},
			})
		}
	})
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	require.Len(t, keys, 3)
	for _, key := range keys {
		b.open("hanako", s.web.URL+"/review/files/"+key+"?lang=ja")
		if b.value("document.querySelector('h1').textContent") != "broken.pdf" {
			b.until("!!document.querySelector('iframe').contentDocument?.body?.textContent.includes('PDFではありません')")
			require.Equal(t, "_top", b.value("document.querySelector('iframe').contentDocument.querySelector('base').target"))
			require.Equal(t, response{http.StatusUnprocessableEntity, "text/html"}, b.answered())
		} else {
			require.Equal(t, response{http.StatusOK, "application/pdf"}, b.answered(), "only a viewer finds out that it is damaged")
		}
		require.Contains(t, b.value("document.querySelector('section[aria-labelledby=pdf] small').textContent"), "壊れている")
		require.Greater(t, b.value("document.querySelectorAll('dd').length"), 3.0)
		b.value("document.querySelector('button[value=discard]').focus()")
		b.key("Enter", "\r", 13)
		b.until("!!document.querySelector('[role=status]')?.textContent.includes('1件を処理しました')")
	}
	require.Empty(t, s.do("hanako", "GET", s.list(), nil).keys())
}
