package cloudsign_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
)

// exampleAccount is a fake with one concluded document.
func exampleAccount() (*cloudsigntest.Server, *cloudsign.Client, cloudsign.DocumentID) {
	srv := cloudsigntest.NewServer()
	user := srv.AddUser(cloudsigntest.User{Name: "連携専用", Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	doc := srv.AddDocument(cloudsigntest.Document{
		UserID: user.ID, Title: "業務委託契約", Status: cloudsigntest.Concluded,
		Files: []cloudsigntest.File{{Name: "契約書.pdf"}, {Name: "別紙.pdf"}},
	})
	client, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(user.ClientID)}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	return srv, client, cloudsign.DocumentID(doc.ID)
}

func Example() {
	srv, client, _ := exampleAccount()
	defer srv.Close()
	ctx := context.Background()
	query := cloudsign.DocumentQuery{Status: new(cloudsign.StatusConcluded), To: time.Now().Add(time.Minute)}
	for doc, err := range client.Documents.All(ctx, query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(doc.Title, doc.Status)
		for _, file := range doc.Files {
			fmt.Println(" ", file.Name)
		}
	}
	// Output:
	// 業務委託契約 concluded
	//   契約書.pdf
	//   別紙.pdf
}

func ExampleAttributesService_Get() {
	srv, client, id := exampleAccount()
	defer srv.Close()
	_, found, err := client.Attributes.Get(context.Background(), id)
	fmt.Println(found, err)
	srv.SetAttribute(string(id), cloudsigntest.Attribute{LocalID: "K-001", Amount: new(int64(1200000))})
	attr, found, err := client.Attributes.Get(context.Background(), id)
	fmt.Println(attr.LocalID, *attr.Amount, found, err)
	// Output:
	// false <nil>
	// K-001 1200000 true <nil>
}

func ExampleFilesService_Download() {
	srv, client, id := exampleAccount()
	defer srv.Close()
	ctx := context.Background()
	doc, err := client.Documents.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	d, err := client.Files.Download(ctx, doc.ID, doc.Files[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	head := make([]byte, 5)
	_, err = d.Read(head)
	fmt.Println(string(head), d.ContentType, err)
	// Output: %PDF- application/pdf <nil>
}

func ExampleUsersService_Me() {
	srv, client, _ := exampleAccount()
	defer srv.Close()
	me, err := client.Users.Me(context.Background())
	fmt.Println(me.Name, me.Authorities.TeamDocumentAdministrator, err)
	// Output: 連携専用 true <nil>
}

func ExampleCabinetsService_List() {
	srv, client, _ := exampleAccount()
	defer srv.Close()
	_, err := client.Cabinets.List(context.Background(), 1)
	fmt.Println("only for Enterprise accounts:", errors.Is(err, countersign.ErrForbidden))
	// Output: only for Enterprise accounts: true
}

func ExampleClientIDPageURL() {
	page, _ := cloudsign.ClientIDPageURL(cloudsign.Production)
	fmt.Println(page)
	// Output: https://www.cloudsign.jp/api/clients
}
