//! Whatever is said to whatever path: an answer that is not our fault.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Api, LOGIN, basic};

/// Names that handlers know, and one that none does.
const NAMES: [&str; 51] = [
    "mail_host",
    "description",
    "alias_domain",
    "base_url",
    "owner",
    "list_id",
    "text",
    "subscriber",
    "role",
    "email",
    "display_name",
    "password",
    "action",
    "reason",
    "comment",
    "header",
    "pattern",
    "count",
    "page",
    "delivery_mode",
    "delivery_status",
    "token_owner",
    "request_type",
    "fqdn_listname",
    "style_name",
    "emails",
    "user_id",
    "auto_create",
    "cleartext_password",
    "is_server_owner",
    "absorb_existing",
    "q",
    "position",
    "tag",
    "send",
    "bump",
    "periodic",
    "forward",
    "preferred_language",
    "hide_address",
    "subscription_policy",
    "archive_policy",
    "acceptable_aliases",
    "digest_size_threshold",
    "bounce_info_stale_after",
    "fields",
    "advertised",
    "pre_confirmed",
    "invitation",
    "username",
    "zz",
];
const VALUES: [&str; 14] = [
    "",
    "None",
    "true",
    "-1",
    "5",
    "9223372036854775807",
    "ant.example.com",
    "ant@example.com",
    "member",
    "accept",
    "^.*",
    "^(",
    "anne@example.com",
    "\u{0}\u{fffd}ü",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![3 => proptest::sample::select(&VALUES[..]).prop_map(str::to_owned), 1 => ".{0,40}"]
}

fn body() -> impl Strategy<Value = (String, Vec<u8>)> {
    let form = proptest::collection::vec((proptest::sample::select(&NAMES[..]), value()), 0..5);
    let form = form.prop_map(|pairs| {
        let pairs: Vec<_> = pairs.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
        ("application/x-www-form-urlencoded".to_owned(), pairs.join("&").into_bytes())
    });
    let scalar = prop_oneof![
        value().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        proptest::collection::vec(value(), 0..3).prop_map(serde_json::Value::from),
        Just(serde_json::json!([1, { "a": null }])),
    ];
    let json = proptest::collection::btree_map(proptest::sample::select(&NAMES[..]), scalar, 0..5);
    let json =
        json.prop_map(|map| ("application/json".to_owned(), serde_json::to_vec(&map).unwrap_or_default()));
    let bytes = proptest::collection::vec(any::<u8>(), 0..60);
    let bytes = bytes.prop_map(|bytes| ("application/json".to_owned(), bytes));
    prop_oneof![4 => form, 3 => json, 1 => bytes]
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "ant.example.com",
        "example.com",
        "member",
        "anne@example.com",
        "in",
        "0",
        "1",
        "%2F",
        "%00",
        "%ff",
        "x",
    ];
    prop_oneof![4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[a-z0-9%@.^+]{1,12}"]
}

#[test]
fn no_body_and_no_path_is_our_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(async {
        let (api, list) = Api::with_list("ant@example.com").await;
        api.enlist(&list, posthaste_model::Role::Member, "anne@example.com").await;
        api
    });
    let all = posthaste_rest::routes();
    let asked = (
        proptest::sample::select(all),
        proptest::collection::vec(piece(), 4),
        proptest::sample::select(vec!["3.0", "3.1"]),
        body(),
    );
    // More of them for a long run.
    let cases =
        std::env::var("POSTHASTE_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&asked, |(route, pieces, version, (content_type, body))| {
            let mut pieces = pieces.into_iter();
            let path: Vec<_> = route
                .path
                .split('/')
                .map(|piece| {
                    if piece.starts_with('{') { pieces.next().unwrap_or_default() } else { piece.to_owned() }
                })
                .collect();
            let path = format!("/{version}/{}", path.join("/"));
            let login = basic(LOGIN);
            let headers = [("Authorization", login.as_str()), ("Content-Type", content_type.as_str())];
            let answer = runtime.block_on(api.raw(route.method, &path, &headers, &body));
            prop_assert!((200..500).contains(&answer.status), "{} {path}: {answer:?}", route.method);
            Ok(())
        })
        .unwrap();
}
