//! Queue surgery from the command line: many entries at once, lists that rest, entries moved aside and back.

mod support;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::{Server, Sink, wait};
use rustix::process::Signal;
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

#[tokio::test]
async fn a_destination_that_rests_waits_also_after_a_restart_and_is_not_given_up() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let mut members = server.list_with_members(LIST, 2).await?;
    let far = ["a@far.example", "b@far.example"].map(str::to_owned);
    server.run_with(&["member", "add", LIST, "-"], (far.join("\n") + "\n").as_bytes()).await?;
    members.extend(far);
    server.run(&["queue", "pause", "--destination", "Far.example"]).await?;
    let ids: Vec<_> = (0..2).map(|number| id("far", number)).collect();
    for (number, id) in ids.iter().enumerate() {
        ensure!(server.source().send(post(id)).await?.accepted == 1);
        sink.wait_for(2 * (number as u64 + 1), PATIENCE).await?;
        wait::until("an entry that sleeps", PATIENCE, async || {
            let entries = entries(&server).await?;
            let asleep = |e: &Value| e.pointer("/stages/0/1").is_some_and(Value::is_number);
            Ok(entries.len() == number + 1 && entries.iter().all(asleep))
        })
        .await?;
        server.restart().await?;
    }
    let told = server.run(&["queue", "destinations"]).await?;
    ensure!(
        told.contains("far.example") && told.contains("RESTS") && !told.contains("rcpt.example"),
        "{told}"
    );
    let of: Value =
        serde_json::from_str(&server.run(&["--json", "queue", "ls", "--destination", "far.example"]).await?)?;
    assert_eq!(of.as_array().map(Vec::len), Some(2), "{of}");
    let status = server.run(&["status"]).await?;
    ensure!(status.contains("mail to far.example RESTS"), "{status}");
    let doctor = server.cli(&["doctor"]).await?;
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(doctor.contains("posthaste queue resume --destination far.example"), "{doctor}");
    let forced = server.run(&["queue", "retry", "--destination", "far.example"]).await?;
    ensure!(forced.contains("2 entries"), "{forced}");
    let wrong = server.cli(&["queue", "rm", "--destination", "far.example"]).await?;
    assert_eq!(wrong.status.code(), Some(2), "others wait in the same entries");

    let told = server.run(&["queue", "resume", "--destination", "far.example"]).await?;
    ensure!(told.contains("far.example goes on"), "{told}");
    wait::until("who did that, in the audit log", PATIENCE, async || {
        let log = server.run(&["audit", "ls"]).await?;
        Ok(log.contains("queue pause") && log.contains("queue resume") && log.contains("far.example"))
    })
    .await?;
    sink.wait_for(8, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    server.ledger_adds_up().await
}

/// R10: what the file says and what is in force, key by key; a reload mends one, a restart the other.
#[tokio::test]
async fn the_doctor_tells_where_the_file_and_the_running_server_differ() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let drift = server.cli(&["config", "drift"]).await?;
    ensure!(drift.status.success(), "{}", String::from_utf8_lossy(&drift.stdout));
    let changed = options(&sink).extra("[log]\nlevel = \"debug\"\n[limits]\nmessage_size = \"3MiB\"");
    server.configure(changed)?;
    let told = server.cli(&["config", "drift"]).await?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.status.code() == Some(1), "{text}");
    for word in ["log.level", "a reload", "limits.message_size", "3MiB", "a restart"] {
        ensure!(text.contains(word), "{word} in {text}");
    }
    let doctor = server.cli(&["doctor"]).await?;
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(doctor.status.code() == Some(1) && text.contains("log.level (a reload takes it over)"), "{text}");
    // A reload takes the one over, and does not make believe that it took the other.
    server.signal(Signal::HUP)?;
    wait::until("the reload", PATIENCE, async || {
        let told: Value = serde_json::from_slice(&server.cli(&["--json", "config", "drift"]).await?.stdout)?;
        let keys: Vec<_> =
            told.as_array().into_iter().flatten().filter_map(|d| d.get("key")?.as_str()).collect();
        Ok(keys == ["limits.message_size"])
    })
    .await?;
    server.restart().await?;
    let told = server.cli(&["config", "drift"]).await?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    Ok(())
}

async fn entries(server: &Server) -> Result<Vec<Value>> {
    let told = server.run(&["--json", "queue", "ls", "--stage", "out"]).await?;
    Ok(serde_json::from_str(&told)?)
}
