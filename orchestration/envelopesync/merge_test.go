package envelopesync

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
)

var statuses = []docusign.RecipientStatus{docusign.RecipientSent, docusign.RecipientDelivered, docusign.RecipientCompleted, docusign.RecipientDeclined}

// anyRecord draws what a message might say; times are few, so that they collide.
func anyRecord() *rapid.Generator[contactmap.Record] {
	at := rapid.Map(rapid.IntRange(0, 5), func(n int) time.Time { return time.Unix(int64(n)*60, 0).UTC() })
	return rapid.Custom(func(t *rapid.T) contactmap.Record {
		r := contactmap.Record{Account: "a", Envelope: "e", Recipient: "r", Times: map[contactmap.Action]time.Time{}}
		for _, a := range rapid.SliceOfDistinct(rapid.SampledFrom(contactmap.Actions()), rapid.ID[contactmap.Action]).Draw(t, "actions") {
			r.Times[a] = at.Draw(t, "time")
		}
		r.Facts = contactmap.Facts{
			At: at.Draw(t, "at"), Generated: at.Draw(t, "generated"),
			Status: rapid.SampledFrom(statuses).Draw(t, "status"), Subject: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "subject"),
		}
		return r
	})
}

func TestMergeIsALeastUpperBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyRecord().Draw(t, "a"), anyRecord().Draw(t, "b"), anyRecord().Draw(t, "c")
		require.True(t, same(merge(a, a), a), "idempotent")
		require.True(t, same(merge(a, b), merge(b, a)), "commutative")
		require.True(t, same(merge(merge(a, b), c), merge(a, merge(b, c))), "associative")
		for action := range a.Times {
			require.Contains(t, merge(a, b).Times, action, "nothing is lost")
		}
	})
}

// story is a recipient's envelope as it really goes, one message after the other.
type story struct{ messages []contactmap.Record }

func (s *story) happens(a contactmap.Action, status docusign.RecipientStatus) {
	n := len(s.messages)
	r := contactmap.Record{Account: "a", Envelope: "e", Recipient: "r", Times: map[contactmap.Action]time.Time{}}
	if n > 0 {
		maps.Copy(r.Times, s.messages[n-1].Times)
	}
	now := time.Unix(int64(n+1)*60, 0).UTC()
	r.Times[a] = now
	r.Facts = contactmap.Facts{At: now, Generated: now, Status: status}
	s.messages = append(s.messages, r)
}

// machine delivers a story's messages in any order, again and again, and lets the
// handler work in between. What came of it is compared with the story itself.
type machine struct {
	story  story
	chosen []contactmap.Action
	stored contactmap.Record
	got    map[int]bool
	fired  []contactmap.Action
}

func (m *machine) Deliver(t *rapid.T) {
	i := rapid.IntRange(0, len(m.story.messages)-1).Draw(t, "message")
	if len(m.got) == 0 {
		m.stored = m.story.messages[i]
	} else {
		m.stored = merge(m.stored, m.story.messages[i])
	}
	m.got[i] = true
}

func (m *machine) Handle(*rapid.T) {
	m.fired = append(m.fired, steps(&m.stored, m.chosen, m.fired)...)
}

func (m *machine) Check(t *rapid.T) {
	if len(m.got) == 0 {
		return
	}
	last := 0
	for i := range m.got {
		last = max(last, i)
	}
	require.True(t, same(m.stored, m.story.messages[last]), "the newest message that came decides, whatever the order")
	require.True(t, slices.IsSortedFunc(m.fired, func(a, b contactmap.Action) int {
		if a.Before(b) {
			return -1
		}
		return 1
	}), "in the order of the ranks, each once: %v", m.fired)
}

func TestMergeStateMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{got: map[int]bool{}, chosen: rapid.SliceOfNDistinct(rapid.SampledFrom(contactmap.Actions()), 1, 5, rapid.ID[contactmap.Action]).Draw(t, "chosen")}
		m.story.happens(contactmap.Sent, docusign.RecipientSent)
		m.story.happens(contactmap.Delivered, docusign.RecipientDelivered)
		if rapid.Bool().Draw(t, "declines") {
			m.story.happens(contactmap.Declined, docusign.RecipientDeclined)
		} else {
			m.story.happens(contactmap.Completed, docusign.RecipientCompleted)
		}
		t.Repeat(map[string]func(*rapid.T){"Deliver": m.Deliver, "Handle": m.Handle, "": m.Check})
		// In the end everything has come, and what fired is what the story says.
		for i := range m.story.messages {
			m.stored = merge(m.story.messages[i], m.stored)
		}
		if len(m.got) == 0 {
			m.stored = m.story.messages[len(m.story.messages)-1]
		}
		m.Handle(t)
		whole := m.story.messages[len(m.story.messages)-1]
		require.Equal(t, whole.Reached(m.chosen), append([]contactmap.Action(nil), m.fired...))
	})
}
