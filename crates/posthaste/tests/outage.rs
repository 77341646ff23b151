//! What others do to us: the database away in every way (P7, P10), the relay away or unwilling (P15).

mod support;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use posthaste_testkit::sink::{Point, Tally, What, When};
use posthaste_testkit::{Server, Sink, wait};
use serde_json::Value;
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};

/// What a test does to a database server.
trait Database: Sized {
    fn begin() -> Result<Self>;
    fn create(&self) -> Result<String>;
    fn run(&self, sql: &str) -> Result<String>;
    fn leave(&mut self, how: Gone);
    fn come_back(&mut self, how: Gone) -> Result<()>;
}

/// How a database goes away.
#[derive(Clone, Copy)]
enum Gone {
    /// Nobody listens any more.
    Killed,
    /// Connections stay open, and nothing answers.
    Frozen,
}

macro_rules! database {
    ($server:ty) => {
        impl Database for $server {
            fn begin() -> Result<Self> {
                Self::new()
            }
            fn create(&self) -> Result<String> {
                self.create_database("posthaste")
            }
            fn run(&self, sql: &str) -> Result<String> {
                self.sql("posthaste", sql)
            }
            fn leave(&mut self, how: Gone) {
                match how {
                    Gone::Killed => self.kill(),
                    Gone::Frozen => self.freeze(),
                }
            }
            fn come_back(&mut self, how: Gone) -> Result<()> {
                match how {
                    Gone::Killed => self.start(),
                    Gone::Frozen => Ok(self.thaw()),
                }
            }
        }
    };
}

database!(Postgres);
database!(Mariadb);

#[tokio::test(flavor = "multi_thread")]
async fn p10_postgresql_killed_accepts_and_delivers_what_is_planned() -> Result<()> {
    without_database::<Postgres>(Gone::Killed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_mariadb_killed_accepts_and_delivers_what_is_planned() -> Result<()> {
    without_database::<Mariadb>(Gone::Killed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_postgresql_frozen_accepts_and_delivers_what_is_planned() -> Result<()> {
    without_database::<Postgres>(Gone::Frozen).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_mariadb_frozen_accepts_and_delivers_what_is_planned() -> Result<()> {
    without_database::<Mariadb>(Gone::Frozen).await
}

async fn without_database<D: Database>(how: Gone) -> Result<()> {
    const POSTS: usize = 10;
    let sink = Sink::start().await?;
    let mut database = D::begin()?;
    let mut server = Server::started(options(&sink).database(&database.create()?)).await?;
    let members = server.list_with_members(LIST, 20).await?;
    server.run(&["queue", "pause", "out"]).await?;
    accepted(&server, "planned", POSTS).await?;
    server.wait_for_depth("out", POSTS as u64, PATIENCE).await?;

    database.leave(how);
    server.run(&["queue", "resume", "out"]).await?;
    sink.wait_for(20 * POSTS as u64, PATIENCE).await.context("what was planned needs no database")?;
    accepted(&server, "during", POSTS).await?;
    // P7: whose list it is cannot be known now, so nobody's mail may bounce for it. What the database said within the
    // last second still counts.
    wait::until("a second to pass since it was read", PATIENCE, async || {
        Ok(server.status().await?.pointer("/directory_age_seconds").and_then(Value::as_u64) > Some(0))
    })
    .await?;
    ensure_reply(&server, "unknown@example.org", "451").await?;
    wait_for(&server, "/database/up", &Value::Bool(false)).await?;
    server.restart().await?;
    accepted(&server, "after-restart", POSTS).await?;
    ensure_reply(&server, "unknown@example.org", "451").await?;
    server.wait_for_depth("incoming", 2 * POSTS as u64, PATIENCE).await?;
    assert_eq!(sink.tally().accepted(), 20 * POSTS as u64);

    database.come_back(how)?;
    let back = Instant::now();
    sink.wait_for(20 * POSTS as u64 + 1, PATIENCE).await?;
    let first = back.elapsed();
    ensure!(first < Duration::from_secs(5), "the first delivery came {first:?} after the database");
    sink.wait_for(20 * 3 * POSTS as u64, PATIENCE).await?;
    ensure_reply(&server, "unknown@example.org", "550").await?;
    nothing_waits(&server).await?;
    let ids: Vec<_> = ["planned", "during", "after-restart"]
        .iter()
        .flat_map(|series| (0..POSTS).map(|number| id(series, number)))
        .collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn p7_a_newer_schema_is_not_touched_and_mail_is_accepted() -> Result<()> {
    newer_schema::<Postgres>().await?;
    newer_schema::<Mariadb>().await
}

async fn newer_schema<D: Database>() -> Result<()> {
    let sink = Sink::start().await?;
    let database = D::begin()?;
    let mut server = Server::started(options(&sink).database(&database.create()?)).await?;
    server.list_with_members(LIST, 3).await?;
    server.sigterm().await?;
    database.run("UPDATE posthaste_schema SET version = version + 1")?;
    server.start().await?;
    wait_for(&server, "/database/up", &Value::Bool(false)).await?;
    accepted(&server, "newer", 2).await?;
    ensure_reply(&server, "unknown@example.org", "451").await?;
    assert_eq!(server.depth("incoming").await?, 2);
    let check = server.cli(&["db", "check"]).await?;
    ensure!(!check.status.success(), "{check:?}");
    assert_eq!(sink.tally().accepted(), 0);
    database.run("UPDATE posthaste_schema SET version = version - 1")?;
    sink.wait_for(6, PATIENCE).await?;
    nothing_waits(&server).await?;
    assert_eq!(sink.tally().duplicates(), 0);
    Ok(())
}

#[tokio::test]
async fn p15_relay_down_and_back() -> Result<()> {
    const POSTS: usize = 30;
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 10).await?;
    sink.stop();
    accepted(&server, "refused", POSTS).await?;
    wait_for(&server, "/relay/up", &Value::Bool(false)).await?;
    server.wait_for_depth("out", POSTS as u64, PATIENCE).await?;
    sink.resume().await?;
    sink.wait_for(10 * POSTS as u64, PATIENCE).await?;

    // It takes connections again, and drops each at once: no storm, one attempt a second at the most.
    sink.stop();
    sink.trouble(Point::Greeting, When::Always, What::Drop);
    sink.resume().await?;
    accepted(&server, "dropped", POSTS).await?;
    wait_for(&server, "/relay/up", &Value::Bool(false)).await?;
    let (began, before) = (Instant::now(), sink.connections());
    sink.wait_for_connections(before + 3, PATIENCE).await?;
    // Of three attempts two pauses lie between, the first of a second at least; jitter takes little of it.
    ensure!(began.elapsed() > Duration::from_millis(1_500), "3 attempts in {:?}", began.elapsed());
    sink.calm();
    sink.wait_for(2 * 10 * POSTS as u64, PATIENCE).await?;
    nothing_waits(&server).await?;
    let ids: Vec<_> = ["refused", "dropped"]
        .iter()
        .flat_map(|series| (0..POSTS).map(|number| id(series, number)))
        .collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    for id in &ids {
        assert_eq!(count_events(&server, id, "deferred").await?, 0, "an outage costs no attempt: {id}");
    }
    Ok(())
}

#[tokio::test]
async fn p15_who_says_not_now_waits_and_nobody_else() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 10).await?;
    sink.refuse("m3@rcpt.example", "450 4.2.1 mailbox busy");
    accepted(&server, "busy", 3).await?;
    sink.wait_for(27, PATIENCE).await?;
    for number in 0..3 {
        let id = id("busy", number);
        wait::until(
            "the deferral",
            PATIENCE,
            async || Ok(count_events(&server, &id, "deferred").await? == 1),
        )
        .await?;
    }
    assert_eq!(server.depth("bounce").await?, 0);
    sink.calm();
    for entry in waiting(&server, "out").await? {
        server.run(&["queue", "retry", &entry]).await?;
    }
    sink.wait_for(30, PATIENCE).await?;
    nothing_waits(&server).await?;
    let ids: Vec<_> = (0..3).map(|number| id("busy", number)).collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn p15_only_a_refused_recipient_is_a_bounce() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 5).await?;
    // The post, or we ourselves, are refused: that is nobody's bounce, and it is tried again.
    for (series, point) in [("mail", Point::Mail), ("data", Point::Data), ("dot", Point::Dot)] {
        sink.trouble(point, When::Always, What::Reply("554 5.7.1 not from you".into()));
        let id = id(series, 0);
        accepted(&server, series, 1).await?;
        wait::until(
            "the deferral",
            PATIENCE,
            async || Ok(count_events(&server, &id, "deferred").await? == 1),
        )
        .await?;
        sink.calm();
        assert_eq!(server.depth("bounce").await?, 0, "{series}");
        assert_eq!(sink.tally().reached(&id), 0);
        for entry in waiting(&server, "out").await? {
            server.run(&["queue", "retry", &entry]).await?;
        }
        sink.wait_until("the second round", PATIENCE, |tally: &Tally| tally.reached(&id) == members.len())
            .await?;
    }
    nothing_waits(&server).await?;
    // A refused recipient is.
    server.run(&["queue", "pause", "bounce"]).await?;
    sink.refuse("m4@rcpt.example", "550 5.1.1 no such user");
    accepted(&server, "rcpt", 1).await?;
    server.wait_for_depth("bounce", 1, PATIENCE).await?;
    nothing_waits(&server).await?;
    let entry = waiting(&server, "bounce").await?.pop().context("a bounce entry")?;
    let told = server.run(&["queue", "show", &entry]).await?;
    for expected in ["m4@rcpt.example", "550 5.1.1 no such user", "test-bounces@example.org"] {
        ensure!(told.contains(expected), "{expected} is missing from\n{told}");
    }
    let tally = sink.tally();
    assert_eq!(tally.reached(&id("rcpt", 0)), 4);
    assert_eq!(tally.duplicates(), 0);
    Ok(())
}

/// Posts `count` times and wants 250 for each.
async fn accepted(server: &Server, series: &'static str, count: usize) -> Result<()> {
    let report = server.source().connections(4).run(count, move |number| post(&id(series, number))).await?;
    ensure!(report.accepted() == count, "{series}: {:?}", report.refusals());
    Ok(())
}

/// RCPT of an address that is no list's gets this answer.
async fn ensure_reply(server: &Server, to: &str, code: &str) -> Result<()> {
    let outcome =
        server.source().send(post("<unknown@example.org>").with(AUTHOR, vec![to.to_owned()])).await?;
    let reply = outcome.refusals.first().context("a refusal")?;
    ensure!(reply.starts_with(code), "{to}: expected {code}, got {reply}");
    Ok(())
}

async fn nothing_waits(server: &Server) -> Result<()> {
    for stage in ["incoming", "out"] {
        server.wait_for_depth(stage, 0, PATIENCE).await?;
    }
    server.ledger_adds_up().await
}

/// Waits until the status tells this.
async fn wait_for(server: &Server, pointer: &str, value: &Value) -> Result<()> {
    wait::until(&format!("{pointer} to be {value}"), PATIENCE, async || {
        Ok(server.status().await?.pointer(pointer) == Some(value))
    })
    .await
}

/// The ids of the entries at a stage.
async fn waiting(server: &Server, stage: &str) -> Result<Vec<String>> {
    let text = server.run(&["--json", "queue", "ls", "--stage", stage]).await?;
    let entries: Value = serde_json::from_str(&text)?;
    let ids = entries.as_array().context("a list")?.iter().filter_map(|e| e.get("id")?.as_str());
    Ok(ids.map(str::to_owned).collect())
}

/// How many events of this kind a post has met.
async fn count_events(server: &Server, message_id: &str, kind: &str) -> Result<usize> {
    let text = server.run(&["--json", "trace", message_id]).await?;
    let traces: Value = serde_json::from_str(&text)?;
    let events = traces.pointer("/0/events").and_then(Value::as_array).context("a trace without events")?;
    Ok(events.iter().filter(|event| event.get("kind").is_some_and(|k| k == kind)).count())
}
