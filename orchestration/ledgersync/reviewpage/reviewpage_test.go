package reviewpage_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/ledgersync/reviewpage"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a review page with files that wait, mounted below /review/. Who asks is
// said by the header Account.
type site struct {
	t      *testing.T
	fake   *cloudsigntest.Server
	ledger *contractonetest.Ledger
	flow   *ledgersync.Flow
	engine *orchestration.Local
	link   contractone.ManagementID
	web    *httptest.Server
	store  *store
	second func() contractone.ManagementID // links another account, with a file of its own
}

// store fails the transaction in which one change too many is made.
type store struct {
	orchestration.Store

	allowed atomic.Int64
}

type countingTx struct {
	orchestration.Tx

	store *store
}

func (s *store) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	return s.Store.Tx(ctx, func(tx orchestration.Tx) error { return fn(countingTx{tx, s}) })
}

func (tx countingTx) Update(ctx context.Context, rec orchestration.Record) error {
	if tx.store.allowed.Add(-1) < 0 {
		return errors.New("disk is full")
	}
	return tx.Tx.Update(ctx, rec)
}

type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

func newSite(t *testing.T, fill func(*cloudsigntest.Server, cloudsigntest.User), change ...func(*reviewpage.Config)) *site {
	t.Helper()
	clock := countersigntest.NewClock(time.Date(2026, 4, 1, 23, 30, 0, 0, time.UTC))
	s := &site{t: t, fake: cloudsigntest.NewServer(cloudsigntest.WithRateLimit(0), cloudsigntest.WithClock(clock)), ledger: contractonetest.NewLedger()}
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); s.fake.Close() })
	u := s.fake.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	fill(s.fake, u)
	other := s.fake.AddUser(cloudsigntest.User{})
	s.store = &store{Store: orchestration.NewMemory()}
	s.store.allowed.Store(math.MaxInt64)
	accounts := make([]ledgersync.Account, 2)
	for i, u := range []cloudsigntest.User{u, other} {
		var err error
		accounts[i], err = ledgersync.NewAccount(u.ClientID, cloudsign.Config{ClientID: countersign.NewSecret(u.ClientID)}, countersign.WithBaseURL(s.fake.URL()),
			countersign.WithHTTPClient(&http.Client{Transport: tr}), countersign.WithLimiter(free{}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
	}
	var err error
	s.flow, err = ledgersync.New(ledgersync.Config{Clock: clock.Now}, ledgersync.Deps{Store: s.store, Ledger: s.ledger, Accounts: accounts})
	require.NoError(t, err)
	s.engine = orchestration.NewLocal(s.store, orchestration.WithClock(clock.Now))
	s.flow.Register(s.engine)
	s.link = s.start(accounts[0], contractone.CompanyWide())
	s.second = func() contractone.ManagementID {
		hostile(s.fake, other)
		return s.start(accounts[1], contractone.CompanyWide())
	}

	cfg := reviewpage.Config{Flow: s.flow, Actor: func(r *http.Request) (ledgersync.Actor, error) {
		if r.Header.Get("Account") == "" {
			return ledgersync.Actor{}, errors.New("nobody is signed in")
		}
		return ledgersync.Actor{ID: r.Header.Get("Account")}, nil
	}}
	for _, c := range change {
		c(&cfg)
	}
	h, err := reviewpage.New(cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/review/", http.StripPrefix("/review", h))
	s.web = httptest.NewServer(mux)
	t.Cleanup(s.web.Close)
	return s
}

func (s *site) start(account ledgersync.Account, share contractone.Share) contractone.ManagementID {
	link, err := s.flow.AddLink(s.t.Context(), ledgersync.Settings{Settings: contractone.Settings{
		Credential: account.Credential, Share: share, Mode: contractone.ModeReview,
		Responsible: []contractone.Principal{contractone.Group("Legal")}, Reviewers: []contractone.Principal{contractone.User("hanako"), contractone.User("jiro")},
	}})
	require.NoError(s.t, err)
	p, err := s.flow.Preview(s.t.Context(), link.ID)
	require.NoError(s.t, err)
	require.NoError(s.t, s.flow.Start(s.t.Context(), link.ID, p))
	require.NoError(s.t, s.engine.RunUntilIdle(s.t.Context()))
	return link.ID
}

// answer is what a browser got.
type answer struct {
	status int
	head   http.Header
	body   string
}

func (s *site) do(who, method, path string, form url.Values, head ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.web.URL+path, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Account", who)
	r.Header.Set("Accept-Language", "en-GB,ja;q=0.5")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := s.web.Client().Do(r)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return answer{res.StatusCode, res.Header, string(body)}
}

func (s *site) list() string { return "/review/links/" + string(s.link) }

func (s *site) entries() (n int) {
	for _, err := range contractone.All(s.t.Context(), s.ledger, contractone.Query{}) {
		require.NoError(s.t, err)
		n++
	}
	return n
}

var shown = regexp.MustCompile(`name="shown" value="([^"]+)"`)

func (a answer) keys() (keys []string) {
	for _, m := range shown.FindAllStringSubmatch(a.body, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

func documents(n int) func(*cloudsigntest.Server, cloudsigntest.User) {
	return func(f *cloudsigntest.Server, u cloudsigntest.User) {
		f.Seed(u, cloudsigntest.Account{Documents: n, Files: n})
	}
}

func hostile(f *cloudsigntest.Server, u cloudsigntest.User) {
	f.AddDocument(cloudsigntest.Document{
		UserID: u.ID, Status: cloudsigntest.Concluded, Title: `<script>alert("題")</script>`,
		Attribute: &cloudsigntest.Attribute{Amount: new(int64(-1234567)), ValidityEndAt: "2027-03-31", AutoUpdate: cloudsigntest.AutoUpdateYes},
		Files:     []cloudsigntest.File{{Name: `"契約"; x=y.pdf`}},
	})
}

func TestReviewFromListToLedger(t *testing.T) {
	t.Parallel()
	s := newSite(t, hostile)
	home := s.do("hanako", "GET", "/review/", nil)
	require.Equal(t, http.StatusOK, home.status)
	require.Contains(t, home.body, `href="./links/`+string(s.link))
	list := s.do("hanako", "GET", s.list(), nil)
	require.Contains(t, list.body, `<html lang="en">`)
	require.Contains(t, list.body, "-1,234,567")
	require.Contains(t, list.body, "2027-03-31")
	require.Contains(t, list.body, "renews itself without a notice deadline")
	require.NotContains(t, list.body, "<script")
	key := list.keys()[0]

	file := s.do("hanako", "GET", "/review/files/"+key, nil)
	require.Equal(t, http.StatusOK, file.status)
	require.Contains(t, file.body, `src="../files/`+key+`/pdf?lang=en"`)
	pdf := s.do("hanako", "GET", "/review/files/"+key+"/pdf", nil)
	require.Equal(t, "application/pdf", pdf.head.Get("Content-Type"))
	require.Contains(t, pdf.head.Get("Content-Disposition"), "inline; filename*=utf-8''")
	require.True(t, strings.HasPrefix(pdf.body, "%PDF-"))

	out := s.do("hanako", "POST", s.list(), url.Values{"do": {"share"}, "share": {`{"visibility":"private"}`}, "key": {key}})
	require.Contains(t, out.body, "Done for 1 files.")
	require.Contains(t, out.body, `<td class="short">Private</td>`)
	out = s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "key": {key}})
	require.Contains(t, out.body, "No file waits for a review.")
	require.NoError(t, s.engine.RunUntilIdle(t.Context()))
	require.Equal(t, 1, s.entries())
	require.Equal(t, http.StatusConflict, s.do("hanako", "GET", "/review/files/"+key, nil).status)
}

func TestTwoReviewersAndAStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(3))
	keys := s.do("jiro", "GET", s.list(), nil).keys()
	require.Len(t, keys, 3)
	out := s.do("jiro", "POST", s.list(), url.Values{"do": {"discard"}, "reason": {"draft"}, "key": {keys[0]}})
	require.Contains(t, out.body, "Done for 1 files.")
	out = s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "key": keys})
	require.Contains(t, out.body, "Done for 2 files.")
	require.Contains(t, out.body, "Deleted already (jiro,")
	require.NoError(t, s.engine.RunUntilIdle(t.Context()))
	require.Equal(t, 2, s.entries())

	for _, who := range []string{"taro", ""} {
		for _, path := range []string{s.list(), "/review/files/" + keys[0], "/review/files/" + keys[0] + "/pdf"} {
			require.Equal(t, http.StatusForbidden, s.do(who, "GET", path, nil).status)
		}
		require.Equal(t, http.StatusForbidden, s.do(who, "POST", s.list(), url.Values{"do": {"save"}, "key": keys}).status)
	}
	require.Contains(t, s.do("taro", "GET", "/review/", nil).body, "no link that you review")
}

func TestManyFilesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(50), func(c *reviewpage.Config) { c.PageSize = 20 })
	list := s.do("hanako", "GET", s.list(), nil)
	require.Len(t, list.keys(), 20)
	require.Contains(t, list.body, "Files to review: 50")
	next := regexp.MustCompile(`rel="next" href="(\?[^"]+)"`).FindStringSubmatch(list.body)
	second := s.do("hanako", "GET", s.list()+strings.ReplaceAll(next[1], "&amp;", "&"), nil)
	require.Len(t, second.keys(), 20)
	require.NotEqual(t, list.keys()[0], second.keys()[0])
	out := s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "all": {"1"}, "shown": list.keys()})
	require.Contains(t, out.body, "Done for 20 files.")
	require.Contains(t, out.body, "Files to review: 30")
}

func TestForeignRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(1))
	form := url.Values{"do": {"save"}, "key": s.do("hanako", "GET", s.list(), nil).keys()}
	require.Equal(t, http.StatusForbidden, s.do("hanako", "POST", s.list(), form, "Sec-Fetch-Site", "cross-site").status)
	require.Equal(t, http.StatusForbidden, s.do("hanako", "POST", s.list(), form, "Sec-Fetch-Site", "same-site").status)
	require.Equal(t, http.StatusForbidden, s.do("hanako", "POST", s.list(), form, "Sec-Fetch-Site", "", "Origin", "https://evil.example").status)
	require.Equal(t, http.StatusMethodNotAllowed, s.do("hanako", "PUT", s.list(), form).status)
	require.Len(t, s.do("hanako", "GET", s.list()+"?do=save&key="+form.Get("key"), nil).keys(), 1, "reading decides nothing")
	for _, path := range []string{"/review/", s.list(), "/review/style.css", "/review/nothing"} {
		head := s.do("hanako", "GET", path, nil).head
		require.Contains(t, head.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "nosniff", head.Get("X-Content-Type-Options"))
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, documents(1))
	keys := s.do("hanako", "GET", s.list(), nil).keys()
	for name, form := range map[string]url.Values{
		"nothing": {}, "unknown": {"do": {"burn"}, "key": keys}, "share": {"do": {"share"}, "share": {`{"visibility":"groups","groups":["HR"]}`}, "key": keys},
		"no JSON": {"do": {"share"}, "share": {"1"}, "key": keys},
	} {
		require.Equal(t, http.StatusBadRequest, s.do("hanako", "POST", s.list(), form).status, name)
	}
	require.Equal(t, http.StatusBadRequest, s.do("hanako", "GET", s.list()+"?after=x", nil).status)
	require.Equal(t, http.StatusNotFound, s.do("hanako", "GET", "/review/links/ABCD-EFGH", nil).status)
	require.Equal(t, http.StatusNotFound, s.do("hanako", "GET", "/review/files/x", nil).status)
	large := url.Values{"do": {"discard"}, "reason": {strings.Repeat("x", 2<<20)}}
	require.Equal(t, http.StatusRequestEntityTooLarge, s.do("hanako", "POST", s.list(), large).status)
	require.Contains(t, s.do("hanako", "POST", s.list(), url.Values{"do": {"save"}, "key": {"x"}}).body, "There is no such page or file.")
}

func TestPDFThatCanNotBeHad(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(f *cloudsigntest.Server, u cloudsigntest.User) {
		f.AddDocument(cloudsigntest.Document{
			UserID: u.ID, Status: cloudsigntest.Concluded, Files: []cloudsigntest.File{{Name: "a.pdf", Content: cloudsigntest.PDF("a", "a", 20<<10)}},
		})
	})
	pdf := "/review/files/" + s.do("hanako", "GET", s.list(), nil).keys()[0] + "/pdf"
	s.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.Status(503), Next: 1})
	a := s.do("hanako", "GET", pdf, nil)
	require.Equal(t, http.StatusBadGateway, a.status)
	require.Contains(t, a.body, "try again")
	s.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.CutBody(100), Next: 1})
	require.Equal(t, http.StatusBadGateway, s.do("hanako", "GET", pdf, nil).status, "cut before anything was sent")
	s.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.CutBody(2000)}) // also for the browser's second try
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.web.URL+pdf, nil)
	require.NoError(t, err)
	r.Header.Set("Account", "hanako")
	res, err := s.web.Client().Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, res.Body.Close())
	}
	require.Error(t, err, "a part is not taken for the whole: %v", res)
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	s := newSite(t, hostile)
	for accept, want := range map[string]string{"": "ja", "fr": "ja", "ja-JP": "ja", "en": "en", "fr,en;q=0.5": "en", ",,": "ja"} {
		require.Contains(t, s.do("hanako", "GET", s.list(), nil, "Accept-Language", accept).body, `<html lang="`+want+`">`, accept)
	}
	ja := s.do("hanako", "GET", s.list()+"?lang=ja", nil).body
	for _, want := range []string{`<html lang="ja">`, "契約書タイトル", "共有範囲", "全社公開", "台帳に保存", "自動更新ですが"} {
		require.Contains(t, ja, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t, hostile)
	actor := func(*http.Request) (ledgersync.Actor, error) { return ledgersync.Actor{}, nil }
	for name, cfg := range map[string]reviewpage.Config{
		"flow": {Actor: actor}, "actor": {Flow: s.flow}, "size": {Flow: s.flow, Actor: actor, PageSize: 501},
		"share": {Flow: s.flow, Actor: actor, Shares: []contractone.Share{{}}},
	} {
		_, err := reviewpage.New(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
}
