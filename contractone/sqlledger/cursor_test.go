package sqlledger

import (
	"errors"
	"strconv"
	"testing"

	"github.com/countersign/countersign"
)

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"1", "0", "-1", "9223372036854775808", "1 OR 1=1", "\x00", "1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := parseCursor(s)
		if err != nil {
			if !errors.Is(err, countersign.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if again, err := parseCursor(strconv.FormatInt(id, 10)); err != nil || again != id {
			t.Fatalf("%q: %d came back as %d, %v", s, id, again, err)
		}
	})
}
