package digipost

import "github.com/countersign/countersign"

// Environment is one of Digipost's separate installations.
type Environment string

// The environments that Digipost's own clients name.
const (
	Production Environment = "production"
	Test       Environment = "test"
	Difitest   Environment = "difitest"
	NHN        Environment = "nhn" // production, reached through the health network
)

// Addresses are where an environment is reached.
type Addresses struct {
	API  string // the REST API
	Auth string // where access tokens are fetched
	// Web is the site where customers register. That of Difitest is known from
	// other pages of Digipost only. Empty: none is known.
	Web string
}

// Addresses gives the environment's addresses. Its error is a
// *countersign.ConfigError that lists the environments.
func (e Environment) Addresses() (Addresses, error) {
	host, web := "", ""
	switch e {
	case Production:
		host, web = "digipost.no", "https://www.digipost.no"
	case Test:
		host, web = "test.digipost.no", "https://test.digipost.no"
	case Difitest:
		host, web = "difitest.digipost.no", "https://www.difitest.digipost.no"
	case NHN:
		host = "nhn.digipost.no"
	default:
		return Addresses{}, &countersign.ConfigError{Component: "digipost", Field: "Environment", Reason: "is not known", Fix: "choose production, test, difitest or nhn"}
	}
	return Addresses{API: "https://api." + host, Auth: "https://midp." + host + "/oauth2/token", Web: web}, nil
}

// ParseEnvironment reads the text of one of the constants. Its error is a
// *countersign.ConfigError that lists them.
func ParseEnvironment(s string) (Environment, error) {
	_, err := Environment(s).Addresses()
	return Environment(s), err
}
