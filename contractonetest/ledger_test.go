package contractonetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
)

func draft(document, file string) contractone.Draft {
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 1},
		Link:        "2222-2222",
		Share:       contractone.Private(),
		Responsible: []contractone.Principal{contractone.Group("Legal")},
		PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(file, 500)),
	}
}

func TestReferenceLedger(t *testing.T) {
	t.Parallel()
	contractonetest.Run(t, func(*testing.T) contractone.Ledger { return contractonetest.NewLedger() }, nil)
}

func TestReferenceLedgerWithQuota(t *testing.T) {
	t.Parallel()
	contractonetest.Run(t, func(*testing.T) contractone.Ledger {
		return &limited{contractonetest.NewLedger(contractonetest.WithContracted(4))}
	}, nil)
}

// limited states nothing but the contracted count, as a ledger may.
type limited struct{ *contractonetest.Ledger }

func (l *limited) Capabilities() contractone.Capabilities {
	return contractone.Capabilities{Quota: true, Async: true}
}

func TestQuotaIsUsedUpByRegistrationAlone(t *testing.T) {
	t.Parallel()
	l := contractonetest.NewLedger(contractonetest.WithContracted(1))
	broken := draft("doc", "broken")
	broken.PDF = contractonetest.Upload("x.pdf", nil)
	_, err := l.Register(t.Context(), broken)
	require.ErrorIs(t, err, contractone.ErrEmptyFile)

	_, err = l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err)
	_, err = l.Register(t.Context(), draft("doc", "b"))
	require.ErrorIs(t, err, contractone.ErrQuota)
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.ErrorContains(t, err, "2222-2222")
	receipt, err := l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err, "a replay costs nothing")
	require.False(t, receipt.Created)

	l.SetContracted(2)
	_, err = l.Register(t.Context(), draft("doc", "b"))
	require.NoError(t, err)
	usage, err := l.Usage(t.Context())
	require.NoError(t, err)
	require.Equal(t, contractone.Usage{Contracted: 2, Used: 2}, usage)
	left, limited := usage.Remaining()
	require.True(t, limited)
	require.Zero(t, left)
}

func TestChargeOnFetch(t *testing.T) {
	t.Parallel()
	l := contractonetest.NewLedger(contractonetest.WithContracted(1), contractonetest.WithChargeOnFetch())
	broken := draft("doc", "broken")
	broken.PDF = contractonetest.Upload("x.pdf", nil)
	_, err := l.Register(t.Context(), broken)
	require.ErrorIs(t, err, contractone.ErrEmptyFile)
	_, err = l.Register(t.Context(), draft("doc", "a"))
	require.ErrorIs(t, err, contractone.ErrQuota)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	l := contractonetest.NewLedger()
	for _, refusal := range []error{contractone.ErrPlanNotSupported, contractone.ErrAccessRestricted} {
		l.SetRefusal(refusal)
		_, err := l.Register(t.Context(), draft("doc", "a"))
		require.ErrorIs(t, err, refusal)
		require.ErrorIs(t, err, countersign.ErrForbidden)
		fe, ok := errors.AsType[*contractone.FileError](err)
		require.True(t, ok)
		require.Equal(t, contractone.ManagementID("2222-2222"), fe.Link)
	}
	l.SetRefusal(nil)
	_, err := l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	l := contractonetest.NewLedger()
	d := draft("doc", "a")

	l.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: countersign.ErrUnavailable}
	})
	_, err := l.Register(t.Context(), d)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	_, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.False(t, found)

	l.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	})
	_, err = l.Register(t.Context(), d)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	_, found, err = l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.True(t, found)

	l.SetFault(nil)
	receipt, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	require.False(t, receipt.Created)
}

func TestSlowLedgerObeysTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := contractonetest.NewLedger(contractonetest.WithClock(time.Now))
		l.SetFault(func(contractone.Draft) contractonetest.Fault { return contractonetest.Fault{Delay: time.Hour} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := l.Register(ctx, draft("doc", "a"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))

		receipt, err := l.Register(t.Context(), draft("doc", "a"))
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Hour+time.Minute).UTC(), receipt.RegisteredAt)
	})
}

func TestGroupsHaveUniqueNames(t *testing.T) {
	t.Parallel()
	l := contractonetest.NewLedger()
	require.NoError(t, l.AddGroup("Legal", "taro@example.com"))
	require.NoError(t, l.AddGroup("All", "taro@example.com", "hanako@example.com"))
	require.ErrorIs(t, l.AddGroup("Legal"), countersign.ErrConflict)
	require.Equal(t, []string{"All", "Legal"}, l.Viewer("taro@example.com").Groups)
	require.Empty(t, l.Viewer("x@example.com").Groups)

	_, err := l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err)
	e, _, err := l.Lookup(t.Context(), contractone.CloudSignKey("doc", "a"))
	require.NoError(t, err)
	require.True(t, e.EditableBy(l.Viewer("taro@example.com")))
	require.False(t, e.VisibleTo(l.Viewer("hanako@example.com")))
}
