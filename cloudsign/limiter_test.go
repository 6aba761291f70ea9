package cloudsign

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

// TestLimiterStaysBelowTheServicesLimit counts what gets through in any minute.
func TestLimiterStaysBelowTheServicesLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := sharedLimiter("api.example.com", countersign.NewSecret(t.Name()))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var times []time.Time
		for l.Wait(ctx) == nil {
			times = append(times, time.Now())
		}
		most := 0
		for i, from := 0, 0; i < len(times); i++ {
			for times[i].Sub(times[from]) > time.Minute {
				from++
			}
			most = max(most, i-from+1)
		}
		require.LessOrEqual(t, most, 800)
		require.Greater(t, len(times), 5*700, "and not far below it")
	})
}
