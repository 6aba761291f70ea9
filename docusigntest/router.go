package docusigntest

import (
	"net/http"
	"strings"

	"github.com/countersign/countersign/countersigntest"
)

// router finds the handler of a request. http.ServeMux refuses some of the
// service's paths, which overlap: of those that fit, the one with the fewest
// parameters is meant.
type router struct{ routes []route }

type route struct {
	pattern    string // "GET /restapi/v2.1/accounts/{accountId}/connect"
	segments   []string
	parameters int
	handle     http.HandlerFunc
}

func (rt *router) add(pattern string, handle http.HandlerFunc) {
	_, path, _ := strings.Cut(pattern, " ")
	rt.routes = append(rt.routes, route{pattern, strings.Split(path, "/"), strings.Count(path, "{"), handle})
}

// match gives the route of a request and the values of its parameters.
func (rt *router) match(r *http.Request) (best *route, vars map[string]string) {
	got := strings.Split(r.URL.EscapedPath(), "/")
	for i := range rt.routes {
		one := &rt.routes[i]
		if !strings.HasPrefix(one.pattern, r.Method+" ") || best != nil && best.parameters <= one.parameters {
			continue
		}
		if values, ok := countersigntest.MatchPath(one.segments, got); ok {
			best, vars = one, values
		}
	}
	return best, vars
}
