package docusign

import (
	"net/url"
	"strings"

	"github.com/countersign/countersign"
)

// Environment is one of DocuSign's separate installations. Integration keys,
// secrets, users, templates and Connect configurations exist in one of them.
type Environment string

// The environments.
const (
	Demo       Environment = "demo"       // developer accounts
	Production Environment = "production" // a data centre for each account
)

// ParseEnvironment reads the text of one of the constants. Its error is a
// *countersign.ConfigError.
func ParseEnvironment(s string) (Environment, error) {
	e := Environment(s)
	_, err := e.authHost()
	return e, err
}

// authHost is the host of the account server, which is also the audience of a
// JWT assertion.
func (e Environment) authHost() (string, error) {
	switch e {
	case Demo:
		return "account-d.docusign.com", nil
	case Production:
		return "account.docusign.com", nil
	case "":
		return "", badConfig("Environment", "is empty", "choose demo or production")
	}
	return "", badConfig("Environment", "is not known", "choose demo or production")
}

func badConfig(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "docusign", Field: field, Reason: reason, Fix: fix}
}

// docusignHost checks the address of a data centre before a token goes there:
// https, DocuSign's domains, the usual port.
func docusignHost(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && u.Port() == "" &&
		(strings.HasSuffix(host, ".docusign.net") || strings.HasSuffix(host, ".docusign.com"))
}
