//! One list's life on each database: people come, write, are moderated, read digests, and go.

use anyhow::{Result, ensure};
use posthaste_testkit::wait;
use serde_json::Value;

use crate::scene::{ANNE, HOUR, OWNER, On, Scene};
use crate::support::{LIST, PATIENCE};

const BART: &str = "bart@far.example";
const STRANGER: &str = "stranger@else.example";

#[tokio::test]
async fn a_lists_life_on_sqlite() -> Result<()> {
    life(On::Sqlite).await
}

#[tokio::test]
async fn a_lists_life_on_postgresql() -> Result<()> {
    life(On::Postgresql).await
}

#[tokio::test]
async fn a_lists_life_on_mariadb() -> Result<()> {
    life(On::Mariadb).await
}

async fn life(on: On) -> Result<()> {
    let scene = Scene::on(on, "").await?;
    scene
        .set(&[
            ("subscription_policy", "confirm_then_moderate"),
            ("unsubscription_policy", "confirm"),
            ("personalize", "individual"),
            ("autorespond_postings", "respond_and_continue"),
            ("autoresponse_postings_text", "Thank you."),
            ("digest_send_periodic", "no"),
        ])
        .await?;
    people_come(&scene).await?;
    people_write(&scene).await?;
    people_read_digests(&scene).await?;
    people_go(&scene).await?;
    scene.quiet().await?;
    scene.quarantined(0).await?;
    let audit = scene.server.run(&["audit", "verify"]).await?;
    ensure!(audit.contains("all as they were written"), "{audit}");
    scene.server.ledger_adds_up().await
}

/// By their own wish, by an invitation, and brought by the owner.
async fn people_come(scene: &Scene) -> Result<()> {
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let asked = scene.find(ANNE, &["want to join"]).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "Subject: Re: x", "yes").await?;
    let id = scene.requests(1).await?.remove(0);
    scene.server.run(&["request", "accept", &id]).await?;
    scene.joins(ANNE).await?;
    let invite = ["member", "subscribe", LIST, "-", "--invite"];
    scene.server.run_with(&invite, format!("Bart <{BART}>\n").as_bytes()).await?;
    let page = scene.find(BART, &["invited to join"]).await?.link("/confirm/")?;
    ensure!(scene.ask("POST", &page, "").await?.contains("is now a member"));
    scene.joins(BART).await?;
    let crowd: String = (0..60).map(|n| format!("p{n}@far.example\n")).collect();
    scene.server.run_with(&["member", "subscribe", LIST, "-", "--welcome", "no"], crowd.as_bytes()).await?;
    assert_eq!(scene.members().await?.matches("@far.example").count(), 62);
    // What nobody answers is forgotten.
    scene.mail("late@far.example", "test-join@example.org", "", "").await?;
    let late = scene.find("late@far.example", &["want to join"]).await?;
    scene.turn(73 * HOUR).await?;
    scene.mail("late@far.example", &late.answers_go_to(), "", "yes").await?;
    scene.find("late@far.example", &["Nothing waits here"]).await?;
    Ok(())
}

/// A member's post goes out, a stranger's waits until a moderator answers; machines and the banned are not heard.
async fn people_write(scene: &Scene) -> Result<()> {
    scene.request(ANNE, "set ack on").await?;
    let asked = scene.find(ANNE, &["ack on", "test-confirm+"]).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "", "").await?;
    scene.quiet().await?;
    let id = scene.post(ANNE, "Zwölf Boxkämpfer").await?;
    scene.find(ANNE, &["has arrived"]).await?;
    scene.find(ANNE, &["Thank you."]).await?;
    scene.sink.wait_until("everybody has it", PATIENCE, |t| t.reached(&id) == 62).await?;
    scene.post(ANNE, "once more").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &["Thank you."]), 1);
    let id = scene.post(STRANGER, "from outside").await?;
    let notice = scene.find(OWNER, &["waits for you", "from outside"]).await?;
    scene.mail(OWNER, &notice.answers_go_to(), "", "accept").await?;
    scene.sink.wait_until("the stranger's post", PATIENCE, |t| t.reached(&id) == 62).await?;
    scene.server.run(&["ban", "add", "^.*@spam\\.example", "--list", LIST]).await?;
    let banned = scene.post("x@spam.example", "buy").await?;
    scene.quiet().await?;
    assert_eq!(scene.sink.tally().reached(&banned), 0);
    scene.held(0).await?;
    Ok(())
}

async fn people_read_digests(scene: &Scene) -> Result<()> {
    for (who, form) in [(ANNE, "mime"), ("p0@far.example", "plain"), ("p1@far.example", "html")] {
        scene.server.run(&["digest", "mode", LIST, who, form]).await?;
    }
    for subject in ["one for the digest", "ein Ömläut"] {
        scene.post(BART, subject).await?;
    }
    wait::until("both are collected", PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.pointer("/0/posts").and_then(Value::as_u64) == Some(2))
    })
    .await?;
    scene.server.run(&["digest", "send"]).await?;
    for who in [ANNE, "p0@far.example", "p1@far.example"] {
        let digest = scene.find(who, &["Test Digest, Vol 1, Issue 1"]).await?;
        ensure!(
            digest.all.contains("1. one for the digest (") && digest.all.contains("ein Ömläut"),
            "{}",
            digest.all
        );
    }
    Ok(())
}

/// By one click, by a command and its confirmation, and by the owner's hand.
async fn people_go(scene: &Scene) -> Result<()> {
    let leave = scene.find("p2@far.example", &["one for the digest"]).await?.link("/leave/")?;
    ensure!(scene.ask("POST", &leave, "List-Unsubscribe=One-Click").await?.starts_with("HTTP/1.1 200"));
    scene.leaves("p2@far.example").await?;
    scene.mail(BART, "test-leave@example.org", "", "").await?;
    let asked = scene.find(BART, &["want to leave"]).await?;
    scene.mail(BART, &asked.answers_go_to(), "", "").await?;
    scene.leaves(BART).await?;
    scene.find(BART, &["You have left"]).await?;
    scene.server.run(&["member", "rm", LIST, "p3@far.example"]).await?;
    assert_eq!(scene.members().await?.matches("@far.example").count(), 59);
    Ok(())
}
