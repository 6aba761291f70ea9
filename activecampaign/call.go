package activecampaign

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

const provider = "activecampaign"

func badConfig(field, reason, fix string) error {
	return &countersign.ConfigError{Component: provider, Field: field, Reason: reason, Fix: fix}
}

// get describes a call that changes nothing.
func get(op, path string, values ...string) api.Call {
	return api.Call{Op: op, Method: http.MethodGet, Effect: api.Read, Path: api.NewPath(path, values...)}
}

// send describes a call with a JSON body.
func send(effect api.Effect, op, method, path string, body any, values ...string) api.Call {
	c := api.Call{Op: op, Method: method, Effect: effect, Path: api.NewPath(path, values...)}
	if body != nil {
		c.Body = api.JSONBody(body)
	}
	return c
}

func withQuery(c api.Call, v url.Values) api.Call {
	c.Query = maps.Clone(v)
	return c
}

// number is an id as a JSON number, which is how ActiveCampaign's calls name most
// things that its answers name by text.
func number(field, id string) (json.Number, error) {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return "", badConfig(field, "is not the number of anything", "")
	}
	if id = strings.TrimLeft(id, "0"); id == "" {
		id = "0"
	}
	return json.Number(id), nil
}

// gone makes success of a 404: what should go is not there.
func gone(err error) error {
	if errors.Is(err, countersign.ErrNotFound) {
		return nil
	}
	return err
}

// notFound is the error of a search that found nothing.
func notFound(op, path, message string) error {
	return &countersign.Error{
		Provider: provider, Op: op, Method: http.MethodGet, Path: path, StatusCode: http.StatusOK,
		Kind: countersign.ErrNotFound, Message: message,
	}
}

// withMeta has the call's Meta filled in for this package, and for the caller
// too; done hands it on.
func withMeta(opts []countersign.CallOption) (all []countersign.CallOption, meta *countersign.Meta, done func()) {
	meta = new(countersign.Meta)
	callers := countersign.NewCallSettings(opts...).Meta
	return append(slices.Clip(opts), countersign.WithMeta(meta)), meta, func() {
		if callers != nil {
			*callers = *meta
		}
	}
}
