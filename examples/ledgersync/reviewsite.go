package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/ledgersync/reviewpage"
)

// checkReviewPage refuses an address that others could reach: this program signs
// nobody in, so whoever reaches the page decides. One with accounts of its own
// mounts package reviewpage behind them.
func (s *sync) checkReviewPage() error {
	if s.ReviewPage == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(s.ReviewPage)
	switch {
	case err != nil:
		return fmt.Errorf("--review-page %s is no address: write it as 127.0.0.1:8081", s.ReviewPage)
	case host != "" && !onLoopback(host):
		return fmt.Errorf("--review-page %s could be reached from other machines, and this program signs nobody in: use 127.0.0.1 or localhost", s.ReviewPage)
	case s.reviewed(), s.Review: // run says what is wrong with the second
		return nil
	case s.link.Settings.Confirmed == nil:
		return errors.New("--review-page shows what is held for a review: give --review, too")
	default:
		return errors.New("--review-page shows what is held for a review: begin with --review and another folder in --data")
	}
}

// reviewSite serves the review page, if --review-page asks for that.
func (s *sync) reviewSite(ctx context.Context) (site, error) {
	if s.ReviewPage == "" {
		return site{}, nil
	}
	actor, err := reviewer(s.Reviewer, "--reviewer")
	if err != nil {
		return site{}, err
	}
	page, err := reviewpage.New(reviewpage.Config{
		Flow: s.flow, Logger: slog.New(slog.NewTextHandler(s.err, nil)),
		Actor: func(*http.Request) (ledgersync.Actor, error) { return actor, nil },
	})
	if err != nil {
		return site{}, err
	}
	host, port, err := net.SplitHostPort(s.ReviewPage)
	if host == "" {
		host = "127.0.0.1"
	}
	var listener net.Listener
	if err == nil {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	}
	if err != nil {
		return site{}, fmt.Errorf("--review-page %s can't be listened on: %w: choose another address, such as 127.0.0.1:8081", s.ReviewPage, err)
	}
	fmt.Fprintf(s.err, "review page: http://%s/ decides as %s; interrupt to end\n", listener.Addr(), actor.ID)
	return site{"--review-page", listener, onlyLocal(page)}, nil
}

// onlyLocal refuses requests to other names than this machine's own: a page on the
// internet can give its name this machine's address, and ask in a browser here.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !onLoopback(host) {
			http.Error(w, "use the address that the program printed", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
