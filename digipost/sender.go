package digipost

// SenderStatus is what Digipost says about a sender. Values that are not listed
// here may come.
type SenderStatus string

// The documented sender statuses.
const (
	// SenderValid: the sender exists and this broker may act for it.
	SenderValid SenderStatus = "VALID_SENDER"
	// SenderNoInfo: there is no such sender, or this broker may not act for it;
	// the service does not tell which. It may change at any moment.
	SenderNoInfo SenderStatus = "NO_INFO_AVAILABLE"
)

// Feature is something that a sender may do, such as FeatureDigipost. The set is
// open.
type Feature struct {
	Name  string
	Param string // such as the largest file size; most have none
}

// Features that matter for sending.
const (
	FeatureDigipost  = "no.digipost.feature.delivery.digipost"
	FeaturePrintTail = "no.digipost.feature.delivery.digipost-with-print-fallback"
	FeaturePrint     = "no.digipost.feature.delivery.direct-to-print"
)

// SenderInformation is what Digipost tells about a sender.
type SenderInformation struct {
	SenderID SenderID // zero where there is no information
	Status   SenderStatus
	Features []Feature
}

// Valid reports a sender that exists and that this broker may act for.
func (s SenderInformation) Valid() bool { return s.Status == SenderValid && s.SenderID > 0 }

// Has reports whether the sender has a feature.
func (s SenderInformation) Has(name string) bool {
	for _, f := range s.Features {
		if f.Name == name {
			return true
		}
	}
	return false
}

// SignatureRight says what the Brønnøysund register tells about who may sign for
// an organisation. It says nothing about the person at the keyboard.
type SignatureRight string

// What the register may tell.
const (
	SignatureSole    SignatureRight = "sole"    // at least one person may sign alone
	SignatureJoint   SignatureRight = "joint"   // only several together
	SignatureUnknown SignatureRight = "unknown" // nothing that a program can rely on
)
