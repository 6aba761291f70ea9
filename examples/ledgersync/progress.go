package main

import (
	"fmt"
	"io"
	gosync "sync"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows how far the flow is: bars on a terminal, else a line for each
// phase now and then.
type progress struct {
	mu     gosync.Mutex
	out    io.Writer
	draw   bool
	bars   *mpb.Progress
	of     map[string]*mpb.Bar
	last   map[string]time.Time
	latest map[string]orchestration.Event
}

// between is how often a phase writes a line where bars can't be drawn.
const between = time.Second

func newProgress(out io.Writer, draw bool) *progress {
	return &progress{out: out, draw: draw, of: map[string]*mpb.Bar{}, last: map[string]time.Time{}, latest: map[string]orchestration.Event{}}
}

// phases are the flow's, in their order, and what people call them.
var phases = []struct{ name, text string }{
	{"preview", "counting documents"}, {"list", "listing documents"}, {"register", "registering files"},
}

func phaseText(name string) string {
	for _, p := range phases {
		if p.name == name {
			return p.text
		}
	}
	return name
}

// tell is the flow's orchestration.Progress.
func (p *progress) tell(e orchestration.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest[e.Phase] = e
	if p.draw {
		p.drawBar(e)
		return
	}
	now := time.Now()
	if last, begun := p.last[e.Phase]; !begun || now.Sub(last) >= between {
		p.last[e.Phase] = now
		if begun { // the beginning says nothing
			p.line(e)
		}
	}
}

// say writes a line of its own.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, text)
}

func (p *progress) line(e orchestration.Event) {
	fmt.Fprintf(p.out, "%s: %d of %d", phaseText(e.Phase), e.Done, max(e.Total, e.Done))
	if e.Bytes > 0 {
		fmt.Fprintf(p.out, ", %.1f MiB", float64(e.Bytes)/(1<<20))
	}
	fmt.Fprintln(p.out)
}

func (p *progress) drawBar(e orchestration.Event) {
	if p.bars == nil {
		p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(60))
	}
	bar := p.of[e.Phase]
	if bar == nil {
		bar = p.bars.AddBar(0,
			mpb.PrependDecorators(decor.Name(phaseText(e.Phase), decor.WCSyncSpaceR), decor.CountersNoUnit("%d/%d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), "")))
		p.of[e.Phase] = bar
	}
	bar.SetTotal(max(e.Total, e.Done), false)
	bar.SetCurrent(e.Done)
}

// pause ends the bars that are there, runs f and lets new ones begin.
func (p *progress) pause(f func()) {
	p.close()
	f()
}

// close draws the bars to their end, and writes the last lines.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bars != nil {
		for _, bar := range p.of {
			bar.SetTotal(-1, true)
		}
		p.bars.Wait()
		p.bars = nil
	}
	if !p.draw {
		for _, phase := range phases {
			if e, ok := p.latest[phase.name]; ok {
				p.line(e)
			}
		}
	}
	clear(p.of)
	clear(p.latest)
	clear(p.last)
}
