//! Rows 11, 12, 34, 35, 57 and 58: where texts are fetched.

use posthaste_rest::{Kind, Reach};
use posthaste_store::{Template, TemplateBody};
use serde_json::json;

use crate::support::{Api, BASE};

const FOOTER: &str = "list:member:regular:footer";
const WELCOME: &str = "list:user:notice:welcome";
const NEW_LIST: &str = "domain:admin:notice:new-list";
const PLACES: [&str; 3] = ["uris", "domains/example.com/uris", "lists/ant.example.com/uris"];

#[tokio::test]
async fn row_11_34_57_addresses_come_and_go() {
    let (api, _) = Api::with_list("ant@example.com").await;
    for path in PLACES {
        let none = api.get(path).await.is(200).json();
        assert!(none.get("entries").is_none() && none["total_size"] == 0, "{none}");
        assert_eq!(none["self_link"], format!("{BASE}/3.1/{path}"));
        api.patch(path, &[(WELCOME, "https://x.org/w"), (FOOTER, "https://x.org/f")]).await.is(204);
        let login = [(WELCOME, "https://x.org/w2"), ("username", "anne"), ("password", "secret")];
        api.patch(path, &login).await.is(204);
        let all = api.get(path).await.is(200);
        assert_eq!(all.all("name"), [FOOTER, WELCOME]);
        assert_eq!(all.json()["entries"][0]["self_link"], format!("{BASE}/3.1/{path}/{FOOTER}"));
        let welcome = &all.entries()[1];
        assert_eq!(
            (&welcome["uri"], &welcome["username"], &welcome["password"]),
            (&json!("https://x.org/w2"), &json!("anne"), &json!("secret"))
        );
        assert!(all.entries()[0].get("username").is_none());
        assert_eq!(api.get(&format!("{path}?count=1&page=2")).await.all("name"), [WELCOME]);
        api.patch(path, &[(WELCOME, "")]).await.is(204);
        assert_eq!(api.get(path).await.all("name"), [FOOTER]);
        api.delete(path).await.is(204);
        assert_eq!(api.get(path).await.json()["total_size"], 0);
        api.get(&format!("/3.0/{path}")).await.is(404);
    }
}

#[tokio::test]
async fn row_11_34_57_what_is_refused() {
    let (api, _) = Api::with_list("ant@example.com").await;
    for path in PLACES {
        api.patch(path, &[("list:nothing", "https://x.org/")])
            .await
            .refuses(400, "Unexpected parameters: list:nothing");
        let half = [(FOOTER, "https://x.org/f"), ("username", "anne")];
        api.patch(path, &half).await.refuses(400, "Specify both username and password, or neither");
        assert_eq!(api.patch(path, &[(FOOTER, "gopher://x")]).await.status, 400);
        let told = api.put(path, &[(FOOTER, "https://x.org/f")]).await.is(400).description();
        assert!(told.starts_with("Missing Parameter: ") && told.contains(WELCOME), "{told}");
        assert_eq!(api.get(path).await.json()["total_size"], 0);
    }
    let of_domain = [(NEW_LIST, "https://x.org/n")];
    api.patch("uris", &of_domain).await.is(204);
    api.patch("domains/example.com/uris", &of_domain).await.is(204);
    api.patch(PLACES[2], &of_domain).await.refuses(400, &format!("Unexpected parameters: {NEW_LIST}"));
    for path in ["domains/nope.com/uris", "lists/bee.example.com/uris"] {
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            api.ask(method, path, &[]).await.is(404);
            api.ask(method, &format!("{path}/{FOOTER}"), &[]).await.is(404);
        }
    }
}

#[tokio::test]
async fn row_57_put_wants_every_name() {
    let api = Api::start().await;
    let told = api.put("uris", &[]).await.is(400).description();
    let names = told.trim_start_matches("Missing Parameter: ").to_owned();
    let mut form: Vec<_> = names.split(", ").map(|name| (name, "")).collect();
    assert_eq!(form.len(), 28);
    form[0].1 = "https://x.org/first";
    api.put("uris", &form).await.is(204);
    assert_eq!(api.get("uris").await.all("uri"), ["https://x.org/first"]);
}

#[tokio::test]
async fn row_12_35_58_one_address() {
    let (api, list) = Api::with_list("ant@example.com").await;
    for path in PLACES {
        let one = format!("{path}/{FOOTER}");
        api.get(&one).await.is(404);
        api.patch(&one, &[(FOOTER, "https://x.org/f")]).await.is(204);
        let told = api.get(&one).await.is(200).json();
        assert_eq!(
            (&told["uri"], &told["self_link"]),
            (&json!("https://x.org/f"), &json!(format!("{BASE}/3.1/{one}")))
        );
        api.put(&one, &[("uri", "mailman:///x.txt")]).await.is(204);
        assert_eq!(api.get(&one).await.json()["uri"], "mailman:///x.txt", "as objects of clients write it");
        api.put(&one, &[(WELCOME, "https://x.org/w")])
            .await
            .refuses(400, &format!("Unexpected parameters: {WELCOME}"));
        api.patch(&one, &[]).await.refuses(400, &format!("Missing Parameter: {FOOTER}"));
        api.delete(&one).await.is(204);
        api.delete(&one).await.is(204);
        api.get(&one).await.is(404);
        api.patch(&format!("{path}/list:nothing"), &[("list:nothing", "x")]).await.is(404);
    }
    // A text that is kept here has no address, and none of this takes it away.
    let body = TemplateBody::Text("kept here".into());
    let context = list.list_id.to_string();
    api.store
        .set_template(&Template { name: FOOTER.into(), context, language: String::new(), body })
        .await
        .unwrap();
    assert_eq!(api.get(PLACES[2]).await.json()["total_size"], 0);
    api.delete(&format!("{}/{FOOTER}", PLACES[2])).await.is(204);
    api.delete(PLACES[2]).await.is(204);
    assert_eq!(api.store.all_templates().await.unwrap().len(), 1);
}

#[tokio::test]
async fn row_11_12_34_35_57_58_tokens() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let reads = api.token(Reach::Site, &[Kind::Read, Kind::Moderate, Kind::Members]).await;
    let sets = api.token(Reach::List(list.list_id.clone()), &[Kind::Settings]).await;
    let form = [(FOOTER, "https://x.org/f")];
    for path in PLACES {
        let one = format!("{path}/{FOOTER}");
        for (method, path) in [("GET", path), ("PATCH", path), ("GET", &one), ("PUT", &one), ("DELETE", &one)]
        {
            api.ask_as(&reads, method, path, &form).await.is(403);
        }
        let status = if path.starts_with("lists") { 204 } else { 403 };
        api.ask_as(&sets, "PATCH", path, &form).await.is(status);
        api.ask_as(&sets, "PUT", &one, &form).await.is(status);
    }
}
