//go:build race

package proof

// The race detector makes SQLite, which is Go here, many times slower.
func init() { slow = true }
