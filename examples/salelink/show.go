package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/jedib0t/go-pretty/v6/table"
)

// show prints what happens.
type show struct{ out io.Writer }

func (s show) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s show) scene(title string) {
	s.say("\n── %s %s", title, strings.Repeat("─", max(0, 70-len([]rune(title)))))
}

func (s show) table(heading ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(s.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(heading)
	return t
}

func (s show) connection(name string, c salelink.Connection) {
	if c.OK {
		s.say("✓ %s: connected, scopes %v", name, c.Scopes)
		return
	}
	s.say("✗ %s: %v; still possible: %v", name, c.Err, c.Causes)
}

func (s show) findings(all []salemap.Finding) {
	for _, f := range all {
		s.say("  %s", f)
	}
	if len(all) == 0 {
		s.say("  nothing is wrong with the mapping")
	}
}

// plan prints what the flow would do.
func (s show) plan(ctx context.Context, flow *salelink.Flow) error {
	plan, err := flow.Plan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(s.out, plan)
	return nil
}

func (s show) runbook(steps []salelink.StepState) {
	for _, step := range steps {
		mark := map[bool]string{true: "✓", false: "·"}[step.Done]
		if step.Problem != "" {
			mark = "✗"
		}
		s.say("  %s %-3s [%s] %s", mark, step.ID, step.Kind, strings.Join(step.Path, " → "))
		s.say("        %s", step.Text)
		if step.Problem != "" {
			s.say("        %s", step.Problem)
		}
	}
}

func (s show) products(ctx context.Context, flow *salelink.Flow) error {
	var problems []string
	t := s.table("product of B", "at B", "at A", "state", "last synced")
	for p, err := range flow.Products(ctx) {
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{p.Name, p.B, p.A, p.State, clock(p.LastSynced)})
		if p.State == orchestration.StateDead {
			problems = append(problems, fmt.Sprintf("✗ %q is not at A: %s", p.Name, p.LastError))
		}
		if p.Ask != "" {
			problems = append(problems, fmt.Sprintf("? %q: %s", p.Name, p.Ask))
		}
	}
	t.Render()
	for _, p := range problems {
		s.say("%s", p)
	}
	return nil
}

func (s show) sales(ctx context.Context, flow *salelink.Flow) error {
	t := s.table("sale of A", "at B", "state", "why", "status at B")
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "why", WidthMax: 60}})
	for sale, err := range flow.Sales(ctx) {
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{sale.A, sale.B, sale.State, why(sale), sale.StatusB})
	}
	t.Render()
	return nil
}

// why gives what keeps a sale from being at B, one reason a line.
func why(sale salelink.Sale) string {
	var lines []string
	for _, r := range sale.Refusals {
		lines = append(lines, string(r.Rule)+": "+r.Why)
	}
	for _, f := range sale.Faults {
		lines = append(lines, f.Name+": "+f.Reason)
	}
	if len(lines) == 0 && sale.LastError != "" {
		lines = append(lines, sale.LastError)
	}
	return strings.Join(lines, "\n")
}

// clock is a time as Salesdock's screens have it.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(salesdock.Location()).Format("02-01-2006 15:04")
}
