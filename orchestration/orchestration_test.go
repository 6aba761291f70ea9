package orchestration_test

import (
	"testing"

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
