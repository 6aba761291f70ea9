package activecampaigntest

import (
	"net/http"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// Option sets how a server behaves. The options marked "undocumented" stand for
// behaviour that the service's documentation leaves open.
type Option func(*config)

type config struct {
	clock        *countersigntest.Clock
	seed         uint64
	logSize      int
	perSecond    int
	noRetryAfter bool
	always201    bool
	apply200     bool
	echo         bool
	recordIDs    bool
	listLag      time.Duration
	importDelay  time.Duration
	planStatus   int
	externalGet  bool
	missing400   bool
	digits       bool
}

func defaults() config {
	return config{
		clock: &countersigntest.Clock{}, logSize: 10_000, perSecond: 5,
		listLag: 10 * time.Second, importDelay: 2 * time.Second, externalGet: true,
	}
}

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(o *config) { o.clock = c } }

// WithSeed sets what the generated ids and the chances of faults start from; the
// default is 0.
func WithSeed(seed uint64) Option { return func(o *config) { o.seed = seed } }

// WithLogSize sets how many requests the log keeps, 10,000 by default. Counts are
// exact whatever it is.
func WithLogSize(entries int) Option { return func(o *config) { o.logSize = entries } }

// WithRateLimit sets how many requests the account has in any second; the default
// is the service's 5, and 0 never refuses. Whether the service's second slides or
// starts anew is undocumented; this one slides.
func WithRateLimit(perSecond int) Option { return func(o *config) { o.perSecond = perSecond } }

// WithoutRetryAfter leaves Retry-After out of a 429. The documentation shows the
// header; programs have met answers without it, which is undocumented.
func WithoutRetryAfter() Option { return func(o *config) { o.noRetryAfter = true } }

// WithSyncAlways201 answers every POST /contact/sync with 201. By default a
// contact that existed gives 200; the specification names 201 alone, and which of
// the two holds is undocumented.
func WithSyncAlways201() Option { return func(o *config) { o.always201 = true } }

// WithApply200 answers POST /contactTags with 200 and the contact beside the tag,
// instead of the specification's 201. Which of the two holds is undocumented.
func WithApply200() Option { return func(o *config) { o.apply200 = true } }

// WithEchoedIDs repeats ids in the type in which they were sent, as the service
// does in places; by default they have the type that the specification names. Which
// calls do so is undocumented.
func WithEchoedIDs() Option { return func(o *config) { o.echo = true } }

// WithRecordIDs answers the upsert of a record with the record's own id always. By
// default it is there only when the request had it. Which accounts do so is
// undocumented.
func WithRecordIDs() Option { return func(o *config) { o.recordIDs = true } }

// WithListLag sets how long a new record is missing from listings; it is
// undocumented, and the default is 10 s.
func WithListLag(d time.Duration) Option { return func(o *config) { o.listLag = d } }

// WithImportDelay sets how long a bulk import waits; it is undocumented, and the
// default is 2 s.
func WithImportDelay(d time.Duration) Option { return func(o *config) { o.importDelay = d } }

// WithoutCustomObjects makes an account whose plan has no custom objects of its
// own. With which status the service refuses to create a schema is undocumented:
// 402, 403 or 404; 0 is 403.
func WithoutCustomObjects(status int) Option {
	return func(o *config) {
		if o.planStatus = status; status == 0 {
			o.planStatus = http.StatusForbidden
		}
	}
}

// WithoutExternalGet answers 404 where a record is read by its external id below
// /customObjects; the specification's own path for it stays. Where the service has
// the call is undocumented.
func WithoutExternalGet() Option { return func(o *config) { o.externalGet = false } }

// WithBareRefusals answers 400 with no reason where a record is read or deleted that
// does not exist; by default 404. The specification names 400 alone, and which of
// the two holds is undocumented.
func WithBareRefusals() Option { return func(o *config) { o.missing400 = true } }

// WithDigitAnswers answers event tracking with "1" or "0" instead of JSON. When the
// service does which is undocumented.
func WithDigitAnswers() Option { return func(o *config) { o.digits = true } }
