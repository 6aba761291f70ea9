package contractonetest

import (
	"testing"

	"github.com/countersign/countersign/contractone"
)

// Run checks that a ledger keeps the contract of contractone.Ledger, and of
// what its Capabilities state beside that. Open gives a new, empty ledger and
// closes it with t.Cleanup. Reopen closes a ledger that open gave and opens the
// same one again; a ledger that is not Durable passes nil.
//
// A ledger that is Async is asked only what holds without waiting.
func Run(t *testing.T, open func(*testing.T) contractone.Ledger, reopen func(*testing.T, contractone.Ledger) contractone.Ledger) {
	t.Helper()
	caps := open(t).Capabilities()
	groups := []struct {
		name   string
		stated bool
		cases  map[string]func(*testing.T, contractone.Ledger)
	}{
		{"register", true, registerCases},
		{"values", !caps.Async, valueCases},
		{"broken", true, brokenCases},
		{"search", caps.Search && !caps.Async, searchCases},
		{"update", caps.Update && !caps.Async, updateCases},
		{"digitise", caps.Digitise && caps.Update && !caps.Async, digitiseCases},
		{"open", caps.Open && !caps.Async, openCases},
		{"quota", caps.Quota, quotaCases},
	}
	for _, g := range groups {
		if !g.stated {
			continue
		}
		for name, fn := range g.cases {
			t.Run(g.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				fn(t, open(t))
			})
		}
	}
	if caps.Durable {
		t.Run("reopen", func(t *testing.T) {
			t.Parallel()
			if reopen == nil {
				t.Fatal("the ledger states that it is durable, but the test gives no reopen")
			}
			testReopen(t, open(t), reopen)
		})
	}
}

func testReopen(t *testing.T, l contractone.Ledger, reopen func(*testing.T, contractone.Ledger) contractone.Ledger) {
	d := full("doc", "file", 1)
	first := register(t, l, d)
	before := lookup(t, l, d.Key())
	l = reopen(t, l)
	equal(t, "the entry after reopening", lookup(t, l, d.Key()), before)
	again := register(t, l, d)
	equal(t, "created after reopening", again.Created, false)
	equal(t, "ID after reopening", again.ID, first.ID)
	if o, ok := l.(contractone.Opener); ok && l.Capabilities().Open {
		equal(t, "the PDF after reopening", string(readPDF(t, o, d.Key())), string(pdfOf("doc", "file")))
	}
	other := register(t, l, full("doc", "file2", 1))
	equal(t, "created", other.Created, true)
	if other.ID == first.ID {
		t.Fatalf("ID %s was given twice", other.ID)
	}
}
