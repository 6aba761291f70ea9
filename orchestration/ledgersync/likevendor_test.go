package ledgersync_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

func likeVendor(s *ledgersync.Settings) { s.Rules = ledgersync.LikeVendor() }

// TestLikeVendor goes through the vendor's help page from its top to its end
// (クラウドサイン連携, 5735293007129), under LikeVendor.
func TestLikeVendor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	long := w.clock.Now().AddDate(-9, 0, 0)
	full := w.document(concludedAt(long, cloudsigntest.Document{Title: "書類", Attribute: &cloudsigntest.Attribute{
		Title: "基本契約", Counterparty: "株式会社例", ContractAt: "2017-04-01", ValidityStartAt: "2017-04-02", ValidityEndAt: "2027-04-01",
		ValidityEndNoticeAt: "2027-01-01", AutoUpdate: cloudsigntest.AutoUpdateYes, LocalID: "K-1", Amount: new(int64(1000)),
	}}), "契約書.pdf", "別紙.pdf")
	bare := w.document(concludedAt(w.clock.Now(), cloudsigntest.Document{Title: "覚書"}), "memo.pdf")
	private := w.document(cloudsigntest.Document{Title: "親展", Private: true}, "private.pdf")
	imported := w.document(cloudsigntest.Document{Title: "取込", Status: cloudsigntest.Imported}, "imported.pdf")
	w.document(cloudsigntest.Document{Title: "確認中", Status: cloudsigntest.Pending}, "pending.pdf")

	// 連携設定の手順, step 4: the count is of files, so it is larger than the list.
	p := w.add(likeVendor)
	require.Equal(t, contractone.Count{Documents: 4, Files: 5}, p.Linkable())
	require.EqualValues(t, 5, p.Registrations)
	require.Zero(t, p.Excluded)
	require.Zero(t, p.InGrace)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()

	// 連携開始: everything that can be linked at that moment, however old.
	require.Len(t, w.entries(), 5)
	for i, name := range []string{"契約書.pdf", "別紙.pdf"} {
		e := w.entry(full, i)
		require.Equal(t, contractone.Items{
			Title: "基本契約", SignedOn: date(2017, 4, 1), StartsOn: date(2017, 4, 2), EndsOn: date(2027, 4, 1), Amount: contractone.Yen(1000),
			AutoRenewal: contractone.RenewalYes, NoticeDeadline: date(2027, 1, 1), FileName: name, ApprovalNumber: "K-1",
		}, e.Items, "連携される内容: these nine and no others, on each file")
		require.Equal(t, contractone.Groups("Legal"), e.Share, "Step2: all contracts get these")
		require.Equal(t, settings(w.account).Responsible, e.Responsible)
		require.Equal(t, w.link, e.Link, "管理ID")
	}
	require.Equal(t, contractone.Items{Title: "覚書", FileName: "memo.pdf"}, w.entry(bare, 0).Items, "only items that have information")
	w.entry(private, 0)  // 親展書類も、閲覧可能範囲に準じる
	w.entry(imported, 0) // 書類インポート機能

	// データ化処理による上書きはされません, and what is empty is filled.
	_, err := w.ledger.Digitise(t.Context(), key(full, 0), contractone.Items{Title: "読み取り", Counterparty: "株式会社例", Amount: contractone.Yen(1)})
	require.NoError(t, err)
	require.Equal(t, "基本契約", w.entry(full, 0).Items.Title)
	require.Equal(t, contractone.Yen(1000), w.entry(full, 0).Items.Amount)
	require.Equal(t, "株式会社例", w.entry(full, 0).Items.Counterparty)

	// 連携後にクラウドサイン側で項目を更新しても反映されません; 1日ごとに自動で差分.
	w.fake.SetAttribute(bare.ID, cloudsigntest.Attribute{Title: "後から", Amount: new(int64(5))})
	w.clock.Advance(time.Hour)
	fresh := w.document(cloudsigntest.Document{}, "new.pdf")
	w.run()
	require.Len(t, w.entries(), 5, "nothing before its time")
	for range 9 {
		w.nextDay()
	}
	require.Len(t, w.entries(), 6)
	w.entry(fresh, 0)
	require.Equal(t, contractone.Items{Title: "覚書", FileName: "memo.pdf"}, w.entry(bare, 0).Items)
	require.EqualValues(t, 6, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}

// TestLikeVendorReview: ②台帳に保存前に確認作業を行う.
func TestLikeVendorReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.document(concludedAt(w.clock.Now().AddDate(-5, 0, 0), cloudsigntest.Document{}), "old.pdf")
	kept := w.document(cloudsigntest.Document{}, "kept.pdf")
	w.start(reviewed, likeVendor)
	require.Empty(t, w.entries())
	review := w.flow.Review(hanako)
	done, err := review.Discard(t.Context(), "", key(old, 0))
	require.NoError(t, one(t, done, err), "past contracts can be sorted out")
	done, err = review.ChangeShare(t.Context(), contractone.CompanyWide(), key(kept, 0))
	require.NoError(t, one(t, done, err))
	done, err = review.Save(t.Context(), key(kept, 0))
	require.NoError(t, one(t, done, err))
	w.run()
	require.Len(t, w.entries(), 1)
	require.Equal(t, contractone.CompanyWide(), w.entry(kept, 0).Share)
}

// TestLikeVendorTeams: one link for each client ID, in one team or in several.
func TestLikeVendorTeams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(likeVendor)
	team := w.fake.AddTeam(cloudsigntest.Team{Name: "Other"})
	foreign := w.fake.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: w.user.Authorities})
	colleague := w.fake.AddUser(cloudsigntest.User{Authorities: w.user.Authorities})
	w.fake.AddDocument(cloudsigntest.Document{UserID: foreign.ID, Status: cloudsigntest.Concluded})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	accounts := []ledgersync.Account{w.newAccount(foreign, tr), w.newAccount(colleague, tr)}
	w.restart(accounts...)
	seen := map[contractone.ManagementID]bool{w.link: true}
	for _, a := range accounts {
		s := settings(a)
		likeVendor(&s)
		s.Share = contractone.Private()
		link, err := w.flow.AddLink(t.Context(), s)
		require.NoError(t, err)
		require.False(t, seen[link.ID], "each link has a 管理ID of its own")
		seen[link.ID], w.link = true, link.ID
		require.NoError(t, w.flow.Start(t.Context(), link.ID, w.preview()))
		_, err = w.flow.AddLink(t.Context(), s)
		require.ErrorIs(t, err, countersign.ErrConflict)
	}
	w.run()
	require.Len(t, w.entries(), 2, "a file that two links see is registered once")
}
