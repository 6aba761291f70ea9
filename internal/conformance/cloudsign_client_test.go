package conformance_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/internal/conformance"
)

// cloudSignClient is the real client against the fake, checked both ways.
func cloudSignClient(t *testing.T, spec *conformance.Spec, user func(*cloudsigntest.Server) cloudsigntest.User) (*cloudsigntest.Server, *cloudsign.Client) {
	t.Helper()
	srv := cloudsigntest.NewServer()
	t.Cleanup(srv.Close)
	c, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user(srv).ClientID)},
		countersign.WithBaseURL(srv.URL()), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}),
		countersign.WithHTTPClient(&http.Client{Transport: spec.Transport(&http.Transport{DisableKeepAlives: true})}))
	require.NoError(t, err)
	return srv, c
}

func newAdministrator(srv *cloudsigntest.Server) cloudsigntest.User {
	return srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
}

// TestCloudSignClient runs every method of the client once with an answer and
// once with a refusal.
func TestCloudSignClient(t *testing.T) {
	t.Parallel()
	spec := NewCloudSign(t)
	ctx := t.Context()
	srv, c := cloudSignClient(t, spec, newAdministrator)
	full := srv.AddDocument(cloudsigntest.Document{Title: "業務委託契約", Status: cloudsigntest.Concluded, Attribute: &cloudsigntest.Attribute{
		Title: "管理用", ContractAt: "2026-03-01", Amount: new(int64(-1)), AutoUpdate: cloudsigntest.AutoUpdateYes,
	}})
	bare := srv.AddDocument(cloudsigntest.Document{Status: cloudsigntest.Pending})

	_, err := c.Users.Me(ctx)
	require.NoError(t, err)
	q := cloudsign.DocumentQuery{Status: new(cloudsign.StatusConcluded), From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Page: 1}
	_, err = c.Documents.List(ctx, q)
	require.NoError(t, err)
	_, err = c.Documents.List(ctx, cloudsign.DocumentQuery{Status: new(cloudsign.StatusTemplate), WithSharedTemplates: true})
	require.NoError(t, err)
	q.Status = nil
	page, err := c.Documents.ListTeam(ctx, q)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	_, err = c.Documents.Get(ctx, cloudsign.DocumentID(full.ID))
	require.NoError(t, err)
	_, found, err := c.Attributes.Get(ctx, cloudsign.DocumentID(full.ID))
	require.NoError(t, err)
	require.True(t, found)
	drained := func(d *countersign.Download, err error) {
		t.Helper()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, d)
		require.NoError(t, err)
		require.NoError(t, d.Close())
	}
	drained(c.Files.Download(ctx, cloudsign.DocumentID(full.ID), cloudsign.FileID(full.Files[0].ID)))
	drained(c.Files.DownloadCertificate(ctx, cloudsign.DocumentID(full.ID)))

	_, err = c.Cabinets.List(ctx, 1)
	require.ErrorIs(t, err, countersign.ErrForbidden)
	_, err = c.Documents.Get(ctx, "unknown-unknown-unknown-unknown-0")
	require.ErrorIs(t, err, countersign.ErrNotFound)
	_, found, err = c.Attributes.Get(ctx, cloudsign.DocumentID(bare.ID))
	require.NoError(t, err)
	require.False(t, found)
	_, err = c.Files.DownloadCertificate(ctx, cloudsign.DocumentID(bare.ID))
	require.ErrorIs(t, err, countersign.ErrNotFound)

	enterprise, c := cloudSignClient(t, spec, newAdministrator)
	enterprise.UpdateTeam(enterprise.Team().ID, func(tm *cloudsigntest.Team) { tm.Enterprise = true })
	_, err = c.Cabinets.List(ctx, 2)
	require.NoError(t, err)
	_, err = c.Users.Me(ctx)
	require.ErrorIs(t, err, countersign.ErrForbidden)

	require.Empty(t, spec.Violations())
	require.Len(t, spec.Covered(), 9, "every call that the client makes")
}
