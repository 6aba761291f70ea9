package ledgersync

import (
	"fmt"
	"slices"
	"strings"

	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/ledgermap"
)

// Extras are what a link may carry beside the vendor's nine items. The zero value
// carries none of it.
type Extras struct {
	// Counterparty carries 契約相手の名称 to 契約先名, which the vendor leaves to
	// digitisation.
	Counterparty bool `json:"counterparty,omitempty"`
	// Options carries the fields that the team defined to extension items
	// (拡張項目): the name of the item by the order of the field, 1 to 10.
	// CloudSign's API does not tell the fields' labels.
	Options map[int]string `json:"options,omitempty"`
	// DocumentURL is the name of the extension item that gets the address of the
	// document's page in CloudSign. Empty: none.
	DocumentURL string `json:"document_url,omitempty"`
	// Certificate registers the certificate of agreement (合意締結証明書) of each
	// concluded document as one entry more, with a title and a file name alone. It
	// uses up the contracted count as a file does.
	Certificate bool `json:"certificate,omitempty"`
}

// certificateID stands for a file id in the key of a certificate; CloudSign's own
// ids are longer.
const certificateID cloudsign.FileID = "certificate"

const certificateName = "合意締結証明書"

func (e Extras) validate(env cloudsign.Environment) error {
	var names []string
	for order, name := range e.Options {
		if order < 1 || order > 10 {
			return configError("Settings.Extras.Options", fmt.Sprintf("names a field %d", order), "CloudSign has the fields 1 to 10")
		}
		names = append(names, name)
	}
	if e.DocumentURL != "" {
		names = append(names, e.DocumentURL)
		if _, err := cloudsign.DocumentPageURL(env, "id"); err != nil {
			return configError("Settings.Extras.DocumentURL", "is not possible for this account: "+err.Error(), "leave it out")
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if strings.TrimSpace(name) == "" || i > 0 && name == names[i-1] {
			return configError("Settings.Extras", "has an extension item without a name or a name twice", "name each extension item once")
		}
	}
	return nil
}

// records are what a link registers of a document: its files and, where the link
// asks for it, the certificate.
func records(e Extras, d cloudsign.Document) []ledgermap.Record {
	out := ledgermap.Records(d, nil)
	if e.Certificate && d.Status == cloudsign.StatusConcluded {
		out = append(out, ledgermap.Record{
			Document: d, File: cloudsign.File{ID: certificateID, Name: certificateName + ".pdf"}, FileIndex: len(out) + 1, FileCount: len(out) + 1,
		})
	}
	return out
}

// keysOf are the keys of what a link registers of a document.
func keysOf(e Extras, d *cloudsign.Document) (keys []contractone.Key) {
	for _, rec := range records(e, *d) {
		src := rec.Source()
		keys = append(keys, src.Key())
	}
	return keys
}

// add carries the extras that are items.
func (e Extras) add(m *mapped, rec ledgermap.Record, env cloudsign.Environment) {
	if e.DocumentURL != "" {
		if page, err := cloudsign.DocumentPageURL(env, rec.Document.ID); err == nil { // AddLink checked
			m.extend(e.DocumentURL, page)
		}
	}
	if rec.Attribute == nil {
		return
	}
	if e.Counterparty && m.Items.Counterparty == "" {
		if text, ok := m.readable(string(contractone.ItemCounterparty), rec.Attribute.Counterparty); ok {
			m.Items.Counterparty = text
		}
	}
	for _, o := range rec.Attribute.Options {
		if name := e.Options[o.Order]; name != "" {
			if text, ok := m.readable("extension:"+name, o.Content); ok {
				m.extend(name, text)
			}
		}
	}
}

func (m *mapped) extend(name, text string) {
	if m.Extensions == nil {
		m.Extensions = map[string]string{}
	}
	m.Extensions[name] = text
}

// readable gives a text that a ledger can keep; one that it can't is a finding.
func (m *mapped) readable(item, text string) (string, bool) {
	if strings.ContainsRune(text, 0) {
		m.Findings = append(m.Findings, mapping.Finding{
			Severity: mapping.SeverityError, Code: mapping.CodeInvalidText, Field: item, Message: "the text holds a NUL character",
		})
		return "", false
	}
	return text, strings.TrimSpace(text) != ""
}

// certificate is what the entry of a certificate holds, from what the entry of its
// contract would.
func (m mapped) certificate(rec ledgermap.Record) mapped {
	title := certificateName
	if m.Items.Title != "" {
		title = m.Items.Title + " " + certificateName
	}
	return mapped{Items: contractone.Items{Title: title, FileName: rec.File.Name}, Extensions: m.Extensions, TitleFrom: m.TitleFrom}
}
