//! Automatic answers and acknowledgements, and how often somebody gets them.

use anyhow::{Result, ensure};

use crate::scene::{ANNE, HOUR, OWNER, Scene};
use crate::support::LIST;

const REQUEST: &str = "test-request@example.org";
const TO_OWNER: &str = "test-owner@example.org";
/// What is answered, and the text of the answer.
const KINDS: [(&str, &str); 3] = [
    ("autorespond_owner", "autoresponse_owner_text"),
    ("autorespond_requests", "autoresponse_request_text"),
    ("autorespond_postings", "autoresponse_postings_text"),
];

/// Lets a day and a little more pass.
async fn a_day_later(scene: &Scene) -> Result<()> {
    scene.turn(25 * HOUR).await
}

#[tokio::test]
async fn p36_posts_are_answered_once_within_the_grace_and_go_on() -> Result<()> {
    let settings = [
        ("autorespond_postings", "respond_and_continue"),
        ("autoresponse_postings_text", "Thank you for writing to $listname."),
        ("autoresponse_grace_period", "3d"),
    ];
    let scene = Scene::with(&settings).await?;
    scene.add(&[ANNE, "bart@far.example"]).await?;
    let words = ["Thank you for writing to test@example.org."];
    scene.post(ANNE, "first").await?;
    let answer = scene.find(ANNE, &words).await?;
    for has in ["Auto-Submitted: auto-replied", "X-Ack: no", "In-Reply-To: <", "From: test-owner@example.org"]
    {
        ensure!(answer.all.contains(has), "no {has:?} in\n{}", answer.all);
    }
    ensure!(answer.sender.is_empty(), "nobody answers an answer: {}", answer.sender);
    for subject in ["second", "third"] {
        scene.post(ANNE, subject).await?;
    }
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 1, "within the grace");
    assert_eq!(scene.count("bart@far.example", &["The text."]), 3, "the posts go on");
    a_day_later(&scene).await?;
    scene.post(ANNE, "fourth").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 1, "the grace has three days");
    // Who asks in so many words does not wait so long, but a day it is.
    scene.mail(ANNE, LIST, "Subject: asks\nX-Ack: yes", "x").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 2);
    scene.mail(ANNE, LIST, "Subject: asks\nX-Ack: yes", "x").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 2, "a second one within a day");
    a_day_later(&scene).await?;
    a_day_later(&scene).await?;
    a_day_later(&scene).await?;
    scene.mail(ANNE, LIST, "Subject: no\nX-Ack: no", "x").await?;
    scene.mail(ANNE, LIST, "Subject: away\nAuto-Submitted: auto-replied", "x").await?;
    scene.mail(ANNE, LIST, "Subject: bulk\nPrecedence: bulk", "x").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 2, "who wants none, and machines");
    scene.post(ANNE, "sixth").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &words), 3, "the grace is over");
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn p36_no_grace_is_still_one_answer_a_day_each_kind_for_itself() -> Result<()> {
    let scene = Scene::with(&[("autoresponse_grace_period", "0d")]).await?;
    for ((action, said), text) in KINDS.iter().zip(["We read it.", "A machine reads it.", "All read it."]) {
        scene.set(&[(action, "respond_and_continue"), (said, text)]).await?;
    }
    scene.add(&[ANNE]).await?;
    for _ in 0..2 {
        scene.mail(ANNE, TO_OWNER, "Subject: hello", "x").await?;
        scene.request(ANNE, "echo hello").await?;
        scene.post(ANNE, "hello").await?;
    }
    scene.quiet().await?;
    for text in ["We read it.", "A machine reads it.", "All read it."] {
        assert_eq!(scene.count(ANNE, &[text]), 1, "{text}");
    }
    assert_eq!(scene.count(OWNER, &["hello"]), 2, "the owners get their mail");
    assert_eq!(scene.count(ANNE, &["echo hello"]), 2, "and commands are done");
    a_day_later(&scene).await?;
    scene.mail(ANNE, TO_OWNER, "Subject: hello", "x").await?;
    scene.quiet().await?;
    assert_eq!(scene.count(ANNE, &["We read it."]), 2);
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn respond_and_discard_answers_and_does_nothing_else() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.add(&[ANNE, "bart@far.example"]).await?;
    for ((action, said), kind) in KINDS.iter().zip(["owner", "request", "postings"]) {
        scene.set(&[(action, "respond_and_discard"), (said, &format!("Closed: {kind}."))]).await?;
    }
    let post = scene.post(ANNE, "post").await?;
    let mail = scene.mail(ANNE, TO_OWNER, "Subject: mail", "x").await?;
    let command = scene.mail(ANNE, REQUEST, "", "echo this").await?;
    for text in ["owner", "request", "postings"] {
        scene.find(ANNE, &[&format!("Closed: {text}.")]).await?;
    }
    scene.quiet().await?;
    for id in [&post, &mail, &command] {
        let traced = scene.server.run(&["trace", id]).await?;
        ensure!(traced.contains("answers such mail automatically"), "{traced}");
    }
    assert_eq!((scene.got(OWNER).len(), scene.got("bart@far.example").len()), (0, 0));
    assert_eq!(scene.count(ANNE, &["echo this"]), 0);
    // Joining and leaving are no requests: they go on.
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    scene.find(ANNE, &["want to leave"]).await?;
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn who_wants_it_hears_of_every_post_that_went_out() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.add(&[ANNE, "bart@far.example"]).await?;
    scene.post(ANNE, "unasked").await?;
    scene.quiet().await?;
    scene.request(ANNE, "set ack on").await?;
    let asked = scene.find(ANNE, &["ack on", "test-confirm+"]).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "", "").await?;
    scene.quiet().await?;
    for subject in ["heard", "heard again"] {
        scene.post(ANNE, subject).await?;
    }
    scene.mail(ANNE, LIST, "Subject: quiet\nX-Ack: no", "x").await?;
    scene.mail(ANNE, LIST, "Subject: machine\nAuto-Submitted: auto-generated", "x").await?;
    scene.post("bart@far.example", "of another").await?;
    scene.set(&[("emergency", "yes")]).await?;
    scene.post(ANNE, "held").await?;
    scene.held(1).await?;
    scene.quiet().await?;
    let acks: Vec<_> = scene.got(ANNE).into_iter().filter(|m| m.subject.contains("has arrived")).collect();
    assert_eq!(acks.len(), 2, "{acks:?}");
    let ack = acks.first().map(|m| m.all.clone()).unwrap_or_default();
    ensure!(ack.contains("Auto-Submitted: auto-replied") && ack.contains("heard"), "{ack}");
    ensure!(acks.iter().all(|m| m.sender.is_empty()), "{acks:?}");
    assert_eq!(scene.count("bart@far.example", &["has arrived"]), 0, "who did not ask");
    // When it goes out after all, it has arrived.
    scene.server.run(&["moderate", "accept", "1"]).await?;
    scene.find(ANNE, &["has arrived", "held"]).await?;
    scene.server.ledger_adds_up().await
}
