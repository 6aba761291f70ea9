package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/jedib0t/go-pretty/v6/table"
)

// links lists the links of the data folder.
func (p *program) links(ctx context.Context) error {
	return p.open(ctx, true, func(s *sync) error {
		links, err := s.flow.Links(ctx)
		if err != nil {
			return err
		}
		if len(links) == 0 {
			return errors.New("nothing is linked in this folder yet: run without a command first, or name another folder with --data")
		}
		t := s.table("Links", "management ID", "team", "state", "last run", "next run", "documents", "files", "in the ledger", "held", "discarded", "waiting", "failed")
		for _, l := range links {
			sum := l.Counts
			t.AppendRow(table.Row{
				l.ID, l.Team, l.State, moment(l.LastRun), moment(l.NextRun), sum.Documents, sum.Files,
				sum.Linked + sum.Known, sum.Held, sum.Discarded, sum.Waiting, sum.Uncertain + sum.Failed,
			})
		}
		t.Render()
		for _, l := range links {
			if l.LastError != "" {
				fmt.Fprintf(s.out, "link %s: %s\n", l.ID, l.LastError)
			}
		}
		s.explain(links)
		fmt.Fprintf(s.out, "ledgersync: links=%d\n", len(links))
		return nil
	})
}

// explain says what a person can do about links that don't run.
func (s *sync) explain(links []ledgersync.Link) {
	for _, l := range links {
		switch l.State {
		case ledgersync.StateDraft:
			fmt.Fprintf(s.out, "link %s was not started: run without a command to see the count and confirm it\n", l.ID)
		case ledgersync.StatePaused, ledgersync.StateStopped:
			fmt.Fprintf(s.out, "link %s goes on with the next run without a command\n", l.ID)
		}
	}
}

// moment is a time in Japan; no time is a dash.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(japan).Format("2006-01-02 15:04 MST")
}
