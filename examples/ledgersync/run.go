package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	gosync "sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// run does the whole job: account, data, link, first load, daily difference,
// report.
func (p *program) run(ctx context.Context) error {
	return p.openLink(ctx, p.DryRun, func(s *sync) error {
		err := s.run(ctx)
		if err == nil && p.serves() && !p.DryRun {
			err = s.serve(ctx)
			ctx = context.WithoutCancel(ctx) // being interrupted is how this ends
		}
		s.progress.close()
		if err != nil {
			return err
		}
		if err := s.report(ctx); err != nil || !p.KeepRunning || p.DryRun || p.serves() || s.guest != nil {
			return err
		}
		return s.keepRunning(ctx)
	})
}

// open opens account, data and flow, and lets f work with them. When it only
// looks, the simulated account stays as the last run left it.
func (p *program) open(ctx context.Context, look bool, f func(*sync) error) (err error) {
	to, err := p.target()
	if err != nil {
		return err
	}
	if err := p.checkDatabase(to); err != nil {
		return err
	}
	src, err := p.openSource(to)
	if err != nil {
		return err
	}
	defer src.close()
	d, err := p.openData(ctx, look)
	if err != nil {
		return err
	}
	defer d.close()
	s := &sync{program: p, source: src, data: d, target: to, progress: newProgress(p.err, p.bars)}
	defer s.progress.close()
	if err := s.join(ctx); err != nil {
		s.guest.Close()
		return err
	}
	defer func() { s.leave(err) }()
	if err := s.source.begin(d.dir, look); err != nil {
		return err
	}
	if s.ledger, err = s.openLedger(ctx, look); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.ledger.close()) }()
	if err := s.prepare(); err != nil {
		return err
	}
	return f(s)
}

// sync is the flow at work.
type sync struct {
	*program
	source   source
	data     *data
	target   target
	ledger   ledger
	progress *progress
	flow     *ledgersync.Flow
	engine   orchestration.Engine
	host     *cluster.Host  // of a simulated account that other processes may use
	guest    *cluster.Guest // of the process that has the simulated account
	link     ledgersync.Link
	before   ledgersync.Summary // as it stood when the program began

	credential  contractone.Credential
	firstLoaded int64       // files that the first load registered, if this run had one
	registered  atomic.Bool // since the ledger was finished last
	handled     meter       // files that this process handled
	hook        string      // address that the simulated account's webhooks go to
}

// tell is the flow's progress.
func (s *sync) tell(e orchestration.Event) {
	s.progress.tell(e)
	if e.Phase == "register" {
		s.handled.tell(e)
		s.registered.Store(true)
	}
	if s.observe != nil {
		s.observe(e)
	}
}

// prepare makes the flow.
func (s *sync) prepare() error {
	account, err := s.source.account(s.data)
	if err != nil {
		return err
	}
	s.flow, err = ledgersync.New(ledgersync.Config{Clock: s.source.now, Progress: s.tell},
		ledgersync.Deps{Store: s.data.store, Ledger: s.ledger, Accounts: []ledgersync.Account{account}})
	if err != nil {
		return err
	}
	s.engine = s.newEngine()
	s.flow.Register(s.engine)
	s.credential = account.Credential
	return nil
}

// openLink opens everything, and finds the account's link or adds it.
func (p *program) openLink(ctx context.Context, look bool, f func(*sync) error) error {
	return p.open(ctx, look, func(s *sync) (err error) {
		err = s.alone(ctx, "link", func() error {
			s.link, err = s.ensureLink(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if s.before, err = s.flow.Summary(ctx, s.link.ID); err != nil {
			return err
		}
		switch {
		case s.guest != nil:
			s.before = s.source.(*guest).host.Before
		case !look:
			err = s.admit(ctx)
		}
		if err != nil {
			return err
		}
		return f(s)
	})
}

func (s *sync) run(ctx context.Context) error {
	if err := s.checkReviewPage(); err != nil {
		return err
	}
	if s.Review && !s.reviewed() {
		return s.notReviewed()
	}
	switch {
	case s.DryRun:
		return s.plan(ctx)
	case s.guest != nil:
		return s.help(ctx)
	case s.link.State == ledgersync.StateDraft:
		if err := s.firstLoad(ctx); err != nil {
			return err
		}
	}
	if err := s.ledger.tidy(ctx); err != nil {
		return err
	}
	s.source.nextDay()
	return s.daily(ctx)
}

func (s *sync) notReviewed() error {
	return fmt.Errorf("link %s registers without a review: choose another folder with --data for one that is reviewed", s.link.ID)
}

// keepRunning goes on with the daily difference until the context ends, which is
// how it is meant to end. A day of the simulated account lasts simulatedDay.
func (s *sync) keepRunning(ctx context.Context) error {
	fmt.Fprintln(s.err, "running: interrupt to end")
	if !s.source.simulated() {
		return s.live(ctx)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(simulatedDay):
		}
		if err := s.source.anotherDay(); err != nil {
			return err
		}
		if err := s.daily(ctx); err != nil {
			return err
		}
		s.progress.close()
		if err := s.report(ctx); err != nil {
			return err
		}
	}
}

// live runs the engine until the context ends, and finishes the ledger as often as
// files were registered.
func (s *sync) live(ctx context.Context) error {
	ended := make(chan struct{})
	var finishing gosync.WaitGroup
	finishing.Go(func() {
		tick := time.NewTicker(cmp.Or(s.finishEvery, 30*time.Second))
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			if !s.registered.Swap(false) {
				continue
			}
			if err := s.ledger.finish(ctx); err != nil {
				s.registered.Store(true)
				s.progress.say("the ledger is not finished yet: " + err.Error())
			}
		}
	})
	err := s.engine.Run(ctx)
	close(ended)
	finishing.Wait()
	return errors.Join(err, s.ledger.finish(context.WithoutCancel(ctx)))
}

// simulatedDay is how long a simulated day lasts.
const simulatedDay = 10 * time.Second

// ensureLink gives the account's link, and adds it the first time.
func (s *sync) ensureLink(ctx context.Context) (ledgersync.Link, error) {
	set := contractone.Settings{
		Credential: s.credential, Mode: contractone.ModeDirect, Share: contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.Group("Legal")},
	}
	if s.Review {
		set.Mode, set.Reviewers = contractone.ModeReview, []contractone.Principal{contractone.Group(reviewers)}
	}
	link, err := s.flow.EnsureLink(ctx, ledgersync.Settings{Settings: set})
	if !errors.Is(err, ledgersync.ErrSettingsDiffer) {
		return link, err
	}
	if !s.Review || link.Settings.Confirmed != nil {
		return link, nil // --review is said once, when the link begins
	}
	return s.flow.ChangeLink(ctx, link.ID, "ledgersync", func(now *ledgersync.Settings) { now.Settings = set })
}

// plan shows what would be done and does none of it.
func (s *sync) plan(ctx context.Context) error {
	plan, err := s.flow.Plan(ctx, s.link.ID)
	if err != nil {
		return err
	}
	s.progress.close()
	s.showPreview(plan)
	fmt.Fprintln(s.out, "dry run: nothing was registered")
	return nil
}

// firstLoad asks a person to confirm the count, and loads everything.
func (s *sync) firstLoad(ctx context.Context) error {
	if err := s.alone(ctx, "start", func() error { return s.start(ctx) }); err != nil {
		return err
	}
	if err := s.engine.RunUntilIdle(ctx); err != nil {
		return err
	}
	sum, err := s.flow.Summary(ctx, s.link.ID)
	s.firstLoaded = sum.Linked
	return err
}

// start starts the link when a person has confirmed the count, unless another
// process did so meanwhile.
func (s *sync) start(ctx context.Context) error {
	if link, err := s.flow.Link(ctx, s.link.ID); err != nil || link.State != ledgersync.StateDraft {
		return err
	}
	preview, err := s.flow.Preview(ctx, s.link.ID)
	for err == nil {
		s.progress.pause(func() { s.showPreview(preview) })
		if err = s.confirm(ctx, preview); err != nil {
			return err
		}
		err = s.flow.Start(ctx, s.link.ID, preview)
		grew, ok := errors.AsType[*ledgersync.GrewError](err)
		if !ok {
			break
		}
		// More came meanwhile: show the new count and ask again.
		preview, err = grew.Preview, nil
	}
	return err
}

// confirm asks, unless --yes answered or nobody can and the account is simulated.
func (s *sync) confirm(ctx context.Context, preview ledgersync.Preview) error {
	switch {
	case s.Yes || (!s.terminal && s.source.simulated()):
		return nil
	case !s.terminal:
		return errors.New("nobody can answer the confirmation here: look at the plan with --dry-run, then run again with --yes")
	}
	question := "Register %d files? They can't be taken out of the ledger again. [y/N] "
	if s.reviewed() {
		question = "Hold %d files for a review? What is saved there is registered. [y/N] "
	}
	fmt.Fprintf(s.out, question, preview.Registrations)
	answer := make(chan string, 1)
	go func() { // a read from a terminal does not end with the context
		line, _ := bufio.NewReader(s.in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a != "y" && a != "yes" {
			return errors.New("not confirmed: nothing was registered")
		}
		return nil
	}
}

// daily runs the difference now. A link that had stopped goes on: whoever runs
// the program again has seen why.
func (s *sync) daily(ctx context.Context) error {
	link, err := s.flow.Link(ctx, s.link.ID)
	if err != nil {
		return err
	}
	switch link.State {
	case ledgersync.StatePaused, ledgersync.StateStopped:
		if s.link.State == ledgersync.StateDraft {
			return stopped(link) // it stopped in this very run
		}
		err = s.flow.Resume(ctx, link.ID)
	case ledgersync.StateActive:
		err = s.flow.RunNow(ctx, link.ID)
	}
	if err == nil { // whoever runs the program again has mended what could be mended
		_, err = s.flow.DeadLetters().RetryAll(ctx)
	}
	if err == nil {
		err = s.engine.RunUntilIdle(ctx)
	}
	if err != nil {
		return err
	}
	if link, err = s.flow.Link(ctx, link.ID); err != nil {
		return err
	}
	if link.State == ledgersync.StateStopped {
		return stopped(link)
	}
	if link.LastError != "" {
		return fmt.Errorf("link %s: the listing failed and will be tried again at %s: %s", link.ID, link.NextRun.Format(time.DateTime), link.LastError)
	}
	return s.ledger.finish(ctx)
}

func stopped(l ledgersync.Link) error {
	return fmt.Errorf("link %s has stopped: %s; mend that and run again: nothing is lost", l.ID, l.LastError)
}

// makeFolder makes the data folder; one that can't be made is told at once.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("the folder %s can't be made: %w: choose another one with --data", dir, cause(err))
	}
	return nil
}

// cause is the reason behind an error of a path, whose own text repeats the path.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}
