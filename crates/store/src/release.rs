//! A connection is looked over before somebody else gets it.
//!
//! A method may be given up at any moment: at its deadline, or because whoever waited for it is gone. The driver then ends
//! the transaction it knows of; but if BEGIN itself was on its way, it knows of none, and the next one to get this
//! connection would read an old snapshot, or commit within a transaction that is not theirs. And a server that is silent
//! would keep a connection for as long as TCP believes in it, until none is left.

use std::io::{Error as IoError, ErrorKind};
use std::time::Duration;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Error, Executor, MySql, Postgres, query_scalar};
use tokio::time::timeout;

/// How long the server may take to answer before the connection is dropped; less than anybody waits for one.
const PATIENCE: Duration = Duration::from_secs(1);

/// `PostgreSQL` warns of a ROLLBACK without a transaction, in its log, each time. Its `now()` is when the transaction began,
/// and that is this very statement, or else there is one open.
pub(crate) fn postgres(pool: PoolOptions<Postgres>) -> PoolOptions<Postgres> {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            let free = query_scalar("SELECT now() = statement_timestamp()").fetch_one(connection);
            timeout(PATIENCE, free).await.unwrap_or_else(|_| Err(silent()))
        })
    })
}

/// MariaDB does not mind a ROLLBACK without a transaction.
pub(crate) fn mariadb(pool: PoolOptions<MySql>) -> PoolOptions<MySql> {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            timeout(PATIENCE, connection.execute("ROLLBACK")).await.unwrap_or_else(|_| Err(silent()))?;
            Ok(true)
        })
    })
}

fn silent() -> Error {
    Error::Io(IoError::new(ErrorKind::TimedOut, "the server is silent"))
}
