package salesdock

import (
	"strings"

	"github.com/countersign/countersign"
)

// Environment is one of Salesdock's installations. Accounts, users and tokens
// exist in one of them.
type Environment string

// The environments.
const (
	Production Environment = "production"
	Staging    Environment = "staging" // for development; accounts are given out by Salesdock
)

// ParseEnvironment reads the text of one of the constants. Its error is a
// *countersign.ConfigError.
func ParseEnvironment(s string) (Environment, error) {
	e := Environment(s)
	_, err := e.Site()
	return e, err
}

// Site is the environment's address, without a slash at the end. Its error is a
// *countersign.ConfigError.
func (e Environment) Site() (string, error) {
	switch e {
	case Production:
		return "https://app.salesdock.nl", nil
	case Staging:
		return "https://app-staging.salesdock.nl", nil
	case "":
		return "", badConfig("Environment", "is empty", "choose production or staging")
	}
	return "", badConfig("Environment", "is not known", "choose production or staging")
}

// validDomain reports whether s stands in an address as it is.
func validDomain(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
	})
}

func badConfig(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "salesdock", Field: field, Reason: reason, Fix: fix}
}
