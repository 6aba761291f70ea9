package docusign_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

const (
	opCreate = "POST /v2.1/accounts/{accountId}/envelopes"
	opList   = "GET /v2.1/accounts/{accountId}/envelopes"
)

func TestCreateOnceFindsWhatWasLost(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.Faults().Add(countersigntest.Rule{Operation: opCreate, Fault: countersigntest.LoseAnswer(), Next: 1})
	made, err := c.Envelopes.CreateOnce(t.Context(), offer("lost"))
	require.NoError(t, err)
	require.True(t, made.Found)
	require.NotEmpty(t, made.TransactionID)
	require.Len(t, srv.Envelopes(), 1, "one envelope, not two")
	require.Equal(t, srv.Envelopes()[0].ID, string(made.ID))
}

func TestCreateOnceAfterACrash(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	d := offer("crash")
	d.TransactionID = "from the journal"
	first, err := c.Envelopes.Create(t.Context(), d)
	require.NoError(t, err)
	again, err := c.Envelopes.CreateOnce(t.Context(), d)
	require.NoError(t, err)
	require.True(t, again.Found)
	require.Equal(t, first.ID, again.ID)
	require.Len(t, srv.Envelopes(), 1)
	require.EqualValues(t, 1, srv.Log().Tally(opCreate).Requests)
}

func TestCreateOnceWithAnIDThatNobodyUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("POST", rest+"/envelopes", answer(201, `{"envelopeId":"e"}`))
		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes", answer(200, `{}`))
		d := offer("new")
		d.TransactionID = "t"
		start := time.Now()
		made, err := c.Envelopes.CreateOnce(t.Context(), d)
		require.NoError(t, err)
		require.False(t, made.Found)
		require.Equal(t, 15*time.Second, time.Since(start))

		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes", answer(500, `{}`))
		_, err = c.Envelopes.CreateOnce(t.Context(), d)
		require.ErrorIs(t, err, countersign.ErrUnavailable, "nothing is made after a look that failed")

		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes", answer(200, `{}`))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err = c.Envelopes.CreateOnce(ctx, d)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+rest+"/envelopes"])
	})
}

func TestCreateOnceThatCannotTell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("POST", rest+"/envelopes", httpmock.NewStringResponder(504, ""))
		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes", answer(200, `{"envelopeTransactionStatuses":[{"transactionId":"other","envelopeId":"e"}]}`))
		start := time.Now()
		_, err := c.Envelopes.CreateOnce(t.Context(), offer("gone"))
		unknown, ok := errors.AsType[*docusign.UnknownCreationError](err)
		require.True(t, ok, "%v", err)
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.NotEmpty(t, unknown.TransactionID)
		require.ErrorContains(t, err, string(unknown.TransactionID))
		require.Equal(t, 15*time.Second, time.Since(start))
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+rest+"/envelopes"], "never a blind second attempt")

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err = c.Envelopes.CreateOnce(ctx, offer("gone"))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, "also when the caller's time is up")
	})
}

// TestCreateOnceWithALag repeats a creation at a time when the envelope exists
// and can't be found yet.
func TestCreateOnceWithALag(t *testing.T) {
	t.Parallel()
	srv, c := account(t, docusigntest.WithTransactionLag(500*time.Millisecond))
	d := offer("lag")
	d.TransactionID = "t"
	first, err := c.Envelopes.Create(t.Context(), d)
	require.NoError(t, err)
	again, err := c.Envelopes.CreateOnce(t.Context(), d)
	require.NoError(t, err)
	require.True(t, again.Found)
	require.Equal(t, first.ID, again.ID)
	require.Len(t, srv.Envelopes(), 1, "one envelope, not two")
}

func TestDefinitionsThatAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	now := time.Now()
	x := t.Context()
	create := func(d docusign.EnvelopeDefinition) func() error {
		return func() error { _, err := c.Envelopes.Create(x, d); return err }
	}
	list := func(q docusign.EnvelopeQuery) func() error {
		return func() error { _, err := c.Envelopes.List(x, q); return err }
	}
	for name, call := range map[string]func() error{
		"status":     create(docusign.EnvelopeDefinition{Status: docusign.EnvelopeVoided}),
		"subject":    create(docusign.EnvelopeDefinition{EmailSubject: strings.Repeat("契", 101)}),
		"clone":      create(docusign.EnvelopeDefinition{Extra: docusign.Extra{"envelopeId": json.RawMessage(`"e"`)}}),
		"fields":     create(docusign.EnvelopeDefinition{CompositeTemplates: make([]docusign.CompositeTemplate, 1), CustomFields: &docusign.CustomFields{}}),
		"roles":      create(docusign.EnvelopeDefinition{TemplateRoles: make([]docusign.TemplateRole, 1)}),
		"no query":   list(docusign.EnvelopeQuery{}),
		"window":     list(docusign.EnvelopeQuery{From: now, To: now.Add(-1)}),
		"count":      list(docusign.EnvelopeQuery{From: now, Count: -1}),
		"include":    list(docusign.EnvelopeQuery{From: now, Include: []docusign.Include{docusign.IncludeTabs}}),
		"cursor":     list(docusign.EnvelopeQuery{From: now, Cursor: "status=sent"}),
		"bad cursor": list(docusign.EnvelopeQuery{From: now, Cursor: "%zz"}),
		"reason":     func() error { return c.Envelopes.Void(x, "e", " ") },
		"purge":      func() error { return c.Envelopes.Purge(x, "e", "") },
		"statuses":   func() error { _, err := c.Envelopes.Statuses(x, nil); return err },
		"wait":       func() error { _, err := c.Envelopes.Wait(x, "e", docusign.WaitOptions{Every: time.Minute}); return err },
		"remove":     func() error { _, err := c.Documents.Remove(x, "e", nil); return err },
		"move":       func() error { return c.Folders.Move(x, "f", nil) },
		"republish":  func() error { _, err := c.Connect.Republish(x, nil); return err },
		"bulk":       func() error { _, err := c.BulkSend.CreateList(x, docusign.BulkList{}); return err },
		"search": func() error {
			_, err := c.Templates.List(x, docusign.TemplateQuery{SearchText: strings.Repeat("s", 49)})
			return err
		},
		"view": func() error { _, err := c.Views.Recipient(x, "e", docusign.RecipientView{}); return err },
	} {
		_, ok := errors.AsType[*countersign.ConfigError](call())
		require.True(t, ok, name)
	}
	require.Zero(t, restCalls(mt))
	_, err := c.Envelopes.Get(x, "..", nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = c.Envelopes.Get(x, "", nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Zero(t, restCalls(mt))
}

func TestItemsThatAreRefused(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	x := t.Context()
	draft, err := c.Envelopes.Create(x, docusign.EnvelopeDefinition{EmailSubject: "s", Documents: offer("").Documents, Recipients: offer("").Recipients})
	require.NoError(t, err)
	refused := func(err error, name string) {
		t.Helper()
		items, ok := errors.AsType[*docusign.ItemError](err)
		require.True(t, ok, "%v", err)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.Equal(t, name, items.Items[0].Name)
		require.ErrorContains(t, err, name)
	}
	refused(c.Recipients.Correct(x, draft.ID, docusign.Recipients{Signers: []docusign.Recipient{{ID: "9"}}}, docusign.CorrectOptions{}), "9")
	_, err = c.Tabs.UpdateOfRecipient(x, draft.ID, "1", docusign.Tabs{Text: []docusign.Tab{{ID: "none", Value: new(docusign.Text("v"))}}})
	refused(err, "none")
	_, err = c.CustomFields.Update(x, draft.ID, docusign.CustomFields{Text: []docusign.CustomField{{ID: "none", Name: "n"}}})
	refused(err, "n")
	_, err = c.Documents.Remove(x, draft.ID, []docusign.DocumentID{"7"})
	refused(err, "7")
	refused(c.Tabs.Prefill(x, draft.ID, "1", map[string]string{"nowhere": "v"}), "nowhere")
	require.NoError(t, c.Tabs.Prefill(x, draft.ID, "1", nil))
	require.Equal(t, "created", srv.Envelopes()[0].Status)
}

// TestChangesThatAreRefusedInPart: the answer has status 200, and says further in
// what was not done.
func TestChangesThatAreRefusedInPart(t *testing.T) {
	t.Parallel()
	const no = `{"errorCode":"X","message":"m"}`
	for part, name := range map[string]string{
		`"errorDetails":` + no: "",
		`"recipientUpdateResults":[{"recipientId":"1","errorDetails":{"errorCode":"SUCCESS"}},{"recipientId":"7","errorDetails":` + no + `}]`: "7",
		`"recipientUpdateResults":{"recipientId":"7","errorDetails":` + no + `}`:                                                              "7",
		`"recipientUpdateResults":[{"tabs":{"textTabs":[{"tabLabel":"rent","errorDetails":` + no + `}]}}]`:                                    "rent",
		`"tabUpdateResults":{"textTabs":[{"tabLabel":"rent","errorDetails":` + no + `}]}`:                                                     "rent",
		`"textCustomFieldUpdateResults":[{"name":"f","errorDetails":` + no + `}]`:                                                             "f",
		`"listCustomFieldUpdateResults":[{"name":"f","errorDetails":` + no + `}]`:                                                             "f",
		`"lockInformation":{"errorDetails":` + no + `}`:                                                                                       "lock",
	} {
		c, mt := mocked(t)
		mt.RegisterResponder("PUT", "=~^"+rest, answer(200, `{`+part+`}`))
		for whole, err := range map[string]error{
			"template": c.Templates.Update(t.Context(), "t", docusign.Template{Name: "n"}),
			"envelope": c.Envelopes.Update(t.Context(), "e", docusign.EnvelopeUpdate{EmailSubject: "s"}),
		} {
			refused, ok := errors.AsType[*docusign.ItemError](err)
			require.True(t, ok, "%s: %v", part, err)
			require.Len(t, refused.Items, 1, part)
			require.Equal(t, cmp.Or(name, whole), refused.Items[0].Name)
		}
	}
}

func TestCreationWithoutAnID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("POST", rest+"/envelopes", answer(201, `{"status":"processing"}`))
		_, err := c.Envelopes.Create(t.Context(), offer("later"))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)

		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes", func(r *http.Request) (*http.Response, error) {
			id := r.URL.Query().Get("transaction_ids")
			return answer(200, `{"envelopeTransactionStatuses":[{"transactionId":"`+id+`","envelopeId":"e"}]}`)(r)
		})
		made, err := c.Envelopes.CreateOnce(t.Context(), offer("later"))
		require.NoError(t, err)
		require.EqualValues(t, "e", made.ID, "found when it is there")
	})
}

func TestListing(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]docusigntest.Option{
		"by nextUri":     {docusigntest.WithPageSize(3), docusigntest.WithBurstLimit(1000)},
		"by endPosition": {docusigntest.WithPageSize(3), docusigntest.WithBurstLimit(1000), docusigntest.WithoutNextURI()},
	} {
		srv, c := account(t, opts...)
		for range 10 {
			_, err := c.Envelopes.Create(t.Context(), offer("many"))
			require.NoError(t, err)
		}
		seen := map[docusign.EnvelopeID]bool{}
		for e, err := range c.Envelopes.ListStatusChanges(t.Context(), docusign.EnvelopeQuery{From: srv.Clock().Now().Add(-time.Hour)}) {
			require.NoError(t, err)
			require.False(t, seen[e.ID], name)
			seen[e.ID] = true
		}
		require.Len(t, seen, 10, name)
		before := srv.Log().Tally(opList).Requests
		for _, err := range c.Envelopes.ListStatusChanges(t.Context(), docusign.EnvelopeQuery{From: srv.Clock().Now().Add(-time.Hour)}) {
			require.NoError(t, err, name)
			break
		}
		require.EqualValues(t, 1, srv.Log().Tally(opList).Requests-before, "who stops early asks for no more pages")
	}
}

func TestPagesInACircle(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterResponder("GET", "=~^"+rest+"/templates", answer(200, `{"envelopeTemplates":[{"templateId":"t"}],"nextUri":"/templates?start_position=1"}`))
	var last error
	n := 0
	for _, err := range c.Templates.All(t.Context(), docusign.TemplateQuery{}) {
		n, last = n+1, err
	}
	_, ok := errors.AsType[*countersign.DecodeError](last)
	require.True(t, ok, "%v", last)
	require.Equal(t, 3, n, "two pages, then the error")
}

// TestNextPage: more that is announced is read, or it is an error; never a quiet
// end.
func TestNextPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ answer, next string }{
		"the last":                 {`{"resultSetSize":"2","startPosition":"0","endPosition":"1","totalSetSize":"2"}`, ""},
		"the last, with a token":   {`{"resultSetSize":"2","startPosition":"0","endPosition":"1","totalSetSize":"2","continuationToken":"m"}`, ""},
		"beyond the last":          {`{"resultSetSize":"0","startPosition":"4","endPosition":"0","totalSetSize":"4"}`, ""},
		"nothing said":             {`{}`, ""},
		"position":                 {`{"nextUri":"/templates?start_position=2&order=asc"}`, "start_position=2"},
		"token in nextUri":         {`{"nextUri":"/templates?continuation_token=m"}`, "continuation_token=m"},
		"nextUri with a new name":  {`{"nextUri":"/templates?cursor=2","continuationToken":"m"}`, "continuation_token=m"},
		"token alone":              {`{"continuationToken":"m"}`, "continuation_token=m"},
		"total and endPosition":    {`{"resultSetSize":"2","startPosition":"0","endPosition":"1","totalSetSize":"3"}`, "start_position=2"},
		"nextUri without a cursor": {`{"nextUri":"/templates?cursor=2"}`, "error"},
		"nextUri is no address":    {`{"nextUri":"%zz://?start_position=2"}`, "error"},
		"broken query":             {`{"nextUri":"/templates?start_position=%zz"}`, "error"},
		"total is no number":       {`{"resultSetSize":"2","endPosition":"1","totalSetSize":"many"}`, "error"},
		"total without a position": {`{"totalSetSize":"3"}`, "error"},
	} {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", rest+"/templates", answer(200, tc.answer))
		page, err := c.Templates.List(t.Context(), docusign.TemplateQuery{})
		if tc.next == "error" {
			_, ok := errors.AsType[*countersign.DecodeError](err)
			require.True(t, ok, "%s: %v", name, err)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, tc.next, page.Next, name)
	}
}
