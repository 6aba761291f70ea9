package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration/senderonboarding"
)

// walk goes both ways of the registration as a customer does, sends a letter, and
// prints what happened.
func (s *site) walk(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	org := string(s.org)
	earlier, err := s.sessions(ctx)
	if err != nil {
		return err
	}
	start, err := s.click(ctx)
	if err != nil {
		return err
	}
	link, err := s.digi.fake.Register(ctx, start, org)
	if err != nil {
		return err
	}
	if err := s.follow(ctx, link); err != nil {
		return err
	}
	if start, err = s.click(ctx); err != nil {
		return err
	}
	application, err := s.digi.fake.Apply(start, org)
	if err != nil {
		return err
	}
	if err := s.digi.fake.Approve(ctx, application); err != nil {
		return err
	}
	ready, err := s.settled(ctx, earlier, 2)
	if err != nil {
		return err
	}
	d, err := s.send(ctx, digipost.NewUUID())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "letter: %s %s from sender %d\n", d.Channel, d.Status, d.SenderID)
	s.last = fmt.Sprintf("onboarding: sessions=%d ready=%d letters=%d", 2, ready, len(s.digi.fake.Messages()))
	_, err = fmt.Fprintln(out, s.last)
	return err
}

// click presses the button of the landing page and gives where it leads.
func (s *site) click(ctx context.Context) (string, error) {
	res, err := s.request(ctx, http.MethodPost, s.home+"/get-digipost")
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("the start was answered %d", res.StatusCode)
	}
	return res.Header.Get("Location"), nil
}

// follow clicks Digipost's link back, as a browser without scripts does: what
// stands behind the # stays behind.
func (s *site) follow(ctx context.Context, link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	u.Fragment, u.RawQuery = "", u.RawQuery+"&relay=1"
	res, err := s.request(ctx, http.MethodGet, u.String())
	if err == nil && res.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("the way back was answered %d", res.StatusCode)
	}
	return err
}

func (s *site) request(ctx context.Context, method, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}

// sessions are those of the customer.
func (s *site) sessions(ctx context.Context) (map[senderonboarding.SessionID]senderonboarding.State, error) {
	out := map[senderonboarding.SessionID]senderonboarding.State{}
	for session, err := range s.flow.Sessions(ctx, tenant) {
		if err != nil {
			return nil, err
		}
		out[session.ID] = session.State
	}
	return out, nil
}

// settled waits until so many sessions have ended, besides earlier ones, and counts
// the ready ones.
func (s *site) settled(ctx context.Context, earlier map[senderonboarding.SessionID]senderonboarding.State, want int) (ready int, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		sessions, err := s.sessions(ctx)
		if err != nil {
			return 0, err
		}
		ended := 0
		ready = 0
		for id, state := range sessions {
			if _, known := earlier[id]; known {
				continue
			}
			if state.Final() {
				ended++
			}
			if state == senderonboarding.StateReady {
				ready++
			}
		}
		if ended >= want {
			return ready, nil
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(errors.New("the registrations did not end"), ctx.Err())
		case <-tick.C:
		}
	}
}
