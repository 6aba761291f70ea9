// Package reviewpage is the review of package ledgersync as a web page: what is
// held, the PDF beside its items, and the decisions, for one file or many.
//
//	page, err := reviewpage.New(reviewpage.Config{
//		Flow:  flow,
//		Actor: func(r *http.Request) (ledgersync.Actor, error) { … }, // who is signed in
//	})
//	…
//	mux.Handle("/review/", http.StripPrefix("/review", page))
//
// It is rendered on the server, needs no script and works with the keyboard and
// with screen readers, in Japanese and English. Its addresses are relative, so it
// can be mounted anywhere; the address that it is mounted at ends in a slash.
// Requests from other origins that would change something are refused
// (http.CrossOriginProtection), and its content security policy allows nothing
// but its own style sheet, forms and PDFs.
package reviewpage

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// Config is what a page needs.
type Config struct {
	// Flow holds the files. Required.
	Flow *ledgersync.Flow
	// Actor says who makes a request; an error refuses the request. The page does
	// not sign anybody in: the program around it does. Required.
	Actor func(r *http.Request) (ledgersync.Actor, error)
	// Shares are the share scopes that reviewers may choose, beside the link's and
	// those that the files have. Empty: the whole company, and nobody but the
	// responsible persons.
	Shares []contractone.Share
	// PageSize is how many files a list shows, at most 500. 0: 100.
	PageSize int
	// Logger gets what went wrong on the server's side. Nil: silent.
	Logger *slog.Logger
}

// maxPageSize keeps the form of a list below maxForm.
const (
	maxPageSize = 500
	maxForm     = 1 << 20
)

type page struct {
	Config
}

//go:embed style.css
var style []byte

// New checks the configuration and gives the page. Its error is a
// *countersign.ConfigError.
func New(cfg Config) (http.Handler, error) {
	bad := func(field, reason, fix string) error {
		return &countersign.ConfigError{Component: "reviewpage", Field: field, Reason: reason, Fix: fix}
	}
	switch {
	case cfg.Flow == nil:
		return nil, bad("Flow", "is missing", "make one with ledgersync.New")
	case cfg.Actor == nil:
		return nil, bad("Actor", "is missing", "say who is signed in")
	case cfg.PageSize < 0 || cfg.PageSize > maxPageSize:
		return nil, bad("PageSize", "is out of bounds", "choose 1 to "+strconv.Itoa(maxPageSize))
	}
	for _, s := range cfg.Shares {
		if err := s.Validate(); err != nil {
			return nil, bad("Shares", "holds one that is not valid: "+err.Error(), "")
		}
	}
	cfg.PageSize = cmp.Or(cfg.PageSize, 100)
	if len(cfg.Shares) == 0 {
		cfg.Shares = []contractone.Share{contractone.CompanyWide(), contractone.Private()}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &page{cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
	})
	mux.HandleFunc("GET /{$}", p.with(p.links))
	mux.HandleFunc("GET /links/{link}", p.with(p.list))
	mux.HandleFunc("POST /links/{link}", p.with(p.decide))
	mux.HandleFunc("GET /files/{key}", p.with(p.file))
	mux.HandleFunc("GET /files/{key}/pdf", p.with(p.pdf))
	return headers(http.NewCrossOriginProtection().Handler(mux)), nil
}

// headers are those of every answer; that of a PDF changes the policy, because
// browsers show PDFs with parts of their own.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// request is one request of an actor.
type request struct {
	*page
	w      http.ResponseWriter
	r      *http.Request
	review ledgersync.Review
	lang   language
	done   []ledgersync.Decided // by this request
}

// with finds out who asks, and shows errors.
func (p *page) with(handle func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := &request{page: p, w: w, r: r, lang: languageOf(r)}
		actor, err := p.Actor(r)
		if err != nil {
			q.fail(http.StatusForbidden, "not_signed_in") //nolint:contextcheck // q has the request
			return
		}
		q.review = p.Flow.Review(actor)
		if err := handle(q); err != nil {
			q.refuse(err) //nolint:contextcheck // q has the request
		}
	}
}

// refuse shows an error in words that people understand; the log has the rest.
func (q *request) refuse(err error) {
	tooLarge, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isTooLarge:
		q.Logger.WarnContext(q.r.Context(), "form is too large", "limit", tooLarge.Limit)
		q.fail(http.StatusRequestEntityTooLarge, "bad_request")
	case errors.Is(err, ledgersync.ErrNotReviewer):
		q.fail(http.StatusForbidden, "not_reviewer")
	case errors.Is(err, countersign.ErrNotFound):
		q.fail(http.StatusNotFound, "not_found")
	case errors.Is(err, countersign.ErrInvalid):
		q.fail(http.StatusBadRequest, "bad_request")
	case errors.Is(err, countersign.ErrConflict):
		q.fail(http.StatusConflict, "decided")
	case errors.Is(err, context.Canceled):
	default:
		q.Logger.ErrorContext(q.r.Context(), "review page failed", "path", q.r.URL.Path, "error", err)
		q.fail(http.StatusBadGateway, "failed")
	}
}

func (q *request) fail(status int, text string) {
	q.show(status, "error", view{Title: "error", Message: text})
}

// show renders a view whole before anything is sent. What was decided is part of
// every page, also of one that says that the rest failed.
func (q *request) show(status int, name string, v view) {
	v.Lang, v.Root, v.After, v.Decided = q.lang, root(q.r), q.after(), q.done
	for _, d := range q.done {
		if d.Err == nil {
			v.Done++
		}
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		q.Logger.ErrorContext(q.r.Context(), "review page can't be rendered", "page", name, "error", err)
		http.Error(q.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.Header().Set("Content-Language", string(q.lang))
	q.w.WriteHeader(status)
	_, _ = b.WriteTo(q.w)
}

// links shows the links that the actor reviews.
func (p *page) links(q *request) error {
	links, err := q.review.Links(q.r.Context())
	if err != nil {
		return err
	}
	v := view{Title: "links"}
	for _, l := range links {
		held, err := q.review.List(q.r.Context(), l.ID, "", 1)
		if err != nil {
			return err
		}
		v.Links = append(v.Links, linkView{Link: l, Held: held.Total})
	}
	q.show(http.StatusOK, "links", v)
	return nil
}

// pdf streams the PDF. Of one that is damaged further behind, the browser says so.
func (p *page) pdf(q *request) error {
	h, err := q.review.Get(q.r.Context(), contractone.Key(q.r.PathValue("key")))
	if err != nil {
		return err
	}
	pdf, err := q.review.Open(q.r.Context(), h.Key)
	if err != nil {
		return err
	}
	defer func() { _ = pdf.Close() }()
	content := bufio.NewReaderSize(pdf, contractone.PDFHeaderWithin)
	switch begin, err := content.Peek(contractone.PDFHeaderWithin); {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case !contractone.HasPDFHeader(begin):
		q.fail(http.StatusUnprocessableEntity, "damaged") // the ledger would refuse it too
		return nil
	}
	head := q.w.Header()
	head.Set("Content-Security-Policy", "frame-ancestors 'self'")
	head.Set("Content-Type", "application/pdf")
	head.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": h.Items.FileName}))
	if pdf.Size >= 0 {
		head.Set("Content-Length", strconv.FormatInt(pdf.Size, 10))
	}
	if _, err := io.Copy(q.w, content); err != nil {
		p.Logger.WarnContext(q.r.Context(), "PDF broke off", "link", string(h.Link), "document", h.DocumentID, "file", h.FileID, "error", err)
		panic(http.ErrAbortHandler) // the browser must not take a part for the whole
	}
	return nil
}
