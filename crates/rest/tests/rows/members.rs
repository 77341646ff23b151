//! Rows 42 to 46, and a member by list, role and address.

use posthaste_model::SubscriptionPolicy::{Confirm, ConfirmThenModerate, Moderate, Open};
use posthaste_model::{ListId, Role};
use posthaste_rest::{Kind, Reach};
use posthaste_store::{AuditWanted, Scope};
use serde_json::{Value, json};

use crate::support::{Api, BASE};

/// What it takes to be subscribed at once and in silence.
const READY: [(&str, &str); 4] = [
    ("pre_verified", "True"),
    ("pre_confirmed", "True"),
    ("pre_approved", "True"),
    ("send_welcome_message", "False"),
];

fn with<'a>(list: &'a str, who: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("list_id", list), ("subscriber", who)];
    form.extend(more);
    form
}

async fn subscribe(api: &Api, list: &str, who: &str) -> String {
    api.post("members", &with(list, who, &READY)).await.is(201).location()
}

/// A user with two verified addresses, the first of which is preferred; the id.
async fn anne(api: &Api) -> String {
    let user = api.post("users", &[("email", "anne@example.com"), ("display_name", "Anne")]).await.is(201);
    let user = user.location();
    api.post(&format!("{user}/addresses"), &[("email", "anne2@example.com")]).await.is(201);
    for address in ["anne@example.com", "anne2@example.com"] {
        api.post(&format!("addresses/{address}/verify"), &[]).await.is(204);
    }
    api.post(&format!("{user}/preferred_address"), &[("email", "anne@example.com")]).await.is(201);
    user.trim_start_matches("users/").to_owned()
}

#[tokio::test]
async fn row_42_subscribed_at_once() {
    let (api, list) = Api::with_list("ant@example.com").await;
    let form = with(
        "ant.example.com",
        "Bart@Example.com",
        &[("display_name", "Bart P"), ("delivery_mode", "mime_digests")],
    );
    let form: Vec<_> = form.into_iter().chain(READY).collect();
    let path = api.post("members", &form).await.is(201).location();
    let member = api.get(&path).await.is(200).json();
    let id = member["member_id"].as_str().unwrap();
    for (key, value) in [
        ("address", json!(format!("{BASE}/3.1/addresses/bart@example.com"))),
        ("bounce_score", json!(0)),
        ("last_warning_sent", json!("0001-01-01T00:00:00")),
        ("total_warnings_sent", json!(0)),
        ("delivery_mode", json!("mime_digests")),
        ("email", json!("bart@example.com")),
        ("list_id", json!("ant.example.com")),
        ("subscription_mode", json!("as_address")),
        ("role", json!("member")),
        ("display_name", json!("Bart P")),
        ("self_link", json!(format!("{BASE}/3.1/members/{id}"))),
    ] {
        assert_eq!(member[key], value, "{key}");
    }
    assert!(member.get("moderation_action").is_none() && member.get("last_bounce_received").is_none());
    let user = member["user"].as_str().unwrap().trim_start_matches(BASE).to_owned();
    assert_eq!(api.get(&user).await.is(200).json()["display_name"], "Bart P");
    assert!(
        api.store.is_verified(&posthaste_model::Address::parse("bart@example.com").unwrap()).await.unwrap()
    );
    assert_eq!(api.store.member_count(list.id, Role::Member).await.unwrap(), 1);
    // Nothing was mailed, and it is written down who did it.
    assert_eq!(api.mails().await, 0);
    let told = api.store.audit_page(&AuditWanted::default(), 5).await.unwrap();
    assert_eq!(told[0].who, "restadmin by REST");
    assert_eq!((told[0].action.as_str(), told[0].object.as_str()), ("subscribe", "Bart@Example.com"));
    assert_eq!(told[0].list, "ant.example.com");
}

#[tokio::test]
async fn row_42_who_has_to_be_asked() {
    let (api, mut list) = Api::with_list("ant@example.com").await;
    let flags = ["pre_verified", "pre_confirmed", "pre_approved"];
    let mut number = 0;
    for (policy, bits, waits) in [
        (Open, "000", Some("subscriber")),
        (Open, "100", None),
        (Confirm, "100", Some("subscriber")),
        (Confirm, "110", None),
        (Confirm, "010", Some("subscriber")),
        (Moderate, "100", Some("moderator")),
        (Moderate, "101", None),
        (ConfirmThenModerate, "100", Some("subscriber")),
        (ConfirmThenModerate, "110", Some("moderator")),
        (ConfirmThenModerate, "111", None),
    ] {
        list.settings.subscription_policy = policy;
        api.store.save_settings(list.id, &list.settings).await.unwrap();
        number += 1;
        let who = format!("x{number}@example.com");
        let mut form = vec![("list_id", "ant.example.com"), ("subscriber", who.as_str())];
        for (flag, _) in flags.iter().zip(bits.chars()).filter(|(_, bit)| *bit == '1') {
            form.push((flag, "1"));
        }
        let answer = api.post("members", &form).await;
        match waits {
            None => {
                answer.is(201);
            }
            Some(owner) => {
                let told = answer.is(202).json();
                assert_eq!(told["token_owner"], owner, "{policy} {bits}");
                assert_eq!(told["token"].as_str().unwrap().len(), 40);
                assert!(told["http_etag"].is_string());
                api.post("members", &form).await.refuses(409, "Subscription request already pending");
                // The address is known from now on, and so is somebody who has it.
                api.get(&format!("users/{who}")).await.is(200);
            }
        }
    }
    // An invitation asks whatever is known.
    let mut form = with("ant.example.com", "guest@example.com", &READY);
    form.push(("invitation", "1"));
    assert_eq!(api.post("members", &form).await.is(202).json()["token_owner"], "subscriber");
}

#[tokio::test]
async fn row_42_refusals() {
    let (api, list) = Api::with_list("ant@example.com").await;
    subscribe(&api, "ant.example.com", "anne@example.com").await;
    api.store.add_ban(Scope::List(list.id), "bad@example.com", api.now()).await.unwrap();
    let form = |who| with("ant.example.com", who, &READY);
    api.post("members", &form("ANNE@example.com")).await.refuses(409, "Member already subscribed");
    api.post("members", &form("bad@example.com")).await.refuses(400, "Membership is banned");
    api.post("members", &form("ant@example.com")).await.refuses(400, "List posting address cannot subscribe");
    let odd = "Invalid Parameter \"subscriber\": .";
    api.post("members", &form("nonsense")).await.refuses(400, odd);
    api.post("members", &form("00000000000000000000000000000001")).await.refuses(400, "No such user");
    for list in ["ant@example.com", "bee.example.com", ""] {
        api.post("members", &with(list, "x@example.com", &[])).await.refuses(400, "No such list");
    }
    api.post("members", &[]).await.refuses(400, "Missing Parameter: list_id, subscriber");
    api.post("members", &with("ant.example.com", "x@example.com", &[("zz", "1"), ("email", "2")]))
        .await
        .refuses(400, "Unexpected parameters: email, zz");
    api.post(
        "members",
        &with("ant.example.com", "x@example.com", &[("role", "king"), ("pre_verified", "t")]),
    )
    .await
    .refuses(
        400,
        "Invalid Parameter \"role\": Accepted Values are: member, owner, moderator, nonmember. \
             Invalid Parameter \"pre_verified\": Invalid boolean value: t.",
    );
    // JSON says the same.
    let body = json!({ "list_id": "ant.example.com", "subscriber": "j@example.com", "pre_verified": true,
        "pre_confirmed": true, "pre_approved": true });
    api.json("POST", "members", &body).await.is(201);
    assert!(api.mails().await > 0, "the list says welcome unless told otherwise");
}

#[tokio::test]
async fn row_42_other_roles() {
    let (api, _) = Api::with_list("ant@example.com").await;
    for role in ["owner", "moderator", "nonmember"] {
        // What clients write for no name.
        let form = with("ant.example.com", "anne@example.com", &[("role", role), ("display_name", "None")]);
        let path = api.post("members", &form).await.is(201).location();
        let member = api.get(&path).await.json();
        assert_eq!((&member["role"], &member["display_name"]), (&json!(role), &json!("")));
        let action = if role == "nonmember" { Value::Null } else { json!("accept") };
        assert_eq!(member.get("moderation_action").cloned().unwrap_or_default(), action, "{role}");
        api.post("members", &form)
            .await
            .refuses(400, &format!("anne@example.com is already an {role} of ant@example.com"));
    }
    let own = with("ant.example.com", "ant@example.com", &[("role", "owner")]);
    api.post("members", &own).await.refuses(400, "List posting address cannot be added");
    // Who becomes a member is no stranger any more.
    subscribe(&api, "ant.example.com", "anne@example.com").await;
    let roles = api.get("members/find?subscriber=anne@example.com").await.all("role");
    assert_eq!(roles, ["member", "owner", "moderator"]);
}

#[tokio::test]
async fn row_42_44_a_user_subscribes() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let id = anne(&api).await;
    let none = api.post("users", &[("email", "none@example.com")]).await.is(201).location();
    let none = none.trim_start_matches("users/").to_owned();
    let form = |who| with("ant.example.com", who, &READY);
    api.post("members", &form(&none)).await.refuses(400, "User has no preferred address");
    let owner = with("ant.example.com", &none, &[("role", "owner")]);
    api.post("members", &owner).await.refuses(400, "User without preferred address");
    let path = api.post("members", &form(&id)).await.is(201).location();
    let member = api.get(&path).await.json();
    assert_eq!(
        (&member["subscription_mode"], &member["email"]),
        (&json!("as_user"), &json!("anne@example.com"))
    );
    api.post("members", &form(&id)).await.refuses(409, "Member already subscribed");
    api.post("members", &form("anne@example.com")).await.refuses(409, "Member already subscribed");
    api.patch(&path, &[("address", "anne2@example.com")])
        .await
        .refuses(400, "Membership is via preferred address");
    // It follows.
    let preferred = [("email", "anne2@example.com")];
    api.post(&format!("users/{id}/preferred_address"), &preferred).await.is(201);
    assert_eq!(api.get(&path).await.json()["email"], "anne2@example.com");
    // In 3.0 the same user is a number.
    let number = u128::from_str_radix(&id, 16).unwrap().to_string();
    let again = api.post("/3.0/members", &form(&number)).await;
    again.refuses(409, "Member already subscribed");
    api.post("members", &form(&number)).await.refuses(400, "Invalid Parameter \"subscriber\": .");
}

#[tokio::test]
async fn row_42_everybody_in_order() {
    let api = Api::start().await;
    for list in ["bee@example.com", "ant@example.com"] {
        let list = api.list(list).await;
        for who in ["zoe@example.com", "anne@example.com"] {
            api.enlist(&list, Role::Member, who).await;
        }
        api.enlist(&list, Role::Moderator, "mod@example.com").await;
        api.enlist(&list, Role::Owner, "owner@example.com").await;
        api.enlist(&list, Role::Nonmember, "stranger@example.com").await;
    }
    let all = api.get("members").await.is(200);
    assert_eq!(all.json()["total_size"], 8);
    let lists = all.all("list_id");
    assert_eq!(lists[..4], ["ant.example.com"; 4]);
    assert_eq!(
        all.all("email")[..4],
        ["owner@example.com", "mod@example.com", "anne@example.com", "zoe@example.com"]
    );
    let page = api.get("members?count=3&page=2&fields=email&fields=self_link").await.is(200);
    assert_eq!((page.json()["start"].clone(), page.json()["total_size"].clone()), (json!(3), json!(8)));
    assert_eq!(page.all("email"), ["zoe@example.com", "owner@example.com", "mod@example.com"]);
    assert_eq!(page.entries()[0].as_object().unwrap().len(), 3, "fields and the tag");
    for empty in ["members?count=0&page=1", "members?count=5&page=9"] {
        let told = api.get(empty).await.is(200).json();
        assert_eq!((told.get("entries"), &told["total_size"]), (None, &json!(8)));
    }
    let odd = api.get("members?fields=foo").await.is(400).description();
    assert!(
        odd.starts_with("Unknown field \"foo\" for Member resource. Allowed fields are: address,"),
        "{odd}"
    );
    api.get("members?role=owner").await.refuses(400, "Unexpected parameters: role");
    api.put("members", &[]).await.is(405);
}

#[tokio::test]
async fn row_43_found() {
    let (api, ant) = Api::with_list("ant@example.com").await;
    let bee = api.list("bee@example.com").await;
    api.enlist(&ant, Role::Member, "Anne Person <anne@example.com>").await;
    api.enlist(&ant, Role::Owner, "anne@example.com").await;
    api.enlist(&bee, Role::Member, "anne@example.com").await;
    api.enlist(&bee, Role::Nonmember, "a_b@example.org").await;
    let path = api.get("lists/bee.example.com/member/anne@example.com").await.json()["self_link"].clone();
    let path = path.as_str().unwrap().trim_start_matches(BASE).to_owned();
    api.patch(&path, &[("moderation_action", "hold"), ("delivery_mode", "plaintext_digests")]).await.is(204);
    api.patch(&format!("{path}/preferences"), &[("delivery_status", "by_user")]).await.is(204);
    for (query, found) in [
        ("subscriber=anne@example.com", vec!["ant member", "ant owner", "bee member"]),
        ("subscriber=ANNE@example.com&list_id=ant.example.com", vec!["ant member", "ant owner"]),
        ("subscriber=*NNE*&role=member", vec!["ant member", "bee member"]),
        ("subscriber=*person", vec!["ant member", "ant owner", "bee member"]),
        ("subscriber=anne", vec![]),
        ("subscriber=a_*", vec!["bee nonmember"]),
        ("role=nonmember", vec!["bee nonmember"]),
        ("moderation_action=hold", vec!["bee member"]),
        ("moderation_action=&role=member", vec!["ant member"]),
        ("delivery_mode=plaintext_digests", vec!["bee member"]),
        ("delivery_status=by_user", vec!["bee member"]),
        ("delivery_status=enabled&role=member", vec!["ant member"]),
        ("list_id=ant@example.com", vec![]),
        ("list_id=nope.example.com", vec![]),
        ("", vec![]),
    ] {
        let short = |answer: &crate::support::Answer| -> Vec<String> {
            let lists = answer.all("list_id");
            let names = lists.iter().map(|id| id.split('.').next().unwrap_or_default().to_owned());
            names.zip(answer.all("role")).map(|(list, role)| format!("{list} {role}")).collect()
        };
        let looked = api.get(&format!("members/find?{query}")).await.is(200);
        assert_eq!(short(&looked), found, "{query}");
        assert_eq!(looked.json()["total_size"], found.len(), "{query}");
        assert_eq!(looked.json().get("entries").is_none(), found.is_empty());
        // Clients say it twice.
        let form: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let posted = api.post(&format!("members/find?{query}"), &form).await.is(200);
        assert_eq!(short(&posted), found, "POST {query}");
    }
    let page = api.get("members/find?subscriber=anne@example.com&count=1&page=3").await.is(200);
    assert_eq!(
        (page.all("list_id"), page.json()["total_size"].clone()),
        (vec!["bee.example.com".into()], json!(3))
    );
    api.get("members/find?who=anne").await.refuses(400, "Unexpected parameters: who");
    api.get("members/find?role=king").await.refuses(
        400,
        "Invalid Parameter \"role\": Accepted Values are: member, owner, moderator, nonmember.",
    );
}

#[tokio::test]
async fn row_20_44_one_member() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = subscribe(&api, "ant.example.com", "anne@example.com").await;
    let by_id = api.get(&path).await.is(200).json();
    let by_address = api.get("lists/ant@example.com/member/ANNE@Example.com").await.is(200).json();
    assert_eq!(by_id, by_address);
    let id = path.trim_start_matches("members/");
    let number = u128::from_str_radix(id, 16).unwrap();
    let old = api.get(&format!("/3.0/members/{number}")).await.is(200);
    assert!(old.body.contains(&format!("\"member_id\": {number}")), "{}", old.body);
    assert!(old.body.contains(&format!("/3.0/members/{number}\"")), "{}", old.body);
    for nowhere in [
        "members/1",
        "members/00000000000000000000000000000001",
        "/3.0/members/7",
        "lists/ant.example.com/owner/anne@example.com",
        "lists/ant.example.com/king/anne@example.com",
        "lists/bee.example.com/member/anne@example.com",
        "lists/ant.example.com/member/nobody@example.com",
    ] {
        api.get(nowhere).await.is(404);
        api.patch(nowhere, &[]).await.is(404);
        api.delete(nowhere).await.is(404);
    }
    api.get(&format!("{path}/all")).await.is(404);
    api.put(&path, &[]).await.is(405);
}

#[tokio::test]
async fn row_44_a_member_changes() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let id = anne(&api).await;
    let path = subscribe(&api, "ant.example.com", "anne@example.com").await;
    api.patch(&path, &[("moderation_action", "hold"), ("delivery_mode", "mime_digests")]).await.is(204);
    let member = api.get(&path).await.json();
    assert_eq!(
        (&member["moderation_action"], &member["delivery_mode"]),
        (&json!("hold"), &json!("mime_digests"))
    );
    api.patch(&path, &[("moderation_action", "")]).await.is(204);
    let member = api.get(&path).await.json();
    assert!(member.get("moderation_action").is_none());
    assert_eq!(member["delivery_mode"], "mime_digests", "what was not said stays");
    api.patch(&path, &[]).await.is(204);
    // Another address of the same person.
    api.patch(&path, &[("address", "new@example.com")]).await.refuses(400, "Address not registered");
    api.post("users", &[("email", "bart@example.com")]).await.is(201);
    api.patch(&path, &[("address", "bart@example.com")]).await.refuses(400, "Unverified address");
    api.post("addresses/bart@example.com/verify", &[]).await.is(204);
    api.patch(&path, &[("address", "bart@example.com")])
        .await
        .refuses(400, "Address is not controlled by user");
    api.patch(&path, &[("address", "anne2@example.com"), ("moderation_action", "accept")]).await.is(204);
    let member = api.get(&path).await.json();
    assert_eq!(
        (&member["email"], &member["moderation_action"]),
        (&json!("anne2@example.com"), &json!("accept"))
    );
    assert!(member["user"].as_str().unwrap().ends_with(&id));
    subscribe(&api, "ant.example.com", "anne@example.com").await;
    api.patch(&path, &[("address", "anne@example.com")]).await.refuses(409, "Member already subscribed");
    api.patch(&path, &[("delivery_status", "by_user")])
        .await
        .refuses(400, "Unexpected parameters: delivery_status");
    let mut told = api.store.audit_page(&AuditWanted::default(), 20).await.unwrap();
    told.retain(|record| record.action == "set member" && record.became["address"].is_string());
    assert_eq!(told[0].was["address"], "anne@example.com");
}

#[tokio::test]
async fn row_20_44_a_member_leaves() {
    let (api, mut list) = Api::with_list("ant@example.com").await;
    let path = "lists/ant.example.com/member/anne@example.com";
    for (policy, form, waits) in [
        (Open, vec![("pre_confirmed", "False")], None),
        (Confirm, vec![], None),
        (Confirm, vec![("pre_confirmed", "False")], Some("subscriber")),
        (Moderate, vec![], Some("moderator")),
        (Moderate, vec![("pre_approved", "True")], None),
        (ConfirmThenModerate, vec![], Some("moderator")),
        (ConfirmThenModerate, vec![("pre_approved", "True")], None),
    ] {
        list.settings.unsubscription_policy = policy;
        api.store.save_settings(list.id, &list.settings).await.unwrap();
        if api.get(path).await.status == 404 {
            subscribe(&api, "ant.example.com", "anne@example.com").await;
        }
        let answer = api.ask("DELETE", path, &form).await;
        match waits {
            None => {
                answer.is(204);
                api.get(path).await.is(404);
            }
            Some(owner) => {
                let told = answer.is(202).json();
                assert_eq!(told["token_owner"], owner, "{policy} {form:?}");
                // Asked again, the same is waited for.
                let again = api.ask("DELETE", path, &form).await.is(202).json();
                assert_eq!(again["token"], told["token"]);
                api.get(path).await.is(200);
            }
        }
    }
    assert_eq!(
        api.get("lists/ant.example.com/requests/count?request_type=unsubscription").await.json()["count"],
        0
    );
    subscribe(&api, "ant.example.com", "anne@example.com").await;
    api.ask("DELETE", path, &[("reason", "x")]).await.refuses(400, "Unexpected parameters: reason");
    // Who has another role loses it, whatever is said.
    api.enlist(&list, Role::Owner, "anne@example.com").await;
    api.ask("DELETE", "lists/ant.example.com/owner/anne@example.com", &[("pre_confirmed", "False")])
        .await
        .is(204);
    api.get("lists/ant.example.com/owner/anne@example.com").await.is(404);
    api.get(path).await.is(200);
    let wanted = AuditWanted { action: Some("unsubscribe".into()), ..AuditWanted::default() };
    let told = api.store.audit_page(&wanted, 9).await.unwrap();
    assert_eq!((told.len(), &told[0].was["role"]), (1, &json!("owner")));
    let wanted = AuditWanted { action: Some("leave".into()), ..AuditWanted::default() };
    let told = api.store.audit_page(&wanted, 9).await.unwrap();
    assert_eq!(told.iter().filter(|r| r.who.ends_with(" by REST")).count(), 4, "{told:?}");
}

#[tokio::test]
async fn row_45_46_preferences_of_a_member() {
    let (api, _) = Api::with_list("ant@example.com").await;
    let path = subscribe(&api, "ant.example.com", "anne@example.com").await;
    let own = format!("{path}/preferences");
    crate::preferences::at(&api, &own, &format!("{BASE}/3.1/{own}")).await;
    api.patch(&own, &[("delivery_status", "by_user")]).await.is(204);
    api.patch("addresses/anne@example.com/preferences", &[("acknowledge_posts", "1")]).await.is(204);
    let all = format!("{path}/all/preferences");
    let whole = api.get(&all).await.is(200).json();
    for (key, value) in [
        ("acknowledge_posts", json!(true)),
        ("delivery_mode", json!("regular")),
        ("delivery_status", json!("by_user")),
        ("preferred_language", json!("en")),
        ("receive_list_copy", json!(true)),
        ("receive_own_postings", json!(true)),
        ("self_link", json!(format!("{BASE}/3.1/{all}"))),
    ] {
        assert_eq!(whole[key], value, "{key}");
    }
    api.patch(&all, &[]).await.is(405);
    api.get("members/00000000000000000000000000000001/preferences").await.is(404);
    api.get("members/00000000000000000000000000000001/all/preferences").await.is(404);
}

#[tokio::test]
async fn row_42_44_a_token_for_one_list_reaches_no_other() {
    let (api, _) = Api::with_list("ant@example.com").await;
    api.list("bee@example.com").await;
    let token = api.token(Reach::List(ListId::new("ant.example.com")), &[Kind::Members]).await;
    let form = |list| with(list, "anne@example.com", &READY);
    api.ask_as(&token, "POST", "members", &form("ant.example.com")).await.is(201);
    api.ask_as(&token, "POST", "members", &form("bee.example.com")).await.is(403);
    api.ask_as(&token, "GET", "members/find?list_id=ant.example.com", &[]).await.is(200);
    api.ask_as(&token, "GET", "members/find?subscriber=anne@example.com", &[]).await.is(403);
    api.ask_as(&token, "GET", "members", &[]).await.is(403);
    api.ask_as(&token, "GET", "lists/ant.example.com/member/anne@example.com", &[]).await.is(200);
    api.ask_as(&token, "DELETE", "lists/bee.example.com/member/anne@example.com", &[]).await.is(403);
}
