package digipost

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample reads a file of the folder of samples.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("COUNTERSIGN_SPECS"), "digipost-samples", name))
	if err != nil {
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "specs") {
			t.Fatal("Digipost's samples are required and not in COUNTERSIGN_SPECS")
		}
		t.Skip("Digipost's samples are not in COUNTERSIGN_SPECS")
	}
	return data
}

// The answers in the tests of Digipost's .NET client are read as they are meant.
func TestVendorSamples(t *testing.T) {
	t.Parallel()
	var delivery xmlDelivery
	require.NoError(t, decodeXML(&delivery)(mediaType, sample(t, "SendMessageMessageDelivery.xml")))
	require.Equal(t, ChannelDigipost, delivery.Channel)
	require.Equal(t, SenderID(2121714811), delivery.SenderID)
	require.Equal(t, 2016, delivery.Delivered.Year())
	require.Equal(t, ContentHash{"SHA256", "5o0RMsXcgSZpGsL7FAmhSQnvGkqgOcvl5JDtMhXBSlc="}, delivery.Primary.ContentHash)
	var who xmlIdentified
	require.NoError(t, decodeXML(&who)(mediaType, sample(t, "IdentificationResult.xml")))
	require.Equal(t, ResultDigipost, who.Result)
	header := map[string][]string{"Content-Type": {mediaType}}
	require.ErrorIs(t, parseError(404, header, sample(t, "SendMessageErrorUnknownRecipient.xml")).Kind, ErrNotDigipostUser)
	require.NotEmpty(t, parseError(404, header, sample(t, "InboxDocumentNotExisting.xml")).Code)
}

// Every example of Digipost's repository of data types can go with a document.
func TestVendorDataTypes(t *testing.T) {
	t.Parallel()
	var examples struct {
		Each []struct {
			XMLName xml.Name
			Inner   string `xml:",innerxml"`
		} `xml:",any"`
	}
	raw := sample(t, "datatypes-examples.xml")
	require.NoError(t, xml.Unmarshal(raw, &examples))
	require.Greater(t, len(examples.Each), 15)
	for _, e := range examples.Each {
		element := "<" + e.XMLName.Local + ` xmlns="` + e.XMLName.Space + `">` + e.Inner + "</" + e.XMLName.Local + ">"
		_, err := RawDataType(element).element()
		require.NoError(t, err, e.XMLName.Local)
	}
}
