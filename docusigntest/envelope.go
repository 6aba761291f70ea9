package docusigntest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// envelope is an envelope or, as part of one, a template.
type envelope struct {
	id         string
	obj        object // what the service tells of it, without parts
	recipients []*recipient
	documents  []*document
	fields     object // custom fields
	notice     object // reminders and expirations
	hooks      []object
	audit      []object
	made       time.Time
	changed    time.Time
	folder     string
}

// recipient is one recipient, and the list that it is in: "signers".
type recipient struct {
	list string
	obj  object
	tabs object
}

type document struct {
	id, name string
	content  []byte
	tabs     object // prefill tabs
}

// recipientTypes are the lists of recipients and the types that stand for them.
var recipientTypes = []struct{ list, kind string }{
	{"signers", "signer"}, {"agents", "agent"}, {"editors", "editor"}, {"intermediaries", "intermediary"},
	{"carbonCopies", "carboncopy"}, {"certifiedDeliveries", "certifieddelivery"}, {"inPersonSigners", "inpersonsigner"},
	{"seals", "seal"}, {"witnesses", "witness"}, {"notaries", "notary"}, {"participants", "participant"},
}

// addRecipients takes the recipients of a request.
func (s *Server) addRecipients(e *envelope, from object) []*recipient {
	var added []*recipient
	for _, t := range recipientTypes {
		for _, given := range from.list(t.list) {
			added = append(added, s.addRecipient(e, t.list, t.kind, given))
		}
	}
	return added
}

func (s *Server) addRecipient(e *envelope, list, kind string, given object) *recipient {
	r := &recipient{list: list, obj: copyOf(given)}
	r.tabs = s.numbered(r.obj.object("tabs"))
	delete(r.obj, "tabs")
	id := r.obj.text("recipientId")
	if id == "" {
		id = fmt.Sprint(len(e.recipients) + 1)
	}
	if r.obj.text("routingOrder") == "" {
		r.obj["routingOrder"] = "1"
	}
	r.obj["recipientId"], r.obj["recipientIdGuid"], r.obj["recipientType"] = id, s.ids.guid("recipient"), kind
	r.obj["status"] = "created"
	e.recipients = append(e.recipients, r)
	return r
}

func (e *envelope) recipient(id string) *recipient {
	for _, r := range e.recipients {
		if r.obj.text("recipientId") == id {
			return r
		}
	}
	return nil
}

func (e *envelope) document(id string) *document {
	for _, d := range e.documents {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (s *Server) addDocument(e *envelope, given object) {
	content, err := base64.StdEncoding.DecodeString(given.text("documentBase64"))
	if err != nil || len(content) == 0 {
		content = pdf(given.text("name"))
	}
	d := &document{id: given.text("documentId"), name: given.text("name"), content: content, tabs: s.numbered(given.object("tabs").object("prefillTabs"))}
	if d.id == "" {
		d.id = fmt.Sprint(len(e.documents) + 1)
	}
	e.documents = append(e.documents, d)
}

// numbered is a copy of tabs in which each has an id.
func (s *Server) numbered(tabs object) object {
	out := copyOf(tabs)
	for _, kind := range sortedKeys(out) {
		if kind == "prefillTabs" {
			out[kind] = s.numbered(out.object(kind))
			continue
		}
		for _, tab := range out.list(kind) {
			if kind == "radioGroupTabs" {
				for _, radio := range tab.list("radios") {
					s.number(radio)
				}
				continue
			}
			if kind != "tabGroups" {
				s.number(tab)
			}
		}
	}
	return out
}

func (s *Server) number(tab object) {
	if tab.text("tabId") == "" {
		tab["tabId"] = s.ids.guid("tab")
	}
}

// fillTabs gives tabs the values of others with the same labels; radio groups go
// by their names. Auto tabs can't be set.
func fillTabs(tabs, values object) {
	for kind := range values {
		for _, value := range values.list(kind) {
			for _, tab := range tabs.list(kind) {
				switch {
				case kind == "radioGroupTabs" && tab.text("groupName") == value.text("groupName"):
					choose(tab, value)
				case kind == "dateSignedTabs", kind == "radioGroupTabs", tab.text("tabLabel") != value.text("tabLabel"):
				default:
					for _, name := range []string{"value", "selected", "listSelectedValue"} {
						if v, ok := value[name]; ok {
							tab[name] = v
						}
					}
				}
			}
		}
	}
}

func choose(group, value object) {
	for _, want := range value.list("radios") {
		for _, radio := range group.list("radios") {
			if radio.text("value") == want.text("value") {
				radio["selected"] = want["selected"]
			}
		}
	}
}

// shown is what the service tells of a recipient.
func (r *recipient) shown(withTabs bool) object {
	out := copyOf(r.obj)
	if withTabs && len(r.tabs) > 0 {
		out["tabs"] = copyOf(r.tabs)
	}
	return out
}

func (e *envelope) shownRecipients(withTabs bool) object {
	out := object{"recipientCount": fmt.Sprint(len(e.recipients)), "currentRoutingOrder": fmt.Sprint(max(e.turn(), 1))}
	for _, t := range recipientTypes {
		list := []object{}
		for _, r := range e.recipients {
			if r.list == t.list {
				list = append(list, r.shown(withTabs))
			}
		}
		out[t.list] = list
	}
	return out
}

func (e *envelope) shownDocuments(base string) []object {
	out := []object{}
	for i, d := range e.documents {
		out = append(out, object{
			"documentId": d.id, "documentIdGuid": guidOf(e.id + d.id), "name": d.name, "type": "content",
			"uri": base + "/documents/" + d.id, "order": fmt.Sprint(i + 1), "display": "inline", "includeInDownload": "true",
			"pages": []object{{"pageId": guidOf(e.id + d.id + "p"), "sequence": "1", "height": "842", "width": "595", "dpi": "72"}},
		})
	}
	if base == "/envelopes/"+e.id {
		out = append(out, object{"documentId": "certificate", "name": "Summary", "type": "summary", "uri": base + "/documents/certificate", "order": "999"})
	}
	return out
}

// guidOf is a GUID that a text stands for.
func guidOf(text string) string {
	g := &ids{next: map[string]uint64{}}
	return g.guid(text)
}

// shown is what the service tells of an envelope, with the parts asked for.
func (e *envelope) shown(include string) object {
	base := "/envelopes/" + e.id
	out := copyOf(e.obj).with(object{
		"documentsUri": base + "/documents", "recipientsUri": base + "/recipients", "customFieldsUri": base + "/custom_fields",
		"notificationUri": base + "/notification", "documentsCombinedUri": base + "/documents/combined",
		"certificateUri": base + "/documents/certificate", "envelopeUri": base, "templatesUri": base + "/templates",
	})
	has := func(part string) bool { return slices.Contains(strings.Split(include, ","), part) }
	if has("recipients") || has("tabs") {
		out["recipients"] = e.shownRecipients(has("tabs"))
	}
	if has("custom_fields") {
		out["customFields"] = e.fields
	}
	if has("documents") {
		out["envelopeDocuments"] = e.shownDocuments(base)
	}
	if has("folders") {
		out["folders"] = []object{{"folderId": e.folder, "name": e.folder}}
	}
	return out
}

// turn is the lowest routing order that has not finished; 0 when all have.
func (e *envelope) turn() int {
	lowest := 0
	for _, r := range e.recipients {
		if status := r.obj.text("status"); status == "completed" || status == "declined" {
			continue
		}
		var order int
		_, _ = fmt.Sscan(r.obj.text("routingOrder"), &order)
		if lowest == 0 || order < lowest {
			lowest = order
		}
	}
	return lowest
}

func (e *envelope) status() string { return e.obj.text("status") }

func (e *envelope) ended() bool {
	return slices.Contains([]string{"completed", "declined", "voided", "deleted"}, e.status())
}

// note adds a line to the history.
func (s *Server) note(e *envelope, action, who string) {
	field := func(name, value string) object { return object{"name": name, "value": value} }
	e.audit = append(e.audit, object{"eventFields": []object{
		field("logTime", stamp(s.now())), field("Source", "api"), field("UserName", who), field("Action", action),
		field("Message", who+" "+strings.ToLower(action)+" the envelope"), field("EnvelopeStatus", e.status()),
	}})
}

// become changes the status, with its times.
func (s *Server) become(e *envelope, status string) {
	now := stamp(s.now())
	e.obj["status"], e.obj["statusChangedDateTime"], e.obj["lastModifiedDateTime"] = status, now, now
	e.changed = s.now()
	if member := map[string]string{
		"sent": "sentDateTime", "delivered": "deliveredDateTime", "completed": "completedDateTime",
		"declined": "declinedDateTime", "voided": "voidedDateTime", "deleted": "deletedDateTime",
	}[status]; member != "" {
		e.obj[member] = now
	}
	if status == "sent" && e.obj.text("initialSentDateTime") == "" {
		e.obj["initialSentDateTime"] = now
	}
}

// pdf is a small PDF that names what it stands for.
func pdf(name string) []byte {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '(' || r == ')' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	body := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>endobj\n"
	text := "BT /F1 12 Tf 72 770 Td (" + clean + ") Tj ET"
	return fmt.Appendf(nil, "%s4 0 obj<</Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n", body, len(text), text)
}
