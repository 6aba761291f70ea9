package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/jedib0t/go-pretty/v6/table"
)

// gatewayCommand runs a gateway to try --ledger gateway with.
type gatewayCommand struct {
	Contracted *int64 `help:"Contracted count; without it there is no limit." placeholder:"N"`
}

// gateway runs a gateway in memory until it is interrupted, and then shows what was
// registered.
func (p *program) gateway(ctx context.Context, c gatewayCommand) error {
	var opts []gatewaytest.Option
	switch {
	case c.Contracted != nil && *c.Contracted < 0:
		return errors.New("--contracted is negative: give the number of contracts that the gateway takes")
	case c.Contracted != nil:
		opts = append(opts, gatewaytest.WithContracted(*c.Contracted))
	}
	if p.GatewayHeader != "" {
		opts = append(opts, gatewaytest.WithHeader(p.GatewayHeader, p.GatewayCredential))
	}
	srv := gatewaytest.NewServer(opts...)
	defer srv.Close()
	fmt.Fprintf(p.err, "a gateway for trials is at %s; it forgets everything when it is interrupted\n", srv.URL())
	fmt.Fprintf(p.err, "in another terminal, register there with: --data ./trial --ledger gateway:%s\n", srv.URL())
	<-ctx.Done()
	entries := srv.Entries()
	s := &sync{program: p}
	t := s.table("The newest entries of the gateway", "id", "title", "file name", "share", "bytes")
	for _, e := range entries[max(0, len(entries)-shown):] {
		t.AppendRow(table.Row{e.ID, text(e.Items["title"]), text(e.Items["file_name"]), e.Share.Visibility, e.PDF.Size})
	}
	t.Render()
	fmt.Fprintf(p.out, "ledgersync: entries=%d\n", len(entries))
	return nil // being interrupted is how this ends
}

// text is an item of the gateway; one that is absent is empty.
func text(item json.RawMessage) (out string) {
	_ = json.Unmarshal(item, &out)
	return out
}
