//! People whom somebody else brings: invited, or made members together.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::scene::{ANNE, OWNER, Scene};
use crate::support::LIST;

/// What `member subscribe` tells as JSON.
async fn subscribe(scene: &Scene, people: &str, more: &[&str]) -> Result<Value> {
    let mut words = vec!["--json", "member", "subscribe", LIST, "-"];
    words.extend_from_slice(more);
    Ok(serde_json::from_str(&scene.server.run_with(&words, people.as_bytes()).await?)?)
}

#[tokio::test]
async fn who_is_invited_joins_by_answering_and_needs_no_moderator() -> Result<()> {
    let scene =
        Scene::with(&[("subscription_policy", "confirm_then_moderate"), ("admin_notify_mchanges", "yes")])
            .await?;
    let told = subscribe(
        &scene,
        "Anne Person <Anne@far.example>\nbart@far.example\n",
        &["--invite", "--digest", "mime"],
    )
    .await?;
    assert_eq!((&told["done"], told["refused"].as_array().map(Vec::len)), (&2.into(), Some(0)), "{told}");
    let invited = scene.find(ANNE, &["invited to join"]).await?;
    ensure!(invited.all.contains("Auto-Submitted: auto-generated"), "{}", invited.all);
    ensure!(invited.all.contains("List-Unsubscribe: <https://lists.example.org/never/"), "{}", invited.all);
    ensure!(!scene.members().await?.contains("far.example"), "to be invited is not to join");
    scene.mail("Anne@far.example", &invited.answers_go_to(), "Subject: Re: x", "gladly").await?;
    scene.joins(ANNE).await?;
    let welcome = scene.find(ANNE, &["Welcome"]).await?;
    ensure!(welcome.subject.contains("digest mode"), "{}", welcome.subject);
    scene.find(OWNER, &["has joined", "Anne Person"]).await?;
    scene.requests(0).await?;
    // Once is once, and a page does as well as a mail.
    scene.mail(ANNE, &invited.answers_go_to(), "Subject: Re: x", "gladly").await?;
    scene.find(ANNE, &["Nothing waits here under this token"]).await?;
    let page = scene.find("bart@far.example", &["invited to join"]).await?.link("/confirm/")?;
    ensure!(scene.ask("GET", &page, "").await?.contains("Yes, it was me"));
    ensure!(!scene.members().await?.contains("bart"), "looking is not answering");
    ensure!(scene.ask("POST", &page, "").await?.contains("is now a member"));
    scene.joins("bart@far.example").await?;
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn an_invitation_to_one_list_is_none_to_another_and_the_banned_get_none() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.server.run(&["list", "create", "strict@example.org", "--owner", OWNER]).await?;
    scene.server.run(&["list", "set", "strict@example.org", "subscription_policy", "moderate"]).await?;
    scene.server.run(&["ban", "add", "bad@far.example"]).await?;
    scene.add(&["here@far.example"]).await?;
    let told = subscribe(
        &scene,
        "anne@far.example\nbad@far.example\nhere@far.example\ntest@example.org\n",
        &["--invite"],
    )
    .await?;
    assert_eq!((&told["done"], told["refused"].as_array().map(Vec::len)), (&1.into(), Some(3)), "{told}");
    let said = told["refused"].to_string();
    for why in ["bad@far.example may not be", "here@far.example is a member", "an address of the list itself"]
    {
        ensure!(said.contains(why), "no {why:?} in {said}");
    }
    let answer = scene.find(ANNE, &["invited to join"]).await?.answers_go_to();
    scene.mail(ANNE, &answer.replace("test-", "strict-"), "", "").await?;
    scene.find(ANNE, &["Nothing waits here under this token"]).await?;
    let strict = scene.server.run(&["member", "ls", "strict@example.org", "--role", "member"]).await?;
    ensure!(!strict.contains("far.example"), "{strict}");
    scene.quiet().await?;
    assert_eq!(scene.got("bad@far.example").len() + scene.got("here@far.example").len(), 0);
    Ok(())
}

/// P37: whoever invites, nobody gets more than three of these a day, and who wants none gets none.
#[tokio::test]
async fn p37_invitations_are_rationed_by_whom_they_go_to() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    for n in 0..4 {
        let list = format!("l{n}@example.org");
        scene.server.run(&["list", "create", &list]).await?;
        let words = ["member", "subscribe", &list, "-", "--invite"];
        scene.server.run_with(&words, format!("anne+{n}@far.example\n").as_bytes()).await?;
    }
    scene.quiet().await?;
    let asked: usize = (0..4).map(|n| scene.got(&format!("anne+{n}@far.example")).len()).sum();
    assert_eq!(asked, 3, "three a day for one mailbox, however it is spelled");
    let never = scene.find("anne+0@far.example", &["invited to join"]).await?.link("/never/")?;
    let done = scene.ask("POST", &never, "List-Unsubscribe=One-Click").await?;
    ensure!(done.starts_with("HTTP/1.1 200"), "{done}");
    scene.turn(25 * crate::scene::HOUR).await?;
    let told = subscribe(&scene, "anne@far.example\n", &["--invite"]).await?;
    assert_eq!(told["done"], 0, "{told}");
    scene.server.run(&["member", "unblock", ANNE]).await?;
    let told = subscribe(&scene, "anne@far.example\n", &["--invite"]).await?;
    assert_eq!(told["done"], 1, "{told}");
    Ok(())
}

#[tokio::test]
async fn many_become_members_together_and_are_greeted_as_was_said() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "moderate")]).await?;
    scene.server.run(&["ban", "add", "p7@far.example"]).await?;
    let people: String = (0..120).map(|n| format!("Person {n} <p{n}@far.example>\n")).collect();
    let told = subscribe(&scene, &people, &["--welcome", "no"]).await?;
    assert_eq!((&told["done"], told["refused"].as_array().map(Vec::len)), (&119.into(), Some(1)), "{told}");
    scene.quiet().await?;
    assert_eq!(scene.sink.tally().accepted(), 0, "--welcome no");
    let members = scene.members().await?;
    assert_eq!(members.matches("@far.example").count(), 119, "{members}");
    // The same file again is no fault, and a name with a comma, one in another alphabet, and a comment go through.
    let told = subscribe(&scene, &people, &[]).await?;
    assert_eq!(told["done"], 0, "{told}");
    let more = "# new ones\n\n\"Person, Anne\" <anne@far.example>\nÅsa Öberg <asa@far.example>\n";
    let told = subscribe(&scene, more, &["--digest", "plain", "--welcome", "yes"]).await?;
    assert_eq!(told["done"], 2, "{told}");
    let welcome = scene.find("asa@far.example", &["Welcome", "digest mode"]).await?;
    ensure!(welcome.all.contains("To: Åsa Öberg <asa@far.example>"), "{}", welcome.all);
    scene.find(ANNE, &["Welcome"]).await?;
    scene.quiet().await?;
    assert_eq!(scene.got("p1@far.example").len(), 0, "who was a member hears nothing");
    // One bad line, and nobody is added.
    let words = ["member", "subscribe", LIST, "-"];
    let bad = scene.server.cli_with(&words, b"good@far.example\nnot an address\n").await?;
    let why = String::from_utf8_lossy(&bad.stderr).into_owned();
    ensure!(bad.status.code() == Some(2) && why.contains("-:2"), "{:?} {why}", bad.status);
    ensure!(!scene.members().await?.contains("good@far.example"));
    scene.server.ledger_adds_up().await
}
