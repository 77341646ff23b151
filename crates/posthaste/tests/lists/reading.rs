//! Digests for one reader each; lists whose members get digests unless they say otherwise; and new lists, announced.

use anyhow::{Result, ensure};
use posthaste_testkit::wait;
use serde_json::Value;

use crate::scene::{ANNE, OWNER, Scene};
use crate::support::{LIST, PATIENCE};

const BART: &str = "bart@far.example";
const CRIS: &str = "cris@far.example";

async fn collected(scene: &Scene, posts: u64) -> Result<()> {
    wait::until(&format!("{posts} posts collected"), PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.pointer("/0/posts").and_then(Value::as_u64).unwrap_or_default() == posts)
    })
    .await
}

#[tokio::test]
async fn a_personal_digest_has_a_sender_and_a_way_out_of_its_own() -> Result<()> {
    let scene = Scene::with(&[("personalize", "individual")]).await?;
    scene.add(&[ANNE, BART, CRIS]).await?;
    for who in [ANNE, BART, CRIS] {
        scene.server.run(&["digest", "mode", LIST, who, "mime"]).await?;
    }
    scene.post(ANNE, "one").await?;
    collected(&scene, 1).await?;
    // Who goes back to single posts gets what was collected before, and that is no membership's copy any more.
    scene.server.run(&["digest", "mode", LIST, CRIS, "regular"]).await?;
    scene.server.run(&["digest", "send"]).await?;
    let (anne, bart) =
        (scene.find(ANNE, &["Vol 1, Issue 1"]).await?, scene.find(BART, &["Vol 1, Issue 1"]).await?);
    for (mail, who) in [(&anne, "anne=far.example"), (&bart, "bart=far.example")] {
        ensure!(mail.sender.starts_with("test-bounces+") && mail.sender.contains(who), "{}", mail.sender);
        ensure!(mail.all.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{}", mail.raw);
        assert_eq!(mail.raw.matches("List-Unsubscribe:").count(), 1, "{}", mail.raw);
        ensure!(mail.raw.contains("<mailto:test-leave@example.org>"), "{}", mail.raw);
    }
    let last = scene.find(CRIS, &["Vol 1, Issue 1"]).await?;
    ensure!(last.sender == "test-bounces@example.org" && !last.raw.contains("/leave/"), "{}", last.raw);
    let (way_out, of_bart) = (anne.link("/leave/")?, bart.link("/leave/")?);
    ensure!(way_out != of_bart, "one way out for two");
    ensure!(scene.ask("POST", &way_out, "List-Unsubscribe=One-Click").await?.starts_with("HTTP/1.1 200"));
    scene.leaves(ANNE).await?;
    ensure!(scene.members().await?.contains(BART));
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn who_joins_a_list_of_digests_gets_digests_unless_they_say_otherwise() -> Result<()> {
    let scene = Scene::with(&[("digest_is_default", "yes"), ("subscription_policy", "open")]).await?;
    for (who, text) in [(ANNE, "join"), (BART, "join digest=no"), (CRIS, "join digest=plain")] {
        scene.request(who, text).await?;
        let asked = scene.find(who, &["want to join"]).await?;
        scene.mail(who, &asked.answers_go_to(), "", "").await?;
        scene.joins(who).await?;
    }
    let told: Value = serde_json::from_str(
        &scene.server.run(&["--json", "member", "ls", LIST, "--role", "member"]).await?,
    )?;
    let mode = |who: &str| {
        let members = told.as_array().cloned().unwrap_or_default();
        let member = members.into_iter().find(|m| m["address"] == who);
        member.map(|m| m["preferences"]["delivery_mode"].clone()).unwrap_or_default()
    };
    assert_eq!(
        [mode(ANNE), mode(BART), mode(CRIS)],
        ["mime_digests", "regular", "plaintext_digests"].map(Value::from)
    );
    ensure!(scene.find(ANNE, &["Welcome"]).await?.subject.contains("digest mode"));
    scene.set(&[("digests_enabled", "no")]).await?;
    scene.request("dora@far.example", "join").await?;
    let asked = scene.find("dora@far.example", &["want to join"]).await?;
    scene.mail("dora@far.example", &asked.answers_go_to(), "", "").await?;
    let welcome = scene.find("dora@far.example", &["Welcome"]).await?;
    ensure!(!welcome.subject.contains("digest mode"), "{}", welcome.subject);
    Ok(())
}

#[tokio::test]
async fn the_owners_of_a_new_list_hear_of_it_if_that_is_wanted() -> Result<()> {
    let mut scene = Scene::with(&[]).await?;
    let create = ["list", "create", "new@example.org", "--owner", OWNER, "--owner", ANNE, "--notify"];
    scene.server.run(&create).await?;
    for who in [OWNER, ANNE] {
        let told = scene.find(who, &["Your new mailing list new@example.org"]).await?;
        ensure!(told.all.contains("new-request@example.org"), "{}", told.all);
        ensure!(told.all.contains("From: noreply@example.org"), "{}", told.all);
    }
    scene.quiet().await?;
    scene.server.run(&["list", "create", "quiet@example.org", "--owner", OWNER]).await?;
    assert_eq!(scene.count(OWNER, &["Your new mailing list"]), 1);
    scene.server.sigterm().await?;
    let late =
        scene.server.cli(&["list", "create", "late@example.org", "--owner", OWNER, "--notify"]).await?;
    let why = String::from_utf8_lossy(&late.stderr).into_owned();
    ensure!(
        late.status.code() == Some(3) && why.contains("its owners were not told"),
        "{:?} {why}",
        late.status
    );
    ensure!(scene.server.run(&["list", "ls"]).await?.contains("late@example.org"), "the list is there");
    Ok(())
}
