package ledgersync_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// vendorRules are rules of the vendor's help page (クラウドサイン連携,
// 5735293007129), by the page's own words. Each gets a world whose user sees
// everything, with one document of two files and nothing linked yet.
type vendorRules map[string]func(*testing.T, *world, cloudsigntest.Document)

// conditionsOfTheVendor are 概要 and 事前準備.
func conditionsOfTheVendor() vendorRules {
	refused := func(name string) func(*testing.T, *world, cloudsigntest.Document) {
		return func(t *testing.T, w *world, _ cloudsigntest.Document) {
			c := preconditions()[name]
			c.spoil(w)
			link, err := w.flow.AddLink(t.Context(), vendorSettings(w))
			require.NoError(t, err)
			_, err = w.flow.Preview(t.Context(), link.ID)
			require.ErrorIs(t, err, c.want)
		}
	}
	return vendorRules{
		"【Web API】を含むプランをご利用されていることが必要です": refused("no Web API"),
		"エンタープライズプランをご利用の場合は連携できません":      refused("Enterprise"),
		"IPアドレス制限 … アクセスを許可していただく必要":      refused("address, without a token"),
		"ご契約件数を消化します": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			w.ledger.SetContracted(2)
			w.start(likeVendor)
			usage, err := w.ledger.Usage(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 2, usage.Used, "one for each file")
			w.document(cloudsigntest.Document{}, "c.pdf")
			w.nextDay()
			require.Equal(t, ledgersync.StateStopped, w.state().State)
			require.Contains(t, w.state().LastError, contractone.ErrQuota.Error())
		},
		"連携専用として、人に紐づかないユーザー": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			advice := w.add(likeVendor).Advice
			require.Contains(t, advice, ledgersync.AdviceDedicatedUser)
			require.Contains(t, string(ledgersync.AdviceDedicatedUser), "書類管理権限")
			require.Contains(t, string(ledgersync.AdviceDedicatedUser), "親展")
			require.Contains(t, string(ledgersync.AdviceDedicatedUser), "removed")
		},
		"該当ユーザーが削除されてしまい連携が停止してしまった": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			w.start(likeVendor)
			disable(w, true)
			w.nextDay()
			require.Equal(t, ledgersync.StateStopped, w.state().State)
		},
		"親展書類 … 該当ユーザーが締結した親展書類が連携": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			secret := w.document(cloudsigntest.Document{Private: true}, "secret.pdf")
			w.start(likeVendor)
			w.entry(secret, 0)
		},
	}
}

// stepsOfTheVendor are 連携設定の手順.
func stepsOfTheVendor() vendorRules {
	return vendorRules{
		"確認作業を行うユーザー … グループまたは個別ユーザーを指定できます": func(t *testing.T, w *world, doc cloudsigntest.Document) {
			w.start(reviewed, likeVendor)
			for i, who := range []ledgersync.Actor{hanako, jiro} { // a user, and a member of a group
				done, err := w.flow.Review(who).Save(t.Context(), key(doc, i))
				require.NoError(t, one(t, done, err))
			}
			done, err := w.flow.Review(stranger).Save(t.Context(), key(doc, 0))
			require.ErrorIs(t, one(t, done, err), ledgersync.ErrNotReviewer)
			w.run()
			require.Len(t, w.entries(), 2)
		},
		"連携可能な書類が全件連携開始されます": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			p := w.add(likeVendor)
			require.EqualValues(t, 2, p.Registrations)
			w.run()
			require.Empty(t, w.entries(), "not before it is confirmed")
			require.NoError(t, w.flow.Start(t.Context(), w.link, p))
			w.run()
			require.Len(t, w.entries(), 2)
		},
		"1日ごとに自動で差分が連携されます": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			w.start(likeVendor)
			for want := 3; want < 6; want++ {
				w.document(cloudsigntest.Document{}, "new.pdf")
				w.nextDay()
				require.Len(t, w.entries(), want)
			}
		},
	}
}

// questionsOfTheVendor are the notes and よくある質問.
func questionsOfTheVendor() vendorRules {
	return vendorRules{
		"一時サービス停止などで連携が完了しない": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			w.add(likeVendor)
			require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
			w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.Status(503), Every: 1})
			w.run()
			require.Empty(t, w.entries())
			w.fake.Faults().Clear()
			w.nextDay()
			require.Len(t, w.entries(), 2, "it goes on by itself")
		},
		"エラー通知メールにもこの管理IDが記載されます": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			var mails []string
			w.cfg.Notifier = ledgersync.MailNotifier{
				From: "contracts@example.com", To: []string{"a@example.com"},
				Send: func(_ context.Context, _ string, _ []string, message []byte) error {
					mails = append(mails, string(message))
					return nil
				},
			}
			w.restart()
			w.start(likeVendor)
			w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.NoWebAPI = true })
			w.nextDay()
			require.Len(t, mails, 1)
			require.Contains(t, mails[0], string(w.link))
		},
		"書類インポート機能": func(t *testing.T, w *world, _ cloudsigntest.Document) {
			imported := w.document(cloudsigntest.Document{Status: cloudsigntest.Imported}, "imported.pdf")
			w.start(likeVendor)
			w.entry(imported, 0)
		},
	}
}

func vendorSettings(w *world) ledgersync.Settings {
	s := settings(w.account)
	likeVendor(&s)
	return s
}

// TestLikeVendorKeepsEachRule runs what TestLikeVendor, TestLikeVendorReview and
// TestLikeVendorTeams can't show in one story, each rule for itself.
func TestLikeVendorKeepsEachRule(t *testing.T) {
	t.Parallel()
	for _, rules := range []vendorRules{conditionsOfTheVendor(), stepsOfTheVendor(), questionsOfTheVendor()} {
		for rule, check := range rules {
			t.Run(rule, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, withUser(seesConfidential))
				doc := w.document(concludedAt(w.clock.Now().Add(-time.Hour), cloudsigntest.Document{Title: "契約"}), "a.pdf", "b.pdf")
				check(t, w, doc)
			})
		}
	}
}
