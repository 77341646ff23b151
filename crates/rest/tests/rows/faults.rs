//! What holds for every path: who is let in, what is no path, what is no method, and what is too much.

use std::time::Duration;

use posthaste_rest::{Kind, Reach};
use serde_json::json;

use crate::support::{Api, LOGIN, basic};

#[tokio::test]
async fn nobody_is_let_in_without_the_password() {
    let api = Api::start().await;
    let wrong = basic((LOGIN.0, "wrong"));
    for headers in [
        vec![],
        vec![("Authorization", wrong.as_str())],
        vec![("Authorization", "Basic ???")],
        vec![("Authorization", "Bearer pht_nothing")],
        vec![("Authorization", "Digest x")],
    ] {
        let refused = api.raw("GET", "system", &headers, b"").await;
        let challenge = refused.header("www-authenticate").to_owned();
        let refused = refused.is(401).json();
        assert_eq!(challenge, "Basic realm=\"mailman3-rest\",charset=\"utf-8\"");
        assert_eq!(refused["title"], "401 Unauthorized");
        assert_eq!(refused["description"], "REST API authorization failed");
    }
    // What is no path says so to everybody.
    for path in ["/", "/3.2/system", "/3.1", "/3.1/", "/3.1/nothing", "/3.1/system/", "/system"] {
        let lost = api.raw("GET", path, &[], b"").await.is(404);
        assert_eq!(
            (lost.header("vary"), lost.json()),
            ("Accept", json!({"title": "404 Not Found"})),
            "{path}"
        );
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let api = Api::start().await;
    let wrong = basic((LOGIN.0, "wrong"));
    for _ in 0..20 {
        api.raw("GET", "system", &[("Authorization", &wrong)], b"").await.is(401);
    }
    let told = api.raw("GET", "system", &[("Authorization", &wrong)], b"").await.is(429);
    assert!(told.header("retry-after").parse::<u64>().unwrap() > 0);
    api.get("system").await.is(429);
    api.clock.turn(Duration::from_secs(31));
    api.get("system").await.is(200);
}

#[tokio::test]
async fn one_caller_takes_no_more_than_its_share() {
    let api = Api::start_with(|mut settings| {
        settings.rate = 5;
        settings
    })
    .await;
    let mut statuses = vec![];
    for _ in 0..30 {
        statuses.push(api.get("system").await.status);
    }
    assert_eq!(statuses[0], 200);
    assert!(statuses.contains(&429), "{statuses:?}");
    api.clock.turn(Duration::from_secs(5));
    api.get("system").await.is(200);
}

#[tokio::test]
async fn methods_that_are_not_there_say_which_are() {
    let api = Api::start().await;
    let refused = api.delete("domains").await.is(405);
    assert_eq!(
        (refused.header("allow"), refused.json()),
        ("GET, POST, OPTIONS", json!({"title": "405 Method Not Allowed"}))
    );
    let asked = api.ask("OPTIONS", "domains", &[]).await.is(200);
    assert_eq!(asked.header("allow"), "GET, POST, OPTIONS");
    api.ask("HEAD", "domains", &[]).await;
    assert_eq!(api.ask("HEAD", "domains", &[]).await.status, 405);
}

#[tokio::test]
async fn bodies_and_pages_that_are_none() {
    let api = Api::start_with(|mut settings| {
        settings.largest_body = 100;
        settings
    })
    .await;
    let headers = [("Authorization", &*basic(LOGIN)), ("Content-Type", "application/json; charset=utf-8")];
    let empty = api.raw("POST", "domains", &headers, b"").await.is(400).json();
    assert_eq!(
        (&empty["title"], &empty["description"]),
        (&"Invalid JSON".into(), &"Could not parse an empty JSON body".into())
    );
    let broken = api.raw("POST", "domains", &headers, b"{").await.is(400).json();
    assert!(broken["description"].as_str().unwrap().starts_with("Could not parse JSON body - "));
    api.raw("POST", "domains", &headers, &[b' '; 101]).await.is(413);
    api.json("POST", "domains", &json!({ "mail_host": "example.com" })).await.is(201);
    let told = api.get("domains?count=-1&page=1").await.is(400).json();
    assert_eq!(told["title"], "Invalid parameter");
    api.get("domains?count=x&page=1").await.is(400);
    api.get("domains?count=9223372036854775807&page=1").await.is(200);
    assert!(api.get("domains?count=5&page=7").await.is(200).json().get("entries").is_none());
}

#[tokio::test]
async fn a_database_that_is_away_is_told_and_waited_for() {
    let api = Api::start().await;
    api.store.close().await;
    let told = api.get("domains").await.is(503);
    assert!(told.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(told.description().contains("ask again"), "{told:?}");
}

#[tokio::test]
async fn tables_that_are_not_ready_are_not_asked() {
    let api = Api::start().await;
    api.tools.gate.close("being changed");
    assert!(
        !api.post("domains", &[("mail_host", "example.com")]).await.is(503).header("retry-after").is_empty()
    );
    api.get("system/versions").await.is(200);
    api.tools.gate.open();
    api.post("domains", &[("mail_host", "example.com")]).await.is(201);
}

#[tokio::test]
async fn tokens_end() {
    let api = Api::start().await;
    let token = api.token(Reach::Site, &[Kind::Read]).await;
    api.ask_as(&token, "GET", "domains", &[]).await.is(200);
    let as_password = basic(("anybody", token.as_str()));
    api.raw("GET", "domains", &[("Authorization", &as_password)], b"").await.is(200);
    let known = api.store.api_tokens().await.unwrap();
    assert!(known[0].last_used_at.is_some());
    assert!(api.store.revoke_api_token(&known[0].name, known[0].created_at).await.unwrap());
    api.ask_as(&token, "GET", "domains", &[]).await.is(401);
}
