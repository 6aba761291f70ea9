package activecampaign

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/internal/api"
	"github.com/stretchr/testify/require"
)

// FuzzAnswers feeds foreign bytes to every decoder: they must give a value or an
// error, never a panic, and a value can be written again.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"contact":{"id":1,"email":"a@example.com","cdate":"0000-00-00 00:00:00","deleted":"1"},"fieldValues":[{"id":"2","value":null}]}`))
	f.Add([]byte(`{"contacts":[{"id":"1"}],"meta":{"total":"2"}}`))
	f.Add([]byte(`{"fields":[{"id":1,"options":[]}],"fieldOptions":[{"field":"1"}],"fieldRels":[{"field":1,"relid":0}],"meta":{"total":2}}`))
	f.Add([]byte(`{"schema":{"fields":[{"id":"a","type":"text","options":[{"value":"x"}],"inherited":true}],"createdTimestamp":"2026-03-19T18:23:17.153996399Z"}}`))
	f.Add([]byte(`{"record":{"fields":[{"id":"a","value":1.5},{"id":"b","value":["x"]},{"id":"c","value":{}}],"relationships":{"primary-contact":[14,"15"]}}}`))
	f.Add([]byte(`{"status":false,"success":[1],"failure":null}`))
	f.Add([]byte(`{"errors":"x","failureReasons":["a",{"contact":1}],"message":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{
			new(oneContact), new(contactList), new(fieldList), new(oneValue), new(oneTag), new(ContactTag), new(oneSchema), new(oneRecord),
			new(oneEnrolment), new(Automation), new(oneNote), new(ImportQueued), new(ImportStatus), new(ImportOverview), new(Webhook), new(User),
		} {
			if api.DecodeJSON(v)("application/json", body) != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("what was read can't be written: %v", err)
			}
		}
		parseError(422, http.Header{}, body)
		_ = new(tracked).decode("", body)
	})
}

// FuzzForm: a form is read the same way as net/url reads it, apart from the
// brackets, and never beyond its bounds.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"type=subscribe&contact%5Bid%5D=1&contact[fields][city]=Kyoto", "a[]=1&a[]=2&a[7]=3&a[]=4", "a[b=1&[x]=2&a]b=3&a[b]c=4&a[[b]]=5", "a[%00]=1",
		"&&=&a&a=&=b", "%zz=1", "a=%", "contact[tags]=a, b", strings.Repeat("a[b]", 30) + "=1", "a" + strings.Repeat("[]", 30) + "=1", "a[-1]=x&a[99999999999999999999]=y&a[]=z",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := ParseForm(body)
		if err != nil {
			if _, err := ParseEvent(body); err == nil {
				t.Fatal("an event out of no form")
			}
			return
		}
		want, err := url.ParseQuery(string(body))
		if err != nil && !strings.Contains(string(body), ";") {
			t.Fatalf("net/url refuses it: %v", err)
		}
		flat := map[string]bool{}
		for key, values := range want {
			for _, v := range values {
				flat[key+"="+v] = true
			}
		}
		for _, path := range form.Paths() {
			if len(path) > maxFormDepth || !form.Has(path...) {
				t.Fatalf("path %q", path)
			}
			if key := path[0] + "=" + form.Get(path...); len(path) == 1 && err == nil && !flat[key] {
				t.Fatalf("%q is not in the body", key)
			}
			if got := form.Under(path[:len(path)-1]...); got[path[len(path)-1]] != form.Get(path...) {
				t.Fatalf("Under differs from Get at %q", path)
			}
		}
		event, err := ParseEvent(body)
		if err != nil || event.Contact.Email != form.Get("contact", "email") {
			t.Fatalf("event: %v", err)
		}
	})
}

func TestScalars(t *testing.T) {
	t.Parallel()
	var v struct {
		B []Bool
		I []Int
		T []Text
		C []ContactID
		D []Time
		L texts
	}
	require.NoError(t, json.Unmarshal([]byte(`{"B":["1",1,true,"true","0",0,false,"",null],"I":["5",5,"",null],"T":["a",1.5,true,null],"C":["1",2,null],
		"D":["0000-00-00","0000-00-00 00:00:00",null,"","yesterday",17,[],"2018-09-28T13:50:41-05:00","2018-09-28 18:50:41","2018-09-28","2021-03-19T18:23:17.153996399Z","2018-09-28T18:50:41"],"L":[1,"2"]}`), &v))
	require.Equal(t, []Bool{true, true, true, true, false, false, false, false, false}, v.B)
	require.Equal(t, []Int{5, 5, 0, 0}, v.I)
	require.Equal(t, []Text{"a", "1.5", "true", ""}, v.T)
	require.Equal(t, []ContactID{"1", "2", ""}, v.C)
	at := time.Date(2018, 9, 28, 18, 50, 41, 0, time.UTC)
	none := Time{}
	require.Equal(t, []Time{none, none, none, none, none, none, none, {at}, {at}, {at.Truncate(24 * time.Hour)}, {time.Date(2021, 3, 19, 18, 23, 17, 153996399, time.UTC)}, {at}}, v.D)
	require.Equal(t, texts{"1", "2"}, v.L)
	out, err := json.Marshal(v.D[6:8])
	require.NoError(t, err)
	require.JSONEq(t, `[null,"2018-09-28T18:50:41Z"]`, string(out))
	for _, bad := range []string{`{"B":[{}]}`, `{"I":["five"]}`, `{"I":[[]]}`, `{"T":[[1]]}`, `{"C":[{}]}`, `{"L":[{}]}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &v), bad)
	}
	for _, empty := range []string{`null`, `"x"`, `{}`} {
		require.NoError(t, json.Unmarshal([]byte(`{"L":`+empty+`}`), &v))
		require.Empty(t, v.L)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	form, err := ParseForm([]byte("a=1&a=2&b[c]=3&b[d][e]=4&l[]=x&l[]=y&l[5]=z&l[]=w&o[c=5&o[c]d=6&[n]=7&%5Bm%5D=8&plain&u%20v[w+x]=9&&n[][k]=1&n[][k]=2"))
	require.NoError(t, err)
	for want, path := range map[string][]string{
		"2": {"a"}, "3": {"b", "c"}, "4": {"b", "d", "e"}, "x": {"l", "0"}, "y": {"l", "1"}, "z": {"l", "5"}, "w": {"l", "6"}, "5": {"o[c"}, "6": {"o[c]d"}, "7": {"[n]"}, "8": {"[m]"}, "9": {"u v", "w x"},
	} {
		require.Equal(t, want, form.Get(path...), "%q", path)
	}
	require.Equal(t, "2", form.Get("n", "1", "k"))
	require.True(t, form.Has("plain"))
	require.False(t, form.Has("b"))
	require.Equal(t, map[string]string{"c": "3"}, form.Under("b"))
	require.Equal(t, []string{"x", "y", "z", "w"}, form.List("l"))
	require.Empty(t, form.Under("nothing"))
	require.Empty(t, Form{}.Get("a"))
	for name, bad := range map[string]string{
		"escape": "%zz=1", "value": "a=%", "no key": "=1", "NUL": "a%00=1",
		"too deep": "a" + strings.Repeat("[b]", maxFormDepth) + "=1", "too many": strings.Repeat("a&", maxFormKeys+1),
	} {
		_, err := ParseForm([]byte(bad))
		require.ErrorIs(t, err, errForm, name)
	}
}
