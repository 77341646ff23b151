//! Digests from outside: posts in by LMTP, digests out by SMTP, on their day and by their size, once.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink, wait};
use serde_json::{Value, json};
use support::{LIST, PATIENCE, options};

/// Everything `recipient` got, oldest first.
fn mails(sink: &Sink, recipient: &str) -> Vec<String> {
    sink.read(|tally| {
        let theirs = |c: &&std::sync::Arc<Caught>| c.recipients.iter().any(|r| r == recipient);
        tally.caught().iter().filter(theirs).map(|c| c.text()).collect()
    })
}

async fn count(sink: &Sink, recipient: &str, wanted: usize) -> Result<Vec<String>> {
    wait::until(&format!("{wanted} mails for {recipient}"), PATIENCE, async || {
        Ok(mails(sink, recipient).len() >= wanted)
    })
    .await?;
    let mails = mails(sink, recipient);
    ensure!(mails.len() == wanted, "{} mails instead of {wanted} for {recipient}", mails.len());
    Ok(mails)
}

async fn post(server: &Server, from: &str, id: &str, size: usize) -> Result<()> {
    let text = "A line of the text.\r\n".repeat(size / 20);
    let message = format!(
        "From: Writer <{from}>\r\nTo: {LIST}\r\nSubject: About {id}\r\nMessage-ID: <{id}@x.example>\r\n\r\n{text}"
    );
    let sent = server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    Ok(())
}

/// Waits until so many posts wait for the digest.
async fn collected(server: &Server, posts: u64) -> Result<()> {
    wait::until(&format!("{posts} posts collected"), PATIENCE, async || {
        let told = server.run(&["--json", "digest", "ls"]).await?;
        let told: Value = serde_json::from_str(&told)?;
        let waiting = told.get(0).and_then(|list| list.get("posts")).and_then(Value::as_u64);
        Ok(waiting.unwrap_or(0) == posts)
    })
    .await
}

async fn mode(server: &Server, who: &str, mode: &str) -> Result<()> {
    server.run(&["digest", "mode", LIST, who, mode]).await.map(|_| ())
}

/// Four members: one with posts, one for each form of digest.
async fn four() -> Result<(Server, Sink, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let mut server = Server::prepare(options(&sink).argument("--drill").quiet())?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    server.start().await?;
    let members = server.list_with_members(LIST, 4).await?;
    for (member, form) in members.iter().skip(1).zip(["plain", "mime", "html"]) {
        mode(&server, member, form).await?;
    }
    Ok((server, sink, members))
}

async fn turn(server: &Server, seconds: u64) -> Result<()> {
    let fault = json!({ "what": "turn", "seconds": seconds });
    let told = server.control(&json!({ "do": "fault", "fault": fault })).await?;
    ensure!(told.get("done").is_some(), "{told}");
    Ok(())
}

#[tokio::test]
async fn each_member_gets_the_digest_in_their_form_and_no_single_posts() -> Result<()> {
    let (server, sink, members) = four().await?;
    post(&server, &members[0], "one", 200).await?;
    post(&server, &members[0], "two", 200).await?;
    count(&sink, &members[0], 2).await?;
    collected(&server, 2).await?;
    ensure!(members.iter().skip(1).all(|m| mails(&sink, m).is_empty()), "a digest reader got a post");
    let told = server.run(&["digest", "send", LIST]).await?;
    ensure!(told.contains("1 digests went out"), "{told}");
    let forms =
        ["Content-Type: text/plain", "Content-Type: multipart/mixed", "Content-Type: multipart/alternative"];
    for (member, form) in members.iter().skip(1).zip(forms) {
        let digest = count(&sink, member, 1).await?.pop().context("a digest")?;
        for has in [
            form,
            "Subject: Test Digest, Vol 1, Issue 1\r\n",
            "From: Test <test-request@example.org>\r\n",
            "List-Id: <test.example.org>\r\n",
            "Today's Topics:",
            "   1. About one (Writer)",
            "   2. About two (Writer)",
            "A line of the text.",
            "End of Test Digest, Vol 1, Issue 1",
        ] {
            ensure!(digest.contains(has), "no {has:?} in\n{digest}");
        }
        ensure!(!digest.contains("X-MailFrom"), "{digest}");
        ensure!(!digest.contains("_ Test mailing list"), "the footer keeps its lines: {digest}");
    }
    // Nothing is left, so the next one brings nothing again.
    ensure!(server.run(&["digest", "send"]).await?.contains("0 digests"), "sent twice");
    count(&sink, &members[0], 2).await?;
    server.ledger_adds_up().await
}

#[tokio::test]
async fn digests_go_out_by_size_and_each_day_and_after_a_crash_once() -> Result<()> {
    let (mut server, sink, members) = four().await?;
    let reader = members[1].clone();
    // By size: 30 KiB are reached by the third.
    server.run(&["list", "set", LIST, "digest_send_periodic", "no"]).await?;
    for (number, id) in ["a", "b", "c"].iter().enumerate() {
        ensure!(mails(&sink, &reader).is_empty(), "too early, at {number}");
        post(&server, &members[0], id, 11_000).await?;
        count(&sink, &members[0], number + 1).await?;
    }
    let digest = count(&sink, &reader, 1).await?.pop().context("a digest")?;
    ensure!(digest.contains("Vol 1, Issue 1") && digest.contains("About c"), "{digest}");
    collected(&server, 0).await?;
    // What was collected survives the process.
    post(&server, &members[0], "small", 100).await?;
    collected(&server, 1).await?;
    server.sigkill().await?;
    server.start().await?;
    collected(&server, 1).await?;
    turn(&server, 60 * 60 * 25).await?;
    post(&server, &members[0], "other", 100).await?;
    collected(&server, 2).await?;
    count(&sink, &reader, 1).await?;
    // By day: at noon at the latest, without anybody's hand.
    server.run(&["list", "set", LIST, "digest_send_periodic", "yes"]).await?;
    for _ in 0..26 {
        turn(&server, 60 * 60).await?;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let digest = count(&sink, &reader, 2).await?.pop().context("a digest")?;
    ensure!(digest.contains("About small") && digest.contains("About other"), "{digest}");
    collected(&server, 0).await?;
    server.ledger_adds_up().await
}

#[tokio::test]
async fn who_leaves_the_digests_gets_what_came_before() -> Result<()> {
    let (server, sink, members) = four().await?;
    post(&server, &members[0], "before", 100).await?;
    collected(&server, 1).await?;
    mode(&server, &members[2], "regular").await?;
    server.run(&["digest", "send"]).await?;
    let last = count(&sink, &members[2], 1).await?.pop().context("the last digest")?;
    ensure!(last.contains("multipart/digest") && last.contains("About before"), "{last}");
    count(&sink, &members[1], 1).await?;
    post(&server, &members[0], "after", 100).await?;
    collected(&server, 1).await?;
    server.run(&["digest", "send"]).await?;
    count(&sink, &members[1], 2).await?;
    let mails = count(&sink, &members[2], 2).await?;
    ensure!(mails.last().is_some_and(|m| !m.contains("multipart/digest")), "a second last digest");
    Ok(())
}

#[tokio::test]
async fn a_list_of_digest_readers_only_loses_nothing() -> Result<()> {
    let (server, sink, members) = four().await?;
    mode(&server, &members[0], "mime").await?;
    post(&server, &members[0], "only", 100).await?;
    collected(&server, 1).await?;
    server.run(&["digest", "send"]).await?;
    for member in &members {
        let digest = count(&sink, member, 1).await?.pop().context("a digest")?;
        ensure!(digest.contains("About only"), "{digest}");
    }
    let traced = server.run(&["trace", "<only@x.example>"]).await?;
    ensure!(traced.contains("planned"), "{traced}");
    server.ledger_adds_up().await
}
