package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/jedib0t/go-pretty/v6/table"
)

// reviewers is the group whose members review the link. Who may run this program
// on the folder is one of them; a program with accounts of its own asks them.
const reviewers = "Reviewers"

// reviewCommand decides about files that are held for review.
type reviewCommand struct {
	As string `help:"Account that decides; default: the name of this system's user." placeholder:"ACCOUNT"`

	List   struct{}     `cmd:"" help:"List the files that are held."`
	Save   decision     `cmd:"" help:"Let files into the ledger."`
	Delete deletion     `cmd:"" help:"Keep files out of the ledger for good."`
	Share  shareCommand `cmd:"" help:"Change the share scope that files will get."`
}

// decision names the files that a command is about.
type decision struct {
	All  bool     `help:"All files that are held."`
	Keys []string `arg:"" optional:"" help:"Keys of the files, as the list shows them."`
}

type deletion struct {
	decision
	Reason string `help:"Why; kept with the files."`
}

type shareCommand struct {
	decision
	With string `help:"Share scope: company, private, or group: and the names of groups with commas between them (group:Legal,Sales)." required:"" placeholder:"SCOPE"`
}

// scope reads the share scope. Groups have a mark of their own, so that a slip in
// "private" names no group.
func (c shareCommand) scope() (contractone.Share, error) {
	switch c.With {
	case "company":
		return contractone.CompanyWide(), nil
	case "private":
		return contractone.Private(), nil
	}
	list, groups := strings.CutPrefix(c.With, "group:")
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	share := contractone.Groups(names...)
	if err := share.Validate(); err != nil || !groups {
		return share, fmt.Errorf("--with %q is no share scope: write company, private or group:NAME,NAME", c.With)
	}
	return share, nil
}

// review does a review command; name is the command after "review".
func (p *program) review(ctx context.Context, name string, c *reviewCommand) error {
	return p.openLink(ctx, true, func(s *sync) error {
		if !s.reviewed() {
			return errors.New("nothing is reviewed in this folder: begin with --review and another folder in --data")
		}
		actor, err := reviewer(c.As, "--as")
		if err != nil {
			return err
		}
		r := s.flow.Review(actor)
		switch name {
		case "save":
			return s.decide(ctx, r, c.Save, func(keys []contractone.Key) ([]ledgersync.Decided, error) { return r.Save(ctx, keys...) })
		case "delete":
			return s.decide(ctx, r, c.Delete.decision, func(keys []contractone.Key) ([]ledgersync.Decided, error) {
				return r.Discard(ctx, c.Delete.Reason, keys...)
			})
		case "share":
			share, err := c.Share.scope()
			if err != nil {
				return err
			}
			return s.decide(ctx, r, c.Share.decision, func(keys []contractone.Key) ([]ledgersync.Decided, error) {
				return r.ChangeShare(ctx, share, keys...)
			})
		}
		return s.showHeld(ctx, r)
	})
}

// reviewer is who decides: the account that a flag names, else this system's user.
func reviewer(account, flag string) (ledgersync.Actor, error) {
	if account == "" {
		u, err := user.Current()
		if err != nil {
			return ledgersync.Actor{}, errors.New("this system does not tell who you are: say it with " + flag)
		}
		account = u.Username
	}
	return ledgersync.Actor{ID: account, Groups: []string{reviewers}}, nil
}

// held gives all files that are held.
func (s *sync) held(ctx context.Context, r ledgersync.Review) (files []ledgersync.HeldFile, err error) {
	for cursor, more := "", true; more; {
		page, err := r.List(ctx, s.link.ID, cursor, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, page.Items...)
		cursor, more = page.Next, page.Next != ""
	}
	return files, nil
}

func (s *sync) showHeld(ctx context.Context, r ledgersync.Review) error {
	files, err := s.held(ctx, r)
	if err != nil {
		return err
	}
	t := s.table(fmt.Sprintf("Files that wait for a review of link %s", s.link.ID), "key", "title", "file name", "ends on", "amount", "share", "look at")
	for _, h := range files {
		var codes []string
		for _, f := range h.Findings {
			codes = append(codes, strings.ReplaceAll(f.Code, "_", " "))
		}
		t.AppendRow(table.Row{h.Key, clipped(h.Items.Title), clipped(h.Items.FileName), h.Items.EndsOn, grouped(h.Items.Amount), h.Share, strings.Join(codes, ", ")})
	}
	t.Render()
	fmt.Fprintf(s.out, "ledgersync: held=%d\n", len(files))
	return nil
}

// clipped keeps a text from making a table wider than it has to be.
func clipped(text string) string {
	const width = 24 // characters
	if r := []rune(text); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return text
}

// decide applies a decision, registers what was saved, and tells what became of
// each file that it was not done for.
func (s *sync) decide(ctx context.Context, r ledgersync.Review, d decision, call func([]contractone.Key) ([]ledgersync.Decided, error)) error {
	keys, err := s.keys(ctx, r, d)
	if err != nil {
		return err
	}
	decided, err := call(keys)
	if err != nil {
		return err
	}
	done, first := 0, error(nil)
	for _, d := range decided {
		if d.Err == nil {
			done++
			continue
		}
		why := d.Err
		if file, ok := errors.AsType[*contractone.FileError](why); ok {
			why = file.Err // the key names the file
		}
		fmt.Fprintf(s.out, "%s: %v\n", d.Key, why)
		first = cmp.Or(first, why)
	}
	err = s.engine.RunUntilIdle(ctx)
	if errors.Is(err, orchestration.ErrOwned) {
		fmt.Fprintln(s.err, "another run works on this folder: it registers what is saved")
	} else if err != nil {
		return err
	}
	if err := s.ledger.finish(ctx); err != nil {
		return err
	}
	sum, err := s.flow.Summary(ctx, s.link.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "ledgersync: decided=%d refused=%d held=%d registered=%d\n", done, len(decided)-done, sum.Held, sum.Linked-s.before.Linked)
	if first != nil {
		return fmt.Errorf("%d of %d files were refused, the first because %w", len(decided)-done, len(decided), first)
	}
	return nil
}

func (s *sync) keys(ctx context.Context, r ledgersync.Review, d decision) (keys []contractone.Key, err error) {
	if d.All == (len(d.Keys) > 0) {
		return nil, errors.New("say which files: their keys as the list shows them, or --all")
	}
	for _, k := range d.Keys {
		keys = append(keys, contractone.Key(k))
	}
	if !d.All {
		return keys, nil
	}
	files, err := s.held(ctx, r)
	for _, h := range files {
		keys = append(keys, h.Key)
	}
	return keys, err
}
