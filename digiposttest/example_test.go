package digiposttest_test

import (
	"context"
	"fmt"

	"github.com/countersign/countersign/digiposttest"
)

func ExampleServer_Register() {
	srv := digiposttest.NewServer()
	defer srv.Close()
	srv.AddPartner(digiposttest.Partner{ID: 12345})
	link, err := srv.Register(context.Background(), srv.URL()+
		"/registrering/bedrift?partner-id=12345&redirect-url=https%3A%2F%2Fexample.com&nonce=abcde&org=984661185", "984661185")
	fmt.Println(link, err)
	// Output: https://example.com?sender-id=34567&dp-address=kunde34567#8707&nonce=abcde <nil>
}
