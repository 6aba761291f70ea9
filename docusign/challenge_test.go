package docusign

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChallenge is the vector of RFC 7636, appendix B.
func TestChallenge(t *testing.T) {
	t.Parallel()
	require.Equal(t, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
}
