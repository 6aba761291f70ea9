package salesdock

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // Salesdock's times need Europe/Amsterdam, which slim containers and Windows don't have

	"github.com/countersign/countersign"
)

// amsterdam is the zone of all times without one. The database that is linked in
// always has it.
var amsterdam = mustLoad("Europe/Amsterdam")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic("salesdock: " + err.Error())
	}
	return loc
}

// Location is the zone of Salesdock's times, Europe/Amsterdam. One hour a year
// comes twice there: overlap windows of time by an hour or more.
func Location() *time.Location { return amsterdam }

const (
	stampLayout     = "2006-01-02 15:04:05"
	dutchDateLayout = "02-01-2006"
)

// timeLayouts are all layouts that answers were seen in. Those without a zone
// are Amsterdam's.
var timeLayouts = []string{
	time.RFC3339Nano, stampLayout, "02-01-2006 15:04:05", time.DateOnly, dutchDateLayout,
	"2006-01-02T15:04:05", "02-01-2006 15:04", "2006-01-02 15:04",
}

// Time is a point in time in any of Salesdock's layouts. A text that is none of
// them, such as a masked one, is kept in Raw with a zero Time.
type Time struct {
	time.Time
	Raw string // as it came; empty: there was none
}

// ParseTime reads a time in any of Salesdock's layouts. Its error is a
// countersign.ErrInvalid.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, amsterdam); err == nil && t.Year() > 0 {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("salesdock: not a time in a layout of Salesdock: %w", countersign.ErrInvalid)
}

// UnmarshalJSON reads a text or null and never fails for its contents.
func (t *Time) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	at, _ := ParseTime(strings.TrimSpace(s)) // what is no time stays in Raw
	*t = Time{Time: at, Raw: s}
	return nil
}

// MarshalJSON writes what came, so that reading it again gives the same.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.Raw == "" && t.IsZero() {
		return []byte("null"), nil
	}
	if t.Raw == "" {
		return json.Marshal(stamp(t.Time))
	}
	return json.Marshal(t.Raw)
}

// Date is a day in any of Salesdock's layouts. A text that is none of them, such
// as a masked one, is kept in Raw with a zero Date.
type Date struct {
	countersign.Date
	Raw string // as it came; empty: there was none
}

// ParseDate reads YYYY-MM-DD and DD-MM-YYYY, and the day of a time in Amsterdam.
// Its error is a countersign.ErrInvalid.
func ParseDate(s string) (countersign.Date, error) {
	t, err := ParseTime(s)
	if err != nil {
		return countersign.Date{}, err
	}
	return countersign.DateOf(t.In(amsterdam)), nil
}

// UnmarshalJSON reads a text or null and never fails for its contents.
func (d *Date) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	day, _ := ParseDate(strings.TrimSpace(s)) // what is no day stays in Raw
	*d = Date{Date: day, Raw: s}
	return nil
}

// MarshalJSON writes what came, so that reading it again gives the same.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.Raw == "" && d.IsZero() {
		return []byte("null"), nil
	}
	if d.Raw == "" {
		return json.Marshal(d.String())
	}
	return json.Marshal(d.Raw)
}

// stamp writes a time as Salesdock reads one; nothing for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(amsterdam).Format(stampLayout)
}

// dutchDate writes a day as DD-MM-YYYY; nothing for the zero date.
func dutchDate(d countersign.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.In(time.UTC).Format(dutchDateLayout)
}
