package salesdock

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// call describes one call below /api/{domain}/v1.
type call struct {
	api.Call
	rule   rule
	path   string // behind the scope: "/products/{id}"
	values []string
}

// get describes a call that changes nothing.
func get(r rule, op, path string, values ...string) call {
	return call{Call: api.Call{Op: op, Method: http.MethodGet, Effect: api.Read}, rule: r, path: path, values: values}
}

// send describes a call that changes something. Salesdock recognises no repeated
// request, so none of them is repeated on doubt.
func send(r rule, op, method, path string, body any, values ...string) call {
	c := call{Call: api.Call{Op: op, Method: method, Effect: api.Write}, rule: r, path: path, values: values}
	if body != nil {
		c.Body = api.JSONBody(body)
	}
	return c
}

func (c call) query(q url.Values) call {
	c.Query = q
	return c
}

// reads marks a POST that only computes.
func (c call) reads() call {
	c.Effect = api.Read
	return c
}

func (c *conn) describe(d call) (api.Call, error) {
	prefix, err := d.rule.prefix(d.Op, c.scope)
	if err != nil {
		return api.Call{}, err
	}
	d.Path = api.NewPath("/api/{domain}/v1"+prefix+d.path, append([]string{c.domain}, d.values...)...)
	return d.Call, nil
}

// envelope is what surrounds every answer. Examples pair success with error
// statuses and the reverse, so only 2xx without "success": false is a success.
type envelope struct {
	into any // a pointer; nil: the data is not read
}

// UnmarshalJSON reads the envelope and its data.
func (e *envelope) UnmarshalJSON(data []byte) error {
	var m struct {
		Success *Bool           `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if m.Success != nil && !bool(*m.Success) {
		return api.BadAnswer("it says success: false")
	}
	if e.into == nil {
		return nil
	}
	if len(m.Data) == 0 || bytes.Equal(m.Data, []byte("null")) {
		if _, mayBeNone := e.into.(interface{ none() }); mayBeNone {
			return nil
		}
		return api.BadAnswer("it has no data")
	}
	return json.Unmarshal(m.Data, e.into)
}

// run sends a call and reads its data into into, unless that is nil.
func (c *conn) run(ctx context.Context, d call, into any, opts []countersign.CallOption) error {
	described, err := c.describe(d)
	if err != nil {
		return err
	}
	return c.api.Run(ctx, described, api.DecodeJSON(&envelope{into: into}), opts...)
}

// ask sends a call and gives its data.
func ask[T any](ctx context.Context, c *conn, d call, opts []countersign.CallOption) (*T, error) {
	v := new(T)
	if err := c.run(ctx, d, v, opts); err != nil {
		return nil, err
	}
	return v, nil
}

// askList sends a call whose data is a list without pages.
func askList[T any](ctx context.Context, c *conn, d call, opts []countersign.CallOption) ([]T, error) {
	v, err := ask[List[T]](ctx, c, d, opts)
	if err != nil {
		return nil, err
	}
	return *v, nil
}

// made is what a write answers: the id of what it made, under a name of its own.
type made struct {
	member string
	id     string
}

// UnmarshalJSON reads the id. An answer without one does not say what was made.
func (m *made) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	value, ok := all[m.member]
	if !ok || scalar(value, &m.id) != nil || m.id == "" {
		return api.BadAnswer("it has no " + m.member)
	}
	return nil
}

// askID sends a call and gives the id that its answer names.
func askID[T ~string](ctx context.Context, c *conn, d call, member string, opts []countersign.CallOption) (T, error) {
	m := &made{member: member}
	err := c.run(ctx, d, m, opts)
	return T(m.id), err
}

// params collects a query; what is empty is left out.
type params url.Values

func (p params) set(name, value string) {
	if value != "" {
		url.Values(p).Set(name, value)
	}
}

func (p params) yes(name string, on bool) {
	if on {
		p.set(name, "1")
	}
}

// flag sends 0 or 1 where the caller said so.
func (p params) flag(name string, on *bool) {
	if on == nil {
		return
	}
	p.set(name, map[bool]string{true: "1", false: "0"}[*on])
}

// list writes name[0], name[1], ….
func list[T ~string](p params, name string, items []T) {
	for i, item := range items {
		url.Values(p).Set(name+"["+strconv.Itoa(i)+"]", string(item))
	}
}

// Period narrows a list to a span of time. The zero value is any time.
type Period struct {
	// Of is the point in time that counts, such as "updated_date"; each list names
	// what it knows.
	Of string
	// Name is one of "today", "yesterday", "this_week", "last_week", "last_30_days",
	// "this_month" and "last_month"; leads know "this_year" too. Empty or "custom":
	// From and Until count.
	Name string
	// From and Until are sent in Amsterdam's time; zero: open. Lists that know days
	// alone take the day of it.
	From, Until time.Time
}

func (p params) period(t Period, layout string) {
	p.set("period_filter_on", t.Of)
	if t.Name != "" && t.Name != "custom" {
		p.set("period", t.Name)
		return
	}
	if t.From.IsZero() && t.Until.IsZero() {
		return
	}
	p.set("period", "custom")
	for name, at := range map[string]time.Time{"period_start": t.From, "period_end": t.Until} {
		if !at.IsZero() {
			p.set(name, at.In(amsterdam).Format(layout))
		}
	}
}

// flatten writes v, a struct, with further members beside its own; a further one
// never replaces one of its own.
func flatten(v any, further map[string]any) ([]byte, error) {
	own, err := json.Marshal(v)
	if err != nil || len(further) == 0 {
		return own, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(own, &all); err != nil {
		return nil, err
	}
	for name, value := range further {
		if _, is := all[name]; is {
			continue
		}
		if all[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// prefixed names custom fields as requests do: cf_slug.
func prefixed[V any](prefix string, fields map[string]V) map[string]any {
	out := make(map[string]any, len(fields))
	for name, value := range fields {
		out[prefix+name] = value
	}
	return out
}
