//! Between real mail servers, and with clients that others wrote.

mod support;

use std::process::Output;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use posthaste_testkit::{Exim, Port, Postfix, Server, Sink, swaks, wait};
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options};

const DOMAIN: &str = "example.org";
const UNKNOWN: &str = "unknown@example.org";

#[tokio::test(flavor = "multi_thread")]
async fn from_postfix_to_postfix_with_mariadb_killed_in_between() -> Result<()> {
    let mut database = Mariadb::new()?;
    let url = database.create_database("posthaste")?;
    between_postfixes(&url, &mut database, Mariadb::kill, Mariadb::start).await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_postfix_to_postfix_with_postgresql_killed_in_between() -> Result<()> {
    let mut database = Postgres::new()?;
    let url = database.create_database("posthaste")?;
    between_postfixes(&url, &mut database, Postgres::kill, Postgres::start).await
}

/// One post is planned and another only accepted when the database dies; a third and one to nobody come meanwhile.
async fn between_postfixes<D>(
    url: &str,
    database: &mut D,
    kill: fn(&mut D),
    start: fn(&mut D) -> Result<()>,
) -> Result<()> {
    const MEMBERS: usize = 1_000;
    let sink = Sink::start().await?;
    let smarthost = Postfix::smarthost(sink.addr()).await?;
    let options = options(&sink).relay(smarthost.addr()).database(url).quiet();
    let server = Server::started(options).await?;
    let front = Postfix::front(server.lmtp(), &[DOMAIN]).await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    let ids = [id("planned", 0), id("accepted", 0), id("during", 0)];

    server.run(&["queue", "pause", "out"]).await?;
    sent(&swaks::send(front.addr(), AUTHOR, LIST, &ids[0]).await?)?;
    server.wait_for_depth("out", 1, PATIENCE).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    sent(&swaks::send(front.addr(), AUTHOR, LIST, &ids[1]).await?)?;
    server.wait_for_depth("incoming", 1, PATIENCE).await?;

    kill(database);
    server.run(&["queue", "resume", "incoming"]).await?;
    server.run(&["queue", "resume", "out"]).await?;
    sent(&swaks::send(front.addr(), AUTHOR, LIST, &ids[2]).await?)?;
    sent(&swaks::send(front.addr(), AUTHOR, UNKNOWN, "<unknown@postfix.example>").await?)?;
    sink.wait_until("what was planned", PATIENCE, |tally| tally.reached(&ids[0]) == MEMBERS).await?;
    server.wait_for_depth("incoming", 2, PATIENCE).await?;
    in_log(&front, &["to=<unknown@example.org>", "status=deferred", "451 4.3.0"]).await?;
    assert_eq!(sink.tally().distinct(), MEMBERS as u64);

    start(database)?;
    sink.wait_for(3 * MEMBERS as u64, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    in_log(&front, &["to=<unknown@example.org>", "status=bounced", "550 5.1.1"]).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn exim_hands_posts_over_and_asks_about_each_list() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let exim = Exim::front(server.lmtp(), &[DOMAIN]).await?;
    let members = server.list_with_members(LIST, 5).await?;
    let ids = ["<1@exim.example>"];
    sent(&swaks::send(exim.addr(), AUTHOR, LIST, ids[0]).await?)?;
    sink.wait_for(5, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    // Exim asks us while its client waits, and passes the answer on.
    let refused = swaks::send(exim.addr(), AUTHOR, UNKNOWN, "<2@exim.example>").await?;
    ensure!(!refused.status.success() && text(&refused).contains("550"), "{}", text(&refused));
    // A bounce comes in with its token, and waits for whoever will read it.
    let token = "test-bounces+m1=rcpt.example@example.org";
    server.run(&["queue", "pause", "bounce"]).await?;
    sent(&swaks::send(exim.addr(), "daemon@mx.example", token, "<3@exim.example>").await?)?;
    server.wait_for_depth("bounce", 1, PATIENCE).await?;
    let told = server.run(&["queue", "ls", "--stage", "bounce"]).await?;
    ensure!(told.contains(token), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_postfix_behind_makes_the_personal_senders() -> Result<()> {
    const MEMBERS: usize = 120;
    let sink = Sink::keeping().await?;
    let next = sink.addr();
    let settings =
        format!("relayhost = [{}]:{}\nsmtpd_authorized_verp_clients = $mynetworks\n", next.ip(), next.port());
    let smarthost = Postfix::start(&settings).await?;
    let server = Server::started(options(&sink).relay(smarthost.addr()).quiet()).await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    server.run(&["list", "set", LIST, "personalize", "individual"]).await?;
    let ids = ["<1@verp.example>"];
    ensure!(server.source().send(support::post(ids[0])).await?.accepted == 1);
    sink.wait_for(MEMBERS as u64, PATIENCE).await?;
    let tally = sink.tally();
    assert_eq!(extra_copies(&tally, &ids, &members)?, 0);
    for member in &members {
        let token = member.replace('@', "=");
        let sender = format!("test-bounces+{token}@example.org");
        assert_eq!(tally.sender(ids[0], member), Some(sender.as_str()));
    }
    // Few transactions to Postfix, and one from it for each member: it made the copies.
    assert_eq!(tally.transactions(), MEMBERS as u64);
    in_log(&smarthost, &["from=<test-bounces@example.org>", "nrcpt=50 "]).await?;
    Ok(())
}

#[tokio::test]
async fn personal_copies_pass_a_postfix_that_makes_no_senders() -> Result<()> {
    const MEMBERS: usize = 60;
    let sink = Sink::keeping().await?;
    // As Postfix comes, it makes senders for nobody.
    let smarthost = Postfix::smarthost(sink.addr()).await?;
    let server = Server::started(
        options(&sink).relay(smarthost.addr()).extra("[bounces]\nsign_senders = false").quiet(),
    )
    .await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    server.run(&["list", "set", LIST, "personalize", "individual"]).await?;
    let ids = ["<2@verp.example>"];
    ensure!(server.source().send(support::post(ids[0])).await?.accepted == 1);
    sink.wait_for(MEMBERS as u64, PATIENCE).await?;
    let tally = sink.tally();
    assert_eq!(extra_copies(&tally, &ids, &members)?, 0);
    for member in &members {
        let sender = format!("test-bounces+{}@example.org", member.replace('@', "="));
        assert_eq!(tally.sender(ids[0], member), Some(sender.as_str()));
        in_log(&smarthost, &[&format!("from=<{sender}>"), "nrcpt=1 "]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn swaks_speaks_to_both_listeners() -> Result<()> {
    let sink = Sink::start().await?;
    let smtp = Port::reserve()?;
    let server = Server::started(options(&sink).smtp(smtp.addr())).await?;
    let members = server.list_with_members(LIST, 3).await?;
    let ids = ["<smtp@swaks.example>", "<lmtp@swaks.example>"];
    sent(&swaks::send(smtp.addr(), AUTHOR, LIST, ids[0]).await?)?;
    let lmtp = server.lmtp().to_string();
    let id = format!("Message-ID: {}", ids[1]);
    let words = ["--protocol", "LMTP", "--server", &lmtp, "--from", AUTHOR, "--to", LIST, "--header", &id];
    sent(&tokio::process::Command::new("swaks").args(words).output().await?)?;
    sink.wait_for(6, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    let refused = swaks::send(smtp.addr(), AUTHOR, UNKNOWN, "<unknown@swaks.example>").await?;
    ensure!(!refused.status.success() && text(&refused).contains("550 5.1.1"), "{}", text(&refused));
    Ok(())
}

/// Python's LMTP client reads one reply after the final dot; RFC 2033 §4.2 gives one for each accepted recipient.
const PYTHON: &str = r#"
import smtplib, sys
host, port, sender, message_id, *recipients = sys.argv[1:]
client = smtplib.LMTP(host, int(port))
client.ehlo_or_helo_if_needed()
print("mail", client.mail(sender)[0])
accepted = 0
for recipient in recipients:
    code, text = client.rcpt(recipient)
    accepted += code == 250
    print("rcpt", code, text.decode())
text = f"From: {sender}\nTo: {', '.join(recipients)}\nSubject: hello\nMessage-ID: {message_id}\n\n.dot\nhello\n"
replies = [client.data(text)] + [client.getreply() for _ in range(accepted - 1)]
for code, text in replies:
    print("data", code, text.decode())
print("quit", client.quit()[0])
"#;

#[tokio::test]
async fn python_gets_a_reply_for_each_recipient() -> Result<()> {
    let sink = Sink::keeping().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    let id = "<1@python.example>";
    server.run(&["queue", "pause", "bounce"]).await?;
    let (host, port) = (server.lmtp().ip().to_string(), server.lmtp().port().to_string());
    let words = ["-c", PYTHON, &host, &port, AUTHOR, id, LIST, UNKNOWN, "test-bounces@example.org"];
    let spoken = tokio::process::Command::new("python3").args(words).output().await?;
    sent(&spoken)?;
    let told = text(&spoken);
    let codes: Vec<_> =
        told.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = ["mail 250", "rcpt 250", "rcpt 550", "rcpt 250", "data 250", "data 250", "quit 221"];
    assert_eq!(codes, expected, "{told}");
    sink.wait_for(3, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &[id], &members)?, 0);
    let kept = sink.tally().caught().first().context("a copy")?.text();
    ensure!(kept.contains("\r\n\r\n.dot\r\nhello\r\n"), "{kept}");
    assert_eq!(server.depth("bounce").await?, 1);
    Ok(())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn sent(output: &Output) -> Result<()> {
    ensure!(output.status.success(), "{}", text(output));
    Ok(())
}

/// Waits for a line of the log that holds all of these.
async fn in_log(postfix: &Postfix, words: &[&str]) -> Result<()> {
    wait::until(&format!("{words:?} in the log of Postfix"), PATIENCE, async || {
        Ok(postfix.log().lines().any(|line| words.iter().all(|word| line.contains(word))))
    })
    .await
}
