package proof

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests, or, in a process that a test started, the program
// under test: the binary is both.
func TestMain(m *testing.M) {
	if job := os.Getenv(jobVariable); job != "" {
		if err := runChild(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sizeVariable chooses the size of the proofs: "full" is what the documentation
// claims, everything else a size for each run of the tests.
const sizeVariable = "COUNTERSIGN_PROOF"

// slow says that only the short sizes end in time.
var slow bool

// size picks one of the three sizes of a proof.
func size[T any](short, normal, full T) T {
	switch {
	case testing.Short() || slow:
		return short
	case os.Getenv(sizeVariable) == "full":
		return full
	default:
		return normal
	}
}
