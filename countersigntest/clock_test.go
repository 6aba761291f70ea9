package countersigntest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
)

var start = time.Date(2025, 4, 1, 9, 0, 0, 0, time.UTC)

func TestClockThatStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock := countersigntest.NewClock(start)
		time.Sleep(time.Hour)
		require.Equal(t, start, clock.Now())
		clock.Advance(90 * time.Minute)
		require.Equal(t, start.Add(90*time.Minute), clock.Now())
		clock.Set(start.AddDate(1, 0, 0))
		require.Equal(t, start.AddDate(1, 0, 0), clock.Now())
	})
}

func TestClockThatRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var clock countersigntest.Clock
		require.True(t, clock.Now().Equal(time.Now()))
		clock.Set(start)
		time.Sleep(time.Minute)
		require.True(t, clock.Now().Equal(start.Add(time.Minute)))
		clock.Advance(-time.Hour)
		require.True(t, clock.Now().Equal(start.Add(-59*time.Minute)))
	})
}
