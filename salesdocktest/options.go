package salesdocktest

import (
	"net/http"

	"github.com/countersign/countersign/countersigntest"
)

// Option sets how a server behaves. The options marked "undocumented" stand for
// behaviour that the service's documentation leaves open.
type Option func(*config)

type config struct {
	clock             *countersigntest.Clock
	seed              uint64
	logSize           int
	limit             int
	pageSize          int
	selfNext          bool
	textCode          bool
	referenceIncoming bool
	uniqueReference   bool
	touchAlways       bool
	withoutRight      int
	integrationOnly   int
	connectAdds       bool
	client            *http.Client
}

func defaults() config {
	return config{
		clock: &countersigntest.Clock{}, logSize: 10_000, limit: 120, pageSize: 20,
		withoutRight: http.StatusForbidden, integrationOnly: http.StatusForbidden,
	}
}

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(o *config) { o.clock = c } }

// WithSeed sets what tokens and the chances of faults start from; the default is 0.
func WithSeed(seed uint64) Option { return func(o *config) { o.seed = seed } }

// WithLogSize sets how many requests the log keeps, 10,000 by default. Counts are
// exact whatever it is.
func WithLogSize(entries int) Option { return func(o *config) { o.logSize = entries } }

// WithRateLimit sets how many calls a user and an address have in a minute of the
// clock; the default is the 120 of the documentation. Answers announce it, so a
// program that keeps to it waits in real time: give long tests more. 0 never
// refuses, and announces a million.
func WithRateLimit(n int) Option { return func(o *config) { o.limit = n } }

// WithPageSize sets how many items a page has; the default is 20. Accounts can
// change it in the application.
func WithPageSize(n int) Option { return func(o *config) { o.pageSize = max(n, 1) } }

// WithLastPageNamingItself has the last page name itself as the next, as two of
// the service's samples do.
func WithLastPageNamingItself() Option { return func(o *config) { o.selfNext = true } }

// WithCodeAsText writes the member code of errors as text, as one of the
// service's samples does.
func WithCodeAsText() Option { return func(o *config) { o.textCode = true } }

// WithReferenceAsIncomingID shows the external_reference of a sale as its
// incoming_id. Whether the service does is undocumented; by default it does not.
func WithReferenceAsIncomingID() Option { return func(o *config) { o.referenceIncoming = true } }

// WithUniqueReference refuses a second sale with the same external_reference.
// Whether the service does is undocumented; by default it takes duplicates.
func WithUniqueReference() Option { return func(o *config) { o.uniqueReference = true } }

// WithEveryChangeTouching moves a product's updated_at also when its tariffs,
// custom fields, documents or rights change. Whether the service does is
// undocumented; by default it does not.
func WithEveryChangeTouching() Option { return func(o *config) { o.touchAlways = true } }

// WithStatusWithoutRight sets the status of a read of a product that the user has
// no right to. It is undocumented; the default is 403.
func WithStatusWithoutRight(status int) Option { return func(o *config) { o.withoutRight = status } }

// WithStatusOfIntegrationToken sets the status of a call with a token for
// integrations alone. It is undocumented; the default is 403.
func WithStatusOfIntegrationToken(status int) Option {
	return func(o *config) { o.integrationOnly = status }
}

// WithRightsAdded adds the products of a connect call to those that are there
// instead of replacing them. Which of the two the service does is undocumented.
func WithRightsAdded() Option { return func(o *config) { o.connectAdds = true } }

// WithClient sets the client that delivers webhooks to addresses that
// [Server.Receive] did not name.
func WithClient(c *http.Client) Option { return func(o *config) { o.client = c } }
