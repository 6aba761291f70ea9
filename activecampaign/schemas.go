package activecampaign

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// SchemasService reads and writes the schemas of custom objects. Every plan may
// read those of its apps; schemas of one's own are part of the Enterprise plan.
type SchemasService struct{ service }

const schemaPath = "/customObjects/schemas/{schemaId}"

// SchemaQuery narrows a listing of schemas.
type SchemaQuery struct {
	// WithDeletedFields also shows fields that are marked for deletion.
	WithDeletedFields bool
	PageQuery
}

// List reads a page of the schemas, those of apps too
// (GET /customObjects/schemas).
func (s SchemasService) List(ctx context.Context, q SchemaQuery, opts ...countersign.CallOption) (*countersign.Page[Schema], error) {
	v := url.Values{}
	if q.WithDeletedFields {
		v.Set("showFields", "all")
	}
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		Schemas []Schema `json:"schemas"`
		Meta    meta     `json:"meta"`
	}](ctx, s.api, withQuery(get("list schemas", "/customObjects/schemas"), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q.PageQuery, m.Schemas, m.Meta), nil
}

// All goes through the schemas of all pages. An error ends it.
func (s SchemasService) All(ctx context.Context, q SchemaQuery, opts ...countersign.CallOption) iter.Seq2[*Schema, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Schema], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// FindBySlug reads the schema with the slug, with fields that are marked for
// deletion; ErrNotFound where there is none.
func (s SchemasService) FindBySlug(ctx context.Context, slug string, opts ...countersign.CallOption) (*Schema, error) {
	for found, err := range s.All(ctx, SchemaQuery{WithDeletedFields: true}, opts...) {
		if err != nil {
			return nil, err
		}
		if found.Slug == slug {
			return found, nil
		}
	}
	return nil, notFound("find schema", "/customObjects/schemas", "no schema has the slug")
}

type oneSchema struct {
	Schema Schema `json:"schema"`
}

func (s SchemasService) one(ctx context.Context, c api.Call, opts []countersign.CallOption) (*Schema, error) {
	m, err := api.JSON[oneSchema](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Schema, nil
}

// Get reads a schema (GET /customObjects/schemas/{id}).
func (s SchemasService) Get(ctx context.Context, id SchemaID, opts ...countersign.CallOption) (*Schema, error) {
	return s.one(ctx, get("get schema", schemaPath, string(id)), opts)
}

// schemaBody is what is sent of a schema.
type schemaBody struct {
	Slug          string         `json:"slug"`
	Labels        Labels         `json:"labels"`
	Description   string         `json:"description,omitempty"`
	Fields        []SchemaField  `json:"fields"`
	Relationships []Relationship `json:"relationships"`
}

func (s Schema) body() any {
	return map[string]schemaBody{"schema": {s.Slug, s.Labels, s.Description, s.Fields, s.Relationships}}
}

// Create makes a schema (POST /customObjects/schemas); ErrDuplicate where the
// slug is taken, ErrCustomObjectsUnavailable where the plan has none. It is sent
// once.
func (s SchemasService) Create(ctx context.Context, in Schema, opts ...countersign.CallOption) (*Schema, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	made, err := s.one(ctx, send(api.Write, "create schema", http.MethodPost, "/customObjects/schemas", in.body()), opts)
	if e, ok := errors.AsType[*countersign.Error](err); ok {
		switch e.StatusCode {
		case http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
			e.Kind = ErrCustomObjectsUnavailable
		}
	}
	return made, err
}

// Update replaces a schema (PUT /customObjects/schemas/{id}): name every field and
// relationship that it shall have. It is repeated when no answer comes.
func (s SchemasService) Update(ctx context.Context, id SchemaID, in Schema, opts ...countersign.CallOption) (*Schema, error) {
	return s.put(ctx, id, in, false, opts)
}

// Validate is Update without any effect: ActiveCampaign only says whether it
// would be taken (header validateOnly).
func (s SchemasService) Validate(ctx context.Context, id SchemaID, in Schema, opts ...countersign.CallOption) error {
	_, err := s.put(ctx, id, in, true, opts)
	return err
}

func (s SchemasService) put(ctx context.Context, id SchemaID, in Schema, validateOnly bool, opts []countersign.CallOption) (*Schema, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	c := send(api.IdempotentWrite, "update schema", http.MethodPut, schemaPath, in.body(), string(id))
	if validateOnly {
		c.Op, c.Effect, c.Header = "validate schema", api.Read, http.Header{"Validateonly": {"true"}}
	}
	return s.one(ctx, c, opts)
}

// Delete deletes a schema with all its records, for good
// (DELETE /customObjects/schemas/{id}). One that is gone is no error. It is
// repeated when no answer comes.
func (s SchemasService) Delete(ctx context.Context, id SchemaID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete schema", http.MethodDelete, schemaPath, nil, string(id)), nil, opts...))
}

// DeleteField marks a field for deletion, for good, with its values
// (DELETE /customObjects/schemas/{id}/fields/{fieldId}). The key's user has to be
// an administrator. One that is gone is no error. It is repeated when no answer
// comes.
func (s SchemasService) DeleteField(ctx context.Context, id SchemaID, field string, opts ...countersign.CallOption) error {
	c := send(api.IdempotentWrite, "delete schema field", http.MethodDelete, schemaPath+"/fields/{fieldId}", nil, string(id), field)
	return gone(s.api.Run(ctx, c, nil, opts...))
}

// SchemaPlan is what Ensure would do.
type SchemaPlan struct {
	Found  *Schema  // nil: it would be made
	Add    []string // the ids of the fields that would be added
	Extend []string // the ids of the fields that would get further options
	Relate []string // the ids of the relationships that would be added
	want   Schema   // the whole, as it would be sent
}

// Nothing reports that the schema is as it should be.
func (p SchemaPlan) Nothing() bool {
	return p.Found != nil && len(p.Add) == 0 && len(p.Extend) == 0 && len(p.Relate) == 0
}

// Plan compares the schema with the account's and, where something is missing,
// has ActiveCampaign validate the addition. It writes nothing; a schema that does
// not exist at all can't be validated beforehand. ErrConflict means that a field
// exists with another type or is marked for deletion, or that the schema is an
// app's.
func (s SchemasService) Plan(ctx context.Context, want Schema, opts ...countersign.CallOption) (*SchemaPlan, error) {
	if err := want.check(); err != nil {
		return nil, err
	}
	found, err := s.FindBySlug(ctx, want.Slug, opts...)
	if errors.Is(err, countersign.ErrNotFound) {
		p := &SchemaPlan{want: want}
		for _, f := range want.Fields {
			p.Add = append(p.Add, f.ID)
		}
		for _, r := range want.Relationships {
			p.Relate = append(p.Relate, r.ID)
		}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := found.extended(want)
	if err != nil || p.Nothing() {
		return p, err
	}
	return p, s.Validate(ctx, found.ID, p.want, opts...)
}

// extended plans what is missing in a schema that exists.
func (s *Schema) extended(want Schema) (*SchemaPlan, error) {
	conflict := func(message string) error {
		return &countersign.Error{Provider: provider, Op: "plan schema", Method: http.MethodPut, Path: schemaPath, Kind: countersign.ErrConflict, Message: message}
	}
	if !s.Owned() {
		return nil, conflict("the schema belongs to an app")
	}
	p := &SchemaPlan{Found: s, want: *s}
	// What is marked for deletion is no part of the schema any more.
	p.want.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(f SchemaField) bool { return f.Status == MarkedForDeletion })
	p.want.Relationships = slices.Clone(s.Relationships)
	for _, f := range want.Fields {
		switch have := s.Field(f.ID); {
		case have == nil:
			p.Add, p.want.Fields = append(p.Add, f.ID), append(p.want.Fields, f)
		case have.Status == MarkedForDeletion:
			return nil, conflict("the field " + f.ID + " is marked for deletion")
		case have.Type != f.Type:
			return nil, conflict("the field " + f.ID + " has the type " + string(have.Type))
		default:
			if p.want.Field(f.ID).offer(f.Options) {
				p.Extend = append(p.Extend, have.ID)
			}
		}
	}
	have := map[string]bool{}
	for _, r := range s.Relationships {
		have[r.ID] = true
	}
	for _, r := range want.Relationships {
		if !have[r.ID] {
			p.Relate, p.want.Relationships = append(p.Relate, r.ID), append(p.want.Relationships, r)
		}
	}
	return p, nil
}

// Ensure makes the schema where the account has none with its slug, and adds what
// is missing where it has: fields, options of fields, relationships. It never
// renames, changes or deletes anything. Two programs that add to one schema at the
// same moment may undo each other's addition: ActiveCampaign knows no version of a
// schema. Its errors are those of Plan and of Create.
func (s SchemasService) Ensure(ctx context.Context, want Schema, opts ...countersign.CallOption) (*Schema, error) {
	p, err := s.Plan(ctx, want, opts...)
	switch {
	case err != nil:
		return nil, err
	case p.Nothing():
		return p.Found, nil
	case p.Found != nil:
		return s.Update(ctx, p.Found.ID, p.want, opts...)
	}
	made, err := s.Create(ctx, want, opts...)
	if !errors.Is(err, ErrDuplicate) && !errors.Is(err, countersign.ErrOutcomeUnknown) {
		return made, err
	}
	// Somebody else made it meanwhile, or this call did.
	found, again := s.FindBySlug(ctx, want.Slug, opts...)
	if again != nil {
		return nil, err
	}
	if p, err = found.extended(want); err != nil || p.Nothing() {
		return found, err
	}
	return s.Update(ctx, found.ID, p.want, opts...)
}
