//! P8: whatever is accepted is delivered, waiting, or at an end that has a name; what is lost is named.

mod support;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::message::message;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink, wait};
use serde_json::Value;
use support::{LIST, PATIENCE, extra_copies, id, options, post};

#[tokio::test]
async fn p8_every_end_is_accounted_for_across_restarts_and_kills() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    for number in 0..5 {
        ensure!(server.source().send(post(&id("good", number))).await?.accepted == 1);
    }
    sink.wait_for(15, PATIENCE).await?;
    let good: Vec<_> = (0..5).map(|number| id("good", number)).collect();
    assert_eq!(extra_copies(&sink.tally(), &good, &members)?, 0);
    from_stranger(&server, "held").await?;
    server.run(&["list", "set", LIST, "default_nonmember_action", "reject"]).await?;
    from_stranger(&server, "rejected").await?;
    sink.wait_until("the rejection", PATIENCE, |tally| tally.message_ids().len() >= 8).await?;
    server.run(&["list", "set", LIST, "default_nonmember_action", "discard"]).await?;
    from_stranger(&server, "discarded").await?;
    server.run(&["queue", "pause", "bounce"]).await?;
    sink.refuse("m2@rcpt.example", "550 5.1.1 no such user");
    ensure!(server.source().send(post("<refused@x.example>")).await?.accepted == 1);
    server.wait_for_depth("bounce", 1, PATIENCE).await?;
    let row = settled(&server).await?;
    let counted =
        |row: &Value, account: &str| row.pointer(&format!("/row/{account}")).and_then(Value::as_u64);
    let wanted = [
        ("opening", 0),
        ("accepted", 9),
        // Two notices of the held post, one of the rejected, one report of the refused.
        ("born", 4),
        ("delivered", 9),
        ("held", 1),
        ("rejected", 1),
        ("discarded", 1),
        ("queued", 1),
        ("quarantined", 0),
    ];
    for (account, number) in wanted {
        assert_eq!(counted(&row, account), Some(number), "{account} in {row}");
    }

    server.run(&["queue", "pause", "incoming"]).await?;
    for number in 0..3 {
        ensure!(server.source().send(post(&id("waiting", number))).await?.accepted == 1);
    }
    server.crash().await?;
    server.ledger_adds_up().await?;
    let row = settled(&server).await?;
    assert_eq!((counted(&row, "opening"), counted(&row, "queued")), (Some(4), Some(4)), "{row}");
    assert_eq!(row.pointer("/ever/held"), Some(&Value::from(1)), "totals outlive the process: {row}");
    let removed = entries(&server, "incoming").await?;
    server.run(&["queue", "rm", removed.first().context("an entry")?]).await?;
    server.run(&["queue", "resume", "incoming"]).await?;
    server.wait_for_depth("incoming", 0, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    let row = settled(&server).await?;
    assert_eq!(counted(&row, "removed"), Some(1), "{row}");
    let table = server.run(&["ledger", LIST]).await?;
    ensure!(table.contains("every post is accounted for"), "{table}");
    server.restart().await?;
    server.ledger_adds_up().await
}

#[tokio::test]
async fn p8_a_file_deleted_behind_our_back_is_drift_with_its_name() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    server.list_with_members(LIST, 2).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    for number in 0..2 {
        ensure!(server.source().send(post(&id("lost", number))).await?.accepted == 1);
    }
    let waiting = entries(&server, "incoming").await?;
    let (lost, kept) = (waiting.first().context("one")?, waiting.get(1).context("two")?);
    std::fs::remove_file(entry_file(&server, lost)?)?;
    names(&server, 1, lost).await?;
    // The runner that comes for it finds nothing; the loss stays a loss.
    server.run(&["queue", "resume", "incoming"]).await?;
    sink.wait_for(2, PATIENCE).await?;
    server.wait_for_depth("incoming", 0, PATIENCE).await?;
    names(&server, 1, lost).await?;

    // A file that nobody put there is noticed as well.
    let folder = entry_file(&server, kept)?.parent().context("a folder")?.to_owned();
    let stray = format!("{}{}", "0190163d-8694-739b-aea5-966c26f8ad", kept.get(34..).context("an id")?);
    std::fs::write(folder.join(&stray), b"not ours")?;
    names(&server, 2, &stray).await?;
    std::fs::remove_file(folder.join(&stray))?;
    // Whoever knows that it is lost says so, and the books are even, without a restart.
    server.run(&["queue", "rm", lost]).await?;
    server.ledger_adds_up().await?;
    let again = server.cli(&["queue", "rm", lost]).await?;
    ensure!(!again.status.success(), "it is off the books already");
    Ok(())
}

#[tokio::test]
async fn p8_a_file_that_is_put_back_is_delivered_without_a_restart() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    let ids: Vec<_> = (0..2).map(|number| id("back", number)).collect();
    for id in &ids {
        ensure!(server.source().send(post(id)).await?.accepted == 1);
    }
    let waiting = entries(&server, "incoming").await?;
    let (taken, left) = (waiting.first().context("one")?, waiting.get(1).context("two")?);
    let (file, aside) = (entry_file(&server, taken)?, server.state().join("taken"));
    std::fs::rename(&file, &aside)?;
    // The runner looks for it in vain, and says so.
    server.run(&["queue", "resume", "incoming"]).await?;
    sink.wait_for(2, PATIENCE).await?;
    server.wait_for_depth("incoming", 0, PATIENCE).await?;
    names(&server, 1, taken).await?;
    let unknown = server.cli(&["queue", "retry", taken]).await?;
    ensure!(!unknown.status.success(), "there is nothing to take up");
    std::fs::rename(&aside, &file)?;
    server.run(&["queue", "retry", taken]).await?;
    sink.wait_for(4, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await?;
    // One that waits loses its file: its removal is taken at its word.
    server.run(&["queue", "pause", "incoming"]).await?;
    ensure!(server.source().send(post("<third@x.example>")).await?.accepted == 1);
    let third = entries(&server, "incoming").await?;
    let third = third.iter().find(|id| *id != left).context("three")?;
    std::fs::remove_file(entry_file(&server, third)?)?;
    names(&server, 1, third).await?;
    server.run(&["queue", "rm", third]).await?;
    server.ledger_adds_up().await
}

async fn from_stranger(server: &Server, id: &str) -> Result<()> {
    let (author, id) = ("stranger@far.example", format!("<{id}@x.example>"));
    let job = Job::new(&id, author, vec![LIST.to_owned()], &message(&id, author, LIST, "hello", 300));
    ensure!(server.source().send(job).await?.accepted == 1);
    server.wait_for_depth("incoming", 0, PATIENCE).await
}

/// The line of the list once nothing is under way.
async fn settled(server: &Server) -> Result<Value> {
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await?;
    let report: Value = serde_json::from_str(&server.run(&["--json", "ledger", LIST]).await?)?;
    report.pointer("/lines/0").cloned().context("a line for the list")
}

/// Wants so many findings, one of which names this entry, within two checks.
async fn names(server: &Server, findings: usize, entry: &str) -> Result<()> {
    let mut told = String::new();
    for _ in 0..2 {
        let output = server.cli(&["--json", "ledger", "--check"]).await?;
        told = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value = serde_json::from_str(&told)?;
        let found = report.pointer("/sum/findings").and_then(Value::as_array).context("findings")?;
        let named = found.iter().any(|f| f.as_str().is_some_and(|f| f.contains(entry)));
        if named && found.len() >= findings && output.status.code() == Some(1) {
            return Ok(());
        }
    }
    anyhow::bail!("no word of {entry} in\n{told}")
}

async fn entries(server: &Server, stage: &str) -> Result<Vec<String>> {
    let told = server.run(&["--json", "queue", "ls", "--stage", stage]).await?;
    let entries: Value = serde_json::from_str(&told)?;
    let ids = entries.as_array().context("a list")?.iter().filter_map(|e| e.get("id")?.as_str());
    Ok(ids.map(str::to_owned).collect())
}

fn entry_file(server: &Server, id: &str) -> Result<PathBuf> {
    let folder = server.state().join("spool/entries").join(id.get(34..).context("an id")?);
    Ok(folder.join(id))
}

#[tokio::test]
async fn p8_quarantine_is_an_account_and_coming_back_is_no_second_arrival() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    server.list_with_members(LIST, 2).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    ensure!(server.source().send(post("<damaged@x.example>")).await?.accepted == 1);
    ensure!(server.source().send(post("<orphan@x.example>")).await?.accepted == 1);
    let waiting = entries(&server, "incoming").await?;
    let path = entry_file(&server, waiting.first().context("one")?)?;
    let mut bytes = std::fs::read(&path)?;
    let at = bytes.len() / 2;
    *bytes.get_mut(at).context("an octet")? ^= 1;
    std::fs::write(&path, bytes)?;
    server.run(&["queue", "resume", "incoming"]).await?;
    sink.wait_for(2, PATIENCE).await?;
    wait::until("the quarantine", PATIENCE, async || {
        Ok(server.status().await?.pointer("/spool/quarantined") == Some(&Value::from(1)))
    })
    .await?;
    let row = settled(&server).await?;
    assert_eq!(row.pointer("/row/quarantined"), Some(&Value::from(1)), "{row}");
    server.restart().await?;
    server.ledger_adds_up().await?;
    server.run(&["queue", "rm", waiting.first().context("one")?]).await?;
    server.ledger_adds_up().await
}
