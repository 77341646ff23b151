use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::StoreError;
use crate::error::Fault;
use crate::target::{Pool, Target, Turn};

/// How many rows one statement may write or look up: with at most 16 values a row this stays below the 32,766
/// parameters of `SQLite` and the 65,535 of the servers.
pub const ROWS: usize = 2_000;

/// How long a method may take unless told otherwise, from its call to its answer; a server that is frozen never answers by itself.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often a transaction that lost a deadlock or a race is done again.
const ATTEMPTS: usize = 4;

/// The database. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Pool,
    reader: Pool,
    label: String,
    /// Milliseconds a method may take.
    deadline: AtomicU64,
}

impl Store {
    /// Opens `sqlite:PATH`, `postgres://…` or `mysql://…`. Nothing is connected yet: this succeeds while the server is
    /// down, each method then answers [`StoreError::Unavailable`] within a few seconds, and works when it is back.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let target = Target::parse(url)?;
        let (writer, reader) = target.open().await?;
        let deadline = AtomicU64::new(DEADLINE.as_millis() as u64);
        Ok(Self { inner: Arc::new(Inner { writer, reader, label: target.label(), deadline }) })
    }

    /// How long a method may take from now on, from its call to its answer. For drills in which time runs faster.
    pub fn set_deadline(&self, deadline: Duration) {
        self.inner.deadline.store(deadline.as_millis() as u64, Ordering::Relaxed);
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(self.inner.deadline.load(Ordering::Relaxed))
    }

    /// What people call this database: `MariaDB at db.example/posthaste`. Never holds the password.
    pub fn label(&self) -> &str {
        &self.inner.label
    }

    /// Is it there?
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reading(async |db| Ok(db.ping().await?)).await
    }

    /// Closes all connections; statements under way are finished first.
    pub async fn close(&self) {
        // Closing cannot fail in a way that somebody could mend.
        let _ = self.inner.reader.connection.close_by_ref().await;
        let _ = self.inner.writer.connection.close_by_ref().await;
    }

    pub(crate) fn engine(&self) -> DbBackend {
        self.inner.reader.connection.get_database_backend()
    }

    /// Runs statements that only read, each by itself.
    pub(crate) async fn reading<T>(
        &self,
        read: impl AsyncFnOnce(DatabaseConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.within(self.deadline(), async {
            let _turn = self.inner.reader.turn().await;
            read(self.inner.reader.connection.clone()).await
        })
        .await
    }

    /// Runs something that begins, fills and commits one transaction; again if that lost a deadlock, so it must change
    /// nothing else.
    pub(crate) async fn writing<T, F>(&self, write: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let attempts = async {
            let mut attempt = 1;
            loop {
                match write().await {
                    Err(fault) if fault.again() && attempt < ATTEMPTS => attempt += 1,
                    done => return done,
                }
            }
        };
        self.within(self.deadline(), attempts).await
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Transaction, Fault> {
        let options = match self.engine() {
            // A deferred transaction that first reads fails at once when another writer was quicker.
            DbBackend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            },
            // Its default, repeatable read, hides rows from us that our own "insert unless there" has just met.
            DbBackend::MySql => TransactionOptions {
                isolation_level: Some(IsolationLevel::ReadCommitted),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        let turn = self.inner.writer.turn().await;
        let inner = self.inner.writer.connection.begin_with_options(options).await?;
        Ok(Transaction { inner, _turn: turn })
    }

    /// Waits for `work` no longer than `deadline`, and says whose error it was.
    pub(crate) async fn within<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, StoreError> {
        // Boxed, so that the futures of all methods are small.
        match tokio::time::timeout(deadline, Box::pin(work)).await {
            Ok(done) => done.map_err(|fault| fault.into_error(&self.inner.label)),
            Err(_) => Err(StoreError::Unavailable(format!(
                "{} gave no answer within {} s",
                self.inner.label,
                deadline.as_secs()
            ))),
        }
    }
}

/// A transaction under way; dropped without [`commit`](Self::commit) it has never been.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    _turn: Turn,
}

impl Transaction {
    /// Makes it durable, and hands on what was found out on the way.
    pub(crate) async fn commit<T>(self, value: T) -> Result<T, Fault> {
        self.inner.commit().await?;
        Ok(value)
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}
