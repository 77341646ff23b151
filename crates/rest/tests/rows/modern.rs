//! `/api/v1`: what is told, to whom, and that the description says so.

use std::path::Path;

use posthaste_model::{ListId, Role};
use posthaste_rest::{Kind, PathInfo, Reach, Views, modern_paths, openapi};
use serde_json::{Value, json};

use crate::support::{Answer, Api};

/// A path that exists, for a line of the table.
fn path(info: &PathInfo) -> String {
    let path = info.path.replace("{l}", "ant.example.com").replace("{id}", "none");
    let query = if info.of_list && !info.path.contains('{') { "?list=ant.example.com" } else { "" };
    format!("/api/v1/{path}{query}")
}

async fn with(api: &Api, token: &str, path: &str) -> Answer {
    api.raw("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"").await
}

async fn setup() -> Api {
    let (api, _) = Api::with_list("ant@example.com").await;
    api.list("bee@example.org").await;
    let told = |what: &'static str| Box::new(move || json!({ "told": what }));
    api.inner.show(Views { ledger: told("ledger"), alerts: told("alerts") });
    api
}

#[tokio::test]
async fn modern_pages_go_by_cursor() {
    let api = setup().await;
    let first = api.get("/api/v1/lists?limit=1").await.is(200).json();
    assert_eq!(first["items"][0]["list_id"], "ant.example.com");
    let second = api.get(&format!("/api/v1/lists?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(second.is(200).json()["items"][0]["address"], "bee@example.org");
    let all = api.get("/api/v1/lists").await.is(200).json();
    assert_eq!((all["items"].as_array().unwrap().len(), all.get("next")), (2, None));
    let list = api.get("/api/v1/lists/ant@example.com").await.is(200).json();
    assert_eq!(
        (&list["settings"]["emergency"], &list["settings"]["moderator_password"]),
        (&json!(false), &json!(false))
    );
    let ant = api.store.list_by_id(&ListId::new("ant.example.com")).await.unwrap().unwrap();
    for who in ["Zoe <zoe@x.example>", "anne@x.example", "bart@x.example"] {
        api.enlist(&ant, Role::Member, who).await;
    }
    api.enlist(&ant, Role::Owner, "anne@x.example").await;
    let (mut seen, mut after) = (vec![], String::new());
    loop {
        let path = format!("/api/v1/members?list=ant.example.com&limit=2&after={after}");
        let page = api.get(&path).await.is(200).json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|m| m["address"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["anne@x.example", "anne@x.example", "bart@x.example", "zoe@x.example"]);
    let owners = api.get("/api/v1/members?list=ant@example.com&role=owner").await.is(200).json();
    assert_eq!(owners["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.get("/api/v1/held").await.is(200).json(), json!({ "items": [] }));
    let queues = api.get("/api/v1/queues").await.is(200).json();
    assert!(queues["stages"].as_array().unwrap().iter().any(|s| s["stage"] == "incoming"), "{queues}");
    assert_eq!(api.get("/api/v1/ledger").await.is(200).json(), json!({ "told": "ledger" }));
    assert_eq!(api.get("/api/v1/alerts").await.is(200).json(), json!({ "told": "alerts" }));
}

#[tokio::test]
async fn modern_refusals_are_problem_documents() {
    let api = setup().await;
    for (path, status, detail) in [
        ("nothing", 404, "404"),
        ("lists/nobody.example.com", 404, "404"),
        ("lists?limit=0", 400, "from 1 to 1000"),
        ("lists?limit=x", 400, "from 1 to 1000"),
        ("lists?page=2", 400, "no parameter \"page\""),
        ("members", 400, "list is missing"),
        ("members?list=nobody.example.com", 404, "404"),
        ("members?list=ant.example.com&role=king", 400, "moderator"),
        ("members?list=ant.example.com&after=x", 400, "next"),
        ("held?after=x", 400, "next"),
        ("trace/%3Cnobody@x.example%3E", 404, "Nothing is known"),
        ("trace/x?recipients=perhaps", 400, "true or false"),
    ] {
        let answer = api.get(&format!("/api/v1/{path}")).await.is(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{path}: {problem}");
    }
    let answer = api.ask("POST", "/api/v1/lists", &[]).await.is(405);
    assert_eq!(answer.header("allow"), "GET");
    let answer = api.raw("GET", "/api/v1/lists", &[], b"").await.is(401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn modern_paths_want_their_right() {
    let api = setup().await;
    let here = Reach::List(ListId::new("ant.example.com"));
    let elsewhere = Reach::List(ListId::new("bee.example.org"));
    for info in modern_paths() {
        let path = path(&info);
        assert_eq!(api.raw("GET", &path, &[], b"").await.status, 401, "{path}");
        for kind in Kind::ALL {
            let site = with(&api, &api.token(Reach::Site, &[kind]).await, &path).await.status;
            // To look at what everybody sees comes with every other right.
            let may = kind == info.kind || info.kind == Kind::Read;
            assert_eq!(site != 403, may, "{path} with {kind:?} for the site: {site}");
            let one = with(&api, &api.token(here.clone(), &[kind]).await, &path).await.status;
            assert_eq!(one != 403, may && info.of_list, "{path} with {kind:?} for its list: {one}");
            let other = with(&api, &api.token(elsewhere.clone(), &[kind]).await, &path).await.status;
            assert_eq!(other, 403, "{path} with {kind:?} for another list");
        }
    }
    let token = api.token(here, &[Kind::Moderate]).await;
    assert_eq!(with(&api, &token, "/api/v1/held").await.status, 403, "all lists are more than its own");
}

/// `POSTHASTE_UPDATE_DOCS=1` writes the page.
#[tokio::test]
async fn modern_description_is_checked_in_and_served() {
    let api = setup().await;
    let served = api.raw("GET", "/api/v1/openapi.json", &[], b"").await.is(200).json();
    assert_eq!(served, openapi());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/develop/openapi.json");
    let text = serde_json::to_string_pretty(&openapi()).unwrap() + "\n";
    if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
        std::fs::write(&page, &text).unwrap();
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == text,
        "docs/develop/openapi.json is old: POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste-rest"
    );
    // Whatever is referred to is there, and what is required is given.
    let list = api.get("/api/v1/lists/ant.example.com").await.is(200).json();
    let wanted = &served["components"]["schemas"]["WholeList"]["required"];
    for field in wanted.as_array().unwrap() {
        assert!(list.get(field.as_str().unwrap()).is_some(), "{field} is missing");
    }
    for (path, about) in served["paths"].as_object().unwrap() {
        let schema = &about["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let name =
            schema.pointer("/properties/items/items/$ref").or(schema.get("$ref")).and_then(Value::as_str);
        let pointer = name.unwrap().trim_start_matches('#');
        assert!(served.pointer(pointer).is_some(), "{path}: {pointer}");
    }
}
