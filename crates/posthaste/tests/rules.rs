//! What rules decide and who gets a post, seen from outside: LMTP in, a sink out, the command line beside.

use std::time::Duration;

use anyhow::{Result, ensure};
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, ServerOptions, Sink};

const LIST: &str = "test@example.org";
/// How long anything may take. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with these lines in its configuration, a list of three members, and a sink that keeps what it gets.
async fn stand(extra: &str) -> Result<(Server, Sink, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let options = ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr());
    let server = Server::started(options.extra(extra)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    Ok((server, sink, members))
}

/// Sends a post with this id; `rest` is what stands behind From, To and Message-ID.
async fn post(server: &Server, from: &str, to: &str, id: &str, rest: &str) -> Result<()> {
    let text = format!("From: {from}\nTo: {to}\nMessage-ID: <{id}@x.example>\n{rest}").replace('\n', "\r\n");
    let lists: Vec<_> =
        to.split(", ").filter(|a| a.ends_with("@example.org")).map(ToOwned::to_owned).collect();
    let sent = server.source().send(Job::new(id, from, lists.clone(), text.as_bytes())).await?;
    ensure!(sent.accepted == lists.len(), "{sent:?}");
    Ok(())
}

/// Waits until everything that was posted is decided and delivered.
async fn settled(server: &Server) -> Result<()> {
    for stage in ["incoming", "out"] {
        server.wait_for_depth(stage, 0, PATIENCE).await?;
    }
    Ok(())
}

fn times(sink: &Sink, id: &str, member: &str) -> u32 {
    sink.tally().times(&format!("<{id}@x.example>"), member)
}

fn everything(sink: &Sink) -> Vec<std::sync::Arc<Caught>> {
    sink.read(|tally| tally.caught().to_vec())
}

#[tokio::test]
async fn the_moderators_password_opens_the_list_and_reaches_nobody() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    server.run(&["list", "set", LIST, "emergency", "yes"]).await?;
    let told = server.run(&["list", "set", LIST, "moderator_password", "s3cret-word"]).await?;
    ensure!(!told.contains("s3cret-word"), "{told}");
    ensure!(!server.run(&["list", "show", LIST]).await?.contains("s3cret-word"), "kept as a hash");
    post(&server, &members[0], LIST, "head", "Subject: a\nApproved: s3cret-word\n\nHello\n").await?;
    post(&server, "far@away.example", LIST, "body", "Subject: b\n\nApproved: s3cret-word\n\nHello\n").await?;
    post(&server, &members[0], LIST, "wrong", "Subject: c\nApproved: s3cret-wold\n\nHello\n").await?;
    settled(&server).await?;
    for member in &members {
        assert_eq!((times(&sink, "head", member), times(&sink, "body", member)), (1, 1), "{member}");
        assert_eq!(times(&sink, "wrong", member), 0);
    }
    for caught in everything(&sink) {
        let text = caught.text();
        ensure!(!text.contains("s3cret"), "{text}");
    }
    server.ledger_adds_up().await
}

#[tokio::test]
async fn header_matches_are_pythons_and_hopeless_ones_are_refused() -> Result<()> {
    let site = "[rules]\nheader_checks = [\"X-Virus: ^yes\"]\nheader_action = \"discard\"\n";
    let (server, sink, members) = stand(site).await?;
    server.run(&["header-match", "add", LIST, "Subject", r"\Abuy\Z|[[]spam]", "--action", "reject"]).await?;
    let refused = server.cli(&["header-match", "add", LIST, "Subject", r"(a)\1"]).await?;
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && error.contains("refers back"), "{error}");
    for (id, head) in [
        ("spam", "Subject: [spam] x\n"),
        ("virus", "Subject: x\nX-Virus: YES\n"),
        ("part", "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nX-Virus: yes\n\nx\n--b--\n"),
        ("good", "Subject: buyer\n"),
    ] {
        post(&server, &members[0], LIST, id, &format!("{head}\nHello\n")).await?;
    }
    settled(&server).await?;
    let got: Vec<_> = ["spam", "virus", "part", "good"].map(|id| times(&sink, id, &members[1])).to_vec();
    assert_eq!(got, [0, 0, 0, 1]);
    let traced = server.run(&["trace", "<spam@x.example>"]).await?;
    ensure!(traced.contains("rejected") && traced.contains("subject matches"), "{traced}");
    let traced = server.run(&["trace", "<virus@x.example>"]).await?;
    ensure!(traced.contains("discarded") && traced.contains("site"), "{traced}");
    server.ledger_adds_up().await
}

#[tokio::test]
async fn bans_hold_for_posts_and_for_mail_to_owners() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    server.run(&["ban", "add", r"^.*@spam\.example"]).await?;
    server.run(&["ban", "add", &members[0], "--list", LIST]).await?;
    post(&server, "x@spam.example", LIST, "a", "Subject: a\n\nHello\n").await?;
    post(&server, "x@spam.example", "test-owner@example.org", "b", "Subject: b\n\nHello\n").await?;
    post(&server, &members[0], LIST, "c", "Subject: c\n\nHello\n").await?;
    post(&server, &members[1], "test-owner@example.org", "d", "Subject: d\n\nHello\n").await?;
    settled(&server).await?;
    let reached: Vec<_> =
        ["a", "b", "c", "d"].map(|id| sink.tally().reached(&format!("<{id}@x.example>"))).to_vec();
    assert_eq!(reached, [0, 0, 0, 1]);
    server.run(&["ban", "rm", &members[0], "--list", LIST]).await?;
    post(&server, &members[0], LIST, "e", "Subject: e\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(sink.tally().reached("<e@x.example>"), 3);
    Ok(())
}

#[tokio::test]
async fn an_owners_automatic_answer_does_not_go_round() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    let to = "test-owner@example.org";
    post(&server, "owner@example.org", to, "away", "Subject: away\nAuto-Submitted: auto-replied\n\nx\n")
        .await?;
    post(&server, "owner@example.org", to, "note", "Subject: note\n\nx\n").await?;
    post(&server, &members[0], to, "vacation", "Subject: away\nAuto-Submitted: auto-replied\n\nx\n").await?;
    post(&server, &members[0], to, "round", "Subject: x\nX-BeenThere: Test-Owner@example.org\n\nx\n").await?;
    settled(&server).await?;
    let reached = |id: &str| sink.tally().reached(&format!("<{id}@x.example>"));
    assert_eq!([reached("away"), reached("note"), reached("vacation"), reached("round")], [0, 1, 1, 0]);
    Ok(())
}

#[tokio::test]
async fn explain_says_why_and_what_other_settings_would_do() -> Result<()> {
    let (server, _sink, members) = stand("").await?;
    let message = format!("From: {}\r\nTo: {LIST}\r\n\r\nunsubscribe\r\n", members[0]);
    let told = server.run_with(&["list", "explain", LIST], message.as_bytes()).await?;
    for piece in [
        "no-subject",
        "administrivia",
        "looks like a command",
        "has no moderator_password",
        "The post would be: hold",
    ] {
        ensure!(told.contains(piece), "no {piece:?} in\n{told}");
    }
    let words = ["list", "explain", LIST, "--set", "emergency=yes", "--json"];
    let told: serde_json::Value = serde_json::from_str(&server.run_with(&words, message.as_bytes()).await?)?;
    let emergency =
        told["rules"].as_array().and_then(|r| r.iter().find(|r| r["rule"] == "emergency")).cloned();
    assert_eq!(emergency.map(|e| e["hit"].clone()), Some(true.into()), "{told}");
    post(&server, "far@away.example", LIST, "held", "Subject: s\n\nHello\n").await?;
    settled(&server).await?;
    let words = ["list", "explain", LIST, "--held", "--set", "default_nonmember_action=defer", "--json"];
    let told: serde_json::Value = serde_json::from_str(&server.run(&words).await?)?;
    assert_eq!((&told[0]["now"], &told[0]["then"]), (&"hold".into(), &"accept".into()), "{told}");
    let shown = server.run(&["list", "show", LIST, "default_nonmember_action"]).await?;
    ensure!(shown.trim() == "hold", "nothing is saved: {shown}");
    Ok(())
}

#[tokio::test]
async fn new_members_are_moderated_until_enough_of_their_posts_were_accepted() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    server.run(&["list", "set", LIST, "new_member_posts", "1"]).await?;
    post(&server, &members[0], LIST, "first", "Subject: a\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(sink.tally().reached("<first@x.example>"), 0, "held");
    server.run(&["moderate", "accept", "1"]).await?;
    sink.wait_until("the first post", PATIENCE, |t| t.reached("<first@x.example>") == 3).await?;
    post(&server, &members[0], LIST, "second", "Subject: b\n\nHello\n").await?;
    post(&server, &members[1], LIST, "other", "Subject: c\n\nHello\n").await?;
    settled(&server).await?;
    let reached = |id: &str| sink.tally().reached(&format!("<{id}@x.example>"));
    assert_eq!([reached("second"), reached("other")], [3, 0]);
    Ok(())
}

#[tokio::test]
async fn who_chose_topics_gets_those() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    server.run(&["list", "set", LIST, "topics", "bugs: ^bug\nnews: announce"]).await?;
    server.run(&["list", "set", LIST, "topics_enabled", "yes"]).await?;
    server.run(&["member", "topics", LIST, &members[1], "bugs"]).await?;
    server.run(&["member", "topics", LIST, &members[2], "news", "*"]).await?;
    let strange = server.cli(&["member", "topics", LIST, &members[2], "sports"]).await?;
    ensure!(!strange.status.success(), "there is no such topic");
    for (id, subject) in [("bug", "Bug 1"), ("news", "An announcement"), ("none", "Hello")] {
        post(&server, &members[0], LIST, id, &format!("Subject: {subject}\n\nHello\n")).await?;
    }
    settled(&server).await?;
    let got = |member: &str| ["bug", "news", "none"].map(|id| times(&sink, id, member));
    assert_eq!(got(&members[0]), [1, 1, 1], "who chose nothing gets all");
    assert_eq!(got(&members[1]), [1, 0, 0]);
    assert_eq!(got(&members[2]), [0, 1, 1]);
    let topics = everything(&sink).iter().filter(|c| c.text().contains("X-Topics: bugs\r\n")).count();
    ensure!(topics > 0, "the post bears its topic");
    server.run(&["member", "topics", LIST, &members[1], "--all"]).await?;
    post(&server, &members[0], LIST, "more", "Subject: Hello\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(times(&sink, "more", &members[1]), 1);
    Ok(())
}

#[tokio::test]
async fn a_post_to_two_lists_comes_once_to_who_is_on_both() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    let other = "other@example.org";
    server.run(&["list", "create", other]).await?;
    server
        .run_with(
            &["member", "add", other, "-"],
            format!("{}\n{}\nalone@x.example\n", members[0], members[1]).as_bytes(),
        )
        .await?;
    let both = format!("{LIST}, {other}");
    post(&server, &members[0], &both, "both", "Subject: a\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(times(&sink, "both", &members[1]), 1, "on both lists");
    assert_eq!((times(&sink, "both", &members[2]), times(&sink, "both", "alone@x.example")), (1, 1));
    assert_eq!(times(&sink, "both", &members[0]), 2, "an author sees that both lists sent it");
    // Held on one list: the other does not wait for it.
    server.run(&["list", "set", other, "emergency", "yes"]).await?;
    post(&server, &members[0], &both, "held", "Subject: b\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(times(&sink, "held", &members[1]), 1);
    // Switched off, each list sends.
    for list in [LIST, other] {
        server.run(&["list", "set", list, "one_copy_of_crossposts", "no"]).await?;
    }
    server.run(&["list", "set", other, "emergency", "no"]).await?;
    post(&server, &members[0], &both, "twice", "Subject: c\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!(times(&sink, "twice", &members[1]), 2);
    server.ledger_adds_up().await
}

#[tokio::test]
async fn lists_above_below_and_beside() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    let (above, beside) = ("above@example.org", "beside@example.org");
    for list in [above, beside] {
        server.run(&["list", "create", list]).await?;
    }
    server.run(&["list", "set", LIST, "umbrella_lists", above]).await?;
    // What the list above sends on, and what only says so.
    let text = |id: &str, mark: &str| {
        format!(
            "From: far@away.example\r\nTo: {above}\r\nSubject: x\r\nMessage-ID: <{id}@x.example>\r\n{mark}\r\nHello\r\n"
        )
    };
    let mark = format!("X-BeenThere: {above}\r\n");
    for (id, sender, mark) in [
        ("passed", "above-bounces+test=example.org@example.org", mark.as_str()),
        ("nomark", "above-bounces@example.org", ""),
        ("forged", "far@away.example", mark.as_str()),
    ] {
        server.source().send(Job::new(id, sender, vec![LIST.to_owned()], text(id, mark).as_bytes())).await?;
    }
    settled(&server).await?;
    let reached = |id: &str| sink.tally().reached(&format!("<{id}@x.example>"));
    assert_eq!([reached("passed"), reached("nomark"), reached("forged")], [3, 0, 0]);
    // Members of another list, too; and not those whom that list serves itself.
    server
        .run_with(&["member", "add", beside, "-"], format!("{}\nalone@x.example\n", members[1]).as_bytes())
        .await?;
    server.run(&["list", "set", LIST, "regular_include_lists", beside]).await?;
    post(&server, &members[0], LIST, "include", "Subject: a\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!((times(&sink, "include", "alone@x.example"), times(&sink, "include", &members[1])), (1, 1));
    for (key, value) in
        [("regular_include_lists", ""), ("regular_exclude_lists", beside), ("regular_exclude_ignore", "no")]
    {
        server.run(&["list", "set", LIST, key, value]).await?;
    }
    server.run(&["list", "set", beside, "emergency", "yes"]).await?;
    post(&server, &members[0], &format!("{LIST}, {beside}"), "exclude", "Subject: b\n\nHello\n").await?;
    settled(&server).await?;
    assert_eq!((times(&sink, "exclude", &members[1]), times(&sink, "exclude", &members[2])), (0, 1));
    Ok(())
}

#[tokio::test]
async fn p38_two_lists_on_each_other_settle_after_one_pass() -> Result<()> {
    let (server, sink, members) = stand("").await?;
    let other = "other@example.org";
    server.run(&["list", "create", other]).await?;
    server.run_with(&["member", "add", other, "-"], LIST.as_bytes()).await?;
    server.run_with(&["member", "add", LIST, "-"], other.as_bytes()).await?;
    for (list, above) in [(LIST, other), (other, LIST)] {
        server.run(&["list", "set", list, "umbrella_lists", above]).await?;
    }
    post(&server, &members[0], LIST, "loop", "Subject: a\n\nHello\n").await?;
    // The sink stands for the mail server: what is for a list of ours comes back to us.
    let mut passed = 0;
    loop {
        settled(&server).await?;
        let ours = |c: &std::sync::Arc<Caught>| c.recipients.iter().any(|r| r == LIST || r == other);
        let Some(back) = everything(&sink).into_iter().filter(ours).nth(passed) else { break };
        passed += 1;
        ensure!(passed <= 3, "it goes round and round");
        let to: Vec<_> = back.recipients.iter().filter(|r| *r == LIST || *r == other).cloned().collect();
        let sender = if to.iter().any(|r| r == other) {
            "test-bounces@example.org"
        } else {
            "other-bounces@example.org"
        };
        server.source().send(Job::new("again", sender, to, back.text().as_bytes())).await?;
    }
    assert_eq!(times(&sink, "loop", &members[1]), 1);
    assert_eq!(passed, 2, "to the other list, and from there back to be dropped");
    Ok(())
}

#[tokio::test]
async fn every_nth_post_has_envelope_senders_of_its_own() -> Result<()> {
    let (server, sink, members) = stand("[rules]\nverp_interval = 2\n").await?;
    for id in ["one", "two", "three"] {
        post(&server, &members[0], LIST, id, "Subject: a\n\nHello\n").await?;
        settled(&server).await?;
    }
    let sender = |id: &str| {
        sink.tally().sender(&format!("<{id}@x.example>"), &members[1]).unwrap_or_default().to_owned()
    };
    assert_eq!(sender("one"), "test-bounces@example.org");
    ensure!(sender("two").contains(&members[1].replace('@', "=")), "{}", sender("two"));
    assert_eq!(sender("three"), "test-bounces@example.org");
    Ok(())
}
