package contractone_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

const clientID = "11111111-2222-4333-8444-555555555555"

func settings() contractone.Settings {
	return contractone.Settings{
		Credential:  contractone.NewCredential("legal team", countersign.NewSecret(clientID)),
		Share:       contractone.Groups("Legal"),
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
		Mode:        contractone.ModeReview,
		Reviewers:   []contractone.Principal{contractone.Group("Legal")},
		Confirmed:   &contractone.Count{Documents: 120, Files: 200},
	}
}

func TestSettingsNameTheStepAndField(t *testing.T) {
	t.Parallel()
	require.NoError(t, settings().Validate())
	for name, c := range map[string]struct {
		step  contractone.Step
		field string
		spoil func(*contractone.Settings)
	}{
		"no client ID":          {1, "Credential", func(s *contractone.Settings) { s.Credential = contractone.NewCredential("x", countersign.Secret{}) }},
		"no share scope":        {2, "Share", func(s *contractone.Settings) { s.Share = contractone.Share{} }},
		"no group":              {2, "Share", func(s *contractone.Settings) { s.Share = contractone.Groups() }},
		"groups but private":    {2, "Share", func(s *contractone.Settings) { s.Share.Visibility = contractone.VisibleToNobody }},
		"unknown share scope":   {2, "Share", func(s *contractone.Settings) { s.Share.Visibility = "world" }},
		"nobody responsible":    {2, "Responsible", func(s *contractone.Settings) { s.Responsible = nil }},
		"a person twice":        {2, "Responsible", func(s *contractone.Settings) { s.Responsible = append(s.Responsible, s.Responsible...) }},
		"neither user or group": {2, "Responsible", func(s *contractone.Settings) { s.Responsible[0].Kind = "robot" }},
		"no mode":               {3, "Mode", func(s *contractone.Settings) { s.Mode = "" }},
		"unknown mode":          {3, "Mode", func(s *contractone.Settings) { s.Mode = "later" }},
		"no reviewer":           {3, "Reviewers", func(s *contractone.Settings) { s.Reviewers = nil }},
		"reviewers, no review":  {3, "Reviewers", func(s *contractone.Settings) { s.Mode = contractone.ModeDirect }},
		"not confirmed":         {4, "Confirmed", func(s *contractone.Settings) { s.Confirmed = nil }},
		"more documents":        {4, "Confirmed", func(s *contractone.Settings) { s.Confirmed.Documents = 201 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			c.spoil(&s)
			err := s.Validate()
			require.ErrorIs(t, err, countersign.ErrInvalid)
			var ce *countersign.ConfigError
			require.ErrorAs(t, err, &ce)
			require.Equal(t, fmt.Sprint("contractone: link step ", int(c.step)), ce.Component)
			require.Equal(t, c.field, ce.Field)
			require.Equal(t, err, s.ValidateStep(c.step))
			for step := contractone.Step(1); step < c.step; step++ {
				require.NoError(t, s.ValidateStep(step))
			}
		})
	}
	require.ErrorIs(t, settings().ValidateStep(5), countersign.ErrInvalid)
}

// A link with nothing to load yet can start, and so can one with the direct mode.
func TestSettingsMayConfirmNoFiles(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Mode, s.Reviewers, s.Confirmed = contractone.ModeDirect, nil, &contractone.Count{}
	require.NoError(t, s.Validate())
}

func TestSettingsHoldNoClientID(t *testing.T) {
	t.Parallel()
	s := settings()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	for _, out := range []string{string(text), fmt.Sprintf("%+v %#v", s, s)} {
		require.NotContains(t, out, clientID)
		require.NotContains(t, out, "11111111")
	}
	var back contractone.Settings
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, s, back)

	same := contractone.NewCredential("another label", countersign.NewSecret(clientID))
	require.Equal(t, s.Credential.Fingerprint, same.Fingerprint)
	other := contractone.NewCredential("legal team", countersign.NewSecret(clientID+"x"))
	require.NotEqual(t, s.Credential.Fingerprint, other.Fingerprint)
}

func TestLabelsOfStepsAndModes(t *testing.T) {
	t.Parallel()
	for step := contractone.StepCredential; step <= contractone.StepConfirm; step++ {
		require.NotEmpty(t, step.LabelJA())
	}
	require.Empty(t, contractone.Step(0).LabelJA())
	require.Equal(t, "台帳に直接保存する", contractone.ModeDirect.LabelJA())
	require.Equal(t, "台帳に保存前に確認作業を行う", contractone.ModeReview.LabelJA())
	require.Empty(t, contractone.Mode("").LabelJA())
}

func TestManagementIDs(t *testing.T) {
	t.Parallel()
	seen := map[contractone.ManagementID]bool{}
	for range 2000 {
		id := contractone.NewManagementID()
		require.Regexp(t, `^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$`, string(id))
		require.True(t, id.IsValid())
		back, err := contractone.ParseManagementID(" " + strings.ToLower(strings.ReplaceAll(string(id), "-", " ")))
		require.NoError(t, err)
		require.Equal(t, id, back)
		seen[id] = true
	}
	require.Len(t, seen, 2000)
	for _, bad := range []string{"", "2222", "2222-222", "2222-22222", "2222-2223", "2222-222é", "1111-1111", "OOOO-OOOO"} {
		_, err := contractone.ParseManagementID(bad)
		require.ErrorIs(t, err, countersign.ErrInvalid, bad)
	}
	require.False(t, contractone.ManagementID("22222222").IsValid(), "IsValid wants the form that was given out")
}

func TestManagementIDFindsMistypedCharacters(t *testing.T) {
	t.Parallel()
	const alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	rapid.Check(t, func(t *rapid.T) {
		chars := []byte(strings.ReplaceAll(string(contractone.NewManagementID()), "-", ""))
		i, j := rapid.IntRange(0, 7).Draw(t, "i"), rapid.IntRange(0, 7).Draw(t, "j")
		wrong := rapid.SampledFrom([]byte(alphabet)).Draw(t, "wrong")
		mistyped, swapped := append([]byte{}, chars...), append([]byte{}, chars...)
		mistyped[i] = wrong
		swapped[i], swapped[j] = swapped[j], swapped[i]
		for _, changed := range []string{string(mistyped), string(swapped)} {
			if _, err := contractone.ParseManagementID(changed); (err == nil) != (changed == string(chars)) {
				t.Fatalf("%s, written as %s: %v", chars, changed, err)
			}
		}
	})
}

func FuzzParseManagementID(f *testing.F) {
	f.Add("2222-2222")
	f.Add("7kqm 3xpa")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := contractone.ParseManagementID(s)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		require.True(t, id.IsValid())
	})
}
