package cloudsigntest

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Account says what [Server.Seed] makes. Equal accounts give equal documents,
// ids included, wherever the clock stands, if From and To are set.
type Account struct {
	// Documents is the number of contracts: concluded ones, and imported ones
	// among them. Files is how many files they have in all; every contract has
	// at least one.
	Documents, Files int
	// Private and Imported are how many of Documents are confidential and how
	// many are imported. They overlap no document.
	Private, Imported int
	// Others is the number of further documents that are no contracts: drafts,
	// pending, declined and templates in turn.
	Others int
	// Seed decides ids and everything else. Two calls on one server need
	// different seeds.
	Seed uint64
	// From and To are when the first document was made and the last one
	// concluded; zero: two years before To, and the clock's time.
	From, To time.Time
}

// Seed fills a user's account with believable contracts in Japanese and
// English, and gives the ids of the contracts in order of time. One in eight
// has no information (the service answers 404 for it), the others have some of
// the nine fields or all of them; amounts are absent, zero, negative and beyond
// 32 bits. Several documents have equal titles and file names, as people do.
// Ids come from the seed alone. It panics if the user is unknown.
func (s *Server) Seed(u User, a Account) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := s.state.user(u.ID).User
	a.To = orTime(a.To, s.cfg.clock.Now())
	a.From = orTime(a.From, a.To.AddDate(-2, 0, 0))
	g := &generator{
		ids:    newIDs("account", a.Seed),
		random: rand.New(rand.NewPCG(a.Seed, 0x5eed)),
		owner:  owner,
		step:   a.To.Sub(a.From) / time.Duration(max(1, a.Documents+a.Others)),
		from:   a.From,
	}
	files := g.spread(a.Documents, a.Files)
	contracts := make([]string, 0, a.Documents)
	for i := range a.Documents + a.Others {
		var d Document
		switch {
		// Others stand between the contracts, not behind them.
		case !g.isOther(i, a):
			n := len(contracts)
			d = g.contract(i, n, files[n], a)
			contracts = append(contracts, d.ID)
		default:
			d = g.other(i, i-len(contracts))
		}
		s.fill(&d, g.ids)
		s.state.insert(d, s.cfg.order)
	}
	return contracts
}

// Arrive adds n contracts that were concluded just now, and gives their ids;
// the last of them has two files. Every call needs a seed of its own.
func (s *Server) Arrive(u User, n int, seed uint64) []string {
	now := s.cfg.clock.Now()
	return s.Seed(u, Account{Documents: n, Files: n + 1, Seed: seed, From: now.Add(-time.Hour), To: now})
}

type generator struct {
	ids    *ids
	random *rand.Rand
	owner  User
	from   time.Time
	step   time.Duration
}

// isOther spreads the others evenly among the contracts.
func (g *generator) isOther(i int, a Account) bool {
	total := a.Documents + a.Others
	return (i+1)*a.Others/total > i*a.Others/total
}

// spread gives each of n documents at least one file and the rest at random.
func (g *generator) spread(n, files int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 1
	}
	for range max(0, files-n) {
		if n > 0 {
			out[g.random.IntN(n)]++
		}
	}
	return out
}

var kinds = []struct{ ja, en string }{
	{"業務委託契約書", "Service Agreement"},
	{"秘密保持契約書", "Non-Disclosure Agreement"},
	{"売買基本契約書", "Master Purchase Agreement"},
	{"賃貸借契約書", "Lease Agreement"},
	{"ライセンス契約書", "Licence Agreement"},
	{"請負契約書", "Contract for Work"},
	{"販売代理店契約書", "Reseller Agreement"},
	{"保守契約書", "Maintenance Agreement"},
	{"覚書", "Memorandum"},
	{"雇用契約書", "Employment Contract"},
}

var counterparties = []struct {
	name, person, mail string
	english            bool
}{
	{"株式会社みどり商事", "佐藤 一郎", "sato@midori.example", false},
	{"あおば工業株式会社", "鈴木 花子", "suzuki@aoba.example", false},
	{"合同会社さくらデザイン", "高橋 健", "takahashi@sakura.example", false},
	{"北斗物流株式会社", "田中 美咲", "tanaka@hokuto.example", false},
	{"㈱髙﨑製作所", "髙﨑 修", "takasaki@seisaku.example", false},
	{"ＡＢＣホールディングス株式会社", "渡辺 翔", "watanabe@abc.example", false},
	{"Northwind Traders Ltd.", "Jane Miller", "jane@northwind.example", true},
	{"O'Brien & Söhne GmbH", "Ulrike Groß", "ulrike@obrien.example", true},
	{"Contoso, Inc.", "Sam \"Sammy\" Reed", "sam@contoso.example", true},
}

var appendices = []string{"別紙1_料金表", "別紙2_仕様書", "注文書", "Appendix A", "見積書"}

// times are when document i was made, sent and concluded.
func (g *generator) times(i int) (created, sent, processed time.Time) {
	created = g.from.Add(time.Duration(i) * g.step).Truncate(time.Second)
	sent = created.Add(g.step / 4).Truncate(time.Microsecond)
	processed = created.Add(g.step/2 + time.Duration(g.random.Int64N(int64(g.step/4)+1))).Truncate(time.Microsecond)
	return created, sent, processed
}

func (g *generator) contract(i, n, files int, a Account) Document {
	kind := kinds[g.random.IntN(len(kinds))]
	party := counterparties[g.random.IntN(len(counterparties))]
	created, sent, processed := g.times(i)
	title := kind.ja + "（" + party.name + "）"
	if party.english {
		title = kind.en + " - " + party.name
	}
	d := Document{
		ID: g.ids.id("document"), UserID: g.owner.ID, Title: title, Note: party.name,
		Message: "ご確認をお願いいたします。", Status: Concluded, CanTransfer: g.random.IntN(4) == 0,
		Private: n < a.Private, SentAt: sent, CreatedAt: created, UpdatedAt: processed.Truncate(time.Second),
		Participants: []Participant{
			{Email: g.owner.Email, Name: g.owner.Name, Organization: g.owner.Organization, Status: Sent},
			{Email: party.mail, Name: party.person, Organization: party.name, Status: Sealed, ProcessedAt: processed},
		},
	}
	if n >= a.Documents-a.Imported {
		d.Status, d.SentAt, d.Note, d.Message = Imported, time.Time{}, "", ""
		d.Participants = d.Participants[:1]
		d.Participants[0].ProcessedAt = processed
	}
	d.Files = g.files(title, files)
	d.Attribute = g.attribute(n, title, party.name, created, processed)
	return d
}

func (g *generator) files(title string, n int) []File {
	out := make([]File, n)
	for i := range out {
		name := title
		if i > 0 {
			name = appendices[g.random.IntN(len(appendices))]
		}
		out[i] = File{ID: g.ids.id("file"), Name: name + ".pdf", TotalPages: 1}
	}
	return out
}

// other is document i of the account, and its nth that is no contract.
func (g *generator) other(i, n int) Document {
	created, _, processed := g.times(i)
	d := Document{
		ID: g.ids.id("document"), UserID: g.owner.ID, CreatedAt: created, UpdatedAt: created,
		Title: kinds[g.random.IntN(len(kinds))].ja, Status: []Status{Draft, Pending, Declined, Template}[n%4],
	}
	sender := Participant{Email: g.owner.Email, Name: g.owner.Name, Organization: g.owner.Organization, Status: Sent}
	party := counterparties[g.random.IntN(len(counterparties))]
	recipient := Participant{Email: party.mail, Name: party.person, Organization: party.name}
	switch d.Status {
	case Pending:
		recipient.Status, recipient.AccessExpiresAt = WaitingForReview, created.AddDate(0, 0, 10)
	case Declined:
		recipient.Status, recipient.ProcessedAt = Refused, processed
		d.DeclineComment = "条件を再検討します。"
	default:
		sender.Status, recipient.Status = ParticipantDraft, ParticipantDraft
	}
	d.Participants = []Participant{sender, recipient}
	return d
}

// attribute varies which of the nine fields are there: none at all, all, or
// each by chance.
func (g *generator) attribute(n int, title, party string, created, processed time.Time) *Attribute {
	if n%8 == 5 {
		return nil
	}
	all := n%8 == 0
	has := func() bool { return g.random.IntN(3) > 0 || all }
	start := processed.AddDate(0, 0, g.random.IntN(30))
	a := &Attribute{CreatedAt: created, UpdatedAt: processed.Truncate(time.Second)}
	if has() {
		a.Title = title
	}
	if has() {
		a.Counterparty = party
	}
	if has() {
		a.ContractAt = processed.Format(time.DateOnly)
	}
	if has() {
		a.ValidityStartAt = start.Format(time.DateOnly)
	}
	if has() {
		end := start.AddDate(1+g.random.IntN(3), 0, -1)
		a.ValidityEndAt = end.Format(time.DateOnly)
		if has() {
			a.ValidityEndNoticeAt = end.AddDate(0, -3, 0).Format(time.DateOnly)
		}
	}
	if has() {
		a.AutoUpdate = AutoUpdate(1 + g.random.IntN(2))
	}
	if has() {
		a.LocalID = fmt.Sprintf("%s-%05d", processed.Format("2006"), n+1)
	}
	if has() {
		a.Amount = new(g.amount(n))
	}
	if g.random.IntN(5) == 0 {
		a.Options = []AttributeOption{{Order: 1, Content: "営業部"}, {Order: 2, Content: "原本なし"}}
	}
	return a
}

// amount takes the odd values in turn and ordinary ones between them.
func (g *generator) amount(n int) int64 {
	switch n % 16 {
	case 0:
		return 0
	case 4:
		return -250_000
	case 8:
		return 3_500_000_000 // more than 32 bits hold
	default:
		return 10_000 * (1 + g.random.Int64N(2_000))
	}
}
