//! Rows 59 to 61.

use posthaste_model::Stage;

use crate::support::Api;

const POST: &str = "From: anne@example.com\nTo: ant@example.com\nSubject: Hi\n\nHello\n";

#[tokio::test]
async fn row_59_queues() {
    let api = Api::start().await;
    let all = api.get("queues").await.is(200);
    let names = [
        "archive", "bad", "bounces", "command", "digest", "in", "nntp", "out", "pipeline", "retry", "shunt",
        "virgin",
    ];
    assert_eq!(all.all("name"), names);
    assert!(all.json()["self_link"].as_str().unwrap().ends_with("/3.1/queues"));
    assert_eq!(api.get("queues?count=0&page=1").await.is(200).json()["total_size"], 12);
}

#[tokio::test]
async fn row_60_61_what_is_put_in_waits_like_any_mail() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let made = api.post("queues/in", &[("list_id", "ant.example.com"), ("text", POST)]).await.is(201);
    let path = made.location();
    let file = path.strip_prefix("queues/in/").unwrap().to_owned();
    let queue = api.get("queues/in").await.is(200).json();
    assert_eq!((&queue["count"], &queue["files"]), (&1.into(), &serde_json::json!([file])));
    assert!(queue["directory"].as_str().unwrap().ends_with("/in"));
    let (waiting, _) = api.spool.at_stage(Stage::Incoming);
    let entry = api.spool.show(waiting[0]).await.unwrap();
    assert_eq!((&entry.list, entry.envelope.reverse_path.as_str()), (&list.list_id, "anne@example.com"));
    let text = String::from_utf8_lossy(&entry.message).into_owned();
    assert!(text.contains("\r\nMessage-ID: <") && text.contains("\r\nDate: "), "{text}");
    api.get(&path).await.is(405);
    api.delete(&path).await.is(204);
    api.delete(&path).await.refuses(404, &format!("No such queue file: {file}"));
    assert_eq!(api.get("queues/in").await.json()["count"], 0);
}

#[tokio::test]
async fn row_60_the_same_message_is_taken_once() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let text = format!("Message-ID: <one@example.com>\n{POST}");
    let form = [("list_id", "ant.example.com"), ("text", &*text)];
    api.post("queues/in", &form).await.is(201);
    api.post("queues/in", &form).await.is(201);
    assert_eq!(api.get("queues/in").await.json()["count"], 1);
}

#[tokio::test]
async fn row_60_61_what_is_refused() {
    let (api, _) = Api::with_list("ant@example.com").await;
    api.get("queues/zz").await.is(404);
    let form = [("list_id", "ant.example.com"), ("text", POST)];
    api.post("queues/zz", &form).await.refuses(400, "'zz'");
    api.post("queues/in", &[("list_id", "bee.example.com"), ("text", POST)])
        .await
        .refuses(400, "No such list: bee.example.com");
    api.post("queues/in", &[]).await.refuses(400, "Missing Parameter: list_id, text");
    api.post("queues/out", &form).await.is(400);
    api.delete("queues/zz/x").await.refuses(404, "No such queue: zz");
    api.delete("queues/in/x").await.refuses(404, "No such queue file: x");
    api.delete("queues/in/x/y").await.is(404);
}
