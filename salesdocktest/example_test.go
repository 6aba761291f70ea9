package salesdocktest_test

import (
	"fmt"

	"github.com/countersign/countersign/salesdocktest"
)

// Two environments in one process.
func Example() {
	srv := salesdocktest.NewServer()
	defer srv.Close()
	alpha, beta := srv.AddAccount("alpha"), srv.AddAccount("beta")
	power := beta.AddProduct(salesdocktest.Product{Name: "Stroom", Type: "energy_e"})
	partner := beta.AddOrganisation("Alpha")
	beta.Grant(partner, power)
	agent := beta.AddUser(salesdocktest.User{Organisation: partner})
	token := beta.AddToken(agent)

	fmt.Println(alpha.Domain(), beta.Domain(), token != "", len(beta.Products()), len(alpha.Products()))
	// Output: alpha beta true 1 0
}
