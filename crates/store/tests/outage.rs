//! The database goes away in every way it can, and comes back; nobody reconnects by hand.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::future::Future;
use std::time::{Duration, Instant};

use posthaste_model::{ListName, ListSeed, Style, Timestamp};
use posthaste_store::{Store, StoreError};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use uuid::Uuid;

/// An answer must come within this time: the deadline of a method and some slack for a busy machine.
const SHORT: Duration = Duration::from_secs(16);

/// The connections of a store.
const ALL: u32 = 8;

trait Server {
    fn port(&self) -> u16;
    fn create(&self) -> String;
    fn elsewhere(&self) -> Vec<String>;
    fn start(&mut self);
    fn stop(&mut self);
    fn kill(&mut self);
    fn freeze(&self);
    fn thaw(&self);
}

macro_rules! server {
    ($type:ty, $elsewhere:expr) => {
        impl Server for $type {
            fn port(&self) -> u16 {
                Self::port(self)
            }
            fn create(&self) -> String {
                self.create_database("posthaste").unwrap()
            }
            fn elsewhere(&self) -> Vec<String> {
                $elsewhere(self)
            }
            fn start(&mut self) {
                Self::start(self).unwrap();
            }
            fn stop(&mut self) {
                Self::stop(self).unwrap();
            }
            fn kill(&mut self) {
                Self::kill(self);
            }
            fn freeze(&self) {
                Self::freeze(self);
            }
            fn thaw(&self) {
                Self::thaw(self);
            }
        }
    };
}

server!(Postgres, |s: &Postgres| vec![s.url("nowhere"), s.url("posthaste").replace("posthaste@", "nobody@")]);
server!(Mariadb, |s: &Mariadb| vec![s.url("nowhere"), s.url("posthaste").replace("posthaste@", "nobody@")]);

#[tokio::test(flavor = "multi_thread")]
async fn p10_postgresql_goes_and_returns() {
    goes_and_returns(Postgres::new().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_mariadb_goes_and_returns() {
    goes_and_returns(Mariadb::new().unwrap()).await;
}

async fn goes_and_returns(mut server: impl Server) {
    let url = server.create();
    server.stop();
    let store = Store::connect(&url).await.unwrap();
    // More than there are connections.
    away(&store, ALL * 2).await;

    server.start();
    store.migrate().await.unwrap();
    for url in server.elsewhere() {
        // A wrong name or user is the operator's to mend; no post may suffer for it.
        unavailable(&Store::connect(&url).await.unwrap().domains().await);
    }
    let list = new_list(&store).await;
    assert_eq!(store.next_post(list, Timestamp::default()).await, Ok(1));

    server.stop();
    away(&store, 2).await;
    server.start();
    assert_eq!(store.next_post(list, Timestamp::default()).await, Ok(2));

    // Nobody asked while it was away: each of the connections of before is found dead and replaced.
    for ping in pings(&store) {
        ping.await.unwrap().unwrap();
    }
    server.stop();
    server.start();
    for ping in pings(&store) {
        ping.await.unwrap().unwrap();
    }

    // Half of the connections are in the middle of a statement then.
    let frozen = under_load(&store, list, || server.freeze()).await;
    away(&store, 2).await;
    server.thaw();
    returns(&store).await;

    let highest = frozen.max(under_load(&store, list, || server.kill()).await);
    away(&store, 2).await;
    server.start();
    let next = store.next_post(list, Timestamp::default()).await.unwrap();
    assert!(next > highest, "number {next} was given before: {highest} had been answered");
    store.check().await.unwrap();
}

/// Every kind of method says in time that the database is away, while so many others ask too.
async fn away(store: &Store, others: u32) {
    let nil = Uuid::nil();
    let begin = Instant::now();
    let others: Vec<_> = (0..others)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { unavailable(&store.recipients_page(nil, None, 10).await) })
        })
        .collect();
    let (a, b, c, d) = tokio::join!(
        store.directory(),
        store.next_post(nil, Timestamp::default()),
        store.schema(),
        store.add_domain("new.example", "", None)
    );
    unavailable(&a);
    unavailable(&b);
    unavailable(&c);
    unavailable(&d);
    for other in others {
        other.await.unwrap();
    }
    assert!(begin.elapsed() < SHORT, "it took {:?} to say so", begin.elapsed());
}

fn unavailable<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

/// After a freeze, statements that were given up may still be finishing.
async fn returns(store: &Store) {
    let begin = Instant::now();
    loop {
        let mut answered = 0;
        for ping in pings(store) {
            match ping.await.unwrap() {
                Ok(()) => answered += 1,
                error => unavailable(&error),
            }
        }
        if answered == ALL {
            return;
        }
        assert!(begin.elapsed() < SHORT, "the store did not find back to its server");
    }
}

/// Something happens to the server while posts are numbered; gives the highest number that was answered.
async fn under_load(store: &Store, list: Uuid, happens: impl FnOnce()) -> i64 {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let (store, tell) = (store.clone(), tell.clone());
            tokio::spawn(async move {
                loop {
                    match store.next_post(list, Timestamp::default()).await {
                        Ok(number) => tell.send(number).unwrap(),
                        error => return unavailable(&error),
                    }
                }
            })
        })
        .collect();
    drop(tell);
    let mut seen = Vec::new();
    while seen.len() < 50 {
        seen.push(told.recv().await.unwrap());
    }
    happens();
    while let Some(number) = within(told.recv()).await {
        seen.push(number);
    }
    for worker in workers {
        worker.await.unwrap();
    }
    let highest = seen.iter().copied().max().unwrap();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "a number was given twice");
    highest
}

/// As many calls at once as there are connections.
fn pings(store: &Store) -> Vec<tokio::task::JoinHandle<Result<(), StoreError>>> {
    (0..ALL)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.ping().await })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_postgresql_behind_a_silent_network() {
    silent_network(&Postgres::new().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_mariadb_behind_a_silent_network() {
    silent_network(&Mariadb::new().unwrap()).await;
}

/// Open connections go silent and are never closed, as behind a firewall that forgot them; new ones are fine.
async fn silent_network(server: &impl Server) {
    let url = server.create();
    let network = Network::new(server.port());
    let through = url.replace(&server.port().to_string(), &network.port.to_string());
    let store = Store::connect(&through).await.unwrap();
    store.migrate().await.unwrap();
    let list = new_list(&store).await;
    under_load(&store, list, || network.forget()).await;
    returns(&store).await;
    // The server still waits for the end of what was begun on that list; anything else can be done.
    store.add_domain("other.example", "", None).await.unwrap();
}

/// Carries connections to a server until it is told to forget them.
struct Network {
    port: u16,
    generation: tokio::sync::watch::Sender<u32>,
}

impl Network {
    fn new(server: u16) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let (generation, watched) = tokio::sync::watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut watched = watched.clone();
                watched.mark_unchanged();
                tokio::spawn(async move {
                    let mut server = tokio::net::TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = watched.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { port, generation }
    }

    fn forget(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

async fn new_list(store: &Store) -> Uuid {
    store.add_domain("lists.example", "", None).await.unwrap();
    let name = ListName::parse("dev@lists.example").unwrap();
    let seed = ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() };
    store.create_list(seed, &[]).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_sqlite_waits_for_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("state");
    let store = Store::connect(&format!("sqlite:{}", place.join("db").display())).await.unwrap();
    let error = within(store.ping()).await.unwrap_err().to_string();
    assert!(error.contains("state/db"), "{error}");
    std::fs::create_dir(&place).unwrap();
    store.migrate().await.unwrap();
    new_list(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_locked_by_another_program() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db").display().to_string();
    let store = Store::connect(&format!("sqlite:{path}")).await.unwrap();
    store.migrate().await.unwrap();
    let list = new_list(&store).await;
    let other = Database::connect(format!("sqlite://{path}")).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    // Readers do not mind a writer; other writers wait, but not for ever.
    let (write, read) = tokio::join!(within(store.next_post(list, Timestamp::default())), store.directory());
    unavailable(&write);
    assert_eq!(read.unwrap().lists.len(), 1);
    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(store.next_post(list, Timestamp::default()).await, Ok(1));
}

#[tokio::test]
async fn what_is_no_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    std::fs::write(&file, "This is not a database, but a text of some length.".repeat(100)).unwrap();
    let store = Store::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let error = within(store.domains()).await.unwrap_err().to_string();
    assert!(error.contains("not a database") && error.contains("/db"), "{error}");
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SHORT, work).await.expect("an answer in time")
}
