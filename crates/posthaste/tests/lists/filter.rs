//! What becomes of a post of which the content filter leaves nothing (`filter_action`).

use anyhow::{Result, ensure};

use crate::scene::{OWNER, On, Scene};
use crate::support::LIST;

const MEMBER: &str = "anne@far.example";
const OTHER: &str = "bart@far.example";
/// A post that is nothing but a picture.
const PICTURE: &str = "Content-Type: image/png\nContent-Transfer-Encoding: base64\nSubject: Look at ";

async fn scene(action: &str, extra: &str) -> Result<Scene> {
    let scene = Scene::on(On::Sqlite, extra).await?;
    scene.set(&[("filter_content", "yes"), ("filter_types", "image"), ("filter_action", action)]).await?;
    scene.add(&[MEMBER, OTHER]).await?;
    Ok(scene)
}

async fn picture(scene: &Scene, what: &str) -> Result<String> {
    scene.mail(MEMBER, LIST, &format!("{PICTURE}{what}"), "iVBORw0KGgo=").await
}

fn reached(scene: &Scene, id: &str) -> usize {
    scene.sink.tally().reached(id)
}

#[tokio::test]
async fn forward_shows_the_owners_what_the_members_do_not_get() -> Result<()> {
    let scene = scene("forward", "").await?;
    let id = picture(&scene, "this").await?;
    let told = scene.find(OWNER, &["refused a post", "Subject: Look at this"]).await?;
    ensure!(told.raw.contains("message/rfc822") && told.raw.contains("iVBORw0KGgo="), "{}", told.raw);
    ensure!(told.all.contains("does not take messages of the type image/png"), "{}", told.all);
    scene.quiet().await?;
    assert_eq!(reached(&scene, &id), 0);
    let traced = scene.server.run(&["trace", &id]).await?;
    ensure!(traced.contains("discarded") && traced.contains("image/png"), "{traced}");
    // A text goes through as ever.
    let id = scene.post(MEMBER, "words").await?;
    scene.find(OTHER, &["words"]).await?;
    scene.quiet().await?;
    assert_eq!(reached(&scene, &id), 2);
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn hold_waits_for_a_moderator_who_lets_it_go_as_it_came() -> Result<()> {
    let scene = scene("hold", "").await?;
    let id = picture(&scene, "that").await?;
    let number = scene.held(1).await?.remove(0);
    scene.find(OWNER, &["waits for you", "image/png"]).await?;
    scene.find(MEMBER, &["waits for a moderator"]).await?;
    assert_eq!(reached(&scene, &id), 0);
    scene.server.run(&["moderate", "accept", &number]).await?;
    let copy = scene.find(OTHER, &["[Test] Look at that"]).await?;
    ensure!(copy.raw.contains("iVBORw0KGgo="), "{}", copy.raw);
    scene.quiet().await?;
    assert_eq!(reached(&scene, &id), 2);
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn preserve_sets_it_aside_where_the_site_wants_that() -> Result<()> {
    let scene = scene("preserve", "[content]\npreserve_filtered = true\n").await?;
    let id = picture(&scene, "it").await?;
    scene.quarantined(1).await?;
    scene.quiet().await?;
    assert_eq!(reached(&scene, &id), 0);
    scene.server.ledger_adds_up().await?;
    let aside = scene.server.run(&["queue", "ls"]).await?;
    ensure!(aside.contains("quarantine"), "{aside}");
    // Nothing is lost: what was set aside by mistake goes on.
    scene.set(&[("filter_content", "no")]).await?;
    scene.server.run(&["queue", "retry", "--quarantined"]).await?;
    scene.find(OTHER, &["Look at it"]).await?;
    scene.quarantined(0).await?;
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn preserve_discards_where_the_site_does_not_and_the_others_do_as_they_say() -> Result<()> {
    let scene = scene("preserve", "").await?;
    let id = picture(&scene, "1").await?;
    scene.quiet().await?;
    let traced = scene.server.run(&["trace", &id]).await?;
    ensure!(traced.contains("discarded"), "{traced}");
    scene.quarantined(0).await?;
    scene.set(&[("filter_action", "reject")]).await?;
    picture(&scene, "2").await?;
    let back = scene.find(MEMBER, &["Not accepted: Look at 2"]).await?;
    ensure!(back.all.contains("image/png"), "{}", back.all);
    scene.set(&[("filter_action", "discard")]).await?;
    let dropped = picture(&scene, "3").await?;
    scene.set(&[("filter_action", "accept")]).await?;
    let passed = picture(&scene, "4").await?;
    scene.find(OTHER, &["Look at 4"]).await?;
    scene.quiet().await?;
    assert_eq!([reached(&scene, &id), reached(&scene, &dropped), reached(&scene, &passed)], [0, 0, 2]);
    assert_eq!(scene.got(OWNER).len(), 0, "nobody asked for the owners");
    scene.server.ledger_adds_up().await
}
