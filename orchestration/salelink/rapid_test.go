package salelink

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// drawSides draws what B offers and what was imported of it.
func drawSides(t *rapid.T) (offered []Offered, imported []Imported) {
	for n := range rapid.IntRange(0, 12).Draw(t, "products") {
		id := salesdock.ProductID(strconv.Itoa(n + 1))
		if rapid.Bool().Draw(t, "offered") {
			offered = append(offered, Offered{
				ID: id, Name: "p", Mark: rapid.SampledFrom([]string{"m1", "m2"}).Draw(t, "mark"), Hash: rapid.SampledFrom([]string{"", "h1", "h2"}).Draw(t, "hash"),
			})
		}
		if rapid.Bool().Draw(t, "imported") {
			imported = append(imported, Imported{
				B: id, A: rapid.SampledFrom([]salesdock.ProductID{"", "1" + id}).Draw(t, "a"), Name: "p", Mark: "m1", Hash: "h1",
				Absences: rapid.IntRange(0, 4).Draw(t, "absences"), Gone: rapid.SampledFrom([]Vanished{"", "", "", VanishedDeactivate, VanishedDelete}).Draw(t, "gone"),
				Confirmed: rapid.Bool().Draw(t, "confirmed"), FullAt: noon.Add(-time.Duration(rapid.IntRange(0, 48).Draw(t, "hours")) * time.Hour),
			})
		}
	}
	return offered, imported
}

func drawPolicy(t *rapid.T) Policy {
	return Policy{
		ImportAll: rapid.Bool().Draw(t, "all"), Vanished: rapid.SampledFrom([]Vanished{VanishedKeep, VanishedDeactivate, VanishedDelete}).Draw(t, "vanished"),
		Absences: rapid.IntRange(0, 3).Draw(t, "absences"), Breaker: rapid.IntRange(0, 100).Draw(t, "breaker"), PullStatuses: rapid.Bool().Draw(t, "pull"),
	}
}

// The plan is a function of what it looks at, in whatever order that comes; and
// what it takes away, it takes away by the rules alone.
func TestPlanIsDeterministicAndCareful(t *testing.T) {
	t.Parallel()
	fields, err := salemap.New(salemap.Config{})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		offered, imported := drawSides(t)
		p, complete := drawPolicy(t), rapid.Bool().Draw(t, "complete")
		make := func(offered []Offered, imported []Imported) Plan {
			return makePlan(SnapshotA{Taken: noon, Imported: imported}, SnapshotB{Offered: offered, Complete: complete}, salemap.Mapping{}, p, fields)
		}
		plan := make(offered, imported)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffledO, shuffledI := slices.Clone(offered), slices.Clone(imported)
		random.Shuffle(len(shuffledO), func(i, j int) { shuffledO[i], shuffledO[j] = shuffledO[j], shuffledO[i] })
		random.Shuffle(len(shuffledI), func(i, j int) { shuffledI[i], shuffledI[j] = shuffledI[j], shuffledI[i] })
		require.Equal(t, plan, make(shuffledO, shuffledI))
		require.Empty(t, plan.Diff(make(shuffledO, shuffledI)))
		careful(t, plan, offered, imported, p.filled(), complete)
	})
}

// careful judges a plan by the rules, from its outside.
func careful(t *rapid.T, plan Plan, offered []Offered, imported []Imported, p Policy, complete bool) {
	there := map[string]bool{}
	for _, o := range offered {
		there[string(o.ID)] = true
	}
	known, total, missing := map[string]Imported{}, 0, 0
	for _, i := range imported {
		known[string(i.B)] = i
		if i.A != "" && i.Gone == VanishedKeep {
			total++
			if !there[string(i.B)] {
				missing++
			}
		}
	}
	for _, a := range plan.Actions {
		i := known[a.B]
		switch ProductAction(a.Kind) {
		case ProductDeactivate, ProductDelete:
			require.Equal(t, string(p.Vanished), a.Kind)
			require.True(t, complete)
			require.False(t, there[a.B])
			require.GreaterOrEqual(t, i.Absences, p.Absences)
			require.True(t, i.Confirmed || missing*100 <= p.Breaker*total && missing < total)
		case ProductCreate:
			require.True(t, there[a.B])
			require.True(t, i.A == "" || i.Gone == VanishedDelete)
		case ProductUnchanged:
			require.True(t, there[a.B])
		}
	}
	require.Len(t, plan.Actions, len(slices.CompactFunc(slices.Clone(plan.Actions), func(a, b Action) bool { return a.B == b.B })), "one action for a product")
}

// However often and in whatever order B's states are seen, A ends with the newest
// one that is mapped, and never takes a step back in B's time.
func TestStatusesConverge(t *testing.T) {
	t.Parallel()
	m := salemap.Mapping{Statuses: []salemap.StatusPair{{B: "own", A: "eigen"}}}
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{PullStatuses: true}
		history := make([]StatusNews, rapid.IntRange(1, 6).Draw(t, "changes"))
		for i := range history {
			history[i] = StatusNews{
				Status: rapid.SampledFrom([]string{"new", "sent", "own", "unmapped", "paid"}).Draw(t, "status"), At: noon.Add(time.Duration(i+1) * time.Minute), Made: noon,
			}
		}
		n := StatusNews{}
		see := func(s StatusNews) {
			s.Known, s.KnownAt, s.Current, s.NotSynced = n.Known, n.KnownAt, n.Current, n.NotSynced
			to, v := decideStatus(s, m, p)
			if v == StatusOlder {
				require.True(t, s.At.Before(n.KnownAt))
				return
			}
			require.False(t, s.At.Before(n.KnownAt), "a step back")
			n.Known, n.KnownAt, n.NotSynced = s.Status, s.At, v == StatusReport
			if v == StatusSet {
				n.Current = to
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "looks") {
			see(history[rapid.IntRange(0, len(history)-1).Draw(t, "which")])
		}
		last := history[len(history)-1]
		see(last)
		settled := n
		see(last)
		require.Equal(t, settled, n, "seeing it again changes nothing")
		if to, kind := salemap.Translate(m, last.Status, p.statuses()); kind != salemap.StatusUnmapped {
			require.Equal(t, to, n.Current)
		}
		_, v := decideStatus(last, m, Policy{})
		require.Equal(t, StatusOff, v)
	})
}

// A look that falls into a write of A is made again: the write may be of what was
// there before.
func TestLookDuringAWriteIsMadeAgain(t *testing.T) {
	t.Parallel()
	f := &Flow{cfg: Config{Clock: func() time.Time { return noon }}}
	row := productRow{Record: orchestration.Record{State: orchestration.StateSending}, Value: productBody{Imported: Imported{B: "1", A: "2", Mark: "m1", Hash: "h1"}, Do: ProductUpdate}}
	look := Offered{ID: "1", Mark: "m3", Hash: "h3"}
	f.change(&row, Action{Kind: string(ProductUpdate)}, look)
	next := planOffered(Offered{ID: "1", Mark: "m3"}, &row.Value.Imported, DefaultFullEvery, noon)
	require.Equal(t, string(ProductRead), next.Kind)
}
