//! Queue surgery from the command line: many entries at once, lists that rest, entries moved aside and back.

mod support;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::{Server, Sink, wait};
use serde_json::Value;
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};

#[tokio::test]
async fn a_list_that_rests_waits_also_after_a_restart_and_others_go_on() -> Result<()> {
    const OTHER: &str = "other@example.org";
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    server.list_with_members(OTHER, 2).await?;
    server.run(&["queue", "pause", "--list", LIST]).await?;
    for time in 0..2 {
        ensure!(server.source().send(post(&id("resting", time))).await?.accepted == 1);
        let other = post(&id("other", time)).with(AUTHOR, vec![OTHER.to_owned()]);
        ensure!(server.source().send(other).await?.accepted == 1);
        sink.wait_for(2 * (time as u64 + 1), PATIENCE).await?;
        server.restart().await?;
    }
    assert_eq!(server.depth("incoming").await?, 2);
    let status = server.run(&["status"]).await?;
    ensure!(status.contains("test.example.org RESTS"), "{status}");
    server.run(&["queue", "resume", "--list", LIST]).await?;
    sink.wait_for(8, PATIENCE).await?;
    let ids: Vec<_> = (0..2).map(|time| id("resting", time)).collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await
}

#[tokio::test]
async fn many_are_retried_removed_and_moved_at_once() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    server.list_with_members(LIST, 2).await?;
    sink.refuse("m1@rcpt.example", "451 4.2.1 not now");
    for number in 0..5 {
        ensure!(server.source().send(post(&id("later", number))).await?.accepted == 1);
    }
    sink.wait_for(5, PATIENCE).await?;
    let sleeps =
        |entries: &[Value]| entries.iter().all(|e| e.pointer("/stages/0/1").is_some_and(Value::is_number));
    wait::until("five deferred entries", PATIENCE, async || {
        let entries = entries(&server).await?;
        Ok(entries.len() == 5 && sleeps(&entries))
    })
    .await?;
    let aside = entries(&server).await?[0]["id"].as_str().context("an id")?.to_owned();
    server.run(&["queue", "move", &aside, "--to", "quarantine", "--why", "to look at"]).await?;
    sink.calm();
    let told = server.run(&["queue", "retry", "--stage", "out", "--list", LIST]).await?;
    ensure!(told.contains("4 entries"), "{told}");
    sink.wait_for(9, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await?;
    let told = server.run(&["queue", "retry", "--quarantined"]).await?;
    ensure!(told.contains("1 entries"), "{told}");
    server.run(&["queue", "retry", "--list", LIST]).await?;
    sink.wait_for(10, PATIENCE).await?;
    assert_eq!(sink.tally().duplicates(), 0);
    server.run(&["queue", "pause", "incoming"]).await?;
    for number in 0..3 {
        ensure!(server.source().send(post(&id("unwanted", number))).await?.accepted == 1);
    }
    server.run(&["queue", "rm", "--stage", "incoming"]).await?;
    assert_eq!(server.depth("incoming").await?, 0);
    let nothing = server.cli(&["queue", "rm"]).await?;
    assert_eq!(nothing.status.code(), Some(2), "without a word of which, nothing is removed");
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await
}

async fn entries(server: &Server) -> Result<Vec<Value>> {
    let told = server.run(&["--json", "queue", "ls", "--stage", "out"]).await?;
    Ok(serde_json::from_str(&told)?)
}
