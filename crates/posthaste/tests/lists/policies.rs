//! Leaving with a moderator's word, what moderators see of it on the command line, and how long a question stands.

use anyhow::{Result, ensure};

use crate::scene::{ANNE, HOUR, OWNER, Scene};
use crate::support::LIST;

const LEAVE: &str = "test-leave@example.org";
const JOIN: &str = "test-join@example.org";

#[tokio::test]
async fn leaving_under_confirm_then_moderate_takes_both_answers() -> Result<()> {
    let scene = Scene::with(&[("unsubscription_policy", "confirm_then_moderate")]).await?;
    scene.add(&[ANNE]).await?;
    scene.mail(ANNE, LEAVE, "", "").await?;
    let asked = scene.find(ANNE, &["want to leave"]).await?;
    scene.quiet().await?;
    assert_eq!(scene.got(OWNER).len(), 0, "the moderators are asked before the address was");
    scene.requests(0).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "Subject: Re: x", "yes").await?;
    let decide = scene.find(OWNER, &["wants to leave", ANNE]).await?;
    ensure!(scene.members().await?.contains(ANNE), "gone without a moderator's word");
    scene.find(ANNE, &["waits for a moderator"]).await?;
    // A second wish while the first one waits asks nobody twice.
    scene.mail(ANNE, LEAVE, "", "").await?;
    scene.quiet().await?;
    scene.requests(1).await?;
    assert_eq!(scene.count(OWNER, &["wants to leave"]), 1);
    scene.mail(OWNER, &decide.answers_go_to(), "Subject: Re: x", "accept").await?;
    scene.leaves(ANNE).await?;
    scene.find(ANNE, &["You have left"]).await?;
    scene.requests(0).await?;
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn requests_are_shown_and_decided_on_the_command_line() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "moderate")]).await?;
    let people = ["anne@far.example", "bart@far.example", "cris@far.example"];
    for who in people {
        scene.mail(who, JOIN, "", "").await?;
        let asked = scene.find(who, &["want to join"]).await?;
        scene.mail(who, &asked.answers_go_to(), "", "").await?;
        scene.find(OWNER, &["wants to join", who]).await?;
    }
    let ids = scene.requests(3).await?;
    let table = scene.server.run(&["request", "ls", LIST]).await?;
    for has in people.into_iter().chain(["join", LIST]) {
        ensure!(table.contains(has), "no {has:?} in\n{table}");
    }
    scene.server.run(&["list", "create", "other@example.org"]).await?;
    ensure!(!scene.server.run(&["request", "ls", "other@example.org"]).await?.contains("far.example"));
    let [anne, bart, cris] = ids.as_slice() else { anyhow::bail!("{ids:?}") };
    let told = scene.server.run(&["request", "accept", anne]).await?;
    ensure!(told.contains("anne@far.example is now a member"), "{told}");
    scene.joins("anne@far.example").await?;
    let told = scene.server.run(&["request", "reject", bart, "--reason", "We are full."]).await?;
    ensure!(told.contains("declined"), "{told}");
    let refused = scene.find("bart@far.example", &["declined"]).await?;
    ensure!(refused.all.contains("We are full."), "{}", refused.all);
    let before = scene.got("cris@far.example").len();
    scene.server.run(&["request", "discard", cris]).await?;
    scene.requests(0).await?;
    scene.quiet().await?;
    assert_eq!(scene.got("cris@far.example").len(), before, "a discarded request is answered");
    let members = scene.members().await?;
    ensure!(!members.contains("bart") && !members.contains("cris"), "{members}");
    for (id, code) in [(anne.as_str(), 1), ("nonsense", 2)] {
        let again = scene.server.cli(&["request", "accept", id]).await?;
        assert_eq!(again.status.code(), Some(code), "{}", String::from_utf8_lossy(&again.stderr));
    }
    scene.server.ledger_adds_up().await
}

/// P35: a question stands three days, a request that moderators have half a year; not a minute of the wall clock longer.
#[tokio::test]
async fn p35_tokens_expire_when_their_time_is_over() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "confirm_then_moderate")]).await?;
    scene.mail(ANNE, JOIN, "", "").await?;
    let asked = scene.find(ANNE, &["want to join"]).await?;
    let page = asked.link("/confirm/")?;
    scene.turn(71 * HOUR).await?;
    ensure!(scene.ask("GET", &page, "").await?.starts_with("HTTP/1.1 200"));
    scene.turn(2 * HOUR).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "Subject: Re: x", "yes").await?;
    scene.find(ANNE, &["Nothing waits here under this token"]).await?;
    let told = scene.ask("POST", &page, "").await?;
    ensure!(told.contains("Nothing waits here under this token"), "{told}");
    scene.request("bart@far.example", &format!("confirm {}", token(&asked.all))).await?;
    scene.find("bart@far.example", &["Nothing waits here under this token"]).await?;
    scene.quiet().await?;
    assert_eq!(scene.count(OWNER, &["wants to join"]), 0);
    // In time it works, and then the moderators have their own.
    scene.mail(ANNE, JOIN, "", "").await?;
    scene.quiet().await?;
    let asked = scene.got(ANNE).into_iter().rfind(|m| m.subject.contains("want to join"));
    let asked = asked.ok_or_else(|| anyhow::anyhow!("no question"))?;
    scene.turn(70 * HOUR).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "Subject: Re: x", "yes").await?;
    let decide = scene.find(OWNER, &["wants to join"]).await?;
    scene.requests(1).await?;
    scene.turn(181 * 24 * HOUR).await?;
    scene.mail(OWNER, &decide.answers_go_to(), "Subject: Re: x", "accept").await?;
    scene.find(OWNER, &["Nothing waits here under this token"]).await?;
    ensure!(!scene.members().await?.contains(ANNE));
    scene.server.ledger_adds_up().await
}

/// The forty digits in a question.
fn token(mail: &str) -> String {
    let mut words = mail.split(|c: char| !c.is_ascii_hexdigit());
    words.rfind(|w| w.len() == 40).unwrap_or_default().to_owned()
}
