package digipost_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/countersign/countersign/digipost"
	"github.com/stretchr/testify/require"
)

// relations are those that Digipost's clients and pages name, with the row of the
// contract table that follows it, or why none does ("-").
var relations = map[string]string{
	"search": "Recipients.Search", "autocomplete": "Recipients.Suggest", "create_message": "Messages.Send", "identify_recipient": "Recipients.Identify",
	"document_events": "Documents.Events", "document_status": "Documents.Status", "get_document_content": "Inbox.Content",
	"get_sender_information": "Senders.Get", "get_inbox": "Inbox.List", "add_data": "Documents.AddData",
	"archive_documents": "Archive.Add", "get_archives": "Archive.List", "next_documents": "Archive.Page",
	"get_archive_documents_by_referenceid": "Archive.FindByReference", "get_archive_document_by_uuid": "Archive.Get",
	"delete_archive_document_by_uuid": "Archive.Delete", "self_delete": "Inbox.Delete", "self_update": "Archive.Update",
	"get_archive_document_content": "Archive.ContentLink", "get_archive_document_content_stream": "Archive.Content", "add_unique_uuid": "Archive.AddUUID",
	"create_batch": "Batches.Create", "get_batch": "Batches.Get", "complete_batch": "Batches.Complete",
	"create_or_activate_user_account": "Recipients.CreateAccount", "add_tag": "Tags.AddPublicMailbox", "remove_tag": "Tags.RemovePublicMailbox", "get_tags": "Tags.Get",
	"get_share_documents_request_state": "Shared.Get", "get_shared_document_content": "Shared.ContentLink",
	"get_shared_document_content_stream": "Shared.Content", "stop_sharing": "Shared.Stop",

	"self": "-", "send": "-", "add_content": "-", "api_documentation": "-", "duplicate_document": "-", "get_encryption_key": "-",
	"get_print_encryption_certificate": "-", "identify_recipient_with_encryption_key": "-",
}

// Every relation has a row of the contract table, or the page says why not.
func TestRelationsAreCovered(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/digipost.md")
	require.NoError(t, err)
	rows := endpoints()
	for relation, row := range relations {
		require.Contains(t, string(page), "`"+relation+"`", "the page leaves it out")
		if row != "-" {
			require.Contains(t, rows, row, relation)
		}
	}
}

// Every method that calls the service has a row of the contract table. Those that
// are made of others have none.
func TestMethodsAreCovered(t *testing.T) {
	t.Parallel()
	made := map[string]bool{"Archive.Documents": true, "Archive.GetByExternalID": true, "Documents.AllEvents": true, "Inbox.All": true}
	rows := endpoints()
	for f := range reflect.TypeFor[digipost.Client]().Fields() {
		if !f.IsExported() || !strings.HasSuffix(f.Type.Name(), "Service") {
			continue
		}
		for m := range f.Type.Methods() {
			if name := f.Name + "." + m.Name; !made[name] {
				require.Contains(t, rows, name)
			}
		}
	}
}
