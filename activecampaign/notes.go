package activecampaign

import (
	"context"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// onContact is the type of note that stands on a contact.
const onContact = "Subscriber"

// Note is a note, on a contact or on something else.
type Note struct {
	ID      NoteID `json:"id"`
	Text    string `json:"note"`
	OnType  string `json:"reltype"` // "Subscriber": a contact
	OnID    Text   `json:"relid"`
	Created Time   `json:"cdate"`
	Updated Time   `json:"mdate"`
}

// NotesService writes notes on contacts. Those of one contact are read with
// ContactsService.Notes.
type NotesService struct{ service }

type oneNote struct {
	Note Note `json:"note"`
}

// noteBody names the contact by number; asText does so by text, which is how the
// call that changes a note takes it.
func noteBody(contact ContactID, text string, asText bool) (any, error) {
	if text == "" {
		return nil, badConfig("text", "is empty", "")
	}
	id, err := number("contact", string(contact))
	if err != nil {
		return nil, err
	}
	var on any = id
	if asText {
		on = id.String()
	}
	return map[string]any{"note": map[string]any{"note": text, "relid": on, "reltype": onContact}}, nil
}

func (s NotesService) one(ctx context.Context, c api.Call, opts []countersign.CallOption) (*Note, error) {
	m, err := api.JSON[oneNote](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Note, nil
}

// Create writes a note on a contact (POST /notes). It is sent once;
// ContactsService.Notes shows whether one without an answer was written.
func (s NotesService) Create(ctx context.Context, contact ContactID, text string, opts ...countersign.CallOption) (*Note, error) {
	body, err := noteBody(contact, text, false)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, send(api.Write, "create note", http.MethodPost, "/notes", body), opts)
}

// Get reads a note (GET /notes/{id}).
func (s NotesService) Get(ctx context.Context, id NoteID, opts ...countersign.CallOption) (*Note, error) {
	return s.one(ctx, get("get note", "/notes/{id}", string(id)), opts)
}

// Update changes a note (PUT /notes/{id}). It is repeated when no answer comes.
func (s NotesService) Update(ctx context.Context, id NoteID, contact ContactID, text string, opts ...countersign.CallOption) (*Note, error) {
	body, err := noteBody(contact, text, true)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, send(api.IdempotentWrite, "update note", http.MethodPut, "/notes/{id}", body, string(id)), opts)
}

// Delete deletes a note (DELETE /notes/{id}). One that is gone is no error. It is
// repeated when no answer comes.
func (s NotesService) Delete(ctx context.Context, id NoteID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete note", http.MethodDelete, "/notes/{id}", nil, string(id)), nil, opts...))
}
