package reviewpage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// after is the cursor of the list's page that the actor is on.
func (q *request) after() string { return q.r.URL.Query().Get("after") }

// list shows the files of a link that are held.
func (p *page) list(q *request) error { return q.list("") }

// list shows the list, with a message or what was decided above it.
func (q *request) list(message string) error {
	ctx, id := q.r.Context(), contractone.ManagementID(q.r.PathValue("link"))
	held, err := q.review.List(ctx, id, q.after(), q.PageSize)
	if err == nil && len(held.Items) == 0 && q.after() != "" {
		held, err = q.review.List(ctx, id, "", q.PageSize) // nothing is left behind the cursor
	}
	if err != nil {
		return err
	}
	shares, err := q.shares(ctx, id, held.Items)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if message != "" {
		status = http.StatusUnprocessableEntity
	}
	q.show(status, "list", view{Title: "held", Message: message, Link: id, Files: held.Items, Total: held.Total, Next: held.Next, Shares: shares})
	return nil
}

// file shows one file with its PDF beside.
func (p *page) file(q *request) error {
	h, err := q.review.Get(q.r.Context(), contractone.Key(q.r.PathValue("key")))
	if err != nil {
		return err
	}
	shares, err := q.shares(q.r.Context(), h.Link, []ledgersync.HeldFile{h})
	if err != nil {
		return err
	}
	q.show(http.StatusOK, "file", view{Title: "file", Link: h.Link, File: h, Shares: shares})
	return nil
}

// shares are the share scopes to choose from: those of the configuration, the
// link's and the files' own, so that what a file has is always among them.
func (q *request) shares(ctx context.Context, id contractone.ManagementID, files []ledgersync.HeldFile) ([]contractone.Share, error) {
	link, err := q.Flow.Link(ctx, id)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(q.Shares)
	add := func(s contractone.Share) {
		if !slices.ContainsFunc(out, func(o contractone.Share) bool { return sameShare(o, s) }) {
			out = append(out, s)
		}
	}
	add(link.Settings.Share)
	for _, h := range files {
		add(h.Share)
	}
	return out, nil
}

func sameShare(a, b contractone.Share) bool {
	return a.Visibility == b.Visibility && slices.Equal(a.Groups, b.Groups)
}

// What a person forgot in the form.
const (
	noFiles = "no_files"
	noShare = "no_share"
)

// decide takes a decision about the files of a form, and shows what became of
// each. Sending the form again is harmless.
func (p *page) decide(q *request) error {
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, maxForm)
	if err := q.r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return fmt.Errorf("the form can't be read: %w", countersign.ErrInvalid)
	}
	// Nothing is decided on a page that can't be shown afterwards.
	id := contractone.ManagementID(q.r.PathValue("link"))
	if _, err := q.review.List(q.r.Context(), id, q.after(), 1); err != nil {
		return err
	}
	names := q.r.PostForm["key"]
	if q.r.PostForm.Get("all") != "" {
		names = q.r.PostForm["shown"]
	}
	files, err := q.chosen(id, names)
	if err != nil {
		return err
	}
	missing, err := q.apply(id, files)
	if err != nil {
		return err
	}
	return q.list(missing)
}

// chosen looks the named files up; what is not held for this link is refused.
func (q *request) chosen(id contractone.ManagementID, names []string) (files []ledgersync.HeldFile, err error) {
	for _, name := range names {
		key := contractone.Key(name)
		h, err := q.review.Get(q.r.Context(), key)
		link := h.Link
		if named, ok := errors.AsType[*contractone.FileError](err); ok {
			link = named.Link
		} else if err != nil && !errors.Is(err, countersign.ErrNotFound) {
			return nil, err
		}
		if link != id {
			err = fmt.Errorf("it is no file of this link: %w", countersign.ErrNotFound)
		}
		if err != nil {
			q.done = append(q.done, ledgersync.Decided{Key: key, Err: err})
			continue
		}
		files = append(files, h)
	}
	return files, nil
}

// apply does what the form asks for, or says what is missing in it.
func (q *request) apply(id contractone.ManagementID, files []ledgersync.HeldFile) (missing string, err error) {
	ctx, form := q.r.Context(), q.r.PostForm
	do, text := form.Get("do"), form.Get("share")
	var share contractone.Share
	switch {
	case do != "save" && do != "discard" && do != "share":
		return "", fmt.Errorf("the form asks for nothing that is possible: %w", countersign.ErrInvalid)
	case do == "share" && text == "":
		return noShare, nil
	case do == "share":
		if share, err = q.share(id, text, files); err != nil {
			return "", err
		}
	}
	if len(files)+len(q.done) == 0 {
		return noFiles, nil
	}
	keys := make([]contractone.Key, len(files))
	for i, h := range files {
		keys[i] = h.Key
	}
	var done []ledgersync.Decided
	switch do {
	case "save":
		done, err = q.review.Save(ctx, keys...)
	case "discard":
		done, err = q.review.Discard(ctx, form.Get("reason"), keys...)
	default:
		done, err = q.review.ChangeShare(ctx, share, keys...)
	}
	q.done = append(q.done, done...)
	return "", err
}

// share reads a share scope that the form offered.
func (q *request) share(id contractone.ManagementID, text string, files []ledgersync.HeldFile) (s contractone.Share, err error) {
	offered, err := q.shares(q.r.Context(), id, files)
	if err != nil {
		return s, err
	}
	err = json.Unmarshal([]byte(text), &s)
	if err != nil || !slices.ContainsFunc(offered, func(o contractone.Share) bool { return sameShare(o, s) }) {
		return s, fmt.Errorf("the form asks for a share scope that is not offered: %w", countersign.ErrInvalid)
	}
	return s, nil
}
