use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use posthaste_model::{Address, ListName, ListSeed, Mailbox, MailingList, Style, Timestamp};
use posthaste_store::Store;
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, Statement,
    TransactionTrait,
};
use uuid::Uuid;

/// A moment.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_700_000_000_000_001);

/// A test of the suite: its name and what it does with the URL of an empty database.
pub(crate) type Case = (&'static str, fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Makes a list of [`Case`]s of async functions that take the URL.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const CASES: &[$crate::engines::fixture::Case] =
            &[$((concat!(module_path!(), "::", stringify!($name)), |url| Box::pin($name(url)))),+];
    };
}
pub(crate) use cases;

/// Where the databases of one run live.
pub(crate) enum Engine {
    Sqlite(tempfile::TempDir),
    Postgresql(Postgres),
    Mariadb(Mariadb),
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Engine {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgresql() -> Self {
        Self::Postgresql(Postgres::new().unwrap())
    }

    pub(crate) fn mariadb() -> Self {
        Self::Mariadb(Mariadb::new().unwrap())
    }

    /// An empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join(name).display()),
            Self::Postgresql(server) => server.create_database(&name).unwrap(),
            Self::Mariadb(server) => server.create_database(&name).unwrap(),
        }
    }
}

/// Runs every case on a database of its own, a few at a time, and tells all that failed.
pub(crate) async fn run(engine: Engine, suite: &[&[Case]]) {
    let engine = Arc::new(engine);
    let places = Arc::new(tokio::sync::Semaphore::new(3));
    let tasks: Vec<_> = suite
        .iter()
        .flat_map(|cases| cases.iter())
        .map(|&(name, case)| {
            let (engine, places) = (Arc::clone(&engine), Arc::clone(&places));
            let task = tokio::spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                let url = tokio::task::spawn_blocking(move || engine.database()).await.unwrap();
                case(url).await;
            });
            (name, task)
        })
        .collect();
    let mut failed = Vec::new();
    for (name, task) in tasks {
        if AssertUnwindSafe(task).0.await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// A store whose tables are there.
pub(crate) async fn store(url: &str) -> Store {
    let store = Store::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// The same with a domain and a list without owners.
pub(crate) async fn list(url: &str) -> (Store, MailingList) {
    let store = store(url).await;
    store.add_domain("lists.example", "", None).await.unwrap();
    let list = store.create_list(seed("dev@lists.example"), &[]).await.unwrap();
    (store, list)
}

pub(crate) fn seed(text: &str) -> ListSeed {
    ListSeed { name: name(text), style: Style::LegacyDefault, at: NOON }
}

pub(crate) fn name(text: &str) -> ListName {
    ListName::parse(text).unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

/// `count` mailboxes with numbers.
pub(crate) fn crowd(range: std::ops::Range<u32>) -> Vec<Mailbox> {
    range.map(|i| mailbox(&format!("Member {i} <Member{i}@example.com>"))).collect()
}

/// A way to the tables behind the store's back: by itself, or within one transaction.
pub(crate) struct Behind<C = DatabaseConnection> {
    connection: C,
    url: String,
}

impl Behind {
    pub(crate) async fn open(url: &str) -> Self {
        let connection = Database::connect(url.replace("sqlite:/", "sqlite:///")).await.unwrap();
        Self { connection, url: url.to_owned() }
    }

    pub(crate) async fn begin(&self) -> Behind<DatabaseTransaction> {
        Behind { connection: self.connection.begin().await.unwrap(), url: self.url.clone() }
    }

    /// Returns when a transaction waits for another one. `SQLite` has one writer, and cannot tell.
    pub(crate) async fn somebody_waits(&self) {
        let waiting = match self.connection.get_database_backend() {
            DbBackend::Postgres => "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
            DbBackend::MySql => "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
            _ => return,
        };
        let waiting = Statement::from_string(self.connection.get_database_backend(), waiting);
        // MariaDB makes this table anew only if nobody has looked at it for a tenth of a second.
        while self.connection.query_one_raw(waiting.clone()).await.unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        }
    }
}

impl Behind<DatabaseTransaction> {
    /// Keeps all rows of a table as they are. `SQLite` keeps everything from the first change on.
    pub(crate) async fn lock(&self, table: &str) {
        if !self.url.starts_with("sqlite") {
            self.run(&format!("SELECT * FROM {table} FOR UPDATE")).await;
        }
    }

    /// Whoever it meets in a deadlock is ended in its place: `PostgreSQL` ends the one that looks first, `MariaDB` the one
    /// that has changed less than this one will have.
    pub(crate) async fn never_ended(&self) {
        if self.url.starts_with("postgres") {
            self.run("SET LOCAL deadlock_timeout = '1h'").await;
        }
        self.run("UPDATE address SET display_name = 'x'").await;
    }

    pub(crate) async fn commit(self) {
        self.connection.commit().await.unwrap();
    }
}

impl<C: ConnectionTrait> Behind<C> {
    /// Runs SQL; double quotes stand around names on every engine.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = if self.url.starts_with("mysql") { sql.replace('"', "`") } else { sql.to_owned() };
        self.connection.execute_unprepared(&sql).await.unwrap();
    }

    /// A key as it is written in SQL.
    pub(crate) fn key(&self, id: Uuid) -> String {
        if self.url.starts_with("postgres") { format!("'{id}'") } else { format!("X'{}'", id.simple()) }
    }
}
