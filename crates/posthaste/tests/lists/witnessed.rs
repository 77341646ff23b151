//! Who changed what stands in the audit log, whichever way they came.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::scene::{ANNE, OWNER, Scene};
use crate::support::LIST;

const BART: &str = "bart@far.example";

/// The actions on the list, each with who did it and to whom, the oldest first, without what the test set up.
async fn told(scene: &Scene) -> Result<Vec<(String, String, String)>> {
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = scene.audit().await?;
    let rows = rows
        .iter()
        .rev()
        .filter(|row| row.get("who").and_then(Value::as_str).is_some_and(|w| !w.ends_with("command line")));
    Ok(rows.map(|row| (text(row, "action"), text(row, "object"), text(row, "who"))).collect())
}

fn row(action: &str, object: &str, who: &str) -> (String, String, String) {
    (action.to_owned(), object.to_owned(), who.to_owned())
}

#[tokio::test]
async fn joining_changing_and_leaving_by_mail_and_by_page() -> Result<()> {
    let scene = Scene::with(&[("personalize", "individual")]).await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let asked = scene.find(ANNE, &["want to join"]).await?;
    assert_eq!(told(&scene).await?, [], "to ask changes nothing");
    scene.mail(ANNE, &asked.answers_go_to(), "", "yes").await?;
    scene.joins(ANNE).await?;
    scene.request(ANNE, "set digest plain").await?;
    let asked = scene.find(ANNE, &["digest plain", "test-confirm+"]).await?;
    ensure!(scene.ask("POST", &asked.link("/confirm/")?, "").await?.starts_with("HTTP/1.1 200"));
    scene.add(&[BART]).await?;
    scene.post(BART, "hello").await?;
    let leave = scene.find(BART, &["hello"]).await?.link("/leave/")?;
    ensure!(scene.ask("POST", &leave, "").await?.starts_with("HTTP/1.1 200"));
    scene.leaves(BART).await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    let asked = scene.find(ANNE, &["want to leave"]).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "", "").await?;
    scene.leaves(ANNE).await?;
    let never = asked.link("/never/")?;
    ensure!(scene.ask("POST", &never, "").await?.starts_with("HTTP/1.1 200"));
    scene.quiet().await?;
    let by_mail = format!("{ANNE} by mail");
    assert_eq!(
        told(&scene).await?,
        [
            row("join", ANNE, &by_mail),
            row("set", ANNE, &format!("{ANNE} by page")),
            row("leave", BART, &format!("{BART} by page")),
            row("leave", ANNE, &by_mail),
            row("never", ANNE, &format!("{ANNE} by page")),
        ]
    );
    let rows = scene.audit().await?;
    let set = rows
        .iter()
        .find(|r| r.get("action").is_some_and(|a| a == "set") && r.get("object").is_some_and(|o| o == ANNE));
    let became = set.and_then(|r| r.pointer("/after/delivery_mode")).cloned();
    assert_eq!(became, Some("plaintext_digests".into()), "{set:?}");
    scene.server.run(&["member", "unblock", ANNE]).await?;
    let told = scene.server.run(&["audit", "ls", "--action", "unblock"]).await?;
    ensure!(told.contains(ANNE), "{told}");
    scene.server.run(&["audit", "verify"]).await?;
    Ok(())
}

#[tokio::test]
async fn what_moderators_decide_about_requests() -> Result<()> {
    let scene =
        Scene::with(&[("subscription_policy", "moderate"), ("unsubscription_policy", "moderate")]).await?;
    let ask = async |who: &str| -> Result<crate::scene::Mail> {
        scene.mail(who, "test-join@example.org", "", "").await?;
        let asked = scene.find(who, &["want to join"]).await?;
        scene.mail(who, &asked.answers_go_to(), "", "").await?;
        scene.find(OWNER, &["wants to join", who]).await
    };
    let decide = ask(ANNE).await?.answers_go_to();
    scene.mail(OWNER, &decide, "", "accept").await?;
    scene.joins(ANNE).await?;
    let page = ask(BART).await?.link("/decide/")?;
    ensure!(scene.ask("POST", &page, "do=reject&reason=Not+now").await?.starts_with("HTTP/1.1 200"));
    let decide = ask("cris@far.example").await?.answers_go_to();
    scene.mail(OWNER, &decide, "", "discard").await?;
    scene.requests(0).await?;
    ask("dora@far.example").await?;
    let id = scene.requests(1).await?.remove(0);
    scene.server.run(&["request", "accept", &id]).await?;
    scene.quiet().await?;
    let by_mail = format!("{OWNER} by mail");
    assert_eq!(
        told(&scene).await?,
        [
            row("join", ANNE, &by_mail),
            row("reject", BART, "a moderator by page"),
            row("discard", "cris@far.example", &by_mail),
        ]
    );
    let rows = scene.audit().await?;
    let rejected = rows.iter().find(|r| r.get("action").is_some_and(|a| a == "reject"));
    ensure!(rejected.is_some_and(|r| r.to_string().contains("Not now")), "{rejected:?}");
    let dora = rows.iter().find(|r| r.get("object").is_some_and(|o| o == "dora@far.example"));
    let who = dora.and_then(|r| r.get("who")).and_then(Value::as_str).unwrap_or_default();
    ensure!(who.ends_with("on the command line"), "{dora:?}");
    let listed = scene.server.run(&["audit", "ls", "--list", LIST, "--who", OWNER]).await?;
    ensure!(listed.contains("cris@far.example"), "{listed}");
    scene.server.run(&["audit", "verify"]).await?;
    Ok(())
}
