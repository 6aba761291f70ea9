package salesdock

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Document is a file that can be downloaded. Its address differs each time that it
// is told, and is no part of what the file is.
type Document struct {
	Name      string `json:"name"`
	Extension string `json:"extension,omitempty"`
	Location  string `json:"location"`
}

// download fetches a location. Of the address, which names the production host
// whatever host was called, only the path counts: the token goes nowhere else.
// It must lie below the account's own API.
func (c *conn) download(ctx context.Context, op, location string, opts []countersign.CallOption) (*countersign.Download, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, badConfig("Location", "is not an address", "read the document's list again")
	}
	elements := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i, e := range elements {
		if elements[i], err = url.PathUnescape(e); err != nil {
			return nil, badConfig("Location", "has a broken path", "read the document's list again")
		}
	}
	if len(elements) < 5 || elements[0] != "api" || elements[1] != c.domain || elements[2] != "v1" {
		return nil, badConfig("Location", "is not an address of this account's API", "read the document's list again")
	}
	return c.api.Download(ctx, api.Call{
		Op: op, Method: "GET", Effect: api.Read, Path: api.PathOf(elements...), Query: u.Query(), Accept: "*/*",
	}, opts...)
}

// decodeBase64 reads base64, with or without a data URI in front; nothing for a
// text that is none.
func decodeBase64(s string) []byte {
	if strings.HasPrefix(s, "data:") {
		_, s, _ = strings.Cut(s, ",")
	}
	out, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil
	}
	return out
}
