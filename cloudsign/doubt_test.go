package cloudsign_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// TestNothingIsSentOnADoubtfulState: what the service did not say is not taken for
// a draft, and an answer about another document for none at all.
func TestNothingIsSentOnADoubtfulState(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": `{}`, "no status": `{"id":"d1"}`, "null": `{"id":"d1","status":null}`, "another document": `{"id":"d2","status":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t)
			mt.RegisterResponder("GET", host+"/documents/d1", answer(200, body))
			mt.RegisterResponder("POST", host+"/documents/d1", answer(200, `{"id":"d1","status":1}`))
			_, err := c.Documents.Send(t.Context(), "d1")
			_, ok := errors.AsType[*countersign.DecodeError](err)
			require.True(t, ok, "%v", err)
			require.Zero(t, mt.GetCallCountInfo()["POST "+host+"/documents/d1"])
		})
	}
}

// TestASecondSendIsNoReminder although the service shows the draft for a while.
func TestASecondSendIsNoReminder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", host+"/documents/d1", answer(200, `{"id":"d1","status":0}`))
		mt.RegisterResponder("POST", host+"/documents/d1", answer(200, `{"id":"d1","status":1}`))
		_, err := c.Documents.Send(t.Context(), "d1")
		require.NoError(t, err)
		_, err = c.Documents.Send(t.Context(), "d1")
		state, ok := errors.AsType[*cloudsign.StateError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, cloudsign.StatusPending, state.Status)
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+host+"/documents/d1"])
		time.Sleep(16 * time.Second) // now the service is believed again
		_, err = c.Documents.Send(t.Context(), "d1")
		require.NoError(t, err)
	})
}

func TestTotalsThatGoUpAndDown(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	calls := 0
	mt.RegisterResponder("GET", `=~^`+host+`/documents`, func(r *http.Request) (*http.Response, error) {
		calls++
		total := 201 - calls%2
		docs := strings.Repeat(`{"id":"`+r.URL.Query().Get("page")+`","status":2},`, 100)
		return answer(200, `{"total":`+string(rune('0'+total/100))+`0`+string(rune('0'+total%10))+`,"page":1,"documents":[`+strings.TrimSuffix(docs, ",")+`]}`)(r)
	})
	for _, err := range c.Documents.Pages(t.Context(), cloudsign.DocumentQuery{}) {
		require.NoError(t, err)
		require.Less(t, calls, 10, "it does not lead back again and again")
	}
}

func TestUploadFindsItsOwnFile(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterResponder("POST", host+"/documents/d1/files", answer(200,
		`{"id":"d1","status":0,"files":[{"id":"f1","name":"mine.pdf","order":0},{"id":"f2","name":"other.pdf","order":1}]}`))
	added, err := c.Files.Upload(t.Context(), "d1", text("mine.pdf", "%PDF-1.4 x %%EOF"))
	require.NoError(t, err)
	require.Equal(t, cloudsign.FileID("f1"), added.New.ID)
}

func TestParticipantWithAnAddressThatWasTidied(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterResponder("POST", host+"/documents/d1/participants", answer(200,
		`{"id":"d1","status":0,"participants":[{"id":"p0","order":0},{"id":"p1","order":1,"email":"a@example.jp"},{"id":"p2","order":2,"email":"xn--b@example.jp"}]}`))
	added, err := c.Participants.Add(t.Context(), "d1", cloudsign.NewParticipant{Name: "A", Email: " a@example.jp "})
	require.NoError(t, err)
	require.Equal(t, cloudsign.ParticipantID("p1"), added.New.ID)
	added, err = c.Participants.Add(t.Context(), "d1", cloudsign.NewParticipant{Name: "B", Email: "b@example.jp"})
	require.NoError(t, err)
	require.Equal(t, cloudsign.ParticipantID("p2"), added.New.ID, "the last one")
}

func TestCertificateThatIsNone(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]httpmock.Responder{"JSON": answer(200, `{"error":"x"}`), "empty": answer(200, ``)} {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", host+"/documents/d1/certificate", r)
		_, err := c.Files.DownloadCertificate(t.Context(), "d1")
		_, ok := errors.AsType[*countersign.DecodeError](err)
		require.True(t, ok, "%s: %v", name, err)
	}
}

func TestSigningURLThatIsEmpty(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterResponder("POST", host+"/documents/d1/participants/p1/signing_url", answer(200, `{}`))
	_, err := c.Participants.SigningURL(t.Context(), "d1", "p1", "")
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
}

// TestRedactedAccessCodeIsNoCode: what was stored has lost the code for good.
func TestRedactedAccessCodeIsNoCode(t *testing.T) {
	t.Parallel()
	var p, back cloudsign.Participant
	require.NoError(t, json.Unmarshal([]byte(`{"id":"p1","access_code":"hunter22"}`), &p))
	require.Equal(t, "hunter22", p.AccessCode.Reveal())
	stored, err := json.Marshal(p)
	require.NoError(t, err)
	require.NotContains(t, string(stored), "hunter22")
	require.NoError(t, json.Unmarshal(stored, &back))
	require.True(t, back.AccessCode.IsZero())
}

// TestExtraDoesNotMindTheCase, as encoding/json does not.
func TestExtraDoesNotMindTheCase(t *testing.T) {
	t.Parallel()
	var p cloudsign.Participant
	require.NoError(t, json.Unmarshal([]byte(`{"id":"p1","Access_Code":"hunter22","ORDER":3,"new":1}`), &p))
	require.Equal(t, 3, p.Order)
	require.Len(t, p.Extra, 1)
	out, err := json.Marshal(p)
	require.NoError(t, err)
	require.NotContains(t, string(out), "hunter22")
}

// another gives one document whatever is asked for.
type another struct{}

func (another) Get(context.Context, cloudsign.DocumentID, ...countersign.CallOption) (*cloudsign.Document, error) {
	return &cloudsign.Document{ID: "other", Status: cloudsign.StatusConcluded}, nil
}

func TestReceiverRefusesAnotherDocument(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("t", 22)
	r, err := cloudsign.NewReceiver(cloudsign.ReceiverConfig{
		Tokens: []countersign.Secret{countersign.NewSecret(token)}, Documents: another{},
		Accept: func(context.Context, cloudsign.Event) error { t.Error("accepted"); return nil },
	})
	require.NoError(t, err)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+token, strings.NewReader(`{"documentID":"d1","status":2,"text":"COMPLETED : x"}`))
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
}
