package orchestration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/countersign/countersign"
)

// ErrNoLookup is the answer of an Outcome's Find that can't look the write up
// at the target: the record becomes uncertain.
var ErrNoLookup = errors.New("the target can't be asked")

// Outcome does a write at a target that must not happen twice although the
// target doesn't recognise a repeated one. Do commits the record as sending,
// sends, and commits the result. After a crash between the two, or when the
// answer is lost, it looks the write up at the target; where that is
// impossible, the record becomes uncertain and waits for a person. It never
// repeats a write whose outcome is unknown. The zero values of the last four
// fields take defaults.
type Outcome[R any] struct {
	Store Store
	// Before, if set, runs in the transaction that commits the record as sending.
	// Its error leaves the record as it is, nothing is sent, and Do returns it.
	Before func(ctx context.Context, tx Tx) error
	// Send does the write. Attempt names it: the same attempt at the same
	// record always has the same name, so targets that keep such a name find it.
	// An error of a kind of countersign's but ErrOutcomeUnknown, and any that
	// NoEffect marks, says that the write had no effect; after any other error it
	// may have happened.
	Send func(ctx context.Context, attempt string, rec Record) (R, error)
	// Find looks the write up. Nil, or ErrNoLookup: it is impossible.
	Find func(ctx context.Context, attempt string, rec Record) (result R, found bool, err error)
	// Done sets the record to what follows the write: its State, Due, Ref, Body.
	// It runs in the transaction that commits the record, so other records that
	// it writes (journal, counters) stand or fall with it. It does no other
	// I/O, and may run again.
	Done func(ctx context.Context, tx Tx, rec *Record, result R) error

	Settle   time.Duration                   // how long after an unknown outcome Find can be trusted; default: at once
	Attempts int                             // attempts, the engine's deferrals included, after which any failure makes the record dead; default: only a permanent one does
	Backoff  func(attempt int) time.Duration // default Backoff
	Clock    func() time.Time                // default time.Now
}

// WriteError is a write that Do did not bring to an end; the record says so too.
type WriteError struct {
	State string // the record's state now: pending, sending, uncertain or dead
	Err   error  // what Send or Find said
}

// Error says where the record stands and why.
func (e *WriteError) Error() string { return "write is " + e.State + ": " + e.Err.Error() }

// Unwrap gives what Send or Find said.
func (e *WriteError) Unwrap() error { return e.Err }

// Do brings a record that is due one step forward and returns it as it is
// stored now. A record in any other state than sending is sent; one that is
// sending is looked up, and sent only when it is not there. A *WriteError says
// that the write failed or is open and that the record has its new state and
// Due; the caller may go on with other records. Any other error is the
// store's or the context's, and the record stays due.
func (o Outcome[R]) Do(ctx context.Context, rec Record) (Record, error) {
	if rec.State == StateSending {
		return o.reconcile(ctx, rec)
	}
	return o.send(ctx, rec)
}

func (o Outcome[R]) now() time.Time {
	if o.Clock == nil {
		return time.Now()
	}
	return o.Clock()
}

func (o Outcome[R]) wait(attempt int) time.Duration {
	if o.Backoff == nil {
		return Backoff(attempt)
	}
	return o.Backoff(attempt)
}

// attemptID names the record's present attempt.
func attemptID(rec Record) string {
	sum := sha256.Sum256([]byte(rec.Table + "\x00" + rec.Key + "\x00" + strconv.Itoa(rec.Attempt)))
	return hex.EncodeToString(sum[:16])
}

func (o Outcome[R]) send(ctx context.Context, rec Record) (Record, error) {
	rec.State, rec.Updated = StateSending, o.now()
	rec.Attempt++
	// Due stays: after a crash the record is due at once.
	err := o.Store.Tx(ctx, func(tx Tx) error {
		if o.Before != nil {
			if err := o.Before(ctx, tx); err != nil {
				return err
			}
		}
		return tx.Update(ctx, rec)
	})
	if err != nil {
		return rec, fmt.Errorf("commit %s as sending: %w", rec.Table, err)
	}
	rec.Version++
	var result R
	result, err = o.Send(ctx, attemptID(rec), rec)
	switch {
	case err == nil:
		return o.commit(ctx, rec, result)
	case ctx.Err() != nil:
		return rec, err
	case hadNoEffect(err):
		return o.failed(ctx, rec, err)
	case o.Find == nil:
		return o.park(ctx, rec, err)
	default:
		return o.again(ctx, rec, err, max(o.Settle, o.wait(rec.Attempt)))
	}
}

// noEffect marks an error that came before anything was sent.
type noEffect struct{ error }

func (e noEffect) Unwrap() error { return e.error }

// NoEffect marks an error of Send, whatever its kind, that came before anything
// was sent to the target. A nil error stays nil.
func NoEffect(err error) error {
	if err == nil {
		return nil
	}
	return noEffect{err}
}

// hadNoEffect reports an error that tells for certain that the write did not
// happen. An error that nobody classified does not.
func hadNoEffect(err error) bool {
	if _, marked := errors.AsType[noEffect](err); marked {
		return true
	}
	if errors.Is(err, countersign.ErrOutcomeUnknown) {
		return false
	}
	return permanent(err) || errors.Is(err, countersign.ErrRateLimited) || errors.Is(err, countersign.ErrUnavailable) ||
		errors.Is(err, countersign.ErrUnauthorized) || errors.Is(err, countersign.ErrForbidden)
}

// NotSent reports that the rate limit had no place for a call before its context
// ends, as that of a turn does: no request was sent, and it counts as no attempt.
// Without this, records that wait for a busy account would be given up.
func NotSent(err error) bool {
	e, ok := errors.AsType[*countersign.Error](err)
	return ok && e.Attempts == 0 && errors.Is(e, countersign.ErrRateLimited)
}

// permanent reports an error that sending the same again does not change. A
// missing right or credential is not among them: people repair it.
func permanent(err error) bool {
	return errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound) || errors.Is(err, countersign.ErrConflict)
}

func (o Outcome[R]) reconcile(ctx context.Context, rec Record) (Record, error) {
	if o.Find == nil {
		return o.park(ctx, rec, ErrNoLookup)
	}
	if trusted := rec.Updated.Add(o.Settle); o.Settle > 0 && trusted.After(o.now()) {
		return o.again(ctx, rec, countersign.ErrOutcomeUnknown, trusted.Sub(o.now()))
	}
	result, found, err := o.Find(ctx, attemptID(rec), rec)
	switch {
	case err == nil && found:
		return o.commit(ctx, rec, result)
	case err == nil && o.Attempts > 0 && rec.Attempt >= o.Attempts:
		return o.failed(ctx, rec, fmt.Errorf("not at the target after %d attempts, the last of which failed: %s", rec.Attempt, rec.LastError))
	case err == nil:
		return o.send(ctx, rec)
	case ctx.Err() != nil:
		return rec, err
	case errors.Is(err, ErrNoLookup):
		return o.park(ctx, rec, err)
	default:
		return o.again(ctx, rec, err, o.wait(rec.Attempt))
	}
}

// commit ends the write with its result.
func (o Outcome[R]) commit(ctx context.Context, rec Record, result R) (Record, error) {
	return o.finish(ctx, rec, func(tx Tx, rec *Record) error {
		rec.LastError, rec.Due, rec.Updated = "", time.Time{}, o.now()
		return o.Done(ctx, tx, rec, result)
	})
}

func (o Outcome[R]) failed(ctx context.Context, rec Record, cause error) (Record, error) {
	wait := o.wait(rec.Attempt)
	if e, ok := errors.AsType[*countersign.Error](cause); ok {
		wait = max(wait, e.RetryAfter)
	}
	unsent := NotSent(cause)
	state, due := StatePending, o.now().Add(wait)
	if permanent(cause) || !unsent && o.Attempts > 0 && rec.Attempt >= o.Attempts {
		state, due = StateDead, time.Time{}
	}
	return o.unfinished(ctx, rec, cause, func(rec *Record) {
		rec.State, rec.Due, rec.Updated = state, due, o.now()
		if unsent {
			rec.Attempt--
		}
	})
}

func (o Outcome[R]) park(ctx context.Context, rec Record, cause error) (Record, error) {
	return o.unfinished(ctx, rec, cause, func(rec *Record) {
		rec.State, rec.Due, rec.Updated = StateUncertain, time.Time{}, o.now()
	})
}

// again leaves the record sending. Updated stays too: it tells since when.
func (o Outcome[R]) again(ctx context.Context, rec Record, cause error, wait time.Duration) (Record, error) {
	return o.unfinished(ctx, rec, cause, func(rec *Record) { rec.Due = o.now().Add(wait) })
}

// unfinished commits where a write without a result stands.
func (o Outcome[R]) unfinished(ctx context.Context, rec Record, cause error, change func(*Record)) (Record, error) {
	rec, err := o.finish(ctx, rec, func(_ Tx, rec *Record) error {
		rec.LastError = ErrorText(cause)
		change(rec)
		return nil
	})
	if err != nil {
		return rec, errors.Join(err, cause)
	}
	return rec, &WriteError{State: rec.State, Err: cause}
}

// finish changes the record as it is stored now, if it still is this attempt:
// others may have changed it meanwhile, but not sent it again.
func (o Outcome[R]) finish(ctx context.Context, rec Record, change func(Tx, *Record) error) (Record, error) {
	var now Record
	err := o.Store.Tx(ctx, func(tx Tx) (err error) {
		if now, err = tx.Get(ctx, rec.Table, rec.Key); err != nil {
			return err
		}
		if now.State != StateSending || now.Attempt != rec.Attempt {
			return ErrStale
		}
		if err := change(tx, &now); err != nil {
			return err
		}
		return tx.Update(ctx, now)
	})
	if err != nil {
		return rec, fmt.Errorf("commit the outcome in %s: %w", rec.Table, err)
	}
	now.Version++
	return now, nil
}
