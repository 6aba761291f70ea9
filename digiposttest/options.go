package digiposttest

import (
	"net/http"

	"github.com/countersign/countersign/countersigntest"
)

// Option sets how a server behaves. The options marked "undocumented" stand for
// behaviour that Digipost's documentation leaves open.
type Option func(*config)

// Escaping is how the # of a Digipost address stands in the link back.
type Escaping int

// The ways. Digipost's documentation shows the first; which one it really sends
// is undocumented.
const (
	LiteralHash  Escaping = iota // kunde123#1A2B, after which everything is a fragment
	EscapedHash                  // kunde123%231A2B
	EscapedTwice                 // kunde123%25231A2B
)

type config struct {
	clock    *countersigntest.Clock
	seed     uint64
	escaping Escaping
	method   string
	both     bool
	moved    bool

	noOrgLookup bool
	plainDates  bool
	olderInbox  bool
	gzip        bool
	twice       bool
	replaces    bool
	batchOnce   bool
	eventPage   int
	watch       func([]byte)
	spoil       func(http.Header)
}

func defaults() config { return config{clock: &countersigntest.Clock{}, method: "GET"} }

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(o *config) { o.clock = c } }

// WithSeed sets what the chances of faults start from; the default is 0.
func WithSeed(seed uint64) Option { return func(o *config) { o.seed = seed } }

// WithEscaping sets how the link back carries the Digipost address. It is
// undocumented; the default is LiteralHash, as in the documentation's example.
func WithEscaping(e Escaping) Option { return func(o *config) { o.escaping = e } }

// WithBackendMethod sets the method of back-end callbacks: GET, HEAD or POST, the
// last with a form. It is undocumented; the default is GET.
func WithBackendMethod(method string) Option { return func(o *config) { o.method = method } }

// WithBackendInBothFlows sets whether the back-end callback is also sent in the
// full-automatic flow. It is undocumented; the default is false.
func WithBackendInBothFlows(sent bool) Option { return func(o *config) { o.both = sent } }

// WithMovedRegistration sets whether the registration's address redirects to another
// host, as a site does that asks for a login first. It is undocumented; the default
// is false.
func WithMovedRegistration(moved bool) Option { return func(o *config) { o.moved = moved } }

// WithOrganisationLookup sets whether brokers may ask for senders by organisation
// number. It is undocumented; the default is true.
func WithOrganisationLookup(allowed bool) Option { return func(o *config) { o.noOrgLookup = !allowed } }

// WithPlainArchiveDates sets whether queries of archives take dates as they are
// instead of in Base64. It is undocumented; the default is false.
func WithPlainArchiveDates(plain bool) Option { return func(o *config) { o.plainDates = plain } }

// WithOlderInbox sets whether inboxes carry content-uri and delete-uri, which
// Digipost's schema calls deprecated, instead of links. The default is false.
func WithOlderInbox(older bool) Option { return func(o *config) { o.olderInbox = older } }

// WithCompletingTwice sets whether a batch that is committed may be completed again.
// It is undocumented; the default is false.
func WithCompletingTwice(allowed bool) Option { return func(o *config) { o.twice = allowed } }

// WithArchiveReplacing sets whether an archived document replaces one of the same
// UUID instead of being refused. It is undocumented; the default is false.
func WithArchiveReplacing(replaces bool) Option { return func(o *config) { o.replaces = replaces } }

// WithBatchesOnce sets whether creating a batch of a UUID that there is already is
// refused instead of giving that batch. It is undocumented; the default is false.
func WithBatchesOnce(refused bool) Option { return func(o *config) { o.batchOnce = refused } }

// WithLargestEventPage sets how many events are given at a time, however many are
// asked for. It is undocumented; the default, 0, is as many as are asked for.
func WithLargestEventPage(n int) Option { return func(o *config) { o.eventPage = n } }

// WithGzip sets whether answers are compressed, asked for or not; the hash is of the
// compressed bytes. The default is false.
func WithGzip(compressed bool) Option { return func(o *config) { o.gzip = compressed } }

// WithDocuments is told each XML document that comes in or goes out, so that tests
// can check it against Digipost's schema.
func WithDocuments(watch func(document []byte)) Option { return func(o *config) { o.watch = watch } }

// WithSpoiltAnswers lets a test change the header of each signed answer, as
// somebody in between would.
func WithSpoiltAnswers(spoil func(http.Header)) Option { return func(o *config) { o.spoil = spoil } }
