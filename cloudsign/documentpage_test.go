package cloudsign_test

import (
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/stretchr/testify/require"
)

func TestDocumentPageURL(t *testing.T) {
	t.Parallel()
	page, err := cloudsign.DocumentPageURL(cloudsign.Production, "01abc")
	require.NoError(t, err)
	require.Equal(t, "https://www.cloudsign.jp/document/01abc/summary", page)
	page, err = cloudsign.DocumentPageURL(cloudsign.Sandbox, "a/../b?c")
	require.NoError(t, err)
	require.Equal(t, "https://sandbox.cloudsign.jp/document/a%2F..%2Fb%3Fc/summary", page)
	_, err = cloudsign.DocumentPageURL(cloudsign.LGWAN, "01abc")
	var none *cloudsign.NoPageError
	require.ErrorAs(t, err, &none)
	_, err = cloudsign.DocumentPageURL("staging", "01abc")
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = cloudsign.DocumentPageURL(cloudsign.Production, "")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}
