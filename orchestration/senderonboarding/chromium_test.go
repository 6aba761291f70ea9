package senderonboarding_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a headless Chromium that is driven by its DevTools protocol over a
// pipe: messages of JSON, each with a NUL behind it.
type browser struct {
	in     *os.File
	mu     sync.Mutex
	last   int
	calls  map[int]chan answer
	tabs   map[string]*tab
	closed bool
}

type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// message is a call, an answer or an event.
type message struct {
	ID        int             `json:"id,omitzero"`
	SessionID string          `json:"sessionId,omitzero"`
	Method    string          `json:"method,omitzero"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// suite ends the browser that its tests shared.
type suite struct{ *testing.M }

// Run runs the tests.
func (s suite) Run() int {
	defer func() { theBrowser.end() }()
	return s.M.Run()
}

// theBrowser is the one that all tests share, each with tabs of its own.
var theBrowser struct {
	once    sync.Once
	browser *browser
	err     error
	end     func()
}

func init() { theBrowser.end = func() {} }

// startBrowser gives the Chromium of all tests, or skips the test where there is
// none.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time: not with -short")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ","), "chromium") {
			t.Fatal("chromium is required and not installed")
		}
		t.Skip("chromium is not installed")
	}
	theBrowser.once.Do(func() { theBrowser.browser, theBrowser.end, theBrowser.err = launch(program) })
	require.NoError(t, theBrowser.err)
	return theBrowser.browser
}

// launch starts a Chromium with a profile of its own.
func launch(program string) (b *browser, end func(), err error) {
	profile, err := os.MkdirTemp("", "chromium")
	end = func() { _ = os.RemoveAll(profile) }
	if err != nil {
		return nil, end, err
	}
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, end, err
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, end, err
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--window-size=900,1000", "--accept-lang=nb-NO", "--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{inRead, outWrite}
	if err := cmd.Start(); err != nil {
		return nil, end, err
	}
	_, _ = inRead.Close(), outWrite.Close()
	b = &browser{in: inWrite, calls: map[int]chan answer{}, tabs: map[string]*tab{}}
	done := make(chan struct{})
	go func() { defer close(done); b.read(outRead) }()
	return b, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_, _ = inWrite.Close(), outRead.Close()
		<-done
		_ = os.RemoveAll(profile)
	}, nil
}

// read hands answers to their calls and events to their tabs until the pipe ends.
func (b *browser) read(out *os.File) {
	r := bufio.NewReader(out)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.closed = true
			for _, c := range b.calls {
				close(c)
			}
			return
		}
		var m message
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c := b.calls[m.ID]; m.ID != 0 && c != nil {
			delete(b.calls, m.ID)
			a := answer{Result: m.Result}
			if m.Error != nil {
				a.Error = &struct{ Message string }{m.Error.Message}
			}
			c <- a
		} else if t := b.tabs[m.SessionID]; t != nil {
			select {
			case t.events <- struct{}{}: // something happened: worth another look
			default:
			}
		}
		b.mu.Unlock()
	}
}

func (b *browser) call(ctx context.Context, session, method string, params, into any) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return errors.New("chromium has ended")
	}
	b.last++
	m := message{ID: b.last, SessionID: session, Method: method, Params: params}
	c := make(chan answer, 1)
	b.calls[m.ID] = c
	raw, err := json.Marshal(m)
	if err == nil {
		_, err = b.in.Write(append(raw, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case a, ok := <-c:
		switch {
		case !ok:
			return errors.New("chromium has ended")
		case a.Error != nil:
			return fmt.Errorf("%s: %s", method, a.Error.Message)
		case into != nil:
			return json.Unmarshal(a.Result, into)
		}
		return nil
	}
}

type params map[string]any

// tab is one tab of a browser.
type tab struct {
	t       *testing.T
	b       *browser
	session string
	events  chan struct{}
}

// tab opens a tab; without scripts pages run none.
func (b *browser) tab(test *testing.T, scripts bool) *tab {
	test.Helper()
	ctx, cancel := context.WithTimeout(test.Context(), time.Minute)
	defer cancel()
	var made struct{ TargetID, SessionID string }
	require.NoError(test, b.call(ctx, "", "Target.createTarget", params{"url": "about:blank"}, &made))
	require.NoError(test, b.call(ctx, "", "Target.attachToTarget", params{"targetId": made.TargetID, "flatten": true}, &made))
	t := &tab{t: test, b: b, session: made.SessionID, events: make(chan struct{}, 1)}
	b.mu.Lock()
	b.tabs[t.session] = t
	b.mu.Unlock()
	test.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(test.Context()), time.Minute)
		defer cancel()
		_ = b.call(ctx, "", "Target.closeTarget", params{"targetId": made.TargetID}, nil)
	})
	t.do("Page.enable", params{}, nil)
	t.do("DOM.enable", params{}, nil)
	t.do("Emulation.setScriptExecutionDisabled", params{"value": !scripts}, nil)
	return t
}

func (t *tab) try(method string, p params, into any) error {
	ctx, cancel := context.WithTimeout(t.t.Context(), time.Minute)
	defer cancel()
	return t.b.call(ctx, t.session, method, p, into)
}

func (t *tab) do(method string, p params, into any) {
	t.t.Helper()
	require.NoError(t.t, t.try(method, p, into))
}

func (t *tab) open(address string) { t.do("Page.navigate", params{"url": address}, nil) }

// page is what the tab shows now: its address and its source.
func (t *tab) page() (address, source string) {
	var doc struct {
		Root struct {
			NodeID      int
			DocumentURL string
		}
	}
	var html struct{ OuterHTML string }
	// A page that is just being replaced has no document; whoever waits looks again.
	if t.try("DOM.getDocument", params{}, &doc) != nil || t.try("DOM.getOuterHTML", params{"nodeId": doc.Root.NodeID}, &html) != nil {
		return "", ""
	}
	return doc.Root.DocumentURL, html.OuterHTML
}

// shows waits until the page holds a text, and gives the page's address.
func (t *tab) shows(text string) string {
	t.t.Helper()
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	for {
		address, source := t.page()
		if strings.Contains(source, text) {
			return address
		}
		select {
		case <-t.events:
		case <-again.C:
		case <-timeout.C:
			require.Failf(t.t, "the page does not come", "wanted %q at %s:\n%s", text, address, source)
		}
	}
}

// click clicks the middle of an element, as often as said without a pause.
func (t *tab) click(selector string, times int) {
	t.t.Helper()
	var doc struct{ Root struct{ NodeID int } }
	var node struct{ NodeID int }
	var box struct{ Model struct{ Content []float64 } }
	t.do("DOM.getDocument", params{}, &doc)
	t.do("DOM.querySelector", params{"nodeId": doc.Root.NodeID, "selector": selector}, &node)
	t.do("DOM.scrollIntoViewIfNeeded", params{"nodeId": node.NodeID}, nil)
	t.do("DOM.getBoxModel", params{"nodeId": node.NodeID}, &box)
	c := box.Model.Content
	at := params{"x": (c[0] + c[4]) / 2, "y": (c[1] + c[5]) / 2, "button": "left"}
	for i := range times {
		for _, what := range []string{"mousePressed", "mouseReleased"} {
			at["type"], at["clickCount"] = what, i+1
			if err := t.try("Input.dispatchMouseEvent", at, nil); i == 0 {
				require.NoError(t.t, err)
			}
		}
	}
}

// press presses a key.
func (t *tab) press(key string, code int, text string) {
	t.t.Helper()
	p := params{"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
	for _, what := range []string{"keyDown", "keyUp"} {
		p["type"] = what
		t.do("Input.dispatchKeyEvent", p, nil)
		delete(p, "text")
	}
}

// number is what a script's expression amounts to in the page.
func (t *tab) number(expression string) float64 {
	t.t.Helper()
	var out struct{ Result struct{ Value float64 } }
	t.do("Runtime.evaluate", params{"expression": "Number((" + expression + "))"}, &out)
	return out.Result.Value
}

// until waits until a script's condition holds in the page.
func (t *tab) until(condition string) {
	t.t.Helper()
	require.Eventually(t.t, func() bool {
		var out struct{ Result struct{ Value bool } }
		err := t.try("Runtime.evaluate", params{"expression": "Boolean(" + condition + ")"}, &out)
		return err == nil && out.Result.Value
	}, 30*time.Second, 20*time.Millisecond, condition)
}

// axNode is a node of the accessibility tree: what a screen reader is told.
type axNode struct {
	Ignored                 bool
	Role, Name, Description struct{ Value any }
}

func (t *tab) axTree() []axNode {
	t.t.Helper()
	var out struct{ Nodes []axNode }
	t.do("Accessibility.getFullAXTree", params{}, &out)
	require.NotEmpty(t.t, out.Nodes)
	return out.Nodes
}

// nameless gives the roles of what can be used or jumped to and has no name, and
// of landmarks that are not there.
func (t *tab) nameless() []string {
	t.t.Helper()
	var out []string
	mains := 0
	for _, n := range t.axTree() {
		role, _ := n.Role.Value.(string)
		name, _ := n.Name.Value.(string)
		switch role {
		case "main":
			mains++
		case "button", "link", "textbox", "heading", "image", "RootWebArea":
			if !n.Ignored && strings.TrimSpace(name) == "" {
				out = append(out, role)
			}
		}
	}
	if mains != 1 {
		out = append(out, "main")
	}
	return out
}

// described is the description of the first node of a role.
func (t *tab) described(role string) string {
	t.t.Helper()
	for _, n := range t.axTree() {
		if n.Role.Value == role {
			text, _ := n.Description.Value.(string)
			return text
		}
	}
	return ""
}

// back presses the back button.
func (t *tab) back() {
	t.t.Helper()
	var history struct {
		CurrentIndex int
		Entries      []struct{ ID int }
	}
	t.do("Page.getNavigationHistory", params{}, &history)
	require.Positive(t.t, history.CurrentIndex)
	t.do("Page.navigateToHistoryEntry", params{"entryId": history.Entries[history.CurrentIndex-1].ID}, nil)
}

// screenshot keeps what the tab shows in the folder COUNTERSIGN_SCREENSHOTS,
// where that is set.
func (t *tab) screenshot(name string) {
	t.t.Helper()
	dir := os.Getenv("COUNTERSIGN_SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	t.do("Page.captureScreenshot", params{"format": "png", "captureBeyondViewport": true}, &shot)
	raw, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(t.t, err)
	require.NoError(t.t, os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o600))
}
