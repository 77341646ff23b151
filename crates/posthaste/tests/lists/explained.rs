//! `list explain` with what the name servers say.

use anyhow::{Result, ensure};
use posthaste_testkit::NameServer;
use serde_json::Value;

use crate::scene::{ANNE, On, Scene};
use crate::support::LIST;

#[tokio::test]
async fn explain_tells_what_the_dns_says_and_what_follows() -> Result<()> {
    let dns = NameServer::start().await?;
    dns.txt("_dmarc.far.example", "v=DMARC1; p=reject");
    let scene = Scene::on(On::Sqlite, &format!("[dns]\nservers = [\"{}\"]\n", dns.addr())).await?;
    scene.add(&[ANNE, "bart@near.example"]).await?;
    scene.set(&[("dmarc_mitigate_action", "reject")]).await?;
    let ask = async |from: &str, more: &[&str]| -> Result<Value> {
        let message = format!("From: {from}\r\nTo: {LIST}\r\nSubject: x\r\n\r\nHello\r\n");
        let words: Vec<_> = ["--json", "list", "explain", LIST].iter().chain(more).copied().collect();
        Ok(serde_json::from_str(&scene.server.run_with(&words, message.as_bytes()).await?)?)
    };
    let told = ask(ANNE, &[]).await?;
    assert_eq!(told["verdict"], "reject", "{told}");
    ensure!(told["authenticity"]["DMARC policy"].as_str().is_some_and(|p| p.contains("refused")), "{told}");
    let told = ask("bart@near.example", &[]).await?;
    assert_eq!(told["verdict"], "accept", "{told}");
    let told = ask(ANNE, &["--set", "dmarc_mitigate_action=no_mitigation"]).await?;
    assert_eq!(
        (&told["verdict"], told["authenticity"].as_object().map(serde_json::Map::len)),
        (&"accept".into(), Some(0))
    );
    // Without name servers it is said that nobody knows.
    let told = ask("bart@near.example", &["--no-dns"]).await?;
    ensure!(
        told["authenticity"]["DMARC policy"].as_str().is_some_and(|p| p.contains("did not tell")),
        "{told}"
    );
    Ok(())
}

/// What answers a digest is held where the site wants that: by its subject, or by what it quotes of the masthead.
#[tokio::test]
async fn answers_to_whole_digests_are_held() -> Result<()> {
    let scene = Scene::on(On::Sqlite, "[rules]\nhold_digests = true\n").await?;
    scene.add(&[ANNE, "bart@far.example"]).await?;
    scene.post(ANNE, "A subject").await?;
    scene.server.run(&["digest", "mode", LIST, "bart@far.example", "plain"]).await?;
    scene.post(ANNE, "Another").await?;
    scene.quiet().await?;
    posthaste_testkit::wait::until("it is collected", crate::support::PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.as_array().is_some_and(|lists| !lists.is_empty()))
    })
    .await?;
    scene.server.run(&["digest", "send"]).await?;
    let digest = scene.find("bart@far.example", &["Test Digest"]).await?;
    let (_, text) = digest.all.split_once("\n\n").unwrap_or_default();
    let quoted: String = text.lines().take(12).map(|line| format!("> {line}\n")).collect();
    scene.mail("bart@far.example", LIST, "Subject: I agree", &quoted).await?;
    scene.held(1).await?;
    scene.post("bart@far.example", "Re: Test Digest, Vol 1, Issue 1").await?;
    scene.held(2).await?;
    scene.mail("bart@far.example", LIST, "Subject: I agree", "> Another\n\nYes.").await?;
    scene.find(ANNE, &["Yes."]).await?;
    scene.held(2).await?;
    scene.server.ledger_adds_up().await
}
