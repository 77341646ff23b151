//! Signed, sealed and checked, over sockets, with a name server of our own; and what the mail server in front is told,
//! by a Postfix that obeys it.

mod support;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_auth::{ArcChain, Checker, Dns, Findings, Peer, Verdict};
use posthaste_mime::Message;
use posthaste_testkit::message::message;
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{NameServer, Port, Postfix, Server, ServerOptions, Sink, swaks};
use serde_json::Value;
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../auth/tests/data/rsa.pem");

/// A server that asks `dns`, with a key for the list's domain.
async fn signing(sink: &Sink, dns: &NameServer, more: &str) -> Result<Server> {
    let mut server = Server::prepare(with_dns(sink, dns, more))?;
    let made =
        server.run(&["--json", "dkim", "generate", "example.org", "--selector", "t", "--from", KEY]).await?;
    let made: Value = serde_json::from_str(&made)?;
    let refused = server.cli(&["dkim", "enable", "example.org", "t"]).await?;
    ensure!(!refused.status.success(), "a key whose record nobody finds must not sign");
    let record = made.get("record").and_then(Value::as_str).context("no record was printed")?;
    dns.txt(made.get("name").and_then(Value::as_str).context("no name was printed")?, record);
    server.run(&["dkim", "enable", "example.org", "t"]).await?;
    server.start().await?;
    Ok(server)
}

fn with_dns(sink: &Sink, dns: &NameServer, more: &str) -> ServerOptions {
    options(sink).extra(&format!("[dns]\nservers = [\"{}\"]\n{more}", dns.addr()))
}

/// The copies of this post.
async fn copies(sink: &Sink, id: &str, count: u64) -> Result<Vec<Arc<Caught>>> {
    sink.wait_for(count, PATIENCE).await?;
    Ok(sink.tally().caught().iter().filter(|c| c.text().contains(id)).cloned().collect())
}

/// What a member's mail server would find.
async fn judged(dns: &NameServer, copy: &Caught, author: &str) -> Result<Findings> {
    let checker = Checker::new(Dns::new(&[dns.addr()], Duration::from_secs(5))?, "mx.member.example", &[]);
    let message = Message::parse(copy.message.clone().into());
    Ok(checker.check(&copy.message, &message.head, &Peer::default(), Some(author)).await)
}

#[tokio::test]
async fn a_post_from_a_guarded_domain_is_sent_in_the_lists_name_signed_and_sealed() -> Result<()> {
    let (sink, dns) = (Sink::keeping().await?, NameServer::start().await?);
    dns.txt("_dmarc.rcpt.example", "v=DMARC1; p=reject");
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject; adkim=s");
    let server = signing(&sink, &dns, "[dkim]\nseal = true").await?;
    server.list_with_members(LIST, 3).await?;
    server.run(&["list", "set", LIST, "dmarc_mitigate_action", "munge_from"]).await?;
    for (round, personalize) in ["none", "individual"].into_iter().enumerate() {
        server.run(&["list", "set", LIST, "personalize", personalize]).await?;
        server.run(&["list", "set", LIST, "footer", "for $user_email"]).await?;
        let id = id("auth", round);
        ensure!(server.source().send(post(&id)).await?.accepted == 1);
        let copies = copies(&sink, &id, 3 * (round as u64 + 1)).await?;
        for copy in &copies {
            let text = String::from_utf8_lossy(&copy.message);
            ensure!(text.contains(" via Test <test@example.org>"), "{text}");
            let found = judged(&dns, copy, "example.org").await?;
            assert_eq!((found.dmarc, found.arc), (Verdict::Pass, ArcChain::Pass), "{found:?}\n{text}");
            ensure!(
                text.contains("arc=none") && text.contains("dmarc=fail"),
                "what we found is sealed: {text}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn notices_are_signed_and_silent_name_servers_lose_nothing() -> Result<()> {
    let (sink, dns) = (Sink::keeping().await?, NameServer::start().await?);
    let server = signing(&sink, &dns, "[authentication]\ncheck = true\ndeadline = \"1s\"").await?;
    server.list_with_members(LIST, 2).await?;
    server.run(&["list", "set", LIST, "dmarc_mitigate_action", "reject"]).await?;
    dns.silence(true);
    ensure!(server.source().send(post("<1@silent.example>")).await?.accepted == 1);
    let copies = copies(&sink, "<1@silent.example>", 2).await?;
    dns.silence(false);
    let copy = copies.first().context("no copy")?;
    let text = String::from_utf8_lossy(&copy.message);
    ensure!(text.contains("via Test <test@example.org>") && text.contains("dmarc=temperror"), "{text}");
    assert_eq!(judged(&dns, copy, "example.org").await?.signatures.len(), 1);
    // A stranger's post is held, and the notice about it bears our signature.
    server.run_with(&["member", "add", LIST, "-", "--role", "owner"], b"olive@rcpt.example\n").await?;
    let held = message("<2@silent.example>", "x@stranger.example", LIST, "hi", 100);
    let job = Job::new("<2@silent.example>", "x@stranger.example", vec![LIST.into()], &held);
    ensure!(server.source().send(job).await?.accepted == 1);
    let to_olive = |c: &&Arc<Caught>| c.recipients.iter().any(|r| r.contains("olive"));
    sink.wait_until("the notice", PATIENCE, |tally| tally.caught().iter().any(|c| to_olive(&c))).await?;
    let notice = sink.tally().caught().iter().find(to_olive).cloned().context("no notice")?;
    let found = judged(&dns, &notice, "example.org").await?;
    assert_eq!(found.signatures.first().map(|s| s.verdict), Some(Verdict::Pass), "{found:?}");
    Ok(())
}

/// The lines that `posthaste mta postfix` prints stand in a Postfix, and it knows lists from strangers: by tables, and by
/// asking.
#[tokio::test]
async fn a_postfix_obeys_the_printed_lines() -> Result<()> {
    for (round, maps) in ["regexp", "lookup"].into_iter().enumerate() {
        let sink = Sink::start().await?;
        let port = Port::reserve()?;
        let folder = tempfile::tempdir()?;
        let more = match maps {
            "lookup" => format!("[mta]\nlookup = \"{}\"", port.addr()),
            kind => format!("[mta]\nmaps = \"{kind}\"\nmaps_folder = \"{}\"", folder.path().display()),
        };
        let server = Server::started(options(&sink).extra(&more)).await?;
        let members = server.list_with_members(LIST, 2).await?;
        let lines = server.run(&["mta", "postfix"]).await?;
        ensure!(lines.contains("relay_recipient_maps = "), "{lines}");
        let front = Postfix::start(&format!("{lines}\nproxy_read_maps = $local_recipient_maps\n")).await?;
        let id = id("postfix", round);
        let sent = swaks::send(front.addr(), AUTHOR, LIST, &id).await?;
        ensure!(sent.status.success(), "{maps}: {sent:?}\n{lines}");
        sink.wait_for(2, PATIENCE).await?;
        assert_eq!(extra_copies(&sink.tally(), &[&id], &members)?, 0);
        let refused = swaks::send(front.addr(), AUTHOR, "nobody@example.org", "<x@postfix.example>").await?;
        ensure!(!refused.status.success(), "{maps}: Postfix took mail for no list");
        // A list that comes now is known to the tables when the command is done.
        server.run(&["list", "create", "later@example.org"]).await?;
        if maps == "regexp" {
            let table = std::fs::read_to_string(folder.path().join("postfix_lmtp"))?;
            ensure!(table.contains("/^later-bounces(\\+.*)?@example\\.org$/"), "{table}");
        } else {
            let sent =
                swaks::send(front.addr(), AUTHOR, "later-owner@example.org", "<y@postfix.example>").await?;
            ensure!(sent.status.success(), "{sent:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_linter_tells_what_breaks_signatures() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    server.list_with_members(LIST, 1).await?;
    let told = server.run(&["list", "lint", LIST]).await?;
    for word in ["subject_prefix", "footer", "members miss mail", "munge_from"] {
        ensure!(told.contains(word), "{told}");
    }
    server.run(&["list", "set", LIST, "keep_signatures", "yes"]).await?;
    let told = server.run(&["list", "lint", LIST]).await?;
    ensure!(!told.contains("members miss mail"), "{told}");
    Ok(())
}
