// Package proof holds what the documentation claims about whole flows, as tests
// and benchmarks that print their figures in lines that begin with "proof:". The
// package is tests alone; "make proof" runs them in full size, "go test" in a
// size that takes seconds.
//
// Crashes are shown with SIGKILL of a child process, and with copies of the
// database whose write-ahead log lost its tail. A power loss is not among what
// is shown.
package proof
