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

// OnboardingPage is a web page on which a person prepares an account for the API.
type OnboardingPage string

// The pages, in the order in which they are needed.
const (
	// APIApplicationPage is where the Web API, and the sandbox with it, is
	// applied for.
	APIApplicationPage OnboardingPage = "API application"
	// ClientIDPage is where a signed-in user makes a client ID.
	ClientIDPage OnboardingPage = "client ID"
	// WebhookPage is where a team's administrator enters the addresses of
	// webhook receivers, up to 20.
	WebhookPage OnboardingPage = "webhook"
)

// The vendor's own words for the way to each page: the specification's POST
// /token for the client ID, the help centre's articles 2681259 and 417935 for
// the others.
var menuPaths = map[OnboardingPage]string{
	APIApplicationPage: "help.cloudsign.jp > クラウドサイン Web API 利用ガイド > Web API利用申込み",
	ClientIDPage:       "管理画面 > アカウント > クライアントID",
	WebhookPage:        "管理画面 > チーム設定 > Webhook",
}

// NoPageError says that the service publishes no address for a page, and where
// its menus lead to it.
type NoPageError struct {
	Page        OnboardingPage
	Environment Environment
	MenuPath    string // "管理画面 > アカウント > クライアントID"
}

// Error names the page and the menu path.
func (e *NoPageError) Error() string {
	return "cloudsign: no address is published for the " + string(e.Page) + " page (" + string(e.Environment) + "): sign in and open " + e.MenuPath
}

// PageURL is the address of an onboarding page. One is published for client IDs
// in production (CloudSign Web API 0.31.0, POST /token); the one in the sandbox
// is known from integrators alone. For all else there is none: the error is a
// *NoPageError with the menu path.
func PageURL(e Environment, p OnboardingPage) (string, error) {
	if _, err := e.baseURL(); err != nil {
		return "", err
	}
	menu, known := menuPaths[p]
	switch {
	case !known:
		return "", &countersign.ConfigError{Component: "cloudsign", Field: "OnboardingPage", Reason: "is not known"}
	case p == ClientIDPage && e == Production:
		return "https://www.cloudsign.jp/api/clients", nil
	case p == ClientIDPage && e == Sandbox:
		return "https://sandbox.cloudsign.jp/api/clients", nil
	}
	return "", &NoPageError{Page: p, Environment: e, MenuPath: menu}
}

// ClientIDPageURL is PageURL of the page that everybody needs.
func ClientIDPageURL(e Environment) (string, error) { return PageURL(e, ClientIDPage) }

// clientIDHelp says where to get a client ID.
func clientIDHelp(e Environment) string {
	if page, err := ClientIDPageURL(e); err == nil {
		return "create one on " + page
	}
	return "create one in " + menuPaths[ClientIDPage]
}
