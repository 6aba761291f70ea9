package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Transport checks every request and every answer that passes through it; base
// nil is http.DefaultTransport. Both bodies are read into memory.
func (s *Spec) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r, body, err := buffered(r)
		if err != nil {
			return nil, err
		}
		op := s.find(r.Method, r.URL)
		if op == nil {
			s.violate("%s %s: no such operation", r.Method, r.URL.Path)
			return base.RoundTrip(r)
		}
		for _, problem := range op.checkRequest(r, body) {
			s.violate("%s: request: %s", op.name, problem)
		}
		res, err := base.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		s.checkAnswer(op, res)
		return res, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func buffered(r *http.Request) (*http.Request, []byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r, body, nil
}

func (op *operation) checkRequest(r *http.Request, body []byte) []string {
	return slices.Concat(op.checkQuery(r.URL.RawQuery), op.checkHeaders(r.Header), op.checkBody(r.Header, body))
}

func (op *operation) checkQuery(raw string) (problems []string) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return []string{"query: " + err.Error()}
	}
	known := map[string]*openapi3.Parameter{}
	for _, p := range slices.Concat(op.item.Parameters, op.Parameters) {
		if p.Value.In == "query" {
			known[p.Value.Name] = p.Value
			if p.Value.Required && !query.Has(p.Value.Name) {
				problems = append(problems, "query: "+p.Value.Name+" is missing")
			}
		}
	}
	for name, values := range query {
		p := known[name]
		switch {
		case p == nil:
			problems = append(problems, fmt.Sprintf("query: %q is not in the specification", name))
		case len(values) > 1:
			problems = append(problems, fmt.Sprintf("query: %q stands %d times", name, len(values)))
		case values[0] == "" && p.AllowEmptyValue:
		default:
			problems = append(problems, checkText("query: "+name, values[0], p.Schema.Value)...)
		}
	}
	return problems
}

// ordinary are the headers of HTTP itself, which no specification lists.
var ordinary = []string{"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"}

func (op *operation) checkHeaders(h http.Header) (problems []string) {
	known := slices.Clone(ordinary)
	for _, p := range slices.Concat(op.item.Parameters, op.Parameters) {
		if p.Value.In == "header" {
			known = append(known, http.CanonicalHeaderKey(p.Value.Name))
			if p.Value.Required && h.Get(p.Value.Name) == "" {
				problems = append(problems, "header: "+p.Value.Name+" is missing")
			}
		}
	}
	if op.credential != "" {
		known = append(known, op.credential)
		if h.Get(op.credential) == "" {
			problems = append(problems, "header: "+op.credential+" is missing")
		}
	}
	for name := range h {
		if !slices.Contains(known, http.CanonicalHeaderKey(name)) {
			problems = append(problems, fmt.Sprintf("header: %q is not in the specification", name))
		}
	}
	return problems
}

func (op *operation) checkBody(h http.Header, body []byte) []string {
	if op.RequestBody == nil {
		if len(body) > 0 {
			return []string{"body: none is in the specification"}
		}
		return nil
	}
	if len(body) == 0 {
		if op.RequestBody.Value.Required {
			return []string{"body: it is missing"}
		}
		return nil
	}
	kind, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	media := op.RequestBody.Value.Content[kind]
	if media == nil {
		return []string{fmt.Sprintf("body: content type %q is not in the specification", kind)}
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return []string{"form: " + err.Error()}
		}
		return checkForm(form, media.Schema.Value)
	case "multipart/form-data":
		form, err := parts(body, params["boundary"])
		if err != nil {
			return []string{"form: " + err.Error()}
		}
		return checkForm(form, media.Schema.Value)
	default:
		if isBinary(media.Schema.Value) {
			return nil
		}
		return checkJSON(body, media.Schema.Value, openapi3.VisitAsRequest())
	}
}

func parts(body []byte, boundary string) (url.Values, error) {
	form := url.Values{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return form, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		form.Add(part.FormName(), string(content))
	}
}

func checkForm(form url.Values, schema *openapi3.Schema) (problems []string) {
	for _, name := range schema.Required {
		if !form.Has(name) {
			problems = append(problems, "form: "+name+" is missing")
		}
	}
	for name, values := range form {
		member := schema.Properties[name]
		switch {
		case member == nil:
			problems = append(problems, fmt.Sprintf("form: %q is not in the specification", name))
		case len(values) > 1:
			problems = append(problems, fmt.Sprintf("form: %q stands %d times", name, len(values)))
		case member.Value.Type.Is("object"):
			for _, problem := range checkJSON([]byte(values[0]), member.Value, openapi3.VisitAsRequest()) {
				problems = append(problems, "form: "+name+": "+problem)
			}
		default:
			problems = append(problems, checkText("form: "+name, values[0], member.Value)...)
		}
	}
	return problems
}

// checkText checks a value that is sent as text, by the type it stands for.
func checkText(where, text string, schema *openapi3.Schema) []string {
	var value any = text
	var err error
	switch {
	case schema.Type.Is("integer"):
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		value = float64(n)
	case schema.Type.Is("number"):
		value, err = strconv.ParseFloat(text, 64)
	case schema.Type.Is("boolean"):
		value, err = strconv.ParseBool(text)
	}
	if err == nil {
		err = schema.VisitJSON(value, visitOptions(openapi3.VisitAsRequest())...)
	}
	if err != nil {
		return []string{where + ": " + oneLine(err)}
	}
	return nil
}

func checkJSON(body []byte, schema *openapi3.Schema, direction openapi3.SchemaValidationOption) []string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []string{"body: not JSON"}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return []string{"body: more than one JSON value"}
	}
	if err := schema.VisitJSON(value, visitOptions(direction, openapi3.MultiErrors())...); err != nil {
		return []string{"body: " + oneLine(err)}
	}
	return nil
}

func visitOptions(more ...openapi3.SchemaValidationOption) []openapi3.SchemaValidationOption {
	return append(more, openapi3.WithStringFormatValidators(validators()), openapi3.DisableSchemaErrorDetails())
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// checkAnswer checks an answer and puts its body back.
func (s *Spec) checkAnswer(op *operation, res *http.Response) {
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	problems := []string{"body: it broke off"}
	if err == nil {
		problems = op.answerProblems(res, body)
	}
	for _, problem := range problems {
		s.violate("%s: answer %d: %s", op.name, res.StatusCode, problem)
	}
	if len(problems) == 0 && res.StatusCode < 300 {
		s.cover(op)
	}
}

func (op *operation) answerProblems(res *http.Response, body []byte) []string {
	declared := op.Responses.Status(res.StatusCode)
	if declared == nil {
		return []string{"the status is not in the specification"}
	}
	content := declared.Value.Content
	if len(content) == 0 {
		if len(body) > 0 {
			return []string{"body: none is in the specification"}
		}
		return nil
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	media := content[kind]
	switch {
	case len(body) == 0 && !op.usable():
		return nil // the file names a type and shows no body
	case media == nil:
		return []string{fmt.Sprintf("content type %q is not in the specification", kind)}
	case media.Schema == nil:
		return nil // the file says nothing about the body
	case !isBinary(media.Schema.Value):
		return checkJSON(body, media.Schema.Value, openapi3.VisitAsResponse())
	case kind == "application/pdf" && !bytes.HasPrefix(body, []byte("%PDF-")):
		return []string{"body: not a PDF"}
	}
	return nil
}

// failing ends a body with the error that the real one ended with.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
