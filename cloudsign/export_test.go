package cloudsign

import "github.com/countersign/countersign"

// Limiter shows the tests which limiter a client uses.
func (c *Client) Limiter() countersign.Limiter { return c.api.Settings().Limiter }
