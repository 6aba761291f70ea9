package riverengine

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connection has another name than pgx's, which the method Conn needs.
type connection = pgx.Conn

// transaction is the transaction that database/sql has begun on a connection, as
// River wants it. Whoever began it ends it.
type transaction struct{ *connection }

// transactionOn gives the transaction on a connection of database/sql, from within
// sql.Conn.Raw.
func transactionOn(driverConn any) pgx.Tx {
	return transaction{driverConn.(*stdlib.Conn).Conn()} //nolint:forcetypeassert // Open opened it
}

var errNotOurs = errors.New("riverengine: the transaction is the store's to end, and has no savepoints")

// Begin is refused.
func (transaction) Begin(context.Context) (pgx.Tx, error) { return nil, errNotOurs }

// Commit is refused.
func (transaction) Commit(context.Context) error { return errNotOurs }

// Rollback is refused.
func (transaction) Rollback(context.Context) error { return errNotOurs }

// LargeObjects has no use here.
func (transaction) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn is the connection.
func (t transaction) Conn() *pgx.Conn { return t.connection }
