//! Rows 24 to 26.

use std::time::Duration;

use posthaste_model::SubscriptionPolicy;
use posthaste_store::{AuditWanted, Scope};
use serde_json::json;

use crate::support::{Api, BASE};

/// A list with this policy for joining.
async fn list_that(policy: SubscriptionPolicy) -> Api {
    let (api, mut list) = Api::with_list("ant@example.com").await;
    list.settings.subscription_policy = policy;
    api.store.save_settings(list.id, &list.settings).await.unwrap();
    api
}

/// Somebody asks to join; the token.
async fn asks(api: &Api, who: &str) -> String {
    let form = [
        ("list_id", "ant.example.com"),
        ("subscriber", who),
        ("display_name", "Some Body"),
        ("pre_verified", "1"),
        ("pre_confirmed", "1"),
    ];
    api.post("members", &form).await.is(202).json()["token"].as_str().unwrap().to_owned()
}

const REQUESTS: &str = "lists/ant.example.com/requests";

#[tokio::test]
async fn row_24_25_26_what_waits() {
    let api = list_that(SubscriptionPolicy::Moderate).await;
    assert_eq!(api.get(REQUESTS).await.is(200).json()["total_size"], 0);
    let first = asks(&api, "Zoe@example.com").await;
    api.clock.turn(Duration::from_secs(5));
    let second = asks(&api, "anne@example.com").await;
    // One who has to answer first.
    let form = [("list_id", "ant.example.com"), ("subscriber", "new@example.com")];
    let third = api.post("members", &form).await.is(202).json()["token"].as_str().unwrap().to_owned();
    let all = api.get(REQUESTS).await.is(200);
    assert_eq!(all.all("token"), [first.clone(), second.clone(), third.clone()], "the oldest first");
    assert_eq!(all.all("token_owner"), ["moderator", "moderator", "subscriber"]);
    let entry = all.entries()[0].clone();
    for (key, value) in [
        ("email", "zoe@example.com"),
        ("display_name", "Some Body"),
        ("list_id", "ant.example.com"),
        ("type", "subscription"),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    let when = entry["when"].as_str().unwrap();
    assert_eq!((when.len(), when.contains('.')), (19, false), "{when}");
    assert_eq!(all.entries()[2]["display_name"], "");
    for (query, count) in [
        ("", 3),
        ("?token_owner=moderator", 2),
        ("?token_owner=subscriber", 1),
        ("?token_owner=no_one", 0),
        ("?request_type=subscription", 3),
        ("?request_type=unsubscription", 0),
    ] {
        assert_eq!(
            api.get(&format!("{REQUESTS}/count{query}")).await.is(200).json()["count"],
            count,
            "{query}"
        );
        assert_eq!(api.get(&format!("{REQUESTS}{query}")).await.json()["total_size"], count, "{query}");
    }
    assert_eq!(api.get(&format!("{REQUESTS}?count=1&page=2")).await.all("token"), [second]);
    api.get(&format!("{REQUESTS}/count?count=1")).await.refuses(400, "Unexpected parameters: count");
    api.get(&format!("{REQUESTS}?who=x")).await.refuses(400, "Unexpected parameters: who");
    api.get(&format!("{REQUESTS}?token_owner=x")).await.refuses(
        400,
        "Invalid Parameter \"token_owner\": Accepted Values are: no_one, subscriber, moderator.",
    );
    let one = api.get(&format!("{REQUESTS}/{first}")).await.is(200).json();
    assert_eq!(one, entry);
    api.get("lists/bee.example.com/requests").await.is(404);
    api.get("lists/bee.example.com/requests/count").await.is(404);
    for token in ["x", "0000000000000000000000000000000000000000", &first.to_uppercase()[..39]] {
        api.get(&format!("{REQUESTS}/{token}")).await.is(404);
        api.post(&format!("{REQUESTS}/{token}"), &[("action", "discard")]).await.is(404);
    }
}

#[tokio::test]
async fn row_26_decisions() {
    let api = list_that(SubscriptionPolicy::Moderate).await;
    let member = |who: &str| format!("lists/ant.example.com/member/{who}");
    let token = asks(&api, "anne@example.com").await;
    let path = format!("{REQUESTS}/{token}");
    for action in ["defer", "hold"] {
        api.post(&path, &[("action", action)]).await.is(204);
        api.get(&path).await.is(200);
    }
    api.post(&path, &[]).await.refuses(400, "Missing Parameter: action");
    api.post(&path, &[("action", "perhaps")]).await.refuses(
        400,
        "Invalid Parameter \"action\": Accepted Values are: hold, reject, discard, accept, defer.",
    );
    api.post(&path, &[("action", "accept"), ("comment", "x")])
        .await
        .refuses(400, "Unexpected parameters: comment");
    api.post(&path, &[("action", "accept")]).await.is(204);
    assert_eq!(api.get(&member("anne@example.com")).await.is(200).json()["display_name"], "Some Body");
    api.get(&path).await.is(404);
    api.post(&path, &[("action", "accept")]).await.is(404);
    // Silently.
    let token = asks(&api, "bart@example.com").await;
    let mails = api.mails().await;
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "discard")]).await.is(204);
    api.get(&member("bart@example.com")).await.is(404);
    assert_eq!(api.mails().await, mails, "discarded without a word");
    // With a word.
    let token = asks(&api, "bart@example.com").await;
    let mails = api.mails().await;
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "reject"), ("reason", "No")]).await.is(204);
    assert_eq!(api.mails().await, mails + 1);
    api.get(&member("bart@example.com")).await.is(404);
    let wanted = AuditWanted { list: Some("ant.example.com".into()), ..AuditWanted::default() };
    let told = api.store.audit_page(&wanted, 9).await.unwrap();
    assert!(told.iter().all(|r| r.who.ends_with(" by REST")), "{told:?}");
    let actions: Vec<_> = told.iter().map(|r| (r.action.as_str(), r.object.as_str())).collect();
    assert_eq!(
        actions,
        [("reject", "bart@example.com"), ("discard", "bart@example.com"), ("join", "anne@example.com")]
    );
}

#[tokio::test]
async fn row_26_the_subscriber_answers() {
    let api = list_that(SubscriptionPolicy::ConfirmThenModerate).await;
    let form = [
        ("list_id", "ant.example.com"),
        ("subscriber", "anne@example.com"),
        ("delivery_mode", "mime_digests"),
    ];
    let told = api.post("members", &form).await.is(202).json();
    assert_eq!(told["token_owner"], "subscriber");
    let path = format!("{REQUESTS}/{}", told["token"].as_str().unwrap());
    api.post(&path, &[("action", "accept")]).await.is(204);
    api.get(&path).await.is(404);
    let next = api.get(REQUESTS).await.entries()[0].clone();
    assert_eq!(next["token_owner"], "moderator", "a moderator has to agree now");
    let path = format!("{REQUESTS}/{}", next["token"].as_str().unwrap());
    api.post(&path, &[("action", "accept")]).await.is(204);
    let member = api.get("lists/ant.example.com/member/anne@example.com").await.is(200).json();
    assert_eq!(member["delivery_mode"], "mime_digests");
    assert!(api.get("addresses/anne@example.com").await.json()["verified_on"].is_string());
}

#[tokio::test]
async fn row_26_too_late() {
    let api = list_that(SubscriptionPolicy::Moderate).await;
    let list = api.store.list_by_id(&posthaste_model::ListId::new("ant.example.com")).await.unwrap().unwrap();
    let token = asks(&api, "anne@example.com").await;
    api.enlist(&list, posthaste_model::Role::Member, "anne@example.com").await;
    let path = format!("{REQUESTS}/{token}");
    api.post(&path, &[("action", "accept")]).await.refuses(409, "Already subscribed");
    let token = asks(&api, "bad@example.com").await;
    api.store.add_ban(Scope::List(list.id), "bad@example.com", api.now()).await.unwrap();
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "accept")])
        .await
        .refuses(400, "Membership is banned");
    api.get("lists/ant.example.com/member/bad@example.com").await.is(404);
    let token = asks(&api, "late@example.com").await;
    api.clock.turn(Duration::from_hours(181 * 24));
    api.get(&format!("{REQUESTS}/{token}")).await.is(404);
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "accept")]).await.is(404);
}

/// A token of one list says nothing to another.
#[tokio::test]
async fn row_26_p35_a_token_is_for_its_list() {
    let api = list_that(SubscriptionPolicy::Moderate).await;
    api.list("bee@example.com").await;
    let token = asks(&api, "anne@example.com").await;
    let elsewhere = format!("lists/bee.example.com/requests/{token}");
    api.get(&elsewhere).await.is(404);
    for action in ["accept", "discard", "reject"] {
        api.post(&elsewhere, &[("action", action)]).await.is(404);
    }
    api.get("lists/bee.example.com/member/anne@example.com").await.is(404);
    api.get(&format!("{REQUESTS}/{token}")).await.is(200);
}

#[tokio::test]
async fn row_24_26_departures() {
    let (api, mut list) = Api::with_list("ant@example.com").await;
    list.settings.unsubscription_policy = SubscriptionPolicy::Moderate;
    api.store.save_settings(list.id, &list.settings).await.unwrap();
    api.enlist(&list, posthaste_model::Role::Member, "Anne <anne@example.com>").await;
    let token = api.delete("lists/ant.example.com/member/anne@example.com").await.is(202).json();
    let token = token["token"].as_str().unwrap();
    assert_eq!(api.get(REQUESTS).await.json()["total_size"], 0, "subscriptions are shown unless told");
    let all = api.get(&format!("{REQUESTS}?request_type=unsubscription&token_owner=moderator")).await.is(200);
    assert_eq!(
        (all.all("token"), all.all("type")),
        (vec![token.to_owned()], vec!["unsubscription".to_owned()])
    );
    let link = api.get("lists/ant.example.com/member/anne@example.com").await.json()["self_link"].clone();
    assert!(link.as_str().unwrap().starts_with(BASE));
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "accept")]).await.is(204);
    api.get("lists/ant.example.com/member/anne@example.com").await.is(404);
    assert_eq!(
        api.get(&format!("{REQUESTS}/count?request_type=unsubscription")).await.json()["count"],
        json!(0)
    );
}

/// Programs make nobody write to one address again and again; whoever asks is told nothing of it.
#[tokio::test]
async fn row_24_p37_mails_that_ask_are_rationed() {
    let api = Api::start().await;
    for list in ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com"] {
        api.list(list).await;
    }
    for list in ["a", "b", "c", "d", "e"] {
        let list = format!("{list}.example.com");
        let form = [("list_id", list.as_str()), ("subscriber", "anne@example.com")];
        assert_eq!(api.post("members", &form).await.is(202).json()["token_owner"], "subscriber");
        assert_eq!(api.get(&format!("lists/{list}/requests/count")).await.json()["count"], 1);
    }
    assert_eq!(api.mails().await, 3);
}

/// What a program is shown is what stands in the mail, as long as tokens are made with the site's key.
#[tokio::test]
async fn row_24_26_the_token_is_that_of_the_mail() {
    let api = list_that(SubscriptionPolicy::Confirm).await;
    let mut site = (*api.tools.site.get()).clone();
    let tag =
        |parts: &[&[u8]]| [parts.concat().iter().fold(7_u8, |sum, byte| sum.wrapping_mul(31) ^ byte); 32];
    site.membership.secret = Some(posthaste_lists::subscription::Secret::new(tag));
    api.tools.site.set(site);
    let form = [("list_id", "ant.example.com"), ("subscriber", "anne@example.com")];
    let token = api.post("members", &form).await.is(202).json()["token"].as_str().unwrap().to_owned();
    assert!(
        api.store.request_by_token(&token, api.now()).await.unwrap().is_some(),
        "by mail it is known, too"
    );
    assert_eq!(api.get(REQUESTS).await.all("token"), std::slice::from_ref(&token));
    api.post(&format!("{REQUESTS}/{token}"), &[("action", "accept")]).await.is(204);
    api.get("lists/ant.example.com/member/anne@example.com").await.is(200);
}
