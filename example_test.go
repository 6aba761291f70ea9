package countersign_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
)

// Every client reports failures the same way: the kind through errors.Is, the
// details through errors.AsType.
func ExampleError() {
	err := fmt.Errorf("first load: %w", &countersign.Error{
		Provider: "cloudsign", Op: "list documents", StatusCode: 429,
		RetryAfter: 30 * time.Second, Kind: countersign.ErrRateLimited,
	})

	if errors.Is(err, countersign.ErrRateLimited) {
		details, _ := errors.AsType[*countersign.Error](err)
		fmt.Println("come back in", details.RetryAfter)
	}
	fmt.Println(err)
	// Output:
	// come back in 30s
	// first load: cloudsign: list documents: 429 too many requests; retry after 30s
}

func ExampleConfigError() {
	_, err := countersign.ParseBaseURL("http://api.example.com")
	fmt.Println(err)
	fmt.Println(errors.Is(err, countersign.ErrInvalid))
	// Output:
	// countersign: BaseURL is http to a host that is not loopback: give an address like https://api.example.com
	// true
}

// A secret shows itself only where it is revealed on purpose.
func ExampleSecret() {
	key := countersign.NewSecret("hunter2")
	fmt.Printf("%v %+v %#v\n", key, struct{ Key countersign.Secret }{key}, key)
	fmt.Println(key.Equal("hunter2"), len(key.Reveal()))
	// Output:
	// [redacted] {Key:[redacted]} countersign.Secret("[redacted]")
	// true 7
}

// A date is a day of the calendar, wherever the program runs.
func ExampleDate() {
	end, _ := countersign.ParseDate("2027-03-31")
	notice := end.AddDays(-90)
	fmt.Println(notice, notice.Before(end), countersign.Date{}.IsZero())
	// Output: 2026-12-31 true true
}

// The three states of a member: set it, clear it, leave it as it is.
func ExampleNullable() {
	type patch struct {
		Title countersign.Nullable[string] `json:"title,omitzero"`
		Note  countersign.Nullable[string] `json:"note,omitzero"`
		Owner countersign.Nullable[string] `json:"owner,omitzero"`
	}
	data, _ := json.Marshal(patch{
		Title: countersign.Value("Lease"),
		Note:  countersign.Null[string](),
	})
	fmt.Println(string(data))
	// Output: {"title":"Lease","note":null}
}

// The digits stay as they came.
func ExampleDecimal() {
	var sale struct{ Price countersign.Decimal }
	_ = json.Unmarshal([]byte(`{"Price": "12.50"}`), &sale)
	fmt.Println(sale.Price)
	// Output: 12.50
}

// Options are the same for all clients; their order does not matter.
func ExampleNewSettings() {
	settings, err := countersign.NewSettings(countersign.Settings{},
		countersign.WithTimeout(time.Minute),
		countersign.WithUserAgent("ledger", "1.2"),
	)
	fmt.Println(settings.Timeout, settings.Retry.MaxAttempts, err)
	// Output: 1m0s 3 <nil>
}
