package contractone

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/countersign/countersign"
)

// Step is a step of the vendor's wizard that sets up a CloudSign link.
type Step int

// The four steps of the wizard.
const (
	StepCredential   Step = 1 // the client ID
	StepRegistration Step = 2 // share scope and responsible persons
	StepMode         Step = 3 // save directly or review first
	StepConfirm      Step = 4 // the count of files, and start
)

// LabelJA is what the vendor's help page calls the step.
func (s Step) LabelJA() string {
	switch s {
	case StepCredential:
		return "認証情報(クライアントID)を登録"
	case StepRegistration:
		return "公開範囲、紐づける社内担当者を登録"
	case StepMode:
		return "台帳に保存時の確認有無を選択"
	case StepConfirm:
		return "連携対象の件数を確認して連携を開始"
	}
	return ""
}

// Mode says whether somebody looks at files before they enter the ledger.
type Mode string

// The two modes: 台帳に直接保存する and 台帳に保存前に確認作業を行う.
const (
	ModeDirect Mode = "direct"
	ModeReview Mode = "review"
)

// LabelJA is what the vendor's help page calls the mode.
func (m Mode) LabelJA() string {
	switch m {
	case ModeDirect:
		return "台帳に直接保存する"
	case ModeReview:
		return "台帳に保存前に確認作業を行う"
	}
	return ""
}

// Credential names a credential without holding it.
type Credential struct {
	Label string `json:"label"` // what people call it: "legal team"
	// Fingerprint tells whether two links use the same client ID; it can't be
	// turned back into one.
	Fingerprint string `json:"fingerprint"`
}

// NewCredential describes a client ID. Only its fingerprint is kept: the first
// 16 hexadecimal digits of its SHA-256. An empty client ID has none.
func NewCredential(label string, clientID countersign.Secret) Credential {
	if clientID.IsZero() {
		return Credential{Label: label}
	}
	sum := sha256.Sum256([]byte("contractone client id\n" + clientID.Reveal()))
	return Credential{Label: label, Fingerprint: hex.EncodeToString(sum[:8])}
}

// Count is what the wizard's last step shows. The vendor counts files, so
// CloudSign's own list of documents is shorter.
type Count struct {
	Documents int64 `json:"documents"`
	Files     int64 `json:"files"`
}

// Settings are the settings of one link, in the order of the wizard. There is
// one link for each client ID, and as many links as a company wants. They hold
// no secret.
type Settings struct {
	Credential Credential `json:"credential"` // step 1

	Share       Share       `json:"share"`       // step 2: for every entry of the link
	Responsible []Principal `json:"responsible"` // step 2: at least one, for every entry of the link

	Mode      Mode        `json:"mode"`                // step 3
	Reviewers []Principal `json:"reviewers,omitempty"` // step 3: at least one in ModeReview, none in ModeDirect

	// Confirmed is the count that a person saw and agreed to in step 4; nil:
	// nobody did yet. A link does not start before.
	Confirmed *Count `json:"confirmed,omitempty"`
}

// Validate checks the four steps in their order. Its error is a
// *countersign.ConfigError that names the step and the field.
func (s Settings) Validate() error {
	for step := StepCredential; step <= StepConfirm; step++ {
		if err := s.ValidateStep(step); err != nil {
			return err
		}
	}
	return nil
}

// ValidateStep checks one step, as a wizard does before it goes on. Its error
// is a *countersign.ConfigError that names the step and the field.
func (s Settings) ValidateStep(step Step) error {
	switch step {
	case StepCredential:
		return s.validateCredential()
	case StepRegistration:
		return s.validateRegistration()
	case StepMode:
		return s.validateMode()
	case StepConfirm:
		return s.validateConfirmed()
	}
	return stepError(step, "Step", "does not exist", "there are the steps 1 to 4")
}

func stepError(step Step, field, reason, fix string) error {
	return &countersign.ConfigError{Component: "contractone: link step " + strconv.Itoa(int(step)), Field: field, Reason: reason, Fix: fix}
}

func (s Settings) validateCredential() error {
	const step = StepCredential
	switch {
	case s.Credential.Fingerprint == "":
		return stepError(step, "Credential", "has no client ID", "create one in CloudSign for a user of its own that belongs to nobody in person, and pass it to NewCredential")
	case badText(s.Credential.Label) != "":
		return stepError(step, "Credential.Label", badText(s.Credential.Label), "")
	}
	return nil
}

func (s Settings) validateRegistration() error {
	const step = StepRegistration
	if p := s.Share.problem(); p != "" {
		return stepError(step, "Share", p, "use CompanyWide, Private or Groups with at least one group")
	}
	if p := principalsProblem(s.Responsible); p != "" {
		return stepError(step, "Responsible", p, "name each responsible user or group once, and at least one")
	}
	return nil
}

func (s Settings) validateMode() error {
	const step = StepMode
	switch s.Mode {
	case ModeDirect:
		if len(s.Reviewers) > 0 {
			return stepError(step, "Reviewers", "are named but nothing is reviewed", "choose ModeReview or name no reviewers")
		}
		return nil
	case ModeReview:
		if p := principalsProblem(s.Reviewers); p != "" {
			return stepError(step, "Reviewers", p, "name each reviewing user or group once, and at least one")
		}
		return nil
	case "":
		return stepError(step, "Mode", "is not chosen", "use ModeDirect or ModeReview")
	}
	return stepError(step, "Mode", "is "+strconv.Quote(string(s.Mode)), "use ModeDirect or ModeReview")
}

func (s Settings) validateConfirmed() error {
	const step = StepConfirm
	switch {
	case s.Confirmed == nil:
		return stepError(step, "Confirmed", "is missing", "show the count of files to a person and ask before the link starts")
	case s.Confirmed.Files < 0 || s.Confirmed.Documents < 0 || s.Confirmed.Documents > s.Confirmed.Files:
		return stepError(step, "Confirmed", "is not a possible count", "each document has at least one file")
	}
	return nil
}
