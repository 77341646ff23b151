//! Rows 30 and 33: archivers and digests of a list.

use bytes::Bytes;
use posthaste_model::{DeliveryMode, EntryId, Preferences, Role};
use posthaste_rest::{Kind, Reach};
use posthaste_store::{Collected, MemberChange};
use serde_json::json;
use uuid::Uuid;

use crate::support::Api;

const ARCHIVERS: &str = "lists/ant.example.com/archivers";
const DIGEST: &str = "lists/ant.example.com/digest";

#[tokio::test]
async fn row_30_archivers() {
    let api = Api::start_with(|mut settings| {
        settings.archivers = vec!["hyperkitty".into(), "prototype".into()];
        settings
    })
    .await;
    let list = api.list("ant@example.com").await;
    let told = api.get(ARCHIVERS).await.is(200).json();
    assert_eq!(told.as_object().unwrap().len(), 3, "no key besides archivers and the tag: {told}");
    assert_eq!((&told["hyperkitty"], &told["prototype"]), (&json!(true), &json!(true)));
    api.patch(ARCHIVERS, &[("hyperkitty", "False")]).await.is(204);
    let told = api.get(ARCHIVERS).await.json();
    assert_eq!((&told["hyperkitty"], &told["prototype"]), (&json!(false), &json!(true)));
    let settings = api.store.list_by_key(list.id).await.unwrap().unwrap().settings;
    assert_eq!(settings.disabled_archivers, ["hyperkitty"]);
    api.put(ARCHIVERS, &[("hyperkitty", "1"), ("prototype", "0")]).await.is(204);
    let told = api.get(ARCHIVERS).await.json();
    assert_eq!((&told["hyperkitty"], &told["prototype"]), (&json!(true), &json!(false)));
    for (method, form, told) in [
        ("PATCH", &[("mhonarc", "True")][..], "Unexpected parameters: mhonarc"),
        (
            "PATCH",
            &[("prototype", "maybe")][..],
            "Invalid Parameter \"prototype\": Invalid boolean value: maybe.",
        ),
        ("PUT", &[("prototype", "True")][..], "Missing Parameter: hyperkitty"),
    ] {
        api.ask(method, ARCHIVERS, form).await.refuses(400, told);
    }
    api.patch(ARCHIVERS, &[]).await.is(204);
    api.get("lists/bee.example.com/archivers").await.is(404);
    api.patch("lists/bee.example.com/archivers", &[]).await.is(404);
    let reads = api.token(Reach::List(list.list_id.clone()), &[Kind::Read]).await;
    api.ask_as(&reads, "GET", ARCHIVERS, &[]).await.is(200);
    api.ask_as(&reads, "PATCH", ARCHIVERS, &[("prototype", "1")]).await.is(403);
}

#[tokio::test]
async fn row_33_numbers_of_digests() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let numbers = async || {
        let told = api.get(DIGEST).await.is(200).json();
        (told["volume"].as_u64().unwrap(), told["next_digest_number"].as_u64().unwrap())
    };
    assert_eq!(numbers().await, (1, 1));
    api.post(DIGEST, &[]).await.is(200);
    let told = api.post(DIGEST, &[("bump", "True")]).await.is(202);
    assert_eq!(told.body, "");
    assert_eq!(numbers().await, (1, 2));
    api.post(DIGEST, &[("bump", "False")]).await.is(202);
    assert_eq!(numbers().await, (1, 2));
    api.clock.turn(std::time::Duration::from_hours(40 * 24));
    api.post(DIGEST, &[("bump", "True")]).await.is(202);
    assert_eq!(numbers().await, (2, 1), "a new month is a new volume");
    assert!(
        api.get("lists/ant.example.com/config/digest_last_sent_at").await.json()["digest_last_sent_at"]
            .is_string()
    );
    api.post(DIGEST, &[("send", "True"), ("periodic", "True")])
        .await
        .refuses(400, "send and periodic options are mutually exclusive");
    api.post(DIGEST, &[("send", "maybe")]).await.is(400);
    api.post(DIGEST, &[("now", "1")]).await.refuses(400, "Unexpected parameters: now");
    api.get("lists/bee.example.com/digest").await.is(404);
    api.post("lists/bee.example.com/digest", &[("send", "1")]).await.is(404);
    let reads = api.token(Reach::List(list.list_id.clone()), &[Kind::Read]).await;
    api.ask_as(&reads, "GET", DIGEST, &[]).await.is(200);
    api.ask_as(&reads, "POST", DIGEST, &[("bump", "1")]).await.is(403);
}

#[tokio::test]
async fn row_33_what_was_collected_goes_out() {
    let (api, list) = Api::with_list("ant@example.com").await;
    api.enlist(&list, Role::Member, "anne@example.com").await;
    let change = MemberChange {
        preferences: Some(Preferences {
            delivery_mode: Some(DeliveryMode::MimeDigests),
            ..Preferences::default()
        }),
        ..MemberChange::default()
    };
    api.store.set_member(list.id, &"anne@example.com".parse().unwrap(), Role::Member, &change).await.unwrap();
    let collect = async |n: u128| {
        let message =
            Bytes::from_static(b"From: bart@example.com\r\nSubject: x\r\nMessage-ID: <1@x>\r\n\r\nText\r\n");
        let post =
            Collected { id: EntryId::new(Uuid::from_u128(n)), list: list.id, at: list.created_at, message };
        api.store.collect_for_digest(&post).await.unwrap();
    };
    let waits =
        async || api.store.digest_backlog_of(list.id).await.unwrap().map_or(0, |backlog| backlog.posts);
    collect(1).await;
    api.patch("lists/ant.example.com/config", &[("digest_send_periodic", "False")]).await.is(204);
    api.post(DIGEST, &[("periodic", "True")]).await.is(202);
    assert_eq!(waits().await, 1, "this list has no periodic digests");
    api.post(DIGEST, &[("send", "True"), ("bump", "True")]).await.is(202);
    assert_eq!(waits().await, 0);
    assert_eq!(
        api.get(DIGEST).await.json()["next_digest_number"],
        3,
        "other numbers first, then it goes out"
    );
    collect(2).await;
    api.patch("lists/ant.example.com/config", &[("digest_send_periodic", "True")]).await.is(204);
    api.post(DIGEST, &[("periodic", "True")]).await.is(202);
    assert_eq!(waits().await, 0);
}
