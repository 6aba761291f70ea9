package proof

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// TestTornLogLedgerSync copies the database while the program works, cuts the
// tail of the copy's write-ahead log at random places or overwrites it with
// noise, and opens the copy: what was committed as the copying began is there,
// in the records, the journal and the ledger, and SQLite finds nothing wrong.
//
// A log that lost its tail is what a disk leaves behind that was cut off while it
// wrote. What a commit waited for is never in the tail.
func TestTornLogLedgerSync(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("torn: seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	a := newAccount(t, seed)
	j := a.job(t.TempDir())
	p, err := open(t.Context(), j)
	require.NoError(t, err)
	require.NoError(t, p.add(t.Context()))
	a.arrive(size(150, 600, 3000), time.Now())
	require.NoError(t, p.start(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- p.engine.RunUntilIdle(t.Context()) }()

	copies, openings, kept := size(2, 4, 15), 0, 0
	for i := range copies {
		waitLinked(t, p, int64((i+1)*len(a.want)/(copies+1)))
		c := copyUnderLoad(t, p, j.Dir)
		for range 3 {
			c.openTorn(t, a, random)
			openings++
		}
		kept += len(c.linked)
	}
	require.NoError(t, <-ended)
	require.NoError(t, p.Close())
	t.Logf("proof: ledgersync torn-log copies=%d openings=%d acknowledged=%d lost=0", copies, openings, kept)
	require.Positive(t, kept)
}

// waitLinked waits until so many files are linked.
func waitLinked(t *testing.T, p *program, n int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := p.flow.Summary(t.Context(), p.link)
		return err == nil && s.Linked >= n
	}, 5*time.Minute, 5*time.Millisecond)
}

// tornCopy is a copy of a database that was in use.
type tornCopy struct {
	main, log []byte
	safe, end int64                      // the log's end when the copying began, and its end in the copy
	linked    map[contractone.Key]digest // what was committed then
}

// copyUnderLoad copies a database that others write. A reader holds its moment
// meanwhile, so that SQLite neither moves later pages into the main file nor
// begins the log anew.
func copyUnderLoad(t *testing.T, p *program, dir string) (c tornCopy) {
	t.Helper()
	reader, err := p.store.DB().Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	// What was acknowledged before the reader begins is what must survive.
	c.linked = linked(t, p)
	_, err = reader.ExecContext(t.Context(), "BEGIN DEFERRED")
	require.NoError(t, err)
	var n int
	require.NoError(t, reader.QueryRowContext(t.Context(), "SELECT count(*) FROM contractone_entry").Scan(&n))
	path := filepath.Join(dir, "countersign.db")
	before, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	c.safe = logEnd(before)
	writeMore(t, p)
	c.main, err = os.ReadFile(path)
	require.NoError(t, err)
	c.log, err = os.ReadFile(path + "-wal")
	require.NoError(t, err)
	_, err = reader.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	c.end = logEnd(c.log)
	if !bytes.Equal(before[:min(len(before), walHeader)], c.log[:min(len(c.log), walHeader)]) {
		// A log whose pages were all in the main file began anew: nothing in it is
		// from before.
		c.safe = min(c.end, walHeader)
	}
	return c
}

// writeMore commits a record, so that every copy has a tail that nobody waited for,
// however fast it is made and however little the program has left to do.
func writeMore(t *testing.T, p *program) {
	t.Helper()
	const table = "proof.torn"
	require.NoError(t, p.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		n, err := tx.Count(t.Context(), orchestration.Query{Table: table})
		if err != nil {
			return err
		}
		_, err = tx.Insert(t.Context(), orchestration.Record{Table: table, Key: strconv.FormatInt(n["written"], 10), State: "written"})
		return err
	}))
}

// walHeader is the size of the log's header.
const walHeader = 32

// logEnd is where the frames of the log's present generation end: the file may be
// longer, because SQLite writes a new generation over an old one. The format is
// that of "WAL-mode File Format" in SQLite's documentation.
func logEnd(log []byte) int64 {
	const frameHeader = 24
	if len(log) < walHeader {
		return int64(len(log))
	}
	frame := frameHeader + int(binary.BigEndian.Uint32(log[8:]))
	end := walHeader
	for end+frame <= len(log) && bytes.Equal(log[end+8:end+16], log[16:24]) {
		end += frame
	}
	return int64(end)
}

func linked(t *testing.T, p *program) map[contractone.Key]digest {
	t.Helper()
	out := map[contractone.Key]digest{}
	for f, err := range p.flow.Files(t.Context(), p.link, ledgersync.FileLinked) {
		require.NoError(t, err)
		out[f.Key] = f.PDF
	}
	return out
}

// openTorn writes the copy with a log that is damaged behind its safe part, and
// looks for what was committed.
func (c tornCopy) openTorn(t *testing.T, a *account, random *rand.Rand) {
	t.Helper()
	require.Greater(t, c.end, c.safe)
	cut := c.safe + random.Int64N(c.end-c.safe)
	log := append([]byte(nil), c.log[:cut]...)
	if random.IntN(2) == 0 {
		noise, err := io.ReadAll(io.LimitReader(noise{random}, random.Int64N(16<<10)))
		require.NoError(t, err)
		log = append(log, noise...)
	}
	j := a.job(t.TempDir())
	path := filepath.Join(j.Dir, "countersign.db")
	require.NoError(t, os.WriteFile(path, c.main, 0o600))
	require.NoError(t, os.WriteFile(path+"-wal", log, 0o600))
	p, err := open(t.Context(), j)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	requireIntegrity(t, p)
	now := linked(t, p)
	lines := map[string]int{}
	for e, err := range p.flow.Journal(t.Context(), p.link) {
		require.NoError(t, err)
		lines[e.Ref]++
	}
	for key, pdf := range c.linked {
		require.Equal(t, pdf, now[key])
		require.Equal(t, 1, lines[string(key)])
	}
	for key, pdf := range now { // the ledger has what the records say
		e, found, err := p.ledger.Lookup(t.Context(), key)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, pdf, e.PDF)
	}
}

// noise is an endless stream of random bytes.
type noise struct{ *rand.Rand }

func (n noise) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(n.Uint32())
	}
	return len(p), nil
}
