package riverengine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
)

// NewLimiter gives the limiter of an account that all processes on the database
// share: together they make at most n calls in any span of per, in bursts of a
// twentieth of them and else evenly, by the database's clock. A slot that is
// waited for and then not used is lost. A tenth of the rate is kept back, since
// a call may reach the service a little later than its slot. All who name the
// account must say the same rate; one that is not positive is no limit.
func (s *Store) NewLimiter(account string, n int, per time.Duration) countersign.Limiter {
	if n <= 0 || per <= 0 {
		return orchestration.NewLimiter(account, n, per)
	}
	interval := time.Duration(math.Ceil(float64(per) / (0.9 * float64(n))))
	return &limiter{store: s, account: account, interval: interval, tolerance: time.Duration(n/20) * interval}
}

// limiter takes slots from a row that holds the time at which the account will
// have had all its calls so far at an even rate (the theoretical arrival time of
// the generic cell rate algorithm).
type limiter struct {
	store               *Store
	account             string
	interval, tolerance time.Duration
}

var errTooLate = errors.New("riverengine: the rate limit's next slot is after the context's deadline")

// reserve takes a slot unless it is further away than $4 seconds.
const reserve = `INSERT INTO countersign_rate AS r (account, tat) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
	ON CONFLICT (account) DO UPDATE SET tat = greatest(r.tat, clock_timestamp()) + make_interval(secs => $2)
	WHERE r.tat <= clock_timestamp() + make_interval(secs => $3::double precision + $4::double precision)
	RETURNING extract(epoch FROM tat - clock_timestamp())::double precision - $2 - $3`

// longest is how far away a slot may be where the context has no deadline.
const longest = 24 * time.Hour

// Wait takes a slot and waits for it.
func (l *limiter) Wait(ctx context.Context) error {
	patience := longest
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	var seconds float64
	err := l.store.pool.QueryRow(ctx, reserve, l.account, l.interval.Seconds(), l.tolerance.Seconds(), patience.Seconds()).Scan(&seconds)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errTooLate
	case err != nil:
		return fmt.Errorf("riverengine: take a slot of the rate limit: %w", err)
	case seconds <= 0:
		return nil
	}
	timer := time.NewTimer(time.Duration(seconds * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
