package salesdock_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

func refuses[T any](t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		var v T
		require.Error(t, json.Unmarshal([]byte(text), &v), text)
	}
}

func TestBool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`true`: true, `1`: true, `"1"`: true, `"yes"`: true, `"Ja"`: true, `"ja"`: true, `"true"`: true,
		`false`: false, `0`: false, `"0"`: false, `"no"`: false, `"Nee"`: false, `null`: false, `""`: false,
	} {
		require.Equal(t, want, bool(decode[salesdock.Bool](t, text)), text)
		require.Equal(t, want, bool(decode[salesdock.YesNo](t, text)), text)
	}
	refuses[salesdock.Bool](t, `2`, `"2"`, `"misschien"`, `[]`, `{}`)
	out, err := json.Marshal([]any{salesdock.Bool(true), salesdock.Bool(false), salesdock.YesNo(true), salesdock.YesNo(false)})
	require.NoError(t, err)
	require.JSONEq(t, `[1,0,"yes","no"]`, string(out))
}

func TestOpenValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]salesdock.OfferAnswer{
		`null`: salesdock.OfferOpen, `"1"`: salesdock.OfferAccepted, `true`: salesdock.OfferAccepted, `"0"`: salesdock.OfferDeclined,
		`false`: salesdock.OfferNotAccepted, `"2"`: salesdock.OfferExpired, `"3"`: "3",
	} {
		require.Equal(t, want, decode[[1]salesdock.OfferAnswer](t, "["+text+"]")[0], text)
	}
	for text, want := range map[string]salesdock.Audience{`"2"`: salesdock.ForBoth, `1`: salesdock.ForBusiness, `true`: salesdock.ForBusiness, `false`: salesdock.ForConsumers, `"0"`: salesdock.ForConsumers} {
		require.Equal(t, want, decode[salesdock.Audience](t, text), text)
	}
}

func TestNumbersAndIDs(t *testing.T) {
	t.Parallel()
	require.Equal(t, salesdock.SaleID("228840"), decode[salesdock.SaleID](t, `228840`))
	require.Equal(t, salesdock.SaleID("228840"), decode[salesdock.SaleID](t, `"228840"`))
	require.Empty(t, decode[salesdock.SaleID](t, `null`))
	refuses[salesdock.SaleID](t, `[]`, `{"id":1}`)
	require.Equal(t, salesdock.Text("871687110000000055"), decode[salesdock.Text](t, `871687110000000055`), "18 digits are not rounded")
	for text, want := range map[string]salesdock.Int{`3`: 3, `"3"`: 3, `3.0`: 3, `null`: 0, `""`: 0, `"*****"`: 0, `-4`: -4} {
		require.Equal(t, want, decode[salesdock.Int](t, text), text)
	}
	refuses[salesdock.Int](t, `3.5`, `"x"`, `[]`, `1e400`)
}

func TestDecimals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`9.95`: "9.95", `"0.20410"`: "0.20410", `9.0e-5`: "0.00009", `1.5E2`: "150", `null`: "", `""`: "", `"*****"`: "", `"1.353,04"`: "", `12`: "12", `0.1`: "0.1", `1e99`: "",
	} {
		require.Equal(t, want, decode[salesdock.Decimal](t, text).String(), text)
	}
	for text, want := range map[string]string{
		`"1.353,04"`: "1353.04", `"0,09161"`: "0.09161", `"1.353"`: "1353", `"12"`: "12", `"€ 1.353,04"`: "1353.04", `"-5,10"`: "-5.10",
		`1.353`: "1.353", `null`: "", `"1.35"`: "", `"1,353.04"`: "",
	} {
		require.Equal(t, want, decode[salesdock.DutchDecimal](t, text).String(), text)
	}
	require.Equal(t, "*****", decode[salesdock.Decimal](t, `"*****"`).Raw)
	_, err := salesdock.ParseDutchDecimal("1.35")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	out, err := json.Marshal([]any{decode[salesdock.Decimal](t, `"9.950"`), decode[salesdock.Decimal](t, `"*****"`), salesdock.Decimal{}, decode[salesdock.DutchDecimal](t, `"1.353,04"`)})
	require.NoError(t, err)
	require.JSONEq(t, `[9.950,"*****",null,1353.04]`, string(out))
}

func TestMapsAndLists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]salesdock.Map[salesdock.Text]{
		`[]`: {}, `null`: nil, `{}`: {}, `""`: nil, `{"a":1}`: {"a": "1"}, `["x","y"]`: {"0": "x", "1": "y"},
	} {
		require.Equal(t, want, decode[salesdock.Map[salesdock.Text]](t, text), text)
	}
	refuses[salesdock.Map[salesdock.Text]](t, `1`, `"x"`, `{"a":[]}`)
	for text, want := range map[string]salesdock.List[salesdock.Text]{
		`[1,"2"]`: {"1", "2"}, `null`: nil, `{"0":"a","2":"c","10":"k"}`: {"a", "c", "k"}, `{}`: {}, `""`: nil, `{"b":1,"1":2}`: {"2", "1"},
	} {
		require.Equal(t, want, decode[salesdock.List[salesdock.Text]](t, text), text)
	}
	refuses[salesdock.List[salesdock.Text]](t, `1`, `"x"`)
	out, err := json.Marshal(salesdock.List[int](nil))
	require.NoError(t, err)
	require.JSONEq(t, `[]`, string(out))
}

// TestTimes: the layouts of the samples. A form instance stands at 07:10:55Z in
// the list and at 09:10:55 in the detail.
func TestTimes(t *testing.T) {
	t.Parallel()
	june := time.Date(2021, time.June, 10, 7, 10, 55, 0, time.UTC)
	for _, text := range []string{
		`"2021-06-10T07:10:55.000000Z"`, `"2021-06-10T07:10:55Z"`, `"2021-06-10 09:10:55"`, `"10-06-2021 09:10:55"`, `"2021-06-10T09:10:55"`,
	} {
		require.True(t, decode[salesdock.Time](t, text).Equal(june), text)
	}
	require.True(t, decode[salesdock.Time](t, `"01-02-2021"`).Equal(time.Date(2021, time.January, 31, 23, 0, 0, 0, time.UTC)))
	for _, text := range []string{`"*****"`, `"0000-00-00 00:00:00"`, `"morgen"`, `""`} {
		at := decode[salesdock.Time](t, text)
		require.True(t, at.IsZero(), text)
		out, err := json.Marshal(struct{ T salesdock.Time }{at})
		require.NoError(t, err)
		if text != `""` {
			require.JSONEq(t, `{"T":`+text+`}`, string(out), "what came is kept")
		}
	}
	require.True(t, decode[salesdock.Time](t, `null`).IsZero())
	out, err := json.Marshal(salesdock.Time{Time: june})
	require.NoError(t, err)
	require.JSONEq(t, `"2021-06-10 09:10:55"`, string(out))
	require.Equal(t, "Europe/Amsterdam", salesdock.Location().String())
}

// TestNightOfTheClock: the hour that comes twice is read as one of the two, and the
// one that does not exist as a time beside it.
func TestNightOfTheClock(t *testing.T) {
	t.Parallel()
	twice, err := salesdock.ParseTime("2025-10-26 02:30:00")
	require.NoError(t, err)
	require.Contains(t, []string{"2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"}, twice.UTC().Format(time.RFC3339))
	never, err := salesdock.ParseTime("2025-03-30 02:30:00")
	require.NoError(t, err)
	require.WithinDuration(t, time.Date(2025, time.March, 30, 1, 0, 0, 0, time.UTC), never, time.Hour)
}

func TestDates(t *testing.T) {
	t.Parallel()
	want := countersign.Date{Year: 2021, Month: time.June, Day: 4}
	for _, text := range []string{`"04-06-2021"`, `"2021-06-04"`, `"2021-06-04 23:59:59"`, `"2021-06-03T22:00:00Z"`} {
		require.Equal(t, want, decode[salesdock.Date](t, text).Date, text)
	}
	masked := decode[salesdock.Date](t, `"*****"`)
	require.True(t, masked.IsZero())
	require.Equal(t, "*****", masked.Raw)
	out, err := json.Marshal([]any{masked, salesdock.Date{}, salesdock.Date{Date: want}, decode[salesdock.Date](t, `"04-06-2021"`)})
	require.NoError(t, err)
	require.JSONEq(t, `["*****",null,"2021-06-04","04-06-2021"]`, string(out))
	_, err = salesdock.ParseDate("31-02-2021")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"*****", "***** *****", "****@******.***", "***"} {
		require.True(t, salesdock.IsMasked(s), s)
	}
	for _, s := range []string{"", "*", "Robin", "a****@x.nl", "-", " ", "@."} {
		require.False(t, salesdock.IsMasked(s), s)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]salesdock.Options{
		`"Zo snel als mogelijk\r\nAnders"`: {"Zo snel als mogelijk", "Anders"}, `"a\nb"`: {"a", "b"}, `"a, b,c"`: {"a", "b", "c"},
		`"Ja, graag\r\nNee, dank"`: {"Ja, graag", "Nee, dank"}, `null`: nil, `""`: nil, `["a",1]`: {"a", "1"}, `"a\r\n\r\nb\r\n"`: {"a", "b"},
	} {
		require.Equal(t, want, decode[salesdock.Options](t, text), text)
	}
}

func TestExtraOfQuestion(t *testing.T) {
	t.Parallel()
	q := decode[salesdock.Question](t, `{"id":1,"extra":"{\"product_types\":[\"energy_e\",\"energy_g\"]}"}`)
	require.Equal(t, []string{"energy_e", "energy_g"}, q.Extra.ProductTypes)
	require.False(t, q.Extra.Unreadable)
	for _, text := range []string{`null`, `""`, `"[]"`, `[]`} {
		require.Equal(t, salesdock.Extra{}, decode[salesdock.Extra](t, text), text)
	}
	require.True(t, decode[salesdock.Extra](t, `"no json"`).Unreadable)
	require.Equal(t, []string{"a"}, decode[salesdock.Extra](t, `{"product_types":{"1":"a"}}`).ProductTypes)
}

func TestRules(t *testing.T) {
	t.Parallel()
	const group = `{"type":"condition_group","criterion":"ANY","visibility":true,"rules":[
		{"type":"condition","name":"Product type","identifier":"product.type","operator":"=","value":"energy_e"},
		{"type":"condition","name":"Supplier","identifier":"supplier.id","operator":"=","value":12}]}`
	for _, text := range []string{group, string(mustMarshal(t, group))} {
		r := decode[salesdock.Rule](t, text)
		require.Equal(t, salesdock.RuleGroup, r.Type)
		require.Equal(t, "ANY", r.Criterion)
		require.True(t, bool(r.Visibility))
		require.Len(t, r.Rules, 2)
		require.Equal(t, salesdock.RuleProductType, r.Rules[0].Identifier)
		require.Equal(t, salesdock.Text("12"), r.Rules[1].Value)
		require.False(t, r.IsEmpty())
	}
	for _, text := range []string{`[]`, `{}`, `""`} {
		r := decode[salesdock.Rule](t, text)
		require.True(t, r.IsEmpty(), text)
	}
	odd := decode[salesdock.Rule](t, `{"type":"condition","identifier":"x","operator":"in","value":["a","b"]}`)
	require.Empty(t, odd.Value)
	require.Contains(t, string(odd.Raw), `["a","b"]`, "what is not understood is kept")
	require.True(t, (*salesdock.Rule)(nil).IsEmpty())
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}

func TestAnswerValues(t *testing.T) {
	t.Parallel()
	require.Equal(t, "29-04-2021", decode[salesdock.AnswerValue](t, `"29-04-2021"`).Text)
	require.Equal(t, "3", decode[salesdock.AnswerValue](t, `3`).Text)
	require.Equal(t, []string{"a", "b"}, decode[salesdock.AnswerValue](t, `["a","b"]`).Texts)
	require.Equal(t, []string{"a", "b"}, decode[salesdock.AnswerValue](t, `{"0":"a","2":"b"}`).Texts)
	files := decode[salesdock.AnswerValue](t, `[{"name":"a.pdf","extension":"pdf","location":"/x"}]`)
	require.Equal(t, []salesdock.Document{{Name: "a.pdf", Extension: "pdf", Location: "/x"}}, files.Files)
	require.Len(t, decode[salesdock.AnswerValue](t, `{"name":"a.pdf","extension":"pdf","location":"/x"}`).Files, 1)
	require.True(t, decode[struct{ V salesdock.AnswerValue }](t, `{"V":null}`).V.IsZero())
	require.True(t, decode[salesdock.AnswerValue](t, `[]`).IsZero())
	odd := decode[salesdock.AnswerValue](t, `{"odd":{"a":1}}`)
	require.True(t, odd.IsZero())
	require.NotEmpty(t, odd.Raw)
}

func TestRawIsKept(t *testing.T) {
	t.Parallel()
	const text = `{"id":1,"new_member":{"a":[1]}}`
	require.JSONEq(t, text, string(decode[salesdock.Product](t, text).Raw))
	require.JSONEq(t, text, string(decode[salesdock.Sale](t, text).Raw))
	require.JSONEq(t, text, string(decode[salesdock.SaleRow](t, text).Raw))
	require.JSONEq(t, text, string(decode[salesdock.Question](t, text).Raw))
}

// TestUnexpectedMembersHideNothing: one member of another shape does not make a
// whole product, list or sale unreadable.
func TestUnexpectedMembersHideNothing(t *testing.T) {
	t.Parallel()
	p := decode[salesdock.Product](t, `{"id":7,"customfields":{"soort":["a","b"],"tariff_g":"0.9","x":true},"image":"","documents":null}`)
	require.Equal(t, salesdock.Map[salesdock.Text]{"soort": `["a","b"]`, "tariff_g": "0.9", "x": "true"}, p.CustomFields)
	require.Equal(t, salesdock.ProductID("7"), p.ID)
	require.NotEmpty(t, p.Raw)
	require.False(t, bool(decode[salesdock.SaleRow](t, `{"id":1,"business":"*****"}`).Business))
	require.Equal(t, "new", decode[salesdock.Sale](t, `{"id":1,"status":"new"}`).Status.ID)
}

// TestFilesThatAreMissing: an empty file is never taken for a contract or a form.
func TestFilesThatAreMissing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"contract":null,"pdf":null}`, `{"contract":{"content":""},"pdf":{"content":""}}`, `{}`} {
		require.Error(t, json.Unmarshal([]byte(text), new(salesdock.SaleContract)), text)
		require.Error(t, json.Unmarshal([]byte(text), new(salesdock.FormPDF)), text)
	}
}

// TestOfferOfASingleSale: false says of an answered offer that it was declined,
// and of another only that it was not accepted.
func TestOfferOfASingleSale(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]salesdock.OfferAnswer{
		`{"offer_accepted":false,"offer_answered_at":null}`:                  salesdock.OfferNotAccepted,
		`{"offer_accepted":false,"offer_answered_at":"2025-05-02 10:00:00"}`: salesdock.OfferDeclined,
		`{"offer_accepted":true,"offer_answered_at":"2025-05-02 10:00:00"}`:  salesdock.OfferAccepted,
		`{"offer_accepted":null}`:                                            salesdock.OfferOpen,
	} {
		require.Equal(t, want, decode[salesdock.Sale](t, text).OfferAnswer, text)
	}
}
