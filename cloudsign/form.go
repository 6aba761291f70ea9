package cloudsign

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// form is a body in the making. It keeps the first thing that the service would
// refuse, so that nothing wrong is sent.
type form struct {
	component string // for errors: "NewParticipant"
	v         url.Values
	secrets   []countersign.Secret
	err       error
}

func newForm(component string) *form { return &form{component: component, v: url.Values{}} }

// needs refuses the form unless ok holds.
func (f *form) needs(field string, ok bool, reason string) {
	if !ok && f.err == nil {
		f.err = &countersign.ConfigError{Component: "cloudsign", Field: f.component + "." + field, Reason: reason}
	}
}

// bound refuses text that is longer than limit characters; 0 is no limit.
func (f *form) bound(field, value string, limit int) {
	f.needs(field, utf8.ValidString(value), "is not UTF-8")
	f.needs(field, limit == 0 || utf8.RuneCountInString(value) <= limit, fmt.Sprintf("is longer than %d characters", limit))
}

func (f *form) required(name, field, value string, limit int) {
	f.needs(field, value != "", "is empty")
	f.text(name, field, value, limit)
}

// text is left out when it is empty.
func (f *form) text(name, field, value string, limit int) {
	if value != "" {
		f.optional(name, field, &value, limit)
	}
}

// optional is left out when it is nil.
func (f *form) optional(name, field string, value *string, limit int) {
	if value == nil {
		return
	}
	f.bound(field, *value, limit)
	f.v.Set(name, *value)
}

func (f *form) secret(name, field string, value countersign.Secret, limit int) {
	if !value.IsZero() {
		f.optionalSecret(name, field, value, limit)
	}
}

func (f *form) optionalSecret(name, field string, value countersign.Secret, limit int) {
	f.bound(field, value.Reveal(), limit)
	f.v.Set(name, value.Reveal())
	f.secrets = append(f.secrets, value)
}

// yes is left out when it is false, which is the service's default.
func (f *form) yes(name string, value bool) {
	if value {
		f.v.Set(name, "true")
	}
}

func (f *form) optionalBool(name string, value *bool) {
	if value != nil {
		f.v.Set(name, strconv.FormatBool(*value))
	}
}

func (f *form) number(name string, value int) { f.v.Set(name, strconv.Itoa(value)) }

func (f *form) optionalNumber(name string, value *int) {
	if value != nil {
		f.number(name, *value)
	}
}

var (
	mobileNumber = regexp.MustCompile(`^0[7-9]0\d{8}$`)
	printable    = regexp.MustCompile(`^[ -~]*$`)
)

func (f *form) mobile(field, value string) {
	f.needs(field, value == "" || mobileNumber.MatchString(value), "is not a mobile number of 11 digits, such as 09012345678")
}

func (f *form) ascii(field, value string) {
	f.needs(field, printable.MatchString(value), "is not printable ASCII")
}
