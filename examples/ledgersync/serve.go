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

// serve keeps the link running and takes CloudSign's webhooks, until the program
// is interrupted: a concluded document is linked within seconds, and the daily run
// finds what no webhook told of.
func (s *sync) serve(ctx context.Context) error {
	token, file, err := webhookToken(s.data.dir)
	if err != nil {
		return err
	}
	proxies, err := prefixes(s.TrustedProxy)
	if err != nil {
		return err
	}
	cfg := ledgersync.WebhookConfig{Tokens: []countersign.Secret{token}, TrustedProxies: proxies, AllowedSources: s.source.webhookSources()}
	handler, err := s.flow.Webhook(ctx, s.link.ID, cfg)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Webhook)
	if err != nil {
		return fmt.Errorf("--webhook %s can't be listened on: %w: choose another address, such as :8080", s.Webhook, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	fmt.Fprintf(s.err, "waiting for webhooks on %s; in CloudSign, enter the address of this machine with the path /cloudsign/ and the token in %s\n",
		listener.Addr(), file)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running gosync.WaitGroup
	var failed error // of the server; read when it has ended
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed = fmt.Errorf("webhooks on %s: %w", listener.Addr(), err)
			cancel()
		}
	})
	running.Go(func() { s.source.act(ctx, "http://"+listener.Addr().String()+"/cloudsign/"+token.Reveal()) })
	err = s.engine.Run(ctx)
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	err = errors.Join(err, server.Shutdown(stopping))
	cancel()
	running.Wait()
	return errors.Join(err, failed)
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
