package proof

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/orchestration/postgres"
)

// fleet is several processes of one program on one PostgreSQL database, with the
// services that they work on.
type fleet struct {
	t        *testing.T
	random   *rand.Rand
	dsn      string
	job      job
	accounts []*account // each has a link
	storm    *storm
	order    [][]docusigntest.Message // what is still to be sent, in portions
	senders  sync.WaitGroup
	members  []*member
	started  int
	kills    int
}

// member is a process of a fleet.
type member struct {
	*child
	number  int
	session string // the name of its sessions in the database
}

// fleetSize is how large a fleet's world is.
type fleetSize struct {
	links, files          int
	envelopes, recipients int
	perSecond             int // calls of all processes that ActiveCampaign takes
	portions              int // in which files and messages come
}

const processes = 4

// newFleet sets the links up and goes live, as a person does once.
func newFleet(t *testing.T, dsn string, size fleetSize) *fleet {
	t.Helper()
	seed := rand.Uint64()
	f := &fleet{t: t, dsn: dsn, random: rand.New(rand.NewPCG(seed, 4)), storm: prepareStorm(t, size.perSecond)}
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	for i := range size.links {
		a := newAccount(t, seed+uint64(i), cloudsigntest.WithPDFSize(generated))
		a.database, a.running = dsn, true
		a.seeds = uint64(i) << 32 // the services must not give the same ids
		f.accounts = append(f.accounts, a)
	}
	f.storm.job.Dir, f.storm.job.Database, f.storm.programs = dir, dsn, processes
	f.storm.live()
	f.storm.write(size.envelopes, size.recipients)
	f.storm.faults()
	order := f.storm.order()
	f.storm.sent = len(order)
	f.order = slices.Collect(slices.Chunk(order, len(order)/size.portions+1))

	f.job = f.accounts[0].job(dir)
	f.job.Every, f.job.Envelopes = time.Second, f.storm.job.Envelopes
	for _, a := range f.accounts[1:] {
		f.job.More = append(f.job.More, source{a.srv.URL(), a.user.ClientID})
	}
	f.arrive(size.files / (size.portions + 1))
	for _, a := range f.accounts {
		p, err := open(t.Context(), a.job(dir))
		require.NoError(t, err)
		require.NoError(t, p.add(t.Context()))
		require.NoError(t, p.start(t.Context()))
		require.NoError(t, p.Close())
	}
	for i := range processes {
		f.members = append(f.members, f.start(i))
	}
	return f
}

// start starts the process with that number.
func (f *fleet) start(number int) *member {
	f.t.Helper()
	f.started++
	m := &member{number: number, session: fmt.Sprintf("member %d", f.started)}
	j := f.job
	j.Number = number
	j.Database = named(f.t, f.dsn, m.session)
	m.child = startChild(f.t, j, modeFleet)
	return m
}

// named is a dsn whose sessions have that name.
func named(t testing.TB, dsn, session string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("application_name", session)
	u.RawQuery = query.Encode()
	return u.String()
}

// files is how many files the links see.
func (f *fleet) files() (n int) {
	for _, a := range f.accounts {
		n += a.files()
	}
	return n
}

// arrive lets at least so many files come, spread over the links.
func (f *fleet) arrive(files int) {
	f.t.Helper()
	for want, i := f.files()+files, 0; f.files() < want; i++ {
		f.accounts[(f.started+i)%len(f.accounts)].arrive(max(files/len(f.accounts), 10), time.Now())
	}
}

// deliver begins to send the next portion of messages, each until it is accepted.
func (f *fleet) deliver() {
	if len(f.order) == 0 {
		return
	}
	portion := f.order[0]
	f.order = f.order[1:]
	f.senders.Go(func() { f.storm.sendAll(f.t.Context(), portion) })
}

// calls counts what the processes ask of the services.
func (f *fleet) calls() (n int64) {
	for _, a := range f.accounts {
		n += a.srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests
	}
	return n + f.storm.calls()
}

// advance waits until the processes have made n calls, or for as long as patience
// goes: they may have nothing left to do.
func (f *fleet) advance(n int64, patience time.Duration) {
	for target, end := f.calls()+n, time.After(patience); f.calls() < target; {
		select {
		case <-time.After(time.Millisecond):
		case <-end:
			return
		}
	}
}

// replace kills a process and starts it again.
func (f *fleet) replace(number int, rescue bool) {
	f.t.Helper()
	m := f.members[number]
	m.kill()
	m.killed(f.t)
	f.kills++
	if rescue {
		f.rescue(m)
	}
	f.members[number] = f.start(number)
}

// rescue does with the jobs of a killed process at once what River does when they
// have run for 75 seconds. What the process had asked of the database is over
// then.
func (f *fleet) rescue(m *member) {
	f.t.Helper()
	db := f.database()
	defer db.Close() //nolint:errcheck // nothing is left to write
	require.Eventually(f.t, func() bool {
		var sessions int
		err := db.QueryRowContext(f.t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", m.session).Scan(&sessions)
		return err == nil && sessions == 0
	}, time.Minute, 5*time.Millisecond)
	rows, err := db.QueryContext(f.t.Context(), `SELECT id FROM river_job
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] LIKE '%/' || $1::text || '/%'`, fmt.Sprint(m.cmd.Process.Pid))
	require.NoError(f.t, err)
	defer rows.Close() //nolint:errcheck // they are read to the end
	for rows.Next() {
		var id int64
		require.NoError(f.t, rows.Scan(&id))
		// Each by itself: whoever locks several has to do it in the order of their lanes.
		_, err := db.ExecContext(f.t.Context(), "UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE id = $1", id)
		require.NoError(f.t, err)
	}
	require.NoError(f.t, rows.Err())
}

func (f *fleet) database() *sql.DB {
	f.t.Helper()
	db, err := postgres.OpenDB(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	return db
}

// settle waits until every message is accepted and nothing is left to do, and ends
// the processes.
func (f *fleet) settle() {
	f.t.Helper()
	for len(f.order) > 0 {
		f.deliver()
	}
	p, err := open(f.t.Context(), f.job)
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, p.Close()) }()
	links, err := p.flow.Links(f.t.Context())
	require.NoError(f.t, err)
	require.Len(f.t, links, len(f.accounts))
	began := time.Now()
	for _, l := range links {
		require.NoError(f.t, p.flow.RunNow(f.t.Context(), l.ID))
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), 10*time.Minute)
	defer cancel()
	for _, l := range links {
		p.link = l.ID
		f.wait(ctx, func() bool {
			settled, err := p.settled(ctx, began)
			require.NoError(f.t, err)
			return settled
		})
	}
	f.senders.Wait()
	f.wait(ctx, func() bool { return f.storm.left() == 0 })
	for _, m := range f.members {
		f.end(m)
	}
}

func (f *fleet) wait(ctx context.Context, done func() bool) {
	f.t.Helper()
	for !done() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			require.NoError(f.t, ctx.Err(), "the processes do not come to an end")
		}
	}
}

// end tells a process that takes messages to end, and wants it to do so in good
// order within the engine's grace period, the five seconds that the engine takes
// at most to write down what is over, and the five that its server has for requests
// that are under way. On a machine that is busy with other tests all of it takes
// longer.
func (f *fleet) end(m *member) {
	f.t.Helper()
	f.wait(f.t.Context(), func() bool {
		var d net.Dialer
		conn, err := d.DialContext(f.t.Context(), "unix", socket(f.job.Dir, m.number))
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	})
	require.NoError(f.t, m.cmd.Process.Signal(syscall.SIGTERM))
	late := time.AfterFunc(size(time.Minute, time.Minute, 20*time.Second), m.kill)
	m.done(f.t)
	require.True(f.t, late.Stop())
	require.Empty(f.t, m.stderr.String())
}

// judge compares what is in the ledger and in ActiveCampaign with what should be.
func (f *fleet) judge() (files verdict, differences int) {
	f.t.Helper()
	return judgeAll(f.t, f.job.Dir, f.accounts...), f.storm.judge()
}
