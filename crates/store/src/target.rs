//! The URL of a database, and how each engine is opened.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{StoreError, release};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a writer of `SQLite` waits for another one; below the deadline of a statement.
const BUSY: Duration = Duration::from_secs(8);
/// Connections to a server, and readers of a `SQLite` file.
const CONNECTIONS: u32 = 8;

/// Connections, and whose turn it is to use one. Waiting for a turn is a sign of much work, not of an outage: only who
/// has one asks the pool, whose timeout is then about the server alone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) connection: DatabaseConnection,
    turns: Arc<Semaphore>,
}

/// The right to use one connection, until it is dropped; `None` does not happen: the turns are never closed.
pub(crate) type Turn = Option<OwnedSemaphorePermit>;

impl Pool {
    /// Waits for a turn. Nobody may wait for a second one while having one.
    pub(crate) async fn turn(&self) -> Turn {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }
}

/// Which database, read from its URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// A `SQLite` file.
    File(String),
    /// `SQLite` in memory, gone with the store.
    Memory,
    /// A server, and the URL as the driver wants it.
    Server { kind: &'static str, url: String },
}

impl Target {
    /// Reads the URL.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let refuse = |why: &str| {
            StoreError::Url(format!(
                "{:?} is not the URL of a database: {why} (write sqlite:PATH, postgres://USER@HOST/NAME or mysql://USER@HOST/NAME)",
                without_password(url)
            ))
        };
        let (scheme, rest) = url.split_once(':').ok_or_else(|| refuse("it has no scheme"))?;
        let kind = match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                return match path {
                    "" => Err(refuse("the path is missing")),
                    ":memory:" => Ok(Self::Memory),
                    _ if path.contains(['?', '#', '%']) => Err(refuse("the path may not hold ? # or %")),
                    _ => Ok(Self::File(path.to_owned())),
                };
            }
            "postgres" | "postgresql" => "PostgreSQL",
            "mysql" | "mariadb" => "MariaDB",
            _ => return Err(refuse("the scheme is unknown")),
        };
        if !rest.starts_with("//") {
            return Err(refuse("// must follow the scheme"));
        }
        let scheme = if kind == "MariaDB" { "mysql" } else { "postgres" };
        Ok(Self::Server { kind, url: format!("{scheme}:{rest}") })
    }

    /// What people call it; without the password.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::File(path) => format!("SQLite {path}"),
            Self::Memory => "SQLite in memory".to_owned(),
            Self::Server { kind, url } => {
                let place = url.split_once("//").map_or("", |(_, rest)| rest);
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                format!("{kind} at {}", place.split('?').next().unwrap_or(place))
            }
        }
    }

    /// Opens it for writing and for reading, without connecting yet.
    pub(crate) async fn open(&self) -> Result<(Pool, Pool), StoreError> {
        match self {
            Self::File(path) => {
                // One writer, so that writers queue here and not in SQLite's polling busy handler. What a transaction
                // has committed may be all that is left of a held post, so the writer syncs each one.
                let url = format!("sqlite://{path}");
                let writer = connect(sqlite(&url, |o| o.pragma("synchronous", "FULL")), 1).await?;
                let reader = connect(sqlite(&url, |o| o.pragma("query_only", "ON")), CONNECTIONS).await?;
                Ok((writer, reader))
            }
            Self::Memory => {
                let mut options = sqlite("sqlite::memory:", |o| o);
                options.min_connections(1).idle_timeout(None).max_lifetime(None);
                let both = connect(options, 1).await?;
                Ok((both.clone(), both))
            }
            Self::Server { url, .. } => {
                let mut options = ConnectOptions::new(url);
                options
                    .map_sqlx_postgres_pool_opts(release::postgres)
                    .map_sqlx_mysql_pool_opts(release::mariadb);
                let both = connect(options, CONNECTIONS).await?;
                Ok((both.clone(), both))
            }
        }
    }
}

type SqliteOptions = sea_orm::sqlx::sqlite::SqliteConnectOptions;

fn sqlite(url: &str, more: fn(SqliteOptions) -> SqliteOptions) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.map_sqlx_sqlite_opts(move |o| {
        more(o.create_if_missing(true).busy_timeout(BUSY).foreign_keys(true).pragma("journal_mode", "WAL"))
    });
    options
}

async fn connect(mut options: ConnectOptions, connections: u32) -> Result<Pool, StoreError> {
    options
        .max_connections(connections)
        .connect_lazy(true)
        .acquire_timeout(CONNECT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    let connection = Database::connect(options)
        .await
        .map_err(|e| StoreError::Url(format!("the URL of the database: {e}")))?;
    Ok(Pool { connection, turns: Arc::new(Semaphore::new(connections as usize)) })
}

fn without_password(url: &str) -> String {
    match (url.split_once("//"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}//...@{place}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, label) in [
            ("sqlite:/var/lib/posthaste/db", "SQLite /var/lib/posthaste/db"),
            ("sqlite:///var/lib/db", "SQLite /var/lib/db"),
            ("sqlite:db", "SQLite db"),
            ("sqlite::memory:", "SQLite in memory"),
            ("postgres://anne:secret@db.example/post", "PostgreSQL at db.example/post"),
            ("postgresql://db.example:5433/post?sslmode=require", "PostgreSQL at db.example:5433/post"),
            ("mysql://anne:s@cret@db.example/post", "MariaDB at db.example/post"),
            ("mariadb://db.example/post", "MariaDB at db.example/post"),
        ] {
            assert_eq!(Target::parse(url).unwrap().label(), label);
        }
    }

    #[test]
    fn refusals_say_what_to_write_and_hide_passwords() {
        for bad in ["", "posthaste.db", "oracle://x", "sqlite:", "postgres:x", "redis://a:secret@b"] {
            let error = Target::parse(bad).unwrap_err().to_string();
            assert!(error.contains("write sqlite:PATH"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
