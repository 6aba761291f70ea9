// Package sqlstore is the orchestration.Store on database/sql, for SQLite and
// PostgreSQL. It imports no driver: orchestration/sqlite and
// orchestration/postgres open it in one line, and a program with a driver of
// its own calls Open.
//
// All records lie in one table, countersign_record. WithViews makes a view for
// each table of a flow, for people who look with SQL.
//
// Under SQLite, transactions that meet are committed together, each in a
// savepoint of its own, so that many small ones share one flush of the disk.
// Under PostgreSQL they run side by side at READ COMMITTED; versions, not
// locks, keep updates from being lost.
package sqlstore
