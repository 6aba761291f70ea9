package docusign

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/countersign/countersign/internal/api"
	"github.com/stretchr/testify/require"
)

// FuzzAnswers feeds foreign bytes to every decoder: they must give a value or an
// error, never a panic, and a value can be written again.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"envelopeId":"e","status":"sent","sentDateTime":"2022-09-22T15:22:53.4580747Z","recipients":{"signers":[{"recipientId":1,"tabs":{"textTabs":[{"height":1,"value":true}]}}]}}`))
	f.Add([]byte(`{"resultSetSize":"1","endPosition":0,"totalSetSize":"x","nextUri":"/e?start_position=%zz","envelopes":[]}`))
	f.Add([]byte(`{"sub":"u","accounts":[{"is_default":"true","base_uri":"https://na9.docusign.net"}]}`))
	f.Add([]byte(`{"access_token":"x","expires_in":"28800"}`))
	f.Add([]byte(`{"configurations":[{"connectId":"1","allUsers":true,"eventData":{"includeData":["tabs"]}}]}`))
	f.Add([]byte(`{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":1}`))
	f.Add([]byte(`{"error":"consent_required"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{
			new(Envelope), new(envelopeList), new(Created), new(Recipients), new(Tabs), new(CustomFields), new(FormData), new(Notification),
			new(Template), new(Batch), new(BulkList), new(folderList), new(User), new(AccountInfo), new(configurations), new(connectLogs),
			new(UserInfo), new(accessToken), new(documentList),
		} {
			if api.DecodeJSON(v)("application/json", body) != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("what was read can't be written: %v", err)
			}
			if l, ok := v.(*envelopeList); ok {
				_, _ = l.next()
			}
		}
		parseError(400, http.Header{}, body)
		parseOAuthError(400, http.Header{}, body)
	})
}

// FuzzTicket: no cookie that Login did not seal is taken.
func FuzzTicket(f *testing.F) {
	l, err := NewLogin(LoginConfig{
		App:       App{Environment: Demo, IntegrationKey: "k", RedirectURI: "https://a.example/"},
		Connected: func(context.Context, Connection) error { return nil },
	})
	require.NoError(f, err)
	sealed := l.sealed(ticket{State: "s"})
	got, ok := l.unsealed(sealed)
	require.True(f, ok)
	require.Equal(f, "s", got.State)
	genuine, err := base64.RawURLEncoding.DecodeString(sealed)
	require.NoError(f, err)
	for at := range genuine {
		f.Add(at, byte(1), "")
	}
	f.Add(0, byte(0), "AAAA")
	f.Fuzz(func(t *testing.T, at int, flip byte, value string) {
		if _, ok := l.unsealed(value); ok {
			t.Fatal("a foreign cookie is taken")
		}
		if at < 0 || at >= len(genuine) || flip == 0 {
			return
		}
		forged := bytes.Clone(genuine)
		forged[at] ^= flip
		if _, ok := l.unsealed(base64.RawURLEncoding.EncodeToString(forged)); ok {
			t.Fatal("a forged cookie is taken")
		}
	})
}

// TestStatesThatAreRemembered: strangers can't fill the memory, and no state that
// was used is forgotten to make room.
func TestStatesThatAreRemembered(t *testing.T) {
	t.Parallel()
	l := &Login{used: map[string]time.Time{}}
	now := time.Now()
	until := now.Add(loginTime)
	for i := range maxUsed {
		l.used[strconv.Itoa(i)] = until
	}
	require.False(t, l.first(ticket{State: "0", Until: until}, now))
	require.False(t, l.first(ticket{State: "one more", Until: until}, now))
	require.Len(t, l.used, maxUsed)
	later := until.Add(time.Second)
	require.True(t, l.first(ticket{State: "later", Until: later.Add(loginTime)}, later))
	require.Len(t, l.used, 1)
}

func TestRawMember(t *testing.T) {
	t.Parallel()
	m, err := RawMember(map[string]int{"a": 1})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(m))
	_, err = RawMember(make(chan int))
	require.Error(t, err)
}

func TestScalars(t *testing.T) {
	t.Parallel()
	var v struct {
		B []Bool
		I []Int
		T []Text
		D []Time
	}
	require.NoError(t, json.Unmarshal([]byte(`{"B":["true","True",true,1,"false",false,null,""],"I":["5",5,"",null],"T":["a",1.5,true,null],"D":["","2022-09-22T15:19:24.5Z","2022-09-22T15:19:24.5000000",null]}`), &v))
	require.Equal(t, []Bool{true, true, true, true, false, false, false, false}, v.B)
	require.Equal(t, []Int{5, 5, 0, 0}, v.I)
	require.Equal(t, []Text{"a", "1.5", "true", ""}, v.T)
	require.True(t, v.D[0].IsZero() && v.D[3].IsZero())
	require.True(t, v.D[1].Equal(v.D[2].Time))
	out, err := json.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, `{"B":["true","true","true","true","false","false","false","false"],"I":["5","5","0","0"],"T":["a","1.5","true",""],"D":["","2022-09-22T15:19:24.5Z","2022-09-22T15:19:24.5Z",""]}`, string(out))
	for _, bad := range []string{`{"B":[{}]}`, `{"I":["five"]}`, `{"I":[[]]}`, `{"T":[[1]]}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &v), bad)
	}
}

// TestTimesThatAreNone: an odd time costs nothing but itself.
func TestTimesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{`"yesterday"`, `"2022-13-40T00:00:00Z"`, `"0000-01-01T00:00:00Z"`, `17`, `true`, `{"at":1}`, `[]`, `null`} {
		e := Envelope{Sent: Time{time.Unix(1, 0)}}
		require.NoError(t, json.Unmarshal([]byte(`{"envelopeId":"e","sentDateTime":`+odd+`}`), &e), odd)
		require.Equal(t, Envelope{ID: "e"}, e, odd)
	}
}
