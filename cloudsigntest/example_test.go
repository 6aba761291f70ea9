package cloudsigntest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
)

// A program under test reads the concluded documents; one answer in between
// is an error of the gateway, and the log says what was asked.
func Example() {
	clock := countersigntest.NewClock(time.Date(2025, 4, 1, 9, 0, 0, 0, time.UTC))
	srv := cloudsigntest.NewServer(cloudsigntest.WithClock(clock))
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	srv.Seed(user, cloudsigntest.Account{Documents: 120, Files: 200, Seed: 1})
	srv.Faults().Add(countersigntest.Rule{
		Operation: cloudsigntest.OpListDocuments,
		Fault:     countersigntest.Status(http.StatusBadGateway),
		Next:      1,
	})

	// Any client will do; this one is net/http.
	var token struct {
		AccessToken string `json:"access_token"`
	}
	res, err := http.PostForm(srv.URL()+"/token", url.Values{"client_id": {user.ClientID}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		req, _ := http.NewRequest(http.MethodGet, srv.URL()+"/documents?status=2", nil)
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		var list struct {
			Total     int
			Documents []json.RawMessage
		}
		_ = json.NewDecoder(res.Body).Decode(&list) // a gateway's answer is no JSON
		res.Body.Close()
		fmt.Println(res.StatusCode, list.Total, len(list.Documents))
	}
	fmt.Println(srv.Log().Tally(cloudsigntest.OpListDocuments))
	// Output:
	// 502 0 0
	// 200 120 100
	// {2 1}
}
