package contactmap

import (
	"slices"
	"strings"

	"github.com/countersign/countersign"
)

// TagSet names the tags that contacts get: Base on every one, and one for each
// action.
type TagSet struct {
	Base      string `json:"base"`
	Sent      string `json:"sent"`
	Delivered string `json:"delivered"`
	Completed string `json:"completed"`
	Declined  string `json:"declined"`
	Voided    string `json:"voided"` // needed only where the action is chosen
}

// EnglishTags is the default. Its action tags are inferred: ActiveCampaign's help
// shows them in a French translation alone, parts of which were left in English.
// Where ActiveCampaign's own integration was in use before, AdoptTags finds the
// real ones.
func EnglishTags() TagSet {
	const action = "docusign-integration-DocuSign_Envelope_"
	return TagSet{
		Base: "docusign-integration", Sent: action + "Sent", Delivered: action + "Delivered",
		Completed: action + "Completed", Declined: action + "Declined", Voided: action + "Voided",
	}
}

// FrenchTags are the tags of ActiveCampaign's help in French ("Connecter DocuSign
// à ActiveCampaign"), byte for byte, inconsistent as they are. The help has no
// tag for Voided; its name follows the others.
func FrenchTags() TagSet {
	const action = "docusign-integration-DocuSign_Enveloppe_"
	return TagSet{
		Base: "docusign-integration", Sent: action + "Sent", Delivered: action + "délivrée",
		Completed: action + "complète", Declined: action + "Décliné", Voided: action + "Annulée",
	}
}

// FrenchTableTags are FrenchTags with the base tag as the help's table spells it:
// "docusign-intégration".
func FrenchTableTags() TagSet {
	t := FrenchTags()
	t.Base = "docusign-intégration"
	return t
}

// Of is the tag of an action, empty if it has none.
func (t TagSet) Of(a Action) string {
	if p := t.of(a); p != nil {
		return *p
	}
	return ""
}

func (t *TagSet) of(a Action) *string {
	switch a {
	case Sent:
		return &t.Sent
	case Delivered:
		return &t.Delivered
	case Completed:
		return &t.Completed
	case Declined:
		return &t.Declined
	case Voided:
		return &t.Voided
	}
	return nil
}

// Check reports a tag that the base or one of the actions needs and that is
// empty, has white space around it, or is that of another. Its error is a
// *countersign.ConfigError.
func (t TagSet) Check(actions ...Action) error {
	seen := map[string]bool{}
	check := func(name, tag string) error {
		reason := ""
		switch {
		case tag == "":
			reason = "is empty"
		case strings.TrimSpace(tag) != tag:
			reason = "has white space around it"
		case seen[strings.ToLower(tag)]:
			reason = "is that of another action"
		}
		seen[strings.ToLower(tag)] = true
		if reason == "" {
			return nil
		}
		return &countersign.ConfigError{Component: "contactmap", Field: "TagSet." + name, Reason: reason}
	}
	if err := check("Base", t.Base); err != nil {
		return err
	}
	for _, a := range actions {
		if err := check(string(a), t.Of(a)); err != nil {
			return err
		}
	}
	return nil
}

// adoptable are words that tell which action a tag of ActiveCampaign's own
// integration stands for, in the languages of its help.
var adoptable = map[Action][]string{
	Sent:      {"sent", "envoyée", "envoye", "enviado", "gesendet", "inviata"},
	Delivered: {"delivered", "délivrée", "delivree", "entregado", "zugestellt", "consegnata"},
	Completed: {"completed", "complète", "complete", "completado", "abgeschlossen", "completata"},
	Declined:  {"declined", "décliné", "decline", "rechazado", "abgelehnt", "rifiutata"},
	Voided:    {"voided", "annulée", "annulee", "anulado", "ungültig", "annullata"},
}

// AdoptTags finds among an account's tags those that an installation of
// ActiveCampaign's own integration left, and gives the set that goes on with
// them; what was not found is the default's. Unclear are tags that begin like
// those of the integration and stand for no action that could be told, or for one
// that another tag stands for already: a person has to look at them.
func AdoptTags(existing []string, otherwise TagSet) (set TagSet, unclear []string) {
	set = otherwise
	found := map[Action]bool{}
	based := false
	for _, tag := range slices.Sorted(slices.Values(existing)) {
		if tag == "docusign-integration" || tag == "docusign-intégration" {
			if !based || tag == otherwise.Base {
				set.Base, based = tag, true
			}
			continue
		}
		rest, ok := afterPrefix(tag)
		if !ok {
			continue
		}
		a := adopted(rest)
		if a == "" || found[a] {
			unclear = append(unclear, tag)
			continue
		}
		found[a] = true
		*set.of(a) = tag
	}
	return set, unclear
}

// afterPrefix cuts off what all action tags of the integration begin with, up to
// the last underscore.
func afterPrefix(tag string) (string, bool) {
	for _, prefix := range []string{"docusign-integration-", "docusign-intégration-"} {
		if rest, ok := strings.CutPrefix(tag, prefix); ok {
			return rest[strings.LastIndexByte(rest, '_')+1:], true
		}
	}
	return "", false
}

func adopted(word string) Action {
	for _, a := range Actions() {
		if slices.Contains(adoptable[a], strings.ToLower(word)) {
			return a
		}
	}
	return ""
}
