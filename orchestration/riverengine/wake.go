package riverengine

import (
	"context"
	"crypto/sha256"
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
