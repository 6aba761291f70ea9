package countersign_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

var kinds = []error{
	countersign.ErrInvalid, countersign.ErrUnauthorized, countersign.ErrForbidden, countersign.ErrNotFound,
	countersign.ErrConflict, countersign.ErrRateLimited, countersign.ErrUnavailable, countersign.ErrOutcomeUnknown,
}

func TestKindOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		0: nil, 100: nil, 200: nil, 204: nil, 302: nil, 399: nil,
		400: countersign.ErrInvalid, 401: countersign.ErrUnauthorized, 402: countersign.ErrInvalid,
		403: countersign.ErrForbidden, 404: countersign.ErrNotFound, 405: countersign.ErrInvalid,
		408: countersign.ErrUnavailable, 409: countersign.ErrConflict, 410: countersign.ErrNotFound,
		412: countersign.ErrConflict, 413: countersign.ErrInvalid, 422: countersign.ErrInvalid,
		423: countersign.ErrConflict, 425: countersign.ErrUnavailable, 429: countersign.ErrRateLimited,
		500: countersign.ErrUnavailable, 501: countersign.ErrUnavailable, 503: countersign.ErrUnavailable, 599: countersign.ErrUnavailable,
	} {
		require.Equal(t, want, countersign.KindOfStatus(status), "status %d", status)
	}
}

func TestErrorMatchesItsKindAndItsCause(t *testing.T) {
	t.Parallel()
	for i, kind := range kinds {
		err := fmt.Errorf("flow: %w", &countersign.Error{Provider: "p", Op: "o", Kind: kind, Err: io.ErrUnexpectedEOF})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		for j, other := range kinds {
			require.Equal(t, i == j, errors.Is(err, other), "%v as %v", kind, other)
		}
		details, ok := errors.AsType[*countersign.Error](err)
		require.True(t, ok)
		require.Equal(t, "p", details.Provider)
	}
	require.Empty(t, (&countersign.Error{}).Unwrap())
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	base := countersign.Error{Provider: "docusign", Op: "create envelope", Method: http.MethodPost, Path: "/envelopes/{envelopeID}"}
	with := func(change func(*countersign.Error)) *countersign.Error {
		e := base
		change(&e)
		return &e
	}
	for name, tc := range map[string]struct {
		err  *countersign.Error
		want string
	}{
		"code and message": {
			with(func(e *countersign.Error) {
				e.StatusCode, e.Code, e.Message, e.RequestID = 400, "INVALID_EMAIL", "no such address", "1f2e"
			}),
			"docusign: create envelope: 400 INVALID_EMAIL: no such address (request 1f2e)",
		},
		"status alone": {with(func(e *countersign.Error) { e.StatusCode = 404 }), "docusign: create envelope: 404 not found"},
		"kind alone": {
			with(func(e *countersign.Error) { e.Kind = countersign.ErrUnavailable }),
			"docusign: create envelope: service unavailable",
		},
		"cause alone": {
			with(func(e *countersign.Error) {
				e.Kind, e.Err = countersign.ErrUnavailable, errors.New("connection refused")
			}),
			"docusign: create envelope: connection refused",
		},
		"outcome unknown": {
			with(func(e *countersign.Error) { e.Kind, e.Err = countersign.ErrOutcomeUnknown, io.ErrUnexpectedEOF }),
			"docusign: create envelope: outcome unknown: unexpected EOF",
		},
		"wait": {
			with(func(e *countersign.Error) { e.StatusCode, e.RetryAfter = 429, 90*time.Second }),
			"docusign: create envelope: 429 too many requests; retry after 1m30s",
		},
		"fields": {
			with(func(e *countersign.Error) {
				e.StatusCode, e.Code = 422, "invalid"
				e.Fields = []countersign.FieldError{{"title", "is empty"}, {"note", "is too long"}}
			}),
			"docusign: create envelope: 422 invalid; title: is empty; note: is too long",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tc.err, tc.want)
		})
	}
}

func TestErrorShowsNoBody(t *testing.T) {
	t.Parallel()
	err := &countersign.Error{Provider: "p", Op: "o", StatusCode: 500, Body: []byte("private-data"), Code: "oops", RequestID: "r1"}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", err)
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", err)
	fmt.Fprintf(&out, "%v %s", err, err)
	require.NotContains(t, out.String(), "private-data")
	for _, want := range []string{`"provider":"p"`, `"op":"o"`, `"status":500`, `"code":"oops"`, `"request_id":"r1"`} {
		require.Contains(t, out.String(), want)
	}
}

func TestConfigError(t *testing.T) {
	t.Parallel()
	err := &countersign.ConfigError{Component: "cloudsign", Field: "ClientID", Reason: "is empty"}
	require.EqualError(t, err, "cloudsign: ClientID is empty")
	err.Fix = "set it"
	require.EqualError(t, err, "cloudsign: ClientID is empty: set it")
	wrapped := fmt.Errorf("start: %w", err)
	require.ErrorIs(t, wrapped, countersign.ErrInvalid)
	require.NotErrorIs(t, wrapped, countersign.ErrNotFound)
}

func TestDecodeError(t *testing.T) {
	t.Parallel()
	err := &countersign.DecodeError{Provider: "cloudsign", Op: "me", StatusCode: 200, ContentType: "text/html", Reason: "is not JSON", Size: 12}
	require.EqualError(t, err, `cloudsign: me: answer 200 with content type "text/html" and 12 bytes: is not JSON`)
	err.Err = fmt.Errorf("a date that quotes 2026-02-31: %w", countersign.ErrInvalid)
	require.NotErrorIs(t, err, countersign.ErrInvalid, "the request was not wrong")
	require.EqualError(t, err, `cloudsign: me: answer 200 with content type "text/html" and 12 bytes: is not JSON`)
}
