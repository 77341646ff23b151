//! Rows 7 to 10.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::{Api, BASE};

#[tokio::test]
async fn row_7_domains() {
    let api = Api::start().await;
    assert!(api.get("domains").await.is(200).json().get("entries").is_none());
    let made =
        api.post("domains", &[("mail_host", "b.example.com"), ("description", "The bees")]).await.is(201);
    assert_eq!((made.location().as_str(), made.body.as_str()), ("domains/b.example.com", ""));
    api.post("domains", &[("mail_host", "a.example.com")]).await.is(201);
    let all = api.get("domains").await.is(200);
    assert_eq!(all.all("mail_host"), ["a.example.com", "b.example.com"]);
    assert_eq!(all.json()["entries"][1]["description"], "The bees");
    assert_eq!(api.get("domains?count=1&page=2").await.all("mail_host"), ["b.example.com"]);
    assert!(api.refreshed.load(Ordering::Relaxed) >= 2, "mail for it is taken at once");
}

#[tokio::test]
async fn row_7_domains_that_are_not_made() {
    let api = Api::start().await;
    api.post("domains", &[("mail_host", "example.com")]).await.is(201);
    let again = api.post("domains", &[("mail_host", "example.com")]).await;
    again.refuses(400, "Duplicate email host: example.com");
    api.post("domains", &[]).await.refuses(400, "Missing Parameter: mail_host");
    let odd = api.post("domains", &[("mail_host", "x.org"), ("zz", "1"), ("aa", "2")]).await;
    odd.refuses(400, "Unexpected parameters: aa, zz");
    for host in ["", "localhost", "a b.org", "-x.org"] {
        api.post("domains", &[("mail_host", host)]).await.is(400);
    }
    api.post("domains", &[("mail_host", "x.org"), ("base_url", "nothing")])
        .await
        .refuses(400, "Invalid Parameter \"base_url\": Invalid URL: nothing..");
    assert_eq!(api.get("domains").await.json()["total_size"], 1);
}

#[tokio::test]
async fn row_8_one_domain() {
    let api = Api::start().await;
    let form = [("mail_host", "example.com"), ("alias_domain", "x.example.com"), ("base_url", "https://h/")];
    api.post("domains", &form).await.is(201);
    let told = api.get("domains/example.com").await.is(200).json();
    for (key, value) in [
        ("alias_domain", json!("x.example.com")),
        ("base_url", json!("https://h/")),
        ("description", Value::Null),
        ("mail_host", json!("example.com")),
        ("self_link", json!(format!("{BASE}/3.1/domains/example.com"))),
    ] {
        assert_eq!(told.get(key), Some(&value), "{key}");
    }
    api.patch("domains/example.com", &[("description", "New"), ("alias_domain", "None")]).await.is(204);
    let told = api.get("domains/example.com").await.json();
    assert_eq!((&told["description"], &told["alias_domain"]), (&json!("New"), &Value::Null));
    assert_eq!(told["base_url"], "https://h/", "what was not said stays");
    api.patch("domains/example.com", &[]).await.is(204);
    let whole = [("description", "W"), ("alias_domain", ""), ("base_url", ""), ("owner", "anne@example.com")];
    api.put("domains/example.com", &whole).await.is(204);
    assert_eq!(api.get("domains/example.com").await.json()["base_url"], Value::Null);
    assert_eq!(api.get("domains/example.com/owners").await.json()["total_size"], 1);
    for path in ["domains/nope.com", "domains/Example.com"] {
        api.get(path).await.refuses(404, "404 Not Found");
        api.patch(path, &[]).await.is(404);
        api.put(path, &whole).await.is(404);
        api.delete(path).await.is(404);
    }
    api.put("domains/example.com", &[("description", "W")])
        .await
        .refuses(400, "Missing Parameter: alias_domain, base_url, owner");
    api.patch("domains/example.com", &[("mail_host", "y.org")])
        .await
        .refuses(400, "Unexpected parameters: mail_host");
}

#[tokio::test]
async fn row_8_a_domain_goes_with_its_lists() {
    let (api, _) = Api::with_list("ant@example.com").await;
    api.list("bee@example.com").await;
    let stays = api.list("ant@example.org").await;
    api.delete("domains/example.com").await.is(204);
    api.get("domains/example.com").await.is(404);
    let left = api.store.lists(None, 10).await.unwrap();
    assert_eq!(left.iter().map(|list| list.id).collect::<Vec<_>>(), [stays.id]);
    let wanted = posthaste_store::AuditWanted { action: Some("remove list".into()), ..Default::default() };
    let told = api.store.audit_page(&wanted, 10).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|record| record.who == "restadmin by REST"), "{told:?}");
}

#[tokio::test]
async fn row_10_owners() {
    let api = Api::start().await;
    api.post("domains", &[("mail_host", "example.com"), ("owner", "anne@example.com")]).await.is(201);
    let owners = [("owner", "bart@example.com"), ("owner", "Anne@example.com")];
    api.post("domains/example.com/owners", &owners).await.is(204);
    api.post("domains/example.com/owners", &owners).await.is(204);
    let all = api.get("domains/example.com/owners").await.is(200);
    assert_eq!(all.json()["total_size"], 2, "who is an owner already stays one");
    let first = all.entries()[0].clone();
    let id = first["user_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(first["self_link"], format!("{BASE}/3.1/users/{id}"));
    assert_eq!(first["is_server_owner"], false);
    let old = api.get("/3.0/domains/example.com/owners").await.is(200);
    let number = u128::from_str_radix(&id, 16).unwrap();
    assert!(old.body.contains(&format!("\"user_id\": {number}")), "{}", old.body);
    assert_eq!(api.get("domains/example.com/owners?count=1&page=2").await.entries().len(), 1);
    api.delete("domains/example.com/owners").await.is(204);
    assert_eq!(api.get("domains/example.com/owners").await.json()["total_size"], 0);
    api.post("domains/example.com/owners", &[]).await.refuses(400, "Missing Parameter: owner");
    api.post("domains/example.com/owners", &[("owner", "x")])
        .await
        .refuses(400, "Invalid Parameter \"owner\": Expected a valid email address, got x.");
    api.ask("DELETE", "domains/example.com/owners", &[("owner", "anne@example.com")])
        .await
        .refuses(400, "Unexpected parameters: owner");
    api.get("domains/nope.com/owners").await.is(404);
    api.post("domains/nope.com/owners", &[("owner", "a@b.org")]).await.is(404);
}
