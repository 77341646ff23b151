//! Preferences at every level where they are set.

use serde_json::{Value, json};

use crate::support::{Answer, Api};

const ALL: [(&str, &str); 7] = [
    ("acknowledge_posts", "True"),
    ("delivery_mode", "mime_digests"),
    ("delivery_status", "by_moderator"),
    ("hide_address", "no"),
    ("preferred_language", "pt_BR"),
    ("receive_list_copy", "off"),
    ("receive_own_postings", "0"),
];

/// What is set, without tag and link.
fn set(answer: &Answer) -> Value {
    let mut map = answer.json();
    for key in ["http_etag", "self_link"] {
        assert!(map.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    map
}

/// Everything that holds for preferences, wherever they are.
pub(crate) async fn at(api: &Api, path: &str, link: &str) {
    let first = api.get(path).await.is(200);
    assert_eq!(set(&first), json!({}), "what is not set is left out");
    assert_eq!(first.json()["self_link"], link);
    api.patch(path, &[("delivery_mode", "plaintext_digests"), ("hide_address", "yes")]).await.is(204);
    assert_eq!(
        set(&api.get(path).await),
        json!({ "delivery_mode": "plaintext_digests", "hide_address": true })
    );
    api.patch(path, &[("hide_address", "no")]).await.is(204);
    assert_eq!(
        set(&api.get(path).await),
        json!({ "delivery_mode": "plaintext_digests", "hide_address": false })
    );
    api.patch(path, &[]).await.is(204);
    api.put(path, &ALL[..6]).await.refuses(400, "Missing Parameter: receive_own_postings");
    api.put(path, &ALL).await.is(204);
    let whole = json!({
        "acknowledge_posts": true, "delivery_mode": "mime_digests", "delivery_status": "by_moderator",
        "hide_address": false, "preferred_language": "pt_BR", "receive_list_copy": false,
        "receive_own_postings": false,
    });
    assert_eq!(set(&api.get(path).await), whole);
    for (name, value, text) in [
        ("acknowledge_posts", "", "Invalid boolean value: ."),
        (
            "delivery_mode",
            "",
            "Accepted Values are: regular, plaintext_digests, mime_digests, summary_digests.",
        ),
        (
            "delivery_status",
            "off",
            "Accepted Values are: enabled, by_user, by_bounces, by_moderator, unknown.",
        ),
        ("preferred_language", "xx", "Unknown language: xx."),
    ] {
        let told = format!("Invalid Parameter \"{name}\": {text}");
        api.patch(path, &[("hide_address", "yes"), (name, value)]).await.refuses(400, &told);
    }
    api.patch(path, &[("colour", "red")]).await.refuses(400, "Unexpected parameters: colour");
    assert_eq!(set(&api.get(path).await), whole, "nothing of what was refused was done");
    api.patch(path, &[("delivery_status", "unknown")]).await.is(204);
    assert_eq!(set(&api.get(path).await)["delivery_status"], "unknown");
    api.delete(path).await.is(204);
    assert_eq!(set(&api.get(path).await), json!({}));
    api.post(path, &[]).await.is(405);
    api.get(&format!("{path}/x")).await.is(404);
}
