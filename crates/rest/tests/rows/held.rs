//! Rows 21 to 23.

use std::time::Duration;

use posthaste_lists::Moderation;
use posthaste_model::{Action, Beat, EntryId, Envelope, ForwardPath, MailingList, ReversePath};
use posthaste_store::{AuditWanted, HeldMessage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Api, BASE};

const HELD: &str = "lists/ant.example.com/held";

async fn hold(api: &Api, list: &MailingList, subject: &str, reasons: &[&str]) -> i64 {
    let message =
        format!("From: anne@example.com\r\nSubject: {subject}\r\nMessage-ID: <a@b>\r\n\r\nGrüße\r\n");
    let held = HeldMessage {
        id: EntryId::new(Uuid::now_v7()),
        list: list.id,
        sender: "anne@example.com".into(),
        subject: posthaste_mime::decode_words(subject),
        message_id: "<a@b>".into(),
        message_id_hash: String::new(),
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        envelope: Envelope {
            reverse_path: ReversePath::parse("anne@example.com").unwrap(),
            forward_path: ForwardPath::parse("ant@example.com").unwrap(),
            client: "127.0.0.1:25".into(),
            received: api.now(),
        },
        held_at: api.now(),
        message: message.into(),
    };
    api.store.hold(&held).await.unwrap()
}

/// Carries out what was decided until so many mails lie in the spool, and nothing but what was accepted is left to do.
async fn carry_out(api: &Api, mails: usize) {
    let (moderation, stop, beat) =
        (Moderation::new(api.tools.clone()), CancellationToken::new(), Beat::default());
    api.tools.gate.open();
    let done = async {
        loop {
            let left = api.store.open_decisions(None, 9).await.unwrap();
            if left.iter().all(|d| d.action == Action::Accept) && api.mails().await >= mails {
                return;
            }
            api.tools.decisions.ring();
            tokio::task::yield_now().await;
        }
    };
    let work = async {
        tokio::select! {
            () = moderation.run(&stop, &beat) => {}
            () = done => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(30), work).await.unwrap();
    assert_eq!(api.mails().await, mails);
}

#[tokio::test]
async fn row_21_22_23_held_posts() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let other = api.list("bee@example.com").await;
    assert_eq!(api.get(HELD).await.is(200).json()["total_size"], 0);
    assert_eq!(api.get(&format!("{HELD}/count")).await.is(200).json()["count"], 0);
    let raw = "=?utf-8?q?Gr=C3=BC=C3=9Fe?=";
    let first = hold(&api, &list, raw, &["The message is not from a list member.", "It is too large."]).await;
    hold(&api, &other, "Elsewhere", &[]).await;
    for number in 0..4 {
        hold(&api, &list, &format!("Post {number}"), &["x"]).await;
    }
    assert_eq!(api.get(&format!("{HELD}/count")).await.json()["count"], 5);
    let all = api.get(HELD).await.is(200);
    assert_eq!(all.all("request_id"), ["1", "3", "4", "5", "6"]);
    let entry = all.entries()[0].clone();
    for (key, value) in [
        ("request_id", json!(first)),
        ("message_id", json!("<a@b>")),
        ("sender", json!("anne@example.com")),
        ("subject", json!("Grüße")),
        ("original_subject", json!(raw)),
        ("reason", json!("The message is not from a list member; It is too large")),
        ("self_link", json!(format!("{BASE}/3.1/{HELD}/{first}"))),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    assert!(entry["hold_date"].is_string());
    let source = entry["msg"].as_str().unwrap();
    assert!(
        source.starts_with("From: anne@example.com\nSubject: ") && source.ends_with("\n\nGrüße\n"),
        "{source}"
    );
    for absent in ["type", "key", "id"] {
        assert_eq!(entry.get(absent), None, "{absent}");
    }
    assert_eq!(api.get(&format!("{HELD}/{first}")).await.is(200).json(), entry);
    let by_name = api.get(&format!("lists/ant@example.com/held/{first}")).await.is(200).json();
    assert_eq!(by_name["self_link"], entry["self_link"]);
    let page = api.get(&format!("{HELD}?count=2&page=2")).await.is(200);
    assert_eq!(
        (page.all("request_id"), page.json()["start"].clone()),
        (vec!["4".into(), "5".into()], json!(2))
    );
    for empty in ["count=0&page=1", "count=2&page=9"] {
        let told = api.get(&format!("{HELD}?{empty}")).await.is(200).json();
        assert_eq!((told.get("entries"), &told["total_size"]), (None, &json!(5)));
    }
    for nowhere in
        ["lists/ant.example.com/held/2", "lists/ant.example.com/held/x", "lists/ant.example.com/held/99"]
    {
        api.get(nowhere).await.is(404);
        api.post(nowhere, &[("action", "discard")]).await.is(404);
    }
    api.get("lists/nope.example.com/held").await.is(404);
    api.get("lists/nope.example.com/held/count").await.is(404);
    assert_eq!(api.get("lists/bee.example.com/held/count").await.json()["count"], 1);
}

#[tokio::test]
async fn row_23_decisions() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let number = hold(&api, &list, "Hello", &["x"]).await;
    let path = format!("{HELD}/{number}");
    for action in ["defer", "hold"] {
        api.post(&path, &[("action", action)]).await.is(204);
        api.get(&path).await.is(200);
    }
    api.post(&path, &[]).await.refuses(400, "Missing Parameter: action");
    api.post(&path, &[("action", "forward")]).await.refuses(
        400,
        "Invalid Parameter \"action\": Accepted Values are: hold, reject, discard, accept, defer.",
    );
    api.post(&path, &[("action", "reject"), ("reason", "no")])
        .await
        .refuses(400, "Unexpected parameters: reason");
    api.post(&path, &[("action", "defer"), ("forward", "nobody")]).await.is(400);
    // A copy goes out, and the post waits on.
    let copies = [("action", "defer"), ("forward", "m1@example.com"), ("forward", "m2@example.com")];
    api.post(&path, &copies).await.is(204);
    carry_out(&api, 2).await;
    api.get(&path).await.is(200);
    api.post(&path, &[("action", "reject"), ("comment", "Not here")]).await.is(204);
    // It is decided, whether carried out or not.
    api.get(&path).await.is(404);
    api.post(&path, &[("action", "accept")]).await.is(404);
    assert_eq!(api.get(&format!("{HELD}/count")).await.json()["count"], 0);
    // The author is told.
    carry_out(&api, 3).await;
    let wanted = AuditWanted { action: Some("reject".into()), ..AuditWanted::default() };
    let told = api.store.audit_page(&wanted, 9).await.unwrap();
    assert_eq!((told[0].who.as_str(), &told[0].became["reason"]), ("restadmin by REST", &json!("Not here")));
    // Away with it.
    let number = hold(&api, &list, "Hello", &["x"]).await;
    api.post(&format!("{HELD}/{number}"), &[("action", "discard")]).await.is(204);
    // Nobody is told.
    carry_out(&api, 3).await;
    assert!(api.store.held_by_number(number).await.unwrap().is_none());
    // Accepted: back to the list's door, as approved.
    let number = hold(&api, &list, "Hello", &["x"]).await;
    let body: Value = json!({ "action": "accept" });
    api.json("POST", &format!("{HELD}/{number}"), &body).await.is(204);
    carry_out(&api, 4).await;
    api.get(&format!("{HELD}/{number}")).await.is(404);
}
