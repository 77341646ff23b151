//! Every notice in the list's language, and in the reader's where it is known.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::wait;
use serde_json::Value;

use crate::scene::{ANNE, HOUR, OWNER, On, Scene};
use crate::support::{LIST, PATIENCE};

const BART: &str = "bart@far.example";
const STRANGER: &str = "stranger@else.example";
const PICTURE: &str = "Content-Type: image/png\nSubject: Picture";

/// The subject of a notice, or a phrase, as the files of a language have it.
fn words(language: &str, key: &str) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lists/src/templates").join(language);
    for file in std::fs::read_dir(&folder)? {
        let text = std::fs::read_to_string(file?.path())?;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(phrase) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(" = ")) {
                return Ok(phrase.to_owned());
            }
            if line.strip_prefix("== ").map(str::trim) == Some(key) {
                let subject = lines.next().and_then(|line| line.strip_prefix("Subject:"));
                return subject.map(|s| s.trim().to_owned()).with_context(|| format!("{key} has no subject"));
            }
        }
    }
    anyhow::bail!("{language} has no {key}")
}

/// True if the subject is this template with something for its variables.
fn fits(subject: &str, template: &str) -> bool {
    let mut rest = subject;
    for (index, piece) in template.split('$').enumerate() {
        let name = |c: char| c.is_alphanumeric() || "_{}".contains(c);
        let piece = if index == 0 { piece } else { piece.trim_start_matches(name) };
        let Some(at) = rest.find(piece.trim()) else { return false };
        if index == 0 && at != 0 {
            return false;
        }
        rest = rest.get(at + piece.trim().len()..).unwrap_or_default();
    }
    true
}

/// Everything anybody got so far: recipient and subject.
fn subjects(scene: &Scene) -> Vec<String> {
    let everybody: std::collections::BTreeSet<String> =
        scene.sink.read(|tally| tally.caught().iter().flat_map(|c| c.recipients.clone()).collect());
    everybody.iter().flat_map(|who| scene.got(who)).map(|mail| mail.subject).collect()
}

/// Waits for a mail to `who` under this key's subject, in this language.
async fn comes(scene: &Scene, who: &str, language: &str, key: &str) -> Result<crate::scene::Mail> {
    let template = words(language, key)?;
    let find = || scene.got(who).into_iter().find(|mail| fits(&mail.subject, &template));
    wait::until(&format!("{key} in {language} for {who}"), PATIENCE, async || Ok(find().is_some()))
        .await
        .with_context(|| format!("{template:?} is not among {:#?}", subjects(scene)))?;
    find().context("it was there")
}

async fn scene(language: &str) -> Result<Scene> {
    let scene = Scene::on(On::Sqlite, "").await?;
    scene.set(&[("preferred_language", language), ("admin_notify_mchanges", "yes")]).await?;
    Ok(scene)
}

async fn in_language(language: &str) -> Result<()> {
    let scene = scene(language).await?;
    membership(&scene, language).await?;
    posts(&scene, language).await?;
    answers(&scene, language).await?;
    if language != "en" {
        english_is_nowhere(&scene, language)?;
    }
    scene.server.ledger_adds_up().await
}

async fn membership(scene: &Scene, language: &str) -> Result<()> {
    let answer = async |who: &str, key: &str| -> Result<()> {
        let to = comes(scene, who, language, key).await?.answers_go_to();
        scene.mail(who, &to, "Subject: Re: x", "accept").await.map(|_| ())
    };
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    answer(ANNE, "list:user:action:subscribe").await?;
    comes(scene, ANNE, language, "list:user:notice:welcome").await?;
    comes(scene, OWNER, language, "list:admin:notice:subscribe").await?;
    scene.request(ANNE, "set ack on").await?;
    comes(scene, ANNE, language, "command.subject").await?;
    answer(ANNE, "list:user:action:set").await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    answer(ANNE, "list:user:action:unsubscribe").await?;
    comes(scene, ANNE, language, "list:user:notice:goodbye").await?;
    comes(scene, OWNER, language, "list:admin:notice:unsubscribe").await?;
    let invite = ["member", "subscribe", LIST, "-", "--invite"];
    scene.server.run_with(&invite, format!("{BART}\n").as_bytes()).await?;
    answer(BART, "list:user:action:invite").await?;
    scene.joins(BART).await?;
    scene.set(&[("subscription_policy", "moderate"), ("unsubscription_policy", "moderate")]).await?;
    scene.mail(BART, "test-leave@example.org", "", "").await?;
    comes(scene, OWNER, language, "list:admin:action:unsubscribe").await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let decide = comes(scene, OWNER, language, "list:admin:action:subscribe").await?.answers_go_to();
    scene.mail(OWNER, &decide, "", "reject").await?;
    comes(scene, ANNE, language, "list:user:notice:refuse").await?;
    Ok(())
}

async fn posts(scene: &Scene, language: &str) -> Result<()> {
    scene.post(STRANGER, "Something").await?;
    comes(scene, STRANGER, language, "list:user:notice:hold").await?;
    let decide = comes(scene, OWNER, language, "list:admin:action:post").await?.answers_go_to();
    scene.mail(OWNER, &decide, "", "what?").await?;
    comes(scene, OWNER, language, "notice.moderated").await?;
    scene.server.run(&["moderate", "forward", "1", "carl@far.example"]).await?;
    comes(scene, "carl@far.example", language, "notice.forwarded").await?;
    scene.turn(25 * HOUR).await?;
    comes(scene, OWNER, language, "list:admin:notice:pending").await?;
    scene.server.run(&["moderate", "discard", "1"]).await?;
    scene.set(&[("default_nonmember_action", "reject")]).await?;
    scene.post(STRANGER, "Something else").await?;
    comes(scene, STRANGER, language, "list:user:notice:rejected").await?;
    scene.set(&[("default_nonmember_action", "discard"), ("forward_auto_discards", "yes")]).await?;
    scene.post(STRANGER, "Once more").await?;
    comes(scene, OWNER, language, "notice.dropped").await?;
    scene.set(&[("filter_content", "yes"), ("filter_types", "image"), ("filter_action", "forward")]).await?;
    scene.mail(BART, LIST, PICTURE, "x").await?;
    comes(scene, OWNER, language, "notice.filtered").await?;
    scene
        .mail(STRANGER, "test-bounces@example.org", "Subject: failure notice", "Who knows what this is")
        .await?;
    comes(scene, OWNER, language, "list:admin:notice:unrecognized").await?;
    Ok(())
}

async fn answers(scene: &Scene, language: &str) -> Result<()> {
    scene
        .set(&[("autorespond_postings", "respond_and_continue"), ("autoresponse_postings_text", "~")])
        .await?;
    let set = async |text: &str| -> Result<()> {
        scene.request(BART, &format!("set {text}")).await?;
        let asked = scene.find(BART, &[text, "test-confirm+"]).await?;
        scene.mail(BART, &asked.answers_go_to(), "", "").await?;
        scene.quiet().await
    };
    set("ack on").await.context("ack")?;
    scene.post(BART, "Heard").await?;
    comes(scene, BART, language, "auto_response.subject").await?;
    comes(scene, BART, language, "list:user:notice:post").await?;
    scene.server.run(&["digest", "mode", LIST, BART, "plain"]).await?;
    scene.post(BART, "Collected").await?;
    wait::until("it is collected", PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.as_array().is_some_and(|lists| !lists.is_empty()))
    })
    .await?;
    scene.server.run(&["digest", "send"]).await?;
    let digest = comes(scene, BART, language, "digest.subject").await?;
    ensure!(digest.all.contains(&words(language, "digest.topics")?), "{}", digest.all);
    Ok(())
}

/// No notice went out in English, where that is not the list's language.
fn english_is_nowhere(scene: &Scene, language: &str) -> Result<()> {
    for key in KEYS {
        let (english, own) = (words("en", key)?, words(language, key)?);
        let found = subjects(scene).into_iter().find(|s| fits(s, &english) && !fits(s, &own));
        ensure!(found.is_none(), "{key} is in English: {found:?}");
    }
    Ok(())
}

const KEYS: [&str; 22] = [
    "list:user:action:subscribe",
    "list:user:action:unsubscribe",
    "list:user:action:invite",
    "list:user:action:set",
    "list:user:notice:welcome",
    "list:user:notice:goodbye",
    "list:user:notice:hold",
    "list:user:notice:post",
    "list:user:notice:refuse",
    "list:user:notice:rejected",
    "list:admin:action:post",
    "list:admin:action:subscribe",
    "list:admin:action:unsubscribe",
    "list:admin:notice:subscribe",
    "list:admin:notice:unsubscribe",
    "list:admin:notice:pending",
    "list:admin:notice:unrecognized",
    "notice.filtered",
    "notice.dropped",
    "notice.forwarded",
    "notice.moderated",
    "command.subject",
];

#[tokio::test]
async fn every_notice_in_english() -> Result<()> {
    in_language("en").await
}

#[tokio::test]
async fn every_notice_in_german() -> Result<()> {
    in_language("de").await
}

/// A member reads their own language, whatever the list's is.
#[tokio::test]
async fn members_read_their_own_language() -> Result<()> {
    let scene = scene("de").await?;
    scene.set(&[("default_member_action", "hold"), ("send_goodbye_message", "yes")]).await?;
    scene.add(&[ANNE, BART]).await?;
    scene.request(ANNE, "set language fr ack on").await?;
    let asked = scene.find(ANNE, &["language fr", "test-confirm+"]).await?;
    scene.mail(ANNE, &asked.answers_go_to(), "", "").await?;
    scene.quiet().await?;
    scene.request(ANNE, "help").await?;
    comes(&scene, ANNE, "fr", "command.subject").await?;
    for who in [ANNE, BART] {
        scene.post(who, "Un deux").await?;
    }
    comes(&scene, ANNE, "fr", "list:user:notice:hold").await?;
    comes(&scene, BART, "de", "list:user:notice:hold").await?;
    let first = scene.held(2).await?.remove(0);
    scene.server.run(&["moderate", "accept", &first]).await?;
    comes(&scene, ANNE, "fr", "list:user:notice:post").await?;
    scene.set(&[("default_member_action", "reject")]).await?;
    scene.post(ANNE, "Trois").await?;
    comes(&scene, ANNE, "fr", "list:user:notice:rejected").await?;
    scene.set(&[("default_member_action", "defer")]).await?;
    for (who, form) in [(ANNE, "mime"), (BART, "mime")] {
        scene.server.run(&["digest", "mode", LIST, who, form]).await?;
    }
    scene.post(ANNE, "Quatre").await?;
    wait::until("it is collected", PATIENCE, async || {
        let told: Value = serde_json::from_str(&scene.server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.as_array().is_some_and(|lists| !lists.is_empty()))
    })
    .await?;
    scene.server.run(&["digest", "send"]).await?;
    for (who, language) in [(ANNE, "fr"), (BART, "de")] {
        let digest = comes(&scene, who, language, "digest.subject").await?;
        ensure!(digest.all.contains(&words(language, "digest.topics")?), "{}", digest.all);
        ensure!(digest.all.contains("Quatre"), "{}", digest.all);
    }
    scene.set(&[("unsubscription_policy", "open")]).await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    comes(&scene, ANNE, "fr", "list:user:notice:goodbye").await?;
    scene.server.ledger_adds_up().await
}
