// Package sqldb is what the packages on database/sql share: the two SQL
// dialects, how times are kept, which errors mean what, a transaction that is
// run again on a conflict, and the migrator. It imports no driver: it tells
// errors apart by the methods that drivers give them.
package sqldb
