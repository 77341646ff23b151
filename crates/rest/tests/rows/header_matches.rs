//! Rows 27 to 29: rules on header fields.

use posthaste_rest::{Kind, Reach};
use serde_json::json;

use crate::support::{Api, BASE};

const PATH: &str = "lists/ant.example.com/header-matches";

#[tokio::test]
async fn row_27_28_rules_come_and_go() {
    let (api, list) = Api::with_list("ant@example.com").await;
    assert!(api.get(PATH).await.is(200).json().get("entries").is_none());
    let form = [("header", "X-Spam-Flag"), ("pattern", "^Yes"), ("action", "discard"), ("tag", "spam")];
    let made = api.post(PATH, &form).await.is(201);
    assert_eq!(made.location(), format!("{PATH}/0"));
    api.post(PATH, &[("header", "X-Bad"), ("pattern", ".*"), ("action", "")]).await.is(201);
    api.post(PATH, &[("header", "X-Worse"), ("pattern", "a")]).await.is(201);
    let all = api.get(PATH).await.is(200);
    assert_eq!(all.all("header"), ["x-spam-flag", "x-bad", "x-worse"]);
    let first = api.get(&format!("{PATH}/0")).await.is(200).json();
    for (key, value) in [
        ("position", json!(0)),
        ("pattern", json!("^Yes")),
        ("action", json!("discard")),
        ("tag", json!("spam")),
        ("self_link", json!(format!("{BASE}/3.1/{PATH}/0"))),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    let second = api.get("lists/ant@example.com/header-matches/1").await.is(200).json();
    assert!(second.get("action").is_none() && second.get("tag").is_none());
    assert_eq!(api.get(&format!("{PATH}?count=1&page=2")).await.all("header"), ["x-bad"]);
    api.delete(&format!("{PATH}/0")).await.is(204);
    assert_eq!(api.get(PATH).await.all("position"), ["0", "1"], "those behind it move up");
    assert_eq!(api.store.header_matches(list.id).await.unwrap().len(), 2, "the next post meets these");
    api.delete(PATH).await.is(204);
    api.delete(PATH).await.is(204);
    assert_eq!(api.get(PATH).await.json()["total_size"], 0);
}

#[tokio::test]
async fn row_28_rules_change() {
    let (api, _) = Api::with_list("ant@example.com").await;
    for header in ["a", "b", "c"] {
        api.post(PATH, &[("header", header), ("pattern", "x"), ("action", "hold"), ("tag", "t")])
            .await
            .is(201);
    }
    let one = |n: u8| format!("{PATH}/{n}");
    api.patch(&one(2), &[("position", "0"), ("pattern", "new")]).await.is(204);
    assert_eq!(api.get(PATH).await.all("header"), ["c", "a", "b"]);
    let moved = api.get(&one(0)).await.json();
    assert_eq!(
        (&moved["pattern"], &moved["action"], &moved["tag"]),
        (&json!("new"), &json!("hold"), &json!("t"))
    );
    api.patch(&one(0), &[("action", ""), ("tag", "Word")]).await.is(204);
    let changed = api.get(&one(0)).await.json();
    assert_eq!((changed.get("action"), &changed["tag"]), (None, &json!("word")));
    api.put(&one(0), &[("header", "D"), ("pattern", "y")]).await.is(204);
    let put = api.get(&one(0)).await.json();
    assert_eq!((&put["header"], put.get("tag")), (&json!("d"), None));
    api.patch(&one(0), &[]).await.is(204);
    let far = "There are 3 header matches for this list, the new position cannot be 3 or higher";
    api.patch(&one(0), &[("position", "3")]).await.refuses(400, far);
    api.patch(&one(0), &[("header", "a"), ("pattern", "x")])
        .await
        .refuses(400, "This header match already exists");
    api.put(&one(0), &[("header", "d")]).await.refuses(400, "Missing Parameter: pattern");
    api.patch(&one(0), &[("action", "explode")]).await.refuses(
        400,
        "Invalid Parameter \"action\": Accepted Values are: hold, reject, discard, accept, defer.",
    );
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        api.ask(method, &one(9), &[]).await.refuses(404, "No header match at this position: 9");
        api.ask(method, &format!("{PATH}/x"), &[]).await.is(404);
    }
}

#[tokio::test]
async fn row_27_29_what_is_refused_and_found() {
    let (api, list) = Api::with_list("ant@example.com").await;
    for (form, told) in [
        (&[][..], "Missing Parameter: header, pattern"),
        (
            &[("header", "a"), ("pattern", "(")][..],
            "Invalid Parameter \"pattern\": Expected a valid regexp, got (.",
        ),
        (&[("header", "a"), ("pattern", "b"), ("x", "")][..], "Unexpected parameters: x"),
    ] {
        api.post(PATH, form).await.refuses(400, told);
    }
    api.post(PATH, &[("header", "a b:"), ("pattern", "b")]).await.is(400);
    api.post(PATH, &[("header", "A"), ("pattern", "b"), ("tag", "T")]).await.is(201);
    api.post(PATH, &[("header", "a"), ("pattern", "b")])
        .await
        .refuses(400, "This header match already exists");
    api.post(PATH, &[("header", "c"), ("pattern", "d"), ("action", "hold")]).await.is(201);
    let find = format!("{PATH}/find");
    assert_eq!(api.post(&find, &[("header", "a")]).await.is(200).all("pattern"), ["b"]);
    assert_eq!(api.post(&find, &[("tag", "T")]).await.is(200).all("position"), ["0"]);
    assert_eq!(api.get(&format!("{find}?action=hold")).await.is(200).all("position"), ["1"]);
    assert_eq!(api.get(&find).await.is(200).json()["total_size"], 2);
    api.post(&find, &[("header", "zz")]).await.is(404);
    api.post(&find, &[("count", "1")]).await.refuses(400, "Unexpected parameters: count");
    api.get("lists/bee.example.com/header-matches").await.is(404);
    let moderates = api.token(Reach::List(list.list_id.clone()), &[Kind::Moderate]).await;
    api.ask_as(&moderates, "DELETE", &format!("{PATH}/0"), &[]).await.is(204);
    let reads = api.token(Reach::List(list.list_id.clone()), &[Kind::Read]).await;
    for (method, path) in [("GET", PATH), ("POST", PATH), ("DELETE", PATH), ("GET", &find)] {
        api.ask_as(&reads, method, path, &[]).await.is(403);
    }
}
