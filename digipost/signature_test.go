package digipost

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vector of Digipost's .NET client (AuthenticationHandlerTests), with the
// public key of its test certificate.
const (
	vectorText      = "POST\n/someendpoint\ndate: Mon, 07 Jul 2014 12:00:02 GMT\nx-content-sha256: TheHashOfContentForHeader\nx-digipost-userid: 1337\n\n"
	vectorSignature = "HEZfhL+mu0Pb9Owvfs7pHLUXxZPthONK53nWTwXPFtFVjslr4AIxLqUSbAO7PerzBcRryYa84SellVabx8t16Ixg52afLQb02qyeDx1qF23YAIvvv01NmEJkVUUTV/oN7MgDAb4NGeujzVoUzXKTV+b5YC4W2c4M/RWSGYF1HxEEo+82SDyTlwGa3XxhcVem2Kg0LOgZvKaJnFWk0fsVDI7J9xWdOY0NWbtlm/xu77w2IlR+91lbr2G5A75lyzboXVEYvOj3UGzKwFTqGDpR7var+/PzWh00lQ/dKtILKzDGz3E80CxCOtlU/6kczk9MtYVQvLCy7QR0GMUI6ypTzg=="
	vectorKey       = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0unU2AMiIe1yivPy9dub
odptLSOfWvBpknZmiPYfzn7924EikMjeEoim7pmAJjPQF//oE5O85ThlVtkm9L+U
TfmDOvILqaMJbta4ySj812zipTtxO2zyj/wGQ9tU5E7R08aCGFXzk69mbiGWBsLU
OrAbxKE9ujv315n2+NXiYgl7UwdcIYXpBAPlVkkkEXG9cKtF2LluOU7S/PyMh2Ru
8TptJE/j7uua7RiFRaEDpdCcj/BCrsICt3cRcriT+GuHAYbR1xQaJlW7FZcZXt1C
GLKHLeMcMrWrCyiV4x6AKDvWjtpVOjWW0klH33wCdS4jDhXHGLM9k7Qz4yY66oZ6
3QIDAQAB
-----END PUBLIC KEY-----`
)

func TestVendorVector(t *testing.T) {
	t.Parallel()
	text := requestText("post", "/SomeEndpoint", "Mon, 07 Jul 2014 12:00:02 GMT", "TheHashOfContentForHeader", "1337", "")
	require.Equal(t, vectorText, text)
	block, _ := pem.Decode([]byte(vectorKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	require.True(t, verify(key.(*rsa.PublicKey), text, vectorSignature))
	require.False(t, verify(key.(*rsa.PublicKey), text+"x", vectorSignature))
	require.False(t, verify(key.(*rsa.PublicKey), text, "not base64"))
}

// The texts of Digipost's document "Security" and of its description of queries.
func TestCanonicalTexts(t *testing.T) {
	t.Parallel()
	require.Equal(t, "GET\n/\ndate: Wed, 29 Jun 2011 14:58:11 GMT\nx-digipost-userid: 9999\nparameter1=58&parameter2=test\n",
		requestText("GET", "/", "Wed, 29 Jun 2011 14:58:11 GMT", "", "9999", "parameter1=58&parameter2=test"))
	require.Equal(t, "200\n/messages\ndate: Mon, 18 Nov 2013 09:06:42 GMT\nx-content-sha256: lTapuncEksiIcxVAw0ibcWzex3zoeMWmACvtov4IZJY=\n",
		answerText(200, "/messages", "Mon, 18 Nov 2013 09:06:42 GMT", "lTapuncEksiIcxVAw0ibcWzex3zoeMWmACvtov4IZJY="))
	require.Contains(t, requestText("GET", "/documents/events", "d", "", "1", "from=2026-01-26T13%3A57%3A28.443%2B01%3A00&offset=0"),
		"\nfrom=2026-01-26t13%3a57%3a28.443%2b01%3a00&offset=0\n")
}

func TestContentHashes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "gvXOB75lBGBY6LVTAVVpapZkBOv531VUE0EHrP2rryE=", contentHash([]byte("This is the content to hash.")))
	require.Equal(t, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", contentHash(nil))
}

func TestLineDiff(t *testing.T) {
	t.Parallel()
	require.Empty(t, lineDiff("a\nb\n", "a\r\nb\r\n"))
	require.Equal(t, []string{"-b", "+c"}, lineDiff("a\nb\n", "a\nc\n"))
	require.Equal(t, []string{"-", "+c"}, lineDiff("a\n", "a\nc\n"))
	text, ok := echo("x ===START===\nGET\n/\n===SLUTT=== y")
	require.True(t, ok)
	require.Equal(t, "GET\n/\n", text)
	_, ok = echo("x ===START=== y")
	require.False(t, ok)
}

// A token without expires_in ends when it says itself.
func TestTokenExpiry(t *testing.T) {
	t.Parallel()
	claims := func(s string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(s)) + ".c2ln" }
	require.EqualValues(t, 1767225600, expiryOf(claims(`{"exp":1767225600}`)))
	for _, token := range []string{"", "opaque", "a.b", "a.%.c", claims("[]"), claims("{}"), claims(`{"exp":"soon"}`)} {
		require.Zero(t, expiryOf(token), token)
	}
}

// FuzzAnswers feeds foreign bytes to the readers of answers: they give a value or
// an error, never a panic.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`<error xmlns="http://api.digipost.no/schema/v8"><error-code>INVALID_SIGNATURE</error-code><error-message>===START===x===SLUTT===</error-message></error>`))
	f.Add([]byte(`<message-delivery><delivery-time>2016-09-14T14:06:53.958+02:00</delivery-time></message-delivery>`))
	f.Add([]byte(`<document-status sender-id="34567" created="2026-01-26T13:56:59.140+01:00"/>`))
	f.Add([]byte(`<entrypoint><certificate>x</certificate><link rel="a/b" uri="https://api.digipost.no/messages"/></entrypoint>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{new(xmlEntryPoint), new(xmlSenderInformation), new(xmlDelivery), new(DocumentStatus), new(xmlBatchAnswer), new(xmlArchive), new(xmlArchives), new(xmlShared), new(xmlIdentified), new(DocumentEvent), new(InboxDocument)} {
			_ = decodeXML(v)(mediaType, body)
		}
		_ = parseError(403, map[string][]string{"Content-Type": {mediaType}, headerSigned: {"YQ=="}}, body)
		_, _, _ = path(string(body))
	})
}

// FuzzRawDataType: what is accepted is one element that can stand in a message and
// is read back from there.
func FuzzRawDataType(f *testing.F) {
	f.Add(`<payslip xmlns="http://api.digipost.no/schema/datatypes"/>`)
	f.Add(`<d:a xmlns:d="http://api.digipost.no/schema/datatypes"><d:b/></d:a>`)
	f.Add(`<a xmlns="http://api.digipost.no/schema/datatypes"></a></data-type>`)
	f.Fuzz(func(t *testing.T, raw string) {
		data, err := wireDataType(RawDataType(raw))
		if err != nil {
			return
		}
		doc, err := encodeXML(xmlDocument{UUID: "u", FileType: "pdf", Data: data})
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			UUID string `xml:"uuid"`
			Type string `xml:"file-type"`
			Any  []struct {
				XMLName xml.Name
			} `xml:",any"`
		}
		if err := xml.Unmarshal(doc, &m); err != nil {
			t.Fatalf("%q makes a document that can't be read: %v", raw, err)
		}
		if m.UUID != "u" || m.Type != "pdf" || len(m.Any) > 1 {
			t.Fatalf("%q breaks out of its place", raw)
		}
	})
}
