package contractone

import (
	"context"
	"time"

	"github.com/countersign/countersign"
)

// Ledger is a place that contract files are registered in. Implementations are
// safe for concurrent use, and pass contractonetest.Run. Every method that takes a
// context returns the context's error, and does nothing, when it has ended before.
//
// What more a ledger can do is in the interfaces Searcher, Updater, Digitiser,
// Historian, Opener and Quota. A ledger that states a capability implements its
// interface.
type Ledger interface {
	// Register enters a file. It is idempotent on Draft.Key: when the ledger
	// holds the key, nothing changes, the PDF is not opened and Created is
	// false. It gives the Receipt only after entry and PDF are both kept; on an
	// error neither is, unless the error is a countersign.ErrOutcomeUnknown.
	// After that one, Lookup tells, and registering again is harmless.
	// Refusals are *FileError: Validate's, CopyPDF's, ErrQuota,
	// ErrPlanNotSupported, ErrAccessRestricted.
	Register(ctx context.Context, d Draft) (Receipt, error)
	// Lookup gives the entry of a key. A key that is not there is no error.
	Lookup(ctx context.Context, key Key) (entry Entry, found bool, err error)
	// Capabilities says what this ledger can do. The answer never changes.
	Capabilities() Capabilities
}

// Receipt acknowledges a registration.
type Receipt struct {
	ID           EntryID
	Key          Key
	Created      bool // false: the ledger held the key before, with the values of then
	PDF          PDF  // as kept; of the first registration when Created is false
	RegisteredAt time.Time
}

// Capabilities are what a ledger states about itself.
type Capabilities struct {
	Search   bool // implements Searcher
	Update   bool // implements Updater
	Digitise bool // implements Digitiser
	History  bool // implements Historian
	Open     bool // implements Opener
	Quota    bool // implements Quota
	// Async says that an entry may be found a while after Register gave its
	// receipt, not at once.
	Async bool
	// Durable says that entries outlive the process.
	Durable bool
}

// Searcher finds entries.
type Searcher interface {
	// Search gives one page of the entries that match, in the order of their
	// registration. Page.Total is -1 where counting would cost a second search.
	// An entry that is registered while somebody pages may be missing from the
	// pages. A wrong query is a countersign.ErrInvalid.
	Search(ctx context.Context, q Query) (*countersign.Page[Entry], error)
}

// Updater changes entries on behalf of a user.
type Updater interface {
	// Update applies a user's edit, and records it in the history. The values
	// that it sets, and those that it clears, belong to the user from then on.
	// It does not ask whether the user may: see Entry.EditableBy. An unknown
	// key is a countersign.ErrNotFound.
	Update(ctx context.Context, key Key, p Patch, by Edit) (Entry, error)
}

// Digitiser takes in what operators read from the PDF (データ化).
type Digitiser interface {
	// Digitise fills the items that have no value and that no user cleared. It
	// never replaces a value. An unknown key is a countersign.ErrNotFound.
	Digitise(ctx context.Context, key Key, items Items) (Entry, error)
}

// Historian tells what happened to an entry (更新履歴).
type Historian interface {
	// History gives the changes of an entry, oldest first. An unknown key is a
	// countersign.ErrNotFound.
	History(ctx context.Context, key Key) ([]Change, error)
}

// Opener gives the PDFs back.
type Opener interface {
	// OpenPDF streams the PDF of an entry, byte for byte as it was registered.
	// The caller closes it. An unknown key is a countersign.ErrNotFound.
	OpenPDF(ctx context.Context, key Key) (*countersign.Download, error)
}

// Quota tells how much of the contracted count is left (ご契約件数).
type Quota interface {
	Usage(ctx context.Context) (Usage, error)
}

// Usage is how many registrations were used up. Each file counts as one.
type Usage struct {
	Contracted int64 // -1: no limit
	Used       int64
}

// Remaining is what is left; ok is false when there is no limit.
func (u Usage) Remaining() (n int64, ok bool) {
	if u.Contracted < 0 {
		return 0, false
	}
	return max(0, u.Contracted-u.Used), true
}
