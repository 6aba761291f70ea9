package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/examples/docusignaccount"
)

// check finds what would go wrong after the envelope has been sent.
func (p *program) check(ctx context.Context, account *docusignaccount.Account) error {
	if p.Template != "" {
		where := "examples/draft without --template lists those it has"
		if account.Simulation != nil {
			where = "the simulated one has " + account.Simulation.AddTemplate(template)
		}
		t, err := account.Client.Templates.Get(ctx, docusign.TemplateID(p.Template), nil)
		if errors.Is(err, countersign.ErrNotFound) {
			return fmt.Errorf("the account has no template %q: %s", p.Template, where)
		}
		if err != nil {
			return err
		}
		if err := hasRole(t, p.Role); err != nil {
			return err
		}
	}
	return writable(p.Out)
}

// hasRole refuses a role that the template does not have: DocuSign would add it
// as one more recipient.
func hasRole(t *docusign.Template, role string) error {
	var roles []string
	for _, r := range t.Recipients.All() {
		if r.RoleName != "" {
			roles = append(roles, r.RoleName)
		}
	}
	if slices.Contains(roles, role) {
		return nil
	}
	if len(roles) == 0 {
		return fmt.Errorf("the template has no role %q, nor any other", role)
	}
	return fmt.Errorf("the template has no role %q: it has %s", role, strings.Join(roles, ", "))
}

// writable makes the folder for the signed documents and tries it out.
func writable(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	f, err := os.CreateTemp(folder, ".docusign-*")
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// readPDF reads a file and refuses what is no PDF by its first bytes.
func readPDF(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--pdf: %w", err)
	case len(content) == 0:
		return nil, fmt.Errorf("--pdf: %s is empty", path)
	case !bytes.HasPrefix(content, []byte("%PDF-")):
		return nil, fmt.Errorf("--pdf: %s is not a PDF file: it does not begin with %%PDF-", path)
	}
	return content, nil
}
