package salelink

import (
	"slices"
	"strconv"
	"strings"

	"github.com/countersign/countersign/mapping/salemap"
)

// subjects are what SaleFacts may know.
var subjects = []string{
	"status", "type", "channel", "business", "source", "flow.id", "flow.identifier", "product.id", "product.identifier", "product.type",
	"supplier.id", "supplier.identifier", "organisation.identifier", "user.id",
}

// checkCondition refuses a condition that could be decided for no sale at all: a
// slip of the pen would keep every sale back.
func checkCondition(c salemap.Condition) error {
	const field = "Policy.Conditions.When"
	for _, part := range slices.Concat(c.Any, c.All) {
		if err := checkCondition(part); err != nil {
			return err
		}
	}
	switch {
	case c.Unreadable != "":
		return configError(field, "can't be decided: "+c.Unreadable, "write it with Any, All and Subject")
	case c.Subject == "" && (len(c.Any) > 0) == (len(c.All) > 0), c.Subject != "" && len(c.Any)+len(c.All) > 0:
		return configError(field, "has a node that is not exactly one of Any, All and Subject", "split it")
	case c.Subject == "":
		return nil
	case !knownSubject(c.Subject):
		return configError(field, "asks for "+strconv.Quote(c.Subject)+", which no sale tells", "the subjects stand at SaleFacts")
	case c.Operator != salemap.Equal && c.Operator != salemap.NotEqual:
		return configError(field, "compares "+strconv.Quote(c.Subject)+" by the operator "+strconv.Quote(string(c.Operator)), "choose salemap.Equal or salemap.NotEqual")
	case len(c.Values) == 0:
		return configError(field, "compares "+strconv.Quote(c.Subject)+" with nothing", "give Values")
	}
	return nil
}

func knownSubject(s string) bool {
	for _, prefix := range []string{"question:", "agreement:"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest != ""
		}
	}
	return slices.Contains(subjects, s)
}
