package digipost

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/textproto"

	"github.com/countersign/countersign"
)

// file is a document's content; its part is named by the document's UUID.
type file struct {
	uuid    string
	content countersign.Upload
}

// multipartBody is a description and its files as multipart/vnd.digipost-v8+xml:
// the XML first, then a part for each file. Files are streamed.
func multipartBody(name string, description any, files []file) (countersign.Upload, error) {
	doc, err := encodeXML(description)
	if err != nil {
		return countersign.Upload{}, err
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := part(w, mediaType, name, doc); err != nil {
		return countersign.Upload{}, err
	}
	var texts [][]byte
	size := int64(0)
	for _, f := range files {
		if err := part(w, contentType(f.content), f.uuid, nil); err != nil {
			return countersign.Upload{}, err
		}
		texts = append(texts, bytes.Clone(buf.Bytes()))
		buf.Reset()
		if size >= 0 && f.content.Size >= 0 {
			size += f.content.Size
		} else {
			size = -1
		}
	}
	if err := w.Close(); err != nil {
		return countersign.Upload{}, err
	}
	texts = append(texts, buf.Bytes())
	for _, t := range texts {
		if size >= 0 {
			size += int64(len(t))
		}
	}
	return countersign.Upload{
		ContentType: "multipart/vnd.digipost-v8+xml; boundary=" + w.Boundary(), Size: size,
		Open: func() (io.ReadCloser, error) {
			p := &parts{texts: texts, files: files}
			p.next()
			return p, nil
		},
	}, nil
}

func part(w *multipart.Writer, contentType, name string, content []byte) error {
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	p, err := w.CreatePart(h)
	if err == nil {
		_, err = p.Write(content)
	}
	return err
}

// contentType is a file's, without what would begin a header line of its own.
func contentType(u countersign.Upload) string {
	if t := u.ContentType; t != "" && textproto.TrimString(t) == t && !bytes.ContainsAny([]byte(t), "\r\n") {
		return t
	}
	return "application/octet-stream"
}

// parts are the texts and files of a body as one stream; each file is opened when
// its turn comes.
type parts struct {
	texts   [][]byte
	files   []file
	at      int
	current io.ReadCloser
}

// next goes on to the next text or file; current is nil behind the last.
func (p *parts) next() {
	p.current = nil
	switch i := p.at / 2; {
	case p.at%2 == 0 && i < len(p.texts):
		p.current = io.NopCloser(bytes.NewReader(p.texts[i]))
	case p.at%2 == 1 && i < len(p.files):
		p.current = &lazy{open: p.files[i].content.Open}
	}
	p.at++
}

// Read goes through the parts in turn.
func (p *parts) Read(b []byte) (int, error) {
	for p.current != nil {
		n, err := p.current.Read(b)
		if err != io.EOF {
			return n, err
		}
		if err := p.current.Close(); err != nil {
			return n, err
		}
		p.next()
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}

// Close closes the file that is open.
func (p *parts) Close() error {
	if p.current == nil {
		return nil
	}
	return p.current.Close()
}

// lazy opens a file when it is read first.
type lazy struct {
	open func() (io.ReadCloser, error)
	file io.ReadCloser
}

// Read opens the file where that has not happened.
func (l *lazy) Read(b []byte) (int, error) {
	if l.file == nil {
		f, err := l.open()
		if err != nil {
			return 0, err
		}
		l.file = f
	}
	return l.file.Read(b)
}

// Close closes the file if it was opened.
func (l *lazy) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// upload is bytes as a body.
func upload(contentType string, b []byte) countersign.Upload {
	return countersign.Upload{ContentType: contentType, Size: int64(len(b)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}
