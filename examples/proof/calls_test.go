package proof

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
)

// pageSize is how many documents the service gives with one call.
const pageSize = 100

// load is a first load that is to be measured.
type load struct{ documents, files int }

// fill fills the account with generated files of the server's size and gives the
// fewest calls that can carry them over: each page of the list, the information of
// each document, each file.
func (l load) fill(a *account) (minimum int64) {
	a.srv.Seed(a.user, cloudsigntest.Account{Documents: l.documents, Files: l.files, Seed: 1})
	return int64((l.documents+pageSize-1)/pageSize + l.documents + l.files)
}

// TestCallsLedgerSync counts what a first load asks of the service, whose limit
// is what bounds the speed of a real one.
func TestCallsLedgerSync(t *testing.T) {
	t.Parallel()
	l := load{documents: size(60, 300, 2000), files: size(100, 500, 3333)}
	a := newAccount(t, 1)
	minimum := l.fill(a)
	p, err := open(t.Context(), a.job(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	require.NoError(t, p.add(t.Context()))
	require.NoError(t, p.start(t.Context()))
	confirmed := requests(a)
	require.NoError(t, p.engine.RunUntilIdle(t.Context()))

	all := requests(a)
	calls := all - confirmed
	t.Logf("proof: ledgersync calls files=%d documents=%d calls=%d minimum=%d ratio=%.3f with_preview=%d ratio_with_preview=%.3f",
		l.files, l.documents, calls, minimum, float64(calls)/float64(minimum), all, float64(all)/float64(minimum))
	log := a.srv.Log()
	require.EqualValues(t, l.files, log.Tally(cloudsigntest.OpDownloadFile).Requests)
	require.EqualValues(t, l.documents, log.Tally(cloudsigntest.OpGetAttribute).Requests)
	require.LessOrEqual(t, calls, minimum+1, "one call asks who the user is")
	s, err := p.flow.Summary(t.Context(), p.link)
	require.NoError(t, err)
	require.EqualValues(t, l.files, s.Linked)
}

// requests counts all requests that the service got.
func requests(a *account) (n int64) {
	for _, tally := range a.srv.Log().Operations() {
		n += tally.Requests
	}
	return n
}
