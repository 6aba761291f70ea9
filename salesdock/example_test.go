package salesdock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

// What an Agent of another company may sell.
func Example() {
	srv := salesdocktest.NewServer()
	defer srv.Close()
	beta := srv.AddAccount("beta")
	power := beta.AddProduct(salesdocktest.Product{Name: "Stroom 1 jaar", Type: "energy_e"})
	beta.AddProduct(salesdocktest.Product{Name: "Niet voor partners"})
	partner := beta.AddOrganisation("Alpha")
	beta.Grant(partner, power)
	token := beta.AddToken(beta.AddUser(salesdocktest.User{Firstname: "Koppeling_Alpha", Organisation: partner}))

	client, err := salesdock.New(salesdock.Config{
		Domain: "beta", Token: countersign.NewSecret(token), Scope: salesdock.ScopeUser,
	}, countersign.WithBaseURL(srv.URL())) // in production: Environment: salesdock.Production
	if err != nil {
		log.Fatal(err)
	}
	for product, err := range client.Products.All(context.Background(), salesdock.ProductQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(product.Name, product.Type)
	}
	_, err = client.Organisations.List(context.Background(), "")
	fmt.Println(err)
	// Output:
	// Stroom 1 jaar energy_e
	// salesdock: list organisations exists in the scope account alone, and the client's is user
}

// A sale that the customer has signed already: Salesdock writes to nobody.
func ExampleSalesService_Create() {
	srv := salesdocktest.NewServer()
	defer srv.Close()
	beta := srv.AddAccount("beta")
	power := beta.AddProduct(salesdocktest.Product{Name: "Stroom", Type: "energy_e"})
	beta.AddFlow(salesdocktest.Flow{Title: "Stroom"})
	client, err := salesdock.New(salesdock.Config{
		Domain: "beta", Token: countersign.NewSecret(beta.AdminToken()), Scope: salesdock.ScopeAccount,
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	home := salesdock.Place{Postcode: "1234AB", Housenumber: "1", Streetname: "Dorpsstraat", City: "Ons Dorp"}
	id, err := client.Sales.Create(context.Background(), salesdock.NewSale{
		FlowType: salesdock.FlowDefault, FlowIdentifier: "stroom", Type: salesdock.Order,
		Mail: salesdock.NoCustomerMail(salesdock.Contract{
			Date: countersign.Date{Year: 2026, Month: time.March, Day: 2}, PDF: []byte("%PDF-1.4 …"),
		}),
		ProductID: salesdock.ProductID(fmt.Sprint(power.ID)), Connection: home, Address: home,
		Firstname: "Robin", Lastname: "Jansen", Birthdate: countersign.Date{Year: 1980, Month: time.February, Day: 1},
		Email: "robin@example.com", Phone: "0612345678", ExternalReference: "alpha:17",
	})
	switch {
	case errors.Is(err, countersign.ErrOutcomeUnknown):
		log.Fatal("the sale may exist: look for it before another attempt")
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println("made:", id != "", "mails to customers:", len(beta.Mails()))
	// Output: made: true mails to customers: 0
}

// What people do in the screens.
func ExampleOwnerRunbook() {
	book, err := salesdock.OwnerRunbook(salesdock.SDKLink, salesdock.English, salesdock.LinkNames{A: "alpha", B: "beta", Organisation: "Alpha"})
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range book.Steps[:4] {
		fmt.Println(step.ID, step.Kind, step.Path)
	}
	// Output:
	// B1 automated [Account Organisatie Toevoegen]
	// B2a automated [Account Organisatie Alpha]
	// B2b verifiable [Account Organisatie Alpha]
	// B3 verifiable [Account Gebruikers Toevoegen]
}

func ExampleNewLinks() {
	links, err := salesdock.NewLinks(salesdock.Production, "beta")
	if err != nil {
		log.Fatal(err)
	}
	page, err := links.Sale("228840")
	fmt.Println(links.Login(), page, err)
	// Output: https://app.salesdock.nl/login https://app.salesdock.nl/beta/sales/228840 <nil>
}

func ExampleIsMasked() {
	fmt.Println(salesdock.IsMasked("****@******.***"), salesdock.IsMasked("robin@example.com"))
	// Output: true false
}
