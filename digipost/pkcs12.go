package digipost

import (
	"crypto/tls"

	"github.com/countersign/countersign"
	"software.sslmate.com/src/go-pkcs12"
)

// ParsePKCS12 reads key and certificates of a .p12 file, which is what Digipost and
// the issuers of Norwegian enterprise certificates hand out. Its key, of KeyOf, is
// for SignatureAuth, the whole for TokenAuth. The error is a
// *countersign.ConfigError that quotes nothing.
func ParsePKCS12(data []byte, password countersign.Secret) (tls.Certificate, error) {
	key, leaf, chain, err := pkcs12.DecodeChain(data, password.Reveal())
	if err != nil {
		return tls.Certificate{}, &countersign.ConfigError{
			Component: "digipost", Field: "PKCS#12", Reason: "can't be read with this password", Fix: "check both; openssl pkcs12 -in FILE -nodes makes PEM of it",
		}
	}
	out := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range chain {
		out.Certificate = append(out.Certificate, c.Raw)
	}
	return out, nil
}
