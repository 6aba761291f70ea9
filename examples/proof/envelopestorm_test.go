package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
)

// TestStormEnvelopeSync sends messages in disorder and twice to a program that is
// killed again and again, while a fifth of ActiveCampaign's answers go wrong, and
// compares what is in ActiveCampaign in the end, and what automations were
// started with, with what the messages in their order lead to.
func TestStormEnvelopeSync(t *testing.T) {
	t.Parallel()
	s := newStorm(t, size(1_000, 1_000, 250)) // 50 times the real limit in full size
	s.write(size(8, 16, 560), 5)
	s.faults()
	began := time.Now()
	s.run(size(2, 3, 20))
	took := time.Since(began)
	differences := s.judge()
	injected := s.ac.Faults().Injected()
	t.Logf("proof: envelopesync storm envelopes=%d messages=%d distinct=%d kills=%d calls=%d faults=%v repeated_firings=%d seconds=%.0f differences=%d",
		s.envelopes, s.sent, len(s.messages), s.kills, s.calls(), injected, s.repeated, took.Seconds(), differences)
	require.Zero(t, differences)
}

// TestRealLimitEnvelopeSync lets the program work at the limit that ActiveCampaign
// really has, and restarts it meanwhile.
func TestRealLimitEnvelopeSync(t *testing.T) {
	t.Parallel()
	s := newStorm(t, 0, activecampaigntest.WithRateLimit(5))
	s.write(size(4, 6, 40), 3)
	length, restarts := size(3*time.Second, 3*time.Second, 60*time.Second), size(1, 1, 3)
	ctx, stop := context.WithCancel(t.Context())
	var senders sync.WaitGroup
	senders.Go(func() { s.sendAll(ctx, s.order()) })
	before, began := s.calls(), time.Now()
	for range restarts + 1 {
		earlier := s.calls()
		c := startChild(t, s.job, modeEnvelopes)
		<-time.After(length / time.Duration(restarts+1))
		require.Eventually(t, func() bool { return s.calls() > earlier }, 2*time.Minute, time.Millisecond)
		c.kill()
		c.killed(t)
	}
	stop()
	senders.Wait()
	took, calls := time.Since(began), s.calls()-before
	refused := s.ac.Log().Operations()
	t.Logf("proof: envelopesync limit seconds=%.0f restarts=%d calls=%d busiest_second=%d operations=%d",
		length.Seconds(), restarts, calls, s.ac.BusiestSecond(), len(refused))
	// On a machine that is busy with other tests, requests that left evenly arrive
	// unevenly, and what counts is how many left in all; the full size has it to
	// itself.
	require.LessOrEqual(t, float64(calls), 5*(took.Seconds()+1))
	if size(0, 0, 1) == 1 {
		require.LessOrEqual(t, s.ac.BusiestSecond(), 5)
	}
}

// storm is two simulated services, the program between them and all that happened.
type storm struct {
	t         *testing.T
	random    *rand.Rand
	ds        *docusigntest.Server
	ac        *activecampaigntest.Server
	clock     *countersigntest.Clock
	client    *docusign.Client
	job       job
	http      *http.Client
	envelopes int
	messages  []docusigntest.Message // in their order
	sent      int                    // with repetitions
	kills     int

	mu       sync.Mutex
	firings  map[string]fired
	told     []fired // each once, in the order in which they were told
	repeated int
}

func newStorm(t *testing.T, perSecond int, opts ...activecampaigntest.Option) *storm {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	clock := countersigntest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	opts = append([]activecampaigntest.Option{activecampaigntest.WithRateLimit(perSecond), activecampaigntest.WithLogSize(1), activecampaigntest.WithSeed(seed), activecampaigntest.WithListLag(0)}, opts...)
	s := &storm{
		t: t, clock: clock, random: rand.New(rand.NewPCG(seed, 3)), firings: map[string]fired{},
		ds: docusigntest.NewServer(docusigntest.WithClock(clock), docusigntest.WithHourlyLimit(1<<30), docusigntest.WithBurstLimit(1<<30), docusigntest.WithLogSize(1), docusigntest.WithSeed(seed)),
		ac: activecampaigntest.NewServer(opts...),
	}
	t.Cleanup(s.ds.Close)
	t.Cleanup(s.ac.Close)
	listener := httptest.NewServer(http.HandlerFunc(s.fired))
	t.Cleanup(listener.Close)
	s.ds.SetConnectKeys(envelopeKey)
	s.ac.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	subject := s.ac.AddField(activecampaigntest.Field{Title: "Last subject", Lists: []string{"0"}})
	status := s.ac.AddField(activecampaigntest.Field{Title: "Last status", Lists: []string{"0"}})
	s.job = job{Dir: t.TempDir(), Envelopes: envelopeJob{
		DocuSign: s.ds.URL(), Token: s.ds.AccessToken(s.ds.User().ID), Account: docusign.AccountID(s.ds.Account().ID),
		ActiveCampaign: s.ac.URL(), Key: s.ac.APIKey(), Fired: listener.URL, LastSubject: subject.Tag, LastStatus: status.Tag,
	}}
	if perSecond > 0 {
		s.job.Envelopes.PerSecond = perSecond - perSecond/10 // as the client's own pace is to the real limit
	}
	s.http = &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket(s.job.Dir))
		},
	}}
	t.Cleanup(s.http.CloseIdleConnections)
	s.live()
	return s
}

// live goes live, as a person does once.
func (s *storm) live() {
	s.t.Helper()
	p, err := openEnvelopes(s.job.Envelopes, s.job.Dir)
	require.NoError(s.t, err)
	_, err = p.flow.Apply(s.t.Context(), s.job.Envelopes.connection())
	require.NoError(s.t, err)
	require.NoError(s.t, p.Close())
	s.client, err = docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(s.job.Envelopes.Token)}},
		countersign.WithBaseURL(s.job.Envelopes.DocuSign))
	require.NoError(s.t, err)
}

// write lets envelopes go their ways, several at a time, and collects what Connect
// says about it. People get several envelopes.
func (s *storm) write(envelopes, recipients int) {
	s.t.Helper()
	s.envelopes = envelopes
	people := max(envelopes*recipients*6/10, recipients)
	type turn struct{ envelope, recipient string }
	var open []turn
	ended := map[string]bool{}
	act := func() {
		i := s.random.IntN(len(open))
		x := open[i]
		open = slices.Delete(open, i, i+1)
		s.clock.Advance(time.Second)
		if ended[x.envelope] {
			return
		}
		s.ds.View(x.envelope, x.recipient)
		s.clock.Advance(time.Second)
		if s.random.IntN(40) == 0 {
			s.ds.Decline(x.envelope, x.recipient, "no, thanks")
			ended[x.envelope] = true
			return
		}
		s.ds.Sign(x.envelope, x.recipient)
	}
	for n := range envelopes {
		var r docusign.Recipients
		for i, person := range s.random.Perm(people)[:recipients] {
			r.Signers = append(r.Signers, docusign.Recipient{
				ID: docusign.RecipientID(strconv.Itoa(i + 1)), Name: fmt.Sprintf("Given Name%d", person), Email: fmt.Sprintf("Person%d@example.com", person), RoutingOrder: "1",
			})
		}
		made, err := s.client.Envelopes.Create(s.t.Context(), docusign.EnvelopeDefinition{
			Status: docusign.EnvelopeSent, EmailSubject: fmt.Sprintf("Offer %d", n), Recipients: &r,
			Documents: []docusign.Document{{ID: "1", Name: "offer.pdf", Content: []byte("%PDF-1.4")}},
		})
		require.NoError(s.t, err)
		for i := range recipients {
			open = append(open, turn{string(made.ID), strconv.Itoa(i + 1)})
		}
		for len(open) > 20*recipients {
			act()
		}
	}
	for len(open) > 0 {
		act()
	}
	s.messages = s.ds.Messages()
}

// order is the messages as they come: each up to 200 places off, and 30 % of them
// a second time.
func (s *storm) order() []docusigntest.Message {
	const window, repeated = 200, 0.3
	type placed struct {
		at int
		m  docusigntest.Message
	}
	var all []placed
	for i, m := range s.messages {
		all = append(all, placed{i + s.random.IntN(window), m})
		if s.random.Float64() < repeated {
			all = append(all, placed{i + s.random.IntN(2*window), m})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at - b.at })
	out := make([]docusigntest.Message, len(all))
	for i, p := range all {
		out[i] = p.m
	}
	return out
}

// faults lets a fifth of ActiveCampaign's answers go wrong.
func (s *storm) faults() {
	s.ac.Faults().Add(
		countersigntest.Rule{Probability: 0.07, Fault: countersigntest.TooManyRequests(0)},
		countersigntest.Rule{Probability: 0.075, Fault: countersigntest.Status(503)},
		countersigntest.Rule{Probability: 0.07, Fault: countersigntest.LoseAnswer()},
	)
}

func (s *storm) calls() (n int64) {
	for _, tally := range s.ac.Log().Operations() {
		n += tally.Requests
	}
	return n
}

// fired takes what the program tells of a firing. It may tell it again.
func (s *storm) fired(_ http.ResponseWriter, r *http.Request) {
	var f fired
	if json.NewDecoder(r.Body).Decode(&f) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.firings[f.ID]; known {
		s.repeated++
		return
	}
	s.firings[f.ID] = f
	s.told = append(s.told, f)
}

// run sends everything to programs of which all but the last are killed, and waits
// until nothing is left to do. The kills are spread over the work.
func (s *storm) run(kills int) {
	s.t.Helper()
	order := s.order()
	s.sent = len(order)
	var senders sync.WaitGroup
	senders.Go(func() { s.sendAll(s.t.Context(), order) })
	// Each record takes about seven calls.
	step := int64(len(s.messages)) * 7 / 3 / int64(kills+1)
	for s.kills < kills {
		c := startChild(s.t, s.job, modeEnvelopes)
		target, patience := s.calls()+step/2+s.random.Int64N(step), time.After(20*time.Second)
		for waiting := true; waiting && s.calls() < target; {
			select {
			case <-time.After(time.Millisecond):
			case <-patience:
				waiting = false // there is no more work, or little: kill it all the same
			}
			waiting = waiting && !s.idle(c)
		}
		c.kill()
		c.killed(s.t)
		s.kills++
	}
	c := startChild(s.t, s.job, modeEnvelopes)
	senders.Wait()
	require.Eventually(s.t, func() bool { return s.left() == 0 }, 20*time.Minute, 20*time.Millisecond)
	c.kill()
	c.killed(s.t)
}

// idle reports that all was sent and nothing is left.
func (s *storm) idle(*child) bool { return s.random.IntN(50) == 0 && s.left() == 0 }

// left asks the program how much is left; -1 when it does not answer.
func (s *storm) left() int {
	answer, err := s.http.Get("http://program/left")
	if err != nil {
		return -1
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return -1
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return -1
	}
	return n
}

// sendAll sends messages side by side, each until it is acknowledged, as DocuSign
// does in the end.
func (s *storm) sendAll(ctx context.Context, order []docusigntest.Message) {
	var next atomic.Int64
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(order) || ctx.Err() != nil {
					return
				}
				for !s.post(ctx, order[i]) && ctx.Err() == nil {
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	senders.Wait()
}

func (s *storm) post(ctx context.Context, m docusigntest.Message) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://program/docusign/connect", bytes.NewReader(m.Body))
	if err != nil {
		return false
	}
	req.Header = m.Header
	answer, err := s.http.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
