package cloudsign

import (
	"net/url"

	"github.com/countersign/countersign"
)

// Environment is one of CloudSign's separate installations. A client ID is
// valid in one of them.
type Environment string

// The environments of the specification's list of servers.
const (
	Production   Environment = "production"
	Sandbox      Environment = "sandbox"       // applied for together with the Web API; shares nothing with production
	LGWAN        Environment = "lgwan"         // the local governments' network
	LGWANSandbox Environment = "lgwan-sandbox" // sandbox inside that network
)

// ParseEnvironment reads the text of one of the constants. Its error is a
// *countersign.ConfigError that lists them.
func ParseEnvironment(s string) (Environment, error) {
	e := Environment(s)
	_, err := e.baseURL()
	return e, err
}

func (e Environment) baseURL() (*url.URL, error) {
	var host string
	switch e {
	case Production:
		host = "api.cloudsign.jp"
	case Sandbox:
		host = "api-sandbox.cloudsign.jp"
	case LGWAN:
		host = "lgwan-api.cloudsign.jp"
	case LGWANSandbox:
		host = "lgwan-api-sandbox.cloudsign.jp"
	default:
		return nil, &countersign.ConfigError{Component: "cloudsign", Field: "Environment", Reason: "is not known", Fix: "choose production, sandbox, lgwan or lgwan-sandbox"}
	}
	return &url.URL{Scheme: "https", Host: host}, nil
}

// NoPageError says that the service publishes no address for a page, and where
// its menus lead to it.
type NoPageError struct {
	Page     string // what was asked for: "client ID"
	MenuPath string // "管理画面 > アカウント > クライアントID"
}

// Error names the page and the menu path.
func (e *NoPageError) Error() string {
	return "cloudsign: no address is published for the " + e.Page + " page: sign in and open " + e.MenuPath
}

const clientIDMenu = "管理画面 > アカウント > クライアントID"

// ClientIDPageURL is the page where a signed-in user makes a client ID. The
// address for production stands in the specification (POST /token); the one for
// the sandbox is known from integrators only. For the LGWAN environments none is
// published: the error is a *NoPageError with the menu path.
func ClientIDPageURL(e Environment) (string, error) {
	switch e {
	case Production:
		return "https://www.cloudsign.jp/api/clients", nil
	case Sandbox:
		return "https://sandbox.cloudsign.jp/api/clients", nil
	}
	if _, err := e.baseURL(); err != nil {
		return "", err
	}
	return "", &NoPageError{Page: "client ID", MenuPath: clientIDMenu}
}

// clientIDHelp says where to get a client ID.
func clientIDHelp(e Environment) string {
	if page, err := ClientIDPageURL(e); err == nil {
		return "create one on " + page
	}
	return "create one in " + clientIDMenu
}
