package activecampaigntest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign/countersign/activecampaigntest"
)

func Example() {
	srv := activecampaigntest.NewServer()
	defer srv.Close()
	srv.AddAutomation(activecampaigntest.Automation{Name: "Thanks", StartsAtTag: "signed"})

	// The program under test does this.
	body := strings.NewReader(`{"contact":{"email":"robin@example.com"}}`)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, srv.URL()+"/api/3/contact/sync", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Api-Token", srv.APIKey())
	req.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()

	// Somebody in the account does this.
	srv.TagContact("robin@example.com", "signed")
	fmt.Println(res.StatusCode, srv.Tags("robin@example.com"), len(srv.Enrolments()))
	// Output: 201 [signed] 1
}
