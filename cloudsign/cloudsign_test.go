package cloudsign_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/stretchr/testify/require"
)

func TestConfiguration(t *testing.T) {
	t.Parallel()
	id := countersign.NewSecret(clientID)
	for want, cfg := range map[string]cloudsign.Config{
		"cloudsign: Environment is empty":      {ClientID: id},
		"cloudsign: Environment is not known":  {ClientID: id, Environment: "staging"},
		"has white space":                      {ClientID: countersign.NewSecret(clientID + "\n"), Environment: cloudsign.Sandbox},
		"https://www.cloudsign.jp/api/clients": {Environment: cloudsign.Production},
		"管理画面 > アカウント > クライアントID":              {Environment: cloudsign.LGWAN},
	} {
		_, err := cloudsign.New(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	for _, e := range []cloudsign.Environment{cloudsign.Production, cloudsign.Sandbox, cloudsign.LGWAN, cloudsign.LGWANSandbox} {
		got, err := cloudsign.ParseEnvironment(string(e))
		require.NoError(t, err)
		require.Equal(t, e, got)
		_, err = cloudsign.New(cloudsign.Config{Environment: e, ClientID: id})
		require.NoError(t, err)
	}
}

func TestClientIDPageURL(t *testing.T) {
	t.Parallel()
	for e, want := range map[cloudsign.Environment]string{
		cloudsign.Production: "https://www.cloudsign.jp/api/clients",
		cloudsign.Sandbox:    "https://sandbox.cloudsign.jp/api/clients",
	} {
		got, err := cloudsign.ClientIDPageURL(e)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := cloudsign.PageURL("elsewhere", cloudsign.ClientIDPage)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = cloudsign.PageURL(cloudsign.Production, "password")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestPagesWithoutAPublishedAddress(t *testing.T) {
	t.Parallel()
	for page, environments := range map[cloudsign.OnboardingPage][]cloudsign.Environment{
		cloudsign.ClientIDPage:       {cloudsign.LGWAN, cloudsign.LGWANSandbox},
		cloudsign.APIApplicationPage: {cloudsign.Production, cloudsign.Sandbox, cloudsign.LGWAN, cloudsign.LGWANSandbox},
		cloudsign.WebhookPage:        {cloudsign.Production, cloudsign.Sandbox, cloudsign.LGWAN, cloudsign.LGWANSandbox},
	} {
		for _, e := range environments {
			_, err := cloudsign.PageURL(e, page)
			none, ok := errors.AsType[*cloudsign.NoPageError](err)
			require.True(t, ok)
			require.Equal(t, e, none.Environment)
			require.Equal(t, page, none.Page)
			require.NotEmpty(t, none.MenuPath)
			require.ErrorContains(t, err, none.MenuPath)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	require.Equal(t, "imported", cloudsign.StatusImported.String())
	require.Equal(t, "status 77", cloudsign.DocumentStatus(77).String())
	require.True(t, cloudsign.StatusDraft.IsKnown())
	require.False(t, cloudsign.DocumentStatus(5).IsKnown())
}

func TestTokenIsSharedAndEndsOnTime(t *testing.T) {
	t.Parallel()
	srv, user, first := account(t)
	second := connect(t, srv, user.ClientID)
	for _, c := range []*cloudsign.Client{first, second, first} {
		_, err := c.Users.Me(t.Context())
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, srv.Log().Tally(cloudsigntest.OpToken).Requests, "one fetch for each client")
	a, err := first.TokenSource().Token()
	require.NoError(t, err)
	b, err := second.TokenSource().TokenContext(t.Context())
	require.NoError(t, err)
	require.Equal(t, a.AccessToken, b.AccessToken, "the service gives the same token until it ends")

	srv.ExpireTokens()
	_, err = first.Users.Me(t.Context())
	require.NoError(t, err, "a refused token is fetched anew once")
	require.EqualValues(t, 3, srv.Log().Tally(cloudsigntest.OpToken).Requests)
}

func TestClientIDsThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t)
	_, err := connect(t, srv, "ffffffff-ffff-ffff-ffff-ffffffffffff").Users.Me(t.Context())
	require.ErrorIs(t, err, cloudsign.ErrInvalidClient)
	require.ErrorIs(t, err, countersign.ErrUnauthorized)
	require.NotContains(t, err.Error(), "ffffffff", "the client ID is a credential")

	srv.UpdateUser(user.ID, func(u *cloudsigntest.User) { u.Disabled = true })
	_, err = c.Users.Me(t.Context())
	require.ErrorIs(t, err, cloudsign.ErrClientRefused)
	require.ErrorContains(t, err, "disabled")
	require.ErrorContains(t, err, "allowed addresses")
	disabled := apiError(t, err).Message
	require.NotEmpty(t, disabled, "the service's own message is kept")

	srv.UpdateUser(user.ID, func(u *cloudsigntest.User) { u.Disabled = false })
	srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) {
		tm.AllowedAddresses = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	_, err = connect(t, srv, user.ClientID).Users.Me(t.Context())
	require.ErrorIs(t, err, cloudsign.ErrClientRefused)
}

func TestPlans(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t)
	_, err := c.Cabinets.List(t.Context(), 1)
	require.ErrorIs(t, err, countersign.ErrForbidden)
	srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = true })
	_, err = c.Users.Me(t.Context())
	require.ErrorIs(t, err, countersign.ErrForbidden)
	cabinets, err := c.Cabinets.List(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, cloudsign.CabinetAllDocuments, cabinets.Items[0].Type)

	srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) { tm.NoWebAPI = true })
	_, err = c.Users.Me(t.Context())
	require.ErrorIs(t, err, cloudsign.ErrAPIOptionRequired)
}

func TestAllCabinets(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t)
	want := 1
	srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) {
		tm.Enterprise = true
		for i := range 230 {
			tm.Cabinets = append(tm.Cabinets, cloudsigntest.Cabinet{Name: fmt.Sprintf("cabinet %03d", i)})
			want++
		}
	})
	seen := map[cloudsign.CabinetID]bool{}
	for cab, err := range c.Cabinets.All(t.Context()) {
		require.NoError(t, err)
		require.False(t, seen[cab.ID])
		seen[cab.ID] = true
		if len(seen) == 50 { // one more on the first page shifts all behind it
			want++
			srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) {
				tm.Cabinets = append(tm.Cabinets, cloudsigntest.Cabinet{Name: "a"})
			})
		}
	}
	require.Len(t, seen, want-1, "the new one came too late, the others are all there")
	for _, err := range c.Cabinets.All(t.Context()) {
		require.NoError(t, err)
		break
	}
	require.EqualValues(t, 4, srv.Log().Tally(cloudsigntest.OpListCabinets).Requests, "stopping early makes no further call")
	_, err := c.Users.Me(t.Context())
	require.ErrorIs(t, err, countersign.ErrForbidden)
	srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = false })
	n := 0
	for _, err := range c.Cabinets.All(t.Context()) {
		require.ErrorIs(t, err, countersign.ErrForbidden)
		n++
	}
	require.Equal(t, 1, n)
}

// ids collects a listing, and fails on a document that comes twice.
func ids(t testing.TB, seq func(func(*cloudsign.Document, error) bool)) map[cloudsign.DocumentID]bool {
	t.Helper()
	got := map[cloudsign.DocumentID]bool{}
	for d, err := range seq {
		require.NoError(t, err)
		require.False(t, got[d.ID], "%s came twice", d.ID)
		got[d.ID] = true
	}
	return got
}

func TestListings(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t, cloudsigntest.WithRateLimit(0))
	want := srv.Seed(user, cloudsigntest.Account{Documents: 250, Files: 400})
	got := ids(t, c.Documents.AllTeam(t.Context(), cloudsign.DocumentQuery{To: srv.Clock().Now().Add(time.Hour)}))
	for _, id := range want {
		d, _ := srv.Document(id)
		visible := !d.Private && (d.Status == cloudsigntest.Concluded || d.Status == cloudsigntest.Imported || d.Status == cloudsigntest.Pending || d.Status == cloudsigntest.Declined)
		require.Equal(t, visible, got[cloudsign.DocumentID(id)], "%+v", d)
	}
	n := 0
	for _, err := range c.Documents.All(t.Context(), cloudsign.DocumentQuery{}) {
		require.NoError(t, err)
		if n++; n == 3 {
			break
		}
	}
	require.EqualValues(t, 1, srv.Log().Tally(cloudsigntest.OpListDocuments).Requests, "stopping early makes no further call")
}

// TestPagesThatShift: documents arrive and leave the window while it is read.
func TestPagesThatShiftCloudSign(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]cloudsigntest.Order{"newest first": cloudsigntest.NewestFirst, "oldest first": cloudsigntest.OldestFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
			srv, user, c := account(t, cloudsigntest.WithRateLimit(0), cloudsigntest.WithOrder(order), cloudsigntest.WithClock(clock))
			want := map[cloudsign.DocumentID]bool{}
			for range 450 {
				clock.Advance(time.Minute)
				want[cloudsign.DocumentID(srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded}).ID)] = true
			}
			to := clock.Now()
			seen := map[cloudsign.DocumentID]bool{}
			for d, err := range c.Documents.All(t.Context(), cloudsign.DocumentQuery{To: to}) {
				require.NoError(t, err)
				require.False(t, seen[d.ID])
				seen[d.ID] = true
				if len(seen)%150 == 0 { // one that was read is processed again and leaves the window
					clock.Advance(time.Hour)
					srv.UpdateDocument(string(d.ID), func(d *cloudsigntest.Document) {
						d.Participants[1].ProcessedAt = clock.Now()
					})
					srv.Arrive(user, 5, uint64(len(seen)))
				}
			}
			require.Equal(t, want, seen)
			t.Logf("proof: cloudsign listing order=%q documents=%d missed=0 twice=0", name, len(seen))
		})
	}
}

func TestFileAndCertificate(t *testing.T) {
	t.Parallel()
	srv, user, c := account(t)
	doc := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded, Title: "契約"})
	d, err := c.Files.Download(t.Context(), cloudsign.DocumentID(doc.ID), cloudsign.FileID(doc.Files[0].ID))
	require.NoError(t, err)
	body, err := io.ReadAll(d)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.True(t, strings.HasPrefix(string(body), "%PDF-"))
	require.EqualValues(t, len(body), d.Size)

	d, err = c.Files.DownloadCertificate(t.Context(), cloudsign.DocumentID(doc.ID))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	pending := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Pending})
	_, err = c.Files.DownloadCertificate(t.Context(), cloudsign.DocumentID(pending.ID))
	require.ErrorIs(t, err, countersign.ErrNotFound)

	var got map[string]any
	require.NoError(t, c.Do(t.Context(), countersign.Request{Path: []string{"documents", doc.ID}}, &got))
	require.Equal(t, doc.ID, got["id"])
}

func TestClientIDsShareOneLimiter(t *testing.T) {
	t.Parallel()
	id := countersign.NewSecret("shared-limiter-client-id")
	var limiters []countersign.Limiter
	for range 2 {
		c, err := cloudsign.New(cloudsign.Config{Environment: cloudsign.Sandbox, ClientID: id})
		require.NoError(t, err)
		limiters = append(limiters, c.Limiter())
	}
	require.Same(t, limiters[0], limiters[1])
	other, err := cloudsign.New(cloudsign.Config{Environment: cloudsign.Production, ClientID: id})
	require.NoError(t, err)
	require.NotSame(t, limiters[0], other.Limiter())
}
