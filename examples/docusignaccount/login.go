package docusignaccount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/countersign/countersign/docusign"
)

const (
	loginAddress = "localhost:8787"
	redirectURI  = "http://" + loginAddress + "/docusign/callback"
)

// login has a person log in through a page on this machine.
func (o Options) login(ctx context.Context, env docusign.Environment, progress io.Writer) (docusign.Auth, error) {
	grant := docusign.CodeGrant{IntegrationKey: o.IntegrationKey, Secret: o.Secret}
	done := make(chan error, 1)
	tell := func(err error) {
		select {
		case done <- err:
		default: // it is settled already
		}
	}
	login, err := docusign.NewLogin(docusign.LoginConfig{
		App: docusign.App{Environment: env, IntegrationKey: o.IntegrationKey, Secret: o.Secret, RedirectURI: redirectURI},
		Connected: func(_ context.Context, c docusign.Connection) error {
			grant.Store = docusign.NewMemoryStore(c.Token)
			tell(nil)
			return nil
		},
		Failed: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "DocuSign was not connected.", http.StatusForbidden)
			if !errors.Is(err, docusign.ErrLoginState) { // somebody else's request
				tell(err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /docusign/start", login.Start())
	mux.Handle("GET /docusign/callback", login.Callback())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loginAddress)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	fmt.Fprintln(progress, "log in on http://"+loginAddress+"/docusign/start")
	select {
	case err := <-done:
		return grant, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
