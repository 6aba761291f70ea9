package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	gosync "sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// serves reports whether the program takes requests after the daily run.
func (p *program) serves() bool { return p.Webhook != "" || p.ReviewPage != "" }

// site is something that the program serves.
type site struct {
	flag     string
	listener net.Listener
	handler  http.Handler
}

// serve keeps the link running and takes requests until the program is
// interrupted: CloudSign's webhooks, so that a concluded document is linked within
// seconds, and those of the review page.
func (s *sync) serve(ctx context.Context) (err error) {
	var sites []site
	defer func() {
		for _, site := range sites {
			_ = site.listener.Close() // closed already if it was served
		}
	}()
	for _, open := range []func(context.Context) (site, error){s.webhookSite, s.reviewSite} {
		site, err := open(ctx)
		if err != nil {
			return err
		}
		if site.listener != nil {
			sites = append(sites, site)
		}
	}
	return s.serveSites(ctx, sites)
}

// webhookSite takes webhooks, if --webhook asks for that.
func (s *sync) webhookSite(ctx context.Context) (site, error) {
	if s.Webhook == "" {
		return site{}, nil
	}
	var token countersign.Secret
	var file string
	err := s.alone(ctx, "token", func() (err error) {
		token, file, err = webhookToken(s.data.dir)
		return err
	})
	if err != nil {
		return site{}, err
	}
	proxies, err := prefixes(s.TrustedProxy)
	if err != nil {
		return site{}, err
	}
	cfg := ledgersync.WebhookConfig{Tokens: []countersign.Secret{token}, TrustedProxies: proxies, AllowedSources: s.source.webhookSources()}
	handler, err := s.flow.Webhook(ctx, s.link.ID, cfg)
	if err != nil {
		return site{}, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Webhook)
	if err != nil {
		return site{}, fmt.Errorf("--webhook %s can't be listened on: %w: choose another address, such as :8080", s.Webhook, err)
	}
	fmt.Fprintf(s.err, "waiting for webhooks on %s; in CloudSign, enter the address of this machine with the path /cloudsign/ and the token in %s\n",
		listener.Addr(), file)
	s.hook = "http://" + listener.Addr().String() + "/cloudsign/" + token.Reveal()
	return site{"--webhook", listener, handler}, nil
}

// serveSites serves until the context ends or a site fails, and runs the link
// meanwhile.
func (s *sync) serveSites(ctx context.Context, sites []site) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running gosync.WaitGroup
	failed := make([]error, len(sites)) // read when they have ended
	servers := make([]*http.Server, len(sites))
	for i, site := range sites {
		servers[i] = &http.Server{Handler: site.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
		running.Go(func() {
			if err := servers[i].Serve(site.listener); !errors.Is(err, http.ErrServerClosed) {
				failed[i] = fmt.Errorf("%s on %s: %w", site.flag, site.listener.Addr(), err)
				cancel()
			}
		})
	}
	if s.hook != "" {
		running.Go(func() { s.source.act(ctx, s.hook) })
	}
	err := s.live(ctx)
	cancel()
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(stopping))
	}
	running.Wait()
	return errors.Join(err, errors.Join(failed...))
}

// webhookToken is the secret at the end of the webhook's address. It is made once
// and kept, because a person enters it in CloudSign.
func webhookToken(dir string) (token countersign.Secret, path string, err error) {
	path = filepath.Join(dir, "webhook-token")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return token, path, fmt.Errorf("%s can't be used: %w: make it readable or choose another folder with --data", path, cause(err))
	}
	return countersign.NewSecret(strings.TrimSpace(string(text))), path, nil
}

func prefixes(texts []string) (out []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy %s is no address range: write it as 192.0.2.0/24", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// webhookSources are the addresses that CloudSign publishes for the environment;
// none where it publishes none.
func (s *service) webhookSources() []netip.Prefix {
	out, err := cloudsign.WebhookSources(s.env)
	if err != nil {
		return nil
	}
	return out
}

// act waits: in the real service people act.
func (s *service) act(context.Context, string) {}

func (s *simulation) webhookSources() []netip.Prefix { return nil }

// between webhooks of the simulated account.
const betweenWebhooks = 3 * time.Second

// act has a document concluded now and then, and tells the webhook.
func (s *simulation) act(ctx context.Context, webhook string) {
	s.server.UpdateTeam(s.user.TeamID, func(t *cloudsigntest.Team) {
		t.Webhooks = []cloudsigntest.Webhook{{URL: webhook, Concluded: true}}
	})
	tick := time.NewTicker(betweenWebhooks)
	defer tick.Stop()
	for n := 1; ; n++ {
		name := fmt.Sprintf("run %d, webhook %d", s.state.Runs, n)
		doc := s.server.AddDocument(cloudsigntest.Document{
			ID: cloudsigntest.ID("document " + name), UserID: s.user.ID, Status: cloudsigntest.Pending, Title: "Concluded just now: " + name,
			Files: []cloudsigntest.File{{ID: cloudsigntest.ID("file " + name), Name: name + ".pdf"}},
		})
		s.server.Conclude(doc.ID)
		s.server.DeliverWebhooks(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
