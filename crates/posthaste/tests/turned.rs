//! Outages of minutes, with the server's clock turned, between real mail servers.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::{Postfix, Proxy, Server, Sink, Wire, swaks, wait};
use serde_json::{Value, json};
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options};

/// Plants a fault of the drill.
async fn plant(server: &Server, fault: Value) -> Result<()> {
    let told = server.control(&json!({ "do": "fault", "fault": fault })).await?;
    ensure!(told.get("done").is_some(), "{told}");
    Ok(())
}

async fn vitals(server: &Server) -> Result<Value> {
    server.control(&json!({ "do": "vitals" })).await?.get("done").cloned().context("vitals")
}

/// Lets `minutes` pass in steps that the server follows.
async fn turn(server: &Server, minutes: u64) -> Result<()> {
    for _ in 0..minutes * 20 {
        let before = vitals(server).await?.get("at").cloned();
        plant(server, json!({ "what": "turn", "seconds": 3 })).await?;
        wait::until("a look at the turned clock", PATIENCE, async || {
            Ok(vitals(server).await?.get("at").cloned() != before)
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// P10: MariaDB in a black hole for five minutes, Postfix in front and behind.
#[tokio::test(flavor = "multi_thread")]
async fn p10_five_minutes_without_mariadb_between_postfixes() -> Result<()> {
    const MEMBERS: usize = 200;
    let database = Mariadb::new()?;
    let url = database.create_database("posthaste")?;
    let wire = Proxy::to(SocketAddr::from(([127, 0, 0, 1], database.port()))).await?;
    let url = url.replace(&format!(":{}/", database.port()), &format!(":{}/", wire.addr().port()));
    let sink = Sink::keeping().await?;
    let behind = Postfix::smarthost(sink.addr()).await?;
    let options = options(&sink).relay(behind.addr()).database(&url).argument("--drill").quiet();
    let mut server = Server::prepare(options)?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    server.start().await?;
    let front = Postfix::front(server.lmtp(), &["example.org"]).await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    let post = async |number: usize| {
        let sent = swaks::send(front.addr(), AUTHOR, LIST, &id("silent", number)).await?;
        ensure!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stdout));
        anyhow::Ok(())
    };
    let ids: Vec<_> = (0..9).map(|number| id("silent", number)).collect();

    // Two are planned when the database goes silent, and are delivered during the silence.
    server.run(&["queue", "pause", "out"]).await?;
    post(0).await?;
    post(1).await?;
    server.wait_for_depth("out", 2, PATIENCE).await?;
    plant(&server, json!({ "what": "hurry", "millis": 300 })).await?;
    wire.set(Wire::BlackHole);
    server.run(&["queue", "resume", "out"]).await?;
    for number in 2..7 {
        post(number).await?;
        turn(&server, 1).await?;
    }
    sink.wait_until("what was planned", PATIENCE, |t| ids.iter().take(2).all(|i| t.reached(i) == MEMBERS))
        .await?;
    server.wait_for_depth("incoming", 5, PATIENCE).await?;
    assert_eq!(sink.tally().distinct(), 2 * MEMBERS as u64, "nothing else can be known yet");

    let back = Instant::now();
    wire.set(Wire::Whole);
    sink.wait_until("a new delivery", PATIENCE, |tally| tally.distinct() > 2 * MEMBERS as u64).await?;
    let resumed = back.elapsed();
    ensure!(resumed <= Duration::from_secs(5), "delivery came back after {resumed:?} only");
    post(7).await?;
    post(8).await?;
    sink.wait_for(9 * MEMBERS as u64, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn faults_are_planted_in_drills_only() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let told = server.control(&json!({ "do": "fault", "fault": { "what": "turn", "seconds": 3 } })).await?;
    ensure!(told.to_string().contains("this is no drill"), "{told}");
    let mut refused = Server::prepare(options(&sink).argument("--drill"))?;
    refused.spawn()?;
    let status = refused.wait_for_end(PATIENCE).await?;
    ensure!(
        status.code() == Some(2) && refused.log().contains("no drill's state folder"),
        "{}",
        refused.log()
    );
    Ok(())
}
