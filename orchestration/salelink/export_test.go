package salelink

// SetSweepSize sets how many records a sweep goes through in one transaction, so that
// a test of many turns needs few.
func (f *Flow) SetSweepSize(n int) { f.sweepSize = n }
