package cloudsigntest

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/countersigntest"
)

// The operations that the server simulates, as [Server.Log] and the rules of
// [Server.Faults] name them.
const (
	OpToken             = "POST /token"
	OpMe                = "GET /me"
	OpListCabinets      = "GET /cabinets"
	OpListDocuments     = "GET /documents"
	OpListTeamDocuments = "GET /team_documents"
	OpGetDocument       = "GET /documents/{documentID}"
	OpGetAttribute      = "GET /documents/{documentID}/attribute"
	OpGetCertificate    = "GET /documents/{documentID}/certificate"
	OpDownloadFile      = "GET /documents/{documentID}/files/{fileID}"

	OpCreateDocument       = "POST /documents"
	OpUpdateDocument       = "PUT /documents/{documentID}"
	OpSendDocument         = "POST /documents/{documentID}" // and remind
	OpDeleteDocument       = "DELETE /documents/{documentID}"
	OpDeclineDocument      = "PUT /documents/{documentID}/decline"
	OpUpdateAttribute      = "PUT /documents/{documentID}/attribute"
	OpGetAlert             = "GET /documents/{documentID}/alert"
	OpUpdateAlert          = "PUT /documents/{documentID}/alert"
	OpUploadFile           = "POST /documents/{documentID}/files"
	OpDeleteFile           = "DELETE /documents/{documentID}/files/{fileID}"
	OpAddWidget            = "POST /documents/{documentID}/files/{fileID}/widgets"
	OpUpdateWidget         = "PUT /documents/{documentID}/files/{fileID}/widgets/{widgetID}"
	OpDeleteWidget         = "DELETE /documents/{documentID}/files/{fileID}/widgets/{widgetID}"
	OpAddParticipant       = "POST /documents/{documentID}/participants"
	OpUpdateParticipant    = "PUT /documents/{documentID}/participants/{participantID}"
	OpDeleteParticipant    = "DELETE /documents/{documentID}/participants/{participantID}"
	OpCreateSigningURL     = "POST /documents/{documentID}/participants/{participantID}/signing_url"
	OpAddReportee          = "POST /documents/{documentID}/reportees"
	OpUpdateReportee       = "PUT /documents/{documentID}/reportees/{reporteeID}"
	OpDeleteReportee       = "DELETE /documents/{documentID}/reportees/{reporteeID}"
	OpAddAttachment        = "POST /documents/{documentID}/attachments"
	OpUpdateAttachment     = "PUT /documents/{documentID}/attachments/{attachmentID}"
	OpDeleteAttachment     = "DELETE /documents/{documentID}/attachments/{attachmentID}"
	OpDownloadAttachedFile = "GET /documents/{documentID}/attachments/{attachmentID}/attached_files/{attachedFileID}"
	OpImportDocument       = "POST /imported_documents"
)

// route is one path of the service.
type route struct {
	path    string
	methods []string
}

var routes = []route{
	{"/token", []string{"GET", "POST"}},
	{"/me", []string{"GET"}},
	{"/cabinets", []string{"GET"}},
	{"/team_documents", []string{"GET"}},
	{"/imported_documents", []string{"POST"}},
	{"/documents", []string{"GET", "POST"}},
	{"/documents/{documentID}", []string{"GET", "POST", "PUT", "DELETE"}},
	{"/documents/{documentID}/attribute", []string{"GET", "PUT"}},
	{"/documents/{documentID}/alert", []string{"GET", "PUT"}},
	{"/documents/{documentID}/certificate", []string{"GET"}},
	{"/documents/{documentID}/decline", []string{"PUT"}},
	{"/documents/{documentID}/files", []string{"POST"}},
	{"/documents/{documentID}/files/{fileID}", []string{"GET", "DELETE"}},
	{"/documents/{documentID}/files/{fileID}/widgets", []string{"POST"}},
	{"/documents/{documentID}/files/{fileID}/widgets/{widgetID}", []string{"PUT", "DELETE"}},
	{"/documents/{documentID}/participants", []string{"POST"}},
	{"/documents/{documentID}/participants/{participantID}", []string{"PUT", "DELETE"}},
	{"/documents/{documentID}/participants/{participantID}/signing_url", []string{"POST"}},
	{"/documents/{documentID}/reportees", []string{"POST"}},
	{"/documents/{documentID}/reportees/{reporteeID}", []string{"PUT", "DELETE"}},
	{"/documents/{documentID}/attachments", []string{"POST"}},
	{"/documents/{documentID}/attachments/{attachmentID}", []string{"PUT", "DELETE"}},
	{"/documents/{documentID}/attachments/{attachmentID}/attached_files/{attachedFileID}", []string{"GET"}},
}

// match finds the route of an escaped path and the values of its parameters.
func match(escaped string) (route, map[string]string, bool) {
	got := strings.Split(escaped, "/")
	for _, rt := range routes {
		if vars, ok := countersigntest.MatchPath(strings.Split(rt.path, "/"), got); ok {
			return rt, vars, true
		}
	}
	return route{}, nil, false
}

func describe(r *http.Request) countersigntest.Call {
	rt, vars, ok := match(r.URL.EscapedPath())
	if !ok {
		return countersigntest.Call{}
	}
	call := countersigntest.Call{Operation: r.Method + " " + rt.path, Subject: vars["documentID"]}
	if file := vars["fileID"]; file != "" {
		call.Subject = FileSubject(call.Subject, file)
	}
	return call
}

// call is one request on its way through the server.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	vars map[string]string
	form url.Values // of a call that is a form
	user User
	team Team
}

var handlers = map[string]func(*Server, *call){
	OpMe:                (*Server).me,
	OpListCabinets:      (*Server).listCabinets,
	OpListDocuments:     (*Server).listDocuments,
	OpListTeamDocuments: (*Server).listTeamDocuments,
	OpGetDocument:       (*Server).getDocument,
	OpGetAttribute:      (*Server).getAttribute,
	OpGetCertificate:    (*Server).getCertificate,
	OpDownloadFile:      (*Server).downloadFile,

	OpCreateDocument:       (*Server).createDocument,
	OpUpdateDocument:       (*Server).updateDocument,
	OpSendDocument:         (*Server).sendDocument,
	OpDeleteDocument:       (*Server).deleteDocument,
	OpDeclineDocument:      (*Server).declineDocument,
	OpUpdateAttribute:      (*Server).updateAttribute,
	OpGetAlert:             (*Server).getAlert,
	OpUpdateAlert:          (*Server).updateAlert,
	OpUploadFile:           (*Server).uploadFile,
	OpDeleteFile:           (*Server).deleteFile,
	OpAddWidget:            (*Server).addWidget,
	OpUpdateWidget:         (*Server).updateWidget,
	OpDeleteWidget:         (*Server).deleteWidget,
	OpAddParticipant:       (*Server).addParticipant,
	OpUpdateParticipant:    (*Server).updateParticipant,
	OpDeleteParticipant:    (*Server).deleteParticipant,
	OpCreateSigningURL:     (*Server).createSigningURL,
	OpAddReportee:          (*Server).addReportee,
	OpUpdateReportee:       (*Server).updateReportee,
	OpDeleteReportee:       (*Server).deleteReportee,
	OpAddAttachment:        (*Server).addAttachment,
	OpUpdateAttachment:     (*Server).updateAttachment,
	OpDeleteAttachment:     (*Server).deleteAttachment,
	OpDownloadAttachedFile: (*Server).downloadAttachedFile,
	OpImportDocument:       (*Server).importDocument,
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	rt, vars, ok := match(r.URL.EscapedPath())
	c := &call{w: w, r: r, vars: vars}
	switch {
	case !ok:
		c.fail(http.StatusNotFound, "not_found", "no such path")
		return
	case !slices.Contains(rt.methods, r.Method):
		c.fail(http.StatusMethodNotAllowed, "method_not_allowed", "method not allowed")
		return
	}
	if rt.path == "/token" {
		s.token(c)
		return
	}
	if s.admit(c) {
		handlers[r.Method+" "+rt.path](s, c)
	}
}

func (c *call) answer(v any) { writeJSON(c.w, http.StatusOK, v) }

func (c *call) fail(status int, code, message string) { fail(c.w, status, code, message) }

func fail(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, wireError{code, message})
}

// writeJSON ends with the last byte of the value, without a line break: a
// reader that has the value has the whole answer.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the wire types hold nothing that cannot be written
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the only error is a client that went away
}

// refuse writes the service's error for an injected 429; what a gateway
// answers is left to countersigntest.
func refuse(w http.ResponseWriter, status int) bool {
	if status != http.StatusTooManyRequests {
		return false
	}
	fail(w, status, "too_many_requests", "too many requests")
	return true
}

// addressAllowed follows the team's restriction of source addresses.
func addressAllowed(t Team, r *http.Request) bool {
	if len(t.AllowedAddresses) == 0 {
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(t.AllowedAddresses, func(p netip.Prefix) bool {
		return p.Contains(addr.Unmap())
	})
}
