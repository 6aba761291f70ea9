package main

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"sync"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/senderonboarding"
)

const (
	tenant     = "customer-1"  // who is signed in: a real site has a login
	testPerson = "01043100358" // an example number of Digipost's own documentation
)

// site is the vendor's web site.
type site struct {
	flow *senderonboarding.Flow
	digi *digi
	org  digipost.OrganisationNumber
	home string

	store *cluster.Store
	host  *cluster.Host  // of a simulated Digipost that other processes may use
	guest *cluster.Guest // of the process that has the simulated Digipost
	last  string         // line of the walk
	done  []string       // what a guest tells at its end

	mu   sync.Mutex
	news []string
}

// handler mounts the flow beside the vendor's own pages.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(mounted+"/", s.flow.Handler())
	mux.Handle("GET /get-digipost", s.flow.LandingHandler("/get-digipost", s.who))
	mux.Handle("POST /get-digipost", s.flow.StartHandler(s.who))
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("POST /letter", s.letter)
	mux.HandleFunc("POST /approve", s.approve)
	return http.NewCrossOriginProtection().Handler(mux)
}

// who is signed in. A real site takes both from its login and its own customer
// records.
func (s *site) who(*http.Request) (senderonboarding.Start, error) {
	return senderonboarding.Start{Tenant: tenant, Organisation: s.org}, nil
}

// note is the vendor's handler of events.
//
// snippet: events
func (s *site) note(_ context.Context, e senderonboarding.Event) error {
	text := string(e.Kind)
	if e.Kind == senderonboarding.EventReady {
		mail := senderonboarding.ReadyText(e.Session, "Fakturabyrået", "nb")
		text += ": mail to the customer: " + mail.Subject // a real site sends it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news = append(s.news, text)
	return nil
}

// end snippet

// send sends the first letter on the customer's behalf. The id belongs to the letter,
// not to the click.
//
// snippet: send
func (s *site) send(ctx context.Context, id string) (*digipost.Delivery, error) {
	const text = "Hei! Dette er det første brevet."
	return s.flow.Send(ctx, tenant, digipost.Message{
		ID:        id, // the same one never arrives twice
		Recipient: digipost.Recipient{PersonalID: s.digi.recipient},
		Primary: digipost.Document{
			Subject: "Velkommen", FileType: "txt", Authentication: digipost.LevelTwoFactor, Sensitivity: digipost.SensitivityNormal,
			Content: countersign.UploadBytes("", []byte(text)),
		},
	})
}

// end snippet

var indexPage = template.Must(template.New("index").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Fakturabyrået</title>
<style>body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem } td, th { text-align: left; padding: .2rem 1rem .2rem 0 }</style></head>
<body><main><h1>Fakturabyrået</h1>
<p>You are signed in for organisation {{.Organisation}}.</p>
<p><a href="/get-digipost">Get Digipost</a></p>
{{if .Sessions}}<h2>Registrations</h2>
<table><tr><th scope="col">started</th><th scope="col">state</th><th scope="col">sender-id</th><th scope="col">why</th></tr>
{{range .Sessions}}<tr><td>{{.Started.Format "15:04:05"}}</td><td>{{.State}}</td><td>{{if .SenderID}}{{.SenderID}}{{end}}</td><td>{{.Reason}}</td></tr>{{end}}</table>{{end}}
{{if .Applications}}<form method="post" action="/approve"><button>Simulated Digipost: support approves</button></form>{{end}}
{{if .Ready}}<form method="post" action="/letter"><input type="hidden" name="id" value="{{.Letter}}"><button>Send a letter</button></form>{{end}}
{{if .News}}<h2>News</h2><ul>{{range .News}}<li>{{.}}</li>{{end}}</ul>{{end}}
</main></body></html>
`))

type indexData struct {
	Organisation digipost.OrganisationNumber
	Sessions     []senderonboarding.Session
	Applications bool
	Ready        bool
	Letter       string // the id of the letter that the page's button sends, however often it is clicked
	News         []string
}

func (s *site) index(w http.ResponseWriter, r *http.Request) {
	data := indexData{Organisation: s.org, Letter: digipost.NewUUID()}
	for session, err := range s.flow.Sessions(r.Context(), tenant) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		data.Sessions = append(data.Sessions, session)
	}
	_, err := s.flow.Sender(r.Context(), tenant)
	data.Ready = err == nil && s.digi.recipient != ""
	data.Applications = s.digi.fake != nil && len(s.digi.fake.Applications()) > 0
	s.mu.Lock()
	data.News = append(data.News, s.news...)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = indexPage.Execute(w, data) // the only error is a browser that went away
}

func (s *site) letter(w http.ResponseWriter, r *http.Request) {
	d, err := s.send(r.Context(), r.PostFormValue("id"))
	if errors.Is(err, digipost.ErrDuplicate) {
		http.Redirect(w, r, "/", http.StatusSeeOther) // clicked twice
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	s.mu.Lock()
	s.news = append(s.news, "letter: "+string(d.Channel)+" "+d.Status)
	s.mu.Unlock()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) approve(w http.ResponseWriter, r *http.Request) {
	if s.digi.fake == nil {
		http.NotFound(w, r)
		return
	}
	for _, id := range s.digi.fake.Applications() {
		if err := s.digi.fake.Approve(r.Context(), id); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
