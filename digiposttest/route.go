package digiposttest

import (
	"net/http"
	"strings"

	"github.com/countersign/countersign/countersigntest"
)

// The operations of the API that the server simulates, as [Server.Log] and the
// rules of [Server.Faults] name them. Where Digipost publishes no path but a link's
// relation, the server's path says "example".
const (
	OpEntryPoint         = "GET /"
	OpSenderEntryPoint   = "GET /{senderID}"
	OpSender             = "GET sender information"
	OpIdentify           = "POST /identification"
	OpSearch             = "GET search"
	OpSuggest            = "GET autocomplete"
	OpCreateAccount      = "POST user account"
	OpAddTag             = "POST add tag"
	OpRemoveTag          = "POST remove tag"
	OpTags               = "GET tags"
	OpSend               = "POST /messages"
	OpStatus             = "GET /documents/{senderID}/{uuid}/status"
	OpEvents             = "GET /documents/events"
	OpAddData            = "POST additional data"
	OpInbox              = "GET /{senderID}/inbox"
	OpInboxContent       = "GET /{senderID}/inbox/{id}/content"
	OpInboxDelete        = "DELETE /{senderID}/inbox/{id}"
	OpCreateBatch        = "POST batch"
	OpGetBatch           = "GET batch"
	OpCompleteBatch      = "POST complete batch"
	OpCancelBatch        = "DELETE batch"
	OpArchives           = "GET archives"
	OpArchive            = "GET archive"
	OpArchiveAdd         = "POST archive"
	OpArchiveGet         = "GET archived document"
	OpArchiveByReference = "GET archived documents by reference"
	OpArchiveUpdate      = "PUT archived document"
	OpArchiveDelete      = "DELETE archived document"
	OpArchiveAddUUID     = "POST UUID of archived document"
	OpArchiveContent     = "GET archived content"
	OpArchiveLink        = "GET link to archived content"
	OpShared             = "GET /{senderID}/share-documents-requests/uuid/{uuid}"
	OpSharedContent      = "GET shared content"
	OpSharedLink         = "GET link to shared content"
	OpStopSharing        = "POST stop sharing"
	OpContent            = "GET one-time content" // at the host of files
)

// route is one operation: its method, its path and what answers it.
type route struct {
	op, method, path string
	handle           func(*Server, *call)
}

var routes = []route{
	{OpEntryPoint, "GET", "/", (*Server).entryPoint},
	{OpSender, "GET", "/sender-information-example", (*Server).senderInformation},
	{OpSender, "GET", "/sender-information-example/{sender}", (*Server).senderInformation},
	{OpIdentify, "POST", "/identification", (*Server).identify},
	{OpSearch, "GET", "/search-example/{term}", (*Server).search},
	{OpSuggest, "GET", "/autocomplete-example/{term}", (*Server).suggest},
	{OpCreateAccount, "POST", "/user-account-example", (*Server).createAccount},
	{OpAddTag, "POST", "/tags-example/add", (*Server).addTag},
	{OpRemoveTag, "POST", "/tags-example/remove", (*Server).removeTag},
	{OpTags, "GET", "/tags-example", (*Server).tags},
	{OpSend, "POST", "/messages", (*Server).send},
	{OpStatus, "GET", "/documents/{sender}/{uuid}/status", (*Server).status},
	{OpEvents, "GET", "/documents/events", (*Server).events},
	{OpAddData, "POST", "/add-data-example/{sender}/{uuid}", (*Server).addData},
	{OpCreateBatch, "POST", "/batch-example", (*Server).createBatch},
	{OpGetBatch, "GET", "/batch-example/{uuid}", (*Server).getBatch},
	{OpCompleteBatch, "POST", "/batch-example/{uuid}/complete", (*Server).completeBatch},
	{OpCancelBatch, "DELETE", "/batch-example/{uuid}", (*Server).cancelBatch},
	{OpArchiveAdd, "POST", "/archive-example", (*Server).archiveAdd},
	{OpArchives, "GET", "/archives-example/{sender}", (*Server).archives},
	{OpArchive, "GET", "/archives-example/{sender}/documents", (*Server).archive},
	{OpArchiveGet, "GET", "/archives-example/{sender}/uuid/{uuid}", (*Server).archiveGet},
	{OpArchiveUpdate, "PUT", "/archives-example/{sender}/uuid/{uuid}", (*Server).archiveUpdate},
	{OpArchiveDelete, "DELETE", "/archives-example/{sender}/uuid/{uuid}", (*Server).archiveDelete},
	{OpArchiveAddUUID, "POST", "/archives-example/{sender}/uuid/{uuid}/unique", (*Server).archiveAddUUID},
	{OpArchiveContent, "GET", "/archives-example/{sender}/uuid/{uuid}/stream", (*Server).archiveContent},
	{OpArchiveLink, "GET", "/archives-example/{sender}/uuid/{uuid}/content", (*Server).archiveLink},
	{OpShared, "GET", "/{sender}/share-documents-requests/uuid/{uuid}", (*Server).shared},
	{OpSharedContent, "GET", "/shared-example/{sender}/{uuid}/{n}/stream", (*Server).sharedContent},
	{OpSharedLink, "GET", "/shared-example/{sender}/{uuid}/{n}/content", (*Server).sharedLink},
	{OpStopSharing, "POST", "/shared-example/{sender}/{uuid}/stop", (*Server).stopSharing},
	{OpInbox, "GET", "/{sender}/inbox", (*Server).inbox},
	{OpInboxContent, "GET", "/{sender}/inbox/{id}/content", (*Server).inboxContent},
	{OpInboxDelete, "DELETE", "/{sender}/inbox/{id}", (*Server).inboxDelete},
	{OpSenderEntryPoint, "GET", "/{sender}", (*Server).entryPoint},
}

// byReference is followed by a reference in Base64, which may hold slashes.
const byReference = "/reference/"

// find gives the route of a request and the values in its path.
func find(r *http.Request) (route, map[string]string, bool) {
	if before, after, found := strings.Cut(r.URL.Path, byReference); found && r.Method == http.MethodGet {
		if sender, ok := strings.CutPrefix(before, "/archives-example/"); ok {
			return route{op: OpArchiveByReference, handle: (*Server).archiveByReference}, map[string]string{"sender": sender, "reference": after}, true
		}
	}
	got := strings.Split(r.URL.EscapedPath(), "/")
	for _, one := range routes {
		if one.method != r.Method {
			continue
		}
		if values, ok := countersigntest.MatchPath(strings.Split(one.path, "/"), got); ok {
			return one, values, true
		}
	}
	return route{}, nil, false
}

func (s *Server) describe(r *http.Request) countersigntest.Call {
	switch {
	case strings.HasPrefix(r.URL.Path, sitePath):
		return countersigntest.Call{Operation: OpSite}
	case strings.HasPrefix(r.URL.Path, contentPath):
		return countersigntest.Call{Operation: OpContent}
	}
	found, _, _ := find(r)
	return countersigntest.Call{Operation: found.op}
}
