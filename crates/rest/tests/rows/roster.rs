//! Row 19: who is what on a list.

use posthaste_model::{Action, Mailbox, Role};
use posthaste_rest::{Kind, Reach};
use posthaste_store::MemberChange;
use serde_json::json;

use crate::support::{Api, BASE};

#[tokio::test]
async fn row_19_rosters() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    for mailbox in ["Bart <Bart@example.com>", "anne@example.com", "zoe@example.com"] {
        api.enlist(&ant, Role::Member, mailbox).await;
    }
    api.enlist(&ant, Role::Owner, "zoe@example.com").await;
    let all = api.get("lists/ant@example.com/roster/member").await.is(200);
    assert_eq!(all.all("email"), ["anne@example.com", "bart@example.com", "zoe@example.com"]);
    let bart = &all.entries()[1];
    let id = bart["member_id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    for (key, value) in [
        ("address", json!(format!("{BASE}/3.1/addresses/bart@example.com"))),
        ("bounce_score", json!(0)),
        ("last_warning_sent", json!("0001-01-01T00:00:00")),
        ("total_warnings_sent", json!(0)),
        ("delivery_mode", json!("regular")),
        ("list_id", json!("ant.example.com")),
        ("subscription_mode", json!("as_address")),
        ("role", json!("member")),
        ("display_name", json!("Bart")),
        ("self_link", json!(format!("{BASE}/3.1/members/{id}"))),
    ] {
        assert_eq!(bart[key], value, "{key}");
    }
    for absent in ["user", "moderation_action", "last_bounce_received"] {
        assert!(bart.get(absent).is_none(), "{absent}");
    }
    let change = MemberChange { moderation_action: Some(Some(Action::Hold)), ..MemberChange::default() };
    let address = "bart@example.com".parse().unwrap();
    api.store.set_member(ant.id, &address, Role::Member, &change).await.unwrap();
    let paged = api.get("lists/ant@example.com/roster/member?count=1&page=2").await.is(200);
    assert_eq!(paged.all("moderation_action"), ["hold"]);
    assert_eq!((paged.json()["start"].as_u64(), paged.json()["total_size"].as_u64()), (Some(1), Some(3)));
    let none = api.get("lists/ant@example.com/roster/member?count=0&page=1").await.is(200).json();
    assert_eq!((none["total_size"].as_u64(), none.get("entries")), (Some(3), None));
    assert_eq!(api.get("lists/ant@example.com/roster/owner").await.all("email"), ["zoe@example.com"]);
    let nobody = api.get("lists/ant@example.com/roster/moderator").await.is(200).json();
    assert_eq!((nobody["total_size"].as_u64(), nobody.get("entries")), (Some(0), None));
    let old = api.get("/3.0/lists/ant.example.com/roster/member").await.is(200);
    let number = u128::from_str_radix(id, 16).unwrap();
    assert!(old.body.contains(&format!("\"member_id\": {number}")), "{}", old.body);
    assert!(old.body.contains(&format!("/3.0/members/{number}\"")), "{}", old.body);
}

#[tokio::test]
async fn row_19_fields() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/roster/member";
    api.get(&format!("{path}?fields=foo")).await.is(200);
    api.enlist(&ant, Role::Member, "anne@example.com").await;
    let told = api.get(&format!("{path}?fields=email&fields=address&fields=self_link")).await.is(200);
    let mut keys: Vec<_> = told.entries()[0].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["address", "email", "http_etag", "self_link"]);
    let told = api.get(&format!("{path}?fields=foo")).await.is(400).description();
    assert!(told.starts_with(
        "Unknown field \"foo\" for Member resource. Allowed fields are: address, bounce_score, "
    ));
    api.get(&format!("{path}?role=x")).await.refuses(400, "Unexpected parameters: role");
    for path in [
        "lists/ant.example.com/roster/friend",
        "lists/ant.example.com/roster",
        "lists/bee.example.com/roster/member",
    ] {
        api.get(path).await.is(404);
    }
    api.post(path, &[]).await.is(405);
}

#[tokio::test]
async fn row_19_many_leave() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    for mailbox in ["anne@example.com", "Bart@example.com", "zoe@example.com"] {
        api.enlist(&ant, Role::Member, mailbox).await;
    }
    api.enlist(&ant, Role::Owner, "anne@example.com").await;
    let path = "lists/ant.example.com/roster/member";
    let form = [
        ("emails", "anne@example.com"),
        ("emails", "Zoe@example.com"),
        ("emails", "bart@example.com"),
        ("emails", "nobody@example.com"),
    ];
    let told = api.ask("DELETE", path, &form).await.is(200).json();
    for (email, gone) in [
        ("anne@example.com", true),
        ("Zoe@example.com", false),
        ("bart@example.com", true),
        ("nobody@example.com", false),
    ] {
        assert_eq!(told[email], gone, "{email}");
    }
    assert!(told["http_etag"].is_string());
    assert_eq!(api.get(path).await.all("email"), ["zoe@example.com"]);
    assert_eq!(api.get("lists/ant.example.com/roster/owner").await.all("email"), ["anne@example.com"]);
    let none = api.ask("DELETE", path, &[("emails", "")]).await.is(200).json();
    assert_eq!(none.as_object().unwrap().len(), 1);
    api.ask("DELETE", path, &[]).await.refuses(400, "Missing Parameter: emails");
    api.ask("DELETE", path, &[("emails", ""), ("x", "")]).await.refuses(400, "Unexpected parameters: x");
    let reads = api.token(Reach::List(ant.list_id.clone()), &[Kind::Read]).await;
    api.ask_as(&reads, "GET", path, &[]).await.is(403);
    api.ask_as(&reads, "DELETE", path, &[("emails", "zoe@example.com")]).await.is(403);
    let manages = api.token(Reach::List(ant.list_id.clone()), &[Kind::Members]).await;
    api.ask_as(&manages, "DELETE", path, &[("emails", "zoe@example.com")]).await.is(200);
    assert_eq!(api.get(path).await.json()["total_size"], 0);
}

/// A crowd is written as it is read, and nobody is left out or there twice.
#[tokio::test]
async fn row_19_a_crowd() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    let crowd: Vec<_> =
        (0..3_001).map(|n| Mailbox::parse(&format!("m{n:04}@example.com")).unwrap()).collect();
    api.store.add_members(ant.id, Role::Member, &crowd, posthaste_model::Timestamp::default()).await.unwrap();
    let all = api.get("lists/ant.example.com/roster/member").await.is(200);
    let emails: Vec<_> = crowd.iter().map(|m| m.address.key().to_owned()).collect();
    assert_eq!(all.all("email"), emails);
    assert_eq!(all.json()["total_size"], 3_001);
    assert!(all.json()["http_etag"].is_string());
    let part = api.get("lists/ant.example.com/roster/member?count=1400&page=2&fields=email").await.is(200);
    assert_eq!(part.all("email"), emails[1_400..2_800]);
}
