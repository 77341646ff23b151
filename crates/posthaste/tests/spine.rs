//! What a list does to a post, seen from outside: LMTP in, a sink out, the command line beside.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::{Job, Outcome};
use posthaste_testkit::{Server, ServerOptions, Sink};

const LIST: &str = "test@example.org";
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with a list of three members and a sink that keeps what it gets.
async fn spine() -> Result<(Server, Sink, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let server =
        Server::started(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr())).await?;
    let members = server.list_with_members(LIST, 3).await?;
    Ok((server, sink, members))
}

/// A post with these fields and this text, from `from` to `to`.
async fn post(server: &Server, from: &str, to: &str, message: &str) -> Result<Outcome> {
    let message = message.replace('\n', "\r\n");
    server.source().send(Job::new("x", from, vec![to.to_owned()], message.as_bytes())).await
}

fn message(from: &str, id: &str, more: &str) -> String {
    format!("From: {from}\nTo: {LIST}\nSubject: Hi\nMessage-ID: <{id}@x.example>\n{more}\nThe text.\n")
}

/// The copy of `recipient`, as text.
fn copy(sink: &Sink, recipient: &str) -> Option<String> {
    sink.read(|tally| {
        let theirs = |c: &&std::sync::Arc<Caught>| c.recipients.iter().any(|r| r == recipient);
        tally.caught().iter().find(theirs).map(|c| c.text())
    })
}

/// Waits until `recipient` has a copy.
async fn copy_for(sink: &Sink, recipient: &str) -> Result<String> {
    let got = |tally: &posthaste_testkit::sink::Tally| {
        tally.caught().iter().any(|c| c.recipients.iter().any(|r| r == recipient))
    };
    sink.wait_until(&format!("mail for {recipient}"), PATIENCE, got).await?;
    copy(sink, recipient).context("a copy")
}

#[tokio::test]
async fn a_post_reaches_every_member_as_the_list_dresses_it() -> Result<()> {
    let (server, sink, members) = spine().await?;
    let sent = post(
        &server,
        &members[0],
        LIST,
        &message(&members[0], "a", "Approved: secret\nX-Keep: as  it\tis\n"),
    )
    .await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    sink.wait_for(3, PATIENCE).await?;
    let tally = sink.tally();
    for member in &members {
        assert_eq!(tally.times("<a@x.example>", member), 1, "{member}");
        assert_eq!(tally.sender("<a@x.example>", member), Some("test-bounces@example.org"));
    }
    let copy = copy(&sink, &members[1]).context("a copy")?;
    for line in [
        "Subject: [Test] Hi\r\n",
        "List-Id: <test.example.org>\r\n",
        "List-Post: <mailto:test@example.org>\r\n",
        "List-Unsubscribe: <mailto:test-leave@example.org>\r\n",
        "Precedence: list\r\n",
        "X-Keep: as  it\tis\r\n",
        "The text.\r\n",
        "Test mailing list -- test@example.org\r\n",
    ] {
        assert!(copy.contains(line), "no {line:?} in\n{copy}");
    }
    assert!(!copy.contains("secret"), "{copy}");
    let traced = server.run(&["trace", "<a@x.example>", "--recipients"]).await?;
    assert!(traced.contains("delivered") && traced.contains(&members[2]), "{traced}");
    Ok(())
}

#[tokio::test]
async fn personal_copies_have_verp_senders_and_their_own_footers() -> Result<()> {
    let (server, sink, members) = spine().await?;
    server.run(&["list", "set", LIST, "personalize", "individual"]).await?;
    server.run(&["list", "set", LIST, "footer", "for $user_email\n"]).await?;
    post(&server, &members[0], LIST, &message(&members[0], "v", "")).await?;
    sink.wait_for(3, PATIENCE).await?;
    for member in &members {
        let verp = format!("test-bounces+{}+", member.replace('@', "="));
        let tally = sink.tally();
        let sender = tally.sender("<v@x.example>", member).context("a sender")?;
        let tag = sender.strip_prefix(&verp).and_then(|rest| rest.strip_suffix("@example.org"));
        assert_eq!(tag.map(str::len), Some(26), "{sender}: 128 bits of signature");
        let copy = copy(&sink, member).context("a copy")?;
        assert!(copy.ends_with(&format!("The text.\r\nfor {member}\r\n")), "{copy}");
    }
    Ok(())
}

#[tokio::test]
async fn a_nonmembers_post_is_held_with_its_message_and_both_sides_are_told() -> Result<()> {
    let (server, sink, _) = spine().await?;
    post(&server, "stranger@far.example", LIST, &message("stranger@far.example", "h", "")).await?;
    let owner = copy_for(&sink, "owner@example.org").await?;
    assert!(owner.contains("It waits because:") && owner.contains("The text."), "{owner}");
    let author = copy_for(&sink, "stranger@far.example").await?;
    assert!(author.contains("Auto-Submitted: auto-replied"), "{author}");
    assert!(author.contains("Your message to"), "{author}");
    let traced = server.run(&["trace", "<h@x.example>"]).await?;
    assert!(traced.contains("held") && traced.contains("not from a list member"), "{traced}");
    assert_eq!(sink.tally().reached("<h@x.example>"), 0, "nobody got the post itself");
    server.ledger_adds_up().await
}

#[tokio::test]
async fn rejected_posts_go_back_discarded_ones_nowhere() -> Result<()> {
    let (server, sink, _) = spine().await?;
    server.run(&["list", "set", LIST, "default_nonmember_action", "reject"]).await?;
    post(&server, "stranger@far.example", LIST, &message("stranger@far.example", "r", "")).await?;
    let notice = copy_for(&sink, "stranger@far.example").await?;
    assert!(notice.contains("was not accepted") && notice.contains("message/rfc822"), "{notice}");
    server.run(&["list", "set", LIST, "default_nonmember_action", "discard"]).await?;
    post(&server, "other@far.example", LIST, &message("other@far.example", "d", "")).await?;
    // The null path must not be answered (P36), so this one leaves no mail either.
    server.run(&["list", "set", LIST, "default_nonmember_action", "reject"]).await?;
    post(&server, "", LIST, &message("third@far.example", "n", "")).await?;
    for id in ["<d@x.example>", "<n@x.example>"] {
        posthaste_testkit::wait::until(id, PATIENCE, async || {
            let traced = server.cli(&["trace", id]).await?;
            let traced = String::from_utf8_lossy(&traced.stdout).into_owned();
            Ok(traced.contains("discarded") || traced.contains("rejected"))
        })
        .await?;
    }
    assert_eq!(sink.tally().accepted(), 1, "only the one notice");
    server.ledger_adds_up().await
}

#[tokio::test]
async fn mail_for_the_owners_goes_to_the_owners() -> Result<()> {
    let (server, sink, _) = spine().await?;
    post(
        &server,
        "stranger@far.example",
        "test-owner@example.org",
        &message("stranger@far.example", "o", ""),
    )
    .await?;
    let copy = copy_for(&sink, "owner@example.org").await?;
    assert!(copy.contains("The text."), "{copy}");
    assert_eq!(sink.tally().reached("<o@x.example>"), 1);
    Ok(())
}

#[tokio::test]
async fn every_address_of_a_list_is_known_and_no_other() -> Result<()> {
    let (server, _sink, members) = spine().await?;
    for (address, known) in [
        ("test@example.org", true),
        ("TEST@Example.Org", true),
        ("test+tag@example.org", true),
        ("test-request@example.org", true),
        ("test-join@example.org", true),
        ("test-subscribe@example.org", true),
        ("test-leave@example.org", true),
        ("test-unsubscribe@example.org", true),
        ("test-confirm+0123456789abcdef@example.org", true),
        ("test-bounces+anne=example.com@example.org", true),
        ("test-owner@example.org", true),
        ("test-bogus@example.org", false),
        ("nobody@example.org", false),
        ("test@elsewhere.example", false),
    ] {
        let sent = post(&server, &members[0], address, &message(&members[0], address, "")).await?;
        assert_eq!(sent.accepted == 1, known, "{address}: {sent:?}");
        if !known {
            assert!(sent.refusals[0].contains("550 5.1.1"), "{address}: {sent:?}");
        }
    }
    server.wait_for_depth("command", 0, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn changes_by_command_line_hold_for_the_next_post() -> Result<()> {
    let (server, sink, members) = spine().await?;
    server.run(&["list", "set", LIST, "subject_prefix", "{new} "]).await?;
    server.run_with(&["member", "add", LIST, "-"], b"Late Comer <Late@rcpt.example>\n").await?;
    server.run(&["member", "rm", LIST, &members[2]]).await?;
    server.run(&["list", "create", "second@example.org"]).await?;
    post(&server, &members[0], LIST, &message(&members[0], "c", "")).await?;
    sink.wait_for(3, PATIENCE).await?;
    let copy = copy_for(&sink, "Late@rcpt.example").await?;
    assert!(copy.contains("Subject: {new} Hi\r\n"), "{copy}");
    assert_eq!(sink.tally().times("<c@x.example>", &members[2]), 0);
    let sent = post(&server, &members[0], "second@example.org", &message(&members[0], "s", "")).await?;
    assert_eq!(sent.accepted, 1, "a list made while the server runs is known at once: {sent:?}");
    Ok(())
}

#[tokio::test]
async fn a_paused_stage_rests_across_a_restart_until_it_is_resumed() -> Result<()> {
    let (mut server, sink, members) = spine().await?;
    server.run(&["queue", "pause", "out"]).await?;
    post(&server, &members[0], LIST, &message(&members[0], "p", "")).await?;
    posthaste_testkit::wait::until("the post is planned", PATIENCE, async || {
        Ok(server.run(&["--json", "queue", "ls", "--stage", "out"]).await?.contains(LIST))
    })
    .await?;
    server.restart().await?;
    assert!(server.status().await?["stages"]["out"]["paused"].as_bool().unwrap_or_default());
    assert_eq!(sink.tally().accepted(), 0);
    server.run(&["queue", "resume", "out"]).await?;
    sink.wait_for(3, PATIENCE).await?;
    Ok(())
}
