package cloudsign_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
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

func ExampleCabinetsService_All() {
	srv, client, _ := exampleAccount()
	defer srv.Close()
	srv.UpdateTeam(srv.Team().ID, func(t *cloudsigntest.Team) {
		t.Enterprise, t.Cabinets = true, []cloudsigntest.Cabinet{{Name: "営業部"}} // others have no cabinets
	})
	for cabinet, err := range client.Cabinets.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(cabinet.Name)
	}
	// Output:
	// すべての書類
	// 営業部
}

func ExampleClientIDPageURL() {
	page, _ := cloudsign.ClientIDPageURL(cloudsign.Production)
	fmt.Println(page)
	// Output: https://www.cloudsign.jp/api/clients
}

// exampleDraft is a fake, and a draft on it with a file and a recipient.
func exampleDraft() (*cloudsigntest.Server, *cloudsign.Client, *cloudsign.Document) {
	srv, client, _ := exampleAccount()
	ctx := context.Background()
	doc, err := client.Documents.Create(ctx, cloudsign.NewDocument{Title: "秘密保持契約"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Files.Upload(ctx, doc.ID, text("秘密保持契約書.pdf", smallPDF)); err != nil {
		log.Fatal(err)
	}
	added, err := client.Participants.Add(ctx, doc.ID, cloudsign.NewParticipant{Name: "佐藤 一郎", Email: "sato@midori.example"})
	if err != nil {
		log.Fatal(err)
	}
	return srv, client, added.Document
}

func ExampleDocumentsService_Send() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	ctx := context.Background()
	sent, err := client.Documents.Send(ctx, doc.ID)
	fmt.Println(sent.Status, err)
	_, err = client.Documents.Send(ctx, doc.ID) // by mistake: no second mail goes out
	if state, ok := errors.AsType[*cloudsign.StateError](err); ok {
		fmt.Println("it is", state.Status)
	}
	_, err = client.Documents.Remind(ctx, doc.ID)
	fmt.Println("reminded:", err)
	// Output:
	// pending <nil>
	// it is pending
	// reminded: <nil>
}

func ExampleDocumentsService_Reconcile() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	ctx := context.Background()
	srv.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpSendDocument, Fault: countersigntest.LoseAnswer(), Next: 1})
	_, err := client.Documents.Send(ctx, doc.ID)
	if errors.Is(err, countersign.ErrOutcomeUnknown) {
		_, sent, err := client.Documents.Reconcile(ctx, doc.ID, func(d *cloudsign.Document) bool {
			return d != nil && d.Status != cloudsign.StatusDraft
		})
		fmt.Println("sent:", sent, err)
	}
	// Output: sent: true <nil>
}

func ExampleFilesService_Upload() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	pdf := cloudsigntest.PDF("別紙", "料金表", 4096) // or a file: Open: func() (io.ReadCloser, error) { return os.Open(path) }
	added, err := client.Files.Upload(context.Background(), doc.ID, countersign.Upload{Name: "別紙.pdf", Size: pdf.Size, Open: pdf.Open})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.New.Name, added.New.TotalPages, len(added.Document.Files))
	// Output: 別紙.pdf 1 2
}

func ExampleParticipantsService_Add() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	added, err := client.Participants.Add(context.Background(), doc.ID, cloudsign.NewParticipant{
		Name: "鈴木 花子", Email: "suzuki@aoba.example", Organization: "あおば工業株式会社", AccessCode: countersign.NewSecret("0401"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.New.Order, added.New.Name, added.New.Status, added.New.AccessCode)
	// Output: 2 鈴木 花子 draft [redacted]
}

func ExampleWidgetsService_Add() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	added, err := client.Widgets.Add(context.Background(), doc.ID, doc.Files[0].ID, cloudsign.NewWidget{
		ParticipantID: doc.Participants[1].ID, Type: cloudsign.WidgetSeal, Page: 0, X: 420, Y: 720,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.New.Type, added.New.X, added.New.Y)
	// Output: seal 420 720
}

func ExampleReporteesService_Add() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	added, err := client.Reportees.Add(context.Background(), doc.ID, cloudsign.ReporteeInput{Name: "法務部", Email: "legal@midori.example"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.New.Name, added.New.Email)
	// Output: 法務部 legal@midori.example
}

func ExampleAttachmentsService_Add() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	added, err := client.Attachments.Add(context.Background(), doc.ID, cloudsign.NewAttachment{
		ParticipantID: doc.Participants[1].ID, Description: "登記事項証明書",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.New.Description, added.New.Required)
	// Output: 登記事項証明書 true
}

func ExampleAttributesService_Update() {
	srv, client, id := exampleAccount()
	defer srv.Close()
	attr, err := client.Attributes.Update(context.Background(), id, cloudsign.AttributeUpdate{
		LocalID:       new("K-001"),                             // set
		Amount:        countersign.Value(int64(0)),              // set to 0, which is not "none"
		ValidityEndAt: countersign.Null[countersign.Date](),     // clear
		ContractAt:    countersign.Nullable[countersign.Date]{}, // leave as it is
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(attr.LocalID, *attr.Amount, attr.ValidityEndAt.IsZero())
	// Output: K-001 0 true
}

func ExampleAlertsService_Update() {
	srv, client, id := exampleAccount()
	defer srv.Close()
	alert, err := client.Alerts.Update(context.Background(), id, cloudsign.AlertUpdate{
		Memo: new("更新の確認"), AlertAt: &countersign.Date{Year: 2027, Month: time.January, Day: 31}, Enabled: new(true),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alert.Memo, alert.AlertAt, alert.Enabled)
	// Output: 更新の確認 2027-01-31 true
}

func ExampleImportedDocumentsService_Create() {
	srv, client, _ := exampleAccount()
	defer srv.Close()
	doc, err := client.ImportedDocuments.Create(context.Background(), cloudsign.NewImportedDocument{File: text("紙の契約書.pdf", smallPDF)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(doc.Title, doc.Status)
	// Output: 紙の契約書.pdf imported
}

func ExamplePageURL() {
	_, err := cloudsign.PageURL(cloudsign.Production, cloudsign.WebhookPage)
	if none, ok := errors.AsType[*cloudsign.NoPageError](err); ok {
		fmt.Println(none.MenuPath)
	}
	// Output: 管理画面 > チーム設定 > Webhook
}

// The fake plays CloudSign: a recipient consents, and the receiver hears of it.
func ExampleReceiver_delivery() {
	srv, client, doc := exampleDraft()
	defer srv.Close()
	ctx := context.Background()
	receiver, err := cloudsign.NewReceiver(cloudsign.ReceiverConfig{
		Tokens: []countersign.Secret{countersign.NewSecret("EXAMPLETOKENEXAMPLETOKEN22")}, Documents: client.Documents,
		Accept: func(_ context.Context, e cloudsign.Event) error {
			fmt.Println(e.Kind, e.Document.Title, e.Document.Status) // a program stores it
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	web := httptest.NewServer(receiver)
	defer web.Close()
	srv.UpdateTeam(srv.Team().ID, func(t *cloudsigntest.Team) {
		t.Webhooks = []cloudsigntest.Webhook{{URL: web.URL + "/cloudsign/EXAMPLETOKENEXAMPLETOKEN22", Concluded: true}}
	})

	if _, err := client.Documents.Send(ctx, doc.ID); err != nil {
		log.Fatal(err)
	}
	srv.Consent(string(doc.ID), string(doc.Participants[1].ID))
	for _, d := range srv.DeliverWebhooks(ctx) {
		fmt.Println("answered", d.Status)
	}
	// Output:
	// COMPLETED 秘密保持契約 concluded
	// answered 200
}
