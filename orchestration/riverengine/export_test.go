package riverengine

import "time"

// WithJobTimeout sets after which time the context of a handler ends.
func WithJobTimeout(d time.Duration) Option { return func(s *settings) { s.jobTimeout = d } }
