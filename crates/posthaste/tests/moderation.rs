//! Posts that wait for a moderator: by command line, by link, by answering the notice; claims, copies, time.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Port, Server, Sink, wait};
use serde_json::Value;
use support::{LIST, PATIENCE, options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STRANGER: &str = "stranger@far.example";
const OWNER: &str = "owner@example.org";

/// A server with pages, a list of three members with one owner, and a sink that keeps what it gets.
async fn server() -> Result<(Server, Sink, SocketAddr, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let web = Port::reserve()?;
    let pages = format!("[web]\nlisten = \"{}\"\nbase_url = \"https://lists.example.org/\"", web.addr());
    let server = Server::started(options(&sink).extra(&pages)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    Ok((server, sink, web.addr(), members))
}

async fn send(server: &Server, from: &str, to: &str, message: &str) -> Result<()> {
    let message = message.replace('\n', "\r\n");
    let sent = server.source().send(Job::new("x", from, vec![to.to_owned()], message.as_bytes())).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    Ok(())
}

/// A stranger's post, which is held.
async fn stranger_writes(server: &Server, id: &str) -> Result<()> {
    let message = format!(
        "From: Stan <{STRANGER}>\nTo: {LIST}\nSubject: Hi {id}\nMessage-ID: <{id}@x.example>\n\nThe text.\n"
    );
    send(server, STRANGER, LIST, &message).await
}

fn mails<'t>(tally: &'t posthaste_testkit::sink::Tally, to: &'t str) -> impl Iterator<Item = String> + 't {
    let theirs = move |c: &&std::sync::Arc<Caught>| c.recipients.iter().any(|r| r == to);
    tally.caught().iter().filter(theirs).map(|c| c.text())
}

/// Waits for a mail to `to` that has all of these words, quoted-printable line ends taken out.
async fn mail(sink: &Sink, to: &str, words: &[&str]) -> Result<String> {
    let found = |tally: &posthaste_testkit::sink::Tally| {
        mails(tally, to)
            .map(|text| text.replace("=\r\n", ""))
            .find(|text| words.iter().all(|w| text.contains(w)))
    };
    sink.wait_until(&format!("mail to {to} with {words:?}"), PATIENCE, |tally| found(tally).is_some())
        .await?;
    sink.read(|tally| found(tally)).context("it was there")
}

/// Waits until so many posts wait, and gives them.
async fn waiting(server: &Server, count: usize) -> Result<Vec<Value>> {
    let look = async || -> Result<Vec<Value>> {
        let told: Value = serde_json::from_str(&server.run(&["--json", "moderate", "ls"]).await?)?;
        Ok(told.as_array().cloned().unwrap_or_default())
    };
    wait::until(&format!("{count} posts wait"), PATIENCE, async || Ok(look().await?.len() == count)).await?;
    look().await
}

async fn everybody_has(sink: &Sink, id: &str, members: &[String]) -> Result<()> {
    let id = format!("<{id}@x.example>");
    sink.wait_until(&id, PATIENCE, |tally| members.iter().all(|m| tally.times(&id, m) > 0)).await?;
    for member in members {
        assert_eq!(sink.tally().times(&id, member), 1, "{member}");
    }
    Ok(())
}

async fn ask(web: SocketAddr, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(web).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: lists.example.org\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The path behind the link with this ending in a notice.
fn link(notice: &str, offered: &str) -> Result<String> {
    let links = notice.split("https://lists.example.org").skip(1);
    let mut paths = links.filter_map(|rest| rest.split_whitespace().next());
    paths.find(|path| path.ends_with(offered)).map(str::to_owned).with_context(|| notice.to_owned())
}

#[tokio::test]
async fn accepted_rejected_and_discarded_on_the_command_line() -> Result<()> {
    let (server, sink, _, members) = server().await?;
    for id in ["a", "r", "d"] {
        stranger_writes(&server, id).await?;
        mail(&sink, OWNER, &[&format!("Hi {id}")]).await?;
    }
    let posts = waiting(&server, 3).await?;
    let number = |at: usize| posts[at]["number"].to_string();
    let shown = server.run(&["moderate", "show", &number(0)]).await?;
    for words in ["The text.", STRANGER, "Hi a", "not from a list member"] {
        ensure!(shown.contains(words), "no {words:?} in {shown}");
    }
    server.run(&["moderate", "accept", &number(0), "--by", "anne"]).await?;
    everybody_has(&sink, "a", &members).await?;
    let copy = mail(&sink, &members[0], &["Hi a"]).await?;
    ensure!(copy.contains("X-Mailman-Approved-At: ") && copy.contains("Subject: [Test] Hi a"), "{copy}");

    let told =
        server.run(&["moderate", "reject", &number(1), "--reason", "Bitte kürzer", "--by", "anne"]).await?;
    ensure!(told.contains("rejected"), "{told}");
    let refusal = mail(&sink, STRANGER, &["declined"]).await?;
    ensure!(refusal.contains("Auto-Submitted: auto-replied") && refusal.contains("Hi r"), "{refusal}");
    ensure!(refusal.contains("Bitte k") && refusal.contains("The text."), "{refusal}");

    server
        .run(&[
            "moderate",
            "discard",
            &number(2),
            "--by",
            "bo",
            "--preserve",
            "--forward",
            "carl@far.example",
        ])
        .await?;
    let forwarded = mail(&sink, "carl@far.example", &["Hi d"]).await?;
    ensure!(
        forwarded.contains("message/rfc822") && forwarded.contains("bo on the command line"),
        "{forwarded}"
    );
    waiting(&server, 0).await?;
    wait::until("it is kept", PATIENCE, async || {
        Ok(server.run(&["moderate", "ls", "--preserved"]).await?.contains("Hi d"))
    })
    .await?;
    let again = server.cli(&["moderate", "accept", &number(2), &number(0)]).await?;
    ensure!(again.status.code() == Some(1), "decided twice");
    let why = String::from_utf8_lossy(&again.stderr).into_owned();
    ensure!(
        why.contains("by bo on the command line") && why.contains("accept was decided before, by anne"),
        "{why}"
    );
    server.run(&["moderate", "rm", &number(2)]).await?;

    let audit: Value = serde_json::from_str(&server.run(&["--json", "audit", "ls", "--who", "anne"]).await?)?;
    let actions: Vec<_> = audit.as_array().context("rows")?.iter().map(|r| r["action"].clone()).collect();
    assert_eq!(actions, ["reject", "accept"]);
    ensure!(
        audit[0]["after"]["reason"] == "Bitte kürzer" && audit[0]["before"]["sender"] == STRANGER,
        "{audit}"
    );
    server.run(&["audit", "verify"]).await?;
    assert_eq!(sink.tally().reached("<r@x.example>"), 0, "nobody got the rejected post");
    assert_eq!(sink.tally().reached("<d@x.example>"), 0, "nobody got the discarded post");
    server.ledger_adds_up().await
}

/// The links in an owner's notice: looking decides nothing, one POST does, a second one is told who was first.
#[tokio::test]
async fn a_moderator_decides_by_the_link_in_the_notice() -> Result<()> {
    let (server, sink, web, members) = server().await?;
    stranger_writes(&server, "w").await?;
    let notice = mail(&sink, OWNER, &["Hi w"]).await?;
    let accept = link(&notice, "?do=accept")?;
    let path = accept.trim_end_matches("?do=accept");
    for offered in ["", "?do=accept", "?do=reject", "?do=discard"] {
        let page = ask(web, "GET", &format!("{path}{offered}"), "").await?;
        ensure!(page.starts_with("HTTP/1.1 200") && page.contains("The text."), "{page}");
    }
    waiting(&server, 1).await?;
    let forged = ask(web, "POST", &format!("{path}x"), "do=accept").await?;
    ensure!(forged.starts_with("HTTP/1.1 403"), "{forged}");
    let done = ask(web, "POST", path, "do=accept").await?;
    ensure!(done.starts_with("HTTP/1.1 200"), "{done}");
    everybody_has(&sink, "w", &members).await?;
    let again = ask(web, "POST", path, "do=discard").await?;
    ensure!(again.starts_with("HTTP/1.1 409") && again.contains("decided before"), "{again}");

    // Who is no owner any more has a link that is worth nothing.
    stranger_writes(&server, "x").await?;
    let notice = mail(&sink, OWNER, &["Hi x"]).await?;
    let path = link(&notice, "?do=accept")?;
    server.run_with(&["member", "add", LIST, "-", "--role", "owner"], b"new@example.org\n").await?;
    server.run(&["member", "rm", LIST, OWNER, "--role", "owner"]).await?;
    let refused = ask(web, "POST", path.trim_end_matches("?do=accept"), "do=accept").await?;
    ensure!(refused.starts_with("HTTP/1.1 409"), "{refused}");
    ensure!(ask(web, "GET", &path, "").await?.starts_with("HTTP/1.1 410"));
    waiting(&server, 1).await?;
    server.ledger_adds_up().await
}

/// A moderator answers the notice: the first word decides, silence and machines do not, and nobody else's answer counts.
#[tokio::test]
async fn a_moderator_decides_by_answering_the_notice() -> Result<()> {
    let (server, sink, _, members) = server().await?;
    let answer = async |to: &str, more: &str, text: &str| {
        // What From says is believed by nobody.
        let message =
            format!("From: somebody@else.example\nTo: <{to}>\nSubject: Re: waits\n{more}\n{text}\n");
        send(&server, OWNER, to, &message).await
    };
    let address = async |id: &str| -> Result<String> {
        stranger_writes(&server, id).await?;
        let notice = mail(&sink, OWNER, &[&format!("Hi {id}"), "waits for you"]).await?;
        let line = notice.lines().find_map(|l| l.strip_prefix("Reply-To: ")).context("an answer address")?;
        ensure!(line.starts_with("test-confirm+m"), "{line}");
        Ok(line.trim().to_owned())
    };
    let to = address("y").await?;
    answer(&to, "", "What is this?\n> accept").await?;
    mail(&sink, OWNER, &["does not begin with a word that decides"]).await?;
    answer(&to, "Auto-Submitted: auto-replied\n", "accept").await?;
    answer(&to.replace("+m", "+m9"), "", "discard").await?;
    answer(&to, "", "claim").await?;
    mail(&sink, OWNER, &["is in your hands"]).await?;
    let waits = waiting(&server, 1).await?;
    ensure!(waits[0]["claimed_by"] == OWNER, "{waits:?}");
    answer(&to, "", "\nAccept.\n\n> A post waits").await?;
    everybody_has(&sink, "y", &members).await?;
    mail(&sink, OWNER, &["Accepted: the post goes to the list now"]).await?;
    answer(&to, "", "discard").await?;
    mail(&sink, OWNER, &["Nothing was done: it was decided before (accept"]).await?;

    let to = address("z").await?;
    answer(&to, "", "reject\nToo long.\n-- \nAnne").await?;
    let refusal = mail(&sink, STRANGER, &["declined", "Hi z"]).await?;
    ensure!(refusal.contains("Too long.") && !refusal.contains("Anne"), "{refusal}");
    let to = address("u").await?;
    answer(&to, "", "discard").await?;
    mail(&sink, OWNER, &["Discarded: nobody gets the post"]).await?;
    waiting(&server, 0).await?;
    let audit = server.run(&["audit", "ls"]).await?;
    ensure!(audit.contains("owner@example.org by mail") && !audit.contains("somebody@else"), "{audit}");
    server.ledger_adds_up().await
}

/// What one moderator has in hand the others leave alone, until it is given back or taken by force.
#[tokio::test]
async fn a_claim_keeps_two_moderators_apart() -> Result<()> {
    let (server, sink, web, members) = server().await?;
    stranger_writes(&server, "c").await?;
    let notice = mail(&sink, OWNER, &["Hi c"]).await?;
    let number = waiting(&server, 1).await?[0]["number"].to_string();
    let path = link(&notice, "?do=accept")?;
    let path = path.trim_end_matches("?do=accept");
    let claimed = ask(web, "POST", path, "do=claim").await?;
    ensure!(claimed.starts_with("HTTP/1.1 200"), "{claimed}");
    ensure!(waiting(&server, 1).await?[0]["claimed_by"] == OWNER);
    let other = server.cli(&["moderate", "discard", &number, "--by", "bo"]).await?;
    let why = String::from_utf8_lossy(&other.stderr).into_owned();
    ensure!(other.status.code() == Some(1) && why.contains("owner@example.org has it in hand"), "{why}");
    ensure!(!server.cli(&["moderate", "claim", &number, "--by", "bo"]).await?.status.success());
    server.run(&["moderate", "release", &number]).await?;
    server.run(&["moderate", "claim", &number, "--by", "bo"]).await?;
    let late = ask(web, "POST", path, "do=accept").await?;
    ensure!(late.starts_with("HTTP/1.1 409") && late.contains("bo has it in hand"), "{late}");
    let forced = ask(web, "POST", path, "do=accept&force=yes").await?;
    ensure!(forced.starts_with("HTTP/1.1 200"), "{forced}");
    everybody_has(&sink, "c", &members).await
}

/// Decided while the server is down: carried out when it is back, once, though it is killed again and again meanwhile.
#[tokio::test]
async fn a_decision_outlives_the_server() -> Result<()> {
    let (mut server, sink, _, members) = server().await?;
    for id in ["k", "l"] {
        stranger_writes(&server, id).await?;
        mail(&sink, OWNER, &[&format!("Hi {id}")]).await?;
    }
    let posts = waiting(&server, 2).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    server.sigkill().await?;
    let told = server.run(&["moderate", "accept", &posts[0]["number"].to_string()]).await?;
    ensure!(told.contains("when the server runs"), "{told}");
    let told = server.run(&["moderate", "reject", &posts[1]["number"].to_string()]).await?;
    ensure!(told.contains("when the server runs"), "{told}");
    server.start().await?;
    mail(&sink, STRANGER, &["declined", "Hi l"]).await?;
    server.wait_for_depth("incoming", 1, PATIENCE).await?;
    for _ in 0..2 {
        server.sigkill().await?;
        server.start().await?;
    }
    server.run(&["queue", "resume", "incoming"]).await?;
    everybody_has(&sink, "k", &members).await?;
    waiting(&server, 0).await?;
    server.sigkill().await?;
    server.start().await?;
    // A marker behind everything: what the new server had to do is done.
    let message =
        format!("From: {0}\nTo: {LIST}\nSubject: End\nMessage-ID: <end@x.example>\n\nx\n", members[0]);
    send(&server, &members[0], LIST, &message).await?;
    everybody_has(&sink, "end", &members).await?;
    everybody_has(&sink, "k", &members).await?;
    let refusals = sink.read(|tally| mails(tally, STRANGER).filter(|m| m.contains("declined")).count());
    assert_eq!(refusals, 1, "one refusal");
    server.ledger_adds_up().await
}

/// Moderators who want to see what rules drop see it, but not what comes round in circles.
#[tokio::test]
async fn dropped_posts_are_shown_to_moderators_who_want_it() -> Result<()> {
    let (server, sink, _, _) = server().await?;
    server.run(&["list", "set", LIST, "default_nonmember_action", "discard"]).await?;
    stranger_writes(&server, "gone").await?;
    server.run(&["list", "set", LIST, "forward_auto_discards", "yes"]).await?;
    let looped = format!(
        "From: {STRANGER}\nTo: {LIST}\nSubject: Round\nMessage-ID: <loop@x.example>\nX-BeenThere: {LIST}\n\nx\n"
    );
    send(&server, STRANGER, LIST, &looped).await?;
    stranger_writes(&server, "seen").await?;
    let shown = mail(&sink, OWNER, &["Hi seen", "was dropped"]).await?;
    ensure!(shown.contains("message/rfc822") && shown.contains("The text."), "{shown}");
    let owners = sink.read(|tally| mails(tally, OWNER).count());
    assert_eq!(owners, 1, "neither before it was switched on, nor the loop");
    Ok(())
}

/// `max_days_to_hold` and the daily reminder; and a clock that jumps for a moment drops nothing (P19).
#[tokio::test]
async fn what_waits_is_told_daily_and_dropped_when_its_time_is_over() -> Result<()> {
    let sink = Sink::keeping().await?;
    let folder = tempfile::tempdir()?;
    let wall = folder.path().join("wall");
    std::fs::write(&wall, "+0")?;
    let mut server = Server::started(options(&sink).wall_clock(&wall)?).await?;
    server.list_with_members(LIST, 1).await?;
    server.run(&["list", "set", LIST, "max_days_to_hold", "3"]).await?;
    stranger_writes(&server, "t").await?;
    mail(&sink, OWNER, &["Hi t", "waits for you"]).await?;
    let reminders = |sink: &Sink| {
        sink.read(|t| mails(t, OWNER).filter(|m| m.contains("waiting for a moderator")).count())
    };
    let hour = 3_600;
    // Chores are done at each start.
    for (at, reminded, waits) in [
        (hour, 0, 1),
        (25 * hour, 1, 1),
        (26 * hour, 1, 1),
        // Ten years for a moment, and back.
        (87_600 * hour, 2, 1),
        (49 * hour, 3, 1),
        (73 * hour, 4, 1),
        (75 * hour, 4, 0),
    ] {
        std::fs::write(&wall, format!("+{at}"))?;
        server.restart().await?;
        wait::until(&format!("{reminded} reminders"), PATIENCE, async || Ok(reminders(&sink) >= reminded))
            .await?;
        waiting(&server, waits).await?;
        assert_eq!(reminders(&sink), reminded, "after {} hours", at / hour);
    }
    assert_eq!(sink.tally().reached("<t@x.example>"), 0);
    let audit = server.run(&["audit", "ls"]).await?;
    ensure!(audit.contains("posthaste by itself"), "{audit}");
    Ok(())
}
