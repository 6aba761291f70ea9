package cloudsign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/stretchr/testify/require"
)

const (
	hookToken  = "NEWTOKEN2345672345672345AB"
	staleToken = "OLDTOKEN2345672345672345AB"
	completed  = `{"documentID":"doc-1","status":2,"userID":"user-1","email":"sender@example.com","text":"COMPLETED : 業務委託契約 sent by 山田\n<https://www.cloudsign.jp/document/doc-1/summary>"}`
)

// documents is a DocumentGetter over a func.
type documents func(ctx context.Context, id cloudsign.DocumentID) (*cloudsign.Document, error)

func (d documents) Get(ctx context.Context, id cloudsign.DocumentID, _ ...countersign.CallOption) (*cloudsign.Document, error) {
	return d(ctx, id)
}

// concluded is a getter that knows every document.
var concluded = documents(func(_ context.Context, id cloudsign.DocumentID) (*cloudsign.Document, error) {
	return &cloudsign.Document{ID: id, Title: "業務委託契約", Status: cloudsign.StatusConcluded}, nil
})

func failing(err error) documents {
	return func(context.Context, cloudsign.DocumentID) (*cloudsign.Document, error) { return nil, err }
}

// hooks keeps what a receiver accepts.
type hooks struct {
	events []cloudsign.Event
	err    error
}

func (h *hooks) accept(_ context.Context, e cloudsign.Event) error {
	if h.err == nil {
		h.events = append(h.events, e)
	}
	return h.err
}

func newReceiver(t testing.TB, in *hooks, change func(*cloudsign.ReceiverConfig)) *cloudsign.Receiver {
	t.Helper()
	cfg := cloudsign.ReceiverConfig{
		Tokens:    []countersign.Secret{countersign.NewSecret(hookToken), countersign.NewSecret(staleToken)},
		Documents: concluded, Accept: in.accept,
	}
	if change != nil {
		change(&cfg)
	}
	r, err := cloudsign.NewReceiver(cfg)
	require.NoError(t, err)
	return r
}

func notify(h http.Handler, address, body string) int {
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "CloudSignWebHook")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	const base = `{"documentID":"d","status":1,"text":"%s"}`
	for name, tc := range map[string]struct {
		body string
		want cloudsign.Event
		key  string
	}{
		"completed": {completed, cloudsign.Event{
			Kind: cloudsign.EventCompleted, DocumentID: "doc-1", Status: cloudsign.StatusConcluded, UserID: "user-1", Email: "sender@example.com",
			Text: "COMPLETED : 業務委託契約 sent by 山田\n<https://www.cloudsign.jp/document/doc-1/summary>",
		}, "doc-1|2|COMPLETED"},
		"canceled": {
			fmt.Sprintf(base, `CANCELED : t sent by s\nu`),
			cloudsign.Event{Kind: cloudsign.EventCanceled, DocumentID: "d", Status: cloudsign.StatusPending, Text: "CANCELED : t sent by s\nu"}, "d|1|CANCELED",
		},
		"bounced": {
			fmt.Sprintf(base, `BOUNCED : t for you sent by s for A@example.com\n<u>`),
			cloudsign.Event{
				Kind: cloudsign.EventBounced, DocumentID: "d", Status: cloudsign.StatusPending,
				Text: "BOUNCED : t for you sent by s for A@example.com\n<u>", Bounced: "A@example.com",
			}, "d|1|BOUNCED|a@example.com",
		},
		"no space, small letters, wrapped address": {
			fmt.Sprintf(base, `bounced：t sent by s for <a@example.com>`),
			cloudsign.Event{
				Kind: cloudsign.EventBounced, DocumentID: "d", Status: cloudsign.StatusPending,
				Text: "bounced：t sent by s for <a@example.com>", Bounced: "a@example.com",
			}, "d|1|BOUNCED|a@example.com",
		},
		"bounce without an address": {
			fmt.Sprintf(base, "BOUNCED : t for rent"),
			cloudsign.Event{Kind: cloudsign.EventBounced, DocumentID: "d", Status: cloudsign.StatusPending, Text: "BOUNCED : t for rent"}, "",
		},
		"unknown kind": {
			fmt.Sprintf(base, "VIEWED : t"),
			cloudsign.Event{Kind: "VIEWED", DocumentID: "d", Status: cloudsign.StatusPending, Text: "VIEWED : t"}, "",
		},
		"ids alone":       {`{"documentID":"d/|","more":[1]}`, cloudsign.Event{DocumentID: "d/|", Status: -1}, ""},
		"status as text":  {`{"documentID":"d","status":"2","text":"COMPLETED"}`, cloudsign.Event{Kind: cloudsign.EventCompleted, DocumentID: "d", Status: 2, Text: "COMPLETED"}, "d|2|COMPLETED"},
		"other types":     {`{"documentID":"d","status":{},"userID":7,"email":null,"text":["x"]}`, cloudsign.Event{DocumentID: "d", Status: -1}, ""},
		"status too high": {`{"documentID":"d","status":1e3,"text":"COMPLETED"}`, cloudsign.Event{Kind: cloudsign.EventCompleted, DocumentID: "d", Status: -1, Text: "COMPLETED"}, "d|-1|COMPLETED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cloudsign.ParseEvent([]byte(tc.body))
			require.NoError(t, err)
			tc.want.Raw = []byte(tc.body)
			require.Equal(t, tc.want, got)
			if tc.key != "" {
				require.Equal(t, tc.key, got.Key())
			}
		})
	}
	for _, body := range []string{"", "null", "[]", "{}", `{"document_id":"d"}`, `{"documentID":""}`, `{"documentID":7}`, completed[:40], completed + "x"} {
		_, err := cloudsign.ParseEvent([]byte(body))
		require.ErrorIs(t, err, cloudsign.ErrNotEvent, body)
	}
}

func TestEventKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, body := range []string{
		completed, strings.Replace(completed, "doc-1", "doc-2", 1), strings.Replace(completed, `"status":2`, `"status":3`, 1),
		strings.Replace(completed, "COMPLETED", "CANCELED", 1), strings.Replace(completed, "COMPLETED", "VIEWED", 1),
		strings.Replace(completed, "COMPLETED : ", "VIEWED : x", 1),
		`{"documentID":"d","text":"BOUNCED : t sent by s for a@example.com"}`, `{"documentID":"d","text":"BOUNCED : t sent by s for b@example.com"}`,
		`{"documentID":"d","text":"BOUNCED : t"}`, `{"documentID":"d","text":"BOUNCED : u"}`,
	} {
		event, err := cloudsign.ParseEvent([]byte(body))
		require.NoError(t, err)
		require.NotContains(t, seen, event.Key(), body)
		seen[event.Key()] = body
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	unavailable := &countersign.Error{Provider: "cloudsign", StatusCode: 503, Kind: countersign.ErrUnavailable}
	for name, tc := range map[string]struct {
		address string // default: with the token in the path
		body    string // default: completed
		change  func(*cloudsign.ReceiverConfig)
		store   error
		want    int
		events  int
	}{
		"token in the path":      {want: 200, events: 1},
		"token before the last":  {address: "/hooks/" + staleToken, want: 200, events: 1},
		"token in the query":     {address: "/hooks?token=" + hookToken, want: 200, events: 1},
		"no token":               {address: "/hooks", want: 401},
		"another token":          {address: "/hooks/" + hookToken[:25] + "C", want: 401},
		"no webhook":             {body: `{"event":"document.completed"}`, want: 200},
		"too long":               {body: `{"documentID":"` + strings.Repeat("d", 64<<10) + `"}`, want: 413},
		"store is away":          {store: errors.New("away"), want: 503},
		"unknown document":       {change: get(countersign.ErrNotFound), want: 200},
		"malformed document id":  {change: get(&countersign.ConfigError{}), want: 200},
		"refused request":        {change: get(&countersign.Error{StatusCode: 400, Kind: countersign.ErrInvalid}), want: 503},
		"service is unavailable": {change: get(unavailable), want: 503},
		"forbidden":              {change: get(countersign.ErrForbidden), want: 503},
		"credential is wrong":    {change: get(countersign.ErrUnauthorized), want: 503},
		"from an allowed address": {change: func(c *cloudsign.ReceiverConfig) {
			c.AllowedSources = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")} // httptest's address
		}, want: 200, events: 1},
		"from another address": {change: func(c *cloudsign.ReceiverConfig) {
			c.AllowedSources, _ = cloudsign.WebhookSources(cloudsign.Production)
		}, want: 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &hooks{err: tc.store}
			if tc.address == "" {
				tc.address = "/cloudsign/" + hookToken
			}
			if tc.body == "" {
				tc.body = completed
			}
			require.Equal(t, tc.want, notify(newReceiver(t, in, tc.change), tc.address, tc.body))
			require.Len(t, in.events, tc.events)
			if tc.events > 0 {
				require.Equal(t, cloudsign.EventCompleted, in.events[0].Kind)
				require.Equal(t, &cloudsign.Document{ID: "doc-1", Title: "業務委託契約", Status: cloudsign.StatusConcluded}, in.events[0].Document)
			}
		})
	}
}

func get(err error) func(*cloudsign.ReceiverConfig) {
	return func(c *cloudsign.ReceiverConfig) { c.Documents = failing(err) }
}

// A webhook without a token costs no call to the service.
func TestForgedWebhookReadsNoDocument(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, &hooks{}, func(c *cloudsign.ReceiverConfig) {
		c.Documents = documents(func(context.Context, cloudsign.DocumentID) (*cloudsign.Document, error) {
			t.Error("read")
			return nil, countersign.ErrNotFound
		})
	})
	require.Equal(t, 401, notify(r, "/cloudsign/x", completed))
}

func TestHangingService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, &hooks{}, func(c *cloudsign.ReceiverConfig) {
			c.Documents = documents(func(ctx context.Context, _ cloudsign.DocumentID) (*cloudsign.Document, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
		})
		require.Equal(t, 503, notify(r, "/cloudsign/"+hookToken, completed))
	})
}

// Against the fake service: the state that counts is the service's.
func TestReceiverReadsTheDocument(t *testing.T) {
	t.Parallel()
	srv, user, client := account(t)
	doc := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Title: "契約", Status: cloudsigntest.Pending})
	in := &hooks{}
	r := newReceiver(t, in, func(c *cloudsign.ReceiverConfig) { c.Documents = client.Documents })
	require.Equal(t, 200, notify(r, "/"+hookToken, strings.ReplaceAll(completed, "doc-1", doc.ID)))
	require.Equal(t, cloudsign.StatusConcluded, in.events[0].Status)
	require.Equal(t, cloudsign.StatusPending, in.events[0].Document.Status)
	require.Equal(t, 200, notify(r, "/"+hookToken, strings.ReplaceAll(completed, "doc-1", "no-such-document")))
	require.Equal(t, 200, notify(r, "/"+hookToken, strings.ReplaceAll(completed, "doc-1", "..")))
	require.Len(t, in.events, 1)
}

func TestNewReceiverRefuses(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*cloudsign.ReceiverConfig){
		"Tokens":         func(c *cloudsign.ReceiverConfig) { c.Tokens = nil },
		"Documents":      func(c *cloudsign.ReceiverConfig) { c.Documents = nil },
		"Accept":         func(c *cloudsign.ReceiverConfig) { c.Accept = nil },
		"AllowedSources": func(c *cloudsign.ReceiverConfig) { c.AllowedSources = []netip.Prefix{{}} },
	} {
		cfg := cloudsign.ReceiverConfig{
			Tokens: []countersign.Secret{countersign.NewSecret(hookToken)}, Documents: concluded, Accept: (&hooks{}).accept,
		}
		change(&cfg)
		_, err := cloudsign.NewReceiver(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
}

func TestWebhookSources(t *testing.T) {
	t.Parallel()
	for env, want := range map[cloudsign.Environment]int{cloudsign.Production: 3, cloudsign.Sandbox: 1, cloudsign.LGWAN: 0, "": 0} {
		got, err := cloudsign.WebhookSources(env)
		require.Len(t, got, want, env)
		require.Equal(t, want == 0, err != nil, env)
		for _, p := range got {
			require.True(t, p.IsSingleIP())
		}
	}
}

func TestReceiverLogsNoSecret(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newReceiver(t, &hooks{err: errors.New("away")}, func(c *cloudsign.ReceiverConfig) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	notify(r, "/cloudsign/"+hookToken, completed)
	notify(r, "/cloudsign/"+hookToken, completed[:100])
	notify(r, "/cloudsign/"+hookToken[:24]+"?x="+hookToken, completed)
	require.Equal(t, 3, strings.Count(log.String(), "level="))
	for _, private := range []string{hookToken[:24], "sender@example.com", "業務委託契約"} {
		require.NotContains(t, log.String(), private)
	}
}

// FuzzReceiver: nothing gets through without the token, and no body of one who
// has it makes the receiver fail.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte(completed), "x", true)
	f.Add([]byte(`{"documentID":"d","text":"BOUNCED : t sent by s for a@example.com"}`), "", true)
	f.Add([]byte(`{"documentID":"..","status":null}`), staleToken[1:], false)
	f.Fuzz(func(t *testing.T, body []byte, token string, known bool) {
		in := &hooks{}
		r := newReceiver(t, in, nil)
		req := httptest.NewRequest(http.MethodPost, "/hooks", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.URL.Path = "/hooks/" + token
		if known {
			req.URL.Path = "/hooks/" + hookToken
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if !known && token != hookToken && token != staleToken {
			require.Equal(t, 401, w.Code)
			require.Empty(t, in.events)
			return
		}
		require.Contains(t, []int{200, 413}, w.Code)
		for _, event := range in.events {
			require.NotEmpty(t, event.Key())
			stored, err := json.Marshal(event)
			require.NoError(t, err)
			var read cloudsign.Event
			require.NoError(t, json.Unmarshal(stored, &read))
			require.Equal(t, event.Key(), read.Key())
		}
	})
}

func ExampleReceiver() {
	srv, client, id := exampleAccount()
	defer srv.Close()
	token := countersign.NewSecret("NEWTOKEN2345672345672345AB") // rand.Text() of crypto/rand makes one
	receiver, err := cloudsign.NewReceiver(cloudsign.ReceiverConfig{
		Tokens:    []countersign.Secret{token},
		Documents: client.Documents,
		Accept: func(_ context.Context, event cloudsign.Event) error {
			// Store the event under event.Key() here, and work on it later.
			fmt.Println(event.Kind, event.Document.Title, event.Document.Status)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/cloudsign/", receiver) // the address to enter: https://example.com/cloudsign/<token>

	// What CloudSign sends:
	body := fmt.Sprintf(`{"documentID":%q,"status":2,"text":"COMPLETED : 業務委託契約 sent by 連携専用"}`, id)
	request := httptest.NewRequest(http.MethodPost, "/cloudsign/"+token.Reveal(), strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output:
	// COMPLETED 業務委託契約 concluded
	// 200
}
