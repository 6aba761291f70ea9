package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"path"
	"strings"

	"github.com/countersign/countersign"
)

// Download sends the call and gives its answer's body as a stream. The attempt
// is over when the header is there; then the client's timeout bounds how long
// the stream may stand still, and the context bounds the whole. An answer that
// is a web page is refused: files come as files.
func (c *Client) Download(ctx context.Context, call Call, opts ...countersign.CallOption) (*countersign.Download, error) {
	r, err := c.newRun(ctx, call, opts)
	if err != nil {
		return nil, err
	}
	var d *countersign.Download
	err = r.loop(func(a *attempt) error { //nolint:contextcheck // the run has it
		media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
		if media == "text/html" {
			a.close()
			return a.undecodable("expected a file", 0, nil)
		}
		a.clock.timer.Stop()
		d = &countersign.Download{
			ReadCloser:  &stream{a: a},
			ContentType: a.header.Get("Content-Type"),
			Size:        a.size,
			FileName:    fileName(a.header.Get("Content-Disposition")),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// stream is a body on its way to the caller.
type stream struct{ a *attempt }

// Read runs the clock only while it waits for the service: a reader that takes
// its time is not a service that stands still.
func (s *stream) Read(p []byte) (int, error) {
	s.a.clock.progress()
	n, err := s.a.body.Read(p)
	s.a.clock.timer.Stop()
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	s.a.err = s.a.clock.explain(err)
	return n, s.a.failure(again)
}

func (s *stream) Close() error {
	err := s.a.body.Close()
	s.a.clock.end()
	return err
}

// fileName is the name that the service gave, without any folder.
func fileName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	given := params["filename"]
	if err != nil {
		// Some services send a header that is broken behind the name.
		_, rest, _ := strings.Cut(disposition, `filename="`)
		given, _, _ = strings.Cut(rest, `"`)
	}
	name := headerText(path.Base(strings.ReplaceAll(given, "\\", "/")))
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}
