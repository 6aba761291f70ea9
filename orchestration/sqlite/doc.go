// Package sqlite keeps the records of orchestration in one SQLite file, through
// a driver in pure Go:
//
//	store, err := sqlite.Open("state.db")
//
// A commit returns when the disk has it (WAL, synchronous=FULL). The file
// belongs on a local disk: SQLite's locks don't hold on network file systems.
// Back it up with "VACUUM INTO" or a tool that follows the WAL; beside it lie
// its files -wal and -shm, and -lock, which keeps a second engine away.
package sqlite
