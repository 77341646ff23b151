//! Where one thing of many cannot be done, the others are done all the same.

use anyhow::{Result, ensure};
use posthaste_testkit::wait;
use serde_json::Value;

use crate::scene::{ANNE, On, Scene};
use crate::support::{LIST, PATIENCE};

const OTHER: &str = "other@example.org";

/// More decisions than are read at once cannot be carried out; the ones behind them are.
#[tokio::test]
async fn decisions_that_cannot_be_carried_out_stop_no_other() -> Result<()> {
    const BROKEN: usize = 101;
    let mut scene = Scene::on(On::Postgresql, "").await?;
    scene.set(&[("respond_to_post_requests", "no"), ("admin_immed_notify", "no")]).await?;
    for number in 0..BROKEN + 2 {
        scene.post("stranger@else.example", &format!("post {number}")).await?;
    }
    let numbers = scene.held(BROKEN + 2).await?;
    scene.server.sigkill().await?;
    let told = scene.server.run(&["moderate", "reject", "--all", LIST, "--reason", "No."]).await?;
    ensure!(told.contains("when the server runs"), "{told}");
    let last = numbers.get(BROKEN).map_or("0", String::as_str);
    let spoil = format!("UPDATE held_message SET reasons = 'this is no JSON' WHERE number < {last}");
    scene.sql(&spoil)?;
    scene.server.start().await?;
    wait::until("the last two are carried out", PATIENCE, async || {
        Ok(scene.sql("SELECT count(*) FROM held_message")?.trim() == BROKEN.to_string())
    })
    .await?;
    scene.quiet().await?;
    assert_eq!(scene.count("stranger@else.example", &["declined"]), 2);
    ensure!(scene.server.log().contains("the others go on"), "nobody is told of it");
    // Once they can be read again they are carried out, without anybody's hand.
    scene.sql("UPDATE held_message SET reasons = '[]'")?;
    scene.server.restart().await?;
    wait::until("all are carried out", PATIENCE, async || {
        Ok(scene.sql("SELECT count(*) FROM held_message")?.trim() == "0")
    })
    .await?;
    scene.quiet().await?;
    assert_eq!(scene.count("stranger@else.example", &["declined"]), BROKEN + 2);
    scene.server.ledger_adds_up().await
}

/// A post that a list collected cannot be read: the digests of the other lists go out.
#[tokio::test]
async fn a_digest_that_cannot_be_made_stops_no_other() -> Result<()> {
    let scene = Scene::on(On::Postgresql, "").await?;
    scene.server.run(&["list", "create", OTHER, "--owner", "owner@example.org"]).await?;
    for list in [LIST, OTHER] {
        scene.server.run_with(&["member", "add", list, "-"], format!("{ANNE}\n").as_bytes()).await?;
        scene.server.run(&["digest", "mode", list, ANNE, "mime"]).await?;
        scene.mail(ANNE, list, &format!("Subject: for {list}"), "x").await?;
    }
    wait::until("both are collected", PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.as_array().map(Vec::len) == Some(2))
    })
    .await?;
    let of_test = "list = (SELECT id FROM mailing_list WHERE list_id = 'test.example.org')";
    scene.sql(&format!("UPDATE digest_post SET size = -1 WHERE {of_test}"))?;
    scene.server.cli(&["digest", "send"]).await?;
    scene.find(ANNE, &["Other Digest, Vol 1, Issue 1", "for other@example.org"]).await?;
    assert_eq!(scene.count(ANNE, &["Test Digest"]), 0);
    ensure!(scene.server.log().contains("the others go on"), "nobody is told of it");
    // It is not lost.
    scene.sql(&format!("UPDATE digest_post SET size = (SELECT sum(length(bytes)) FROM digest_piece WHERE post = id) WHERE {of_test}"))?;
    scene.server.run(&["digest", "send"]).await?;
    scene.find(ANNE, &["Test Digest, Vol 1, Issue 1", "for test@example.org"]).await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &["Other Digest"]), 1);
    scene.server.ledger_adds_up().await
}
