//! Rows 9, 13 to 16: lists.

use std::sync::atomic::Ordering;

use posthaste_model::{ListSeed, Role, Style};
use posthaste_rest::{Kind, Reach};
use serde_json::json;

use crate::support::{Api, BASE};

#[tokio::test]
async fn row_13_16_a_list_comes_and_goes() {
    let api = Api::start().await;
    api.store.add_domain("example.com", "", None).await.unwrap();
    assert!(api.get("lists").await.is(200).json().get("entries").is_none());
    let before = api.refreshed.load(Ordering::Relaxed);
    let made = api.post("lists", &[("fqdn_listname", "Ant@Example.com")]).await.is(201);
    assert_eq!((made.location().as_str(), made.body.as_str()), ("lists/ant.example.com", ""));
    assert!(api.refreshed.load(Ordering::Relaxed) > before, "mail for it is taken at once");
    let list = api.get("lists/ant.example.com").await.is(200).json();
    for (key, value) in [
        ("advertised", json!(true)),
        ("display_name", json!("Ant")),
        ("fqdn_listname", json!("ant@example.com")),
        ("list_id", json!("ant.example.com")),
        ("list_name", json!("ant")),
        ("mail_host", json!("example.com")),
        ("member_count", json!(0)),
        ("volume", json!(1)),
        ("description", json!("")),
        ("self_link", json!(format!("{BASE}/3.1/lists/ant.example.com"))),
    ] {
        assert_eq!(list.get(key), Some(&value), "{key}");
    }
    let same = api.get("lists/ant@example.com").await.is(200).json();
    assert_eq!(same, list, "found by its address as well");
    let old = api.get("/3.0/lists/ant@example.com").await.is(200).json();
    assert_eq!(old["self_link"], format!("{BASE}/3.0/lists/ant.example.com"));
    for spec in ["ANT@example.com", "Ant.example.com", "bee@example.com", "ant", "x@"] {
        api.get(&format!("lists/{spec}")).await.refuses(404, "404 Not Found");
    }
    api.delete("lists/ant@example.com").await.is(204);
    api.delete("lists/ant.example.com").await.is(404);
    let told = api.store.audit_page(&posthaste_store::AuditWanted::default(), 10).await.unwrap();
    let told: Vec<_> = told.iter().map(|r| format!("{} {} {}", r.who, r.action, r.list)).collect();
    let ant = "ant.example.com";
    assert_eq!(told, [format!("restadmin by REST remove {ant}"), format!("restadmin by REST create {ant}")]);
}

#[tokio::test]
async fn row_13_lists_that_are_not_made() {
    let (api, _) = Api::with_list("ant@example.com").await;
    for (name, told) in [
        ("ANT@example.com", "Mailing list exists"),
        ("bee@nope.com", "Domain does not exist: nope.com"),
        ("bee", "Invalid list posting address: bee"),
        ("", "Invalid list posting address: "),
        ("b/ee@example.com", "Invalid list name: b/ee"),
    ] {
        api.post("lists", &[("fqdn_listname", name)]).await.refuses(400, told);
    }
    api.post("lists", &[]).await.refuses(400, "Missing Parameter: fqdn_listname");
    let odd = [("fqdn_listname", "bee@example.com"), ("owner", "x")];
    api.post("lists", &odd).await.refuses(400, "Unexpected parameters: owner");
    let styled = [("fqdn_listname", "bee@example.com"), ("style_name", "my-style")];
    let told = "Invalid Parameter \"style_name\": Accepted Values are: legacy-default, legacy-announce, private-default.";
    api.post("lists", &styled).await.refuses(400, told);
    assert_eq!(api.get("lists").await.json()["total_size"], 1);
}

#[tokio::test]
async fn row_13_14_styles() {
    let api = Api::start().await;
    api.store.add_domain("example.com", "", None).await.unwrap();
    let styles = api.get("lists/styles").await.is(200).json();
    assert_eq!(styles["style_names"], json!(["legacy-announce", "legacy-default", "private-default"]));
    assert_eq!(styles["default"], "legacy-default");
    assert_eq!(
        styles["styles"][1],
        json!({ "name": "legacy-default", "description": "Ordinary discussion mailing list style." })
    );
    for (style, attribute, value) in [
        ("legacy-announce", "allow_list_posts", json!(false)),
        ("private-default", "archive_policy", json!("private")),
        ("private-default", "reply_goes_to_list", json!("no_munging")),
        ("private-default", "reply_to_address", json!("")),
        ("private-default", "first_strip_reply_to", json!(false)),
    ] {
        let name = format!("{attribute}@example.com");
        api.post("lists", &[("fqdn_listname", &name), ("style_name", style)]).await.is(201);
        assert_eq!(api.get(&format!("lists/{name}/config")).await.json()[attribute], value, "{style}");
    }
}

#[tokio::test]
async fn row_9_13_collections() {
    let api = Api::start().await;
    for name in ["c@example.com", "a@example.org", "b@example.com"] {
        api.list(name).await;
    }
    api.patch("lists/c@example.com/config", &[("advertised", "False")]).await.is(204);
    let all = api.get("lists").await.is(200);
    assert_eq!(all.all("list_id"), ["a.example.org", "b.example.com", "c.example.com"]);
    assert!(all.entries().iter().all(|list| list["http_etag"].is_string()));
    for (query, ids) in [
        ("advertised=true", "a.example.org b.example.com"),
        ("advertised", "a.example.org b.example.com"),
        ("advertised=n", "a.example.org b.example.com c.example.com"),
        ("count=2&page=2", "c.example.com"),
        ("count=9223372036854775807&page=1&advertised=1", "a.example.org b.example.com"),
        ("nobody=knows", "a.example.org b.example.com c.example.com"),
        ("count=0&page=1", ""),
        ("count=5&page=3", ""),
    ] {
        assert_eq!(api.get(&format!("lists?{query}")).await.is(200).all("list_id").join(" "), ids, "{query}");
    }
    let none = api.get("lists?count=0&page=1").await.json();
    assert_eq!((none["total_size"].as_u64(), none.get("entries")), (Some(3), None));
    let beyond = api.get("lists?count=5&page=3").await.json();
    assert_eq!((beyond["start"].as_u64(), beyond["total_size"].as_u64()), (Some(10), Some(3)));
    let odd = api.get("lists?advertised=maybe").await.is(400);
    assert_eq!(odd.json()["title"], "Invalid parameter");
    assert_eq!(api.get("domains/example.com/lists").await.all("list_name"), ["b", "c"]);
    assert_eq!(api.get("domains/example.com/lists?advertised=true").await.all("list_name"), ["b"]);
    assert_eq!(api.get("domains/example.com/lists?count=1&page=2").await.all("list_name"), ["c"]);
    api.get("domains/nope.com/lists").await.is(404);
    api.post("domains/example.com/lists", &[]).await.is(405);
}

/// More than fit into memory at once are written as they come.
#[tokio::test]
async fn row_13_many_lists() {
    let api = Api::start().await;
    api.store.add_domain("example.com", "", None).await.unwrap();
    for n in 0..1_203 {
        let name = format!("l{n:04}@example.com").parse().unwrap();
        let seed = ListSeed { name, style: Style::LegacyDefault, at: posthaste_model::Timestamp::default() };
        api.store.create_list(seed, &[]).await.unwrap();
    }
    let all = api.get("lists").await.is(200);
    let wanted: Vec<_> = (0..1_203).map(|n| format!("l{n:04}")).collect();
    assert_eq!(all.all("list_name"), wanted);
    assert_eq!(all.json()["total_size"], 1_203);
    let part = api.get("lists?count=700&page=2").await.is(200);
    assert_eq!(part.all("list_name"), wanted[700..]);
    assert_eq!(part.json()["start"], 700);
    let part = api.get("lists?count=600&page=2").await.is(200);
    assert_eq!(part.all("list_name"), wanted[600..1_200]);
}

#[tokio::test]
async fn row_15_lists_of_somebody() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    let bee = api.list("bee@example.com").await;
    api.enlist(&ant, Role::Member, "Anne <Anne@example.com>").await;
    api.enlist(&ant, Role::Owner, "anne@example.com").await;
    api.enlist(&bee, Role::Nonmember, "anne@example.com").await;
    let names =
        async |form: &[(&str, &str)]| api.post("lists/find", form).await.is(200).all("list_name").join(" ");
    assert_eq!(names(&[("subscriber", "ANNE@example.com")]).await, "ant ant");
    assert_eq!(names(&[("subscriber", "anne@example.com"), ("role", "owner")]).await, "ant");
    assert_eq!(names(&[("subscriber", "anne@example.com"), ("role", "nonmember")]).await, "bee");
    let paged = [("subscriber", "anne@example.com"), ("count", "9223372036854775807"), ("page", "1")];
    assert_eq!(names(&paged).await, "ant ant");
    assert_eq!(names(&[("subscriber", "anne@example.com"), ("count", "1"), ("page", "9")]).await, "");
    let looked = api.get("lists/find?subscriber=anne%40example.com&role=member").await.is(200);
    assert_eq!(looked.json()["entries"][0]["member_count"], 1);
    for form in [
        [("subscriber", "bart@example.com"), ("role", "member")],
        [("subscriber", "00000000000000000000000000000001"), ("role", "member")],
    ] {
        api.post("lists/find", &form).await.is(404);
    }
    for (form, told) in [
        (&[][..], "Missing Parameter: subscriber"),
        (&[("subscriber", "nobody")][..], "Invalid Parameter \"subscriber\": ."),
        (&[("subscriber", "a@b.org"), ("list_id", "x")][..], "Unexpected parameters: list_id"),
    ] {
        api.post("lists/find", form).await.refuses(400, told);
    }
}

#[tokio::test]
async fn row_13_15_16_tokens() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    let bee = api.list("bee@example.com").await;
    let read = api.token(Reach::List(ant.list_id.clone()), &[Kind::Read]).await;
    api.ask_as(&read, "GET", &format!("lists/{}", ant.list_id), &[]).await.is(200);
    api.ask_as(&read, "DELETE", &format!("lists/{}", ant.list_id), &[]).await.is(403);
    api.ask_as(&read, "GET", &format!("lists/{}", bee.list_id), &[]).await.is(403);
    api.ask_as(&read, "GET", "lists", &[]).await.is(403);
    api.ask_as(&read, "POST", "lists/find", &[("subscriber", "a@b.org")]).await.is(403);
    let makes = api.token(Reach::Site, &[Kind::Settings]).await;
    api.ask_as(&makes, "POST", "lists", &[("fqdn_listname", "cat@example.com")]).await.is(201);
    api.ask_as(&makes, "DELETE", "lists/cat.example.com", &[]).await.is(204);
}
