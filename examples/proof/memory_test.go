package proof

import (
	"context"
)

func measure(ctx context.Context, j job) error { return nil }
