package digipost_test

import (
	"crypto"
	"crypto/x509"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

func TestPKCS12(t *testing.T) {
	t.Parallel()
	cert := certificate(t)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	require.NoError(t, err)
	for name, enc := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern2023, "legacy": pkcs12.LegacyDES} {
		file, err := enc.Encode(brokerKey(), leaf, []*x509.Certificate{leaf}, "hemmelig passord")
		require.NoError(t, err)
		got, err := digipost.ParsePKCS12(file, countersign.NewSecret("hemmelig passord"))
		require.NoError(t, err, name)
		require.True(t, brokerKey().Equal(got.PrivateKey))
		require.Len(t, got.Certificate, 2)
		_, err = digipost.New(digipost.Config{
			Environment: digipost.Test, BrokerID: 1, Auth: digipost.SignatureAuth{Key: got.PrivateKey.(crypto.Signer)},
		})
		require.NoError(t, err)
		_, err = digipost.ParsePKCS12(file, countersign.NewSecret("feil passord"))
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.NotContains(t, err.Error(), "feil")
		_, err = digipost.ParsePKCS12(file[:20], countersign.NewSecret("hemmelig passord"))
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
}
