// Package postgres keeps the records of orchestration in a PostgreSQL
// database, through pgx:
//
//	store, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"))
//
// Many programs may read and write the records, and one at a time runs the
// local engine on them: a second one gets ErrOwned, so it can stand by. To share
// the work between processes use orchestration/riverengine, on the same database.
package postgres
