package docusign

import (
	"encoding/json"

	"github.com/countersign/countersign/internal/api"
)

// Extra holds members that this package has no field for, under DocuSign's own
// names. What arrives is kept there, and what stands there is sent. A member
// that a field stands for is not taken from it.
type Extra map[string]json.RawMessage

func marshalExtra(v any, extra Extra) ([]byte, error) { return api.MarshalExtra(v, extra) }

func unmarshalExtra(data []byte, v any) (Extra, error) { return api.UnmarshalExtra(data, v) }
