package digipost_test

import (
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

func TestBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	uuid := digipost.NewUUID()
	b, err := w.client.Batches.Create(ctx, uuid)
	require.NoError(t, err)
	require.Equal(t, uuid, b.UUID)
	m := w.message()
	m.Batch = b.UUID
	_, err = w.client.Messages.Send(ctx, m)
	require.NoError(t, err)
	m.Recipient, m.Print = digipost.Recipient{}, paper()
	_, err = w.client.Messages.Send(ctx, m)
	require.NoError(t, err)
	b, err = w.client.Batches.Get(ctx, uuid)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{b.Digipost, b.Print})
	require.Equal(t, digipost.BatchNotCommitted, b.Status)

	done, err := w.client.Batches.Complete(ctx, b)
	require.NoError(t, err)
	require.True(t, done.Committed())
	sent := w.srv.Log().Tally(digiposttest.OpCompleteBatch).Requests
	_, err = w.client.Batches.Complete(ctx, done)
	require.NoError(t, err)
	require.Equal(t, sent, w.srv.Log().Tally(digiposttest.OpCompleteBatch).Requests, "what is committed is left alone")
	require.ErrorIs(t, w.client.Batches.Cancel(ctx, done), countersign.ErrForbidden, "nothing is offered for what is committed")
	require.ErrorIs(t, w.client.Batches.Cancel(ctx, b), countersign.ErrInvalid)
	_, err = w.client.Messages.Send(ctx, m)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	w.srv.FinishBatch(uuid)
	done, err = w.client.Batches.Get(ctx, uuid)
	require.NoError(t, err)
	require.Equal(t, digipost.BatchDone, done.Status)

	other, err := w.client.Batches.Create(ctx, "")
	require.NoError(t, err)
	require.NoError(t, w.client.Batches.Cancel(ctx, other))
	_, err = w.client.Batches.Get(ctx, other.UUID)
	require.ErrorIs(t, err, countersign.ErrNotFound)
	require.ErrorIs(t, w.client.Batches.Cancel(ctx, other), countersign.ErrNotFound)
	_, err = w.client.Batches.Get(ctx, "1")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = w.client.Batches.Create(ctx, "1")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// A refusal that does not come of a lost answer stays one.
func TestCompleteBatchRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, err := w.client.Batches.Create(t.Context(), "")
	require.NoError(t, err)
	_, err = w.client.Batches.Complete(t.Context(), b)
	require.NoError(t, err)
	_, err = w.client.Batches.Complete(t.Context(), b)
	require.ErrorIs(t, err, countersign.ErrInvalid, "somebody else has committed it")

	b, err = w.client.Batches.Create(t.Context(), "")
	require.NoError(t, err)
	w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpCompleteBatch, Fault: countersigntest.Status(503)})
	_, err = w.client.Batches.Complete(t.Context(), b)
	require.Error(t, err)
	now, err := w.client.Batches.Get(t.Context(), b.UUID)
	require.NoError(t, err)
	require.False(t, now.Committed())
}

// Whether completing twice is refused or not, a lost answer ends well.
func TestCompleteBatchTwice(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		w := newWorld(t, digiposttest.WithCompletingTwice(allowed))
		b, err := w.client.Batches.Create(t.Context(), "")
		require.NoError(t, err)
		w.srv.Faults().Add(countersigntest.Rule{Operation: digiposttest.OpCompleteBatch, Fault: countersigntest.LoseAnswer(), Next: 1})
		done, err := w.client.Batches.Complete(t.Context(), b)
		require.NoError(t, err)
		require.Equal(t, digipost.BatchCommitted, done.Status)
		require.EqualValues(t, 2, w.srv.Log().Tally(digiposttest.OpCompleteBatch).Requests)
	}
}
