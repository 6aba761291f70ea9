package docusigntest

import (
	"net/http"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// Option sets how a server behaves. The options marked "undocumented" stand for
// behaviour that the service's documentation leaves open.
type Option func(*config)

type config struct {
	clock          *countersigntest.Clock
	seed           uint64
	logSize        int
	hourly         int
	burst          int
	limitStatus    int
	pollLimit      int
	pageSize       int
	withoutNext    bool
	keepRefresh    bool
	refreshLife    time.Duration
	textDefault    bool
	transactionLag time.Duration
	noConnect      bool
	client         *http.Client
}

func defaults() config {
	return config{
		clock: &countersigntest.Clock{}, logSize: 10_000, hourly: 3000, burst: 200,
		limitStatus: http.StatusTooManyRequests, pageSize: 100, refreshLife: 30 * 24 * time.Hour,
		client: &http.Client{Timeout: 100 * time.Second},
	}
}

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(o *config) { o.clock = c } }

// WithSeed sets what the generated ids and the chances of faults start from; the
// default is 0. Servers with equal seeds that are used in the same way have equal
// ids.
func WithSeed(seed uint64) Option { return func(o *config) { o.seed = seed } }

// WithLogSize sets how many requests the log keeps, 10,000 by default. Counts are
// exact whatever it is.
func WithLogSize(entries int) Option { return func(o *config) { o.logSize = entries } }

// WithHourlyLimit sets how many calls an account has in an hour of the clock; the
// default is the service's 3,000.
func WithHourlyLimit(n int) Option { return func(o *config) { o.hourly = n } }

// WithBurstLimit sets how many calls an account has in 30 seconds; the default is
// the 200 of the demo environment, production has 500.
func WithBurstLimit(n int) Option { return func(o *config) { o.burst = n } }

// WithLimitStatus sets the HTTP status of a used up limit: 429, the default, or
// the 400 that the service answered until April 2026.
func WithLimitStatus(status int) Option { return func(o *config) { o.limitStatus = status } }

// WithPollingLimit refuses to read one envelope more often than n times an hour.
// The number is undocumented; the default, 0, never refuses.
func WithPollingLimit(n int) Option { return func(o *config) { o.pollLimit = n } }

// WithPageSize sets how many items a page has at most; the service changed it
// several times. The default is 100.
func WithPageSize(n int) Option { return func(o *config) { o.pageSize = n } }

// WithoutNextURI leaves nextUri out of listings, as older answers do.
func WithoutNextURI() Option { return func(o *config) { o.withoutNext = true } }

// WithRefreshTokenKept makes a refresh give the same refresh token again instead
// of another one that ends the former. Which of the two the service does is
// undocumented.
func WithRefreshTokenKept() Option { return func(o *config) { o.keepRefresh = true } }

// WithDefaultAsText writes is_default of user info as text, as the vendor's own
// clients expect it, instead of a boolean.
func WithDefaultAsText() Option { return func(o *config) { o.textDefault = true } }

// WithTransactionLag sets how long after its creation an envelope can be found by
// its transaction id. It is undocumented; the default is at once.
func WithTransactionLag(d time.Duration) Option { return func(o *config) { o.transactionLag = d } }

// WithoutConnect makes an account whose plan has no Connect.
func WithoutConnect() Option { return func(o *config) { o.noConnect = true } }

// WithClient sets the client that delivers Connect messages to addresses that
// [Server.Receive] did not name.
func WithClient(c *http.Client) Option { return func(o *config) { o.client = c } }
