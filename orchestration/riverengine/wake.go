package riverengine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/countersign/countersign/orchestration"
)

// wake is the job that wakes a lane. Its kind names the table, so that a process
// takes the jobs of those tables alone that it has handlers for.
type wake struct {
	Table string `json:"table"`
	Group string `json:"group"`
}

func (w wake) lane() orchestration.Lane { return orchestration.Lane{Table: w.Table, Group: w.Group} }

// kindPattern is what River takes for a kind, and kindLength how long it may be.
var kindPattern = regexp.MustCompile(`^[\w\-\[\]<>/.:+]+$`)

const kindLength = 127

// Kind is River's name of what the job does. A schedule has a kind of its own,
// since processes may have different ones.
func (w wake) Kind() string {
	name := w.Table
	if w.Table == orchestration.ScheduleTable {
		name += "/" + w.Group
	}
	const prefix = "countersign/"
	if !kindPattern.MatchString(name) || len(prefix+name) > kindLength {
		sum := sha256.Sum256([]byte(name))
		name = hex.EncodeToString(sum[:])
	}
	return prefix + name
}

// InsertOpts make the job coalesce: a lane has one that waits or runs. A job that
// is completed or discarded does not count, as it wakes nobody any more. One
// attempt is all that a job has: what failed lies in the records.
func (wake) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: 1,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}},
	}
}

// maxWakes bounds how many jobs one statement inserts.
const maxWakes = 500

// wakeOn is wake in the transaction on a connection.
func (s *Store) wakeOn(ctx context.Context, conn *sql.Conn, lanes []orchestration.Lane) error {
	if len(lanes) == 0 {
		return nil
	}
	return conn.Raw(func(driverConn any) error {
		return s.wake(ctx, transactionOn(driverConn), lanes)
	})
}

// wake inserts the jobs of lanes in a transaction. A lane that has one keeps it,
// but the transaction then holds the job's row until its end, and its worker can't
// complete it before: InsertManyTx does that, while River's faster InsertManyFastTx
// does not. All who insert do it in the same order, else two could wait for each
// other.
func (s *Store) wake(ctx context.Context, tx pgx.Tx, lanes []orchestration.Lane) error {
	slices.SortFunc(lanes, orchestration.Lane.Compare)
	for part := range slices.Chunk(lanes, maxWakes) {
		params := make([]river.InsertManyParams, len(part))
		for i, lane := range part {
			params[i] = river.InsertManyParams{Args: wake{lane.Table, lane.Group}}
		}
		if _, err := s.jobs.InsertManyTx(ctx, tx, params); err != nil {
			return fmt.Errorf("wake lanes: %w", err)
		}
	}
	return nil
}

// unwoken leaves out the lanes whose job waits: whoever takes it sees what is due
// now. That spares a sweep most of its writes, and it locks nothing that others
// wait for but the jobs at work.
func (s *Store) unwoken(ctx context.Context, lanes []orchestration.Lane) ([]orchestration.Lane, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, "SELECT args->>'table', args->>'group' FROM river_job WHERE state = 'available'")
	if err != nil {
		return nil, fmt.Errorf("look for lanes without a job: %w", err)
	}
	waiting := map[orchestration.Lane]bool{}
	var lane orchestration.Lane
	if _, err := pgx.ForEachRow(rows, []any{&lane.Table, &lane.Group}, func() error { waiting[lane] = true; return nil }); err != nil {
		return nil, fmt.Errorf("look for lanes without a job: %w", err)
	}
	return slices.DeleteFunc(lanes, func(lane orchestration.Lane) bool { return waiting[lane] }), nil
}
