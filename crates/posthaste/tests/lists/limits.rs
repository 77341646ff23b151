//! What no mail and no owner may do: go round in circles, or have the program search for ever.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::scene::{ANNE, OWNER, Scene};
use crate::support::LIST;

const BART: &str = "bart@far.example";

/// P34: patterns are weighed where they are typed, wherever that is; those that pass never take long.
#[tokio::test]
async fn p34_patterns_that_are_too_much_are_refused_at_every_door() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    let long = format!("^{}@x", "a".repeat(1_024));
    let large = "^(?:(?:a{100}){100}){100}@x";
    let (list_long, list_large) = (format!("Subject: {long}"), format!("Subject: {large}"));
    let (topic_long, topic_large) = (format!("t: {long}"), format!("t: {large}"));
    let doors: [(&[&str], &str, &str); 6] = [
        (&["ban", "add"], &long, large),
        (&["header-match", "add", LIST, "Subject"], &long, large),
        (&["list", "set", LIST, "hold_these_nonmembers"], &long, large),
        (&["list", "set", LIST, "acceptable_aliases"], &long, large),
        (&["list", "set", LIST, "bounce_matching_headers"], &list_long, &list_large),
        (&["list", "set", LIST, "topics"], &topic_long, &topic_large),
    ];
    for (door, long, large) in doors {
        for (pattern, why) in [(long, "at most 1024 are allowed"), (large, "too large once compiled")] {
            let words: Vec<_> = door.iter().copied().chain([pattern]).collect();
            let refused = scene.server.cli(&words).await?;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            ensure!(!refused.status.success() && said.contains(why), "{door:?}: {said}");
        }
    }
    // What elsewhere takes for ever, over the longest field there is.
    for hopeless in ["^(a+)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)(.*)(.*)[^ab]$"] {
        scene.server.run(&["header-match", "add", LIST, "X-Long", hopeless, "--action", "discard"]).await?;
    }
    scene.add(&[ANNE, BART]).await?;
    let mut field = String::from("Subject: long\nX-Long: ");
    for _ in 0..60 {
        writeln!(field, "{}", "a".repeat(900))?;
        field.push(' ');
    }
    field.push('!');
    let id = scene.mail(ANNE, LIST, &field, "The text.").await?;
    scene.quiet().await?;
    let traced = scene.server.run(&["trace", &id]).await?.to_lowercase();
    ensure!(traced.contains("discarded") && traced.contains("x-long"), "{traced}");
    scene.server.ledger_adds_up().await
}

/// P38: what this list or another sent, and what has come round too often, goes no further by any of the list's addresses.
#[tokio::test]
async fn p38_nothing_goes_round_by_any_address() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "open"), ("forward_auto_discards", "yes")]).await?;
    scene
        .set(&[("autorespond_owner", "respond_and_continue"), ("autoresponse_owner_text", "Thank you.")])
        .await?;
    scene
        .set(&[
            ("autorespond_postings", "respond_and_continue"),
            ("autoresponse_postings_text", "Thank you."),
        ])
        .await?;
    scene
        .set(&[("autorespond_requests", "respond_and_continue"), ("autoresponse_request_text", "Thank you.")])
        .await?;
    scene.add(&[ANNE, BART]).await?;
    let hops: String = (0..51)
        .map(|n| format!("Received: from h{n} by h{}; Mon, 1 Jan 2024 00:00:00 +0000\n", n + 1))
        .collect();
    let mut ids = vec![];
    for to in ["test", "test-owner", "test-request", "test-join", "test-leave", "test-confirm"] {
        let to = format!("{to}@example.org");
        let ours = "X-BeenThere: Test@Example.ORG\nList-Id: <test.example.org>\n";
        let been = if to.starts_with("test-owner") { "X-BeenThere: Test-Owner@Example.ORG\n" } else { ours };
        for mark in [been, hops.as_str()] {
            ids.push(scene.mail(ANNE, &to, &format!("{mark}Subject: round"), "help").await?);
        }
    }
    scene.quiet().await?;
    let came: Vec<_> = [ANNE, BART].iter().flat_map(|who| scene.got(who)).collect();
    let round: Vec<_> = ids.iter().filter(|id| scene.sink.tally().reached(id) > 0).collect();
    ensure!(round.is_empty(), "{round:?} went on");
    ensure!(came.iter().all(|mail| !mail.subject.contains("round")), "{came:?}");
    ensure!(scene.got(OWNER).iter().all(|mail| !mail.raw.contains("Subject: round")), "shown to the owners");
    scene.server.ledger_adds_up().await
}
