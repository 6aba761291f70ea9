package orchestration_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openMemory(*testing.T) orchestration.Store { return orchestration.NewMemory() }

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openMemory)
}

func TestLocal(t *testing.T) {
	t.Parallel()
	storetest.RunEngine(t, openMemory, newLocal)
}

// newLocal is an engine as the suite wants it.
func newLocal(s orchestration.Store, now func() time.Time, o orchestration.Observer) orchestration.Engine {
	return orchestration.NewLocal(s, orchestration.WithClock(now), orchestration.WithObserver(o), orchestration.WithBackoff(minutes))
}

func minutes(attempt int) time.Duration { return time.Duration(attempt) * time.Minute }
