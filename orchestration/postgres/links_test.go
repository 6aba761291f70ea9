package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// TestClientIDIsLinkedOnce: however many programs add it at the same moment.
func TestClientIDIsLinkedOnce(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{Environment: cloudsign.Sandbox, ClientID: countersign.NewSecret("00000000-0000-4000-8000-000000000000")})
	require.NoError(t, err)
	settings := ledgersync.Settings{Settings: contractone.Settings{
		Credential: account.Credential, Share: contractone.Private(), Responsible: []contractone.Principal{contractone.Group("Legal")},
		Mode: contractone.ModeDirect,
	}}
	flows, errs := make([]*ledgersync.Flow, 8), make([]error, 8)
	for i := range flows {
		flows[i], err = ledgersync.New(ledgersync.Config{}, ledgersync.Deps{
			Store: open(t, dsn), Ledger: contractonetest.NewLedger(), Accounts: []ledgersync.Account{account},
		})
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i, flow := range flows {
		wg.Go(func() {
			<-gate
			_, errs[i] = flow.AddLink(t.Context(), settings)
		})
	}
	close(gate)
	wg.Wait()
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
		} else {
			require.ErrorIs(t, err, countersign.ErrConflict)
		}
	}
	require.Equal(t, 1, added)
	links, err := flows[0].Links(t.Context())
	require.NoError(t, err)
	require.Len(t, links, 1)
}
