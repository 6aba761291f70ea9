package cloudsigntest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// state is all that the server remembers. Its methods need the server's lock.
type state struct {
	ids       *ids
	teams     map[string]Team
	firstTeam string
	users     map[string]*member
	firstUser string
	byClient  map[string]*member
	byEmail   map[string]*member
	tokens    map[string]*token
	current   map[string]*token // by user
	documents map[string]*record
	ordered   []*record // ascending by the order of lists, once sorted is true
	sorted    bool
	lists     map[listQuery][]*record // what the queries since the last change selected
	outgoing  []*notice               // webhooks that were not delivered yet
}

type member struct {
	User
	removed bool
}

type record struct {
	Document
	seq int
}

func newState(seed uint64) state {
	return state{
		ids:       newIDs("server", seed),
		teams:     map[string]Team{},
		users:     map[string]*member{},
		byClient:  map[string]*member{},
		byEmail:   map[string]*member{},
		tokens:    map[string]*token{},
		current:   map[string]*token{},
		documents: map[string]*record{},
		sorted:    true,
		lists:     map[listQuery][]*record{},
	}
}

// ids makes ids that look like the service's, from a seed and a counter and
// from nothing else.
type ids struct {
	space string
	seed  uint64
	next  map[string]uint64
}

func newIDs(space string, seed uint64) *ids { return &ids{space, seed, map[string]uint64{}} }

func (g *ids) sum(kind string) [32]byte {
	n := g.next[kind]
	g.next[kind]++
	text := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte(g.space+"\x00"+kind+"\x00"), g.seed), n)
	return sha256.Sum256(text)
}

var lowerBase32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// id is 32 characters long.
func (g *ids) id(kind string) string {
	sum := g.sum(kind)
	return "01" + lowerBase32.EncodeToString(sum[:])[:30]
}

// number counts from 1.
func (g *ids) number(kind string) int64 {
	g.next[kind]++
	return int64(g.next[kind]) //nolint:gosec // it counts calls
}

// uuid is 36 characters long, as client ids and tokens are.
func (g *ids) uuid(kind string) string {
	sum := g.sum(kind)
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// ID makes an id that looks like the service's from a name, such as the
// relative path of a file. Equal names give equal ids.
func ID(name string) string { return newIDs("name", 0).id(name) }

func (st *state) userByClientID(id string) *member { return st.byClient[id] }

// tokenFor gives the user's token, a new one when there is none or it has
// expired.
func (st *state) tokenFor(u *member, now time.Time) *token {
	if t := st.current[u.ID]; t != nil && now.Before(t.expires) {
		return t
	}
	t := &token{value: st.ids.uuid("token"), userID: u.ID, expires: now.Add(tokenLife)}
	st.current[u.ID] = t
	st.tokens[t.value] = t
	return t
}

// insert adds a document. Documents that arrive in order cost nothing to keep
// in order.
func (st *state) insert(d Document, order Order) {
	if st.documents[d.ID] != nil {
		panic("cloudsigntest: there is already a document " + d.ID)
	}
	r := &record{Document: d, seq: len(st.ordered)}
	st.documents[d.ID] = r
	if n := len(st.ordered); n > 0 && compare(st.ordered[n-1], r, order) > 0 {
		st.sorted = false
	}
	st.ordered = append(st.ordered, r)
	st.forget()
}

// remove takes a document out.
func (st *state) remove(r *record) {
	delete(st.documents, r.ID)
	st.ordered = slices.DeleteFunc(st.ordered, func(o *record) bool { return o == r })
	st.forget()
}

// forget drops the lists that a change has made stale.
func (st *state) forget() { clear(st.lists) }

func (st *state) sort(order Order) {
	if !st.sorted {
		slices.SortFunc(st.ordered, func(a, b *record) int { return compare(a, b, order) })
		st.sorted = true
	}
}

func compare(a, b *record, order Order) int {
	x, y := a.CreatedAt, b.CreatedAt
	if order == LastProcessedFirst {
		x, y = a.lastProcessedAt(), b.lastProcessedAt()
	}
	return cmp.Or(x.Compare(y), cmp.Compare(a.seq, b.seq))
}

// teamOf is the team of a user; "" for nobody here.
func (st *state) teamOf(userID string) string {
	if u := st.users[userID]; u != nil {
		return u.TeamID
	}
	return ""
}

func (st *state) user(id string) *member {
	u := st.users[id]
	if u == nil {
		panic(fmt.Sprintf("cloudsigntest: there is no user %q", id))
	}
	return u
}
