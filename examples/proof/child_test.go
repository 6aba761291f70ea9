package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// jobVariable holds a child's job.
const jobVariable = "COUNTERSIGN_PROOF_JOB"

// What a child does with its program.
const (
	modeWork    = "work"    // runs the engine until it is killed
	modeDrain   = "drain"   // ends when everything is in the ledger
	modeMeasure = "measure" // the whole job from an empty folder; tells its memory

	modeEnvelopes = "envelopes" // the envelope sync: takes messages and works until it is killed

	modeWorkSales  = "work sales"  // as modeWork, for the sale link
	modeDrainSales = "drain sales" // ends when each sale is forwarded or parked

	modeFleet = "fleet" // ledger sync and envelope sync, one process of several
)

// runChild is the program under test.
func runChild(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	// A child whose parent is gone, however that went, ends too.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	run := modes[j.Mode]
	if run == nil {
		return fmt.Errorf("unknown mode %q", j.Mode)
	}
	return run(context.Background(), j)
}

// modes are the jobs of a child.
var modes = map[string]func(context.Context, job) error{
	modeWork: work, modeDrain: drain, modeMeasure: measure, modeEnvelopes: serveEnvelopes,
	modeWorkSales: workSaleLink, modeDrainSales: drainSaleLink, modeFleet: serveFleet,
}

func work(ctx context.Context, j job) error {
	p, err := open(ctx, j)
	if err != nil {
		return err
	}
	if err := p.flow.RunNow(ctx, p.link); err != nil {
		return err
	}
	return errors.Join(p.run(ctx), errors.New("the engine ended by itself"))
}

func drain(ctx context.Context, j job) error {
	p, err := open(ctx, j)
	if err != nil {
		return err
	}
	return errors.Join(p.drain(ctx), p.Close())
}

// child is a running child process.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// startChild starts this binary again as the program under test.
func startChild(t testing.TB, j job, mode string, env ...string) *child {
	t.Helper()
	j.Mode = mode
	text, err := json.Marshal(j)
	require.NoError(t, err)
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.cmd.Env = append(append(os.Environ(), jobVariable+"="+string(text)), env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	_, err = c.cmd.StdinPipe() // stays open as long as the child is waited for
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	return c
}

// kill ends the child without any chance to tidy up: SIGKILL.
func (c *child) kill() { _ = c.cmd.Process.Kill() }

// killed waits for the end and checks that it was the kill, and no failure of
// the child's own.
func (c *child) killed(t testing.TB) {
	t.Helper()
	err := c.cmd.Wait()
	require.Error(t, err, "the child ended by itself")
	require.Empty(t, c.stderr.String(), "the child failed: %v", err)
}

// done waits for a child that ends by itself.
func (c *child) done(t testing.TB) string {
	t.Helper()
	require.NoError(t, c.cmd.Wait(), "%s", &c.stderr)
	return c.stdout.String()
}
