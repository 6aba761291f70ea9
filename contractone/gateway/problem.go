package gateway

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/api"
)

// problemPrefix is what the types of the contract's own problems begin with.
const problemPrefix = "urn:countersign:ledger-gateway:"

// Codes of the contract's own problems (Error.Code): the ends of their types.
const (
	CodeQuota       = "quota"
	CodePlan        = "plan"
	CodeAccess      = "access"
	CodeStorage     = "storage"
	CodeInvalid     = "invalid"
	CodeNotPDF      = "not-pdf"
	CodeSizeDiffers = "size-differs"
)

var kinds = map[string]error{
	CodeQuota:       contractone.ErrQuota,
	CodePlan:        contractone.ErrPlanNotSupported,
	CodeAccess:      contractone.ErrAccessRestricted,
	CodeStorage:     contractone.ErrStorage,
	CodeInvalid:     countersign.ErrInvalid,
	CodeNotPDF:      contractone.ErrNotPDF,
	CodeSizeDiffers: contractone.ErrSizeDiffers,
}

// parseError reads problem details (RFC 9457). Proxies answer with other bodies,
// of which the status is all that can be said.
func parseError(_ int, header http.Header, body []byte) api.Detail {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || (media != "application/problem+json" && media != "application/json") {
		return api.Detail{}
	}
	var m struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Pointer string `json:"pointer"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &m) != nil {
		return api.Detail{}
	}
	d := api.Detail{Message: m.Detail}
	if d.Message == "" {
		d.Message = m.Title
	}
	code, own := strings.CutPrefix(m.Type, problemPrefix)
	switch {
	case own:
		d.Code, d.Kind = code, kinds[code]
	case m.Type != "about:blank":
		d.Code = m.Type
	}
	for _, e := range m.Errors[:min(len(m.Errors), 50)] {
		d.Fields = append(d.Fields, countersign.FieldError{Name: e.Pointer, Message: e.Detail})
	}
	return d
}
