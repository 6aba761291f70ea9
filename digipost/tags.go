package digipost

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// TagsService marks the accounts of persons. It takes a permission.
type TagsService struct{ service }

// TagPublicMailbox marks a person who gets public mail through Digipost. It is the
// only documented tag.
const TagPublicMailbox = "PUBLIC_MAILBOX_TAG"

type xmlTag struct {
	XMLName    xml.Name `xml:"http://api.digipost.no/schema/v8 tag"`
	PersonalID string   `xml:"public-mailbox-tag>personal-identification-number"`
}

// AddPublicMailbox sets TagPublicMailbox for a person, by fødselsnummer (relation
// add_tag).
func (s TagsService) AddPublicMailbox(ctx context.Context, personalID string, opts ...countersign.CallOption) error {
	return s.send(ctx, "add tag", "add_tag", personalID, opts)
}

// RemovePublicMailbox takes it away (relation remove_tag).
func (s TagsService) RemovePublicMailbox(ctx context.Context, personalID string, opts ...countersign.CallOption) error {
	return s.send(ctx, "remove tag", "remove_tag", personalID, opts)
}

// send: an account has a tag or has it not, so sending twice changes nothing.
func (s TagsService) send(ctx context.Context, op, relation, personalID string, opts []countersign.CallOption) error {
	if personalID == "" {
		return messageError("personalID", "is empty")
	}
	p, query, err := s.link(ctx, 0, relation)
	if err != nil {
		return err
	}
	return s.post(ctx, api.Call{Op: op, Method: http.MethodPost, Effect: api.IdempotentWrite, Path: p, Query: query}, xmlTag{PersonalID: personalID}, nil, opts)
}

// Get gives a person's tags (relation get_tags). The set is open.
func (s TagsService) Get(ctx context.Context, personalID string, opts ...countersign.CallOption) ([]string, error) {
	if personalID == "" {
		return nil, messageError("personalID", "is empty")
	}
	p, _, err := s.link(ctx, 0, "get_tags")
	if err != nil {
		return nil, err
	}
	var m struct {
		XMLName xml.Name `xml:"tags"`
		Tags    []string `xml:"tag-type"`
	}
	err = s.run(ctx, get("get tags", p, url.Values{"personal-identification-number": {personalID}}), &m, opts...)
	return m.Tags, err
}
