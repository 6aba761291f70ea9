package cloudsign

import (
	"net/url"

	"github.com/countersign/countersign"
)

// DocumentPageURL is the page of a document (CloudSign Web API 0.31.0, text of the
// webhook). It is published for production; the sandbox's is inferred from the
// address of its web site. For the LGWAN environments none is published: the
// error is a *NoPageError.
func DocumentPageURL(e Environment, id DocumentID) (string, error) {
	host := ""
	switch e {
	case Production:
		host = "www.cloudsign.jp"
	case Sandbox:
		host = "sandbox.cloudsign.jp"
	default:
		if _, err := e.baseURL(); err != nil {
			return "", err
		}
		return "", &NoPageError{Page: "document", MenuPath: "書類一覧"}
	}
	if id == "" {
		return "", &countersign.ConfigError{Component: "cloudsign", Field: "DocumentID", Reason: "is empty"}
	}
	return (&url.URL{Scheme: "https", Host: host, Path: "/document"}).JoinPath(url.PathEscape(string(id)), "summary").String(), nil
}
