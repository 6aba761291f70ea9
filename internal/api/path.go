package api

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// Path is an endpoint's path: the template for errors and logs, and the
// escaped text for the request. Make it with NewPath or PathOf.
type Path struct {
	template string
	escaped  string
	err      error
}

// NewPath fills the placeholders of a template in order:
//
//	NewPath("/documents/{documentID}/files/{fileID}", doc, file)
//
// Each value is escaped as one element. A value that is empty, that would climb
// out of its place ("..") or that holds control characters is refused when the
// call runs, before anything is sent.
func NewPath(template string, values ...string) Path {
	p := Path{template: template}
	var b strings.Builder
	rest := template
	for {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		if len(values) == 0 {
			p.err = badElement(name, "has no value")
			return p
		}
		if reason := elementFault(values[0]); reason != "" {
			p.err = badElement(name, reason)
			return p
		}
		b.WriteString(url.PathEscape(values[0]))
		values, rest = values[1:], tail
	}
	if len(values) > 0 {
		p.err = badElement(template, "has fewer placeholders than values")
	}
	p.escaped = b.String()
	return p
}

// Template is the path without its values, for errors and logs.
func (p Path) Template() string { return p.template }

// PathOf joins elements that have no template; errors and logs show the first
// one only, since the others may be ids.
func PathOf(elements ...string) Path {
	var p Path
	var b strings.Builder
	for _, e := range elements {
		if reason := elementFault(e); reason != "" {
			return Path{template: p.template, err: badElement("Path", reason)}
		}
		if p.template == "" {
			p.template = "/" + e
		}
		b.WriteString("/" + url.PathEscape(e))
	}
	if len(elements) == 0 {
		p.err = badElement("Path", "is empty")
	}
	if len(elements) > 1 {
		p.template += "/…"
	}
	p.escaped = b.String()
	return p
}

func badElement(name, reason string) error {
	return &countersign.ConfigError{Component: "path", Field: name, Reason: reason}
}

// elementFault says why a value can't be one element of a path. A dot segment
// is refused also behind a slash: some servers decode %2F before they route.
func elementFault(v string) string {
	switch {
	case v == "":
		return "is empty"
	case !utf8.ValidString(v):
		return "is not UTF-8"
	case strings.ContainsFunc(v, unicode.IsControl):
		return "has a control character"
	}
	for part := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return "is a relative path"
		}
	}
	return ""
}
