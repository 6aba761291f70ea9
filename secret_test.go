package countersign_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

const credential = "hunter2-0123456789"

func TestSecretReveals(t *testing.T) {
	t.Parallel()
	s := countersign.NewSecret(credential)
	require.Equal(t, credential, s.Reveal())
	require.False(t, s.IsZero())
	require.Empty(t, countersign.Secret{}.Reveal())
	require.True(t, countersign.Secret{}.IsZero())
	require.True(t, countersign.NewSecret("").IsZero())
}

func TestSecretEqual(t *testing.T) {
	t.Parallel()
	s := countersign.NewSecret(credential)
	require.True(t, s.Equal(credential))
	require.False(t, s.Equal(credential+"x"))
	require.False(t, s.Equal(credential[1:]))
	require.False(t, s.Equal(""))
	require.False(t, countersign.Secret{}.Equal(""), "an unset credential matches nothing")
}

// holders are the shapes in which a secret reaches a formatter.
func holders() map[string]any {
	s := countersign.NewSecret(credential)
	type exported struct {
		Name string
		Key  countersign.Secret
	}
	type hidden struct {
		name string
		key  countersign.Secret
		keys []countersign.Secret
	}
	return map[string]any{
		"value":            s,
		"pointer":          &s,
		"exported field":   exported{"n", s},
		"hidden field":     hidden{"n", s, []countersign.Secret{s}},
		"pointer to field": &hidden{"n", s, nil},
		"slice":            []countersign.Secret{s},
		"map":              map[string]countersign.Secret{"k": s},
		"interface":        []any{s},
		"nested":           struct{ a any }{hidden{"n", s, nil}},
	}
}

// requireRedacted fails when a text holds the credential in any of the
// notations that the formatters know.
func requireRedacted(t *testing.T, text string) {
	t.Helper()
	for _, notation := range []string{"%s", "%x", "%X", "% x", "%d", "%q", "%#v", "%U"} {
		require.NotContains(t, text, fmt.Sprintf(notation, []byte(credential)))
		require.NotContains(t, text, fmt.Sprintf(notation, credential))
	}
}

func TestSecretIsNotFormatted(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"v", "+v", "#v", "s", "q", "x", "X", "d", "t", "p", "T", "U", "c", "e", "w", "30s", "-30v", " x", "#x"} {
				requireRedacted(t, fmt.Sprintf("%"+verb, v))
			}
			requireRedacted(t, fmt.Sprint(v)+fmt.Sprintln(v))
			requireRedacted(t, fmt.Errorf("failed with %v", v).Error())
			requireRedacted(t, errors.Join(fmt.Errorf("%+v", v), fmt.Errorf("%#v", v)).Error())
		})
	}
}

func TestSecretIsNotLogged(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			opts := &slog.HandlerOptions{Level: slog.LevelDebug}
			for _, h := range []slog.Handler{slog.NewTextHandler(&out, opts), slog.NewJSONHandler(&out, opts)} {
				log := slog.New(h)
				log.Debug("call", "value", v)
				log.With("value", v).WithGroup("g").Info("call", slog.Group("in", slog.Any("value", v)))
			}
			requireRedacted(t, out.String())
		})
	}
}

func TestSecretIsNotEncoded(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := json.MarshalIndent(v, "", " ")
			require.NoError(t, err)
			requireRedacted(t, string(data))
			var out bytes.Buffer
			// Whether gob and XML can write such a value at all is not the point.
			_ = gob.NewEncoder(&out).Encode(v)
			_ = xml.NewEncoder(&out).Encode(v)
			requireRedacted(t, out.String())
		})
	}
}

func TestSecretShowsThatItIsThere(t *testing.T) {
	t.Parallel()
	s := countersign.NewSecret(credential)
	require.Equal(t, "[redacted]", s.String())
	require.Equal(t, "[redacted]", fmt.Sprintf("%q", s))
	require.Equal(t, `countersign.Secret("[redacted]")`, fmt.Sprintf("%#v", s))
	require.Equal(t, "[redacted]", s.LogValue().String())
	require.Empty(t, countersign.Secret{}.String())
	require.Equal(t, `countersign.Secret("")`, fmt.Sprintf("%#v", countersign.Secret{}))

	data, err := json.Marshal(struct{ Key, Unset countersign.Secret }{Key: s})
	require.NoError(t, err)
	require.JSONEq(t, `{"Key":"[redacted]","Unset":""}`, string(data))
	data, err = json.Marshal(map[string]any{"key": &s})
	require.NoError(t, err)
	require.JSONEq(t, `{"key":"[redacted]"}`, string(data))
}

func TestSecretIsReadFromConfiguration(t *testing.T) {
	t.Parallel()
	var config struct{ Key, Unset countersign.Secret }
	require.NoError(t, json.Unmarshal([]byte(`{"Key":"`+credential+`","Unset":""}`), &config))
	require.Equal(t, credential, config.Key.Reveal())
	require.True(t, config.Unset.IsZero())
	require.NoError(t, config.Key.UnmarshalText(nil))
	require.True(t, config.Key.IsZero())
}

func TestSecretThatWasWrittenIsLost(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(countersign.NewSecret("hush"))
	require.NoError(t, err)
	var back countersign.Secret
	require.NoError(t, json.Unmarshal(text, &back))
	require.True(t, back.IsZero(), "the word redacted is nobody's password")
}
