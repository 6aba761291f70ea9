package cloudsigntest

import (
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// Option sets how a server behaves. The options marked "undocumented" stand
// for behaviour that the service's documentation leaves open.
type Option func(*config)

// Order is the order of a list of documents.
type Order int

// The orders of GET /documents and GET /team_documents.
const (
	// NewestFirst is by time of creation, so that rows move to later pages
	// while documents arrive.
	NewestFirst Order = iota
	// OldestFirst is by time of creation; new documents land on the last page.
	OldestFirst
	// LastProcessedFirst is by last_processed_at, newest first, so that rows
	// move whenever a document is concluded. Documents without it come last.
	LastProcessedFirst
)

type config struct {
	clock              *countersigntest.Clock
	seed               uint64
	rateLimit          int
	logSize            int
	pdfSize            int64
	order              Order
	hideImportedInAll  bool
	fromExclusive      bool
	toExclusive        bool
	lenientTimes       bool
	showPrivate        bool
	personalListing    bool
	enterpriseSeesTeam bool
	mayListTeam        func(Authorities) bool
	omitEmpty          bool
	zone               *time.Location
	retryAfter         bool
	countTokens        bool
	limits             Limits
	anyFileName        bool
	mailDomain         func(string) bool
	webhookWait        time.Duration
	webhookRetries     int
	webhookRetryOn     func(status int) bool
	webhookCopies      int
	webhooksReversed   bool
}

func defaults() config {
	return config{
		clock:       &countersigntest.Clock{},
		rateLimit:   800,
		logSize:     10_000,
		pdfSize:     2 << 10,
		mayListTeam: func(a Authorities) bool { return a.TeamDocumentAdministrator },
		zone:        time.UTC,
		limits:      Limits036(),
		mailDomain:  func(string) bool { return true },

		webhookWait:    10 * time.Minute,
		webhookRetries: 3,
		webhookRetryOn: func(status int) bool { return status >= 500 },
		webhookCopies:  1,
	}
}

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(o *config) { o.clock = c } }

// WithSeed sets what the generated ids and the chances of faults start from;
// the default is 0. Servers with equal seeds that are filled in the same way
// have equal ids.
func WithSeed(seed uint64) Option { return func(o *config) { o.seed = seed } }

// WithRateLimit sets how many requests a minute one access token may make; the
// default is the service's 800, and 0 switches the limit off. Beyond it every
// request answers 429 for one minute.
func WithRateLimit(perMinute int) Option { return func(o *config) { o.rateLimit = perMinute } }

// WithLogSize sets how many requests the log keeps, 10,000 by default. Counts
// are exact whatever it is.
func WithLogSize(entries int) Option { return func(o *config) { o.logSize = entries } }

// WithPDFSize sets the size in bytes of the PDF files that the server
// generates; the default is 2,048. A size that is too small for a PDF gives
// the smallest.
func WithPDFSize(bytes int64) Option { return func(o *config) { o.pdfSize = bytes } }

// WithOrder sets the order of lists of documents. It is undocumented; the
// default is NewestFirst, the most demanding to a reader of pages.
func WithOrder(order Order) Option { return func(o *config) { o.order = order } }

// WithImportedInAll sets whether GET /documents lists imported documents
// (status 13) for status -1. It is undocumented; the default is true.
func WithImportedInAll(listed bool) Option { return func(o *config) { o.hideImportedInAll = !listed } }

// WithBounds sets whether from and to include documents processed at exactly
// that time. It is undocumented; the default is true for both.
func WithBounds(fromIncluded, toIncluded bool) Option {
	return func(o *config) { o.fromExclusive, o.toExclusive = !fromIncluded, !toIncluded }
}

// WithLenientTimes sets whether a from or to that is not RFC 3339 is ignored
// instead of refused with 400. It is undocumented; the default is false.
func WithLenientTimes(ignored bool) Option { return func(o *config) { o.lenientTimes = ignored } }

// WithPrivateListed sets whether a document administrator without the
// authority for confidential documents (親展書類管理権限) sees those of
// colleagues. It is undocumented; the default is false.
func WithPrivateListed(listed bool) Option { return func(o *config) { o.showPrivate = listed } }

// WithTeamInDocuments sets whether GET /documents lists the whole team's
// documents for a document administrator, or only those that the user is
// involved in. It is undocumented; the default is true.
func WithTeamInDocuments(listed bool) Option { return func(o *config) { o.personalListing = !listed } }

// WithEnterpriseTeamVisible sets whether users of an Enterprise team see
// documents that were not made with their own client ID. It is undocumented;
// the default is false, as integrators report.
func WithEnterpriseTeamVisible(visible bool) Option {
	return func(o *config) { o.enterpriseSeesTeam = visible }
}

// WithTeamDocumentsFor sets which users may call GET /team_documents. That it
// takes an administrator is documented, which authority is undocumented; the
// default is TeamDocumentAdministrator.
func WithTeamDocumentsFor(allowed func(Authorities) bool) Option {
	return func(o *config) { o.mayListTeam = allowed }
}

// WithEmptyOmitted sets whether members without a value are left out instead
// of null: sent_at, last_processed_at, processed_at, the dates and the amount.
// It is undocumented; the default is false.
func WithEmptyOmitted(omitted bool) Option { return func(o *config) { o.omitEmpty = omitted } }

// WithTimeZone sets the zone in which times are written. It is undocumented;
// the default is UTC, which ends in Z.
func WithTimeZone(zone *time.Location) Option { return func(o *config) { o.zone = zone } }

// WithRetryAfter sets whether 429 carries a Retry-After header. It is
// undocumented; the default is false.
func WithRetryAfter(sent bool) Option { return func(o *config) { o.retryAfter = sent } }

// WithTokenRequestsCounted sets whether POST /token counts towards the rate
// limit of the token that it answers with. It is undocumented; the default is
// false.
func WithTokenRequestsCounted(counted bool) Option {
	return func(o *config) { o.countTokens = counted }
}

// Limits are what a document and an upload may have at most.
type Limits struct {
	UploadBytes   int64 // whole body of POST …/files
	DocumentBytes int64 // all files of a document
	ImportBytes   int64 // file of POST /imported_documents
	Files         int   // of a document
	Recipients    int   // of a document
	// AnyName takes file names with a quotation mark or a backslash at the end,
	// which 0.36.0 refuses.
	AnyName bool
}

// Limits031 are the limits of CloudSign Web API 0.31.0.
func Limits031() Limits {
	return Limits{UploadBytes: 20 << 20, DocumentBytes: 50 << 20, ImportBytes: 50 << 20, Files: 100, Recipients: 128, AnyName: true}
}

// Limits036 are the limits of CloudSign Web API 0.36.0.
func Limits036() Limits {
	l := Limits031()
	l.UploadBytes, l.DocumentBytes, l.AnyName = 50<<20, 200<<20, false
	return l
}

// WithLimits sets the limits; the default is Limits036.
func WithLimits(l Limits) Option { return func(o *config) { o.limits = l } }

// WithAnyFileName sets whether the file name in a part's header may be other
// than ASCII. It is undocumented; the default is false, as users report.
func WithAnyFileName(accepted bool) Option { return func(o *config) { o.anyFileName = accepted } }

// WithMailDomain sets which domains of e-mail addresses exist: the service
// refuses others. The default is all.
func WithMailDomain(exists func(domain string) bool) Option {
	return func(o *config) { o.mailDomain = exists }
}

// WithWebhookRetries sets how often a webhook is sent again, and after how long.
// The default is three times, every ten minutes.
func WithWebhookRetries(times int, wait time.Duration) Option {
	return func(o *config) { o.webhookRetries, o.webhookWait = times, wait }
}

// WithWebhookRetryOn sets after which answers a webhook is sent again; the
// status is 0 when no answer came. It is undocumented but for 5xx, which is the
// default.
func WithWebhookRetryOn(again func(status int) bool) Option {
	return func(o *config) { o.webhookRetryOn = again }
}

// WithWebhookCopies sets how many times each webhook is delivered; the default
// is 1. The vendor promises no single delivery.
func WithWebhookCopies(times int) Option { return func(o *config) { o.webhookCopies = times } }

// WithWebhooksReversed sets whether webhooks that wait are delivered newest
// first. The order is undocumented; the default is false.
func WithWebhooksReversed(reversed bool) Option {
	return func(o *config) { o.webhooksReversed = reversed }
}
