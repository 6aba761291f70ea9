package activecampaign

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// tagOfContacts is the type of tag that stands on contacts. A tag that is made
// without a type can't be seen or listed.
const tagOfContacts = "contact"

// Tag is a tag.
type Tag struct {
	ID          TagID  `json:"id"`
	Name        string `json:"tag"`
	Type        string `json:"tagType"` // "contact" or "template"
	Description Text   `json:"description"`
	Created     Time   `json:"cdate"`
}

// ContactTag is a tag on a contact.
type ContactTag struct {
	ID      ContactTagID `json:"id"`
	Contact ContactID    `json:"contact"`
	Tag     TagID        `json:"tag"`
	Created Time         `json:"cdate"` // when the tag was put there; applying it again does not change it
}

// TagsService makes tags and puts them on contacts. The tags of one contact are
// read with ContactsService.Tags.
type TagsService struct{ service }

// TagQuery narrows a listing of tags; at most one of the three is used, the
// first that is set.
type TagQuery struct {
	Equals     string
	StartsWith string
	Contains   string
	PageQuery
}

// List reads a page of the tags of contacts (GET /tags). Tags of templates are
// left out, so that a page may be short.
func (s TagsService) List(ctx context.Context, q TagQuery, opts ...countersign.CallOption) (*countersign.Page[Tag], error) {
	v := url.Values{}
	switch {
	case q.Equals != "":
		v.Set("filters[search][eq]", q.Equals)
	case q.StartsWith != "":
		v.Set("filters[search][starts_with]", q.StartsWith)
	case q.Contains != "":
		v.Set("filters[search][contains]", q.Contains)
	}
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		Tags []Tag `json:"tags"`
		Meta meta  `json:"meta"`
	}](ctx, s.api, withQuery(get("list tags", "/tags"), v), opts...)
	if err != nil {
		return nil, err
	}
	p := page(q.PageQuery, m.Tags, m.Meta)
	kept := make([]Tag, 0, len(p.Items))
	for _, t := range p.Items {
		if t.Type == tagOfContacts {
			kept = append(kept, t)
		}
	}
	p.Items = kept
	return p, nil
}

// All goes through the tags of all pages. An error ends it.
func (s TagsService) All(ctx context.Context, q TagQuery, opts ...countersign.CallOption) iter.Seq2[*Tag, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Tag], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Find reads the tag with exactly this name, or else the one that differs in
// case alone; ErrNotFound where there is none. ActiveCampaign's own search
// matches parts of names, so that the first hit may be another tag.
func (s TagsService) Find(ctx context.Context, name string, opts ...countersign.CallOption) (*Tag, error) {
	if name == "" {
		return nil, badConfig("name", "is empty", "")
	}
	var folded *Tag
	for t, err := range s.All(ctx, TagQuery{Equals: name}, opts...) {
		switch {
		case err != nil:
			return nil, err
		case t.Name == name:
			return t, nil
		case folded == nil && strings.EqualFold(t.Name, name):
			folded = t
		}
	}
	if folded == nil {
		return nil, notFound("find tag", "/tags", "no tag has the name")
	}
	return folded, nil
}

type oneTag struct {
	Tag Tag `json:"tag"`
}

func tagBody(name, description string) any {
	type body struct {
		Name        string `json:"tag"`
		Type        string `json:"tagType"`
		Description string `json:"description"`
	}
	return map[string]body{"tag": {name, tagOfContacts, description}}
}

func (s TagsService) one(ctx context.Context, c api.Call, opts []countersign.CallOption) (*Tag, error) {
	m, err := api.JSON[oneTag](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Tag, nil
}

// Get reads a tag (GET /tags/{id}).
func (s TagsService) Get(ctx context.Context, id TagID, opts ...countersign.CallOption) (*Tag, error) {
	return s.one(ctx, get("get tag", "/tags/{id}", string(id)), opts)
}

// Create makes a tag, or gives the one that has the name already (POST /tags).
// It is sent once; Ensure looks before and after.
func (s TagsService) Create(ctx context.Context, name, description string, opts ...countersign.CallOption) (*Tag, error) {
	if name == "" {
		return nil, badConfig("name", "is empty", "")
	}
	return s.one(ctx, send(api.Write, "create tag", http.MethodPost, "/tags", tagBody(name, description)), opts)
}

// Ensure gives the tag with the name, and makes it where there is none. A tag that
// exists keeps its description.
func (s TagsService) Ensure(ctx context.Context, name, description string, opts ...countersign.CallOption) (*Tag, error) {
	t, err := s.Find(ctx, name, opts...)
	if !errors.Is(err, countersign.ErrNotFound) {
		return t, err
	}
	t, err = s.Create(ctx, name, description, opts...)
	if errors.Is(err, countersign.ErrOutcomeUnknown) || errors.Is(err, ErrDuplicate) {
		if found, again := s.Find(ctx, name, opts...); again == nil {
			return found, nil
		}
	}
	return t, err
}

// Update renames a tag (PUT /tags/{id}). It is repeated when no answer comes.
func (s TagsService) Update(ctx context.Context, id TagID, name, description string, opts ...countersign.CallOption) (*Tag, error) {
	if name == "" {
		return nil, badConfig("name", "is empty", "")
	}
	return s.one(ctx, send(api.IdempotentWrite, "update tag", http.MethodPut, "/tags/{id}", tagBody(name, description), string(id)), opts)
}

// Delete deletes a tag, on every contact too (DELETE /tags/{id}). One that is
// gone is no error. It is repeated when no answer comes.
func (s TagsService) Delete(ctx context.Context, id TagID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete tag", http.MethodDelete, "/tags/{id}", nil, string(id)), nil, opts...))
}

// Apply puts a tag on a contact (POST /contactTags). A tag that is there stays as
// it is, and then no automation that waits for it starts. It is repeated when no
// answer comes.
func (s TagsService) Apply(ctx context.Context, contact ContactID, tag TagID, opts ...countersign.CallOption) (*ContactTag, error) {
	c, err := number("contact", string(contact))
	if err != nil {
		return nil, err
	}
	t, err := number("tag", string(tag))
	if err != nil {
		return nil, err
	}
	body := map[string]any{"contactTag": map[string]json.Number{"contact": c, "tag": t}}
	m, err := api.JSON[struct {
		Tag ContactTag `json:"contactTag"`
	}](ctx, s.api, send(api.IdempotentWrite, "apply tag", http.MethodPost, "/contactTags", body), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Tag, nil
}

// Remove takes a tag off its contact (DELETE /contactTags/{id}). The id is that of
// the tag on the contact, not of the tag. One that is gone is no error. It is
// repeated when no answer comes.
func (s TagsService) Remove(ctx context.Context, id ContactTagID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "remove tag", http.MethodDelete, "/contactTags/{id}", nil, string(id)), nil, opts...))
}

// RemoveFrom takes a tag off a contact, and reports whether it was there.
func (s TagsService) RemoveFrom(ctx context.Context, contact ContactID, tag TagID, opts ...countersign.CallOption) (bool, error) {
	tags, err := ContactsService(s).Tags(ctx, contact, opts...)
	if err != nil {
		return false, err
	}
	found := false
	for _, t := range tags {
		if t.Tag != tag {
			continue
		}
		found = true
		if err := s.Remove(ctx, t.ID, opts...); err != nil {
			return found, err
		}
	}
	return found, nil
}

// TagResolver remembers the ids of tags by their names, so that applying a tag
// costs one request. It is safe for concurrent use; one call looks at a time.
type TagResolver struct {
	tags  TagsService
	turn  chan struct{} // holds one item while somebody looks
	mu    sync.Mutex
	known map[string]TagID
}

// Resolver makes a resolver that knows nothing yet.
func (s TagsService) Resolver() *TagResolver {
	return &TagResolver{tags: s, turn: make(chan struct{}, 1), known: map[string]TagID{}}
}

// ID gives the id of the tag with the name, making the tag where there is none.
func (r *TagResolver) ID(ctx context.Context, name string) (TagID, error) {
	if id, ok := r.look(name); ok {
		return id, nil
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-r.turn }()
	if id, ok := r.look(name); ok {
		return id, nil
	}
	t, err := r.tags.Ensure(ctx, name, "")
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[name] = t.ID
	return t.ID, nil
}

func (r *TagResolver) look(name string) (TagID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, ok := r.known[name]
	return id, ok
}

// Forget drops what is known of a name.
func (r *TagResolver) Forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, name)
}

// Apply puts the tag with the name on a contact. A tag that was deleted meanwhile
// is made anew, once.
func (r *TagResolver) Apply(ctx context.Context, contact ContactID, name string, opts ...countersign.CallOption) (*ContactTag, error) {
	_, cached := r.look(name)
	id, err := r.ID(ctx, name)
	if err != nil {
		return nil, err
	}
	on, err := r.tags.Apply(ctx, contact, id, opts...)
	stale := errors.Is(err, countersign.ErrNotFound) || errors.Is(err, countersign.ErrInvalid)
	if _, mistake := errors.AsType[*countersign.ConfigError](err); !stale || !cached || mistake {
		return on, err
	}
	r.Forget(name)
	again, lost := r.ID(ctx, name)
	if lost != nil || again == id {
		return on, err
	}
	return r.tags.Apply(ctx, contact, again, opts...)
}
